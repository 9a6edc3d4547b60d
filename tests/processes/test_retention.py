"""History is kept as long as law and policy want it; then it goes as a whole, on record, and never a line of it else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditEntry
from app.audit.verify import verify
from app.core import clock, ids
from app.core.db import session
from app.core.errors import NotFound
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, retention, service
from app.processes.models import MINIMUM_YEARS, ProcessEvent, ProcessInstance, ProcessPurge
from app.processes.retention import KeptStill, Policy, Round, years_after
from app.processes.steps import kept_years
from app.tasks import service as inbox
from app.tasks.models import Task, TaskCandidate
from tests.conformance import shapes as s
from tests.conftest import NOON
from tests.processes import invariants

ONE = s.diagram("one", s.start(), s.user("u", camunda__candidateGroups="manager"), s.end(), "s -> u -> e")
CALLS = s.diagram("calls", s.start(), s.call("h", "one"), s.end(), "s -> h -> e")
LIVES = s.diagram("lives", s.start(), s.user("u"), s.end(), "s -> u -> e", camunda__historyTimeToLive="P20Y")
SHORT = s.diagram("short", s.start(), s.user("u"), s.end(), "s -> u -> e", camunda__historyTimeToLive="30")
FIFTEEN = years_after(NOON, 15)


@pytest.fixture
def deployed(tx, monkeypatch):
    """Subjects of the kind `thing` are kept for 3 years, `implant` for ever, `old` for 30."""
    known = {"thing": lambda _subject: 3, "implant": lambda _subject: None, "old": lambda _subject: 30}
    for kind, rule in known.items():
        monkeypatch.setitem(kept_years._functions, kind, rule)
    for diagram in (ONE, CALLS, LIVES, SHORT):
        service.deploy(SYSTEM, diagram)
    return tx


def ended(key="one", kind="thing"):
    subject = Subject(kind, ids.new_id())
    made = service.start(SYSTEM, key, subject) if kind != "process" else by_itself(key)
    tree = session().scalars(select(ProcessInstance.id).where(ProcessInstance.root_id == made.id)).all()
    for task in session().scalars(select(Task.id).where(Task.source_id.in_(tree))).all():
        inbox.complete(SYSTEM, task, {}, for_others=True)
    assert queries.get_instance(made.id).status == "completed"
    return made.id


def by_itself(key):
    return service.start_definition(SYSTEM, queries.in_force(key).id)


def count(model, *where):
    return session().scalar(select(func.count()).select_from(model).where(*where))


def lines_of(*instances):
    return count(ProcessEvent, ProcessEvent.instance_id.in_(instances))


@pytest.mark.parametrize(
    ("key", "kind", "until"),
    [
        ("one", "thing", FIFTEEN),
        ("one", "old", years_after(NOON, 30)),
        ("one", "implant", None),
        ("one", "nobody says", None),
        ("one", "process", None),
        ("lives", "process", years_after(NOON, 20)),
        ("short", "process", FIFTEEN),
    ],
)
def test_how_long_it_is_kept(deployed, key, kind, until):
    found = retention.kept_until(queries.get_instance(ended(key, kind)))
    if key == "lives":
        assert abs(found - until) < timedelta(days=3)
    else:
        assert found == until


def test_what_runs_is_kept(deployed):
    running = service.start(SYSTEM, "one", Subject("thing", ids.new_id()))
    with clock.moved(years_after(NOON, 50)), pytest.raises(KeptStill):
        retention.purge(SYSTEM, running.id)


def test_a_policy_below_the_law_is_refused():
    with pytest.raises(ValueError, match="at least"):
        Policy(MINIMUM_YEARS - 1, 15, automatic=True)
    with pytest.raises(ValueError, match="below"):
        Policy(MINIMUM_YEARS, MINIMUM_YEARS - 1, automatic=True)
    assert retention.policy().minimum_years >= MINIMUM_YEARS
    assert retention.policy().automatic is False


def test_it_goes_as_a_whole_and_on_record(deployed):
    gone, stays = ended("calls"), ended("calls")
    tree = session().scalars(select(ProcessInstance.id).where(ProcessInstance.root_id == gone)).all()
    lines = lines_of(*tree)
    assert lines > 6
    with clock.moved(FIFTEEN - timedelta(seconds=1)), pytest.raises(KeptStill):
        retention.purge(SYSTEM, gone)
    with clock.moved(FIFTEEN):
        assert retention.purge(SYSTEM, gone) == 2
    assert lines_of(*tree) == count(ProcessInstance, ProcessInstance.root_id == gone) == 0
    assert count(Task, Task.source_id.in_(tree)) == 0
    assert count(TaskCandidate) == 1, "of the one that stays"
    kept = session().scalars(select(ProcessPurge)).all()
    assert {one.instance_id for one in kept} == set(tree)
    assert sum(one.lines for one in kept) == lines
    assert all(len(one.digest) == 64 and one.purged_at == one.kept_until == FIFTEEN for one in kept)
    told = session().scalars(select(AuditEntry).where(AuditEntry.action == "process:purge")).all()
    assert {one.subject_id for one in told} == set(tree)
    assert {one.details["digest"] for one in told} == {one.digest for one in kept}
    assert queries.get_instance(stays).status == "completed"
    assert verify(full=True).ok
    assert invariants.broken() == []


def refused(statement):
    with pytest.raises(DBAPIError) as fault, session().begin_nested():
        session().execute(statement)
    return str(fault.value.orig)


def test_the_database_refuses_to_touch_history_else(deployed):
    instance = ended()
    mine = ProcessEvent.instance_id == instance
    assert "append-only" in refused(delete(ProcessEvent).where(mine))
    assert "append-only" in refused(update(ProcessEvent).where(mine).values(kind="x"))


def purge_row(instance, **over):
    row = queries.get_instance(instance)
    columns = ("root_id", "key", "definition_id", "subject_kind", "subject_id", "status", "started_at", "ended_at")
    made = {name: getattr(row, name) for name in columns} | {"instance_id": instance, "lines": 1, "digest": "x"}
    late = years_after(NOON, MINIMUM_YEARS)
    return made | {"kept_until": late, "purged_at": late, "purged_by": "x"} | over


def test_the_database_refuses_a_purge_before_the_minimum_whoever_asks(deployed):
    instance = ended()
    insert = ProcessPurge.__table__.insert()
    early = years_after(NOON, MINIMUM_YEARS) - timedelta(days=1)
    assert "kept for 5 years" in refused(insert.values(**purge_row(instance, purged_at=early, kept_until=early)))
    assert "kept for 5 years" in refused(insert.values(**purge_row(instance, kept_until=years_after(NOON, 6))))
    assert "kept for 5 years" in refused(insert.values(**purge_row(instance, ended_at=NOON - timedelta(days=9000))))
    running = service.start(SYSTEM, "one", Subject("thing", ids.new_id())).id
    assert "kept for 5 years" in refused(insert.values(**purge_row(running, ended_at=NOON)))
    assert "append-only" in refused(delete(ProcessEvent).where(ProcessEvent.instance_id == instance))
    session().execute(insert.values(**purge_row(instance)))
    assert "append-only" in refused(update(ProcessEvent).values(kind="x")), "deleted, but never changed"
    assert "append-only" in refused(delete(ProcessPurge))
    assert "append-only" in refused(update(ProcessPurge).values(lines=9))
    session().execute(delete(ProcessEvent).where(ProcessEvent.instance_id == instance))
    assert lines_of(instance) == 0


def test_a_record_of_what_is_not_there_opens_nothing(deployed):
    """A restored backup tells of instances that are gone; should one of that id come to be, its history is safe."""
    instance = ended()
    row = purge_row(instance, instance_id="0" * 26)
    session().execute(ProcessPurge.__table__.insert().values(**row | {"ended_at": NOON - timedelta(days=9000)}))
    session().execute(update(ProcessInstance).where(ProcessInstance.id == instance).values(status="running"))
    assert "kept for 5 years" in refused(ProcessPurge.__table__.insert().values(**purge_row(instance)))


def test_a_caller_is_kept_as_long_as_what_it_called(deployed):
    calls = s.diagram("callslong", s.start(), s.call("h", "lives"), s.end(), "s -> h -> e")
    service.deploy(SYSTEM, calls)
    root = ended("callslong")
    with clock.moved(years_after(NOON, 19)):
        with pytest.raises(KeptStill):
            retention.purge(SYSTEM, root)
        assert retention.purge_if_due(SYSTEM, root) == 0
    assert count(ProcessPurge) == 0
    assert lines_of(root) > 0
    with clock.moved(years_after(NOON, 21)):
        assert retention.purge_if_due(SYSTEM, root) == 2


def test_what_another_called_goes_only_with_it(deployed):
    root = ended("calls")
    called = session().scalars(select(ProcessInstance.id).where(ProcessInstance.super_instance_id == root)).one()
    with clock.moved(years_after(NOON, 50)), pytest.raises(NotFound):
        retention.purge(SYSTEM, called)


def test_a_round_goes_through_all_of_them_a_few_at_a_time(deployed, monkeypatch):
    monkeypatch.setattr(retention, "LOOKED_AT", 3)
    forever = [ended(kind="implant") for _ in range(4)]
    due = {ended() for _ in range(5)}
    with clock.moved(FIFTEEN):
        around, seen = Round(), []
        for _turn in range(4):
            seen += list(around.due())
        assert set(seen) == due
        assert around.after is None
        for _turn in range(4):
            retention.purge_due(SYSTEM)
    assert lines_of(*due) == 0
    assert lines_of(*forever) > 0


def test_the_command_tells_first_and_deletes_when_told(app, live, monkeypatch):
    from app.core.db import transaction

    monkeypatch.setitem(kept_years._functions, "thing", lambda _subject: 3)
    with transaction():
        service.deploy(SYSTEM, ONE)
        ended()
    runner = app.test_cli_runner()
    with clock.moved(FIFTEEN):
        assert "1 processes could" in runner.invoke(args=["history", "purge"]).output
        assert "1 process instances deleted" in runner.invoke(args=["history", "purge", "--yes"]).output
    with transaction(write=False):
        assert session().scalar(text("SELECT count(*) FROM process_events")) == 0
