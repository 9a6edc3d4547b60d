"""Forms of user tasks (form-js schemas): their texts in both languages, and the answers they allow.

A component's English texts are the ones form-js knows (`label`, `description`, an option's `label`); the Chinese ones
stand beside them: in `properties` as `label_zh` and `description_zh`, at an option as `label_zh`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.errors import Invalid
from app.processes.answering import faults_of

TEXTS = ("label", "description", "text", "dateLabel")


def bilingual(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with `{"en", "zh"}` wherever both texts are given."""
    return {**schema, "components": [_component(part) for part in schema.get("components", ())]}


def _component(part: Mapping[str, Any]) -> dict[str, Any]:
    properties = dict(part.get("properties", {}))
    found = dict(part)
    for name in TEXTS:
        chinese = properties.pop(f"{name}_zh", None)
        if chinese is not None and isinstance(part.get(name), str):
            found[name] = {"en": part[name], "zh": chinese}
    found["properties"] = properties
    if not properties:
        del found["properties"]
    if "values" in part:
        found["values"] = [_option(option) for option in part["values"]]
    if "components" in part:
        found["components"] = [_component(inner) for inner in part["components"]]
    return found


def _option(option: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(option)
    chinese = found.pop("label_zh", None)
    if chinese is not None:
        found["label"] = {"en": found.get("label", ""), "zh": chinese}
    return found


def refuse_wrong_answers(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Raises Invalid naming each answer that does not fit the form, is missing or is not asked."""
    faults = faults_of(schema, answers)
    if faults:
        raise Invalid(faults)


def asks_for_approval(schema: Any) -> bool:
    """True when the form offers the answer `approve`."""
    return isinstance(schema, Mapping) and any(
        isinstance(option, Mapping) and option.get("value") == "approve"
        for field in _fields(schema)
        if field["key"] == "outcome"
        for option in field.get("values", ())
    )


def _fields(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in schema.get("components", ()):
        if part.get("key"):
            yield part
        yield from _fields(part)
