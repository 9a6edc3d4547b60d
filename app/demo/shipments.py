"""Goods that leave: most of them on an ordinary afternoon, delivered a day or two later. And four stories: half picked,
packed, cold and too warm on the way, delivered with a proof while the rest of the order has not left."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.errors import DomainError
from app.core.permissions import Actor
from app.core.subject import Subject
from app.demo.answering import answer
from app.inventory import service as inventory
from app.shipping import dispatch, handling, shipments
from app.shipping.models import Shipment
from app.shipping.temperature import Reading, is_outside
from app.tasks.queries import open_tasks_of

LOGGER, BOX = "TL-0412", Decimal("4.5")
TRIED = 60


def ordinary_afternoon(team: dict[str, Actor]) -> None:
    """What is on its way to customers nearby arrives; of what is to be picked, three in four are packed and fetched."""
    there = select(Shipment).where(Shipment.status == "in_transit", Shipment.arrives_on <= clock.today())
    for one in session().scalars(there.order_by(Shipment.number)).all():
        with suppress(DomainError), session().begin_nested():
            handling.deliver(team["transport"], one, {"receiver": "收货处", "note": ""})
    wanted = select(Shipment).where(Shipment.status == "picking", Shipment.cold.is_(False))
    for number, one in enumerate(session().scalars(wanted.order_by(Shipment.number)).all()):
        if number % 4 and all(_can_scan(row) for row in shipments.goods_of(one)):
            with suppress(DomainError), session().begin_nested():
                _pack(team, one)
                handling.pick_up(team["transport"], one, "沪A·D8123")


def send(team: dict[str, Actor]) -> None:
    """Pick, pack and hand to the carrier; fewer stories when the month has no such shipments."""
    plain, cold = list(_simple(cold=False)), list(_simple(cold=True))
    several = [one for one in plain if sum(row.kept.quantity for row in shipments.goods_of(one)) > 1][:1]
    for one in several:
        _pick(team["warehouse"], one, half=True)
    whole = [one for one in plain if one not in several]
    whole.sort(key=lambda one: len(shipments.open_of(one.order_id)) < 2)  # first a part of an order
    for one in whole[:2]:
        _pack(team, one)
    for one in whole[:1]:
        handling.pick_up(team["transport"], one, "沪A·D8123")
    for one in cold[:1]:
        _pack(team, one, logger=LOGGER, box_celsius=float(BOX))
        handling.pick_up(team["transport"], one, "沪A·L3307")


def follow(team: dict[str, Actor]) -> None:
    """What came of it: one is delivered and signed, the cold one was too warm for an hour."""
    under_way = session().scalars(select(Shipment).where(Shipment.status == "in_transit")).all()
    for one in under_way:
        if one.cold and one.departed_at is not None:
            handling.take_readings(team["transport"], one, LOGGER, list(_readings(one.departed_at, clock.now())))
        else:
            told = {"receiver": "周敏（设备科）", "note": "外箱完好", "photo": _photo()}
            handling.deliver(team["transport"], one, told)


def _simple(*, cold: bool) -> Iterator[Shipment]:
    """Shipments to be picked, of lots without serial numbers and with a GS1 label, cold ones for 2 to 8 °C."""
    wanted = select(Shipment).where(Shipment.status == "picking", Shipment.cold == cold)
    for one in session().scalars(wanted.order_by(Shipment.number).limit(TRIED)).all():
        goods = shipments.goods_of(one)
        fits = not any(is_outside(BOX, row.product.storage_min_c, row.product.storage_max_c) for row in goods)
        if all(_is_labelled(row) for row in goods) and (fits or not cold):
            yield one


def _is_labelled(row: shipments.ToPick) -> bool:
    return _can_scan(row) and not row.kept.lot.serialised


def _can_scan(row: shipments.ToPick) -> bool:
    return row.product.issuer == "GS1" and bool(row.product.udi_di)


def _pick(who: Actor, one: Shipment, *, half: bool = False) -> None:
    for row in shipments.goods_of(one):
        label = f"(01){row.product.udi_di}(10){row.kept.lot.lot_no}"
        number = max(row.kept.quantity // 2, 1) if half else row.kept.quantity
        if row.kept.lot.serialised:
            for serial in sorted(inventory.numbers_at(row.kept.lot, {row.kept.place_id}))[:number]:
                dispatch.pick_scanned(who, one, f"{label}(21){serial}", 1)
        else:
            dispatch.pick_scanned(who, one, label, number)
        if half:
            return


def _pack(team: dict[str, Actor], one: Shipment, **packing: Any) -> None:
    _pick(team["warehouse"], one)
    answer(team["warehouse"], Subject("shipment", one.id), outcome="approve")
    if open_tasks_of(Subject("shipment", one.id))[0].element_id == "check":
        answer(team["warehouse2"], Subject("shipment", one.id), outcome="approve")
    answer(team["warehouse"], Subject("shipment", one.id), outcome="approve", **packing)


def _readings(departed: datetime, until: datetime) -> Iterator[Reading]:
    """Every ten minutes, 4 to 6 °C, and up to 10.9 °C in the seventh hour."""
    number = 0
    while departed + timedelta(minutes=10 * number) <= until:
        warm = Decimal("4.6") if 40 <= number < 47 else Decimal(0)
        swing = Decimal(number * 7 % 19) / 10
        yield Reading(departed + timedelta(minutes=10 * number), Decimal("4.4") + swing + warm)
        number += 1


def _photo(width: int = 320, height: int = 240) -> bytes:
    """A drawn box, as PNG: nobody's photo."""

    def dot(x: int, y: int) -> bytes:
        if not (70 <= x < 250 and 60 <= y < 200):
            return bytes((214, 219, 220))
        tape = 150 <= x < 170
        return bytes((228, 212, 170)) if tape else bytes((176 - (y - 60) // 6, 136, 88))

    rows = b"".join(b"\0" + b"".join(dot(x, y) for x in range(width)) for y in range(height))

    def part(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
