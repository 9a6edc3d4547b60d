"""Quality: a CRM or quality system tells of a complaint."""

from __future__ import annotations

from typing import Any

from app.core.fields import loaded
from app.core.i18n import _l
from app.core.permissions import Actor
from app.integration.inbound.actions import CHOICE, MOMENT, Arrival, Link, Outcome, Parameter, action
from app.vigilance import naming, queries, service
from app.vigilance.models import HARMS, JURISDICTIONS
from app.vigilance.permissions import COMPLAINT_RECORD
from app.vigilance.schemas import ComplaintGiven
from app.vigilance.wording import HARMS as HARM_NAMES
from app.vigilance.wording import JURISDICTIONS as LAWS


@action(
    "complaint.record",
    _l("Record a complaint"),
    COMPLAINT_RECORD,
    Parameter("description", _l("What happened"), required=True),
    Parameter("reference", _l("Their number"), hint=_l("Told twice under one number it is one complaint")),
    Parameter("customer", _l("Customer (code)"), hint=_l("Or the order")),
    Parameter("order", _l("Number of its order")),
    Parameter("shipment", _l("Number of the shipment")),
    Parameter("product", _l("Product (SKU, UDI-DI or package DI)"), hint=_l("Or the scanned code")),
    Parameter("code", _l("Scanned code")),
    Parameter("lot_no", _l("Lot number")),
    Parameter("serial_no", _l("Serial number")),
    Parameter("harm", _l("Harm to a person"), CHOICE, choices={code: HARM_NAMES[code] for code in HARMS}),
    Parameter("jurisdiction", _l("Law for reports"), CHOICE, choices={code: LAWS[code] for code in JURISDICTIONS}),
    Parameter("aware_at", _l("Known since"), MOMENT),
)
def complain(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Quality is told at once; what the customer's side has told of under the same number stands as it is."""
    given = loaded(ComplaintGiven, {name: value for name, value in values.items() if value})
    found = naming.complaint_of(given)
    known = queries.find_by_reference(found["customer_id"], found["reference"])
    if known is not None:
        said = _l("Complaint %(number)s: this was told before.", number=known.number)
        return Outcome(said, (Link("complaint", known.id, known.number),))
    made = service.complain(actor, found, "hook")
    return Outcome(_l("Complaint %(number)s recorded.", number=made.number), (Link("complaint", made.id, made.number),))
