"""A gateway or business rule task may pin the version of its rule set; where rule sets are used is told to their pages."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.decisions import publish, queries
from app.decisions import service as decisions
from app.decisions.facts import fact
from app.decisions.uses import uses_of
from app.processes import service
from app.processes.engine import DiagramRefused
from app.processes.queries import variables_of
from tests.decisions.factories import rule, shipped, text_of, whole
from tests.processes.diagrams import chain, choice, end, flow, node, process, start, user

LIN = Actor(id="u1", login="lin", name="Lin", roles=frozenset({"designer"}))
WU = Actor(id="u2", login="wu", name="Wu", roles=frozenset({"manager"}))


def text(route: str) -> str:
    return text_of(rule("R1", "all: [{order: line_count >= 0}]", f"route: {route}"))


@pytest.fixture
def two_versions(tx: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "try_out", lambda _job: None)
    for route in ("one", "two"):
        made = decisions.submit(LIN, text(route), cases="")
        decisions.try_version(LIN, made)
        decisions.activate(WU, decisions.approve(WU, made))
    decisions.submit(LIN, text("none"), cases="")
    order = whole(shipped("priority"))["order"]
    monkeypatch.setattr(fact, "_functions", {"order": lambda *_asked: order})


def diagram(key: str, **pin: str) -> bytes:
    return process(
        start(),
        choice("g", "g-a", rule_set="trial", **pin),
        user("a"),
        user("b"),
        end(),
        chain("s", "g", "a", "e"),
        flow("g", "b", "${decision.route == 'one'}"),
        flow("b", "e"),
        key=key,
    )


def test_the_pinned_version_decides_else_the_one_in_force(two_versions: None) -> None:
    for key, pin, route in (("pinned", {"youxu__ruleSetVersion": "1"}, "one"), ("loose", {}, "two")):
        service.deploy(SYSTEM, diagram(key, **pin))
        made = service.start(SYSTEM, key, Subject("thing", key), variables={})
        decision = variables_of(made.id)["decisions"]["g"]
        assert decision["route"] == route
        stored = queries.get_decision(decision["id"])
        assert stored.rule_set_version == (1 if pin else 2)
        assert decisions.replay(stored).same


def test_a_business_rule_task_pins_too(two_versions: None) -> None:
    task = node("businessRuleTask", "t", youxu__ruleSet="trial", youxu__ruleSetVersion="1", camunda__resultVariable="x")
    service.deploy(SYSTEM, process(start(), task, user("u"), end(), chain("s", "t", "u", "e"), key="task"))
    made = service.start(SYSTEM, "task", Subject("thing", "t"), variables={})
    assert variables_of(made.id)["x"]["route"] == "one"


@pytest.mark.parametrize("pin", ["3", "99", "0", "-1", "x", "", "1.0", "99999999999999999999"])
def test_a_version_that_never_was_in_force_is_refused_at_deploy(two_versions: None, pin: str) -> None:
    with pytest.raises(DiagramRefused) as caught:
        service.deploy(SYSTEM, diagram("wrong", youxu__ruleSetVersion=pin))
    assert f"There is no version {pin[:20]} of rule set “trial”." in str(caught.value.details)


def test_a_version_without_a_rule_set_is_refused(two_versions: None) -> None:
    gateway = node("exclusiveGateway", "g", default="g-a", youxu__ruleSetVersion="1")
    with pytest.raises(DiagramRefused) as caught:
        service.deploy(
            SYSTEM,
            process(
                start(),
                gateway,
                user("a"),
                user("b"),
                end(),
                chain("s", "g", "a", "e"),
                flow("g", "b", "${x}"),
                flow("b", "e"),
            ),
        )
    assert "ruleSetVersion" in str(caught.value.details)


def test_where_a_rule_set_is_used(two_versions: None) -> None:
    service.deploy(SYSTEM, diagram("loose"))
    service.deploy(SYSTEM, diagram("loose", youxu__ruleSetVersion="1"), release=False)
    found = uses_of("trial")
    assert [(use.version, use.in_force, use.pinned) for use in found] == [(1, True, None), (2, False, 1)]
    assert uses_of("nowhere") == []
