"""Put off, hand over, delegate, urge, copy, comment, attach: who may, who is told, what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, jobs, kept
from app.core.errors import Invalid, NotFound
from app.tasks import lists, managing, notices, queries, service, teamwork
from app.tasks.models import Rank
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.tasks.factories import make_task

PDF = b"%PDF-1.7 rest"


@pytest.fixture
def people(tx):
    roles = {"anna": "order_desk", "bo": "order_desk", "mona": "manager", "sam": "sales", "eve": "transport"}
    return {login: make_user(login=login, roles=[role], name=login.title()) for login, role in roles.items()}


@pytest.fixture
def who(people):
    return {login: actor_for(user) for login, user in people.items()}


@pytest.fixture
def task(who):
    made = make_task(groups=["order_desk"], initiator_id=who["sam"].id, rank=Rank(band="P1", number="SO-1"))
    return service.claim(who["anna"], made.id)


def told(actor) -> list[tuple[str, str]]:
    return [(one.notice.kind, one.who) for one in notices.notices_of(actor.id).items]


def test_put_off_leaves_the_list_until_then(who, task):
    anna = who["anna"]
    teamwork.put_off(anna, task.id, NOON + timedelta(hours=3))
    assert queries.inbox(anna, which="mine").items == []
    assert lists.counts(anna)["mine"] == 0
    assert [one.id for one, _until in queries.put_off_by(anna)] == [task.id]
    with clock.moved(NOON + timedelta(hours=4)):
        assert [one.id for one in queries.inbox(anna, which="mine").items] == [task.id]
        while jobs.run_due():
            pass
    assert told(anna) == [("back", "Youxu")]
    teamwork.put_off(anna, task.id, NOON + timedelta(hours=5))
    teamwork.put_off(anna, task.id, None)
    assert lists.counts(anna)["mine"] == 1
    with clock.moved(NOON + timedelta(hours=6)):
        while jobs.run_due():
            pass
    assert len(told(anna)) == 1
    for moment in (NOON, NOON - timedelta(days=1), NOON + timedelta(days=400)):
        with pytest.raises(Invalid):
            teamwork.put_off(anna, task.id, moment)
    with pytest.raises(teamwork.NotHolder):
        teamwork.put_off(who["bo"], task.id, NOON + timedelta(hours=3))


def test_handed_over_to_candidates_only_and_never_round_four_eyes(who, task):
    with pytest.raises(teamwork.NotHolder):
        teamwork.hand_over(who["bo"], task.id, who["bo"].id)
    for stranger in (who["sam"].id, "nobody", "\x00", who["anna"].id):
        with pytest.raises(teamwork.CannotTake):
            teamwork.hand_over(who["anna"], task.id, stranger)
    teamwork.put_off(who["anna"], task.id, NOON + timedelta(hours=3))
    teamwork.hand_over(who["anna"], task.id, who["bo"].id)
    assert told(who["bo"]) == [("assign", "Anna")]
    assert [one.id for one in queries.inbox(who["bo"], which="mine").items] == [task.id], "not put off for the next"
    teamwork.hand_over(who["mona"], task.id, who["anna"].id)
    assert queries.get_task(task.id).assignee_id == who["anna"].id
    guarded = make_task(groups=["order_desk"], excluded=[who["bo"].id])
    service.claim(who["anna"], guarded.id)
    for verb in (teamwork.hand_over, teamwork.delegate):
        with pytest.raises(teamwork.CannotTake):
            verb(who["anna"], guarded.id, who["bo"].id)
        service.complete(who["anna"], guarded.id, {}) if verb is teamwork.delegate else None
    with pytest.raises(service.TaskClosed):
        teamwork.hand_over(who["mona"], guarded.id, who["anna"].id)


def test_delegated_done_and_back(who, task):
    with pytest.raises(teamwork.NotDelegated):
        teamwork.resolve(who["anna"], task.id)
    teamwork.delegate(who["anna"], task.id, who["bo"].id)
    with pytest.raises(teamwork.NotHolder):
        teamwork.resolve(who["anna"], task.id)
    assert teamwork.together(who["bo"], queries.get_task(task.id)).delegated_by == "Anna"
    teamwork.resolve(who["bo"], task.id)
    assert queries.get_task(task.id).assignee_id == who["anna"].id
    assert (told(who["bo"]), told(who["anna"])) == ([("delegate", "Anna")], [("resolve", "Bo")])
    teamwork.hand_over(who["anna"], task.id, who["bo"].id)
    teamwork.delegate(who["bo"], task.id, who["anna"].id)
    teamwork.resolve(who["anna"], task.id)
    assert queries.get_task(task.id).assignee_id == who["bo"].id, "to who asked last"


def test_urged_by_the_submitter_now_and_then(who, task):
    assert teamwork.urge(who["sam"], task.id) == [who["anna"].id]
    with pytest.raises(teamwork.UrgedLately) as refused:
        teamwork.urge(who["sam"], task.id)
    assert refused.value.status == 429
    with pytest.raises(teamwork.NotYours):
        teamwork.urge(who["bo"], task.id)
    with pytest.raises(teamwork.NotForYou):
        teamwork.urge(who["eve"], task.id)
    service.release(who["anna"], task.id)
    with clock.moved(NOON + teamwork.URGE_PAUSE):
        assert set(teamwork.urge(who["sam"], task.id)) == {who["anna"].id, who["bo"].id}
    assert told(who["anna"]) == [("urge", "Sam"), ("urge", "Sam")]


def test_a_copy_reads_and_does_nothing_else(who, task):
    with pytest.raises(teamwork.NotForYou):
        teamwork.seen_by(who["eve"], task.id)
    assert teamwork.copy_to(who["anna"], task.id, ["@Eve", "eve", ""]) == [who["eve"].id]
    assert teamwork.copy_to(who["anna"], task.id, ["eve"]) == []
    assert told(who["eve"]) == [("copy", "Anna")]
    assert teamwork.seen_by(who["eve"], task.id).id == task.id
    with pytest.raises(service.NotCandidate):
        service.complete(who["eve"], make_task(groups=["order_desk"]).id, {})
    with pytest.raises(service.NotCandidate):
        service.claim(who["eve"], task.id)
    with pytest.raises(teamwork.NotHolder):
        teamwork.attach(who["eve"], task.id, "a.pdf", PDF)
    for logins in ([], ["nobody"], ["\x00"], [f"u{n}" for n in range(21)]):
        with pytest.raises(Invalid):
            teamwork.copy_to(who["anna"], task.id, logins)


def test_who_is_mentioned_is_told_and_may_look(who, task):
    teamwork.say(who["anna"], task.id, "@Bo, @eve and @nobody: see a@bo.de. Thanks @anna, @bo.")
    assert (told(who["bo"]), told(who["eve"]), told(who["anna"])) == ([("mention", "Anna")], [("mention", "Anna")], [])
    assert queries.may_see(who["eve"], task)
    assert [one.user_id for one in teamwork.together(who["bo"], task).copies] == [who["eve"].id]
    for nothing in ("", "  ", "x" * 4001, "a\x00"):
        with pytest.raises(Invalid):
            teamwork.say(who["anna"], task.id, nothing)
    with pytest.raises(teamwork.NotForYou):
        teamwork.say(actor_for(make_user(roles=["finance"])), task.id, "hello")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b""),
        ("a.pdf", b"<html>"),
        ("a.html", b"<html>"),
        ("a.svg", b"<svg/>"),
        ("pdf", PDF),
        ("a.pdf", PDF + b"0" * teamwork.LARGEST),
        ("a.txt", b"\xff\xfe\x00"),
    ],
)
def test_files_of_other_kinds_are_refused(who, task, name, content):
    with pytest.raises(teamwork.FileRefused):
        teamwork.attach(who["anna"], task.id, name, content)


def test_attached_kept_and_removed_by_its_owner(who, task):
    made = teamwork.attach(who["anna"], task.id, '..\\x/../or"der\n.pdf', PDF)
    assert (made.name, made.kind, kept.content_of(made.content_id)) == ("or_der_.pdf", "application/pdf", PDF)
    teamwork.attach(who["sam"], task.id, "说明.txt", "好".encode())
    with pytest.raises(teamwork.NotHolder):
        teamwork.detach(who["bo"], task.id, made.id)
    teamwork.detach(who["anna"], task.id, made.id)
    assert [one.name for one in teamwork.together(who["bo"], task).files] == ["说明.txt"]
    other = make_task(groups=["order_desk"])
    with pytest.raises(NotFound):
        teamwork.attachment_of(other.id, made.id)
    for _ in range(teamwork.MOST_FILES - 1):
        teamwork.attach(who["anna"], task.id, "a.txt", b"a")
    with pytest.raises(teamwork.TooManyFiles):
        teamwork.attach(who["anna"], task.id, "a.txt", b"a")


def test_notices_are_read_and_forgotten(who, task):
    teamwork.say(who["anna"], task.id, "@bo one")
    teamwork.say(who["anna"], task.id, "@bo two")
    bo = who["bo"].id
    newest, oldest = (one.notice.id for one in notices.notices_of(bo).items)
    assert (notices.unread(bo), notices.read(bo, until=oldest), notices.unread(bo)) == (2, 1, 1)
    assert (notices.read(who["eve"].id, task_id=task.id), notices.read(bo, task_id=task.id)) == (0, 1)
    assert newest > oldest
    with clock.moved(NOON + notices.KEPT + timedelta(days=1)):
        assert (notices.forget_old(), notices.notices_of(bo).total) == (2, 0)


def test_the_page_costs_the_same_however_much_was_said(who, task, statements):
    statements.clear()
    teamwork.together(who["anna"], queries.get_task(task.id))
    few = len(statements)
    for number in range(5):
        teamwork.say(who["sam"], task.id, f"@bo {number}")
        teamwork.attach(who["anna"], task.id, "a.txt", b"a")
    statements.clear()
    found = teamwork.together(who["anna"], queries.get_task(task.id))
    assert (len(statements), len(found.comments), len(found.files)) == (few, 5, 5)
    assert managing.extra_of(task.id) is None
