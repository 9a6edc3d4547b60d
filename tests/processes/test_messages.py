"""Messages find one by name and keys, or wait for one; what was sent twice arrives once. Signals reach all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock, ids, periodic
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import periodic as periodic_  # noqa: F401 - registers
from app.processes import queries, service
from app.processes.metrics import messages_kept
from app.processes.models import ProcessMessage
from app.processes.service import finding, kept
from app.tasks import queries as tasks
from app.tasks import service as inbox
from tests.conformance import shapes as s
from tests.conftest import NOON
from tests.processes import invariants

DAY = timedelta(days=1)
SHIPPED = s.diagram("order", s.start(), s.receive("m", "shipped"), s.user("v"), s.end(), "s -> m -> v -> e")
LATE = s.diagram(
    "late", s.start(), s.user("u"), s.receive("m", "shipped"), s.user("v"), s.end(), "s -> u -> m -> v -> e"
)
EACH = s.diagram(
    "each",
    s.start(),
    s.receive("m", "part", s.inputs(part="${part}"), s.many(over="parts", item="part")),
    s.user("v"),
    s.end(),
    "s -> m -> v -> e",
)
LOOP = s.diagram("loop", s.start(), s.receive("m", "tick"), s.xor("g", default="m"), s.end(),
                 "s -> m -> g -> m; g -> e if ${last == true}")  # fmt: skip


@pytest.fixture(autouse=True)
def deployed(tx):
    for diagram in (SHIPPED, LATE, EACH, LOOP):
        service.deploy(SYSTEM, diagram)
    yield
    assert invariants.broken(audit=False) == []


def begin(key="order", business_key=None, **variables):
    made = service.start(SYSTEM, key, Subject("thing", ids.new_id()), business_key=business_key, variables=variables)
    return made.id


def at(instance):
    return sorted(one.element_id for one in queries.tokens_of(instance) if not one.scope)


def complete(instance):
    (task,) = tasks.open_tasks_of(queries.get_instance(instance).subject)
    inbox.complete(SYSTEM, task.id, {}, for_others=True)


def send(name="shipped", **given):
    return service.correlate(SYSTEM, name, **given)


def stored():
    return session().scalar(select(func.count()).select_from(ProcessMessage))


# --- finding the one ------------------------------------------------------------------------------------------------


def test_by_business_key():
    one, other = begin(business_key="A"), begin(business_key="B")
    (came,) = send(business_key="B", variables={"n": 1})
    assert (came.instance_id, came.started) == (other, False)
    assert (at(one), at(other)) == (["m"], ["v"])
    assert queries.variables_of(other)["n"] == 1


def test_by_variables_of_exact_kind():
    one, other = begin(order=7, urgent=True), begin(order="7", urgent=1)
    assert send(correlation={"order": 7, "urgent": True})[0].instance_id == one
    assert send(correlation={"order": "7"})[0].instance_id == other


def test_by_variables_of_the_waiting_token():
    instance = begin("each", parts=["a", "b", "c"])
    send("part", local_correlation={"part": "b"})
    left = [queries.local_variables_of(instance, one.token)["part"] for one in queries.tokens_of(instance)
            if one.waits == "message"]  # fmt: skip
    assert sorted(left) == ["a", "c"]


def test_the_one_with_the_key_is_found_among_many(monkeypatch):
    """However many wait, each is looked at: the last one too."""
    monkeypatch.setattr(finding, "AT_ONCE", 7)
    everybody = [begin(order=number) for number in range(40)]
    assert send(correlation={"order": 39})[0].instance_id == everybody[39]
    with pytest.raises(service.NoMatch):
        send(correlation={"order": 40})


def test_nobody_waits_tells_who_waits_for_that_name():
    one = begin(business_key="A")
    with pytest.raises(service.NoMatch) as refusal:
        send(business_key="B")
    assert [(wait["instance"], wait["element"], wait["business_key"]) for wait in refusal.value.details["waiting"]] == [
        (one, "m", "A")
    ]
    assert refusal.value.details["name"] == "shipped"


def test_three_wait_tells_which():
    three = {begin(business_key="A") for _ in range(3)}
    with pytest.raises(service.ManyMatches) as refusal:
        send(business_key="A")
    assert refusal.value.details["count"] == 3
    assert {wait["instance"] for wait in refusal.value.details["waiting"]} == three
    assert all(at(one) == ["m"] for one in three)


def test_to_all_reaches_each(monkeypatch):
    monkeypatch.setattr(finding, "MOST_COUNTED", 3)
    everybody = [begin() for _ in range(8)]
    assert len(send(all_=True)) == 8
    assert all(at(one) == ["v"] for one in everybody)


def test_a_halted_instance_does_not_get_it():
    one = begin(business_key="A")
    service.suspend(SYSTEM, one, "test")
    with pytest.raises(service.NoMatch):
        send(business_key="A")


# --- kept until somebody wants it -----------------------------------------------------------------------------------


def test_kept_and_taken_by_the_first_that_fits():
    assert send(business_key="A", ttl=DAY, variables={"n": 1}) == []
    assert messages_kept() == 1
    other, one = begin(business_key="B"), begin(business_key="A")
    assert (at(other), at(one)) == (["m"], ["v"])
    assert queries.variables_of(one)["n"] == 1
    assert at(begin(business_key="A")) == ["m"], "one message is for one"
    assert messages_kept() == 0


def test_kept_ones_come_in_the_order_they_were_sent():
    with clock.moved(NOON):
        send(business_key="A", ttl=DAY, variables={"n": 1})
    with clock.moved(NOON + timedelta(seconds=1)):
        send(business_key="A", ttl=DAY, variables={"n": 2})
        first, second = begin(business_key="A"), begin(business_key="A")
    assert [queries.variables_of(one)["n"] for one in (first, second)] == [1, 2]


def test_a_loop_drains_what_was_kept():
    for last in (False, False, True):
        send("tick", ttl=DAY, variables={"last": last})
    assert queries.get_instance(begin("loop")).status == "completed"


def test_kept_with_keys_waits_for_who_has_them(monkeypatch):
    monkeypatch.setattr(kept, "AT_ONCE", 4)
    for order in range(11):
        send(correlation={"order": order}, ttl=DAY)
    assert at(begin(order=99)) == ["m"]
    assert at(begin(order=10)) == ["v"]


def test_kept_with_variables_of_the_token():
    send("part", local_correlation={"part": "b"}, local_variables={"serial": "S1"}, ttl=DAY)
    instance = begin("each", parts=["a", "b", "c"])
    left = [queries.local_variables_of(instance, one.token)["part"] for one in queries.tokens_of(instance)
            if one.waits == "message"]  # fmt: skip
    assert sorted(left) == ["a", "c"]


def test_kept_for_one_instance_is_not_taken_by_another():
    mine, other = begin("late"), begin("late")
    send(instance_id=mine, ttl=DAY)
    complete(other)
    assert at(other) == ["m"]
    complete(mine)
    assert at(mine) == ["v"]


def test_kept_while_halted_comes_on_resume():
    one = begin(business_key="A")
    service.suspend(SYSTEM, one, "test")
    assert send(business_key="A", ttl=DAY) == []
    service.resume(SYSTEM, one, "test")
    assert at(one) == ["v"]


def test_an_operator_moves_a_halted_instance_to_where_a_message_is_kept():
    one = begin("late", business_key="A")
    send(business_key="A", ttl=DAY)
    service.suspend(SYSTEM, one, "test")
    (token,) = [token.token for token in queries.tokens_of(one)]
    service.move_token(SYSTEM, one, cancel=[token], start_before=["m"], reason="test")
    assert at(one) == ["m"]
    service.resume(SYSTEM, one)
    assert at(one) == ["v"]


def test_too_late_is_not_taken():
    send(business_key="A", ttl=DAY)
    with clock.moved(NOON + DAY):
        assert at(begin(business_key="A")) == ["m"]


# --- the same message again -----------------------------------------------------------------------------------------


def test_sent_again_it_is_not_taken_again():
    one, _other = begin(business_key="A"), begin("late", business_key="A")
    first = send(business_key="A", sender_id="s-1")
    complete(_other)
    again = send(business_key="A", sender_id="s-1")
    assert [came.instance_id for came in again] == [came.instance_id for came in first] == [one]
    assert at(_other) == ["m"]


def test_sent_again_while_kept_it_is_kept_once_and_then_tells_where_it_went():
    assert send(business_key="A", sender_id="s-1", ttl=DAY) == []
    assert send(business_key="A", sender_id="s-1", ttl=DAY) == []
    assert stored() == 1
    one = begin(business_key="A")
    assert [came.instance_id for came in send(business_key="A", sender_id="s-1", ttl=DAY)] == [one]


def test_a_message_that_was_refused_may_be_sent_again():
    with pytest.raises(service.NoMatch):
        send(business_key="A", sender_id="s-1")
    one = begin(business_key="A")
    assert send(business_key="A", sender_id="s-1")[0].instance_id == one


# --- what is kept is not kept for ever ------------------------------------------------------------------------------


def test_old_messages_are_purged_by_what_is_stated():
    send(business_key="A", ttl=DAY)
    begin(business_key="B")
    send(business_key="B", sender_id="s-1")
    send(business_key="C", ttl=timedelta(days=9000))
    expired = NOON + DAY + timedelta(days=kept.EXPIRED_DAYS)
    for moment, left in (
        (expired, 3),
        (expired + timedelta(seconds=1), 2),
        (NOON + timedelta(days=kept.DELIVERED_DAYS), 2),
        (NOON + timedelta(days=kept.DELIVERED_DAYS, seconds=1), 1),
    ):
        with clock.moved(moment):
            kept.purge()
        assert stored() == left, moment
    assert kept.DELIVERED_DAYS > 366


def test_purging_is_bounded_and_goes_on(monkeypatch):
    monkeypatch.setattr(kept, "PURGED_AT_ONCE", 2)
    for _ in range(5):
        send(business_key="A", ttl=DAY)
    with clock.moved(NOON + timedelta(days=40)):
        assert [kept.purge() for _ in range(4)] == [2, 2, 1, 0]


def test_purging_is_periodic_work():
    assert "processes.messages" in {work.name for work in periodic._works}


# --- signals --------------------------------------------------------------------------------------------------------


def test_a_signal_reaches_all_that_go_on_and_is_not_kept():
    service.deploy(
        SYSTEM, s.diagram("sig", s.start(), s.catch("c", s.signal("go")), s.user("v"), s.end(), "s->c->v->e")
    )
    one, two, halted = begin("sig"), begin("sig"), begin("sig")
    service.suspend(SYSTEM, halted, "test")
    assert service.signal(SYSTEM, "go") == 2
    assert (at(one), at(two), at(halted)) == (["v"], ["v"], ["c"])
    assert at(begin("sig")) == ["c"]
    assert stored() == 0
