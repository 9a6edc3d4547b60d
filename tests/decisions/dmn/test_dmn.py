"""Decision tables: entries, hit policies, what is refused; on both engines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from app.decisions.dmn.checks import refuse_useless
from app.decisions.dmn.reading import read_table
from app.decisions.dmn.table import HitPolicyBroken
from app.decisions.source import RuleFileInvalid
from tests.decisions.dmn.factories import answer, dmn, table

INPUTS = [("order.total_fen", "integer"), ("customer.tier", "string")]
OUTPUTS = [("fee", "integer")]


@pytest.mark.parametrize(
    ("entry", "kind", "holds", "fails"),
    [
        ("", "integer", [1, None], []),
        ("-", "string", ["x", None], []),
        ("5", "integer", [5], [4, None]),
        ("-5", "integer", [-5], [5]),
        ("1, 3,7", "integer", [1, 3, 7], [2, None]),
        ("< 5", "integer", [4], [5, None]),
        (">=5", "integer", [5], [4]),
        ("< 0, > 9", "integer", [-1, 10], [0, 9, None]),
        ("[1..5]", "integer", [1, 5], [0, 6, None]),
        ("(1..5)", "integer", [2, 4], [1, 5]),
        ("]1..5[", "integer", [2, 4], [1, 5]),
        ("[1..5[", "integer", [1, 4], [5]),
        ("not(1, 2)", "integer", [3], [1, 2, None]),
        ("not([1..5], 9)", "integer", [0, 6], [1, 5, 9, None]),
        ("not(< 5)", "integer", [5], [4, None]),
        ("null", "integer", [None], [0]),
        ("not(null)", "integer", [0], [None]),
        ("1.5", "double", [Decimal("1.5")], [Decimal(1)]),
        ("[0.1..2)", "number", [Decimal("0.1"), 1], [2, Decimal("0.099999")]),
        ('"A", "B"', "string", ["A", "B"], ["C", "a", None]),
        ('not("A")', "string", ["B"], ["A", None]),
        ('"a\\"b"', "string", ['a"b'], ["ab"]),
        ('"中文"', "string", ["中文"], ["x"]),
        ("true", "boolean", [True], [False, None]),
        ("false", "boolean", [False], [True]),
        ('date("2026-01-31")', "date", [date(2026, 1, 31)], [date(2026, 2, 1)]),
        ('< date("2026-01-31")', "date", [date(2026, 1, 30)], [date(2026, 1, 31), None]),
        ('[date("2026-01-01")..date("2026-01-31")]', "date", [date(2026, 1, 31)], [date(2026, 2, 1)]),
    ],
)
def test_entries(entry, kind, holds, fails):
    made = table([("x", kind)], OUTPUTS, [[entry, "1"]])
    assert [answer(made, value) for value in holds] == [{"fee": 1}] * len(holds)
    assert [answer(made, value) for value in fails] == [None] * len(fails)


ROWS = [["> 10", '"S"', "1"], ["> 10", "-", "2"], ["-", '"S"', "2"], ["> 100", "-", "5"]]


@pytest.mark.parametrize(
    ("policy", "aggregation", "values", "expected"),
    [
        ("FIRST", "", (101, "S"), {"fee": 1}),
        ("FIRST", "", (101, "A"), {"fee": 2}),
        ("FIRST", "", (1, "A"), None),
        ("PRIORITY", "", (101, "S"), {"fee": 5}),
        ("PRIORITY", "", (11, "S"), {"fee": 2}),
        ("COLLECT", "", (101, "S"), [{"fee": n} for n in (1, 2, 2, 5)]),
        ("COLLECT", "", (1, "A"), []),
        ("COLLECT", "SUM", (101, "S"), 10),
        ("COLLECT", "MIN", (101, "S"), 1),
        ("COLLECT", "MAX", (101, "S"), 5),
        ("COLLECT", "COUNT", (101, "S"), 4),
        ("COLLECT", "SUM", (1, "A"), None),
        ("COLLECT", "COUNT", (1, "A"), 0),
        ("RULE ORDER", "", (11, "S"), [{"fee": 1}, {"fee": 2}, {"fee": 2}]),
        ("OUTPUT ORDER", "", (101, "S"), [{"fee": 5}, {"fee": 2}, {"fee": 2}, {"fee": 1}]),
        ("ANY", "", (11, "A"), {"fee": 2}),
    ],
)
def test_hit_policies(policy, aggregation, values, expected):
    made = table(INPUTS, [("fee", "integer", "5, 2, 1")], ROWS, policy=policy, aggregation=aggregation)
    assert answer(made, *values) == expected


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY"])
def test_a_broken_hit_policy_is_an_error_not_a_choice(policy):
    made = table(INPUTS, OUTPUTS, ROWS, policy=policy)
    with pytest.raises(HitPolicyBroken, match="row1"):
        answer(made, 101, "S")


def test_defaults_and_several_outputs():
    outputs = [("route", "string", "", '"manual"'), ("fee", "double"), ("fast", "boolean")]
    made = table(INPUTS, outputs, [["> 10", "-", '"auto"', "1.5", "true"], ["<= 3", "-", '"auto"', "", "false"]])
    assert answer(made, 11, "S") == {"route": "auto", "fee": Decimal("1.5"), "fast": True}
    assert answer(made, 3, None) == {"route": "auto", "fee": None, "fast": False}
    assert answer(made, 5, "S") == {"route": "manual", "fee": None, "fast": None}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("> 10", "about 10"), "no unary test|not a constant|too much"),
        (("> 10", "> "), "ends too early"),
        (("> 10", "> 'x'"), "no unary test"),
        (("> 10", '"ten"'), "must be a whole number"),
        (("> 10", "1 2"), "too much"),
        (("> 10", "[1..2"), "ends too early"),
        (("> 10", "> customer.x"), "is not a constant"),
        (("> 10", "1.5"), "must be a whole number"),
        (('typeRef="integer"', 'typeRef="money"'), "“money” is not known"),
        (('hitPolicy="FIRST"', 'hitPolicy="BEST"'), "“BEST” is not known"),
        (('hitPolicy="FIRST"', 'hitPolicy="PRIORITY"'), "in order of priority"),
        (('hitPolicy="FIRST"', 'hitPolicy="FIRST" aggregation="SUM"'), "an aggregation needs COLLECT"),
        (("order.total_fen", "order..total"), "."),
        (("order.total_fen", ""), "input 1 has no expression"),
        (('id="freight"', 'id="the freight"'), "needs an id"),
        (("<outputEntry>", "<other>"), "well-formed"),
        (("20191111", "20301111"), "not a DMN"),
        (('name="fee"', 'name=""'), "needs a name"),
        (("<text>1</text>", "<text>one</text>"), "no constant of type int"),
    ],
)
def test_what_is_refused(change, reason):
    text = dmn(INPUTS, OUTPUTS, [["> 10", "-", "1"]], policy="FIRST")
    if change[0] == "> 10":
        change = (escape(change[0]), escape(change[1]))
    assert change[0] in text
    with pytest.raises(RuleFileInvalid, match=reason):
        read_table(text.replace(*change, 1))


def test_hostile_documents():
    bomb = '<!DOCTYPE d [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>' + dmn(INPUTS, OUTPUTS, [["-", "-", "1"]])
    for text in (bomb, "", "<", "<a/>", "x" * 600_000, "\x00", "<definitions/>"):
        with pytest.raises(RuleFileInvalid):
            read_table(text)


@pytest.mark.parametrize(
    ("policy", "rows", "reason"),
    [
        ("UNIQUE", [["> 10", "-", "1"], ["> 5", '"S"', "2"]], "can hold together with row1"),
        ("ANY", [["> 10", "-", "1"], ["> 5", '"S"', "2"]], "can hold together with row1"),
        ("FIRST", [["> 10", "-", "1"], ["> 11", '"S"', "2"]], "row1 decide"),
        ("FIRST", [["<= 0", "-", "1"], ["> 0", "-", "2"], ["[-5..5]", "-", "3"]], "row1, row2 decide"),
        ("COLLECT", [["(5..6)", "-", "1"]], "contradict"),
    ],
)
def test_tables_that_cannot_mean_what_they_say(policy, rows, reason):
    with pytest.raises(RuleFileInvalid, match=reason):
        refuse_useless(table(INPUTS, OUTPUTS, rows, policy=policy), "t.dmn")


@pytest.mark.parametrize(
    ("policy", "rows"),
    [
        ("UNIQUE", [["> 10", "-", "1"], ["<= 10", '"S"', "2"], ["<= 10", 'not("S")', "3"]]),
        ("ANY", [["> 10", "-", "1"], ["> 5", '"S"', "1"]]),
        ("FIRST", [["> 10", "-", "1"], ["> 9", "-", "2"], ["-", "-", "3"]]),
        ("COLLECT", [["> 10", "-", "1"], ["> 10", "-", "1"]]),
    ],
)
def test_tables_that_can(policy, rows):
    refuse_useless(table(INPUTS, OUTPUTS, rows, policy=policy), "t.dmn")
