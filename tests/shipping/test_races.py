"""A recall against people who ship, on real commits: nothing of the lot leaves after the block."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session, transaction
from app.core.errors import DomainError
from app.fulfilment import deciding
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry
from app.shipping import handling, missing, shipments
from config import Settings
from tests.conftest import NOON
from tests.inventory.factories import make_lot
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
        assert states.count("returning") == sent, "what had left is called back"
        assert "packed" not in states, "what had not left was planned anew, without the lot"
        assert not any(row.kept.lot_id == lot.id for one in packed for row in _kept(one))
        assert stock.differences() == []
        assert list(stock.broken_links()) == []


def _moves(lot_id: str):
    return list(session().execute(select(LedgerEntry).where(LedgerEntry.lot_id == lot_id).order_by(LedgerEntry.seq)))


def _kept(shipment_id: str):
    return shipments.goods_of(shipments.get_shipment(shipment_id))


def _together(*work: Callable[[], int]) -> list[int]:
    gate = threading.Barrier(len(work))

    def run(task: Callable[[], int]) -> int:
        gate.wait()
        try:
            return served_like_a_request(task)
        except DomainError:  # the other was first: all that the caller hears
            return 0

    with clock.moved(NOON), ThreadPoolExecutor(len(work)) as pool:
        done = [future.result(timeout=120) for future in [pool.submit(run, task) for task in work]]
        while jobs.run_due():
            pass
    return done


def test_freed_stock_against_people_who_check_again(live: Settings) -> None:
    with clock.moved(NOON), transaction():
        dock = make_dock()
        waiting = [dock.release(quantity=1)[1].id for _number in range(4)]
        lot = shipments.goods_of(shipments.get_shipment(waiting[0]))[0].kept.lot
        inventory.reject_lot(dock.flow.actor("qa"), lot, reason="weak pouches")
        fresh = make_lot(dock.flow.plain, on_hand=4, status="quarantined").id
        tasks = [dock.task(shipments.get_shipment(one)).id for one in waiting]
        people, head = dock.flow.actor("bob"), dock.flow.actor("qa")

    def release() -> int:
        inventory.release_lot(head, stock.get_lot(fresh), reason="report", report_no="QC-1")
        return 1

    def ask(task_id: str) -> Callable[[], int]:
        def again() -> int:
            deciding.complete(people, task_id, {"outcome": "recheck"}, seen_version=None)
            return 1

        return again

    _together(release, *(ask(one) for one in tasks))
    with clock.moved(NOON), transaction(write=False):
        assert [dock.at(shipments.get_shipment(one)) for one in waiting] == [["pick"]] * 4
        assert [row.kept.lot_id for one in waiting for row in _kept(one)] == [fresh] * 4
        assert stock.differences() == []


def test_a_recall_against_the_rest_that_follows(live: Settings) -> None:
    with clock.moved(NOON), transaction():
        dock = make_dock()
        order, one = dock.release(quantity=50)
        (goods,) = shipments.goods_of(one)
        lot_id = goods.kept.lot_id
        missing.report_missing(dock.flow.actor("wang"), one, goods.kept.id, 30, reason="not there")
        dock.pick_all(one)
        task, wang, head = dock.task(one).id, dock.flow.actor("wang"), dock.flow.actor("qa")
        spare = make_lot(dock.flow.plain, on_hand=60, status="quarantined").id

    def part() -> int:
        deciding.complete(wang, task, {"outcome": "split", "reason": "the rest later"}, seen_version=None)
        return 1

    def recall() -> int:
        inventory.recall_lot(head, stock.get_lot(lot_id), reason="notice 9")
        return 1

    def release() -> int:
        inventory.release_lot(head, stock.get_lot(spare), reason="report", report_no="QC-1")
        return 1

    _together(part, recall, release)
    with clock.moved(NOON), transaction(write=False):
        live_ones = shipments.live_of(order.id)
        brought = shipments.units_of([each.id for each in live_ones])
        assert sum(brought.values()) == 50
        kept = {each.id: sum(row.kept.quantity for row in shipments.goods_of(each)) for each in live_ones}
        assert kept == brought, "the lot that came covers all of it"
        assert {row.kept.lot_id for each in live_ones for row in shipments.goods_of(each)} == {spare}
        assert [dock.at(each) for each in live_ones] == [["pick"]] * len(live_ones)
        assert stock.differences() == []
