"""The inbox as a list of work: what filters show and never show, filters that are kept, the list for today."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.errors import Invalid
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import intake
from app.fulfilment.worklist import reading, saved
from app.fulfilment.worklist.wanted import BLOCKED, DUE, HOLDERS, Wanted, wanted_of
from app.orders.models import OrderWords
from app.orders.queries import plain
from app.priority.queries import BANDS
from app.shipping import shipments
from app.tasks import lists, queries, service
from app.tasks.models import Rank
from app.tasks.permissions import TASK_READ_ALL
from tests.conftest import NOON
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import sign_in
from tests.tasks.factories import make_task

FRAGMENT = {"HX-Request": "true"}
GROUPS = (["order_desk"], ["manager"], ["finance", "order_desk"], [])


@pytest.fixture
def flow(tx):
    with clock.moved(NOON):
        yield make_flow()


def as_person(client, flow, name):
    sign_in(client, flow.users[name])
    client.set_cookie("language", "en")
    return client


def text(response):
    return response.get_data(as_text=True)


def ids_of(page):
    return [task.id for task in page.items]


def varied(flow):
    """Twenty-four tasks about three orders and about nothing we know, no two alike."""
    orders = [
        flow.submit(external_ref="PO-1"),
        flow.submit(product=flow.plain, quantity=50, external_ref="PO-2"),
        flow.submit(product=flow.valuable),
    ]
    subjects = [*(Subject("order", order.id) for order in orders), Subject("thing", "1")]
    people = [flow.users[name].id for name in ("bob", "boss")]
    for place in range(24):
        rank = Rank(band=(*BANDS, None)[place % 5], score=place, blocked=place % 7 == 0, number=str(place % 3))
        made = make_task(
            subject=subjects[place % 4],
            element_id=("approve", "check")[place % 2],
            groups=GROUPS[place % 4],
            users=people[:1] if place % 5 == 0 else [],
            excluded=people[:1] if place % 6 == 0 else [],
            rank=rank,
            due_at=NOON + timedelta(hours=(-30, -2, 3, 20, 70, 200)[place % 6]),
            assignee_id=people[1] if place % 8 == 3 else None,
        )
        if place % 9 == 0 and made.assignee_id is None and place % 6 and "order_desk" in GROUPS[place % 4]:
            service.claim(flow.actor("bob"), made.id)
    shipped = [Subject("shipment", one.id) for order in orders for one in shipments.shipments_of(order.id)]
    return [task for subject in (*subjects, *shipped) for task in queries.tasks_of(subject)]


def may_see(actor, task, which):
    """The same, told naively."""
    who = queries.candidates_of(task.id)
    mine = task.assignee_id == actor.id
    candidate = bool(set(who["group"]) & actor.roles) or actor.id in who["user"]
    candidate = candidate and actor.id not in who["excluded"]
    free = task.assignee_id is None and candidate
    if which == "today":
        urgent = task.due_at < lists.day_end() or task.band in lists.URGENT
        return (mine or free) and urgent
    return {"mine": mine, "groups": free, "all": actor.may(TASK_READ_ALL) or mine or candidate}[which]


def fits(task, wanted, actor, words, customers):
    local, today = clock.local_date(task.due_at), clock.today()
    week = today - timedelta(days=today.weekday())
    of = words.get(task.subject_id)
    return all(
        (
            not wanted.band or task.band == wanted.band,
            not wanted.element or task.element_id == wanted.element,
            not wanted.blocked or task.blocked == (wanted.blocked == "yes"),
            wanted.due != "overdue" or task.due_at < clock.now(),
            wanted.due != "today" or local == today,
            wanted.due != "week" or week <= local < week + timedelta(days=7),
            wanted.holder != "me" or task.assignee_id == actor.id,
            wanted.holder != "nobody" or task.assignee_id is None,
            wanted.holder != "somebody" or task.assignee_id is not None,
            not wanted.channel or (of is not None and of.channel == wanted.channel),
            not wanted.customer or (of is not None and of.customer_id == customers.get(wanted.customer)),
            all(of is not None and word in of.text for word in wanted.words),
        )
    )


def some(*values):
    return st.sampled_from(("",) * (4 * len(values)) + values)


FILTERS = st.builds(
    Wanted,
    q=some("po-", "STENT", "ｓｔｅｎｔ", "医院", "%", "_", "\\", "so-2026 医院", "'; drop"),
    band=some(*BANDS),
    element=some("approve", "check", "none"),
    due=some(*DUE),
    channel=some("direct", "tender"),
    customer=some("H-0001", "nobody"),
    holder=some(*HOLDERS),
    blocked=some(*BLOCKED),
    sort=some("due", "age"),
)


def test_a_filter_takes_away_and_never_adds(flow):
    """Against the same told in Python, for people of every kind; whether few lead the page or the ranking is walked."""
    every = varied(flow)
    every = [queries.get_task(task.id) for task in every if task.status == "open"]
    words = {one.order_id: one for one in reading.session().query(OrderWords)}
    customers = {flow.world.hospital.code: flow.world.hospital.id}
    actors = {name: flow.actor(name) for name in ("bob", "boss", "both", "other", "ann")}
    seen = set()

    @example(wanted=Wanted(band="P1"), name="boss", which="all", few=0)
    @example(wanted=Wanted(q="stent"), name="bob", which="groups", few=0)
    @settings(max_examples=80, deadline=None)
    @given(
        wanted=FILTERS,
        name=st.sampled_from(sorted(actors)),
        which=st.sampled_from(("today", "mine", "groups", "all")),
        few=st.sampled_from((0, 3, 1000)),
    )
    def check(wanted, name, which, few):
        actor = actors[name]
        with patch.object(lists, "FEW", few), patch.object(reading, "FEW", few):
            who = reading.reader(actor)
            found = reading.page_of(who, which, wanted).items
            counted = reading.counts_of(who, {"it": (which, wanted)})["it"]
        expected = [
            task for task in every if may_see(actor, task, which) and fits(task, wanted, actor, words, customers)
        ]
        key = {"": "rank_key", "due": "due_at", "age": "created_at"}[wanted.sort]
        assert [task.id for task in found] == [
            task.id for task in sorted(expected, key=lambda task: (getattr(task, key), task.id))
        ]
        assert counted == len(expected)
        seen.add((which, bool(expected), wanted.limits))

    check()
    assert {("groups", True, True), ("all", True, True)} <= seen


def test_an_order_is_found_by_what_it_is_called_as_long_as_it_is_open(flow):
    order = flow.submit(external_ref="Ｐ０-77", hospital_po="HP-9")

    def found(words):
        return ids_of(reading.page_of(reading.reader(flow.actor("bob")), "groups", Wanted(q=words))) != []

    hospital = flow.world.hospital
    parts = (order.number[3:], "p0-77", "hp-9", hospital.code.lower(), hospital.name[1:3], "STENT-1", "stent-1 hp-9")
    assert [part for part in parts if not found(part)] == []
    assert [part for part in ("p0-78", "stent-1 hp-8", "%", "_") if found(part)] == []
    intake.change(flow.actor("ann"), order.id, {"external_ref": "P0-78"}, seen_version=order.version)
    assert found("p0-78")
    assert not found("p0-77")
    intake.cancel(flow.actor("ann"), order.id, reason="no more", seen_version=order.version)
    assert reading.session().get(OrderWords, order.id) is None


def test_an_address_that_says_nonsense_limits_nothing():
    assert wanted_of({"band": "P9", "due": "x", "sort": "id; drop", "holder": "all", "blocked": "1"}) == Wanted()
    assert len(wanted_of({"q": "x" * 5000}).q) == 100
    assert wanted_of(Wanted(q="a b", band="P1", sort="due").address()) == Wanted(q="a b", band="P1", sort="due")
    assert plain(" Ａ\u3000b ") == "a b"


@pytest.mark.any_database
def test_the_page_costs_the_same_whatever_there_is(client, flow, statements):
    address = "/inbox?tab=groups&q=stent&band=P2&customer=H-0001&due=week"
    counts = []
    for _round in range(2):
        for _number in range(4):
            flow.submit()
        as_person(client, flow, "bob")
        client.get(address)
        for path in (address, "/inbox?tab=today", "/inbox/stamp?tab=groups"):
            statements.clear()
            assert client.get(path).status_code == 200
            counts.append(len(statements))
    assert counts[:3] == counts[3:]


@pytest.mark.any_database
def test_the_stamp_changes_with_what_is_shown_and_costs_nothing_else(client, flow):
    order = flow.submit()
    task, bob = flow.task(order), as_person(client, flow, "bob")
    stamps, moment = [], NOON

    def look():
        stamps.append(text(bob.get("/inbox/stamp?tab=groups")))

    look()
    with clock.moved(lambda: moment):
        for act in (
            lambda: service.claim(flow.actor("desk2"), task.id),
            lambda: service.release(flow.actor("desk2"), task.id),
            lambda: service.rerank(task.subject, Rank(band="P0", number=order.number)),
            lambda: service.complete(SYSTEM, task.id, {"outcome": "approve"}),
        ):
            moment += timedelta(seconds=1)
            act()
            look()
    assert all(one != other for one, other in pairwise(stamps))
    same = bob.get("/inbox/stamp?tab=groups")
    assert text(same) == stamps[-1]
    again = bob.get("/inbox/stamp?tab=groups", headers={"If-None-Match": same.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.any_database
def test_today_says_why_and_what_next(client, flow):
    first = flow.submit()
    task = flow.task(first)
    held = make_task(
        subject=task.subject, groups=["order_desk"], due_at=NOON - timedelta(hours=2), rank=Rank(band="P3")
    )
    service.claim(flow.actor("bob"), held.id)
    make_task(subject=task.subject, groups=["order_desk"], due_at=NOON + timedelta(days=3), rank=Rank(band="P1"))
    later = make_task(
        subject=task.subject, groups=["order_desk"], due_at=NOON + timedelta(days=3), rank=Rank(band="P3")
    )
    page = text(as_person(client, flow, "bob").get("/inbox?tab=today"))
    assert "Overdue: it was due 2 hours ago." in page
    assert "Decide: you have it." in page
    assert "Band P1" in page
    assert "Take it and decide." in page
    assert later.id not in page
    assert "Nothing is left for today." in text(as_person(client, flow, "other").get("/inbox?tab=today"))


@pytest.mark.any_database
def test_filters_are_kept_shared_counted_and_deleted(client, flow):
    flow.submit()
    bob = as_person(client, flow, "bob")
    form = {"tab": "groups", "q": "stent", "name": " Stents ", "role": "order_desk", "opens_first": "1"}
    kept = bob.post("/inbox/filters", data=form)
    (mine,) = saved.filters_for(flow.actor("bob"))
    assert kept.headers["Location"] == f"/inbox?tab=groups&q=stent&filter={mine.id}"
    assert bob.get("/inbox").headers["Location"] == kept.headers["Location"]
    chips = text(bob.get(f"/inbox/filters/counts?filter={mine.id}"))
    assert 'aria-current="true"' in chips
    assert '<span class="count">1</span>' in chips
    assert "Stents" in text(as_person(client, flow, "desk2").get("/inbox?tab=groups"))
    assert client.get("/inbox").status_code == 200, "another's filter does not open one's inbox"
    assert client.post(f"/inbox/filters/{mine.id}", data={"name": "x"}).status_code == 404
    assert client.post(f"/inbox/filters/{mine.id}/delete").status_code == 404
    assert "Stents" not in text(as_person(client, flow, "other").get("/inbox?tab=groups"))
    bob = as_person(client, flow, "bob")
    assert bob.post("/inbox/filters", data=form).status_code == 409, "the name is taken"
    assert bob.post(f"/inbox/filters/{mine.id}", data={"name": "Renamed"}).status_code == 302
    assert [(one.name, one.role, one.opens_first) for one in saved.filters_for(flow.actor("bob"))] == [
        ("Renamed", None, False)
    ]
    assert "Renamed" in text(bob.get("/inbox/filters"))
    assert bob.post(f"/inbox/filters/{mine.id}/delete").status_code == 302
    assert saved.filters_for(flow.actor("bob")) == []


def test_filters_have_bounds(flow):
    bob = flow.actor("bob")
    with pytest.raises(saved.NotYourRole):
        saved.keep(bob, "groups", Wanted(band="P0"), name="a", role="finance")
    for name in ("", " ", "x" * 61):
        with pytest.raises(Invalid):
            saved.keep(bob, "groups", Wanted(), name=name)
    for number in range(saved.MOST):
        saved.keep(bob, "nonsense", Wanted(band="P0"), name=str(number), opens_first=True)
    with pytest.raises(saved.TooManyFilters):
        saved.keep(bob, "groups", Wanted(), name="more")
    assert [one.name for one in saved.filters_for(bob) if one.opens_first] == [str(saved.MOST - 1)]
    assert saved.keep(flow.actor("boss"), "all", Wanted(holder="nobody"), name="0", role="finance").role == "finance"


@pytest.mark.any_database
def test_nothing_to_do_and_nothing_that_fits_are_told_apart(client, flow):
    bob = as_person(client, flow, "bob")
    assert "Nothing waits for your groups." in text(bob.get("/inbox?tab=groups"))
    page = text(bob.get("/inbox?tab=groups&q=<script>alert(1)"))
    assert "No task fits the filter." in page
    assert "Clear filters" in page
    assert "<script>alert(1)" not in page
    assert "This page is empty." in text(bob.get("/inbox?tab=groups&page=9"))
    assert "<form" not in text(bob.get("/inbox?tab=groups", headers=FRAGMENT))
