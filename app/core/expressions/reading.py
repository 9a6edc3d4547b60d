"""From text to tree: the grammar (Lark, LALR: linear time, no backtracking) and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from app.core.expressions.errors import ExpressionInvalid
from app.core.expressions.evaluation import Evaluate, compiled
from app.core.expressions.nodes import (
    Arithmetic,
    Between,
    Choice,
    Compare,
    Items,
    Literal,
    Logic,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    names,
)
from app.core.i18n import _

LONGEST = 2000
"""Characters of an expression."""
DEEPEST = 40
"""Levels of nesting."""
DIGITS = 18
"""Digits of a number."""

GRAMMAR = r"""
?start: choice
?choice: either | either "?" choice ":" choice -> choice
?either: both ((OR | "||") both)*
?both: negation ((AND | "&&") negation)*
?negation: relation | (NOT | BANG) negation -> negated
?relation: sum
    | sum (EQ | EQW | NE | NEW | LT | LTW | LE | LEW | GT | GTW | GE | GEW) sum -> compare
    | sum IN sum -> member
    | sum NOT IN sum -> not_member
    | sum BETWEEN sum AND sum -> between
?sum: product ((PLUS | MINUS) product)*
?product: unary (TIMES unary)*
?unary: atom | MINUS unary -> negative
?atom: NUMBER -> number | STRING -> text | TRUE -> true | FALSE -> false | NULL -> null
    | NAME -> name | "(" choice ")" | OPEN [choice ("," choice)*] "]" -> items
OPEN: "["
OR: "or"
AND: "and"
NOT: "not"
BANG: "!"
IN: "in"
BETWEEN: "between"
EQ: "=="
EQW: "eq"
NE: "!="
NEW: "ne"
LE: "<="
LEW: "le"
LT: "<"
LTW: "lt"
GE: ">="
GEW: "ge"
GT: ">"
GTW: "gt"
PLUS: "+"
MINUS: "-"
TIMES: "*"
TRUE: "true"
FALSE: "false"
NULL: "null"
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /'(\\['"\\]|[^'\\])*'|"(\\['"\\]|[^"\\])*"/
NAME: /[^\W\d]\w*(\.[^\W\d]\w*)*/
%ignore /[ \t\r\n]+/
"""

_parser = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


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
    """The expression of that text. Raises ExpressionInvalid with the place and the reason."""
    if len(text) > LONGEST:
        raise ExpressionInvalid(text, LONGEST, _("longer than %(most)s characters", most=LONGEST))
    inner, offset = _unwrapped(text)
    try:
        tree = _parser.parse(inner)
    except UnexpectedInput as error:
        raise _refused(text, inner, offset, error) from None
    _refuse_deep(tree, text)
    return Expression(text, _Builder(text, offset).node(tree))


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
        return ExpressionInvalid(text, offset + at, _("functions cannot be called"))
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


class _Builder:
    """Turns Lark's tree into ours."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset

    def node(self, tree: Any) -> Node:
        make = getattr(self, f"_{tree.data}")
        parts = [part if isinstance(part, Token) else self.node(part) for part in tree.children]
        made: Node = make(parts)
        return made

    def _at(self, token: Token) -> int:
        return self.offset + (token.start_pos or 0)

    def _number(self, parts: list[Any]) -> Node:
        token = parts[0]
        if len(token) > DIGITS + 1:
            raise ExpressionInvalid(self.text, self._at(token), _("more than %(most)s digits", most=DIGITS))
        return Literal(Decimal(token) if "." in token else int(token), self._at(token))

    def _text(self, parts: list[Any]) -> Node:
        inside = parts[0][1:-1]
        for escaped, plain in (("\\\\", "\0"), ("\\'", "'"), ('\\"', '"'), ("\0", "\\")):
            inside = inside.replace(escaped, plain)
        return Literal(str(inside), self._at(parts[0]))

    def _true(self, parts: list[Any]) -> Node:
        return Literal(value=True, at=self._at(parts[0]))

    def _false(self, parts: list[Any]) -> Node:
        return Literal(value=False, at=self._at(parts[0]))

    def _null(self, parts: list[Any]) -> Node:
        return Literal(None, self._at(parts[0]))

    def _name(self, parts: list[Any]) -> Node:
        return Name(tuple(str(parts[0]).split(".")), self._at(parts[0]))

    def _items(self, parts: list[Any]) -> Node:
        return Items(tuple(parts[1:]), self._at(parts[0]))

    def _negative(self, parts: list[Any]) -> Node:
        return Negative(parts[1], self._at(parts[0]))

    def _negated(self, parts: list[Any]) -> Node:
        return Not(parts[1], self._at(parts[0]))

    def _compare(self, parts: list[Any]) -> Node:
        left, op, right = parts
        return Compare(_WORDS.get(str(op), str(op)), left, right, self._at(op))

    def _member(self, parts: list[Any]) -> Node:
        return Membership(parts[0], parts[2], negated=False, at=self._at(parts[1]))

    def _not_member(self, parts: list[Any]) -> Node:
        return Membership(parts[0], parts[3], negated=True, at=self._at(parts[1]))

    def _between(self, parts: list[Any]) -> Node:
        return Between(parts[0], parts[2], parts[4], self._at(parts[1]))

    def _both(self, parts: list[Any]) -> Node:
        return self._logic("and", parts)

    def _either(self, parts: list[Any]) -> Node:
        return self._logic("or", parts)

    def _logic(self, op: str, parts: list[Any]) -> Node:
        items = tuple(part for part in parts if not isinstance(part, Token))
        return Logic(op, items, items[0].at)

    def _sum(self, parts: list[Any]) -> Node:
        rest = tuple((str(parts[i]), parts[i + 1]) for i in range(1, len(parts), 2))
        return Arithmetic(parts[0], rest, self._at(parts[1]))

    _product = _sum

    def _choice(self, parts: list[Any]) -> Node:
        return Choice(parts[0], parts[1], parts[2], parts[0].at)
