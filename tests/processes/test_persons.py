"""Different people, as drawn: the requester, a step before, each instance of one activity; and who acts for another."""

from __future__ import annotations

from functools import partial

import pytest

from app.core import db, ids
from app.core.i18n import reading
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import engine, queries, service
from app.processes.engine import Complete
from app.tasks import managing
from app.tasks import queries as tasks
from app.tasks import service as inbox
from tests.identity.factories import actor_for, make_user, stand_in
from tests.processes.diagrams import chain, end, flow, fork, node, process, start, user
from tests.tasks.test_races import at_once

MANY = (
    "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>"
    "<completionCondition>${nrOfCompletedInstances >= 2}</completionCondition></multiInstanceLoopCharacteristics>"
)
TWO_OF_THREE = process(
    start(),
    node("userTask", "vote", MANY, camunda__candidateGroups="manager", youxu__fourEyes="vote, ${initiator}"),
    end(),
    chain("s", "vote", "e"),
    key="votes",
)
BESIDE = process(
    start(),
    fork("f"),
    user("one"),
    user("two", youxu__fourEyes="one"),
    fork("j"),
    end(),
    chain("s", "f", "one", "j", "e"),
    chain("f", "two", "j"),
    key="beside",
)
EACH = process(
    start(),
    node(
        "subProcess",
        "sub",
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        + start("is")
        + user("do")
        + user("check", youxu__fourEyes="do")
        + end("ie")
        + chain("is", "do", "check", "ie"),
    ),
    end(),
    chain("s", "sub", "e"),
    key="each",
)


@pytest.fixture
def managers(tx):
    return [make_user(roles=["manager"], name=name) for name in ("Anna", "Bo", "Cy", "Di")]


def begin(xml, key, initiator):
    service.deploy(SYSTEM, xml)
    subject = Subject("thing", ids.new_id())
    service.start(actor_for(initiator), key, subject)
    return subject


def test_two_of_three_are_two_different_people_and_neither_is_the_requester(managers):
    anna, _bo, cy, di = (actor_for(one) for one in managers)
    subject = begin(TWO_OF_THREE, "votes", managers[3])
    first, second, third = tasks.open_tasks_of(subject)
    with pytest.raises(inbox.FourEyes):
        inbox.claim(di, first.id)
    inbox.claim(anna, second.id)
    inbox.complete(anna, first.id, {})
    assert tasks.get_task(second.id).assignee_id is None  # what she had of it is free again
    for verb in (
        lambda: inbox.claim(anna, second.id),
        lambda: inbox.complete(anna, second.id, {}),
        lambda: inbox.complete(anna, second.id, {}, for_others=True),
        lambda: managing.assign(SYSTEM, third.id, anna.id),
        lambda: managing.link(SYSTEM, third.id, "user", anna.id),
    ):
        with pytest.raises(inbox.FourEyes):
            verb()
    stand_in(managers[0], managers[2])
    inbox.complete(cy, third.id, {})  # by their own right, so nobody acts for Anna
    assert queries.instance_of(subject).status == "completed"


def test_who_acted_for_another_counts_and_so_does_the_other(managers):
    anna, bo = managers[:2]
    helper = make_user(roles=["sales"], name="Helper")
    stand_in(anna, helper)
    subject = begin(TWO_OF_THREE, "votes", managers[3])
    first, second, _third = tasks.open_tasks_of(subject)
    inbox.complete(actor_for(helper), first.id, {})
    for actor in (actor_for(helper), actor_for(anna)):
        with pytest.raises(inbox.FourEyes):
            inbox.complete(actor, second.id, {})
    (told,) = [one for one in queries.events_of(first.source_id) if one.kind == "completed"]
    assert (told.actor_id, told.details["on_behalf_of"]) == (helper.id, anna.id)
    inbox.complete(actor_for(bo), second.id, {})
    assert queries.instance_of(subject).status == "completed"


def test_a_task_beside_it_that_was_open_before_is_not_theirs_any_more(managers):
    anna, bo = (actor_for(one) for one in managers[:2])
    subject = begin(BESIDE, "beside", managers[3])
    by_name = {task.element_id: task for task in tasks.open_tasks_of(subject)}
    inbox.claim(anna, by_name["two"].id)
    inbox.complete(anna, by_name["one"].id, {})
    with pytest.raises(inbox.FourEyes):
        inbox.complete(anna, by_name["two"].id, {})
    inbox.complete(bo, by_name["two"].id, {})


def test_the_engine_itself_refuses_whatever_the_inbox_believed(managers):
    made = engine.compile_definition(BESIDE)

    class World:
        as_of, context, depth = None, {}, 0

    step = engine.begin(made, {}, World())
    one, two = (opened.token for opened in step.opened)
    step = engine.act(made, step.state, Complete(one, {}, "anna zed"), World())
    assert step.barred == {two: ("anna", "zed")}
    for by in ("anna", "zed", "bo zed"):
        with pytest.raises(engine.SamePerson):
            engine.act(made, step.state, Complete(two, {}, by), World())
    assert engine.act(made, step.state, Complete(two, {}, "bo"), World()).completed


def test_two_instances_of_a_subprocess_are_told_apart(managers):
    anna, bo = (actor_for(one) for one in managers[:2])
    subject = begin(EACH, "each", managers[3])
    first, second = tasks.open_tasks_of(subject)
    inbox.complete(anna, first.id, {})
    inbox.complete(bo, second.id, {})
    checks = tasks.open_tasks_of(subject)
    assert sorted(one for task in checks for one in task.excluded_user_ids) == sorted([anna.id, bo.id])
    assert {len(task.excluded_user_ids) for task in checks} == {1}


def approval(before="s", **given):
    """An approval right after the start, or after the requester's task `b`."""
    return process(
        start(),
        user("b", camunda__assignee="${initiator}") + flow("s", "b") if before == "b" else "",
        user("a", **given),
        node("exclusiveGateway", "g", default="g-n"),
        end("e"),
        end("n"),
        chain(before, "a", "g"),
        flow("g", "e", "${answers.a.outcome == 'approve'}"),
        flow("g", "n"),
    )


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_an_approval_that_the_requester_could_give_is_found(tx, language):
    with reading(language):
        (found,) = engine.compile_definition(approval()).warnings
    assert found.element == "a"
    assert "${initiator}" in found.reason
    assert ("Who starts" in found.reason) == (language == "en")
    assert engine.compile_definition(approval(youxu__fourEyes="${initiator}")).warnings == ()


def test_what_is_no_approval_or_is_the_requesters_step_before_needs_no_word(tx):
    plain = process(start(), user("a", camunda__formKey="f"), end(), chain("s", "a", "e"))
    assert engine.compile_definition(plain, engine.Known(forms={"f"}, approving=set())).warnings == ()
    (found,) = engine.compile_definition(plain, engine.Known(forms={"f"}, approving={"f"})).warnings
    assert found.element == "a"
    assert engine.compile_definition(approval("b", youxu__fourEyes="b")).warnings == ()


def test_four_eyes_with_a_step_that_a_path_leaves_out_are_found(tx):
    xml = process(
        start(),
        node("exclusiveGateway", "g", default="g-two"),
        user("one"),
        user("two", youxu__fourEyes="one"),
        end(),
        chain("s", "g"),
        flow("g", "one", "${x}"),
        flow("g", "two"),
        chain("one", "two", "e"),
    )
    (found,) = engine.compile_definition(xml).warnings
    assert found.element == "two"
    assert "one" in found.reason


def test_one_person_who_does_two_instances_at_once_does_one(live):
    for _round in range(3):
        with db.transaction():
            anna, other = make_user(roles=["manager"]), make_user(roles=["manager"])
            first, second, _third = tasks.open_tasks_of(begin(TWO_OF_THREE, "votes", other))
        verbs = [partial(inbox.complete, actor_for(anna), task.id, {}) for task in (first, second)]
        results = at_once(*verbs)
        assert sorted(isinstance(result, inbox.FourEyes) for result in results) == [False, True], results


def test_who_did_it_is_known_in_another_version_too():
    old = engine.compile_definition(EACH)
    new = engine.compile_definition(EACH.replace(b'"do"', b'"make"'))
    world = type("World", (), {"as_of": None, "context": {}, "depth": 0})()
    step = engine.begin(old, {}, world)
    one, two = (opened.token for opened in step.opened)
    step = engine.act(old, step.state, Complete(one, {}, "anna"), world)
    step = engine.act(old, step.state, Complete(two, {}, "bo"), world)
    (check,) = step.opened
    moved = engine.migrated(old, new, step.state, {"do": "make"})
    with pytest.raises(engine.SamePerson) as refused:
        engine.act(new, moved.state, Complete(check.token, {}, "bo"), world)
    assert refused.value.details["people"] == ["bo"]
    engine.act(new, moved.state, Complete(check.token, {}, "anna"), world)
