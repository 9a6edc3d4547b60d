"""Many at once after the last units: never more than there is, nobody waits for ever."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core import clock
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.core.web import is_lost_race
from app.inventory import queries, service
from app.inventory.models import LedgerEntry
from config import Settings
from tests.catalog.factories import make_product
from tests.conftest import NOON
from tests.inventory.factories import make_lot, make_warehouse

ARRIVAL = date(2026, 11, 25)


def served_like_a_request(work: Callable[[], int]) -> int:
    """Runs the work in a transaction of its own, again after a lost race, as the edge of HTTP does."""
    for _ in range(10):
        try:
            with transaction():
                return work()
        except (OperationalError, IntegrityError) as error:
            if not is_lost_race(error):
                raise
    raise AssertionError("lost ten races")


def all_at_once(tasks: list[Callable[[], int]]) -> list[int]:
    """The answers of all tasks, started together."""
    gate = threading.Barrier(len(tasks))

    def run(task: Callable[[], int]) -> int:
        gate.wait()
        return served_like_a_request(task)

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, task) for task in tasks]]


@pytest.mark.parametrize("threads", [8, 32])
def test_the_last_units_are_given_once(live: Settings, threads: int) -> None:
    with transaction():
        product = make_product()
        for on_hand in (3, 4, 10):
            make_lot(product, on_hand=on_hand)

    def reserve(number: int) -> Callable[[], int]:
        def work() -> int:
            got = service.reserve(SYSTEM, f"o{number}", f"l{number}", product, 2, arrives_on=ARRIVAL)
            return sum(row.quantity for row in got.lines)

        return work

    taken = all_at_once([reserve(number) for number in range(threads)])
    assert sum(taken) == min(17, 2 * threads)
    with transaction(write=False):
        view = queries.stock_view(product.id)
        assert (view.on_hand, view.reserved) == (17, min(17, 2 * threads))
        assert queries.differences() == []


def test_orders_with_crossed_lines_do_not_deadlock(live: Settings) -> None:
    with transaction():
        products = [make_product() for _ in range(3)]
        for product in products:
            make_lot(product, on_hand=6)
            make_lot(product, on_hand=6, warehouse=make_warehouse(code="WH-GZ"))

    def order(number: int) -> Callable[[], int]:
        def work() -> int:
            lines = [service.Wanted(f"{number}-{place}", item, 1, ARRIVAL) for place, item in enumerate(products)]
            lines = lines if number % 2 else lines[::-1]
            got = service.reserve_lines(SYSTEM, f"o{number}", lines)
            if number % 4 == 3:
                service.release_reservations(SYSTEM, f"o{number}", "changed my mind")
                return 0
            return sum(row.quantity for result in got.values() for row in result.lines)

        return work

    taken = all_at_once([order(number) for number in range(16)])
    with transaction(write=False):
        assert queries.differences() == []
        kept = sum(queries.stock_view(product.id).reserved for product in products)
    assert kept == sum(taken)
    assert kept <= 36


def test_a_lot_held_while_others_reserve_keeps_no_reservation(live: Settings) -> None:
    with transaction():
        product = make_product()
        lot = make_lot(product, on_hand=100)

    def reserve(number: int) -> Callable[[], int]:
        return lambda: len(service.reserve(SYSTEM, f"o{number}", f"l{number}", product, 1, arrives_on=ARRIVAL).lines)

    def hold() -> int:
        service.hold_lot(SYSTEM, queries.get_lot(lot.id), reason="damaged")
        return 0

    with clock.moved(NOON):
        all_at_once([*[reserve(number) for number in range(8)], hold])
    with transaction(write=False):
        assert queries.stock_view(product.id).reserved == 0
        assert queries.differences() == []


def test_nothing_of_a_lot_leaves_after_it_was_recalled(live: Settings) -> None:
    """Eight ship what was picked of the lot while it is recalled: each movement out stands before the block."""
    with transaction():
        product = make_product()
        lot = make_lot(product, on_hand=100)
        picked = []
        for number in range(24):
            service.reserve(SYSTEM, f"o{number}", f"l{number}", product, 2, arrives_on=ARRIVAL)
            (kept,) = queries.reservations_of(f"o{number}")
            picked.append(service.pick(SYSTEM, kept.id, 2).id)

    def ship(reservations: list[str]) -> Callable[[], int]:
        def one(reservation: str) -> int:
            service.ship(SYSTEM, reservation, service.outside("transit", "s"), document="DN")
            return 2

        def work() -> int:
            sent = 0
            for reservation in reservations:
                with contextlib.suppress(service.NotReserved, service.MayNotLeave):
                    sent += served_like_a_request(lambda wanted=reservation: one(wanted))  # type: ignore[misc]
            return sent

        return work

    def recall() -> int:
        service.recall_lot(SYSTEM, queries.get_lot(lot.id), reason="notice 7")
        return 0

    gate = threading.Barrier(9)

    def run(task: Callable[[], int]) -> int:
        gate.wait()
        return task()

    with clock.moved(NOON), ThreadPoolExecutor(9) as pool:
        work = [*(ship(picked[number::8]) for number in range(8)), lambda: served_like_a_request(recall)]
        sent = sum(future.result(timeout=60) for future in [pool.submit(run, task) for task in work])
    with transaction(write=False):
        rows = session().execute(select(LedgerEntry.seq, LedgerEntry.kind, LedgerEntry.reason, LedgerEntry.quantity))
        moves = sorted(rows)
        blocked = [row.seq for row in moves if row.reason == "notice 7"]
        shipped = [row.seq for row in moves if row.kind == "ship"]
        assert max(shipped, default=0) < min(blocked)
        assert sum(row.quantity for row in moves if row.kind == "ship") == sent
        assert queries.reservations_of("o1") == [] == list(queries.broken_links())
        assert queries.differences() == []
        assert {row.place.code: row.on_hand for row in queries.bins_of(lot.id)} == {"REC": 100 - sent}
