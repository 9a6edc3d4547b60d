"""The order as a record: its lines, its moves, its version check."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.core.db import session
from app.core.ids import new_id
from app.orders import queries
from app.orders.models import NEXT, OrderStatus, OrderVersion, StatusNotAllowed
from tests.orders.factories import make_line, make_order


def an_order(**over):
    return make_order([make_line(quantity=3, unit_price="12.50"), make_line(quantity=2, unit_price="0.99")], **over)


def test_an_order_reads_back_as_it_was_stored(tx):
    made = an_order()
    tx.expunge_all()
    read = queries.get_order(made.id)
    assert [line.line_no for line in read.lines] == [1, 2]
    assert str(read.total) == "39.48"
    assert read.surgery_at == made.surgery_at
    assert queries.find_by_number(made.number.lower()) is read


@pytest.mark.parametrize("was", list(OrderStatus))
@pytest.mark.parametrize("wanted", list(OrderStatus))
def test_only_the_moves_of_the_table_are_possible(was, wanted, tx):
    order = an_order(status=was)
    if wanted in NEXT[was]:
        order.move_to(wanted)
        assert order.status == wanted
    else:
        with pytest.raises(StatusNotAllowed) as refused:
            order.move_to(wanted)
        assert order.number in refused.value.sentence()


def test_what_is_rejected_cancelled_or_withdrawn_stays_so():
    assert {status for status in OrderStatus if not NEXT[status]} == {"rejected", "cancelled", "withdrawn"}
    assert NEXT[OrderStatus.RELEASED] == {OrderStatus.IN_APPROVAL, OrderStatus.CANCELLED}  # by the change process


def test_a_write_against_an_older_version_is_refused_by_the_database(tx):
    order = an_order()
    session().execute(text("UPDATE orders SET version = 2 WHERE id = :id"), {"id": order.id})
    order.note = "late"
    order.version = 2
    with pytest.raises(StaleDataError):
        session().flush()


def test_two_live_orders_of_a_customer_cannot_bear_one_reference(tx):
    first = an_order(external_ref="PO-1")
    an_order(external_ref="PO-1")  # another customer's
    first.status = "cancelled"
    tx.flush()
    make_order([make_line()], customer=first.customer_id, external_ref="PO-1")
    with pytest.raises(IntegrityError):
        make_order([make_line()], customer=first.customer_id, external_ref="PO-1")


def test_a_line_cannot_be_empty_or_reserved_beyond_its_quantity(tx):
    for values in ({"quantity": 0}, {"reserved": 2}):
        with pytest.raises(IntegrityError), tx.begin_nested():
            make_order([make_line(**values)])


def test_versions_can_be_neither_changed_nor_removed(tx):
    order = an_order()
    version = OrderVersion(
        id=new_id(),
        order_id=order.id,
        version=1,
        at=order.submitted_at,
        actor_id="x",
        actor_name="x",
        change="create",
        diff={},
        snapshot={"a": "b"},
    )
    tx.add(version)
    tx.flush()
    for statement in ("UPDATE order_versions SET change = 'x'", "DELETE FROM order_versions"):
        with pytest.raises(DatabaseError, match="append-only"), tx.begin_nested():
            session().execute(text(statement))
