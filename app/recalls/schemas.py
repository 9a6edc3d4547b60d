"""Wire shapes of recalls."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.core.fields import Choice, MomentField, Schema, Text
from app.core.i18n import _l
from app.recalls.models import JURISDICTIONS, STATUSES

MOST_LOTS = 50


def _whole(most: int, **given: Any) -> fields.Integer:
    between = validate.Range(1, most, error=_l("Must lie between {min} and {max}."))  # type: ignore[arg-type]
    return fields.Integer(validate=between, **given)


class RecallGiven(Schema):
    """What is recalled and why. `mock` makes it a drill."""

    lot_ids = fields.List(
        Text(most=26),
        required=True,
        validate=validate.Length(1, MOST_LOTS, error=_l("Name 1 to 50 lots.")),  # type: ignore[arg-type]
    )
    jurisdiction = Choice(JURISDICTIONS, load_default="cn")
    source = Text(least=0, most=200, load_default="")
    hazard = Text(required=True, most=2000, lines=True)
    instructions = Text(least=0, most=2000, lines=True, load_default="")
    mock = fields.Boolean(load_default=False)


class CountsShown(Schema):
    """Base units of a lot: what came in, and where it is."""

    lot_id = fields.String(required=True)
    lot_no = fields.String(required=True)
    received = fields.Integer(required=True)
    in_stock = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    destroyed = fields.Integer(required=True)
    used = fields.Integer(required=True)
    unaccounted = fields.Integer(required=True)


class RecallShown(Schema):
    """A recall."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    mock = fields.Boolean(required=True)
    status = fields.String(required=True)
    jurisdiction = fields.String(required=True)
    level = fields.String(required=True, allow_none=True)
    hazard = fields.String(required=True)
    opened_at = MomentField(required=True)
    scoped_at = MomentField(required=True)
    decided_at = MomentField(required=True, allow_none=True)
    due_at = MomentField(required=True, allow_none=True)
    closed_at = MomentField(required=True, allow_none=True)


class RecallDetail(RecallShown):
    """A recall with what is known of each lot, and how many consignees have answered."""

    consignees = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    balances = fields.List(fields.Nested(CountsShown), required=True)


class RecallsAsked(Schema):
    """Which recalls are wanted."""

    status = Choice(STATUSES, load_default=None)
    page = _whole(1_000_000, load_default=1)
    size = _whole(200, load_default=50)


class RecallsShown(Schema):
    """A page of recalls, the newest first."""

    items = fields.List(fields.Nested(RecallShown), required=True)
    number = fields.Integer(required=True, data_key="page")
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
