"""A recall against people who ship, on real commits: nothing of the lot leaves after the block."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import session, transaction
from app.core.errors import DomainError
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry
from app.shipping import handling, shipments
from config import Settings
from tests.conftest import NOON
from tests.inventory.test_concurrent import served_like_a_request
from tests.shipping.world import make_dock

WORKERS = 8


@pytest.mark.parametrize("each", [1, pytest.param(3, marks=pytest.mark.full)])
def test_no_unit_leaves_after_the_block(each: int, live: Settings) -> None:
    with clock.moved(NOON), transaction():
        dock = make_dock()
        packed = []
        for _number in range(WORKERS * each):
            _order, one = dock.release(quantity=1)
            lot = shipments.goods_of(one)[0].kept.lot
            dock.pick_all(one)
            dock.do("wang", one)
            dock.do("wang", one)
            packed.append(one.id)
        actor, head, begun = dock.flow.actor("wang"), dock.flow.actor("qa"), max(row[0].seq for row in _moves(lot.id))

    def ship(shipment_ids: list[str]) -> Callable[[], int]:
        def one(shipment_id: str) -> int:
            handling.pick_up(actor, shipments.get_shipment(shipment_id, lock=True), "A1")
            return 1

        def work() -> int:
            sent = 0
            for shipment_id in shipment_ids:
                try:
                    sent += served_like_a_request(lambda wanted=shipment_id: one(wanted))  # type: ignore[misc]
                except DomainError:  # it was stopped, or the lot may not leave: all that the caller hears
                    continue
            return sent

        return work

    def recall() -> int:
        inventory.recall_lot(head, stock.get_lot(lot.id), reason="notice 9")
        return 0

    gate = threading.Barrier(WORKERS + 1)

    def run(task: Callable[[], int]) -> int:
        gate.wait()
        return task()

    with clock.moved(NOON), ThreadPoolExecutor(WORKERS + 1) as pool:
        work = [*(ship(packed[number::WORKERS]) for number in range(WORKERS)), lambda: served_like_a_request(recall)]
        sent = sum(future.result(timeout=120) for future in [pool.submit(run, task) for task in work])
    with transaction(write=False):
        moves = [row[0] for row in _moves(lot.id) if row[0].seq > begun]
        blocked = [row.seq for row in moves if row.reason == "notice 9"]
        left = [row.seq for row in moves if row.kind == "ship"]
        assert (stock.get_lot(lot.id).status, len(left)) == ("recalled", sent)
        if sent < len(packed):
            assert max(left, default=0) < min(blocked)
        states = [shipments.get_shipment(one).status for one in packed]
        assert states.count("in_transit") == sent
        assert "packed" not in states, "what had not left was planned anew, without the lot"
        assert not any(row.kept.lot_id == lot.id for one in packed for row in _kept(one))
        assert stock.differences() == []
        assert list(stock.broken_links()) == []


def _moves(lot_id: str):
    return list(session().execute(select(LedgerEntry).where(LedgerEntry.lot_id == lot_id).order_by(LedgerEntry.seq)))


def _kept(shipment_id: str):
    return shipments.goods_of(shipments.get_shipment(shipment_id))
