"""Verbs on orders: what they change, what they keep, what they refuse."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.audit import queries as trail
from app.core.errors import Invalid, StaleVersion
from app.core.permissions import Actor
from app.core.subject import Subject
from app.orders import queries, service
from app.orders.models import Order, OrderVersion
from tests.catalog.factories import make_customer, make_product
from tests.orders.factories import given_order

ANN = Actor("01ann", "ann", "Ann", frozenset({"sales"}))
BOB = Actor("01bob", "bob", "Bob", frozenset({"order_desk"}))


def create(channel="direct", **over):
    return service.create_order(ANN, given_order(channel, **over))


def actions(order):
    return [entry.action for entry in trail.entries_of(Subject("order", order.id))]


def test_a_new_order_is_in_approval_with_number_total_version_and_trail(tx):
    order = create(quantity=3, unit_price="12.34")
    tx.expunge_all()
    order = queries.get_order(order.id)
    assert order.number == "SO-2026-000001"
    assert (order.status, order.version, str(order.total)) == ("in_approval", 1, "37.02")
    assert order.submitted_by == ANN.id
    (version,) = queries.versions_of(order.id)
    assert (version.change, version.actor_name) == ("create", "Ann")
    assert version.snapshot["lines"][0]["unit_price"] == "12.34"
    assert actions(order) == ["order:create"]


def test_a_refused_order_leaves_nothing(tx):
    with pytest.raises(Invalid):
        create(quantity=0)
    assert tx.scalar(select(func.count()).select_from(Order)) == 0
    assert tx.scalar(select(func.count()).select_from(OrderVersion)) == 0


def test_html_is_kept_as_text(tx):
    order = create(note="<script>alert(1)</script>", external_ref="<b>7</b>")
    tx.expunge_all()
    assert queries.get_order(order.id).note == "<script>alert(1)</script>"


def test_a_reference_is_taken_once_per_customer(tx):
    customer = make_customer()
    first = create(customer=customer, external_ref="PO-1")
    create(external_ref="PO-1")
    with pytest.raises(service.DuplicateReference) as refused:
        create(customer=customer, external_ref="PO-1")
    assert refused.value.details == {"external_ref": "PO-1", "order": first.number}
    assert refused.value.status == 409
    service.cancel_order(ANN, first, reason="typed twice", seen_version=1)
    create(customer=customer, external_ref="PO-1")


def test_a_change_replaces_what_is_given_and_keeps_the_rest(tx):
    order = create(external_ref="PO-1", note="urgent")
    service.change_order(BOB, order, {"note": "", "requested_date": "2026-12-05"}, seen_version=1)
    assert (order.note, str(order.requested_date), order.external_ref) == ("", "2026-12-05", "PO-1")
    assert order.version == 2
    versions = queries.versions_of(order.id)
    assert [version.change for version in versions] == ["create", "change"]
    assert versions[1].diff == {"note": ["urgent", ""], "requested_date": ["2026-11-30", "2026-12-05"]}
    assert versions[0].snapshot["note"] == "urgent"
    assert actions(order)[-1] == "order:change" or actions(order)[0] == "order:change"


def test_changed_lines_keep_their_identity_by_product(tx):
    one, two, three = make_product(), make_product(), make_product()
    order = create()
    line = {"quantity": 1, "unit_price": "10.00"}
    service.change_order(ANN, order, {"lines": [{"product": p.sku, **line} for p in (one, two)]}, seen_version=1)
    kept = {line.product_id: line.id for line in order.lines}
    wanted = [{"product": p.sku, "quantity": 2, "unit_price": "10.00"} for p in (three, two)]
    service.change_order(ANN, order, {"lines": wanted}, seen_version=2)
    tx.expunge_all()
    order = queries.get_order(order.id)
    assert [line.product_id for line in order.lines] == [three.id, two.id]
    assert [line.line_no for line in order.lines] == [1, 2]
    assert order.lines[1].id == kept[two.id]
    assert str(order.total) == "40.00"


def test_a_change_of_channel_drops_the_old_channels_fields_and_asks_for_the_new_ones(tx):
    order = create("distributor")
    with pytest.raises(Invalid) as refused:
        service.change_order(ANN, order, {"channel": "tender"}, seen_version=1)
    assert set(refused.value.details["fields"]) == {"tender_award_number", "lines.0.price_ceiling"}
    given = {"channel": "direct", "surgery_at": "2026-12-02T08:00:00+08:00", "surgery_number": "OR-1234"}
    service.change_order(ANN, order, given, seen_version=1)
    assert order.authorisation_number is None


def test_dates_that_passed_meanwhile_do_not_hinder_a_change_of_something_else(tx):
    from app.core import clock

    order = create()
    with clock.moved(clock.now().replace(year=2027)):
        service.change_order(ANN, order, {"note": "late"}, seen_version=1)
        with pytest.raises(Invalid):
            service.change_order(ANN, order, {"requested_date": "2026-12-01"}, seen_version=2)


@pytest.mark.parametrize("verb", [service.cancel_order, service.withdraw_order])
def test_a_stale_version_is_refused(verb, tx):
    order = create()
    service.change_order(ANN, order, {"note": "new"}, seen_version=1)
    with pytest.raises(StaleVersion) as refused:
        verb(ANN, order, reason="late", seen_version=1)
    assert refused.value.details == {"seen": 1, "current": 2}
    with pytest.raises(StaleVersion):
        service.change_order(ANN, order, {"note": "newer"}, seen_version=1)
    assert order.note == "new"


def test_what_is_released_can_be_neither_changed_nor_cancelled(tx):
    order = create()
    service.release_order(BOB, order)
    with pytest.raises(service.OrderReleased) as refused:
        service.change_order(ANN, order, {"note": "x"}, seen_version=2)
    assert order.number in refused.value.sentence()
    with pytest.raises(service.OrderReleased):
        service.cancel_order(ANN, order, reason="x", seen_version=2)
    with pytest.raises(service.OrderReleased):
        service.withdraw_order(ANN, order, reason="x", seen_version=2)


def test_what_is_closed_stays_closed(tx):
    order = create()
    service.reject_order(BOB, order, reason="no licence")
    with pytest.raises(service.OrderClosed):
        service.change_order(ANN, order, {"note": "x"}, seen_version=2)


def test_cancelling_needs_a_reason(tx):
    order = create()
    for reason in ("", "   ", "x" * 1001):
        with pytest.raises(Invalid) as refused:
            service.cancel_order(ANN, order, reason=reason, seen_version=1)
        assert list(refused.value.details["fields"]) == ["reason"]
    service.cancel_order(ANN, order, reason=" surgery called off ", seen_version=1)
    entry = next(e for e in trail.entries_of(Subject("order", order.id)) if e.action == "order:cancel")
    assert entry.details["reason"] == "surgery called off"


def test_only_the_submitter_withdraws(tx):
    order = create()
    with pytest.raises(service.NotTheSubmitter):
        service.withdraw_order(BOB, order, reason="x", seen_version=1)
    service.withdraw_order(ANN, order, reason="typed in error", seen_version=1)
    assert order.status == "withdrawn"


def test_rework_goes_back_to_approval_by_a_change_or_as_it_is(tx):
    order = create()
    service.send_to_rework(BOB, order, reason="price")
    assert (order.status, order.version) == ("rework", 2)
    service.change_order(ANN, order, {"note": "better"}, seen_version=2)
    assert (order.status, order.version) == ("in_approval", 3)
    service.send_to_rework(BOB, order, reason="price")
    service.resume_approval(ANN, order)
    assert [version.change for version in queries.versions_of(order.id)] == [
        "create",
        "rework",
        "change",
        "rework",
        "resume",
    ]


def test_what_is_reserved_is_kept_and_void_after_a_change_of_lines(tx):
    order = create(quantity=5)
    line = order.lines[0]
    service.note_reserved(order, {line.id: 4})
    assert line.reserved == 4
    assert order.version == 1
    product = make_product()
    new = [{"product": product.sku, "quantity": 1, "unit_price": "1"}]
    service.change_order(ANN, order, {"lines": new}, seen_version=1)
    assert [line.reserved for line in order.lines] == [0]


VERBS = st.lists(st.sampled_from(["change", "rework", "resume", "reject", "release", "cancel", "withdraw"]), max_size=8)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verbs=VERBS)
def test_versions_count_every_change_and_tell_the_whole_story(verbs, tx):
    order = create()
    done = ["create"]
    calls = {
        "change": lambda: service.change_order(ANN, order, {"note": f"n{len(done)}"}, seen_version=order.version),
        "rework": lambda: service.send_to_rework(BOB, order, reason="r"),
        "resume": lambda: service.resume_approval(ANN, order),
        "reject": lambda: service.reject_order(BOB, order, reason="r"),
        "release": lambda: service.release_order(BOB, order),
        "cancel": lambda: service.cancel_order(ANN, order, reason="r", seen_version=order.version),
        "withdraw": lambda: service.withdraw_order(ANN, order, reason="r", seen_version=order.version),
    }
    for verb in verbs:
        try:
            calls[verb]()
        except service.Conflict:
            continue
        done.append(verb)
    versions = queries.versions_of(order.id)
    assert [version.change for version in versions] == done
    assert [version.version for version in versions] == list(range(1, order.version + 1))
    assert versions[-1].snapshot["status"] == order.status
    for earlier, later in itertools.pairwise(versions):
        assert service.difference(earlier.snapshot, later.snapshot) == later.diff


def test_creating_an_order_costs_few_statements(tx, statements):
    given = given_order()
    statements.clear()
    service.create_order(ANN, given)
    assert len(statements) <= 9, "\n".join(statements)
