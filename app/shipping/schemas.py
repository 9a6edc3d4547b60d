"""Wire shapes of shipments."""

from __future__ import annotations

import base64
from typing import Any

from marshmallow import ValidationError, fields, validate

from app.core.fields import Choice, MomentField, Quantity, Schema, Text, between
from app.core.i18n import _, _l
from app.core.paging import LARGEST, SIZE
from app.shipping.delivery import HIGHEST, LOWEST, MOST_READINGS
from app.shipping.models import STATUSES

MOST_SERIALS, MOST_REFUSED = 1000, 200
MANY: Any = _l("At most {max}.")
PHOTOS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""How JPEG and PNG begin."""


class Celsius(fields.Decimal):
    """A temperature of goods that is told, to a tenth of a degree."""

    def __init__(self, **kwargs: Any) -> None:
        about = {"minimum": int(LOWEST), "maximum": int(HIGHEST), **kwargs.pop("metadata", {})}
        super().__init__(places=1, metadata=about, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return between(int(LOWEST), int(HIGHEST))(super()._deserialize(value, attr, data, **kwargs))


def shown_celsius() -> fields.Decimal:
    """A temperature that is shown; null when none was told."""
    about = {"type": ["string", "null"], "pattern": r"^-?\d{1,3}(\.\d)?$", "description": "°C"}
    return fields.Decimal(as_string=True, required=True, allow_none=True, metadata=about)


def code(about: str = "The label of the goods as scanned; checked against what is to be picked") -> fields.String:
    """A label as the scanner reads it: its separators are control characters, so that it is no `Text`."""
    right = validate.And(
        validate.Length(max=500, error=_l("At most {max} characters.")),  # type: ignore[arg-type]
        validate.Regexp(r"[^\x00]*\Z", error=_l("Contains a character that cannot be shown.")),  # type: ignore[arg-type]
    )
    return fields.String(load_default="", validate=right, metadata={"description": about})


def carton() -> fields.String:
    """The label of a carton."""
    return code("The SSCC on the carton as scanned: another consignee's is refused, and counted as prevented")


class _Named(Schema):
    """Which of the goods."""

    reservation = Text(
        least=0, most=26, load_default="", metadata={"description": "Id of a line of `goods`; or instead of it:"}
    )
    lot_no = Text(least=0, most=64, load_default="", metadata={"description": "Lot number"})
    product = Text(
        least=0,
        most=64,
        load_default="",
        metadata={"description": "SKU or DI, where lots of two products of the shipment bear the same number"},
    )


class PickGiven(_Named):
    """Goods that were taken out of their bins. Without reservation and lot the code says which."""

    quantity = Quantity(
        load_default=None,
        allow_none=True,
        metadata={"description": "Base units; left out: all of the lot that is to be picked, of a code alone one"},
    )
    serials = fields.List(
        Text(most=64),
        load_default=list,
        validate=validate.Length(max=MOST_SERIALS),
        metadata={"maxItems": MOST_SERIALS},
    )
    code = code()


class MissingGiven(_Named):
    """Less lies in the bin than is kept there."""

    found = fields.Integer(
        load_default=None,
        strict=True,
        validate=between(0, 1_000_000),
        metadata={"description": "Units that lie there; of a lot with serial numbers `serials` instead"},
    )
    serials = fields.List(
        Text(most=64),
        load_default=list,
        validate=validate.Length(max=MOST_SERIALS),
        metadata={"maxItems": MOST_SERIALS, "description": "Serial numbers that are not there"},
    )
    reason = Text(required=True, most=200, metadata={"example": "Bin is empty"})


class PickupGiven(Schema):
    """The carrier has taken it."""

    vehicle = Text(least=0, most=60, load_default="", metadata={"example": "沪A12345"})
    carton = carton()


class ReadingGiven(Schema):
    """What a logger measured."""

    at = MomentField(required=True)
    celsius = Celsius(required=True)


class ReadingsGiven(Schema):
    """Of one logger; what is known already is not kept twice."""

    logger = Text(most=60, required=True, metadata={"example": "T-4711"})
    readings = fields.List(
        fields.Nested(ReadingGiven),
        required=True,
        validate=validate.Length(
            min=1,
            max=MOST_READINGS,
            error=_l("Give 1 to {max} readings."),  # type: ignore[arg-type]
        ),
    )


class ReadingsTaken(Schema):
    """What became of readings. `outside`: one of the new ones is outside the range of the goods."""

    fresh = fields.Integer(required=True)
    outside = fields.Boolean(required=True)


class RefusedGiven(Schema):
    """Units of a lot that the receiver did not take."""

    lot_no = Text(most=64, required=True)
    quantity = Quantity(required=True)
    reason = Text(most=200, required=True)


class Photo(fields.String):
    """A photo in JPEG or PNG, in base64."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs) or ""
        try:
            right = base64.b64decode(text, validate=True).startswith(PHOTOS)
        except ValueError:
            right = False
        if not right:
            raise ValidationError(_("Only photos in JPEG or PNG can be taken."))
        return text


class DeliveryGiven(Schema):
    """The receiver has taken it and signed."""

    receiver = Text(least=2, most=100, required=True, metadata={"example": "Dr Chen"})
    celsius = Celsius(load_default=None, allow_none=True, metadata={"description": "At the handover; of cold goods"})
    refused = fields.List(
        fields.Nested(RefusedGiven), load_default=list, validate=validate.Length(max=MOST_REFUSED, error=MANY)
    )
    note = Text(least=0, most=500, lines=True, load_default="")
    carton = carton()
    photo = Photo(
        load_default=None,
        allow_none=True,
        metadata={
            "format": "byte",
            "description": "Photo of the handover in JPEG or PNG, in base64; the whole body is at most 1 MiB",
        },
    )


class GoodsShown(Schema):
    """Goods of a shipment: to be picked, picked, or gone with it."""

    reservation = fields.String(required=True)
    product = fields.String(required=True, metadata={"description": "SKU"})
    lot_no = fields.String(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    place = fields.String(required=True, metadata={"description": "Warehouse and bin; empty when they have left"})
    picked = fields.Boolean(required=True)
    serialised = fields.Boolean(required=True)
    serials = fields.List(fields.String(), required=True)


class ProofShown(Schema):
    """Who took it; `sha256` is over all that was signed."""

    at = MomentField(required=True)
    receiver = fields.String(required=True)
    celsius = shown_celsius()
    refused = fields.List(fields.Dict(), required=True)
    note = fields.String(required=True)
    by_name = fields.String(required=True)
    sha256 = fields.String(required=True)


class ShipmentListed(Schema):
    """A shipment in a list."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "SH-2026-000001"})
    order_id = fields.String(required=True)
    order = fields.String(required=True, metadata={"description": "Number of the order"})
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    held = fields.Boolean(required=True)
    carrier = fields.String(required=True)
    cold = fields.Boolean(required=True)
    leaves_on = fields.Date(required=True)
    arrives_on = fields.Date(required=True)


class ShipmentShown(ShipmentListed):
    """A shipment with its goods and how far it got."""

    sscc = fields.String(required=True)
    logger = fields.String(required=True)
    box_celsius = shown_celsius()
    packed_at = MomentField(required=True, allow_none=True)
    vehicle = fields.String(required=True)
    departed_at = MomentField(required=True, allow_none=True)
    delivered_at = MomentField(required=True, allow_none=True)
    units = fields.Integer(required=True, metadata={"description": "Base units that it is to bring, or has brought"})
    short = fields.Integer(required=True, metadata={"description": "Of these, units that are not kept for it (yet)"})
    goods = fields.List(fields.Nested(GoodsShown), required=True)
    proof = fields.Nested(ProofShown, required=True, allow_none=True)


class MissingTaken(Schema):
    """What became of a report of missing goods."""

    short = fields.Integer(required=True, metadata={"description": "Units that no other lot replaces"})


class ShipmentsAsked(Schema):
    """Which shipments are wanted."""

    order = Text(least=0, most=64, load_default="", metadata={"description": "Number or id of an order"})
    status = Choice(STATUSES, load_default=None)
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class ShipmentsShown(Schema):
    """A page of shipments, the newest first."""

    items = fields.List(fields.Nested(ShipmentListed), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
