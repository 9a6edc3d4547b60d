"""Who sees what, in which order; who may do what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit import queries as audit
from app.core import clock
from app.core.errors import NotFound, StaleVersion
from app.core.permissions import SYSTEM
from app.tasks import lists, managing, queries, service
from app.tasks.due import due_at
from app.tasks.models import Rank
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.tasks.factories import make_task


@pytest.fixture
def anna(tx):
    return actor_for(make_user(roles=["manager"], name="Anna"))


@pytest.fixture
def bo(tx):
    return actor_for(make_user(roles=["manager"], name="Bo"))


@pytest.fixture
def sales(tx):
    return actor_for(make_user(roles=["sales"], name="Sal"))


def ids_of(page):
    return [task.id for task in page.items]


def test_a_group_task_is_seen_by_the_group_until_it_is_taken(anna, bo, sales):
    task = make_task()
    assert ids_of(queries.inbox(anna, which="groups")) == [task.id]
    assert ids_of(queries.inbox(sales, which="all")) == []
    service.claim(anna, task.id)
    assert ids_of(queries.inbox(anna, which="mine")) == [task.id]
    assert ids_of(queries.inbox(anna, which="groups")) == []
    assert ids_of(queries.inbox(bo, which="groups")) == []
    assert ids_of(queries.inbox(bo, which="all")) == [task.id]
    assert lists.counts(anna) == {"mine": 1, "groups": 0, "all": 1}
    service.release(anna, task.id)
    assert ids_of(queries.inbox(bo, which="groups")) == [task.id]


def test_the_second_is_told_who_has_it(anna, bo):
    task = make_task()
    service.claim(anna, task.id)
    assert service.claim(anna, task.id).assignee_id == anna.id
    for verb in (lambda: service.claim(bo, task.id), lambda: service.complete(bo, task.id, {})):
        with pytest.raises(service.AlreadyClaimed) as refused:
            verb()
        assert refused.value.details["holder"] == "Anna"
        assert "Anna" in refused.value.sentence()
    with pytest.raises(service.NotClaimed):
        service.release(bo, task.id)


def test_others_are_refused_by_name_of_the_group(sales):
    task = make_task()
    for verb in (lambda: service.claim(sales, task.id), lambda: service.complete(sales, task.id, {})):
        with pytest.raises(service.NotCandidate) as refused:
            verb()
        assert refused.value.details["candidates"] == "Manager"


def test_a_token_of_another_role_and_the_excluded_are_kept_out(anna, bo):
    task = make_task(excluded=[anna.id])
    assert ids_of(queries.inbox(anna, which="groups")) == []
    assert ids_of(queries.inbox(bo, which="groups")) == [task.id]
    for verb in (lambda: service.claim(anna, task.id), lambda: service.complete(anna, task.id, {})):
        with pytest.raises(service.FourEyes):
            verb()


def test_a_decision_is_on_the_version_that_was_seen(anna):
    task = make_task(subject_version=3)
    with pytest.raises(StaleVersion) as refused:
        service.complete(anna, task.id, {}, seen_version=2)
    assert refused.value.details == {"seen": 2, "current": 3}
    done = service.complete(anna, task.id, {"outcome": "approve"}, seen_version=3)
    assert (done.status, done.completed_by, done.answers) == ("completed", anna.id, {"outcome": "approve"})
    stored = queries.get_task(task.id)
    assert (stored.status, stored.completed_by, stored.completed_at) == ("completed", anna.id, NOON)
    with pytest.raises(service.TaskClosed):
        service.complete(anna, task.id, {})
    with pytest.raises(service.TaskClosed):
        service.claim(anna, task.id)
    assert ids_of(queries.done_by(anna)) == [task.id]


def test_who_has_a_task_may_finish_it_after_losing_the_role(anna):
    task = make_task()
    service.claim(anna, task.id)
    later = type(anna)(id=anna.id, login=anna.login, name=anna.name, roles=frozenset({"sales"}))
    assert service.complete(later, task.id, {}).status == "completed"


def test_an_unknown_task_is_not_found(anna):
    for verb in (service.claim, service.release):
        with pytest.raises(NotFound):
            verb(anna, "nothing")


def test_every_verb_is_in_the_trail(anna):
    task = make_task()
    service.claim(anna, task.id)
    service.release(anna, task.id)
    service.complete(anna, task.id, {"outcome": "reject", "reason": "price"})
    entries = audit.entries_of(task.subject)
    assert [entry.action for entry in entries] == ["task:claim", "task:release", "task:complete"]
    assert entries[-1].details["answers"] == {"outcome": "reject", "reason": "price"}
    assert entries[-1].details["version"] == 3


def test_the_source_goes_on_in_the_same_breath(anna, monkeypatch):
    told = []
    monkeypatch.setitem(
        service.on_completed._functions, "test", lambda actor, task, given: told.append((actor, task.id))
    )
    task = make_task()
    service.complete(anna, task.id, {})
    assert told == [(anna, task.id)]


def test_superseding_closes_what_is_open_only(anna):
    done, open_ = make_task(), None
    service.complete(anna, done.id, {})
    open_ = make_task(source=type(done.subject)("test", done.source_id))
    assert service.supersede_of(done.source_id, "changed") == [open_.id]
    assert queries.get_task(open_.id).closed_reason == "changed"
    assert queries.get_task(done.id).status == "completed"


def test_the_inbox_is_in_the_order_of_rank(anna):
    ranks = [
        Rank(band="P0", score=900, number="SO-5"),
        Rank(band="P1", score=700, promise_days=1, number="SO-4"),
        Rank(band="P1", score=700, promise_days=2, number="SO-3"),
        Rank(band="P1", score=700, number="SO-2"),
        Rank(band="P1", score=650, promise_days=0, number="SO-1"),
        Rank(band="P3", score=0, number="SO-0"),
        Rank(band="P3", score=-20, number="SO-00"),
        Rank(number="SO-6"),
        Rank(blocked=True, band="P0", score=999, number="SO-7"),
    ]
    made = [make_task(rank=rank).id for rank in reversed(ranks)]
    assert ids_of(queries.inbox(anna)) == made[::-1]
    page = queries.inbox(anna, number=2, size=4)
    assert (ids_of(page), page.total, page.last) == (made[::-1][4:8], 9, 3)


ranks = st.builds(
    Rank,
    blocked=st.booleans(),
    band=st.sampled_from([None, "P0", "P1", "P2", "P3"]),
    score=st.integers(-80, 1000),
    promise_days=st.none() | st.integers(0, 400),
    requested_date=st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    submitted_at=st.none() | st.integers(0, 10**7).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    number=st.from_regex(r"\ASO-2026-[0-9]{6}\Z"),
)


@given(ranks, ranks)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_the_key_sorts_as_the_rank_does(one, other):
    def order(rank):
        last = date(9999, 12, 31)
        return (
            rank.blocked,
            rank.band or "P9",
            -rank.score,
            9999 if rank.promise_days is None else rank.promise_days,
            rank.requested_date or last,
            int(rank.submitted_at.timestamp()) if rank.submitted_at else 10**11,
            rank.number,
        )

    assert (one.key() < other.key()) == (order(one) < order(other))


def test_ranking_anew_moves_the_task_and_its_due_time(anna):
    slow, quick = make_task(rank=Rank(band="P3", number="1")), make_task(rank=Rank(band="P1", number="2"))
    assert (slow.due_at, quick.due_at) == (NOON + timedelta(days=3), NOON + timedelta(hours=2))
    assert service.rerank(slow.subject, Rank(band="P0", score=900, number="1")) == 1
    assert ids_of(queries.inbox(anna)) == [slow.id, quick.id]
    assert queries.get_task(slow.id).due_at == NOON + timedelta(minutes=30)
    assert queries.get_task(slow.id).rank == Rank(band="P0", score=900, number="1")


def test_what_becomes_more_urgent_is_not_late_only_because_it_did(tx):
    with clock.moved(NOON):
        task = make_task(rank=Rank(band="P3"))
    at_first = task.due_at
    with clock.moved(NOON + timedelta(hours=5)):
        for _again in range(2):
            service.rerank(task.subject, Rank(band="P0", score=900))
            tx.refresh(task)
            assert task.due_at == NOON + timedelta(hours=5, minutes=30), "half an hour from now on"
    with clock.moved(NOON + timedelta(hours=5, minutes=20)):
        service.rerank(task.subject, Rank(band="P0", score=990))
        tx.refresh(task)
        assert task.due_at == NOON + timedelta(hours=5, minutes=30), "it does not slide while the band stays"
        service.rerank(task.subject, Rank(band="P3"))
        tx.refresh(task)
        assert task.due_at == at_first
    with clock.moved(at_first - timedelta(minutes=10)):
        service.rerank(task.subject, Rank(band="P0"))
        tx.refresh(task)
        assert task.due_at == at_first, "never later than it was"


@pytest.mark.parametrize(("band", "hours"), [("P0", 0.5), ("P1", 2), ("P2", 24), ("P3", 72), (None, 72)])
def test_the_band_sets_the_due_time(band, hours):
    """From Monday noon: eight working hours end on Tuesday noon, 24 on Thursday noon."""
    assert due_at(NOON, band) - NOON == timedelta(hours=hours)


def test_the_submitter_sees_where_their_things_are(sales):
    task = make_task(initiator_id=sales.id)
    assert ids_of(queries.submitted_by(sales)) == [task.id]
    assert queries.may_see(sales, task)
    assert not queries.may_see(actor_for(make_user()), task)


def test_lists_are_two_statements(anna, statements):
    for _ in range(30):
        make_task()
    statements.clear()
    queries.inbox(anna, which="all")
    assert len(statements) == 2
    statements.clear()
    lists.counts(anna, few=lists.few_of(anna))
    assert len(statements) == 2


def test_many_tasks_are_opened_by_two_statements(tx, statements):
    task = make_task()
    new = service.NewTask(
        source=task.subject,
        source_ref="1",
        element_id="a",
        name={"en": "A", "zh": "甲"},
        subject=task.subject,
        groups=["manager"],
    )
    statements.clear()
    assert len(service.open_tasks(SYSTEM, [new] * 20)) == 20
    assert len(statements) == 2


def test_a_due_time_that_was_named_does_not_follow_the_band(tx):
    named = NOON + timedelta(days=9)
    drawn = make_task(due_at=named, rank=Rank(band="P3"))
    told = make_task(subject=drawn.subject)
    managing.describe(SYSTEM, told.id, {}, due_at=named, name=None)
    by_band = make_task(subject=drawn.subject)
    assert service.rerank(drawn.subject, Rank(band="P0", score=900)) == 3
    due = {one.id: queries.get_task(one.id).due_at for one in (drawn, told, by_band)}
    assert due[drawn.id] == due[told.id] == named
    assert due[by_band.id] < NOON + timedelta(days=1)
