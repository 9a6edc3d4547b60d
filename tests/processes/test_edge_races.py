"""People at once, through the whole edge: each gets an answer that makes sense, nobody an error of the database."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import select

from app.core import db, ids
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.conformance import shapes as s
from tests.identity.factories import actor_for, bearer, make_user
from tests.processes import interleaving, invariants
from tests.processes.interleaving import COMMIT

GROUP = {"camunda__candidateGroups": "manager"}
DIAGRAMS = (
    s.diagram("one", s.start(), s.user("u v", **GROUP), s.end(), "s -> u -> v -> e"),
    s.diagram("many", s.start(), s.user("u", s.many("8"), **GROUP), s.user("v", **GROUP), s.end(), "s -> u -> v -> e"),
)


@pytest.fixture
def world(app, live):
    with transaction():
        for diagram in DIAGRAMS:
            service.deploy(SYSTEM, diagram)
        users = [make_user(roles=["manager"]) for _ in range(8)]
        return app, [actor_for(user) for user in users], [bearer(user) for user in users]


def begin(key):
    with transaction():
        made = service.start(SYSTEM, key, Subject("thing", ids.new_id()))
        return made.id, list(session().scalars(select(Task.id).where(Task.source_id == made.id).order_by(Task.id)))


def posts(app, path, headers):
    """A request through the application: its status and the code of a refusal."""
    answer = app.test_client().post(
        f"/api/v1/tasks/{path}", json={"seen_version": 1} if "complete" in path else {}, headers=headers
    )
    return answer.status_code, (answer.json or {}).get("error", {}).get("code", "")


def at_once(*verbs):
    gate, results = threading.Barrier(len(verbs)), [None] * len(verbs)

    def work(number):
        gate.wait()
        results[number] = verbs[number]()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def sound(instance, *elements):
    with transaction():
        assert sorted(one.element_id for one in queries.tokens_of(instance)) == sorted(elements)
        assert invariants.broken() == []


@pytest.mark.parametrize("verb", ["complete", "claim"])
def test_of_eight_people_one_gets_it_and_seven_are_told(world, verb):
    app, _actors, headers = world
    instance, (task,) = begin("one")
    results = at_once(*(lambda h=h: posts(app, f"{task}/{verb}", h) for h in headers))
    refusal = "TaskClosed" if verb == "complete" else "AlreadyClaimed"
    assert Counter(results) == {(200, ""): 1, (409, refusal): 7}
    sound(instance, "v" if verb == "complete" else "u")


def test_eight_people_complete_the_eight_tasks_of_one_instance(world):
    """Each step waits for the one before; all are served."""
    app, _actors, headers = world
    instance, open_ = begin("many")
    results = at_once(*(lambda t=t, h=h: posts(app, f"{t}/complete", h) for t, h in zip(open_, headers, strict=True)))
    assert results == [(200, "")] * 8
    sound(instance, "v")


def test_eight_people_claim_tasks_about_one_subject(world):
    """Each entry in the subject's audit trail takes the next number: losers are served again until they have theirs."""
    app, _actors, headers = world
    _instance, open_ = begin("many")
    results = at_once(*(lambda t=t, h=h: posts(app, f"{t}/claim", h) for t, h in zip(open_, headers, strict=True)))
    assert results == [(200, "")] * 8


def test_a_person_against_an_operator_wherever_they_meet(world):
    """The request is halted at each of its places while an operator cancels the instance."""
    app, actors, headers = world
    remove = interleaving.install()
    try:
        places = [COMMIT, *range(0, 40, 4)] if db.engine().dialect.name == "postgresql" else [COMMIT]
        for place in places:
            instance, (task,) = begin("one")
            outcome = interleaving.race(
                lambda _retried, t=task: posts(app, f"{t}/complete", headers[0]),
                lambda retried, i=instance: interleaving.served(
                    lambda: service.cancel_instance(actors[1], i, "test"), retried
                ),
                place,
            )
            if not outcome.reached:
                break
            assert outcome.first in ((200, ""), (409, "TaskClosed")), (place, outcome)
            assert outcome.second is None, (place, outcome)
            sound(instance)
    finally:
        remove()


def test_a_request_that_always_loses_is_told_to_come_again(world, monkeypatch):
    app, _actors, headers = world
    _instance, (task,) = begin("one")
    tries = []

    def lose(*_given, **_more):
        tries.append(1)
        raise interleaving.StaleDataError("always")

    monkeypatch.setattr(inbox, "claim", lose)
    assert posts(app, f"{task}/claim", headers[0])[0] == 409
    assert len(tries) == 8
