"""From tree to closures: strict about kinds of values, exact about numbers, bounded in cost."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from app.core.expressions.errors import ExpressionFailed
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
)
from app.core.i18n import _

LARGEST = 10**30
"""Results beyond ± this are refused, so that no expression can make numbers grow without end."""

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUMS: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def compiled(node: Node, text: str) -> Evaluate:
    """A function that evaluates the node in a scope."""
    return _Compiler(text).of(node)


def kind_of(value: Any) -> str:
    """The kind of a value, as the language sees it: null, bool, number, text, moment, date, list, object."""
    if value is None:
        return "null"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    ((int, Decimal, float), "number"),
    (str, "text"),
    (datetime, "moment"),
    (date, "date"),
    ((list, tuple), "list"),
    (Mapping, "object"),
)


def _exact(value: Any) -> Any:
    """Floats (from JSON) by their shortest decimal form, so that 0.1 is 0.1; what is no finite number is null."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return value


def _same(left: Any, right: Any) -> bool:
    return kind_of(left) == kind_of(right) and bool(left == right)


class _Compiler:
    """Builds the closures of one expression; `text` is for its error messages."""

    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, node: Node) -> Evaluate:
        build: Callable[[Any], Evaluate] = getattr(self, f"_{type(node).__name__.lower()}")
        return build(node)

    def fail(self, node: Any, reason: str) -> NoReturn:
        raise ExpressionFailed(self.text, node.at, reason)

    def _literal(self, node: Literal) -> Evaluate:
        value = node.value
        return lambda _scope: value

    def _items(self, node: Items) -> Evaluate:
        parts = [self.of(item) for item in node.items]
        return lambda scope: [part(scope) for part in parts]

    def _name(self, node: Name) -> Evaluate:
        path = node.path

        def look_up(scope: Scope) -> Any:
            here: Any = scope
            for step in path:
                if not isinstance(here, Mapping) or step not in here:
                    self.fail(node, _("there is no “%(name)s”", name=node.dotted))
                here = here[step]
            return _exact(here)

        return look_up

    def _compare(self, node: Compare) -> Evaluate:
        left, right, op = self.of(node.left), self.of(node.right), node.op
        if op in ("==", "!="):
            wanted = op == "=="
            return lambda scope: self._equal(node, left(scope), right(scope)) is wanted
        return lambda scope: self._ordered(node, op, left(scope), right(scope))

    def _equal(self, node: Any, left: Any, right: Any) -> bool:
        if left is None or right is None:
            return left is right
        self._need_alike(node, left, right)
        return bool(left == right)

    def _ordered(self, node: Any, op: str, left: Any, right: Any) -> bool:
        self._need_alike(node, left, right)
        if kind_of(left) not in ("number", "text", "date", "moment"):
            self.fail(node, _("%(kind)s has no order", kind=kind_of(left)))
        return bool(_ORDER[op](left, right))

    def _need_alike(self, node: Any, left: Any, right: Any) -> None:
        if kind_of(left) != kind_of(right):
            sentence = _("%(left)s cannot be compared with %(right)s", left=kind_of(left), right=kind_of(right))
            self.fail(node, sentence)

    def _between(self, node: Between) -> Evaluate:
        item, low, high = self.of(node.item), self.of(node.low), self.of(node.high)

        def within(scope: Scope) -> bool:
            value = item(scope)
            return self._ordered(node, ">=", value, low(scope)) and self._ordered(node, "<=", value, high(scope))

        return within

    def _membership(self, node: Membership) -> Evaluate:
        item, options, negated = self.of(node.item), self.of(node.options), node.negated

        def belongs(scope: Scope) -> bool:
            value, found = item(scope), options(scope)
            if kind_of(found) != "list":
                self.fail(node, _("“in” needs a list, not %(kind)s", kind=kind_of(found)))
            return any(_same(value, _exact(option)) for option in found) is not negated

        return belongs

    def _truth(self, node: Node) -> Callable[[Scope], bool]:
        run = self.of(node)

        def decide(scope: Scope) -> bool:
            value = run(scope)
            if not isinstance(value, bool):
                self.fail(node, _("needs true or false, not %(kind)s", kind=kind_of(value)))
            return value

        return decide

    def _logic(self, node: Logic) -> Evaluate:
        parts = [self._truth(item) for item in node.items]
        if node.op == "and":
            return lambda scope: all(part(scope) for part in parts)
        return lambda scope: any(part(scope) for part in parts)

    def _not(self, node: Not) -> Evaluate:
        part = self._truth(node.item)
        return lambda scope: not part(scope)

    def _number(self, node: Node) -> Evaluate:
        run = self.of(node)

        def count(scope: Scope) -> Any:
            value = run(scope)
            if kind_of(value) != "number" or not -LARGEST < value < LARGEST:
                self.fail(node, _("needs a number, not %(kind)s", kind=kind_of(value)))
            return value

        return count

    def _negative(self, node: Negative) -> Evaluate:
        part = self._number(node.item)
        return lambda scope: -part(scope)

    def _arithmetic(self, node: Arithmetic) -> Evaluate:
        first = self._number(node.first)
        rest = [(_SUMS[op], self._number(part)) for op, part in node.rest]

        def reckon(scope: Scope) -> Any:
            value = first(scope)
            for apply, part in rest:
                value = apply(value, part(scope))
                if not -LARGEST < value < LARGEST:
                    self.fail(node, _("the result is too large"))
            return value

        return reckon

    def _choice(self, node: Choice) -> Evaluate:
        condition, then, otherwise = self._truth(node.condition), self.of(node.then), self.of(node.otherwise)
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)
