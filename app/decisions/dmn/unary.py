"""Input entries of decision tables: DMN's unary tests over constants, as conditions of rules.

-            anything            "A", "B"     one of them         not("A", "B")   none of them
< 5  >= 10   compared            [1..5) ]1..5] an interval        null            not known
true  false  date("2026-01-31")  several, with commas: one of them holds
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from app.core.i18n import _
from app.decisions.ir import OPPOSITE, All, Condition, Constant, Either, Known, OneOf, Test
from app.decisions.schema import Attribute
from app.decisions.source import read_day

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<date>date\(\s*"(?P<day>[0-9-]{10})"\s*\))
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?!\.[0-9]))
    | (?P<word>[A-Za-z]+)
    | (?P<mark><=|>=|!=|\.\.|[<>=\[\]().,-])
    )""",
    re.VERBOSE,
)
MOST_TESTS = 200
Refuse = Callable[[str], Exception]


def read_entry(text: str, attribute: Attribute, refuse: Refuse) -> Condition:
    """The condition of an entry; `All(())` when it asks nothing. Raises what `refuse` makes."""
    if text.strip() in ("", "-"):
        return All(())
    return _Entry(text, attribute, refuse).whole()


class _Entry:
    """Reads one entry, token by token."""

    def __init__(self, text: str, attribute: Attribute, refuse: Refuse) -> None:
        self.attribute = attribute
        self.text = text
        self.refuse = refuse
        self.tokens = self._tokens()
        self.at = 0

    def _tokens(self) -> list[tuple[str, str]]:
        found, place = [], 0
        text = self.text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self.refuse(_("“%(found)s” is no unary test", found=text[place : place + 40]))
            kind = "date" if match["date"] else str(match.lastgroup)
            found.append((kind, match["day"] if match["date"] else match[kind]))
            place = match.end()
        return found

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.refuse(_("“%(found)s” ends too early", found=self.text[:60]))
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, *marks: str) -> str:
        _kind, text = self.take()
        if text not in marks:
            expected = " ".join(marks)
            raise self.refuse(_("%(expected)s is expected, not “%(found)s”", expected=expected, found=text[:40]))
        return text

    def whole(self) -> Condition:
        negated = self.peek() == "not" and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][1] == "("
        if negated:
            self.at += 2
        tests = self.several()
        if negated:
            self.expect(")")
        if self.at < len(self.tokens):
            raise self.refuse(_("“%(found)s” is too much", found=self.peek()[:40]))
        if negated:
            return _joined(All, [_opposite(test) for test in tests])
        return _joined(Either, tests)

    def several(self) -> list[Condition]:
        tests: list[Condition] = []
        values: list[Constant] = []
        while True:
            test = self.one()
            if isinstance(test, Test) and test.op == "==":
                values.append(test.value)
            else:
                tests.append(test)
            if len(tests) + len(values) > MOST_TESTS:
                raise self.refuse(_("more than %(most)s tests in one entry", most=MOST_TESTS))
            if self.peek() != ",":
                break
            self.take()
        if values:
            tests.insert(0, OneOf(self.attribute, tuple(dict.fromkeys(values)), negated=False))
        return tests

    def one(self) -> Condition:
        text = self.peek()
        if text in ("<", "<=", ">", ">=", "=", "!="):
            self.take()
            return self.compared({"=": "=="}.get(text, text))
        if text in ("[", "(", "]"):
            return self.interval()
        if text == "null":
            self.take()
            return Known(self.attribute, known=False)
        return self.compared("==")

    def compared(self, op: str) -> Test:
        if op not in ("==", "!=") and not self.attribute.ordered:
            raise self.refuse(_("“%(name)s” has no order: only == and != can be asked", name=self.attribute.name))
        return Test(self.attribute, op, self.constant())

    def interval(self) -> Condition:
        opens = self.expect("[", "(", "]")
        if not self.attribute.ordered:
            raise self.refuse(_("“%(name)s” has no order: only == and != can be asked", name=self.attribute.name))
        low = self.constant()
        self.expect("..")
        high = self.constant()
        closes = self.expect("]", ")", "[")
        return All(
            (
                Test(self.attribute, ">=" if opens == "[" else ">", low),
                Test(self.attribute, "<=" if closes == "]" else "<", high),
            )
        )

    def constant(self) -> Constant:
        kind, text = self.take()
        value: Constant | None = None
        match kind:
            case "text":
                value = re.sub(r"\\(.)", r"\1", text[1:-1])
            case "number":
                value = Decimal(text) if "." in text else int(text)
            case "date":
                value = read_day(text, self.refuse)
            case "word" if text in ("true", "false"):
                value = text == "true"
        if value is None:
            raise self.refuse(_("“%(found)s” is not a constant", found=text[:40]))
        if self.attribute.type == "decimal" and isinstance(value, int) and not isinstance(value, bool):
            value = Decimal(value)
        wrong = self.attribute.whats_wrong(value)
        if wrong:
            raise self.refuse(_("the value compared with “%(name)s” %(wrong)s", name=self.attribute.name, wrong=wrong))
        return value


def _opposite(test: Condition) -> Condition:
    """What holds when the test does not; a comparison with null never does."""
    match test:
        case Test(attribute=attribute, op=op, value=value):
            return Test(attribute, OPPOSITE[op], value)
        case OneOf(attribute=attribute, values=values, negated=negated):
            return OneOf(attribute, values, negated=not negated)
        case Known(attribute=attribute, known=known):
            return Known(attribute, known=not known)
        case All(items=items):
            return Either(tuple(_opposite(item) for item in items))
    raise TypeError(test)


def _joined(how: type[All] | type[Either], tests: list[Condition]) -> Condition:
    return tests[0] if len(tests) == 1 else how(tuple(tests))
