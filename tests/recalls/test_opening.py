"""Opening a case: lots blocked, reservations gone, scope frozen, all in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.db import session
from app.core.errors import DomainError, NotFound
from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.inventory.models import Reservation
from app.inventory.queries import reservations_of
from app.recalls import queries, service
from app.traceability.queries import scope
from tests.inventory.factories import make_lot, make_warehouse
from tests.recalls.world import make_recalling
from tests.traceability import oracle


@pytest.fixture
def world(tx):
    return make_recalling()


def test_lots_and_kits_are_blocked_and_every_unit_is_in_one_line(world):
    arrives = world.lot.made_on.replace(year=2027)
    inventory.reserve(SYSTEM, "order-1", "line-1", world.lot.product, 6, arrives_on=arrives)
    kit = make_lot(on_hand=2)
    home = inventory.home_bin(make_warehouse(), world.lot)
    world.go(world.lot, "into_kit", home, inventory.outside("kit", kit.id), 3)
    came = oracle.came_in([world.lot.id])
    reached = {row[1] for row in oracle.reached([world.lot.id])}
    case = world.open()
    assert case.number.startswith("RC-2026-")
    assert (world.lot.status, kit.status) == ("recalled", "recalled")
    assert reservations_of("order-1") == []
    mine = [one for one in queries.scope_of(case) if one.lot_id == world.lot.id]
    assert {(one.kind, one.quantity) for one in mine if one.kind != "stock"} == {
        ("reserved", 6), ("kit", 3), ("delivered", 15), ("used", 5), ("delivered", 6), ("delivered", 4),
    }  # fmt: skip
    assert sum(one.quantity for one in mine) == dict(came)[world.lot.id] == 100
    assert {one.customer_id for one in mine if one.customer_id} == reached == set(scope([world.lot.id]).customer_ids)
    assert {(one.customer_id, one.distance) for one in mine if one.customer_id == world.clinic.id} == {
        (world.clinic.id, 2)
    }
    assert world.at(case) == ["intake"]


def test_nothing_of_it_stays_when_one_lot_cannot_be_found(world):
    with pytest.raises(NotFound), session().begin_nested():
        world.open(world.lot, type(world.lot)(id="nope"))
    session().expire_all()
    assert world.lot.status == "released"
    assert session().scalar(queries.matching()) is None


def test_a_drill_blocks_nothing(world):
    arrives = world.lot.made_on.replace(year=2027)
    inventory.reserve(SYSTEM, "order-1", "line-1", world.lot.product, 6, arrives_on=arrives)
    case = world.open(mock=True)
    assert world.lot.status == "released"
    assert session().scalar(select(Reservation.status)) == "active"
    assert case.scoped_at is not None
    assert len(queries.scope_of(case)) == 6


def test_widening_takes_only_new_lots(world):
    case = world.open()
    with pytest.raises(DomainError):
        service.widen(world.actor("rae"), case, [world.lot.id], "more complaints")
    service.widen(world.actor("rae"), case, [world.lot.id, world.other.id], "more complaints")
    assert (case.round, world.other.status) == (2, "recalled")
    assert {(one.round, one.lot_id) for one in queries.scope_of(case)} == {(1, world.lot.id), (2, world.other.id)}
