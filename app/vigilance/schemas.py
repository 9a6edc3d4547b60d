"""Wire shapes of complaints."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import Choice, MomentField, Schema, Text, between
from app.core.paging import LARGEST, SIZE
from app.vigilance.models import CONCLUSIONS, HARMS, JURISDICTIONS, STATUSES


class ComplaintGiven(Schema):
    """A complaint: the customer or the order, the goods by name or by their scanned code, what happened."""

    customer = Text(least=0, most=64, load_default="", metadata={"description": "Code or id; or name the order"})
    product = Text(least=0, most=64, load_default="", metadata={"description": "SKU, UDI-DI or id"})
    lot_no = Text(least=0, most=64, load_default="")
    serial_no = Text(least=0, most=64, load_default="")
    code = Text(least=0, most=500, load_default="", metadata={"description": "Scanned UDI: product, lot, serial"})
    order = Text(least=0, most=64, load_default="", metadata={"description": "Number or id"})
    shipment = Text(least=0, most=64, load_default="", metadata={"description": "Number or id"})
    description = Text(required=True, most=4000, lines=True, metadata={"example": "Pouch open before use"})
    aware_at = MomentField(load_default=None, allow_none=True, metadata={"description": "Left out: now"})
    harm = Choice(HARMS, load_default="none")
    jurisdiction = Choice(JURISDICTIONS, load_default="cn", metadata={"description": "Whose law asks for reports"})
    sample_returned = fields.Boolean(load_default=False)
    reference = Text(
        least=0,
        most=64,
        load_default="",
        metadata={"description": "What the other system calls it; once for each customer"},
    )


class ComplaintListed(Schema):
    """A complaint in a list."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "CP-2026-000001"})
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    reference = fields.String(required=True)
    customer = fields.String(required=True, metadata={"description": "Code"})
    product = fields.String(required=True, metadata={"description": "SKU"})
    lot_id = fields.String(required=True, allow_none=True)
    lot_no = fields.String(required=True)
    serial_no = fields.String(required=True)
    harm = fields.String(required=True, metadata={"enum": list(HARMS)})
    reportable = fields.Boolean(required=True, allow_none=True, metadata={"description": "null: not decided yet"})
    conclusion = fields.String(required=True, allow_none=True, metadata={"enum": [*CONCLUSIONS, None]})
    aware_at = MomentField(required=True)
    recorded_at = MomentField(required=True)
    closed_at = MomentField(required=True, allow_none=True)


class ComplaintShown(ComplaintListed):
    """A complaint as it stands now."""

    order_id = fields.String(required=True, allow_none=True)
    shipment_id = fields.String(required=True, allow_none=True)
    description = fields.String(required=True)
    jurisdiction = fields.String(required=True)
    sample_returned = fields.Boolean(required=True)
    recorded_by = fields.String(required=True)
    taken_by = fields.String(required=True, allow_none=True)
    reportable_reason = fields.String(required=True)
    reportable_by = fields.String(required=True, allow_none=True)
    reportable_at = MomentField(required=True, allow_none=True)
    decide_by = MomentField(required=True, metadata={"description": "House rule: by when reporting is decided"})
    report_by = MomentField(
        required=True, allow_none=True, metadata={"description": "By law, where its number is on file"}
    )
    finding = fields.String(required=True)
    closed_by = fields.String(required=True, allow_none=True)
    nonconformances = fields.List(fields.String(), required=True, metadata={"description": "Numbers"})


class ComplaintsAsked(Schema):
    """Which complaints are wanted."""

    status = Choice(STATUSES, load_default=None)
    harm = Choice(HARMS, load_default=None)
    customer = Text(least=0, most=64, load_default="", metadata={"description": "Code or id"})
    product = Text(least=0, most=64, load_default="", metadata={"description": "SKU or id"})
    lot = Text(least=0, most=64, load_default="", metadata={"description": "Number or id"})
    since = MomentField(load_default=None, metadata={"description": "Known since then or later"})
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class ComplaintsShown(Schema):
    """A page of complaints, the newest first."""

    items = fields.List(fields.Nested(ComplaintListed), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
