"""Substitutes at work: what they see and may do, in whose name, and what four eyes make of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit import queries as audit
from app.core import clock
from app.core.permissions import SYSTEM
from app.identity import service as identity
from app.tasks import lists, managing, others, queries, service, standing_in
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user, stand_in
from tests.tasks.factories import make_task


@pytest.fixture
def anna(tx):
    return make_user(roles=["manager", "finance"], name="Anna")


@pytest.fixture
def bo(tx):
    return make_user(roles=["sales"], name="Bo")


def listed(user):
    actor = actor_for(user)
    whom = standing_in.whom_for(actor)
    found = {task.id for task in others.page_of(actor, whom, others.few_of(whom)).items}
    walked = others.page_of(actor, whom, [None] * len(whom))  # as it is read where very many are asked
    assert ({task.id for task in walked.items}, walked.total) == (found, len(found))
    return found


def counted(actor):
    whom = standing_in.whom_for(actor)
    assert others.counts(actor, whom, [None] * len(whom)) == others.counts(actor, whom, others.few_of(whom))
    return others.counts(actor, whom, others.few_of(whom))


def last_entry(task):
    return audit.entries_of(task.subject)[-1]


def test_a_substitute_does_what_the_other_may_and_it_says_so(anna, bo):
    free, hers, other = make_task(), make_task(groups=[], assignee_id=anna.id), make_task(groups=["warehouse"])
    actor = actor_for(bo)
    assert listed(bo) == set()
    with pytest.raises(service.NotCandidate):
        service.claim(actor, free.id)
    stand_in(anna, bo)
    assert listed(bo) == {free.id, hers.id}
    assert counted(actor) == {"": 2, anna.id: 2}
    assert lists.counts(actor) == {"mine": 0, "groups": 0, "all": 0}  # their own lists stay their own
    assert queries.may_see(actor, free)
    assert not queries.may_see(actor, other)
    with pytest.raises(service.NotCandidate):
        service.claim(actor, other.id)
    for task in (free, hers):
        claimed = service.claim(actor, task.id)
        assert (claimed.assignee_id, claimed.on_behalf_of) == (bo.id, anna.id)
        assert last_entry(task).details["on_behalf_of_name"] == "Anna"
        assert last_entry(task).actor_id == bo.id
        service.release(actor, task.id)
    assert [queries.get_task(task.id).assignee_id for task in (free, hers)] == [None, anna.id]
    done = service.complete(actor, hers.id, {})
    assert (done.completed_by, done.on_behalf_of) == (bo.id, anna.id)
    assert last_entry(hers).action == "task:complete"
    assert last_entry(hers).details["on_behalf_of"] == anna.id
    kept = standing_in.kept_of([queries.get_task(one.id) for one in (free, hers, other)])
    assert {key: one.name for key, one in kept.items()} == {hers.id: "Anna"}


def test_ones_own_right_goes_first_and_the_other_takes_back(anna):
    bo = make_user(roles=["manager"], name="Bo")
    stand_in(anna, bo)
    own, hers = make_task(), make_task()
    assert service.claim(actor_for(bo), own.id).on_behalf_of is None
    service.claim(actor_for(anna), hers.id)
    assert service.claim(actor_for(bo), hers.id).on_behalf_of == anna.id
    assert service.claim(actor_for(anna), hers.id).assignee_id == anna.id
    assert standing_in.kept_of([queries.get_task(hers.id)]) == {}
    with pytest.raises(service.AlreadyClaimed):
        service.claim(actor_for(anna), own.id)


def test_only_within_its_limits_its_days_and_while_it_lasts(anna, bo):
    managers, finance = make_task(), make_task(groups=["finance"])
    one = stand_in(anna, bo, scope=identity.Scope(role="finance"))
    assert listed(bo) == {finance.id}
    with pytest.raises(service.NotCandidate):
        service.complete(actor_for(bo), managers.id, {})
    service.claim(actor_for(bo), finance.id)
    assert listed(bo) == {finance.id}
    with clock.moved(NOON + timedelta(days=5)):
        assert listed(bo) == set()
        with pytest.raises(service.NotCandidate):
            service.complete(actor_for(bo), finance.id, {})
    identity.end_substitution(actor_for(anna), one.id)
    with pytest.raises(service.NotCandidate):
        service.complete(actor_for(bo), finance.id, {})
    assert service.release(actor_for(bo), finance.id).assignee_id is None


def test_it_is_not_passed_on(anna, bo):
    cy = make_user(roles=["sales"])
    stand_in(anna, bo)
    stand_in(bo, cy)
    task = make_task()
    assert listed(cy) == set()
    with pytest.raises(service.NotCandidate):
        service.claim(actor_for(cy), task.id)


VERBS = {
    "claim": service.claim,
    "complete": lambda actor, task: service.complete(actor, task, {}),
    "complete for all": lambda actor, task: service.complete(actor, task, {}, for_others=True),
    "assign": lambda actor, task: managing.assign(SYSTEM, task, actor.id),
    "delegate": lambda actor, task: managing.delegate(SYSTEM, task, actor.id),
    "add as candidate": lambda actor, task: managing.link(SYSTEM, task, "user", actor.id),
}


@pytest.mark.parametrize("verb", VERBS)
def test_who_is_excluded_gets_it_by_no_way(anna, verb):
    task = make_task(excluded=[anna.id])
    with pytest.raises(service.FourEyes):
        VERBS[verb](actor_for(anna), task.id)


@pytest.mark.parametrize("who", ["anna", "bo"])
@pytest.mark.parametrize("verb", ["claim", "complete"])
def test_a_substitute_is_refused_when_either_is_excluded(anna, bo, who, verb):
    stand_in(anna, bo)
    task = make_task(excluded=[{"anna": anna, "bo": bo}[who].id])
    assert listed(bo) == set()
    with pytest.raises(service.FourEyes) as refused:
        VERBS[verb](actor_for(bo), task.id)
    assert ("Anna" in refused.value.sentence()) == (who == "anna")


def test_statements_do_not_grow(anna, bo, statements):
    actor = actor_for(bo)

    def count():
        statements.clear()
        whom = standing_in.whom_for(actor)
        few = others.few_of(whom)
        page = others.page_of(actor, whom, few)
        others.counts(actor, whom, few)
        standing_in.kept_of(page.items)
        return len(statements)

    stand_in(anna, bo)
    service.claim(actor, make_task().id)
    few = count()
    for _ in range(8):
        stand_in(make_user(roles=["manager", "finance"]), bo)
        service.claim(actor, make_task(groups=["finance"]).id)
    assert count() == few <= 7
