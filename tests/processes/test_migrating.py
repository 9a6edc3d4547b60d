"""Running instances taken to another version: previewed, done, undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, jobs
from app.core.errors import Invalid
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.models import ProcessInstance, ProcessWait
from app.tasks import queries as inbox
from app.tasks import service as tasks
from tests.conftest import NOON
from tests.processes.diagrams import chain, end, fork, node, process, start, user
from tests.processes.invariants import broken


def timer(name: str, host: str, duration: str, **given: str) -> str:
    inner = f'<timerEventDefinition id="{name}_d"><timeDuration>{duration}</timeDuration></timerEventDefinition>'
    return node("boundaryEvent", name, inner, attachedToRef=host, **given)


def message(name: str, host: str) -> str:
    return node("boundaryEvent", name, f'<messageEventDefinition id="{name}_d" messageRef="m1"/>', attachedToRef=host)


ONE = process(
    start(),
    user("check"),
    timer("late", "check", "PT2H"),
    user("remind"),
    end(),
    chain("s", "check", "e"),
    chain("late", "remind", "e"),
)
TWO = process(
    start(),
    user("check"),
    timer("late", "check", "PT4H"),
    message("stop", "check"),
    user("remind"),
    user("sign"),
    end(),
    chain("s", "check", "sign", "e"),
    chain("late", "remind", "e"),
    chain("stop", "e"),
    before='<message id="m1" name="Stop"/>',
)
RENAMED = process(start(), user("review"), end(), chain("s", "review", "e"))


@pytest.fixture
def running(tx, rules):
    """An instance of ONE, and TWO deployed beside it."""
    old = service.deploy(SYSTEM, ONE)
    made = service.start(SYSTEM, "p", Subject("case", "1"), business_key="C-1")
    new = service.deploy(SYSTEM, TWO)
    return made.id, old.id, new.id


def due(instance: str) -> dict[str, object]:
    return {job.element_id: job.due_at for job in jobs.jobs_of("process", instance)}


def sound() -> None:
    """Every waiting token has its row, and no other has one."""
    assert broken(audit=False) == []


def test_timers_keep_their_deadline_tasks_stay_and_what_is_new_is_watched(running):
    instance, old, new = running
    (task,) = inbox.open_tasks_of(Subject("case", "1"))
    before = due(instance)
    with clock.moved(NOON + timedelta(hours=1)):
        service.migrate(SYSTEM, instance, new, reason="new rules")
    assert due(instance) == before == {"late": NOON + timedelta(hours=2)}
    assert [one.id for one in inbox.open_tasks_of(Subject("case", "1"))] == [task.id]
    assert queries.get_instance(instance).definition_id == new
    sound()
    assert service.correlate(SYSTEM, "Stop", business_key="C-1")[0].instance_id == instance
    assert queries.get_instance(instance).status == "completed"
    assert old != new


def test_it_goes_on_as_the_new_version_says(running):
    instance, _old, new = running
    service.migrate(SYSTEM, instance, new, reason="new rules")
    (task,) = inbox.open_tasks_of(Subject("case", "1"))
    tasks.complete(SYSTEM, task.id, {})
    assert [one.element_id for one in inbox.open_tasks_of(Subject("case", "1"))] == ["sign"]
    sound()


def test_an_overdue_timer_fires_after_the_migration_as_before(running):
    instance, _old, new = running
    service.migrate(SYSTEM, instance, new, reason="new rules")
    with clock.moved(NOON + timedelta(hours=2, seconds=1)):
        assert jobs.run_due() == 1
    assert [one.element_id for one in inbox.open_tasks_of(Subject("case", "1"))] == ["remind"]
    sound()


def reminded(*more: str) -> bytes:
    """A task with a reminder, in a process with another: neither ends what it reminds of."""
    body = '<timerEventDefinition id="w_d"><timeDuration>PT2H</timeDuration></timerEventDefinition>'
    inner = node("startEvent", "w", body, isInterrupting="false") + user("told") + end("we") + chain("w", "told", "we")
    return process(
        start(),
        user("check"),
        timer("late", "check", "PT2H", cancelActivity="false"),
        user("remind"),
        node("subProcess", "aside", inner, triggeredByEvent="true"),
        end(),
        chain("s", "check", "e"),
        chain("late", "remind", "e"),
        *more,
    )


def test_a_timer_that_has_come_does_not_come_again(tx, rules):
    old = service.deploy(SYSTEM, reminded())
    made = service.start(SYSTEM, "p", Subject("case", "1")).id
    more = timer("later", "check", "PT9H", cancelActivity="false") + chain("later", "remind")
    new = service.deploy(SYSTEM, reminded(more))
    with clock.moved(NOON + timedelta(hours=3)):
        jobs.run_due()
        assert service.preview(old.id, new.id).begun == {"later": 1}
        done = service.migrate(SYSTEM, made, new.id, reason="x")
        assert due(made) == {"later": NOON + timedelta(hours=12)}
        service.undo_migration(SYSTEM, done, reason="x")
        assert due(made) == {}
        service.migrate(SYSTEM, made, new.id, reason="x")
    with clock.moved(NOON + timedelta(hours=30)):
        jobs.run_due()
    tasked = sorted(one.element_id for one in inbox.open_tasks_of(Subject("case", "1")))
    assert tasked == ["check", "remind", "remind", "told"]
    sound()


def test_at_another_element_everything_there_is_watched(tx, rules):
    """Also what the old version had there and this token never came to."""
    soon = timer("soon", "wait", "PT1H", cancelActivity="false")
    two = (user("wait"), soon, chain("check", "wait"), chain("soon", "e"))
    service.deploy(SYSTEM, reminded(*two))
    made = service.start(SYSTEM, "p", Subject("case", "1")).id
    new = service.deploy(SYSTEM, reminded(*two, user("more"), chain("check", "more", "e")))
    service.migrate(SYSTEM, made, new.id, {"check": "wait"}, reason="x")
    assert due(made) == {"soon": NOON + timedelta(hours=1), "w": NOON + timedelta(hours=2)}
    sound()


def test_undo_puts_back_version_watches_and_deadlines(running, tx):
    instance, old, new = running
    before = due(instance)
    done = service.migrate(SYSTEM, instance, new, reason="new rules")
    assert tx.scalars(select(ProcessWait.element_id)).all() == ["stop"]
    service.undo_migration(SYSTEM, done, reason="a mistake")
    assert queries.get_instance(instance).definition_id == old
    assert due(instance) == before
    assert tx.scalars(select(ProcessWait.element_id)).all() == []
    sound()
    with pytest.raises(service.CannotUndo):
        service.undo_migration(SYSTEM, done, reason="again")


def test_a_watch_that_the_new_version_lacks_ends_and_comes_back_with_undo(running):
    instance, _old, _new = running
    lean = service.deploy(SYSTEM, process(start(), user("check"), end(), chain("s", "check", "e"), name="lean"))
    before = due(instance)
    done = service.migrate(SYSTEM, instance, lean.id, reason="no reminders")
    assert due(instance) == {}
    sound()
    service.undo_migration(SYSTEM, done, reason="reminders after all")
    assert due(instance) == before
    sound()


def test_undo_is_refused_once_it_has_gone_on(running):
    instance, _old, new = running
    done = service.migrate(SYSTEM, instance, new, reason="new rules")
    (task,) = inbox.open_tasks_of(Subject("case", "1"))
    tasks.complete(SYSTEM, task.id, {})
    with pytest.raises(service.CannotUndo):
        service.undo_migration(SYSTEM, done, reason="too late")


def test_the_preview_counts_each_element_and_names_what_holds_back(running):
    _instance, old, _new = running
    other = service.start_definition(SYSTEM, old).id
    renamed = service.deploy(SYSTEM, RENAMED)
    found = service.preview(old, renamed.id)
    assert (found.instances, found.ready) == (2, 0)
    assert found.places["check"].tokens == 2
    assert [one[:2] for one in found.held_back if one[0] == other] == [(other, "check")]
    assert found.places["late"].to is None, "the timer is watched no more"
    mapped = service.preview(old, renamed.id, {"check": "review"})
    assert (mapped.instances, mapped.ready, mapped.held_back) == (2, 2, [])


def test_a_mapped_task_is_the_same_task_under_its_new_name(running):
    instance, _old, _new = running
    renamed = service.deploy(SYSTEM, RENAMED)
    (task,) = inbox.open_tasks_of(Subject("case", "1"))
    with pytest.raises(service.CannotMigrate) as refused:
        service.migrate(SYSTEM, instance, renamed.id, reason="x")
    assert refused.value.details["element"] == "check"
    service.migrate(SYSTEM, instance, renamed.id, {"check": "review"}, reason="renamed")
    (after,) = inbox.open_tasks_of(Subject("case", "1"))
    assert (after.id, after.element_id) == (task.id, "review")
    sound()


def test_other_processes_and_the_same_version_are_refused(running):
    instance, old, _new = running
    other = service.deploy(SYSTEM, process(start(), user("x"), end(), chain("s", "x", "e"), key="q"))
    for wrong in (old, other.id):
        with pytest.raises(Invalid):
            service.migrate(SYSTEM, instance, wrong, reason="x")


def test_parallel_branches_keep_their_variables_and_join(tx, rules):
    def forked(*names: str, extra: str = "") -> bytes:
        parts = [user(name) for name in names]
        ways = [chain("f", name, "j") for name in names]
        return process(
            start(), fork("f"), *parts, fork("j"), user("z"), end(), chain("s", "f"), *ways, chain("j", "z", "e"), extra
        )

    service.deploy(SYSTEM, forked("a", "b"))
    instance = service.start(SYSTEM, "p", Subject("case", "2"), variables={"n": 1}).id
    first = next(one for one in inbox.open_tasks_of(Subject("case", "2")) if one.element_id == "a")
    tasks.complete(SYSTEM, first.id, None, variables={"from_a": 1}, for_others=True)
    new = service.deploy(SYSTEM, forked("a", "b", extra=user("later") + chain("z", "later", "e")))
    service.migrate(SYSTEM, instance, new.id, reason="one more step")
    (second,) = inbox.open_tasks_of(Subject("case", "2"))
    tasks.complete(SYSTEM, second.id, None, variables={"from_b": 2}, for_others=True)
    found = queries.variables_of(instance)
    assert (found["n"], found["from_a"], found["from_b"]) == (1, 1, 2)
    sound()


def test_history_and_trail_tell_of_it(running, tx):
    instance, old, new = running
    service.migrate(SYSTEM, instance, new, reason="new rules")
    line = next(one for one in queries.events_of(instance) if one.kind == "migrated")
    assert (line.details["from"], line.details["to"], line.details["reason"]) == (old, new, "new rules")
    assert tx.get(ProcessInstance, instance).definition_id == new


def test_the_preview_names_watches_that_begin_and_end(running):
    _instance, old, new = running
    found = service.preview(old, new)
    assert found.begun == {"stop": 1}
    assert found.places["late"].to == "late"
    lean = service.deploy(SYSTEM, process(start(), user("check"), end(), chain("s", "check", "e"), name="lean"))
    gone = service.preview(old, lean.id)
    assert (gone.places["late"].to, gone.places["late"].watch, gone.begun) == (None, True, {})


def test_what_the_preview_says_begins_is_what_begins(running, tx):
    instance, old, new = running
    said = service.preview(old, new, instance_id=instance).begun
    before = set(due(instance)) | set(tx.scalars(select(ProcessWait.element_id)))
    service.migrate(SYSTEM, instance, new, reason="x")
    assert (set(due(instance)) | set(tx.scalars(select(ProcessWait.element_id)))) - before == set(said)


def test_a_preview_is_bounded_and_says_so(running, monkeypatch):
    _instance, old, new = running
    for _more in range(3):
        service.start_definition(SYSTEM, old)
    whole = service.preview(old, new)
    assert (whole.total, whole.instances, whole.whole) == (4, 4, True)
    monkeypatch.setattr(service.migrating, "MOST", 2)
    some = service.preview(old, new)
    assert (some.total, some.instances, some.ready, some.whole) == (4, 2, 2, False)
    monkeypatch.setattr(service.migrating, "LETTERS", 1)
    assert service.preview(old, new).instances == 1


def test_of_each_reason_a_few_instances_are_named(running):
    _instance, old, _new = running
    for _more in range(6):
        service.start_definition(SYSTEM, old)
    renamed = service.deploy(SYSTEM, RENAMED)
    found = service.preview(old, renamed.id)
    assert sum(found.places["check"].problems.values()) == 7
    assert len(found.held_back) == service.migrating.EXAMPLES
    assert service.running_ids(old, 2) == [found.held_back[0][0], found.held_back[1][0]]
