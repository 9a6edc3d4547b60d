"""Shapes of the API."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import MomentField, Schema


class VerifyQuerySchema(Schema):
    """What to check."""

    full = fields.Boolean(load_default=False, metadata={"description": "The whole trail instead of the last seal's"})


class FindingSchema(Schema):
    """A row that is wrong, and how."""

    kind = fields.String(required=True)
    sentence = fields.Function(lambda finding: finding.sentence(), metadata={"type": "string"})
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True)
    subject_seq = fields.Integer(required=True)
    entry_id = fields.String(required=True)
    field = fields.String(required=True, metadata={"description": "Column that does not agree"})
    stored = fields.String(required=True)
    computed = fields.String(required=True)
    seal_seq = fields.Integer(required=True)


class VerificationSchema(Schema):
    """The result of a check."""

    ok = fields.Boolean(required=True)
    full = fields.Boolean(required=True)
    at = MomentField(required=True)
    entries = fields.Integer(required=True, metadata={"description": "Entries checked"})
    seals = fields.Integer(required=True, metadata={"description": "Seals there are"})
    signatures = fields.Integer(required=True, metadata={"description": "Electronic signatures checked"})
    since_seal = fields.Integer(
        required=True, metadata={"description": "First seal whose entries were checked; 0: all"}
    )
    last_seal = fields.Integer(required=True)
    last_seal_at = MomentField(required=True, allow_none=True)
    last_seal_hash = fields.String(required=True)
    found = fields.Integer(required=True, metadata={"description": "How many things are wrong"})
    findings = fields.List(fields.Nested(FindingSchema), required=True, metadata={"description": "The first 200"})
