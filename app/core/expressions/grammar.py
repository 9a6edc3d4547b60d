"""From text to tree: the grammar (Lark, LALR: linear time, no backtracking) and what makes our nodes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lark import Lark, Token

from app.core.expressions.calls import EXECUTION, FUNCTIONS, METHODS, ON_EXECUTION
from app.core.expressions.errors import ExpressionInvalid
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
)
from app.core.i18n import _

DIGITS = 18
"""Digits of a number."""

GRAMMAR = r"""
?start: choice
?choice: either | either "?" choice ":" choice -> choice
?either: both ((OR | "||") both)*
?both: negation ((AND | "&&") negation)*
?negation: relation | (NOT | BANG) negation -> negated
?relation: sum
    | sum (EQ | EQW | NE | NEW) opposite -> compare
    | sum (LT | LTW | LE | LEW | GT | GTW | GE | GEW) sum -> compare
    | sum IN sum -> member
    | sum NOT IN sum -> not_member
    | sum BETWEEN sum AND sum -> between
?opposite: sum | (NOT | BANG) opposite -> negated
?sum: product ((PLUS | MINUS) product)*
?product: unary ((TIMES | OVER | DIV | REST | MOD) unary)*
?unary: value | MINUS unary -> negative | EMPTY unary -> empty
?value: atom
    | value OPEN choice "]" -> index
    | value PATH -> path
    | value PATH CALL [choice ("," choice)*] ")" -> method
?atom: NUMBER -> number | STRING -> text | TRUE -> true | FALSE -> false | NULL -> null
    | NAME -> name | NAME CALL [choice ("," choice)*] ")" -> call
    | "(" choice ")" | OPEN [choice ("," choice)*] "]" -> items
OPEN: "["
CALL: "("
OR: "or"
AND: "and"
NOT: "not"
BANG: "!"
EMPTY: "empty"
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
OVER: "/"
DIV: "div"
REST: "%"
MOD: "mod"
TRUE: "true"
FALSE: "false"
NULL: "null"
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /'(\\['"\\]|[^'\\])*'|"(\\['"\\]|[^"\\])*"/
NAME: /[^\W\d]\w*(\.[^\W\d]\w*)*/
PATH: /(\.[^\W\d]\w*)+/
%ignore /[ \t\r\n]+/
"""

parser = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "div": "/", "mod": "%"}


class Builder:
    """Turns Lark's tree into ours. `offset` is where the parsed part begins in the text."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset

    def node(self, tree: Any) -> Node:
        """The node of that tree, which is not deeper than the stack bears. Raises ExpressionInvalid."""
        make = getattr(self, f"_{tree.data}")
        parts = [part if isinstance(part, Token) else self.node(part) for part in tree.children]
        made: Node = make(parts)
        return made

    def _at(self, token: Token) -> int:
        return self.offset + (token.start_pos or 0)

    def _refuse(self, token: Token, reason: str) -> ExpressionInvalid:
        return ExpressionInvalid(self.text, self._at(token), reason)

    def _number(self, parts: list[Any]) -> Node:
        token = parts[0]
        if len(token) > DIGITS + 1:
            raise self._refuse(token, _("more than %(most)s digits", most=DIGITS))
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

    def _steps(self, token: Token) -> tuple[str, ...]:
        steps = tuple(str(token).removeprefix(".").split("."))
        hidden = next((step for step in steps if step.startswith("__")), None)
        if hidden:
            raise self._refuse(token, _("“%(name)s” is no name: two underscores stand before it", name=hidden[:40]))
        return steps

    def _name(self, parts: list[Any]) -> Node:
        return Name(self._steps(parts[0]), self._at(parts[0]))

    def _path(self, parts: list[Any]) -> Node:
        return self._inside(parts[0], self._steps(parts[1]), parts[1])

    def _inside(self, of: Node, steps: tuple[str, ...], token: Token) -> Node:
        if isinstance(of, Name):
            return Name((*of.path, *steps), of.at)
        return Member(of, steps, self._at(token))

    def _index(self, parts: list[Any]) -> Node:
        return Index(parts[0], parts[2], self._at(parts[1]))

    def _call(self, parts: list[Any]) -> Node:
        name, bracket, *arguments = parts
        owner, _dot, last = str(name).rpartition(".")
        if owner:
            of = Name(self._steps(Token("NAME", owner, name.start_pos)), self._at(name))
            return self._method_of(of, last, bracket, arguments)
        function = FUNCTIONS.get(last)
        if function is None:
            known = ", ".join(sorted(FUNCTIONS))
            sentence = _("“%(name)s” cannot be called; there are %(known)s", name=last[:40], known=known)
            raise self._refuse(bracket, sentence)
        self._count(last, function.least, function.most, bracket, arguments)
        return Call(last, tuple(arguments), self._at(name))

    def _method(self, parts: list[Any]) -> Node:
        of, path, bracket, *arguments = parts
        front, _dot, last = str(path).rpartition(".")
        if front:
            of = self._inside(of, self._steps(Token("PATH", front, path.start_pos)), path)
        return self._method_of(of, last, bracket, arguments)

    def _method_of(self, of: Node, name: str, bracket: Token, arguments: list[Any]) -> Node:
        if of == Name((EXECUTION,)):
            known = {key: (found.least, found.least) for key, found in ON_EXECUTION.items()}
        else:
            known = {key: (found.count, found.count + found.more) for key, found in METHODS.items()}
        if name not in known:
            listed = ", ".join(sorted(known))
            raise self._refuse(
                bracket, _("“%(name)s” cannot be called; there are %(known)s", name=name[:40], known=listed)
            )
        self._count(name, *known[name], bracket, arguments)
        return Method(of, name, tuple(arguments), self._at(bracket))

    def _count(self, name: str, least: int, most: int, bracket: Token, arguments: list[Any]) -> None:
        if not least <= len(arguments) <= most:
            expected = str(least) if least == most else f"{least}–{most}"
            raise self._refuse(bracket, _("“%(name)s” takes %(count)s values", name=name, count=expected))

    def _items(self, parts: list[Any]) -> Node:
        return Items(tuple(parts[1:]), self._at(parts[0]))

    def _negative(self, parts: list[Any]) -> Node:
        return Negative(parts[1], self._at(parts[0]))

    def _negated(self, parts: list[Any]) -> Node:
        return Not(parts[1], self._at(parts[0]))

    def _empty(self, parts: list[Any]) -> Node:
        return Empty(parts[1], self._at(parts[0]))

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
        rest = tuple((_WORDS.get(str(parts[i]), str(parts[i])), parts[i + 1]) for i in range(1, len(parts), 2))
        return Arithmetic(parts[0], rest, self._at(parts[1]))

    _product = _sum

    def _choice(self, parts: list[Any]) -> Node:
        return Choice(parts[0], parts[1], parts[2], parts[0].at)
