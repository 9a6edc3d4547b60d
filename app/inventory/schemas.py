"""Wire shapes of stock, and the names of its codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from app.core import clock
from app.core.errors import Invalid
from app.core.fields import Quantity, Schema, Text
from app.core.i18n import LazyString, _, _l
from app.core.refusals import flat_fields

STATUS_NAMES: dict[str, LazyString] = {
    "quarantined": _l("in quarantine"),
    "inspecting": _l("being inspected"),
    "released": _l("released"),
    "held": _l("on hold"),
    "recalled": _l("recalled"),
    "rejected": _l("rejected"),
}


def status_name(status: str) -> str:
    """The lot status in the reader's words."""
    return str(STATUS_NAMES[status])


class ReceiptGiven(Schema):
    """Goods of one lot that came in."""

    lot_no = Text(most=64, required=True)
    made_on = fields.Date(required=True)
    expires_on = fields.Date(load_default=None, allow_none=True)
    quantity = Quantity(required=True)
    unit = Text(most=32, load_default="")
    serials = fields.List(Text(most=64), load_default=list, validate=Length(max=1000))
    supplier = Text(least=0, most=26, load_default="")
    owner = Text(least=0, most=26, load_default="")
    document = Text(least=0, most=64, load_default="")
    report_no = Text(most=64, load_default=None, allow_none=True)


def checked_receipt(given: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt with typed values. Raises Invalid."""
    try:
        values: dict[str, Any] = ReceiptGiven().load(dict(given))
    except ValidationError as error:
        raise Invalid(flat_fields(error.messages)) from error
    reasons: dict[str, list[str]] = {}
    if values["made_on"] > clock.today():
        reasons["made_on"] = [_("Must not lie in the future.")]
    if values["expires_on"] is not None and values["expires_on"] < values["made_on"]:
        reasons["expires_on"] = [_("The end lies before the beginning.")]
    if reasons:
        raise Invalid(reasons)
    return values
