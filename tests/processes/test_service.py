"""Processes in the database: one step, one transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from app.core import ids
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, saving, service
from app.processes.engine import DiagramRefused, TokenNotReady
from app.processes.models import ProcessEvent, ProcessInstance
from app.tasks import queries as tasks
from app.tasks import service as inbox
from app.tasks.models import TaskExtra
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.processes.diagrams import chain, choice, end, flow, process, start, user
from tests.processes.diagrams import service as step_task

LOOP = process(
    start(),
    user("u"),
    step_task("a", "test_note"),
    choice("g", "g-e"),
    end(),
    chain("s", "u", "a", "g"),
    flow("g", "u", "${decision.route == 'again'}"),
    flow("g", "e"),
    key="loop",
)
EYES = process(
    start(),
    choice("m", "m-one", rule_set="matrix"),
    user("one", youxu__assignFrom="m"),
    user("two", youxu__assignFrom="m", youxu__assignStep="second", youxu__fourEyes="one"),
    end(),
    flow("s", "m"),
    flow("m", "one"),
    flow("m", "e", "${decision.route == 'none'}"),
    chain("one", "two", "e"),
    key="eyes",
)
MINE = process(
    start(),
    '<userTask id="u" camunda:assignee="${initiator}"/>',
    end(),
    chain("s", "u", "e"),
    key="mine",
)


def thing() -> Subject:
    return Subject("thing", ids.new_id())


@pytest.fixture
def manager(tx):
    return actor_for(make_user(roles=["manager"]))


def the_task(subject):
    (found,) = tasks.open_tasks_of(subject)
    return found


def kinds(instance):
    return [(event.kind, event.element_id) for event in queries.events_of(instance.id)]


def test_a_process_runs_to_the_task_and_on_when_it_is_completed(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    instance = service.start(manager, "loop", subject, variables={"order": "x"})
    task = the_task(subject)
    assert (task.element_id, task.source_id, task.initiator_id) == ("u", instance.id, manager.id)
    inbox.complete(manager, task.id, {"outcome": "again"})
    again = the_task(subject)
    assert again.id != task.id
    assert queries.instance_of(subject).version == 2
    inbox.complete(manager, again.id, {"outcome": "done"})
    ended = queries.instance_of(subject)
    assert (ended.status, ended.version) == ("completed", 3)
    assert ended.ended_at is not None
    assert tasks.open_tasks_of(subject) == []
    assert kinds(instance) == [
        ("started", "loop"),
        ("entered", "s"),
        ("entered", "u"),
        ("completed", "u"),
        ("performed", "a"),
        ("decided", "g"),
        ("entered", "u"),
        ("completed", "u"),
        ("performed", "a"),
        ("decided", "g"),
        ("entered", "e"),
        ("ended", "loop"),
    ]
    assert [event.seq for event in queries.events_of(instance.id)] == list(range(1, 13))
    assert queries.get_instance(instance.id).events == 12


def test_the_diagram_shows_tokens_and_the_way_they_took(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    instance = service.start(manager, "loop", subject)
    state = queries.diagram_state(instance.id)
    assert (state["active"], state["done"], state["flows"]) == (["u"], ["s"], ["s-u"])
    inbox.complete(manager, the_task(subject).id, {"outcome": "again"})
    state = queries.diagram_state(instance.id)
    assert (state["active"], state["done"]) == (["u"], ["a", "g", "s"])
    assert state["flows"] == ["a-g", "g-u", "s-u", "u-a"]
    assert state["counts"]["u"] == 2
    inbox.complete(manager, the_task(subject).id, {"outcome": "x"})
    assert queries.diagram_state(instance.id)["active"] == []


def test_groups_come_from_the_decision_and_the_second_is_not_the_first(tx, rules, manager):
    rules.routes["matrix"] = {
        "id": None,
        "route": "two",
        "assign_groups": ["finance"],
        "assign_by_step": {"second": ["finance", "qa_ra"]},
    }
    service.deploy(SYSTEM, EYES)
    subject = thing()
    service.start(manager, "eyes", subject)
    first = the_task(subject)
    assert tasks.candidates_of(first.id)["group"] == ["finance"]
    anna, bo = (actor_for(make_user(roles=["finance"])) for _ in range(2))
    inbox.complete(anna, first.id, {})
    second = the_task(subject)
    assert tasks.candidates_of(second.id) == {"group": ["finance", "qa_ra"], "user": [], "excluded": [anna.id]}
    assert second.excluded_user_ids == [anna.id]
    with pytest.raises(inbox.FourEyes):
        inbox.complete(anna, second.id, {})
    with pytest.raises(inbox.FourEyes):
        inbox.claim(anna, second.id)
    with pytest.raises(inbox.NotCandidate):
        inbox.claim(manager, second.id)
    inbox.complete(bo, second.id, {})
    assert queries.instance_of(subject).status == "completed"


def test_groups_fall_back_to_the_drawn_ones(tx, rules, manager):
    rules.routes["matrix"] = "one"
    service.deploy(SYSTEM, EYES)
    subject = thing()
    service.start(manager, "eyes", subject)
    assert tasks.candidates_of(the_task(subject).id)["group"] == ["manager"]


def test_a_task_for_the_initiator_is_theirs_alone(tx, rules, manager):
    service.deploy(SYSTEM, MINE)
    subject = thing()
    sales = actor_for(make_user())
    service.start(manager, "mine", subject, started_by=sales.id)
    task = the_task(subject)
    assert task.assignee_id == sales.id
    with pytest.raises(inbox.NotCandidate):
        inbox.complete(manager, task.id, {})
    with pytest.raises(inbox.NoOneElse):
        inbox.release(sales, task.id)
    inbox.complete(sales, task.id, {})


def test_a_restart_supersedes_instance_and_tasks_and_keeps_the_initiator(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    sales = actor_for(make_user())
    old = service.start(sales, "loop", subject)
    task = the_task(subject)
    new = service.restart(manager, subject, "loop", {"n": 5}, reason="changed")
    assert queries.get_instance(old.id).status == "superseded"
    assert queries.get_instance(old.id).end_reason == "changed"
    assert tasks.get_task(task.id).status == "superseded"
    assert (new.status, new.started_by) == ("running", sales.id)
    assert queries.instance_of(subject).id == new.id
    with pytest.raises(inbox.TaskClosed):
        inbox.complete(manager, task.id, {})
    assert kinds(old)[-1] == ("superseded", "")


def test_cancel_ends_it_and_its_tasks(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    instance = service.start(manager, "loop", subject)
    task = the_task(subject)
    assert service.cancel(manager, subject, reason="withdrawn") == 1
    assert service.cancel(manager, subject, reason="withdrawn") == 0
    assert queries.get_instance(instance.id).status == "cancelled"
    assert tasks.get_task(task.id).status == "cancelled"
    assert queries.diagram_state(instance.id)["active"] == []


def test_one_running_instance_per_subject(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    service.start(manager, "loop", subject)
    with pytest.raises(service.AlreadyRunning):
        service.start(manager, "loop", subject)


def test_a_step_saved_meanwhile_is_a_lost_race(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    instance = service.start(manager, "loop", thing())
    before = saving.load(instance.id)
    session().execute(ProcessInstance.__table__.update().values(version=9))
    with pytest.raises(StaleDataError):
        saving._update(saving._SAVE, before, {"new_state": b"", "count": 1})


def test_a_token_that_is_gone_is_refused(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    service.start(manager, "loop", subject)
    task = the_task(subject)
    inbox.complete(manager, task.id, {"outcome": "again"})
    with pytest.raises(TokenNotReady):
        service.go_on(manager, task, {})


def test_a_rule_set_is_asked_once_per_step_unless_a_step_ran(tx, rules, manager):
    twice = process(
        start(),
        choice("g1", "g1-g2", rule_set="gate"),
        choice("g2", "g2-a", rule_set="gate"),
        step_task("a", "test_note"),
        choice("g3", "g3-u", rule_set="gate"),
        user("u"),
        end(),
        flow("s", "g1"),
        flow("g1", "g2"),
        flow("g1", "e", "${decision.route == 'x'}"),
        flow("g2", "a"),
        flow("g2", "e", "${decision.route == 'x'}"),
        flow("a", "g3"),
        flow("g3", "u"),
        flow("g3", "e", "${decision.route == 'x'}"),
        flow("u", "e"),
        key="twice",
    )
    service.deploy(SYSTEM, twice)
    rules.routes["gate"] = "y"
    service.start(manager, "twice", thing())
    assert len(rules.asked) == 2


def test_deploying_the_same_twice_changes_nothing_and_a_change_is_a_version(tx, rules):
    first = service.deploy(SYSTEM, LOOP)
    assert service.deploy(SYSTEM, LOOP) is first
    changed = LOOP.replace(b'id="a"', b'id="a" name="Note"')
    second = service.deploy(SYSTEM, changed, release=False)
    assert (second.version, queries.in_force("loop").id) == (2, first.id)
    service.deploy(SYSTEM, changed)
    assert queries.in_force("loop").id == second.id


def test_an_instance_stays_on_its_version(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    instance = service.start(manager, "loop", subject)
    service.deploy(SYSTEM, MINE.replace(b'id="mine"', b'id="loop"'))
    inbox.complete(manager, the_task(subject).id, {"outcome": "again"})
    assert the_task(subject).element_id == "u"
    assert queries.get_instance(instance.id).definition_id != queries.in_force("loop").id


def test_seeding_never_switches_what_is_in_force(tx, rules, tmp_path):
    (tmp_path / "loop.bpmn").write_bytes(LOOP)
    assert service.seed(SYSTEM, tmp_path) == ["loop"]
    before = queries.in_force("loop")
    (tmp_path / "loop.bpmn").write_bytes(LOOP.replace(b'id="a"', b'id="a" name="Note"'))
    assert service.seed(SYSTEM, tmp_path) == []
    assert service.seed(SYSTEM, tmp_path) == []
    assert queries.in_force("loop").id == before.id
    (shown,) = [row for row in queries.definitions() if row["key"] == "loop"]
    assert (shown["version"], shown["drafts"]) == (1, 1)


def test_unknown_names_are_refused_at_deploy(tx, rules):
    with pytest.raises(DiagramRefused) as refused:
        service.deploy(
            SYSTEM,
            LOOP.replace(b"test_note", b"nothing").replace(b'"answer"', b'"nobody"').replace(b'"manager"', b'"king"'),
        )
    assert set(refused.value.details["fields"]) == {"a", "g"}, "unknown groups are only warned of"


def test_answers_must_fit_the_form(tx, rules, manager):
    form = {
        "components": [
            {"key": "outcome", "type": "radio", "values": [{"value": "again"}], "validate": {"required": True}}
        ]
    }
    service.deploy(
        SYSTEM, LOOP.replace(b'<userTask id="u"', b'<userTask id="u" camunda:formKey="f"'), forms={"f": form}
    )
    subject = thing()
    service.start(manager, "loop", subject)
    for wrong in ({}, {"outcome": "approve"}):
        with pytest.raises(Exception, match="Invalid") as refused, session().begin_nested():
            inbox.complete(manager, the_task(subject).id, wrong)
        assert "outcome" in refused.value.details["fields"]
    assert the_task(subject).status == "open"


def test_a_step_needs_few_statements(tx, rules, manager, statements):
    service.deploy(SYSTEM, LOOP)
    subject = thing()
    service.start(manager, "loop", subject)
    task = the_task(subject)
    statements.clear()
    inbox.complete(manager, task.id, {"outcome": "again"})
    assert len(statements) <= 10, statements


def test_history_cannot_be_altered(tx, rules, manager):
    service.deploy(SYSTEM, LOOP)
    instance = service.start(manager, "loop", thing())
    with pytest.raises(Exception, match="append-only"), session().begin_nested():
        session().execute(ProcessEvent.__table__.update().values(kind="x"))
    found = session().execute(select(ProcessEvent.kind).where(ProcessEvent.instance_id == instance.id)).scalars()
    assert "x" not in set(found)


def test_the_diagram_agrees_how_long_a_task_may_take(manager):
    """Noon is a Monday's: a working day later is Tuesday noon, whatever the band."""
    sla = {"youxu__sla": "P1D", "youxu__escalateTo": "qa_ra"}
    service.deploy(SYSTEM, process(start(), user("u", **sla), end(), chain("s", "u", "e"), key="agreed"))
    subject = thing()
    service.start(manager, "agreed", subject)
    task = the_task(subject)
    assert task.due_at == NOON + timedelta(days=1)
    assert session().get(TaskExtra, task.id).sla == {"time": "P1D", "escalate_to": "qa_ra"}
