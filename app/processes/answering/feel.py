"""The part of FEEL in which forms say when a field is hidden: comparisons of answers with values, `and`, `or`, `not`.

    =kind = "loan" and (quantity > 10 or not(urgent = true))

As in FEEL, what is compared with nothing is neither true nor false, and then does not hide. Whatever else FEEL knows is
refused when the form is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.processes.answering.fields import at

LONGEST = 500
DEEPEST = 20
_TOKENS = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>!=|<=|>=|=|<|>|\(|\))"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*))"""
)
_WORDS = {"true": True, "false": False, "null": None}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}
Test = Callable[[Mapping[str, Any]], Any]


class NotUnderstood(ValueError):
    """A condition that is not in the part of FEEL that is run here."""


@dataclass
class Condition:
    """A condition, and the names of the answers it looks at."""

    test: Test
    names: frozenset[str]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """True when it is true, not merely unknown."""
        return self.test(answers) is True


@lru_cache(maxsize=500)
def condition(text: str) -> Condition:
    """Read a condition. Raises NotUnderstood."""
    if not text.startswith("=") or len(text) > LONGEST:
        raise NotUnderstood(text)
    reader = _Reader(_tokens(text[1:]))
    test = reader.either()
    if reader.place < len(reader.tokens):
        raise NotUnderstood(text)
    return Condition(test, frozenset(reader.names))


def holds(text: str, answers: Mapping[str, Any]) -> bool:
    """True when the condition is true; one that cannot be read (a form from before that was refused) is not."""
    try:
        return condition(text).holds(answers)
    except NotUnderstood:
        return False


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            raise NotUnderstood(text)
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        place = match.end()
    return found


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    place: int = 0
    depth: int = 0
    names: set[str] = field(default_factory=set)

    def take(self, *wanted: str) -> str | None:
        """The next token if it is one of these."""
        if self.place < len(self.tokens) and self.tokens[self.place][1] in wanted:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return None

    def either(self) -> Test:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda answers: _any([part(answers) for part in parts])

    def both(self) -> Test:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda answers: _all([part(answers) for part in parts])

    def one(self) -> Test:
        if self.take("not"):
            inner = self.bracketed()
            return lambda answers: _not(inner(answers))
        if self.place < len(self.tokens) and self.tokens[self.place][1] == "(":
            return self.bracketed()
        return self.comparison()

    def bracketed(self) -> Test:
        self.depth += 1
        if self.depth > DEEPEST or not self.take("("):
            raise NotUnderstood
        inner = self.either()
        if not self.take(")"):
            raise NotUnderstood
        self.depth -= 1
        return inner

    def comparison(self) -> Test:
        first = self.value()
        sign = self.take("=", "!=", "<", "<=", ">", ">=")
        if sign is None:
            return first
        second = self.value()
        return lambda answers: _compared(sign, first(answers), second(answers))

    def value(self) -> Test:
        if self.place >= len(self.tokens):
            raise NotUnderstood
        kind, text = self.tokens[self.place]
        if kind == "sign" or text in ("and", "or", "not"):
            raise NotUnderstood
        self.place += 1
        if kind == "name" and text not in _WORDS:
            self.names.add(text)
            return lambda answers: at(answers, tuple(text.split(".")))
        made = _WORDS[text] if kind == "name" else float(text) if kind == "number" else _unquoted(text)
        return lambda _answers: made


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text[1:-1])


def _compared(sign: str, one: Any, other: Any) -> bool | None:
    if sign in ("=", "!="):
        same_kind = one is None or other is None or _kind(one) == _kind(other)
        return (one == other) is (sign == "=") if same_kind else None
    if one is None or other is None or _kind(one) != _kind(other) or _kind(one) not in ("number", "text"):
        return None
    return _ORDER[sign](one, other)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else type(value).__name__


def _any(values: list[Any]) -> bool | None:
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else None


def _all(values: list[Any]) -> bool | None:
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else None


def _not(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None
