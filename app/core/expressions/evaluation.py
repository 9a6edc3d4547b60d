"""From tree to closures: strict about kinds of values, exact about numbers, bounded in cost."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, NoReturn

from app.core.expressions.arithmetic import NoResult, reckon
from app.core.expressions.calls import EXECUTION, FUNCTIONS, METHODS, ON_EXECUTION, Scope, item
from app.core.expressions.errors import ExpressionFailed
from app.core.expressions.nodes import (
    Arithmetic,
    Between,
    Call,
    Choice,
    Compare,
    Empty,
    Index,
    Items,
    Literal,
    Logic,
    Member,
    Membership,
    Method,
    Name,
    Negative,
    Node,
    Not,
    Template,
    below,
)
from app.core.expressions.values import (
    LARGEST,
    TooLong,
    Unlike,
    among,
    bounded,
    equal,
    exact,
    kind_of,
    text_of,
    weigh,
)
from app.core.i18n import _

Evaluate = Callable[[Scope], Any]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled(node: Node, text: str) -> Evaluate:
    """A function that evaluates the node in a scope."""
    compiler = _Compiler(text)
    run = compiler.of(node)
    if not any(isinstance(part, Items) for part in below(node)):
        return run

    def weighed(scope: Scope) -> Any:
        value = run(scope)
        try:
            weigh(value)
        except TooLong:
            compiler.too_long(node)
        return value

    return weighed


class _Compiler:
    """Builds the closures of one expression; `text` is for its error messages."""

    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, node: Node) -> Evaluate:
        build: Callable[[Any], Evaluate] = getattr(self, f"_{type(node).__name__.lower()}")
        return build(node)

    def fail(self, node: Any, reason: str, *, absent: bool = False) -> NoReturn:
        raise ExpressionFailed(self.text, node.at, reason, absent=absent)

    def too_long(self, node: Any) -> NoReturn:
        self.fail(node, _("the result is too long"))

    def _literal(self, node: Literal) -> Evaluate:
        value = node.value
        return lambda _scope: value

    def _items(self, node: Items) -> Evaluate:
        parts = [self.of(item) for item in node.items]
        return lambda scope: [part(scope) for part in parts]

    def _name(self, node: Name) -> Evaluate:
        return partial(self._walk, node, node.path, node.dotted)

    def _member(self, node: Member) -> Evaluate:
        of, path, shown = self.of(node.of), node.path, ".".join(node.path)
        return lambda scope: self._walk(node, path, shown, of(scope), top=False)

    def _walk(self, node: Any, path: tuple[str, ...], shown: str, here: Any, *, top: bool = True) -> Any:
        for number, step in enumerate(path):
            if (type(here) is not dict and not isinstance(here, Mapping)) or step not in here:  # the first is quicker
                self.fail(node, _("there is no “%(name)s”", name=shown), absent=number > 0 or not top)
            here = here[step]
        return exact(here)

    def _index(self, node: Index) -> Evaluate:
        of, key = self.of(node.of), self.of(node.key)
        fail = partial(self.fail, node, absent=True)
        return lambda scope: item(of(scope), key(scope), fail)

    def _call(self, node: Call) -> Evaluate:
        return self._own(node, FUNCTIONS[node.function].run, node.arguments)

    def _own(self, node: Call | Method, run: Callable[..., Any], arguments: tuple[Node, ...]) -> Evaluate:
        parts = [self.of(part) for part in arguments]
        fail = partial(self.fail, node)

        def call(scope: Scope) -> Any:
            try:
                return run(scope, [part(scope) for part in parts], fail)
            except TooLong:
                self.too_long(node)

        return call

    def _method(self, node: Method) -> Evaluate:
        if node.of == Name((EXECUTION,)):
            return self._own(node, ON_EXECUTION[node.method].run, node.arguments)
        of, method = self.of(node.of), METHODS[node.method]

        def on_value(scope: Scope, arguments: list[Any], fail: Callable[[str], NoReturn]) -> Any:
            value = of(scope)
            if kind_of(value) not in method.kinds:
                fail(_("%(kind)s has no “%(name)s”", kind=kind_of(value), name=node.method))
            return method.run(value, arguments, fail)

        return self._own(node, on_value, node.arguments)

    def _template(self, node: Template) -> Evaluate:
        parts = [(part, self.of(part)) for part in node.parts]

        def write(scope: Scope) -> str:
            found: list[str] = []
            for part, run in parts:
                try:
                    found.append(text_of(run(scope)))
                except TooLong:
                    self.too_long(part)
            try:
                return bounded("".join(found))
            except TooLong:
                self.too_long(node)

        return write

    def _compare(self, node: Compare) -> Evaluate:
        left, right, op = self.of(node.left), self.of(node.right), node.op
        if op in ("==", "!="):
            wanted = op == "=="
            return lambda scope: self._equal(node, left(scope), right(scope)) is wanted
        return lambda scope: self._ordered(node, op, left(scope), right(scope))

    def _equal(self, node: Any, left: Any, right: Any) -> bool:
        try:
            return equal(left, right)
        except Unlike:
            self._refuse_unlike(node, left, right)

    def _ordered(self, node: Any, op: str, left: Any, right: Any) -> bool:
        if kind_of(left) != kind_of(right):
            self._refuse_unlike(node, left, right)
        if kind_of(left) not in ("number", "text", "date", "moment"):
            self.fail(node, _("%(kind)s has no order", kind=kind_of(left)))
        return bool(_ORDER[op](left, right))

    def _refuse_unlike(self, node: Any, left: Any, right: Any) -> NoReturn:
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
            return among(value, found) is not negated

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

    def _empty(self, node: Empty) -> Evaluate:
        run = self.of(node.item)

        def is_empty(scope: Scope) -> bool:
            try:
                value = run(scope)
            except ExpressionFailed as error:
                if error.absent:
                    return True
                raise
            return value is None or (kind_of(value) in ("text", "list", "object") and len(value) == 0)

        return is_empty

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

        def turn(scope: Scope) -> Any:
            value = part(scope)
            return value.copy_negate() if isinstance(value, Decimal) else -value  # `-` would round a long decimal

        return turn

    def _arithmetic(self, node: Arithmetic) -> Evaluate:
        first = self._number(node.first)
        rest = [(op, self._number(part)) for op, part in node.rest]

        def run(scope: Scope) -> Any:
            value = first(scope)
            try:
                for op, part in rest:
                    value = reckon(op, value, part(scope))
            except NoResult as none:
                self.fail(node, _("division by zero") if none.why == "zero" else _("the result is too large"))
            return value

        return run

    def _choice(self, node: Choice) -> Evaluate:
        condition, then, otherwise = self._truth(node.condition), self.of(node.then), self.of(node.otherwise)
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)
