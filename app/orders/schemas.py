"""The wire shapes of an order. What depends on channel, calendar or stored data is checked in `checks`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields

from app.core.fields import Amount, Choice, MomentField, Quantity, Schema, Text
from app.core.i18n import _
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES

MOST_LINES = 200
LARGEST_VERSION = 2**31 - 1

UNITS = {
    "个": "EA",
    "件": "EA",
    "支": "EA",
    "套": "EA",
    "PCS": "EA",
    "盒": "BX",
    "箱": "CT",
    "包": "PK",
}
"""Names of units that people write, and the codes we keep (UN/ECE Recommendation 20 and 21, as used in trade)."""
PACKAGE_UNITS = frozenset({"BX", "CT", "PK", "CS"})
"""Units that mean a package whose content is told by its package DI."""

_SURGERY_NUMBER = re.compile(r"[A-Za-z0-9-]{4,32}\Z")
_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]*")
_PERSONAL_NUMBER = re.compile(r"\d{15,}[Xx]?|(?<!\d)1[3-9]\d{9}(?!\d)")


class Unit(Text):
    """A unit code, or the Chinese word for it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).upper()
        return UNITS.get(text, text)


class SurgeryNumber(Text):
    """A hospital's own number of an operation. It may not tell who the patient is."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text:
            return text
        if not _SURGERY_NUMBER.match(text):
            raise ValidationError(_("Must be 4 to 32 Latin letters, digits and dashes."))
        if _PERSONAL_NUMBER.search(text.replace("-", "")) or _looks_like_a_name(text):
            raise ValidationError(_("This looks like personal data. Give the hospital's number of the operation only."))
        return text


def _looks_like_a_name(text: str) -> bool:
    """No digit at all, or a word with small letters that cannot be hexadecimal."""
    if not any(character.isdigit() for character in text):
        return True
    return any(len(word) >= 3 and re.search(r"[g-zG-Z]", word) for word in _WORD.findall(text))


class OrderLineIn(Schema):
    """One line as ordered."""

    product = Text(
        required=True,
        least=1,
        most=64,
        metadata={"description": "Id, SKU, UDI-DI or package DI", "example": "YX-001"},
    )
    quantity = Quantity(required=True, metadata={"description": "In `uom`", "example": 2})
    uom = Unit(
        most=16,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "`EA`, or `BX`, `CT`, `PK`, `CS` for a package; by default what `product` identifies",
            "example": "EA",
        },
    )
    unit_price = Amount(required=True, metadata={"description": "Per base unit (EA)", "example": "8900.00"})
    price_ceiling = Amount(
        load_default=None,
        allow_none=True,
        metadata={"description": "Tender only, required there: the award's highest price per base unit"},
    )


class OrderHeadIn(Schema):
    """An order without its lines."""

    channel = Choice(CHANNELS, required=True, metadata={"example": "direct"})
    order_type = Choice(ORDER_TYPES, load_default="normal", metadata={"example": "normal"})
    delivery = Choice(DELIVERIES, load_default="partial", metadata={"example": "partial"})
    customer = Text(required=True, least=1, most=64, metadata={"description": "Id or code", "example": "H-0001"})
    external_ref = Text(
        most=64,
        load_default=None,
        allow_none=True,
        metadata={"description": "The customer's own number; once per customer", "example": "PO-2026-0815"},
    )
    requested_date = fields.Date(required=True, metadata={"example": "2026-12-01"})
    hospital_po = Text(most=64, load_default=None, allow_none=True)
    contract_number = Text(most=64, load_default=None, allow_none=True)
    authorisation_number = Text(
        most=64, load_default=None, allow_none=True, metadata={"description": "Distributor only, required there"}
    )
    tender_award_number = Text(
        most=64, load_default=None, allow_none=True, metadata={"description": "Tender only, required there"}
    )
    surgery_at = MomentField(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Direct: required for normal and emergency orders",
            "example": "2026-12-02T08:00:00+08:00",
        },
    )
    surgery_number = SurgeryNumber(
        most=32,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Pseudonymous; direct: required for normal and emergency orders",
            "example": "OR-2026-1203-07",
        },
    )
    note = Text(least=0, most=2000, lines=True, load_default="", metadata={"example": ""})
    currency = Choice(("CNY",), load_default="CNY")


class OrderIn(OrderHeadIn):
    """An order as sent to us."""

    lines = fields.List(fields.Nested(OrderLineIn), required=True, metadata={"minItems": 1, "maxItems": MOST_LINES})


class OrderChangeIn(OrderHeadIn):
    """The fields to replace, and the version they were decided on. `lines`, if given, replaces all lines."""

    version = fields.Integer(required=True, strict=True, metadata={"minimum": 1, "maximum": LARGEST_VERSION})
    lines = fields.List(fields.Nested(OrderLineIn), metadata={"minItems": 1, "maxItems": MOST_LINES})
