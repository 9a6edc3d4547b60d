"""The life of a version: drafted by several, tested, approved by another, in force at its date, rolled back, given up."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import queries as audit
from app.core import clock, db, jobs
from app.core.errors import StaleVersion
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.decisions import life, publish, queries, service
from app.decisions.cases import CaseFailed
from app.decisions.models import Decision, RuleSetVersion
from app.decisions.source import RuleFileInvalid
from config import Settings
from tests.conftest import NOON
from tests.decisions.factories import rule, text_of

ORDER = Subject("order", "o1")
RULES = Subject("rule_set", "trial")
LIN = Actor(id="u1", login="lin", name="Lin", roles=frozenset({"designer"}))
WU = Actor(id="u2", login="wu", name="Wu", roles=frozenset({"manager"}))
XU = Actor(id="u3", login="xu", name="Xu", roles=frozenset({"qa_ra"}))
CASES = "- {case: large, facts: {order: {total_fen: 900}}, expect: {lines: {R1: 5}}}\n"


def text(points: int = 5) -> str:
    return text_of(rule("R1", "all: [{order: total_fen >= parameters.big}]", f"points: {points}, factor: f"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "try_out", lambda _job: None)  # a process of its own is tried in test_service


def approved(points: int = 5, cases: str = "") -> RuleSetVersion:
    made = service.submit(LIN, text(points), cases=cases)
    service.try_version(LIN, made)
    return service.approve(WU, made)


def in_force(points: int = 5) -> RuleSetVersion:
    return service.activate(WU, approved(points))


def test_a_draft_is_written_by_several_and_none_of_them_may_approve_it(tx: Session) -> None:
    draft = service.submit(LIN, text(), cases=CASES)
    service.save_draft(LIN, draft, 1, text=text(6), cases="")
    service.save_draft(XU, draft, 2, text=text(7))
    assert (draft.revision, draft.editors, draft.changed_by) == (3, ["u1", "u3"], "Xu")
    with pytest.raises(life.NotTried):
        service.approve(WU, draft)
    service.try_version(XU, draft)
    assert [queries.waiting_for(one.id) for one in (LIN, XU, WU)] == [0, 0, 1]
    for writer in (LIN, XU):
        with pytest.raises(life.OwnVersion):
            service.approve(writer, draft)
    service.approve(WU, draft, "looks right")
    assert (draft.status, draft.approved_by) == ("approved", "Wu")
    with pytest.raises(life.AlreadyDecided) as caught:
        service.approve(Actor(id="u9", login="x", name="X", roles=frozenset({"manager"})), draft)
    assert "Wu" in caught.value.sentence()


def test_who_saves_what_another_has_changed_is_refused(tx: Session) -> None:
    draft = service.submit(LIN, text(), cases="")
    service.save_draft(XU, draft, 1, text=text(6))
    with pytest.raises(StaleVersion):
        service.save_draft(LIN, draft, 1, text=text(7))
    assert "points: 6" in draft.body


def test_nothing_is_half_saved(tx: Session) -> None:
    draft = service.submit(LIN, text(), cases=CASES)
    for wrong in (
        {"text": text().replace("total_fen", "totl")},
        {"cases": "- {case: x, facts: {}, expect: {scor: 1}}"},
    ):
        with pytest.raises(RuleFileInvalid):
            service.save_draft(LIN, draft, 1, **wrong)
    with pytest.raises(publish.OtherRuleSet):
        service.save_draft(LIN, draft, 1, text=text().replace("rule_set: trial", "rule_set: other"))
    assert (draft.revision, draft.body, draft.cases) == (1, text(), CASES)


def test_a_version_that_left_draft_is_never_written_again(tx: Session) -> None:
    version = approved()
    with pytest.raises(publish.NoDraft):
        service.save_draft(LIN, version, version.revision, text=text(6))
    version.cases = CASES
    with pytest.raises(RuntimeError, match="immutable"), tx.begin_nested():
        tx.flush()


def test_a_version_whose_cases_fail_stays_a_draft(tx: Session) -> None:
    draft = service.submit(LIN, text(6), cases=CASES)
    with pytest.raises(CaseFailed):
        service.try_version(LIN, draft)
    assert draft.status == "draft"
    service.save_draft(LIN, draft, 1, text=text(5))
    assert service.try_version(LIN, draft).status == "tested"


def test_what_was_saved_during_the_trial_is_not_taken_for_tested(tx: Session) -> None:
    draft = service.submit(LIN, text(), cases="")
    trial = service.trial_of(draft)
    trial.run()
    service.save_draft(XU, draft, 1, text=text(6))
    with pytest.raises(StaleVersion):
        service.passed(LIN, draft, trial)


def test_a_date_brings_it_into_force_and_may_be_taken_back(tx: Session) -> None:
    first, second = in_force(5), approved(9)
    with pytest.raises(life.DateMissed):
        service.activate(WU, second, at=NOON - timedelta(seconds=1))
    service.activate(WU, second, at=NOON + timedelta(days=2), reason="new contract year")
    service.take_back_date(WU, second)
    assert jobs.jobs_of("rule_set", "trial") == []
    service.activate(WU, second, at=NOON + timedelta(days=3), reason="new contract year")
    (job,) = jobs.jobs_of("rule_set", "trial")
    assert (second.status, job.due_at) == ("approved", NOON + timedelta(days=3))
    life.come_into_force(job)
    assert (first.status, second.status, queries.active_version("trial").number) == ("retired", "active", 2)
    told = [entry for entry in audit.entries_of(RULES) if entry.action == "rule:activate"][-1]
    assert (told.actor_name, told.details["reason"]) == ("Youxu", "new contract year")


def test_a_date_that_comes_too_late_changes_nothing(tx: Session) -> None:
    in_force(5)
    second = approved(9)
    service.activate(WU, second, at=NOON + timedelta(days=3))
    (job,) = jobs.jobs_of("rule_set", "trial")
    service.discard(LIN, second, "not needed")
    life.come_into_force(job)
    assert (second.status, queries.active_version("trial").number) == ("discarded", 1)


def test_the_job_of_a_date_runs_in_the_worker(live: Settings) -> None:
    with db.transaction():
        in_force(5)
        service.activate(WU, approved(9), at=NOON + timedelta(hours=1))
    with clock.moved(NOON + timedelta(hours=2)):
        jobs.run_due()
    with db.transaction(write=False):
        assert queries.active_version("trial").number == 2
        assert queries.active_version("trial").activated_by == SYSTEM.name


def test_rolling_back_goes_to_the_version_before_with_a_reason(tx: Session) -> None:
    first, second, third = in_force(5), in_force(6), in_force(7)
    with pytest.raises(life.ReasonMissing):
        service.roll_back(WU, "trial", seen=3, reason=" ")
    service.roll_back(WU, "trial", seen=3, reason="scores too high")
    assert (second.status, third.status) == ("active", "retired")
    with pytest.raises(StaleVersion):  # a second click, or somebody else's
        service.roll_back(XU, "trial", seen=3, reason="scores too high")
    service.roll_back(XU, "trial", seen=2, reason="still too high")
    assert (first.status, queries.active_version("trial").number) == ("active", 1)
    with pytest.raises(life.NoWayBack):
        service.roll_back(XU, "trial", seen=1, reason="further")
    service.roll_back(XU, "trial", seen=1, reason="it was something else", to=3)
    assert (third.status, third.replaced) == ("active", 2)
    told = [entry.details.get("reason") for entry in audit.entries_of(RULES) if entry.action == "rule:roll-back"]
    assert told == ["scores too high", "still too high", "it was something else"]


def test_only_what_never_counted_is_discarded(tx: Session) -> None:
    first = in_force(5)
    with pytest.raises(life.NotOpen):
        service.discard(LIN, first)
    draft = service.begin_draft(LIN, first)
    assert (draft.based_on, draft.body, draft.status) == (1, first.body, "draft")
    with pytest.raises(publish.SameVersion):  # nothing was changed
        service.try_version(LIN, draft)
    service.discard(LIN, draft, "a mistake")
    assert queries.drafts() == []


def test_every_verb_is_on_record(tx: Session) -> None:
    in_force(5)
    second = approved(6)
    service.activate(WU, second, at=NOON + timedelta(days=1))
    service.take_back_date(WU, second)
    service.activate(WU, second)
    service.roll_back(WU, "trial", seen=2, reason="no")
    draft = service.begin_draft(LIN, second)
    service.save_draft(LIN, draft, 1, text=text(8))
    service.discard(LIN, draft)
    seen = {entry.action for entry in audit.entries_of(RULES)}
    assert seen == {
        *("rule:submit", "rule:try", "rule:approve", "rule:activate", "rule:schedule", "rule:unschedule"),
        *("rule:roll-back", "rule:edit", "rule:discard"),
    }


def test_two_who_approve_at_once(live: Settings) -> None:
    """Two managers press the button in the same moment: one approves, the other is told."""
    with db.transaction():
        draft = service.submit(LIN, text(), cases="")
        service.try_version(LIN, draft)
    told: list[str] = []
    together = threading.Barrier(2)

    def press(actor: Actor) -> None:
        together.wait()
        try:
            with db.transaction():
                service.approve(actor, queries.numbered_version("trial", 1))
            told.append("approved")
        except (life.AlreadyDecided, *_races()) as error:
            told.append(type(error).__name__)

    threads = [threading.Thread(target=press, args=(actor,)) for actor in (WU, XU)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told)[1] == "approved"
    assert len(told) == 2
    with db.transaction(write=False):
        assert queries.numbered_version("trial", 1).status == "approved"


def _races() -> tuple[type[Exception], ...]:
    from sqlalchemy.exc import IntegrityError, OperationalError

    return IntegrityError, OperationalError  # `core.web` serves such a request again, which is then told


GIVEN = {"order": [None]}


def test_a_pinned_version_decides_whatever_is_in_force(tx: Session) -> None:
    in_force(5)
    in_force(9)
    facts = order_facts()
    made = [service.decide("trial", ORDER, facts=facts, version=number) for number in (1, 2, None)]
    assert [(one.rule_set_version, one.result.score) for one in made] == [(1, 5), (2, 9), (2, 9)]
    assert all(service.replay(one).same for one in made)
    waiting = approved(7)
    for number in (waiting.number, 99):
        with pytest.raises(queries.NoSuchRuleSet):
            service.decide("trial", ORDER, facts=facts, version=number)


def order_facts() -> dict:
    from tests.decisions.factories import shipped, whole

    return {"order": whole(shipped("priority"))["order"]}


STREAMS = 3


def test_while_decisions_stream_in_each_is_of_exactly_one_version(live: Settings) -> None:
    """Three threads and a process of its own decide on and on; versions come into force and go back meanwhile."""
    with db.transaction():
        in_force(5)
        approved(9)
    facts = order_facts()
    stop = threading.Event()
    faults: list[BaseException] = []

    def stream(name: int) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            try:
                with db.transaction():
                    service.decide("trial", Subject("order", f"t{name}-{count}"), facts=facts)
                    service.decide("trial", Subject("order", f"t{name}-{count}"), facts=facts)
            except Exception as error:
                if not db.is_lost_race(error):
                    faults.append(error)

    threads = [threading.Thread(target=stream, args=(name,)) for name in range(STREAMS)]
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.decisions.streaming", live.database_url, str(live.data)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    for thread in threads:
        thread.start()
    try:
        for seen in (1, 2, 1, 2):
            _wait_for_decisions(40)
            with db.transaction():
                if seen == 1 and queries.numbered_version("trial", 2).status == "approved":
                    service.activate(WU, queries.numbered_version("trial", 2))
                else:
                    service.roll_back(WU, "trial", seen=seen, reason="to and fro", to=3 - seen)
        _wait_for_decisions(40)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        told, _errors = other.communicate("stop\n", timeout=30)
    assert faults == []
    assert told == "ended\n"
    hashes = {}
    with db.transaction(write=False):
        hashes = {version.number: version.sha256 for version in queries.versions_of("trial")}
        made = list(db.session().scalars(select(Decision)))
        assert {one.rule_set_version for one in made} == {1, 2}
        assert any(one.subject_id.startswith("p") for one in made)
        for one in made:
            assert one.version_hash == hashes[one.rule_set_version]
            assert one.result.score == {1: 5, 2: 9}[one.rule_set_version]
        by_transaction: dict[str, set[int]] = {}
        for one in made:
            by_transaction.setdefault(one.subject_id, set()).add(one.rule_set_version)
        assert {len(versions) for versions in by_transaction.values()} == {1}  # nor do two of one transaction differ
        assert all(service.replay(one).same for one in made[:: max(1, len(made) // 20)])


def _wait_for_decisions(more: int) -> None:
    def count() -> int:
        with db.transaction(write=False):
            return len(list(db.session().scalars(select(Decision.id))))

    start, ends = count(), clock.ticks() + 60
    while count() < start + more:
        assert clock.ticks() < ends, "decisions no longer come"
        threading.Event().wait(0.02)
