"""Orders: enter, change, cancel."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.fulfilment import intake
from app.fulfilment.permissions import ORDER_CANCEL, ORDER_CHANGE, ORDER_CREATE
from app.integration.inbound.actions import (
    AMOUNT,
    CHOICE,
    DATE,
    MOMENT,
    ROWS,
    WHOLE,
    Arrival,
    CameEarly,
    Link,
    Outcome,
    Parameter,
    action,
)
from app.orders import queries as orders
from app.orders.models import CHANNELS, ORDER_TYPES, Order

_WHICH = (
    Parameter("order", _l("Number of the order"), hint=_l("Ours, as SO-2026-000123; or instead of it:")),
    Parameter("customer", _l("Customer (code or id)")),
    Parameter("external_ref", _l("The customer's own number")),
)
_LINES = Parameter(
    "lines",
    _l("Lines"),
    ROWS,
    columns=(
        Parameter("product", _l("Product (SKU, UDI-DI or package DI)"), required=True),
        Parameter("quantity", _l("Quantity"), WHOLE, required=True),
        Parameter("uom", _l("Unit")),
        Parameter("unit_price", _l("Unit price"), AMOUNT, required=True),
        Parameter("price_ceiling", _l("Price ceiling (tender)"), AMOUNT),
    ),
)
_HEAD = (
    Parameter("requested_date", _l("Requested date"), DATE),
    Parameter("hospital_po", _l("Hospital's purchase order")),
    Parameter("contract_number", _l("Contract number")),
    Parameter("authorisation_number", _l("Authorisation number (distributor)")),
    Parameter("tender_award_number", _l("Tender award number (tender)")),
    Parameter("surgery_at", _l("Surgery at"), MOMENT),
    Parameter("surgery_number", _l("Surgery number")),
    Parameter("note", _l("Note")),
)


def _needed(one: Parameter) -> Parameter:
    return Parameter(one.name, one.label, one.kind, required=True, columns=one.columns)


@action(
    "order.create",
    _l("Enter an order"),
    ORDER_CREATE,
    Parameter("channel", _l("Channel"), CHOICE, required=True, choices=dict(CHANNELS)),
    Parameter("customer", _l("Customer (code or id)"), required=True),
    Parameter("external_ref", _l("The customer's own number")),
    Parameter("order_type", _l("Order type"), CHOICE, choices=dict(ORDER_TYPES)),
    _needed(_HEAD[0]),
    *_HEAD[1:],
    _needed(_LINES),
)
def create(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Enter the order; it is ranked and its approval starts."""
    made = intake.take_in(actor, values).order
    return Outcome(_l("Order %(number)s entered.", number=made.number), (_link(made),))


@action("order.change", _l("Change an order"), ORDER_CHANGE, *_WHICH, *_HEAD, _LINES)
def change(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Replace the fields that are mapped; the gates are asked anew."""
    found = _order(values)
    given = {name: value for name, value in values.items() if name not in ("order", "customer", "external_ref")}
    if not given:
        raise Invalid({"order": [_("No field to change is mapped.")]})
    changed = intake.change(actor, found.id, given, seen_version=found.version)
    return Outcome(_l("Order %(number)s changed.", number=changed.number), (_link(changed),))


@action("order.cancel", _l("Cancel an order"), ORDER_CANCEL, *_WHICH, Parameter("reason", _l("Reason"), required=True))
def cancel(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Cancel the order: its stock is freed, its process ends."""
    found = _order(values)
    intake.cancel(actor, found.id, reason=values["reason"], seen_version=found.version)
    return Outcome(_l("Order %(number)s cancelled.", number=found.number), (_link(found),))


def _order(values: dict[str, Any]) -> Order:
    """The order meant. Raises CameEarly when it is not there (yet), Invalid when none is named."""
    number, customer, reference = (values.get(name) for name in ("order", "customer", "external_ref"))
    if number:
        found = orders.find_by_number(number)
        if found is None:
            raise CameEarly(what=_l("order %(number)s", number=number[:64]))
        return found
    if not customer or not reference:
        raise Invalid({"order": [_("Map the order's number, or the customer and their own number.")]})
    known = catalog.find_customer(customer)
    found = None if known is None else orders.find_by_external_ref(known.id, reference)
    if found is None:
        raise CameEarly(
            what=_l("order “%(reference)s” of customer %(customer)s", reference=reference[:64], customer=customer[:64])
        )
    return found


def _link(order: Order) -> Link:
    return Link("order", order.id, order.number)
