"""Asking others to approve a task too."""

from __future__ import annotations

import pytest

from app.audit import queries as audit
from app.core.errors import Invalid, NotFound
from app.tasks import adding, notices, queries, service
from app.tasks.models import Rank
from app.tasks.refusing import AwaitsOthers, OthersRejected
from app.tasks.teamwork import NotHolder
from tests.identity.factories import actor_for, make_user
from tests.tasks.factories import make_task

pytestmark = pytest.mark.any_database


@pytest.fixture
def who(tx):
    roles = {"anna": "order_desk", "bo": "order_desk", "quinn": "qa_ra", "sam": "sales", "mona": "manager"}
    return {login: actor_for(make_user(login=login, roles=[role], name=login.title())) for login, role in roles.items()}


@pytest.fixture
def task(who):
    made = make_task(groups=["order_desk"], initiator_id=who["sam"].id, rank=Rank(band="P1", number="SO-1"))
    return service.claim(who["anna"], made.id)


def told(actor) -> list[str]:
    return [one.notice.kind for one in notices.notices_of(actor.id).items]


def test_the_task_waits_for_all_who_were_asked(who, task):
    anna = who["anna"]
    first, second = adding.ask(anna, task.id, ["quinn", " @Bo "], "Is the lot right?")
    assert [one.id for one in queries.inbox(who["quinn"], which="mine").items] == [first]
    assert (told(who["quinn"]), queries.may_see(who["quinn"], queries.get_task(task.id))) == (["add"], True)
    with pytest.raises(AwaitsOthers) as refused:
        service.complete(anna, task.id, {"outcome": "approve"})
    assert refused.value.details == {"count": 2}
    service.complete(who["quinn"], first, {"outcome": "approve"})
    with pytest.raises(AwaitsOthers):
        service.complete(anna, task.id, {"outcome": "reject"})
    service.complete(who["bo"], second, {"outcome": "approve"})
    assert told(anna) == ["answer", "answer"]
    assert service.complete(anna, task.id, {"outcome": "approve"}).status == "completed"
    actions = [entry.action for entry in audit.entries_of(task.subject)]
    assert actions.count("task:complete") == 3
    assert "task:ask-too" in actions


def test_a_rejection_bars_approval_until_the_question_is_withdrawn(who, task):
    anna = who["anna"]
    (question,) = adding.ask(anna, task.id, ["quinn"], "")
    service.complete(who["quinn"], question, {"outcome": "reject", "reason": "wrong lot"})
    with pytest.raises(OthersRejected):
        service.complete(anna, task.id, {"outcome": "approve"})
    with pytest.raises(NotHolder):
        adding.withdraw(who["bo"], question)
    adding.withdraw(who["mona"], question)
    with pytest.raises(NotFound):
        adding.withdraw(who["mona"], question)
    assert queries.get_task(question).status == "completed", "what they said stays"
    assert service.complete(anna, task.id, {"outcome": "approve"}).status == "completed"


def test_questions_end_with_their_task_and_when_they_are_withdrawn(who, task):
    one, other = adding.ask(who["anna"], task.id, ["quinn", "bo"], "")
    adding.withdraw(who["anna"], one)
    service.cancel_of(task.source_id, "the order was cancelled")
    assert [queries.get_task(which).status for which in (one, other)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("logins", [[], ["nobody"], ["anna"], ["sam"], ["x' OR 1=1"], [f"u{one}" for one in range(11)]])
def test_who_cannot_be_asked(who, task, logins):
    with pytest.raises(Invalid) as refused:
        adding.ask(who["anna"], task.id, logins, "")
    assert list(refused.value.details["fields"]) == ["approvers"]


def test_only_who_has_the_task_asks_and_nobody_twice(who, task):
    with pytest.raises(NotHolder):
        adding.ask(who["bo"], task.id, ["quinn"], "")
    (question,) = adding.ask(who["anna"], task.id, ["quinn"], "")
    with pytest.raises(Invalid):
        adding.ask(who["anna"], task.id, ["quinn"], "")
    with pytest.raises(adding.NotAskable):
        adding.ask(who["quinn"], question, ["bo"], "")
    with pytest.raises(Invalid):
        adding.ask(who["anna"], task.id, ["bo"], "x" * 501)
