"""What shipments lack of what they are to bring is kept for them again: at once where nobody else waits for it, else by
rank, as stock comes; then a shipment that was blocked for want of it goes on by itself."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from app.catalog import queries as catalog
from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import Reservation
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order, OrderStatus
from app.planning import service as planning
from app.priority import queries as priority
from app.processes.service import NoMatch
from app.shipping import dispatch, shipments, telling
from app.shipping.models import Shipment
from app.tasks.drafts import writers_of
from app.tasks.models import Task
from app.tasks.notices import notify
from app.tasks.queries import open_tasks_of
from app.tasks.records import NoticeKind

COVERED = "shipment.covered"
"""Message to a shipment that waits for stock: all that it is to bring is kept for it."""
RESOLVE = "resolve_dispatch"
"""The task of the diagram at which it waits."""

planning.shares.register("shipments")(shipments.shares_by_line)


def cover(actor: Actor, order: Order, as_of: datetime, *, asker: Shipment | None = None) -> None:
    """Keep what the open shipments of a released order lack. What others wait for too is dealt out by rank: the order
    waits with them. A shipment that waited and has everything now goes on; the `asker` does so by itself."""
    lacked = shipments.lacking(shipments.open_of(order.id))
    short = _short(order)
    if short:
        _reserve(actor, order, short, as_of)
        short = _short(order)
    covered = settle(actor, order, partly=True)
    for one in shipments.open_of(order.id):
        if one.status != "planned":  # somebody is about to pick it
            inventory.firm_up(actor, order.id, shipment_id=one.id)
    if short:
        planning.wait(order.id)
        planning.plan_soon("short")
    else:
        planning.stop_waiting(order.id)
    note_kept(order)
    for one in covered:
        if one is not asker and one.id in lacked:
            wake(actor, one)


def _short(order: Order) -> dict[str, int]:
    """What is to leave yet and not kept, by line."""
    kept = stock.kept_by_line([order.id])
    known = shipments.shares_by_line([order.id])
    short = {line: share.to_leave - kept.get(line, 0) for line, share in known.items()}
    return {line: units for line, units in short.items() if units > 0}


def _reserve(actor: Actor, order: Order, short: Mapping[str, int], as_of: datetime) -> None:
    lines = [line for line in order.lines if line.id in short]
    contested = planning.wanted_by_others(order.id, {line.product_id for line in lines})
    lines = [line for line in lines if line.product_id not in contested]
    terms, products = priority.terms_of(order.id, as_of), catalog.products_of(line.product_id for line in lines)
    wanted = [
        inventory.Wanted(
            line.id,
            products[line.product_id],
            short[line.id],
            terms.arrives_on,
            terms.required_days[line.id],
            order.customer_id,
        )
        for line in lines
    ]
    inventory.reserve_lines(actor, order.id, wanted)


def settle(actor: Actor, order: Order, *, partly: bool) -> list[Shipment]:
    """Give what is kept for the order and belongs to no shipment to those that lack it, the oldest first; without
    `partly` one that is being picked gets all it lacks or nothing, as nobody there has asked. What has all it is to
    bring keeps it; answers those."""
    open_ = shipments.open_of(order.id)
    _assign(order, open_, partly=partly)
    lacks = shipments.lacking(open_)
    covered = [one for one in open_ if one.id not in lacks]
    for one in covered:
        inventory.firm_up(actor, order.id, shipment_id=one.id)
    return covered


def _assign(order: Order, open_: list[Shipment], *, partly: bool) -> None:
    ids = {one.id for one in open_}
    loose = [row for row in inventory.active(Reservation.order_id == order.id) if row.shipment_id not in ids]
    lacks = shipments.lacking(open_) if loose else {}
    for one in open_:
        missing, there = lacks.get(one.id, {}), Counter[str]()
        for row in loose:
            there[row.order_line_id] += row.quantity
        if partly or one.status == "planned" or all(there[line] >= units for line, units in missing.items()):
            loose = [row for row in loose if not _taken(row, one, missing)]
    session().flush()


def _taken(row: Reservation, shipment: Shipment, missing: dict[str, int]) -> bool:
    """The shipment takes what it lacks of the reservation; whether that is all of it."""
    wanted = missing.get(row.order_line_id, 0)
    if not wanted:
        return False
    part = row if row.quantity <= wanted else inventory.cut(row, wanted)
    part.shipment_id = shipment.id
    missing[row.order_line_id] = wanted - part.quantity
    return part is row


def give_up(actor: Actor, shipment: Shipment, reason: str) -> None:
    """It will not be shipped: what is kept for it is free for others. Raises HasLeft."""
    dispatch.void(actor, shipment, reason)
    order = orders.get_order(shipment.order_id)
    if inventory.release_reservations(actor, order.id, reason, shipment_id=shipment.id):
        planning.plan_soon("given_back")
    if not _short(order):
        planning.stop_waiting(order.id)
    note_kept(order)


def note_kept(order: Order) -> None:
    """On the lines of the order: what is kept of them or has left."""
    order_verbs.note_reserved(order, planning.reserved_of(order))


@planning.dealt.register("shipments")
def hand_out(actor: Actor, order: Order) -> None:
    """The allocation has changed what is softly kept for a released order: a shipment that has everything now keeps it
    and goes on; one that still lacks something is left in peace."""
    if order.status != OrderStatus.RELEASED:
        return
    lacked = set(shipments.lacking(shipments.open_of(order.id)))
    covered = settle(actor, order, partly=False)
    if len(covered) == len(shipments.open_of(order.id)):
        planning.stop_waiting(order.id)
    for one in covered:
        if one.status == "picking" and one.id in lacked:  # the warehouse hears of what is to be picked besides
            dispatch.begin_picking(actor, one, clock.now())
        wake(actor, one)


def wake(actor: Actor, shipment: Shipment) -> None:
    """It is checked again, if it waits for that. Whoever had taken the task or was writing in it is told why it is
    gone."""
    waits = [task for task in open_tasks_of(Subject("shipment", shipment.id)) if task.element_id == RESOLVE]
    for task in waits:
        busy = _busy_with(task)
        with contextlib.suppress(NoMatch), session().begin_nested():
            dispatch.note(actor, shipment, "covered")
            telling.tell(actor, COVERED, shipment)
            notify(actor, NoticeKind.GONE, task.id, busy)


def _busy_with(task: Task) -> list[str]:
    return [user for user in dict.fromkeys((task.assignee_id, *writers_of(task.id))) if user]
