"""Text with expressions in it, time and instance through the scope, and the limits of what an expression makes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.expressions import (
    EXECUTION,
    NOW,
    ExpressionFailed,
    ExpressionInvalid,
    as_json,
    parse,
    parse_template,
)
from app.core.expressions.values import HEAVIEST, LONGEST_TEXT

MOMENT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
SCOPE: dict[str, Any] = {
    "number": "SO-1",
    "customer": {"name": "华山医院", "tier": None},
    "total": 12.5,
    "count": 3,
    "big": 10**40,
    "lines": [{"qty": 1}, {"qty": 2.5}],
    "due": "2026-11-22T22:00:00+08:00",
    NOW: MOMENT,
    EXECUTION: {"processBusinessKey": "B-7", "processInstanceId": "i1"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Order ${number} for ${customer.name}", "Order SO-1 for 华山医院"),
        ("#{number}/${count + 1}", "SO-1/4"),
        ("${total}${total * 2}", "12.525"),
        ("tier: ${customer.tier}.", "tier: ."),
        ("${lines} and ${count > 2}", '[{"qty":1},{"qty":2.5}] and true'),
        ("${count}", 3),
        (" ${lines}\n", SCOPE["lines"]),
        ("plain, $ { } # and 'quotes", "plain, $ { } # and 'quotes"),
        ("", ""),
        ("  kept ", "  kept "),
        (r"\${number} is ${number}", "${number} is SO-1"),
        ("${'}'}${\"}\"}", "}}"),
        ("${'it\\'s }'} ${count}", "it's } 3"),
        ("${'x'}", "x"),
        ("${now()}!", "2026-11-22T14:00:00+00:00!"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert parse_template(text).evaluate(SCOPE) == value


def test_plain_text_is_known_as_constant() -> None:
    assert parse_template("PT2H").is_constant
    assert not parse_template("${due}").is_constant
    assert parse_template("a ${b.c} ${d}").names == {"b.c", "d"}


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("a ${", 3, "no closing brace"),
        ("a ${b", 3, "no closing brace"),
        ("a ${b 'c}", 3, "no closing brace"),
        ("ab ${} c", 6, "missing"),
        ("ab ${x +} c", 9, "missing"),
        ("ab ${x} ${y z}", 13, "not expected"),
        ("ab ${x} ${f(1)}", 12, "cannot be called"),
        ("${" + "x" * 3000 + "}", 2003, "longer"),
        ("x" * 20_001, 20_001, "longer"),
    ],
)
def test_refusals_say_where_and_why(text: str, at: int, reason: str) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        parse_template(text)
    assert caught.value.details["position"] == at
    assert reason in caught.value.sentence()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet="a$#{}'\"\\ +(", max_size=30))
def test_any_template_is_read_or_refused_and_plain_text_stays(text: str) -> None:
    found, place = None, 1
    try:
        found = parse_template(text)
    except ExpressionInvalid as refusal:
        place = refusal.details["position"]
    assert 1 <= place <= len(text) + 1
    if "${" not in text and "#{" not in text:
        assert found is not None
        assert found.evaluate({}) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("now()", MOMENT),
        ("dateTime()", MOMENT),
        ("dateTime(due) == now()", True),
        ("dateTime(due).plusSeconds(1) > now()", True),
        ("dateTime().plusDays(1).minusHours(2).toDate()", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
        ("now().plusMonths(-1)", datetime(2026, 10, 22, 14, 0, tzinfo=UTC)),
        ("now().minusYears(1).minusWeeks(1)", datetime(2025, 11, 15, 14, 0, tzinfo=UTC)),
        ("now().plusMinutes(count)", datetime(2026, 11, 22, 14, 3, tzinfo=UTC)),
        ("execution.processBusinessKey", "B-7"),
        ("execution.getBusinessKey() == execution.getProcessBusinessKey()", True),
        ("execution.processInstanceId.equals(execution.getProcessInstanceId())", True),
        ("execution.hasVariable('execution')", False),
        ("execution.getVariable('now()')", None),
        ("execution.getVariable('customer').name", "华山医院"),
    ],
)
def test_time_and_instance_come_through_the_scope(text: str, value: Any) -> None:
    assert parse(text).evaluate(SCOPE) == value


def refused(text: str, scope: dict[str, Any]) -> str:
    with pytest.raises(ExpressionFailed) as caught:
        parse_template(text).evaluate(scope)
    return caught.value.sentence()


def test_what_an_expression_makes_has_a_limit() -> None:
    half = {"t": "x" * (LONGEST_TEXT // 2), "n": 1}
    assert len(parse_template("${t}${t}").evaluate(half)) == LONGEST_TEXT
    for text in ("${t}${t}${n}", "${concat(t, t, n)}"):
        assert "too long" in refused(text, half)
    long = {"t": "x" * (LONGEST_TEXT + 1), "big": [0] * HEAVIEST, "deep": []}
    assert parse("t").evaluate(long) == long["t"]
    for text in (
        "${t.toUpperCase()}",
        "${t.trim()}",
        "${t.concat(t)}",
        "${t.replace('', t)}",
        "${t.substring(0)}",
        "${[big]}",
        "a${big}",
        "${[t, t, t, t, t]}",
    ):
        assert "too long" in refused(text, long)
    assert "too long" in refused("a ${big}", SCOPE)


def test_a_list_of_lists_of_one_list_cannot_hide_its_size() -> None:
    value: list[Any] = ["x"]
    for _round in range(60):
        value = [value, value]
    assert "too long" in refused("${[a]}", {"a": value})


def test_json_values() -> None:
    given_ = {"a": [Decimal("1.50"), Decimal("2.00"), Decimal("NaN")], "b": MOMENT, "c": date(2026, 11, 22), "d": (1,)}
    assert as_json(given_) == {"a": [1.5, 2, None], "b": "2026-11-22T14:00:00+00:00", "c": "2026-11-22", "d": [1]}
    assert isinstance(as_json(Decimal("2.00")), int)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6).filter(bool))
def test_quotient_and_remainder_belong_together(left: int, right: int) -> None:
    scope = {"a": left, "b": right}
    assert parse("((a - a % b) / b) * b + a % b == a").evaluate(scope) is True
    rest = parse("a % b").evaluate(scope)
    assert abs(rest) < abs(right)
    assert rest == 0 or (rest < 0) is (left < 0)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.decimals(-(10**9), 10**9, places=6), st.decimals(-(10**9), 10**9, places=6))
def test_sums_and_products_are_exact(left: Decimal, right: Decimal) -> None:
    scope = {"a": left, "b": right}
    assert parse("a + b - b == a and (a * b) == (b * a)").evaluate(scope) is True
    assert Fraction(parse("a * b").evaluate(scope)) == Fraction(left) * Fraction(right)
    assert Fraction(parse("-(a * b)").evaluate(scope)) == -Fraction(left) * Fraction(right)
