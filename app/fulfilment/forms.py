"""Forms of tasks (form-js schemas): shown in the reader's language, their answers checked here by the same schema.

A text in a form is either plain or a two-language mapping `{"en": …, "zh": …}`. What a browser checks is checked again:
a program may send anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import LazyString, _, _l, pick

LONGEST_TEXT = 2000
"""Most characters of a text answer when the form names no limit."""
SHOWN_ONLY = frozenset(
    {"text", "html", "separator", "spacer", "image", "button", "table", "iframe", "documentPreview", "expression"}
)
OUTCOMES: dict[str, LazyString] = {
    "approve": _l("Approve"),
    "rework": _l("Return for rework"),
    "reject": _l("Reject"),
    "clear": _l("Clear the block"),
    "recheck": _l("Check again"),
    "resubmit": _l("Submit again"),
    "cancel": _l("Cancel the order"),
}
"""What a person may answer, in the words of the buttons (values of the fact `answer.outcome`)."""
_TEXT_TYPES = frozenset({"textfield", "textarea"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def localised(schema: Any) -> Any:
    """The schema with every two-language text in the reader's language."""
    if isinstance(schema, Mapping):
        if schema and set(schema) <= {"en", "zh"}:
            return pick(schema)
        return {key: localised(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [localised(item) for item in schema]
    return schema


def fields_of(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The fields that take an answer, those inside groups included."""
    for component in schema.get("components", ()):
        if component.get("components") is not None and component.get("type") != "dynamiclist":
            yield from fields_of(component)
        elif component.get("type") not in SHOWN_ONLY and component.get("key"):
            yield component


def checked(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers the form asks for, checked. Raises Invalid naming each wrong, missing or unknown field."""
    known = {field["key"]: field for field in fields_of(schema) if not (field.get("readonly") or field.get("disabled"))}
    faults = {str(name): [_("There is no such field.")] for name in answers if name not in known}
    good: dict[str, Any] = {}
    for name, field in known.items():
        value = answers.get(name)
        value = value.strip() if isinstance(value, str) else value
        reasons = list(_faults(field, value)) if _is_given(field, value) else list(_absence_faults(field))
        if reasons:
            faults[name] = reasons
        elif _is_given(field, value) or value is False:
            good[name] = value
    if faults:
        raise Invalid(faults)
    return good


def _is_given(field: Mapping[str, Any], value: Any) -> bool:
    return value not in (None, "", []) and not (field["type"] == "checkbox" and value is False)


def _absence_faults(field: Mapping[str, Any]) -> Iterator[str]:
    if field.get("validate", {}).get("required"):
        yield _("This is required.")


def _faults(field: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind = field["type"]
    if kind in _TEXT_TYPES:
        yield from _text_faults(field.get("validate", {}), value)
    elif kind == "number":
        yield from _number_faults(field.get("validate", {}), value)
    elif kind == "checkbox":
        if not isinstance(value, bool):
            yield _("Must be true or false.")
    elif kind in ("radio", "select"):
        if value not in _choices(field):
            yield _("Must be one of: %(choices)s.", choices=", ".join(_choices(field)))
    elif kind in ("checklist", "taglist"):
        if not isinstance(value, list) or any(item not in _choices(field) for item in value):
            yield _("Must be one of: %(choices)s.", choices=", ".join(_choices(field)))
    elif kind == "datetime":
        yield from _moment_faults(field, value)
    else:
        yield _("This field cannot be answered here.")


def _choices(field: Mapping[str, Any]) -> list[str]:
    return [str(option.get("value")) for option in field.get("values", ())]


def _text_faults(rules: Mapping[str, Any], value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield _("Must be text.")
        return
    least, most = int(rules.get("minLength") or 0), int(rules.get("maxLength") or LONGEST_TEXT)
    if not least <= len(value) <= most:
        yield _("Must have %(least)s to %(most)s characters.", least=least, most=most)
    if _CONTROL.search(value):
        yield _("Contains a character that cannot be shown.")
    pattern = rules.get("pattern")
    if pattern and not re.fullmatch(pattern, value[:LONGEST_TEXT]):
        yield _("This value is not right.")


def _number_faults(rules: Mapping[str, Any], value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _("Must be a whole number.")
        return
    low, high = rules.get("min"), rules.get("max")
    if (low is not None and value < low) or (high is not None and value > high) or abs(value) > 10**12:
        yield _("This number is out of range.")


def _moment_faults(field: Mapping[str, Any], value: Any) -> Iterator[str]:
    reader = date.fromisoformat if field.get("subtype", "date") == "date" else datetime.fromisoformat
    try:
        reader(value)
    except (TypeError, ValueError):
        yield _("Must be a date such as 2026-11-30.")


def without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The schema without one field: its answer is given another way (the buttons give the outcome)."""
    components = []
    for component in schema.get("components", ()):
        if component.get("key") == key:
            continue
        inner = component.get("components")
        components.append({**component, "components": without(component, key)["components"]} if inner else component)
    return {**schema, "components": components}


def labels(schema: Mapping[str, Any]) -> dict[str, str]:
    """What each field is called, in the reader's language."""
    return {field["key"]: pick(field.get("label")) or field["key"] for field in fields_of(schema)}
