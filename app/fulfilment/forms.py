"""Forms of tasks (form-js schemas): shown in the reader's language, their answers checked here by the same schema.

A text in a form is either plain or a two-language mapping `{"en": …, "zh": …}`. What a browser checks is checked again:
a program may send anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.i18n import LazyString, _l, pick
from app.processes import answering

LONGEST_TEXT = 2000
"""Most characters of a text answer when the form names no limit."""
OUTCOMES: dict[str, LazyString] = {
    "approve": _l("Approve"),
    "rework": _l("Return for rework"),
    "reject": _l("Reject"),
    "clear": _l("Clear the block"),
    "recheck": _l("Check again"),
    "resubmit": _l("Submit again"),
    "cancel": _l("Cancel the order"),
    "split": _l("Ship what is there, the rest follows"),
    "resend": _l("Send anew"),
}
"""What a person may answer, in the words of the buttons (values of the fact `answer.outcome`)."""


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
    """The fields that take an answer, those inside groups included; `key` is the path of the answer."""
    for field in answering.fields_of(schema):
        yield {**field.component, "key": field.key}


def checked(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers the form asks for, checked and coerced. Raises Invalid naming each field that is not right."""
    return answering.checked(schema, answers)


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
