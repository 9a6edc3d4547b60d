"""Decision tables as versions: submitted, tried, put into force, decided over facts and variables, replayed."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import service
from app.decisions.dmn.table import HitPolicyBroken
from app.decisions.facts import FactsInvalid, fact
from app.decisions.source import RuleFileInvalid
from tests.decisions.dmn.factories import dmn

FREIGHT = dmn(
    [("credit.overdue_days", "integer"), ("express", "boolean"), ("weight * 2", "number")],
    [("route", "string"), ("fee", "number")],
    [
        ["> 30", "-", "-", '"hold"', ""],
        ["<= 30", "true", "[0..5)", '"air"', "12.5"],
        ["<= 30", "-", "-", '"road"', "3"],
    ],
    policy="FIRST",
)
SUBJECT = Subject("order", "x")


@pytest.fixture
def table(tx, monkeypatch):
    monkeypatch.setitem(fact._functions, "credit", credit)
    draft = service.submit(SYSTEM, FREIGHT, "freight.dmn", cases="[]")
    version = service.try_version(SYSTEM, draft)
    service.activate(SYSTEM, version)
    return version


def credit(_subject, _as_of):
    return [{"overdue_days": 5, "over_limit_fen": 0, "prepaid": False}]


def decide(**variables):
    return service.decide("freight", SUBJECT, variables=variables)


def test_facts_and_variables_decide_and_the_decision_replays(table):
    made = decide(express=True, weight=2)
    assert (made.result.route, made.result.result) == ("air", {"route": "air", "fee": 12.5})
    assert made.result.fired == ["row2", "row3"]
    assert made.facts == {"input": [{"c1": 5, "c2": True, "c3": "4"}]}
    assert decide(express=False, weight=2).result.result == {"route": "road", "fee": 3}
    again = service.replay(made)
    assert (again.same, again.outcome) == (True, made.result)


@pytest.mark.any_database
def test_what_does_not_fit_is_refused_by_its_expression(table):
    with pytest.raises(FactsInvalid, match="express"):
        decide(express="yes", weight=2)
    with pytest.raises(FactsInvalid, match="weight"):
        decide(express=True)


@pytest.mark.any_database
def test_the_trial_refuses_what_the_hit_policy_forbids(tx):
    with pytest.raises(RuleFileInvalid, match="can hold together"):
        service.submit(SYSTEM, FREIGHT.replace('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"'), "freight.dmn")
    joined = dmn(
        [("express", "boolean")],
        [("fee", "integer")],
        [["true", "1"], ["true", "1"]],
        policy="COLLECT",
        aggregation="SUM",
    )
    service.activate(SYSTEM, service.try_version(SYSTEM, service.submit(SYSTEM, joined, "f.dmn", cases="[]")))
    assert decide(express=True).result.result == 2
    assert decide(express=False).result.result is None
    assert HitPolicyBroken.__doc__


@pytest.mark.any_database
def test_its_cases_are_run(tx):
    case = "- {case: air, facts: {input: {c1: 1, c2: true, c3: 1}}, expect: {route: air, result: {route: air, fee: 12.5}}}\n"
    draft = service.submit(SYSTEM, FREIGHT, "freight.dmn", cases=case)
    service.try_version(SYSTEM, draft)
    wrong = service.submit(SYSTEM, FREIGHT.replace("12.5", "13.5"), "freight.dmn", cases=case)
    with pytest.raises(Exception, match="air"):
        service.try_version(SYSTEM, wrong)
