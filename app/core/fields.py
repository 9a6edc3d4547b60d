"""marshmallow with the project's manners: translated reasons, trimmed text, exact numbers, no unknown fields."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import Schema as MarshmallowSchema
from marshmallow import ValidationError, fields, validate

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _, _l

LARGEST_QUANTITY = 1_000_000
LARGEST_AMOUNT = Decimal(10**9)

MESSAGES: dict[type[Any], dict[str, Any]] = {
    fields.Field: {
        "required": _l("This is required."),
        "null": _l("This may not be empty."),
        "validator_failed": _l("This value is not right."),
    },
    fields.String: {"invalid": _l("Must be text."), "invalid_utf8": _l("Must be text in UTF-8.")},
    fields.Integer: {"invalid": _l("Must be a whole number."), "too_large": _l("This number is too large.")},
    fields.Number: {"invalid": _l("Must be a number."), "too_large": _l("This number is too large.")},
    fields.Decimal: {"special": _l("Must be a number.")},
    fields.Boolean: {"invalid": _l("Must be true or false.")},
    fields.Date: {
        "invalid": _l("Must be a date such as 2026-11-30."),
        "format": _l("Must be a date such as 2026-11-30."),
    },
    fields.DateTime: {
        "invalid": _l("Must be a moment such as 2026-11-30T08:00:00+08:00."),
        "invalid_awareness": _l("Must be a moment such as 2026-11-30T08:00:00+08:00."),
        "format": _l("Must be a moment such as 2026-11-30T08:00:00+08:00."),
    },
    fields.List: {"invalid": _l("Must be a list.")},
    fields.Nested: {"type": _l("Must be an object.")},
    fields.Dict: {"invalid": _l("Must be an object.")},
}


def _translate_library_messages() -> None:
    for field, messages in MESSAGES.items():
        field.default_error_messages = {**field.default_error_messages, **messages}


_translate_library_messages()


_SHOWN = r"[^\x00-\x1f\x7f-\x9f]"
_SEEN = r"[^\x00-\x1f\x7f-\x9f\s]"
_SHOWN_LINES = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"


def between(low: int, high: int) -> validate.Range:
    """A validator with a translated reason; the bounds are documented."""
    return validate.Range(low, high, error=_l("Must lie between {min} and {max}."))  # type: ignore[arg-type]


class Schema(MarshmallowSchema):
    """Unknown fields are refused, so that a typing error is never silently ignored."""

    error_messages: Any = {  # noqa: RUF012 - marshmallow reads it so
        "unknown": _l("There is no such field."),
        "type": _l("Must be an object."),
    }


class Text(fields.String):
    """Trimmed text of `least` to `most` characters, without control characters (line breaks only if `lines`)."""

    default_error_messages: Any = {  # noqa: RUF012
        "control": _l("Contains a character that cannot be shown."),
    }

    def __init__(self, *, least: int = 1, most: int = 200, lines: bool = False, **kwargs: Any) -> None:
        shown = _SHOWN_LINES if lines else _SHOWN
        pattern = rf"^\s*{shown}*{_SEEN}{shown}*\s*$" if least else rf"^\s*{shown}*\s*$"
        metadata = {"minLength": least, "maxLength": most, "pattern": pattern, **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self.least, self.most, self.lines = least, most, lines

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        written = super()._deserialize(value, attr, data, **kwargs) or ""
        text = written.strip()
        for character in text:
            if unicodedata.category(character) in ("Cc", "Cs") and not (self.lines and character in "\n\r\t"):
                raise self.make_error("control")
        if not text and self.least:
            raise self.make_error("required")
        if len(text) < self.least or len(written) > self.most:
            raise ValidationError(_("Must have %(least)s to %(most)s characters.", least=self.least, most=self.most))
        return text


class Choice(fields.String):
    """One of a fixed set of codes."""

    def __init__(self, choices: Sequence[str] | Mapping[str, Any], **kwargs: Any) -> None:
        metadata = {"enum": list(choices), **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self.choices = list(choices)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value not in self.choices:
            raise ValidationError(_("Must be one of: %(choices)s.", choices=", ".join(self.choices)))
        return str(value)


class Quantity(fields.Integer):
    """A whole number of base units, 1 to 1,000,000."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"minimum": 1, "maximum": LARGEST_QUANTITY, **kwargs.pop("metadata", {})}
        super().__init__(strict=True, metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        number = super()._deserialize(value, attr, data, **kwargs)
        if not 1 <= number <= LARGEST_QUANTITY:
            raise ValidationError(_("Must be a whole number from 1 to 1,000,000."))
        return number


class Amount(fields.Field[Decimal]):
    """Money: at most two places, 0 to 999,999,999.99; text or number in, text out."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "pattern": r"^\d{1,9}(\.\d{1,2})?$", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _serialize(self, value: Decimal | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format(value, "f")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal:
        sentence = _("Must be an amount from 0 to 999,999,999.99 with at most two decimals.")
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValidationError(sentence)
        try:
            amount = Decimal(str(value).strip())
        except InvalidOperation:
            raise ValidationError(sentence) from None
        if not amount.is_finite() or not 0 <= amount < LARGEST_AMOUNT or amount != round(amount, 2):
            raise ValidationError(sentence)
        return round(amount, 2)


class MomentField(fields.AwareDateTime):
    """An aware moment; one without a zone is read in the business zone (forms and spreadsheets write it so)."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=clock.BUSINESS_ZONE)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None


def loaded(schema: type[MarshmallowSchema], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema makes of it. Raises Invalid."""
    try:
        found: dict[str, Any] = schema().load(given)
    except ValidationError as error:
        told: Any = error.messages
        raise Invalid({str(name): _flat(reasons) for name, reasons in told.items()}) from None
    return found


def _flat(reasons: Any) -> list[str]:
    if isinstance(reasons, dict):
        return [text for several in reasons.values() for text in _flat(several)]
    return [str(one) for one in reasons] if isinstance(reasons, list) else [str(reasons)]
