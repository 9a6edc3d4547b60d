"""The catalogue of events: each slice declares what it tells of, in its `events` module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.i18n import LazyString

Field = Mapping[str, Any]
"""JSON Schema of one value."""

TEXT: Field = {"type": "string"}
NUMBER: Field = {"type": "integer"}
FLAG: Field = {"type": "boolean"}


def one_of(values: Iterable[str]) -> Field:
    """One of these texts."""
    return {"type": "string", "enum": [str(value) for value in values]}


def maybe(field: Field) -> Field:
    """Such a value, or null."""
    return {"anyOf": [dict(field), {"type": "null"}]}


@dataclass(frozen=True)
class EventType:
    """A kind of event, and what its data are."""

    name: str
    description: LazyString
    fields: Mapping[str, Field]

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its data: these fields and no other."""
        return {
            "type": "object",
            "properties": {name: dict(field) for name, field in self.fields.items()},
            "required": sorted(self.fields),
            "additionalProperties": False,
        }


_declared: dict[str, EventType] = {}


def event_type(name: str, description: LazyString, **fields: Field) -> EventType:
    """Declare a kind of event, named `youxu.thing.verbed`. The same name twice is a programming error."""
    if name in _declared:
        raise RuntimeError(f"event type {name!r} is declared twice")
    made = EventType(name, description, fields)
    _declared[name] = made
    return made


def event_types() -> list[EventType]:
    """All that are declared, by name."""
    return [_declared[name] for name in sorted(_declared)]
