"""Wire shapes of complaints and CAPA."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import Choice, MomentField, Schema, Text, between
from app.core.paging import LARGEST, SIZE
from app.vigilance.models import (
    ACTION_KINDS,
    CAPA_SOURCES,
    CONCLUSIONS,
    HARMS,
    JURISDICTIONS,
    STAGES,
    STATUSES,
)


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


class CapaGiven(Schema):
    """A CAPA to be opened: what it follows from, and the problem."""

    source_kind = Choice(CAPA_SOURCES, required=True)
    source = Text(required=True, most=200, metadata={"description": "Id or number; of an audit, what it is called"})
    problem = Text(
        least=0, most=4000, lines=True, load_default="", metadata={"description": "Left out: as the source says"}
    )


class CapaListed(Schema):
    """A CAPA in a list."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "CA-2026-000001"})
    stage = fields.String(required=True, metadata={"enum": list(STAGES)})
    source_kind = fields.String(required=True, metadata={"enum": list(CAPA_SOURCES)})
    source = fields.String(required=True, attribute="source_note")
    product = fields.String(required=True, allow_none=True, metadata={"description": "SKU"})
    lot_id = fields.String(required=True, allow_none=True)
    problem = fields.String(required=True)
    opened_at = MomentField(required=True)
    closed_at = MomentField(required=True, allow_none=True)
    effective = fields.Boolean(required=True, allow_none=True)


class ActionShown(Schema):
    """An action of a CAPA."""

    number = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": list(ACTION_KINDS)})
    text = fields.String(required=True)
    owner_id = fields.String(required=True)
    due_on = fields.Date(required=True)
    done_at = MomentField(required=True, allow_none=True)
    done_by = fields.String(required=True, allow_none=True)
    evidence = fields.String(required=True)


class CapaTask(Schema):
    """What waits for somebody: `POST /tasks/{id}/complete` answers it, signed where `GET /tasks/{id}` asks for that."""

    id = fields.String(required=True)
    element = fields.String(required=True, attribute="element_id")
    due_at = MomentField(required=True)


class CapaShown(CapaListed):
    """A CAPA as it stands now."""

    root_cause = fields.String(required=True)
    criterion = fields.String(required=True)
    check_on = fields.Date(required=True, allow_none=True)
    result = fields.String(required=True)
    conclusion = fields.String(required=True)
    opened_by = fields.String(required=True)
    closed_by = fields.String(required=True, allow_none=True)
    actions = fields.List(fields.Nested(ActionShown), required=True)
    tasks = fields.List(fields.Nested(CapaTask), required=True)


class CapasAsked(Schema):
    """Which CAPA are wanted."""

    state = Choice((*STAGES, "open", "overdue"), load_default=None)
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class CapasShown(Schema):
    """A page of CAPA, the newest first."""

    items = fields.List(fields.Nested(CapaListed), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
