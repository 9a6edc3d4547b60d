"""The generated oracle: nothing anybody wrote is code in it, and what is not there is told as the closures tell it."""

from __future__ import annotations

import ast

import pytest

from app.decisions.engines.closures import Closures
from app.decisions.engines.generated import Generated
from tests.decisions.factories import DAY, SHIPPED, plan_of, rule, shipped, whole

EVIL = "'); __import__('os').abort() #"


def test_texts_are_constants_and_never_code():
    plan = plan_of(rule("R1", f'all: [{{order: "number == \\"{EVIL}\\""}}]'))
    made = Generated(plan)
    called = {
        node.func.id
        for node in ast.walk(ast.parse(made.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called == {"fire", "slowly"}
    assert [firing.rule for firing in made.run(whole(plan, order={"number": EVIL}), DAY)] == ["R1"]
    assert made.run(whole(plan), DAY) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_the_source_knows_only_our_names(name):
    source = Generated(shipped(name)).source
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    ours = {"facts", "day", "fact", "key", "keys", "fired", "fire", "Firing", "slowly", "tuple", "sorted", "set"}
    assert all(one in ours or (one[0] in "agmtc" and one[1:].isdigit()) for one in names), names


def test_a_kind_that_is_missing_is_told_as_the_closures_tell_it():
    plan = plan_of(rule("R1", "all: [{order: po_present}, {not: {contract: days_left > 3}}]"))
    facts = whole(plan)
    del facts["order"]
    assert Generated(plan).run(facts, DAY) == Closures(plan).run(facts, DAY) == []


def test_a_rule_counts_from_its_first_to_its_last_day():
    from datetime import date, timedelta

    limited = rule("A", "all: [{order: po_present}]") + "  valid_from: 2026-11-20\n  valid_to: 2026-11-24\n"
    made = Generated(plan_of(limited))
    facts = whole(made.plan)
    days = [date(2026, 11, 18) + timedelta(days=n) for n in range(9)]
    assert [day.day for day in days if made.run(facts, day)] == [20, 21, 22, 23, 24]
