"""Wire shapes of inspections and nonconformances."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import Choice, MomentField, Schema, Text, between
from app.core.paging import LARGEST, SIZE
from app.quality.models import OUTCOMES, STATES


class PagesAsked(Schema):
    """What every list here can be asked for."""

    product = Text(least=0, most=64, load_default="", metadata={"description": "SKU or id of the product"})
    lot = Text(least=0, most=64, load_default="", metadata={"description": "Number or id of the lot"})
    since = MomentField(load_default=None, metadata={"description": "Only what began then or later"})
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class InspectionsAsked(PagesAsked):
    """Which inspections are wanted."""

    status = Choice(STATES, load_default=None)


class NonconformancesAsked(PagesAsked):
    """Which nonconformances are wanted."""

    outcome = Choice(OUTCOMES, load_default=None)


class InspectionListed(Schema):
    """An inspection in a list."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "QC-2026-000001"})
    status = fields.String(required=True, metadata={"enum": list(STATES)})
    product = fields.String(required=True, metadata={"description": "SKU"})
    lot_id = fields.String(required=True)
    lot_no = fields.String(required=True)
    quantity = fields.Integer(required=True)
    origin = fields.String(required=True)
    route = fields.String(required=True, metadata={"description": "How it is inspected; empty until that is decided"})
    started_at = MomentField(required=True)
    decided_at = MomentField(required=True, allow_none=True)
    report_no = fields.String(required=True, allow_none=True)


class InspectionsShown(Schema):
    """A page of inspections, the newest first."""

    items = fields.List(fields.Nested(InspectionListed), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)


class CharacteristicShown(Schema):
    """What is measured; a limit that is null does not bind."""

    code = fields.String(required=True)
    name = fields.Dict(required=True, metadata={"description": "{en, zh}"})
    unit = fields.String(required=True)
    lower = fields.String(required=True, allow_none=True)
    upper = fields.String(required=True, allow_none=True)
    key = fields.Boolean(required=True)


class SampleShown(Schema):
    """Units that were tested at once, and what was found."""

    sampled = fields.Integer(required=True)
    defective = fields.Integer(required=True)
    measured = fields.Dict(required=True, metadata={"description": "{code: [values]}"})
    instrument = fields.String(required=True)
    note = fields.String(required=True)
    by = fields.String(required=True)
    at = MomentField(required=True)
    struck_by = fields.String(required=True, allow_none=True, metadata={"description": "Who said it does not count"})


class SignatureShown(Schema):
    """A signature on it, checked now."""

    signer = fields.String(required=True)
    meaning = fields.String(required=True)
    at = MomentField(required=True)
    valid = fields.Boolean(required=True)


class OpenTaskShown(Schema):
    """What waits for somebody: `POST /tasks/{id}/complete` answers it, signed where `GET /tasks/{id}` asks for that."""

    id = fields.String(required=True)
    element = fields.String(required=True)
    name = fields.Dict(required=True, metadata={"description": "{en, zh}"})
    due_at = MomentField(required=True)


class NonconformanceShown(Schema):
    """A lot that does not conform."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "NC-2026-000001"})
    inspection_id = fields.String(required=True, allow_none=True)
    product = fields.String(required=True, metadata={"description": "SKU"})
    lot_id = fields.String(required=True)
    lot_no = fields.String(required=True)
    severity = fields.String(required=True)
    failed = fields.List(fields.String(), required=True, metadata={"description": "Characteristics that failed"})
    quantity = fields.Integer(required=True)
    proposed = fields.String(required=True, metadata={"description": "Disposition that the rules propose"})
    outcome = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    raised_at = MomentField(required=True)
    raised_by = fields.String(required=True)


class NonconformancesShown(Schema):
    """A page of nonconformances, the newest first."""

    items = fields.List(fields.Nested(NonconformanceShown), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)


class InspectionShown(InspectionListed):
    """An inspection with its plan, every sample, what they come to, and who decided."""

    lot_status = fields.String(required=True)
    document = fields.String(required=True)
    severity = fields.String(required=True)
    receiving_check = fields.Dict(required=True)
    plan = fields.Dict(
        required=True, metadata={"description": "Sample size, acceptance number …; empty where documents suffice"}
    )
    characteristics = fields.List(fields.Nested(CharacteristicShown), required=True)
    samples = fields.List(fields.Nested(SampleShown), required=True)
    found = fields.Dict(required=True, metadata={"description": "What the samples come to"})
    tester = fields.String(required=True, allow_none=True)
    reviewer = fields.String(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    nonconformance = fields.Nested(NonconformanceShown, required=True, allow_none=True)
    signatures = fields.List(fields.Nested(SignatureShown), required=True)
    tasks = fields.List(fields.Nested(OpenTaskShown), required=True)
