"""Scripts: assignments only, nothing changed in place, every error with its line."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import jsontext
from app.core.expressions import ExpressionFailed, ExpressionInvalid, ScriptFailed, ScriptInvalid, parse_script
from app.core.expressions.scripts import LONGEST_SCRIPT, MOST_STATEMENTS

SCOPE: dict[str, Any] = {
    "price": 12.5,
    "quantity": 4,
    "order": {"total": 1, "customer": {"name": "华山"}, "lines": [{"qty": 2}]},
    "nothing": None,
    "text": "x",
}


@pytest.mark.parametrize(
    ("script", "changed", "result"),
    [
        ("total = price * quantity", {"total": 50}, None),
        ("a = 1; b = a + 1\nc = a + b;", {"a": 1, "b": 2, "c": 3}, None),
        ("quantity = quantity + 1\nquantity = quantity + 1", {"quantity": 6}, None),
        ("order.total = 9", {"order": {**SCOPE["order"], "total": 9}}, None),
        (
            "order.customer.tier = 'S'",
            {"order": {**SCOPE["order"], "customer": {"name": "华山", "tier": "S"}}},
            None,
        ),
        ("new.deep.name = 1; nothing.x = 2", {"new": {"deep": {"name": 1}}, "nothing": {"x": 2}}, None),
        (
            "x = order.lines[0].qty // the first\n# and a line\n\n  y = 'a # b // c; d'",
            {"x": 2, "y": "a # b // c; d"},
            None,
        ),
        ("x = [\n 1,\n 2\n]", {"x": [1, 2]}, None),
        ("x = ${price / 2}\ny = #{quantity}", {"x": 6.25, "y": 4}, None),
        ("a = quantity == 4 ? 'four' : 'other'", {"a": "four"}, None),
        ("price * 2", {}, 25),
        ("a = 2\na * a", {"a": 2}, 4),
        ("quantity >= 4", {}, True),
        ("concat('a=', quantity)", {}, "a=4"),
        ("text == 'a=b'", {}, False),
        ("", {}, None),
        ("// nothing\n;;\n", {}, None),
        ("产品.数量 = 3", {"产品": {"数量": 3}}, None),
    ],
)
def test_what_scripts_do(script: str, changed: dict[str, Any], result: Any) -> None:
    before = copy.deepcopy(SCOPE)
    ran = parse_script(script).run_to_result(SCOPE)
    assert (ran.changed, ran.result) == (changed, result)
    assert parse_script(script).run(SCOPE) == changed
    assert before == SCOPE
    assert jsontext.loads(jsontext.dumps(ran.changed)) == changed


def test_what_is_copied_shares_nothing_with_the_scope() -> None:
    scope = {"order": {"inner": {"n": 1}}}
    changed = parse_script("copy = order; copy.inner.n = 2; order.x = copy").run(scope)
    assert changed == {"copy": {"inner": {"n": 2}}, "order": {"inner": {"n": 1}, "x": {"inner": {"n": 2}}}}
    assert scope == {"order": {"inner": {"n": 1}}}


def test_result_expression() -> None:
    assert parse_script("a = 1").result is None
    found = parse_script("a = 1\na + 1")
    assert found.result is not None
    assert found.result.text == "a + 1"
    assert parse_script("a = 1\na + 1") is found


@pytest.mark.parametrize(
    ("script", "line", "at", "reason"),
    [
        ("a = 1\nb = ", 2, 4, "missing"),
        ("a = 1\n\n  b = 1 +\nc = 2", 3, 8, "missing"),
        ("a + 1\nb = 2", 1, 1, "no effect"),
        ("a = 1; b = f(2)", 1, 6, "cannot be called"),
        ("import os", 1, 8, "not expected"),
        ("execution.setVariable('a', 1)", 1, 22, "cannot be called"),
        ("execution.x = 1", 1, 1, "cannot be assigned to"),
        ("a[0] = 1", 1, 1, "only names"),
        ("\na['k'] = 1", 2, 1, "only names"),
        ("1 = 2", 1, 1, "only names"),
        ("null = 2", 1, 1, "only names"),
        ("__class__.x = 1", 1, 1, "no name"),
        (" = 1", 1, 1, "missing"),
        ("a = b = 1", 1, 7, "not expected"),
        ("a += 1", 1, 4, "missing"),
        ("var a = 1", 1, 5, "not expected"),
        ("a = 'x\nb = 2", 1, 5, "closing quote"),
        ("a = (1\nb = 2", 1, 8, "not expected"),
        ("if (a) { b = 1 }", 1, 8, "not expected"),
        ("a = 1\n" * MOST_STATEMENTS + "b = 2", MOST_STATEMENTS + 1, 1, "more than 100 statements"),
        ("#" * (LONGEST_SCRIPT + 1), 1, 1, "longer"),
    ],
)
def test_refusals_name_the_line(script: str, line: int, at: int, reason: str) -> None:
    with pytest.raises(ScriptInvalid) as caught:
        parse_script(script)
    details = caught.value.details
    assert (details["line"], details["position"]) == (line, at)
    assert reason in caught.value.sentence()
    assert isinstance(caught.value, ExpressionInvalid)


@pytest.mark.parametrize(
    ("script", "line", "reason"),
    [
        ("a = 1\nb = nowhere", 2, "no “nowhere”"),
        ("a = 1 / 0", 1, "division by zero"),
        ("text.x = 1", 1, "“text” is no object: it is text"),
        ("\norder.lines.x = 1", 2, "“order.lines” is no object: it is list"),
        ("order.total.x.y = 1", 1, "“order.total” is no object"),
        ("a = 1\n\n\na + text", 4, "needs a number, not text"),
    ],
)
def test_failures_name_the_line(script: str, line: int, reason: str) -> None:
    with pytest.raises(ScriptFailed) as caught:
        parse_script(script).run(SCOPE)
    assert caught.value.details["line"] == line
    assert reason in caught.value.sentence()
    assert isinstance(caught.value, ExpressionFailed)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("a = ['x']", "a = [a, a]"),
        ("a.x = 1", "a.x = a; a.y = a"),
        ("a = 'xxxxxxxxxx'", "a = concat(a, a)"),
        ("a = 999", "a = a * a"),
        ("a.x = 1", "a.x = a"),
        ("a = [1]", "a = [[[[[[[[[[a]]]]]]]]]]"),
    ],
)
def test_values_cannot_grow_without_end(first: str, again: str) -> None:
    script = "\n".join([first, *[again] * (98 // (again.count(";") + 1))])
    with pytest.raises(ScriptFailed) as caught:
        parse_script(script).run({})
    assert "result is too" in caught.value.sentence()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet="ab.=;\n'\"#/()[]+1 {}$", max_size=60))
def test_any_script_is_read_or_refused(text: str) -> None:
    try:
        script = parse_script(text)
    except ScriptInvalid as refusal:
        line, sentence = refusal.details["line"], refusal.sentence()
    else:
        line, sentence = 1, "read"
        with contextlib.suppress(ScriptFailed):
            script.run({"a": 1, "b": {"a": 2}})
    assert 1 <= line <= text.count("\n") + 1
    assert sentence
