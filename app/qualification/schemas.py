"""Wire shapes of the qualification."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.core.fields import Choice, MomentField, Schema, Text
from app.core.i18n import _l
from app.qualification.models import KINDS, STATUSES


def _whole(most: int, **given: Any) -> fields.Integer:
    between = validate.Range(1, most, error=_l("Must lie between {min} and {max}."))  # type: ignore[arg-type]
    return fields.Integer(validate=between, **given)


class StandingAsked(Schema):
    """On which day it is asked for; `made_on`: the day on which the goods of a product were made."""

    on = fields.Date(load_default=None)
    made_on = fields.Date(load_default=None)


class ReasonShown(Schema):
    """Why there is no trade."""

    code = fields.String(required=True)
    text = fields.String(required=True, attribute="sentence")


class StandingShown(Schema):
    """Whether a party or product is qualified on the day, and why not."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    on = fields.Date(required=True)
    qualified = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonShown), required=True)


class QualificationGiven(Schema):
    """What is to be qualified."""

    about_kind = Choice(KINDS, required=True)
    about_id = Text(most=26, required=True)


class QualificationShown(Schema):
    """A qualification."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    about_kind = fields.String(required=True)
    about_id = fields.String(required=True)
    occasion = fields.String(required=True)
    status = fields.String(required=True)
    started_at = MomentField(required=True)
    decided_at = MomentField(required=True, allow_none=True)
    due_on = fields.Date(required=True, allow_none=True)


class QualificationsAsked(Schema):
    """Which qualifications are wanted."""

    q = Text(least=0, most=100, load_default="", metadata={"description": "Text to look for"})
    page = _whole(1_000_000, load_default=1)
    size = _whole(200, load_default=50)
    about_kind = Choice(KINDS, load_default=None)
    status = Choice(STATUSES, load_default=None)


class QualificationsShown(Schema):
    """A page of qualifications, the newest first."""

    items = fields.List(fields.Nested(QualificationShown), required=True)
    number = fields.Integer(required=True, data_key="page")
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
