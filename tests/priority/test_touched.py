"""What a change touches: every stored column that facts are counted from, and no order that shares nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.catalog.models import (
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.core import clock
from app.core.errors import NotFound
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions.asked import asked_in_force
from app.decisions.facts import fact
from app.inventory import service as inventory
from app.inventory.models import Balance, Lot, Reservation, Warehouse
from app.orders.models import Order, OrderLine
from app.orders.queries import locked_orders
from app.priority import moments, service, touched, touched_orders
from app.priority.facts import ORDER_KINDS
from app.priority.models import OrderOverride
from app.priority.picture import _READ_FROM, pictures_of
from app.priority.queries import OPEN
from tests.catalog.factories import make_authorisation, make_award, make_contract, make_customer, make_licence
from tests.inventory.factories import make_lot
from tests.orders.factories import make_line
from tests.priority.worlds import orders_of_every_kind, plain_product, plain_world

READ = (
    Authorisation, Balance, Contract, Customer, Licence, Lot, Order, OrderLine, OrderOverride, Product, Region,
    Registration, Reservation, TenderAward, TenderAwardLine, Warehouse,
)  # fmt: skip
ROWS, SOME = 4, 2
"""So many of each table are changed, with `--full` or without, and the last one."""
SPARSE = (Authorisation, OrderLine)
"""In these fewer rows would not do: not every column matters in the first."""
UNSEEN = {
    "regions.code", "stock_balances.lot_id",  # keys: they do not change
    "licences.owner_kind",  # goes with the customer
    "order_lines.reserved", "order_overrides.ended_at",  # shown below
}  # fmt: skip
"""Columns that count but make no difference to any order here."""
WORDS = {
    "channel": ("direct", "distributor", "tender"),
    "order_type": ("emergency", "sample", "consignment"),
    "kind": ("clinic", "distributor"),
    "tier": ("S", "C"),
    "owner_kind": (),
    "band": ("P0",),
    "substitution_group": ("G", "H", None),
}
STATUSES = {
    "orders": ("released", "in_approval", "rework", "cancelled"),
    "products": ("active", "restricted"),
    "customers": ("active", "blocked"),
    "contracts": ("active", "suspended"),
    "lots": ("released", "held", "recalled"),
    "reservations": ("released", "active"),
}


@pytest.fixture
def world(tx):
    made = plain_world()
    product = plain_product(needs_inspection=True, stock=0, min_remaining_days=30, storage_max_c=Decimal(8))
    make_lot(product, on_hand=5, report_no="R-1", expires_on=clock.today() + timedelta(days=300))
    made.named = [orders_named(made, product) for _each in range(2)]
    made.orders = orders_of_every_kind(made, 12)
    made.orders[-1].status = "in_approval"  # the one with a reservation
    tx.add(override(made.named[0][0]))
    tx.flush()
    touched.take_marks()
    return made


def orders_named(world, product) -> list[Order]:
    """Open orders of a customer that name a contract, an award, an authorisation, all in force."""
    customer = make_customer(kind="distributor", tier="A", min_remaining_days=10)
    customer.licences[0].category_codes = ["13"]
    contract = make_contract(customer, min_remaining_days=60, sla_hours=24)
    award = make_award([(product, "80.00", 100)], customer_id=customer.id, region_code=None)
    authorisation = make_authorisation(grantee_customer_id=customer.id)
    named = {"contract_number": contract.number, "customer": customer, "hospital_po": "PO"}
    return [
        world.order(lines=[make_line(product, 3)], order_type="consignment", **named),
        world.order(
            lines=[make_line(product, 4, "90.00"), make_line(plain_product(), 2, price_ceiling="50.00")],
            channel="tender",
            tender_award_number=award.number,
            **named,
        ),
        world.order(
            product=product,
            quantity=2,
            channel="distributor",
            authorisation_number=authorisation.number,
            surgery_at=clock.now() + timedelta(hours=60),
            **named,
        ),
    ]


def override(order, **over) -> OrderOverride:
    now = clock.now()
    given = {
        "id": order.id, "order_id": order.id, "points": 10, "band": None, "cause": "other", "reason": "Because",
        "set_by": "somebody", "set_by_name": "Somebody", "signed": False, "starts_at": now - timedelta(hours=1),
        "until": now + timedelta(hours=5), "band_before": "P3", "band_after": "P3", "score_before": 1, "score_after": 1,
        "raised": True, "passed": [], "passed_count": 0, "passed_urgent": 0, "findings": {},
    }  # fmt: skip
    return OrderOverride(**{**given, **over})


def known(tx) -> dict[str, Any]:
    """What is known of every open order now, and when time alone changes it."""
    as_of, asked = clock.now(), asked_in_force(service.SETS)
    ids = tx.scalars(select(Order.id).where(Order.status.in_(OPEN)).order_by(Order.id)).all()
    kinds = set(ORDER_KINDS) - {"priority"}
    return {
        order_id: (
            [fact.get(kind)(Subject("order", order_id), as_of) for kind in sorted(kinds)],
            moments.next_change(picture, as_of, asked),
        )
        for order_id, picture in pictures_of(locked_orders(ids)).items()
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Orders known otherwise; one that is no longer open, or is again, is one of them."""
    return {one for one in before | after if before.get(one) != after.get(one)}


def found(tx) -> set[str]:
    """What the marks left so far touch."""
    marks = touched.take_marks()
    if not marks:
        return set()
    ids = set(tx.scalars(touched_orders.orders_of(marks)))
    assert touched_orders.few_orders_of(marks, max(1, len(ids))) == ids
    assert len(ids) < 2 or touched_orders.few_orders_of(marks, len(ids) - 1) is None
    return ids


def others(tx, column) -> list[Any]:
    """Other values that a column may take, some of them by a stretch."""
    if column.foreign_keys:
        key = next(iter(column.foreign_keys)).column
        return [*tx.scalars(select(key).limit(4)), *([None] if column.nullable else [])]
    if column.key == "status":
        return list(STATUSES.get(column.table.name, ()))
    if column.key in WORDS:
        return list(WORDS[column.key])
    return [None] if column.nullable else []


def moved(column, value) -> Iterator[Any]:
    """Values beside the one that is there."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value + 700, max(0, value - 1))
        case datetime():
            yield from (value - timedelta(days=400), clock.now() + timedelta(hours=1))
        case date():
            yield value + timedelta(days=20)
            yield from (clock.today() + timedelta(days=days) for days in (-1500, -1, 22))
        case Decimal():
            yield from (value + 1, value + 2_000_000)
        case list():
            yield from ([], [3]) if column.key == "risk_classes" else ([], ["650000"], ["06"])
        case str() if not column.foreign_keys and column.key not in WORDS and column.key != "status":
            yield "9"
        case None if column.key.endswith(("_days", "hours", "class")):
            yield 400
        case None if column.key.endswith("_at"):
            yield clock.now() + timedelta(hours=40)
        case None if column.type.python_type is str:
            yield "NONE"


def texts(row) -> Iterator[str]:
    """Every text in its columns."""
    values = (getattr(row, name) for name in type(row).__mapper__.column_attrs.keys())  # noqa: SIM118
    return (value for value in values if isinstance(value, str))


def rows_of(tx, world, model, most: int) -> list[Any]:
    """Some rows of the table: those first that have to do with the orders that name papers."""
    orders = world.named[0]
    near = {value for order in orders for line in order.lines for value in (order.id, line.id, line.product_id)}
    near |= {value for order in orders for value in (order.customer_id, order.contract_number)}
    near |= {value for order in orders for value in (order.tender_award_number, order.authorisation_number)}
    near |= set(tx.scalars(select(Lot.id).where(Lot.product_id.in_(near))))
    near |= set(tx.scalars(select(Product.registration_id).where(Product.id.in_(near))))
    rows = list(tx.scalars(select(model).order_by(model.__table__.primary_key.columns[0])))
    rows.sort(key=lambda row: -len(near.intersection(filter(None, texts(row)))))
    return rows[:most] + rows[most:][-1:]


def changes(tx, world, model, most: int) -> Iterator[tuple[Any, str, Any]]:
    """Row, attribute, value: everything that may be changed in some rows of the table."""
    rows = rows_of(tx, world, model, most)
    for attribute in model.__mapper__.column_attrs:
        column = attribute.columns[0]
        if column.primary_key or attribute.key in ("version", "updated_at"):
            continue
        for row in rows:
            now = getattr(row, attribute.key)
            for value in [*others(tx, column), *moved(column, now)]:
                if value != now:
                    yield row, attribute.key, value


def test_every_table_that_is_read_is_tried():
    assert {model.__tablename__ for model in READ} == _READ_FROM
    assert {source.model.__tablename__ for source in touched.SOURCES} == _READ_FROM | {"rule_sets"}
    for source in touched.SOURCES:
        assert source.columns | set(source.key) <= {one.key for one in source.model.__mapper__.column_attrs} | {"id"}


@pytest.mark.any_database
@pytest.mark.parametrize("model", READ, ids=lambda model: model.__tablename__)
def test_whatever_column_changes_the_orders_it_matters_to_are_touched(world, tx, model, request):
    most = ROWS if request.config.getoption("--full") or model in SPARSE else SOME
    before, tried, mattered = known(tx), 0, set()
    for row, name, value in changes(tx, world, model, most):
        saved = tx.begin_nested()
        try:
            setattr(row, name, value)
            tx.flush()
            tx.expire_all()  # all is read anew, as in a session of its own
        except DBAPIError:  # the database does not allow it
            saved.rollback()
            tx.refresh(row)
            touched.take_marks()
            continue
        hit = found(tx)
        try:
            now = known(tx)
        except NotFound:
            now = {}
        differing = changed(before, now) & set(now)
        assert differing <= hit, (model.__tablename__, name, value, differing - hit)
        counts = {source for source in touched.SOURCES if source.model is model and name in source.columns}
        assert bool(counts) or not differing, (model.__tablename__, name)
        assert bool(counts) or not hit, (model.__tablename__, name)
        mattered |= {name} if differing else set()
        tried += 1
        saved.rollback()
        tx.refresh(row)
        touched.take_marks()
    counting = {name for source in touched.SOURCES if source.model is model for name in source.columns}
    assert {f"{model.__tablename__}.{name}" for name in counting - mattered} <= UNSEEN


def test_nobody_else_is_touched(world, tx):
    mine, twin = world.named
    customer, product = tx.get(Customer, mine[0].customer_id), mine[1].lines[1].product_id
    lot = tx.scalars(select(Lot).where(Lot.product_id == product)).one()
    all_mine, of_product = {order.id for order in mine}, {mine[1].id}
    contract = tx.scalars(select(Contract).where(Contract.number == mine[0].contract_number)).one()
    award = tx.scalars(select(TenderAward).where(TenderAward.number == mine[1].tender_award_number)).one()
    licence = tx.scalars(select(Licence).where(Licence.customer_id == customer.id)).one()
    registration = tx.get(Registration, tx.get(Product, product).registration_id)
    dealer = tx.scalars(select(Authorisation).where(Authorisation.number == mine[2].authorisation_number)).one()
    for row, name, value, expected in (
        (customer, "tier", "S", all_mine),
        (customer, "search_text", "x", set()),
        (licence, "valid_to", clock.today(), all_mine),
        (contract, "sla_hours", 2, all_mine),
        (contract, "penalty_cap_pct", Decimal(3), set()),
        (award, "valid_to", clock.today(), {mine[1].id}),
        (award.lines[0], "consumed_qty", 3, {mine[1].id}),
        (dealer, "valid_to", clock.today(), all_mine),
        (tx.get(Product, product), "sterile", True, of_product),
        (registration, "valid_to", clock.today(), of_product),
        (lot, "status", "held", of_product),
        (tx.scalars(select(Balance).where(Balance.lot_id == lot.id)).one(), "on_hand", 1, of_product),
        (mine[0], "requested_date", clock.today(), {mine[0].id}),
        (mine[0], "note", "x", set()),
    ):
        setattr(row, name, value)
        tx.flush()
        assert found(tx) == expected, (row, name)
    assert not {order.id for order in twin} & all_mine


def test_rows_that_come_and_go_touch_as_well(world, tx):
    order = world.named[0][2]
    for make, expected in (
        (lambda: make_licence(customer_id=order.customer_id), {one.id for one in world.named[0]}),
        (lambda: make_contract(number="NONE"), {one.id for one in world.orders if one.contract_number == "NONE"}),
        (lambda: make_award([], number="NONE"), {one.id for one in world.orders if one.tender_award_number == "NONE"}),
        (make_licence, all_open(tx)),
        (make_authorisation, all_open(tx)),
    ):
        made = make()
        assert found(tx) == expected & all_open(tx), made
        tx.delete(made)
        tx.flush()
        assert found(tx) == expected & all_open(tx), made


def all_open(tx) -> set[str]:
    return set(tx.scalars(select(Order.id).where(Order.status.in_(OPEN))))


def test_statements_past_the_objects_name_their_rows_or_touch_everything(world, tx):
    order = world.named[0][1]
    product = tx.get(Product, order.lines[1].product_id)
    inventory.reserve(SYSTEM, order.id, order.lines[1].id, product, 1, arrives_on=clock.today())
    assert found(tx) == {order.id}
    inventory.release_reservations(SYSTEM, order.id, "over")
    assert found(tx) == {order.id}
    lot = tx.scalars(select(Lot).where(Lot.product_id == product.id)).one()
    place = tx.scalar(select(Balance.warehouse_id).where(Balance.lot_id == lot.id, Balance.on_hand > 0))
    inventory.take_out(SYSTEM, lot, tx.get(Warehouse, place), 1, reason="broken")
    assert found(tx) == {order.id}
    tx.execute(update(Lot).where(Lot.id == lot.id).values(report_no="R"))
    assert found(tx) == all_open(tx)


def test_who_waits_is_news_only_where_few_wait(world, tx, monkeypatch):
    product = plain_product(stock=1)
    waiting = world.order(product=product, quantity=4)
    found(tx)
    other = world.order(product=product, quantity=4)
    assert found(tx) == {waiting.id, other.id}
    other.lines[0].reserved = 4
    tx.flush()
    assert found(tx) == {waiting.id, other.id}
    monkeypatch.setattr(touched, "FEW_WAIT", 1)
    other.lines[0].reserved = 3
    tx.flush()
    assert found(tx) == {other.id}


def test_too_many_marks_touch_everything(world, tx, monkeypatch):
    monkeypatch.setattr(touched, "MOST_MARKS", 1)
    for order in world.named[0]:
        order.hospital_po = "other"
    tx.flush()
    assert found(tx) == all_open(tx)
