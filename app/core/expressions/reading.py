"""Parsed expressions and templates, their limits, and what is said of text that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from lark import Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from app.core.expressions.errors import ExpressionInvalid
from app.core.expressions.evaluation import Evaluate, compiled
from app.core.expressions.grammar import Builder, parser
from app.core.expressions.nodes import Literal, Node, Not, Template, names
from app.core.i18n import _

LONGEST = 2000
"""Characters of an expression."""
LONGEST_TEMPLATE = 20_000
"""Characters of a text with expressions in it."""
DEEPEST = 40
"""Levels of nesting."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression. Equal texts give the same object (`parse` is cached)."""

    text: str
    node: Node

    @cached_property
    def names(self) -> frozenset[str]:
        """Every dotted name it reads."""
        return names(self.node)

    @cached_property
    def _run(self) -> Evaluate:
        return compiled(self.node, self.text)

    @property
    def is_constant(self) -> bool:
        """Whether it is one value written in the text, such as a template without `${…}`."""
        return isinstance(self.node, Literal)

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """Its value in this scope. Raises ExpressionFailed for a missing name or values that do not fit."""
        return self._run(scope)

    def holds(self, scope: Mapping[str, Any]) -> bool:
        """Its value as a condition. Raises ExpressionFailed when that is neither true nor false."""
        value = self._run(scope)
        if not isinstance(value, bool):
            compiled(Not(self.node), self.text)(scope)  # says what it met instead
        return bool(value)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression of that text, with or without `${…}` around it. Raises ExpressionInvalid with place and reason."""
    if len(text) > LONGEST:
        raise ExpressionInvalid(text, LONGEST, _("longer than %(most)s characters", most=LONGEST))
    inner, offset = _unwrapped(text)
    return Expression(text, _node(text, inner, offset))


@lru_cache(maxsize=1024)
def parse_template(text: str) -> Expression:
    """Text as diagrams write it: outside `${…}` and `#{…}` it stands for itself.

    One whole `${…}` keeps the kind of its value; text with expressions in it becomes text; without any it is itself,
    untouched. `\\${` writes a plain `${`. Raises ExpressionInvalid.
    """
    if len(text) > LONGEST_TEMPLATE:
        raise ExpressionInvalid(text, LONGEST_TEMPLATE, _("longer than %(most)s characters", most=LONGEST_TEMPLATE))
    pieces = list(_pieces(text))
    expressions = [piece for piece in pieces if not isinstance(piece, str)]
    if not expressions:
        return Expression(text, Literal("".join(piece for piece in pieces if isinstance(piece, str))))
    if len(expressions) == 1 and not any(isinstance(piece, str) and piece.strip() for piece in pieces):
        return Expression(text, expressions[0])
    parts = tuple(Literal(piece) if isinstance(piece, str) else piece for piece in pieces)
    return Expression(text, Template(parts))


_MARK = re.compile(r"\\?[$#]\{")
_INSIDE = re.compile(r"""(?:[^'"}]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*""", re.DOTALL)


def _pieces(text: str) -> Iterator[str | Node]:
    """Plain pieces as text, expressions as their nodes."""
    place = 0
    while found := _MARK.search(text, place):
        if found.start() > place:
            yield text[place : found.start()]
        place = found.end()
        if found[0].startswith("\\"):
            yield found[0][1:]
            continue
        inside = _INSIDE.match(text, place)
        place = inside.end() if inside else place
        if text[place : place + 1] != "}":
            raise ExpressionInvalid(text, found.start(), _("“%(mark)s” has no closing brace", mark=found[0]))
        yield _node(text, text[found.end() : place], found.end())
        place += 1
    if place < len(text):
        yield text[place:]


def _node(text: str, inner: str, offset: int) -> Node:
    if len(inner) > LONGEST:
        raise ExpressionInvalid(text, offset + LONGEST, _("longer than %(most)s characters", most=LONGEST))
    try:
        tree = parser.parse(inner)
    except UnexpectedInput as error:
        raise _refused(text, inner, offset, error) from None
    _refuse_deep(tree, text)
    return Builder(text, offset).node(tree)


def _unwrapped(text: str) -> tuple[str, int]:
    stripped = text.strip()
    if stripped[:2] in ("${", "#{") and stripped.endswith("}"):
        return stripped[2:-1], text.index(stripped) + 2
    return text, 0


def _refused(text: str, inner: str, offset: int, error: UnexpectedInput) -> ExpressionInvalid:
    at = error.pos_in_stream if error.pos_in_stream is not None else len(inner)
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return ExpressionInvalid(text, offset + len(inner.rstrip()), _("something is missing at the end"))
    found = error.token.value if isinstance(error, UnexpectedToken) else inner[at : at + 1]
    if isinstance(error, UnexpectedToken) and found == "(":
        return ExpressionInvalid(text, offset + at, _("only names can be called"))
    if isinstance(error, UnexpectedCharacters) and found in "'\"":
        return ExpressionInvalid(text, offset + at, _("this text has no closing quote"))
    return ExpressionInvalid(text, offset + at, _("“%(found)s” is not expected here", found=found[:40]))


def _refuse_deep(tree: Any, text: str) -> None:
    waiting = [(tree, 1)]
    while waiting:
        here, depth = waiting.pop()
        if depth > DEEPEST:
            raise ExpressionInvalid(text, 0, _("nested deeper than %(most)s levels", most=DEEPEST))
        if isinstance(here, Tree):
            waiting.extend((child, depth + 1) for child in here.children)
