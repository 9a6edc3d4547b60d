"""Attribute values of a diagram: plain text, one `${expression}`, or text with expressions in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from app.core.expressions import Expression, as_json, parse, parse_template
from app.processes.engine.errors import NotKept

ENGINE_NAMES = frozenset({"decisions", "answers", "answered", "initiator"})
"""Variables that the engine keeps; they do not travel between instances."""
TOLD = 2000
"""Letters of a value in a line of history: however large it is and however often it is set, history stays small."""


@dataclass(frozen=True)
class Value:
    """`text` as written; without an expression it is its own value."""

    text: str
    expression: Any = None

    def of(self, scope: Mapping[str, Any]) -> Any:
        """What it stands for. Raises ExpressionFailed."""
        return self.text if self.expression is None else self.expression.evaluate(scope)

    @property
    def fixed(self) -> bool:
        """True for plain text."""
        return self.expression is None


def read_value(text: str | None) -> Value | None:
    """The value of an attribute; None for an absent or empty one. Raises ExpressionInvalid."""
    text = (text or "").strip()
    if not text:
        return None
    if "${" not in text and "#{" not in text:
        return Value(text)
    return Value(text, parse_template(text))


def read_condition(text: str | None) -> Expression | None:
    """A condition, with or without `${}`; None for an absent or empty one. Raises ExpressionInvalid."""
    text = (text or "").strip()
    return parse(text) if text else None


def kept(variables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What the engine keeps under a name of its own; nothing where somebody else has put a plain value there."""
    found = variables.get(name)
    return found if isinstance(found, dict) else {}


def plain(value: Any) -> Any:
    """The value as JSON knows it, made anew: decimals are numbers, moments text. Raises NotKept for what JSON cannot
    say, integers beyond 64 bits among it."""
    try:
        return orjson.loads(orjson.dumps(value, default=_as_json))
    except TypeError as error:
        raise NotKept(str(error)) from error


def from_outside(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables that somebody gives, as they are kept: without those that the engine keeps itself, by which it knows
    who has decided what. Raises NotKept."""
    return {name: plain(value) for name, value in variables.items() if name not in ENGINE_NAMES}


def brief(value: Any) -> Any:
    """The value as history keeps it: one longer than TOLD letters is cut, and is text then."""
    if isinstance(value, str):
        return value if len(value) <= TOLD else value[:TOLD] + "…"
    text = orjson.dumps(value)
    return value if len(text) <= TOLD else text[:TOLD].decode(errors="ignore") + "…"


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return as_json(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__html__") or type(value).__name__ == "LazyString":
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def whole(value: Value | None, seen: Mapping[str, Any]) -> int:
    """A whole number that a diagram says, as a number or as its text; 0 for anything else."""
    found = 0 if value is None else value.of(seen)
    if isinstance(found, str) and found.lstrip("-").isdecimal():
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
