"""Deciding, storing, explaining, replaying; versions from draft to force."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import clock, jsontext
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.decisions import life, publish, queries, runtime, service, smoke
from app.decisions.assemble import assemble
from app.decisions.cases import CaseFailed
from app.decisions.engines import EngineFault
from app.decisions.engines.durable import Durable
from app.decisions.facts import FactsInvalid, fact, gather
from app.decisions.models import Decision, VersionAltered, _refuse_change
from app.decisions.outcome import firings_of
from app.decisions.schema import FOLDER
from app.decisions.source import RuleFileInvalid
from tests.conftest import NOON
from tests.decisions.factories import SHIPPED, plan_of, rule, schema_text, seed, shipped, text_of, whole

ORDER = Subject("order", "o1")
AUTHOR = Actor(id="u1", login="lin", name="Lin", roles=frozenset({"qa_ra"}))
OTHER = Actor(id="u2", login="wu", name="Wu", roles=frozenset({"manager"}))
TRIAL = text_of(rule("R1", "all: [{order: total_fen >= parameters.big}]", "points: 5, factor: f"))


@pytest.fixture
def seeded(tx: Session) -> Session:
    seed()
    return tx


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of drafts run here, a few rounds: a process of its own is tried below."""

    def try_out(job: smoke.Job) -> None:
        for name, body in job.files:
            smoke.run_one(name, body, job.schema, rounds=3)

    monkeypatch.setattr(publish, "try_out", try_out)


def facts(name: str = "priority", **changes: object) -> dict:
    return whole(shipped(name), **changes)


def test_seed_puts_every_rule_set_into_force_once(seeded: Session) -> None:
    assert [version.rule_set for version in queries.rule_sets()] == list(SHIPPED)
    assert {version.status for version in queries.rule_sets()} == {"active"}
    assert service.seed(SYSTEM) == []


def test_a_decision_is_stored_whole(seeded: Session) -> None:
    made = service.decide("priority", ORDER, facts=facts(order={"order_type": "emergency"}))
    stored = queries.get_decision(made.id)
    assert (stored.rule_set_version, stored.engine, stored.subject_id) == (1, "durable", "o1")
    assert stored.result == made.result
    assert (stored.result.score, stored.result.band) == (250, "P0")
    assert stored.version_hash == queries.active_version("priority").sha256
    assert stored.facts["order"][0]["order_type"] == "emergency"
    assert stored.facts_hash == jsontext.digest(stored.facts)
    assert queries.decisions_of(ORDER) == [stored]


def test_one_statement_per_decision(seeded: Session, statements: list[str]) -> None:
    given = facts()
    service.decide("priority", ORDER, facts=given)
    statements.clear()
    for _round in range(5):
        service.decide("priority", ORDER, facts=given)
    assert len(statements) == 5
    assert all(statement.startswith("INSERT INTO decisions") for statement in statements)


def test_every_past_decision_can_be_replayed_to_the_letter(seeded: Session) -> None:
    made = [
        service.decide("priority", ORDER, facts=facts(order={"slack_days": days, "hours_to_surgery": days * 9}))
        for days in range(-2, 16)
    ]
    made.append(
        service.decide("compliance_gate", ORDER, facts=facts("compliance_gate", customer={"licence_valid": False}))
    )
    seeded.expire_all()
    with clock.moved(NOON + timedelta(days=400)):  # replays ask nothing of today
        replays = [service.replay(queries.get_decision(one.id)) for one in made]
    assert all(one.same and one.engine == "durable" for one in replays)


def test_a_replay_uses_the_version_of_its_time(seeded: Session, quick: None) -> None:
    first = service.submit(AUTHOR, TRIAL)
    service.try_version(AUTHOR, first)
    service.approve(OTHER, first)
    service.activate(OTHER, first)
    given = {"order": whole(shipped("priority"))["order"]}
    before = service.decide("trial", ORDER, facts=given)
    second = service.submit(AUTHOR, TRIAL.replace("points: 5", "points: 9"))
    service.try_version(OTHER, second)
    service.approve(OTHER, second)
    service.activate(OTHER, second)
    after = service.decide("trial", ORDER, facts=given)
    assert (before.result.score, before.rule_set_version) == (5, 1)
    assert (after.result.score, after.rule_set_version) == (9, 2)
    assert service.replay(before).same
    assert service.replay(before).outcome.score == 5
    assert [version.status for version in queries.versions_of("trial")] == ["active", "retired"]


def test_the_words_of_what_is_stored_stay_the_same_to_the_letter() -> None:
    """Only what a decision comes to is stored: were its words formed differently one day, past decisions and what was
    signed would read differently."""
    plan = plan_of(
        rule(
            "A",
            "all: [{order: total_fen >= 100}]",
            "points: 80, factor: f",
            "{en: '{order.total_fen}, in {order.hours_to_surgery}, 5 %', zh: '{order.total_fen}，{customer.tier}级'}",
        ),
        rule(
            "B",
            "all: [{line: quantity > 5}]",
            "block: {basis: {en: law, zh: 法}, unblock: {en: less, zh: 少}}",
            "{en: '{line.quantity} of it', zh: '{line.quantity}件'}",
        ),
    )
    lines = [{"line": 2, "quantity": 7}, {"line": 5, "quantity": 6}]
    facts = whole(plan, order={"total_fen": 123456789, "hours_to_surgery": 1}, customer={"tier": "S"}, line=lines)
    stored = {"fired": ["A", "B"], "keys": {"B": [2, 5]}}
    told = jsontext.plain(assemble(plan, firings_of(stored), facts).to_json())
    assert [(line["rule"], line["points"], line["reason"]) for line in told["lines"]] == [
        ("A", 80, {"en": "1,234,567.89 CNY, in 1 h, 5 %", "zh": "1,234,567.89元，S级"}),
        (
            "cap:f",
            -30,
            {
                "en": "The group gives at most 50 points; its rules came to 80.",
                "zh": "本组最多计50分，各规则合计80分。",
            },
        ),
    ]
    assert [(block["line"], block["reason"]) for block in told["blocks"]] == [
        (2, {"en": "7 of it", "zh": "7件"}),
        (5, {"en": "6 of it", "zh": "6件"}),
    ]


def test_decisions_that_stored_their_words_are_shown_and_replayed(seeded: Session) -> None:
    made = service.decide("priority", ORDER, facts=facts(customer={"tier": "S"}))
    before = made.result
    assert "lines" not in made.outcome
    made.outcome = jsontext.plain(before.to_json())
    assert made.result == before
    assert made.result is not before
    assert service.replay(made).same
    made.outcome = {**made.outcome, "tags": ["x"]}
    assert not service.replay(made).same


def test_a_changed_outcome_does_not_replay(seeded: Session) -> None:
    made = service.decide("priority", ORDER, facts=facts())
    made.outcome = {**made.outcome, "score": 1}
    assert not service.replay(made).same


def test_decisions_and_versions_cannot_be_changed(seeded: Session) -> None:
    made = service.decide("priority", ORDER, facts=facts())
    for statement in ("UPDATE decisions SET engine = 'x'", "DELETE FROM decisions"):
        with pytest.raises(DBAPIError), seeded.begin_nested():
            seeded.execute(text(statement))
    version = queries.active_version("priority")
    version.body += "#"
    with pytest.raises(RuntimeError, match="immutable"):
        _refuse_change(inspect(Decision).mapper, None, version)
    seeded.expire(version)
    seeded.execute(text("UPDATE rule_set_versions SET body = body || '#' WHERE rule_set = 'priority'"))
    seeded.expire_all()
    with pytest.raises(VersionAltered):
        queries.not_fired(queries.get_decision(made.id))


@pytest.mark.any_database
def test_why_not(seeded: Session) -> None:
    made = service.decide("priority", ORDER, facts=facts(order={"hours_to_surgery": 50}, customer={"tier": "A"}))
    missed = {one.rule: one for one in queries.not_fired(made)}
    assert "S2c" not in missed
    assert missed["S2b"].asked["en"] == "order: hours until surgery ≤ 48 h"
    assert (missed["S2b"].found["en"], missed["S2b"].gap["zh"]) == ("50 h", "2小时")
    assert missed["S8S"].asked["zh"] == "客户：级别 = S"
    assert missed["S11"].found["en"] == "there is none"
    assert len(missed) + len(made.result.fired) == len(shipped("priority").rules)


def test_nothing_is_decided_on_missing_facts(seeded: Session) -> None:
    given = facts("compliance_gate")
    del given["customer"]
    with pytest.raises(FactsInvalid) as caught:
        service.decide("compliance_gate", ORDER, facts=given)
    assert "customer" in caught.value.sentence()
    with pytest.raises(FactsInvalid):
        gather(ORDER, ["nobody"], NOON)
    with pytest.raises(queries.NoSuchRuleSet):
        service.decide("nowhere", ORDER, facts={})
    assert seeded.query(Decision).count() == 0


def test_providers_are_asked_for_what_the_rules_need(seeded: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def provider(kind: str):
        def answer(subject: Subject, as_of: object) -> list:
            asked.append((kind, subject, as_of))
            return whole(
                shipped("stock_gate"), reservation={"short_quantity": 0, "short_lines": 0, "reserved_quantity": 2}
            )[kind]

        return answer

    monkeypatch.setattr(fact, "_functions", {kind: provider(kind) for kind in ("reservation", "qc", "order")})
    assert service.decide("stock_gate", ORDER, as_of=NOON).result.route == "complete"
    assert asked == [("qc", ORDER, NOON), ("reservation", ORDER, NOON)]


def test_a_matcher_that_fails_or_differs_is_overruled_and_said(
    seeded: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Durable, *_given: object) -> list:
        raise EngineFault("broken")

    monkeypatch.setattr(Durable, "run", fail)
    made = service.decide("task_outcome", ORDER, facts={"answer": [{"outcome": "approve", "step": "s"}]})
    assert (made.engine, made.result.route) == ("generated", "approve")
    monkeypatch.setattr(Durable, "run", lambda self, *given: [])
    made = service.decide("task_outcome", ORDER, facts={"answer": [{"outcome": "reject", "step": "s"}]})
    assert (made.engine, made.result.route) == ("generated", "reject")


def test_a_rule_set_outside_its_validity(seeded: Session) -> None:
    with pytest.raises(service.RuleSetNotInForce):
        service.decide("priority", ORDER, facts=facts(), as_of=NOON.replace(year=2020))


def test_drafts_need_a_trial_and_a_second_person(tx: Session, quick: None) -> None:
    version = service.submit(AUTHOR, TRIAL)
    with pytest.raises(life.NotTried):
        service.activate(OTHER, version)
    service.try_version(AUTHOR, version)
    with pytest.raises(life.OwnVersion):
        service.approve(AUTHOR, version)
    with pytest.raises(life.NotApproved):
        service.activate(OTHER, version)
    service.approve(OTHER, version)
    with pytest.raises(life.OwnVersion):
        service.activate(AUTHOR, version)
    service.activate(OTHER, version)
    with pytest.raises(publish.SameVersion):
        service.submit(OTHER, TRIAL)
    with pytest.raises(RuleFileInvalid):
        service.submit(AUTHOR, TRIAL.replace("total_fen", "totl_fen"))


def test_a_changed_file_becomes_a_draft(tx: Session, quick: None, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(TRIAL, encoding="utf-8")
    service.seed(SYSTEM, tmp_path)
    (tmp_path / "trial.yaml").write_text(TRIAL.replace("points: 5", "points: 6"), encoding="utf-8")
    (draft,) = service.seed(SYSTEM, tmp_path)
    assert (draft.number, draft.status) == (2, "tested")
    assert queries.active_version("trial").number == 1
    assert queries.drafts() == [draft]


@pytest.mark.any_database
def test_a_file_that_fails_its_own_cases_is_not_stored(tx: Session, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "base.yaml").write_text((FOLDER / "tests" / "base.yaml").read_text(encoding="utf-8"))
    (tmp_path / "tests" / "trial.yaml").write_text("- {case: six, facts: {}, expect: {score: 6}}")
    (tmp_path / "trial.yaml").write_text(TRIAL, encoding="utf-8")
    with pytest.raises(CaseFailed) as caught:
        service.seed(SYSTEM, tmp_path)
    assert "score is 5 instead of 6" in caught.value.sentence()
    assert queries.versions_of("trial") == []


@pytest.mark.any_database
def test_a_version_that_dies_or_hangs_in_its_trial_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(smoke.TrialFailed):
        smoke.try_out(smoke.Job(schema_text(), (("bad.yaml", "schema: 9"),)))

    def hang(*_given: object, **_more: object) -> None:
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(smoke.TrialFailed) as caught:
        smoke.try_out(smoke.Job(schema_text(), ()))
    assert "no answer" in caught.value.sentence()


def test_the_old_handle_is_given_back_on_swap() -> None:
    plan = shipped("task_outcome")
    old = runtime.put_in_force(plan)
    given = {"answer": [{"outcome": "approve", "step": "s"}]}
    old.run(given, NOON.date())
    changed = runtime.plan_of((FOLDER / "task_outcome.yaml").read_text(encoding="utf-8") + "# another\n", schema_text())
    new = runtime.put_in_force(changed)
    assert new is not old
    assert all(cage._live is None for cage in old.durable._cages)
    assert old.run(given, NOON.date())[1] == "durable"  # a late one makes its own and gives it back
    assert all(cage._live is None for cage in old.durable._cages)
