"""Ranking all open orders at once: the same standings as one by one, written only where something changed."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions.queries import decisions_of, get_decision
from app.orders.models import Order
from app.priority import bulk, queries
from app.priority import service as priority
from app.priority.album import Album
from app.priority.models import OrderStanding
from app.tasks.models import Task
from tests.catalog.factories import make_customer
from tests.priority.worlds import assessed, plain_product, plain_world


@pytest.fixture
def world(tx):
    plain_product()
    return plain_world()


def some_orders(world, count):
    random = Random(6)
    for number in range(count):
        order = world.order(
            customer=make_customer(tier=random.choice("SABC"), overdue_days=random.choice((0, 0, 45))),
            quantity=random.choice((1, 2000)),
            requested_date=clock.today() + timedelta(days=random.randint(1, 30)),
            order_type=random.choice(("normal", "normal", "emergency", "sample")),
            surgery_at=random.choice((None, clock.now() + timedelta(hours=random.randint(5, 200)))),
            surgery_number="OR-1",
        )
        order.submitted_at = clock.now() - timedelta(hours=number)
        assessed(order)


def state(tx):
    tx.expire_all()
    rows = tx.scalars(select(OrderStanding).order_by(OrderStanding.order_id))
    return {row.order_id: (row.blocked, row.band, row.score, row.promise_days, row.promise_rank) for row in rows}


def work_jobs(tx):
    for job in list(tx.scalars(select(Job).where(Job.kind == bulk.JOB))):
        bulk.assess_some(job)
        tx.delete(job)
    tx.flush()


@pytest.mark.parametrize("hours", [1, 30, 100, 24 * 15])
def test_it_comes_to_what_each_order_alone_comes_to(world, tx, hours):
    some_orders(world, 40)
    before = state(tx)
    with clock.moved(clock.now() + timedelta(hours=hours)):
        done = bulk.rerank(sample=40)
        assert (done.seen, done.differing) == (40, 0)
        work_jobs(tx)
        found = state(tx)
        for order_id in found:
            priority.assess(SYSTEM, order_id, trigger="again")
        assert state(tx) == found
        changed = [order_id for order_id in found if found[order_id] != before[order_id]]
        assert len(changed) == done.moved + done.given
        again = bulk.rerank()
        assert (again.moved, again.given) == (0, 0)


def test_a_band_that_changes_is_decided_on_record_and_a_score_alone_is_not(world, tx):
    quiet = world.order(requested_date=clock.today() + timedelta(days=12))
    urgent = world.order(surgery_at=clock.now() + timedelta(hours=40), surgery_number="OR-1")
    for order in (quiet, urgent):
        assessed(order)
    score = queries.standing_of(quiet.id).score
    with clock.moved(clock.now() + timedelta(days=1)):
        done = bulk.rerank()
        assert (done.moved, done.given) == (1, 1)
        work_jobs(tx)
        tx.expire_all()
    moved, given = queries.standing_of(quiet.id), queries.standing_of(urgent.id)
    assert (moved.score > score, moved.trigger, len(decisions_of(Subject("order", quiet.id)))) == (True, "periodic", 2)
    assert (given.band, get_decision(given.decision_id).result.band) == ("P0", "P0")
    assert len(decisions_of(Subject("order", urgent.id))) == 4


def test_an_order_without_standing_is_assessed(world, tx):
    order = world.order()
    assert bulk.rerank().given == bulk.rerank().given == 1
    assert len(list(tx.scalars(select(Job).where(Job.kind == bulk.JOB)))) == 1, "the first run's job will do it"
    work_jobs(tx)
    assert queries.standing_of(order.id).trigger == "periodic"


def test_make_tasks_keep_their_place_beside_the_standing(world, tx):
    from tests.tasks.factories import make_task

    order = world.order(requested_date=clock.today() + timedelta(days=12))
    standing = assessed(order)
    task = make_task(subject=Subject("order", order.id), rank=priority.rank_of(standing))
    with clock.moved(clock.now() + timedelta(days=1)):
        assert bulk.rerank().moved == 1
        tx.expire_all()
        found = tx.get(Task, task.id)
        assert found.rank_key == priority.rank_of(queries.standing_of(order.id)).key()
        assert (found.score, found.band) == (queries.standing_of(order.id).score, "P3")


def test_the_places_are_those_of_the_ranked_list(world, tx):
    some_orders(world, 30)
    album = Album(Order.id.is_not(None), clock.now())
    standings = bulk.now_and_before(album, *bulk.decide(album))
    places = dict(zip(standings["number"], bulk.ranks(standings), strict=True))
    listed = [row.number for row in (*queries.ranked(size=50).items, *queries.blocked(size=50).items)]
    assert sorted(places, key=places.get) == listed


def test_engines_that_differ_are_told_and_counted(world, tx, monkeypatch):
    assessed(world.order())
    monkeypatch.setattr("app.decisions.bulk.Bulk.firings", lambda self, row: [])
    assert bulk.rerank().differing == 1


def test_what_a_page_explains_is_the_score_that_counts_now(world, tx):
    from app.priority.panels import panel_of

    order = world.order(requested_date=clock.today() + timedelta(days=12))
    assessed(order)
    with clock.moved(clock.now() + timedelta(days=1)):
        assert bulk.rerank().moved == 1
        tx.expire_all()
        panel = panel_of(order)
    assert panel.outcome.score == panel.standing.score == sum(step["points"] for step in panel.series)
    assert panel.ranking.result.score != panel.standing.score
