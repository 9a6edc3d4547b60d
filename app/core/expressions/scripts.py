"""Scripts of script tasks: assignments in the expression language, nothing else.

    total = price * quantity        // a comment
    order.total = total; order.checked = true
    order.total > 5000              # a last line that is only an expression is the script's result

A line ends a statement, as does `;`, but not inside brackets. Objects on the way of `order.total` are copied, or made
when they are missing or null: a script never changes a value in place, and has no effect but what `run` returns.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.core.expressions.calls import EXECUTION
from app.core.expressions.errors import ErrorThrown, ExpressionFailed, ExpressionInvalid, ScriptFailed, ScriptInvalid
from app.core.expressions.nodes import Name
from app.core.expressions.reading import Expression, parse
from app.core.expressions.values import TooLong, as_json, kind_of, weigh
from app.core.i18n import _

MOST_STATEMENTS = 100
LONGEST_SCRIPT = 50_000
"""Characters of a script."""

_PIECE = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<comment>//[^\n]*|\#(?!\{)[^\n]*)|(?P<open>[(\[{])"""
    r"""|(?P<close>[)\]}])|(?P<end>[;\n])|(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_TARGET = re.compile(r"""((?:[^=<>!'"(\[\]]|\[[^\]=]*\])*)=(?!=)""")


@dataclass(frozen=True)
class Assignment:
    """`path = value`, written in that line (from 1)."""

    path: tuple[str, ...]
    value: Expression
    line: int


@dataclass(frozen=True)
class Ran:
    """What a script did: top-level names with their new values, and the value of its last line, both as JSON values.

    `result` is None also when the last line is an assignment: `Script.result` tells.
    """

    changed: dict[str, Any]
    result: Any


@dataclass(frozen=True)
class Script:
    """A parsed script. Equal texts give the same object (`parse_script` is cached)."""

    text: str
    assignments: tuple[Assignment, ...]
    result: Expression | None
    """The expression of the last line, when that is not an assignment; evaluated after all of them."""
    result_line: int = 0

    def run(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """The top-level names that it changed, with their new values. Raises ScriptFailed; `scope` stays as it is."""
        return self.run_to_result(scope).changed

    def run_to_result(self, scope: Mapping[str, Any]) -> Ran:
        """The changed names, and the value of the last line. Raises ScriptFailed; `scope` stays as it is."""
        changed: dict[str, Any] = {}
        seen = ChainMap(changed, dict(scope))
        for one in self.assignments:
            value = _evaluated(one.value, seen, one.line)
            top = one.path[0]
            changed[top] = _placed(seen.get(top), one, value) if len(one.path) > 1 else value
        if self.result is None:
            return Ran(changed, None)
        return Ran(changed, _evaluated(self.result, seen, self.result_line))


def _evaluated(expression: Expression, scope: Mapping[str, Any], line: int) -> Any:
    try:
        return as_json(expression.evaluate(scope))
    except ErrorThrown:
        raise
    except ExpressionFailed as error:
        place = error.details["position"] - 1
        raise ScriptFailed(line, expression.text, place, error.details["reason"]) from None


def _placed(before: Any, one: Assignment, value: Any) -> Any:
    """A copy of `before` in which the path below the top name leads to the value."""
    made = here = _opened(before, one, 1)
    for depth, step in enumerate(one.path[1:-1], start=2):
        here[step] = _opened(here.get(step), one, depth)
        here = here[step]
    here[one.path[-1]] = value
    try:
        weigh(made)
    except TooLong:
        raise ScriptFailed(one.line, ".".join(one.path), 0, _("the result is too long")) from None
    return made


def _opened(value: Any, one: Assignment, depth: int) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        name = ".".join(one.path[:depth])
        sentence = _("“%(name)s” is no object: it is %(kind)s", name=name, kind=kind_of(value))
        raise ScriptFailed(one.line, ".".join(one.path), 0, sentence)
    return dict(value)


@lru_cache(maxsize=512)
def parse_script(text: str) -> Script:
    """The script of that text. Raises ScriptInvalid, which names the line."""
    if len(text) > LONGEST_SCRIPT:
        raise ScriptInvalid(1, text[:40], 0, _("longer than %(most)s characters", most=LONGEST_SCRIPT))
    statements = list(_statements(text))
    if len(statements) > MOST_STATEMENTS:
        line, statement = statements[MOST_STATEMENTS]
        raise ScriptInvalid(line, statement, 0, _("more than %(most)s statements", most=MOST_STATEMENTS))
    assignments: list[Assignment] = []
    result, result_line = None, 0
    for number, (line, statement) in enumerate(statements, start=1):
        found = _TARGET.match(statement)
        if found:
            assignments.append(_assignment(line, statement, found))
        elif number == len(statements):
            result, result_line = _read(line, statement, statement, 0), line
        else:
            _read(line, statement, statement, 0)
            raise ScriptInvalid(line, statement, 0, _("this has no effect: only the last line may be without “=”"))
    return Script(text, tuple(assignments), result, result_line)


def _assignment(line: int, statement: str, found: re.Match[str]) -> Assignment:
    target, at = found[1], 0
    node = _read(line, statement, target, at).node
    if not isinstance(node, Name):
        raise ScriptInvalid(line, statement, at, _("only names can be assigned to, such as order.total"))
    if node.path[0] == EXECUTION:
        raise ScriptInvalid(line, statement, at, _("“%(name)s” cannot be assigned to", name=EXECUTION))
    return Assignment(node.path, _read(line, statement, statement[found.end() :], found.end()), line)


def _read(line: int, statement: str, part: str, offset: int) -> Expression:
    try:
        return parse(part.strip())
    except ExpressionInvalid as error:
        lead = len(part) - len(part.lstrip())
        place = min(offset + lead + error.details["position"] - 1, len(statement))
        raise ScriptInvalid(line, statement, place, error.details["reason"]) from None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(line of its first character, statement without comments) of every statement that is not empty."""
    line, begun, depth = 1, 1, 0
    pieces: list[str] = []
    for found in _PIECE.finditer(text + "\n"):
        piece, kind = found[0], found.lastgroup
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        if kind == "end" and (depth == 0 or piece == ";"):
            if statement := "".join(pieces).strip():
                yield begun, statement
            pieces, depth = [], 0
        elif kind != "comment":
            if not pieces and not piece.isspace():
                begun = line
            if pieces or not piece.isspace():
                pieces.append(piece)
        line += piece.count("\n")
    if statement := "".join(pieces).strip():
        yield begun, statement
