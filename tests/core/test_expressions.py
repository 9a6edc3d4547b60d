"""The expression language: values, strictness, limits, places of errors."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.expressions import Compare, ExpressionFailed, ExpressionInvalid, Literal, Name, parse
from app.core.expressions.reading import DEEPEST, LONGEST

SCOPE: dict[str, Any] = {
    "order": {"total": 5000, "type": "emergency", "price": Decimal("12.50"), "ratio": 0.1, "lines": [1, 2]},
    "decision": {"route": "two", "band": None},
    "android": 1,
    "notable": True,
    "rows": [{"product": {"name": "a"}, "ratio": 0.1}, {"product": {"name": "b"}}],
    "mixed": [[0.5], True, 0.1, None, "0.5"],
    "_private": 7,
    "div": 2,
    "mod": 3,
    "产品": {"类别": 3},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("order.total >= 5000", True),
        ("order.total > 5000", False),
        ("${decision.route == 'two'}", True),
        ("#{ decision.route eq 'two' && order.total gt 1 }", True),
        ("decision.band == null", True),
        ("decision.band != null", False),
        ("order.type in ['normal', 'emergency']", True),
        ("order.type not in ['normal']", True),
        ("2 in order.lines", True),
        ("2.0 in order.lines and 0.1 in [order.ratio] and order.ratio in [0.1, 2]", True),
        ("0.1 in mixed and null in mixed and mixed[0] in mixed", True),
        ("1 in mixed or true in order.lines or '1' in order.lines", False),
        ("order.total between 5000 and 6000 and notable", True),
        ("not (android == 1) or !notable", False),
        ("order.price * 2 == 25.0", True),
        ("order.ratio == 0.1", True),
        ("1 + 2 * 3 - -4", 11),
        ("notable ? 'yes' : 'no'", "yes"),
        ("notable ? android == 2 ? 1 : 2 : 3", 2),
        ("产品.类别 >= 3", True),
        ("'it\\'s \\\\ \"ok\"'", 'it\'s \\ "ok"'),
        ("[1, 'a', null]", [1, "a", None]),
        ("order", SCOPE["order"]),
        ("false and nowhere.to.be.seen", False),
        ("true || nowhere", True),
        ("7 / 2", Decimal("3.5")),
        ("6 div 2", 3),
        ("1 / 3", Decimal("0.3333333333333333333333333333")),
        ("0.3 / 0.1", 3),
        ("7 % 3 + 7 mod 3", 2),
        ("-7 % 3", -1),
        ("7.5 % 2", Decimal("1.5")),
        ("2 + 12 / 4 * 2", 8),
        ("order.lines[0] + order.lines[android]", 3),
        ("order['lines'][1]", 2),
        ("rows[1].product.name", "b"),
        ("rows[1].product['name']", "b"),
        ("rows[0].ratio", Decimal("0.1")),
        ("(notable ? order : decision).type", "emergency"),
        ("[1, 2, 3][2]", 3),
        ("order.total == '5000'", True),
        ("'5000.0' == order.total", True),
        ("order.total != '5001'", True),
        ("notable == 'true'", True),
        ("notable == 'false'", False),
        ("null == 'x' or 'x' == null", False),
        ("notable == !false", True),
        ("notable != not notable", True),
        ("empty decision.band", True),
        ("empty ''", True),
        ("empty []", True),
        ("empty order.nowhere", True),
        ("empty order['nowhere']", True),
        ("empty rows[7].product.name", True),
        ("empty order.total", False),
        ("not empty order.lines", True),
        ("!empty order.lines && empty decision.band", True),
        ("empty order.type == false", True),
        ("order.lines.size()", 2),
        ("order.type.length() + 'ab'.length()", 11),
        ("order.lines.isEmpty() or ''.isEmpty()", True),
        ("order.lines.contains(2)", True),
        ("order.lines.contains('2')", False),
        ("order.type.contains('gen')", True),
        ("order.type.startsWith('em') and order.type.endsWith('cy')", True),
        ("order.type.equals('emergency')", True),
        ("order.total.equals('5000')", False),
        ("order.type.toUpperCase().equalsIgnoreCase('Emergency')", True),
        ("'  X '.trim().toLowerCase()", "x"),
        ("'ab'.concat('c').substring(1)", "bc"),
        ("'abc'.substring(0, 2).indexOf('b') - 'abc'.indexOf('x')", 2),
        ("'a-b-c'.replace('-', '').length()", 3),
        ("order.type.concat('Source')", "emergencySource"),
        ("order.lines.get(1)", 2),
        ("order.get('nowhere')", None),
        ("order.containsKey('type')", True),
        ("rows[0].product.name.toUpperCase()", "A"),
        ("order.total.toString().length()", 4),
        ("concat('a', 1, null, true, 1.50)", "a1true1.5"),
        ("number('12.50') + number(1)", Decimal("13.5")),
        ("number('12.50') >= 12.5", True),
        ("execution.getVariable('android')", 1),
        ("execution.getVariable('nowhere')", None),
        ("execution.hasVariable('nowhere') or execution.hasVariable('now()')", False),
        ("_private + 1", 8),
        ("div + mod", 5),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert parse(text).evaluate(SCOPE) == value


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 1, "missing"),
        ("1 +", 4, "missing"),
        ("order.total = 3", 13, "not expected"),
        ("a..b", 2, "not expected"),
        ("f(1)", 2, "cannot be called"),
        ("order.total.__class__()", 22, "cannot be called"),
        ("x == 'abc", 6, "closing quote"),
        ("1 2", 3, "not expected"),
        ("[1, ", 4, "missing"),
        ("a > 1 > 0", 7, "not expected"),
        ("9" * 30, 1, "digits"),
        ("a" * (LONGEST + 1), LONGEST + 1, "longer"),
        ("(" * 60 + "not " * 50 + "a" + ")" * 60, 1, "nested"),
        ("import os", 8, "not expected"),
        ("a; b", 2, "not expected"),
        ("1 // 2", 4, "not expected"),
        ("order.total.__class__ == 1", 1, "no name"),
        ("__import__", 1, "no name"),
        ("a[0].__dict__", 5, "no name"),
        ("__import__('os')", 11, "cannot be called"),
        ("execution.setVariable('x', 1)", 22, "“setVariable” cannot be called; there are getBusinessKey"),
        ("bean.run(1)", 9, "“run” cannot be called"),
        ("a[0].getClass()", 14, "“getClass” cannot be called"),
        ("a.matches('(x+)+')", 10, "cannot be called"),
        ("a.size(1)", 7, "“size” takes 0 values"),
        ("a.contains()", 11, "“contains” takes 1 values"),
        ("now(1)", 4, "takes 0 values"),
        ("concat()", 7, "takes 1–40 values"),
        ("(a)(b)", 4, "only names can be called"),
        ("a[", 3, "missing"),
        ("a[1", 4, "missing"),
        ("a[]", 3, "not expected"),
        ("empty", 6, "missing"),
        ("a" + "[0]" * 50, 1, "nested"),
        ("`ls`", 1, "not expected"),
    ],
)
def test_refusals_say_where_and_why(text: str, at: int, reason: str) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        parse(text)
    assert caught.value.details["position"] == at
    assert reason in caught.value.sentence()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nowhere", "no “nowhere”"),
        ("order.type.substring(99)", "9 characters"),
        ("order.type.substring(2, 1)", "9 characters"),
        ("order.type.substring('x')", "whole number"),
        ("order.type.concat(1)", "needs text"),
        ("order.nowhere > 1", "no “order.nowhere”"),
        ("order.type.upper == 'x'", "no “order.type.upper”"),
        ("decision.band > 1", "null cannot be compared"),
        ("order.total == 'many'", "number cannot be compared with text"),
        ("order.total > '4000'", "number cannot be compared with text"),
        ("notable == 'yes'", "bool cannot be compared with text"),
        ("order.lines == '1'", "list cannot be compared with text"),
        ("1 / 0", "division by zero"),
        ("order.total % (android - 1)", "division by zero"),
        ("order.total div 0.0", "division by zero"),
        ("order.type + 'x'", "needs a number, not text"),
        ("decision.band + 1", "needs a number, not null"),
        ("0.1234567890123456 * 0.1234567890123456 * 0.1234567890123456 * 0.1234567890123456", "too large"),
        ("order.lines[2]", "has 2 items"),
        ("order.lines[-1]", "has 2 items"),
        ("order.lines[0.5]", "whole number"),
        ("order.lines['0']", "whole number"),
        ("order.lines[true]", "whole number"),
        ("order['nowhere']", "no “nowhere”"),
        ("order[0]", "needs text, not number"),
        ("order.type[0]", "needs a list or an object, not text"),
        ("order.lines[0].x", "no “x”"),
        ("empty nowhere", "no “nowhere”"),
        ("decision.band.size()", "null has no “size”"),
        ("order.total.length()", "number has no “length”"),
        ("order.type.contains(1)", "needs text, not number"),
        ("now()", "time is not known"),
        ("execution.processBusinessKey", "no “execution.processBusinessKey”"),
        ("execution.getProcessInstanceId()", "no “execution.processInstanceId”"),
        ("execution.getVariable(1)", "needs text, not number"),
        ("number('1e9')", "needs a number, not text"),
        ("dateTime('2026-02-30')", "no such day"),
        ("dateTime(1)", "needs a date, not number"),
        ("dateTime('2026-01-01').plusDays(0.5)", "whole number"),
        ("dateTime('2026-01-01').plusYears(200)", "longer than 100 years"),
        ("notable == 1", "bool cannot be compared with number"),
        ("notable > false", "no order"),
        ("order.total and true", "needs true or false, not number"),
        ("decision.band ? 1 : 2", "needs true or false, not null"),
        ("order.type + 1", "needs a number, not text"),
        ("order.total in order.type", "needs a list"),
        ("order == order and order < order", "no order"),
        (" * ".join(["999999999999999999"] * 3), "too large"),
    ],
)
def test_values_that_do_not_fit(text: str, reason: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        parse(text).evaluate(SCOPE)
    assert reason in caught.value.sentence()


def test_python_objects_stay_closed() -> None:
    class Secret:
        password = "x"

    with pytest.raises(ExpressionFailed):
        parse("thing.password").evaluate({"thing": Secret()})


def test_names_and_tree() -> None:
    found = parse("${a.b > 1 and (c ? d : a.b) == 2}")
    assert found.names == {"a.b", "c", "d"}
    assert parse("a.b > 1").node == Compare(">", Name(("a", "b")), Literal(1))
    assert parse("a.b > 1") is parse("a.b > 1")


def test_condition_must_be_true_or_false() -> None:
    assert parse("1 == 1").holds({}) is True
    with pytest.raises(ExpressionFailed):
        parse("1 + 1").holds({})


def test_long_chains_do_not_exhaust_the_stack() -> None:
    assert parse("1" + " + 1" * 480).evaluate({}) == 481
    assert parse("true" + " and true" * 200).evaluate({}) is True
    with pytest.raises(ExpressionInvalid):
        parse("!" * (DEEPEST + 5) + "true")


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.text(alphabet="ab.1'\"()[]!&|=<>+-*/%?:, nulltrueinotdbwmpysz_${}\\\n中", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except ExpressionInvalid as refusal:
        position, sentence = refusal.details["position"], refusal.sentence()
    else:
        position, sentence = 1, "read"
        with contextlib.suppress(ExpressionFailed):
            found.evaluate({"a": 1, "b": {"a": True}, "ab": [1, "b"]})
    assert 1 <= position <= len(text) + 1
    assert sentence


OPS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(-(10**12), 10**12), OPS, st.decimals(-1000, 1000, places=2))
def test_numbers_compare_exactly(left: int, op: str, right: Decimal) -> None:
    expected = eval(f"left {op} right", {"left": left, "right": right})
    assert parse(f"x {op} {'-' if right < 0 else ''}{abs(right):f}").evaluate({"x": left}) is expected
