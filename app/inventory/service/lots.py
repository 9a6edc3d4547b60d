"""The QC status of lots: inspect, release, hold, reject, recall.

Blocking a lot gives back what was reserved from it, and goods are booked to the zone where they belong now.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from app.audit.service import record
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, StaleVersion
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.registry import Registry
from app.core.subject import Subject
from app.inventory import schemas
from app.inventory.models import (
    HELD,
    INSPECTING,
    MOVES,
    RECALLED,
    REJECTED,
    RELEASED,
    Lot,
    Reservation,
)
from app.inventory.service.conditions import limit_to
from app.inventory.service.freeing import tell_freed
from app.inventory.service.moving import bring_home
from app.inventory.service.reservations import active, give_back


class IllegalMove(Conflict):
    """The lot's status may not change so."""

    message = _l("Lot %(lot)s is %(status)s: it cannot become %(wanted)s.")


class NoReport(DomainError):
    """The product needs an inspection report and the lot has none."""

    message = _l("Lot %(lot)s has no inspection report: enter its number to release the lot.")


class NotConditional(Conflict):
    """Everybody may have the lot already."""

    message = _l("Lot %(lot)s is not released conditionally.")


lot_judged = Registry[Any]("lot judged")
"""Filled by later packages: `fn(actor, lot, reason)` is called whenever the status of a lot has changed."""

lot_claimed = Registry[Any]("lot claimed")
"""Filled by later packages: `fn(lot, status)` raises Conflict when people may not set that status by hand now."""

lot_blocked = Registry[Any]("lot blocked")
"""Filled by later packages: `fn(actor, lot, order_ids)` is called when blocking a lot took stock from these orders."""


def release_lot(
    actor: Actor,
    lot: Lot,
    *,
    reason: str,
    report_no: str | None = None,
    seen_version: int | None = None,
    only_for: Collection[str] = (),
    only_until: date | None = None,
) -> Lot:
    """Let the lot be sold; with `only_for` to these customers (ids) alone, until a day. A condition set before stays
    until `lift_condition`. Raises IllegalMove, NoReport, StaleVersion, Invalid."""
    lock_lot(lot, seen_version)
    if report_no:
        lot.report_no = report_no
    if lot.product.needs_inspection and not lot.report_no:
        raise NoReport(lot=lot.lot_no)
    if only_for or only_until:
        limit_to(actor, lot, only_for, only_until)
    _move(actor, lot, RELEASED, reason)
    bring_home(actor, lot, reason)
    tell_freed(lot, "lot_released")
    return lot


def lift_condition(actor: Actor, lot: Lot, *, reason: str, seen_version: int | None = None) -> Lot:
    """From now on everybody may have it. Raises NotConditional, Invalid, StaleVersion."""
    lock_lot(lot, seen_version)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why.")]})
    if not lot.conditional or lot.status != RELEASED:
        raise NotConditional(lot=lot.lot_no)
    lot.conditional, lot.only_until = False, None
    session().flush()
    record(actor, "lot:lift", Subject("lot", lot.id), reason=reason.strip())
    tell_freed(lot, "lot_released")
    return lot


def refuse_claimed(lot: Lot, status: str) -> None:
    """Raises Conflict when something else decides on the lot now (its inspection)."""
    for name in lot_claimed:
        lot_claimed.get(name)(lot, status)


def inspect_lot(actor: Actor, lot: Lot, *, reason: str, seen_version: int | None = None) -> Lot:
    """Quality control has begun to inspect the lot. Raises IllegalMove, StaleVersion."""
    lock_lot(lot, seen_version)
    _move(actor, lot, INSPECTING, reason)
    return lot


def hold_lot(actor: Actor, lot: Lot, *, reason: str, seen_version: int | None = None) -> list[str]:
    """Stop the lot for now. Answers the orders that lost stock. Raises IllegalMove, StaleVersion."""
    return _block(actor, lot, HELD, reason, seen_version)


def reject_lot(actor: Actor, lot: Lot, *, reason: str, seen_version: int | None = None) -> list[str]:
    """Judge the lot unfit. Answers the orders that lost stock. Raises IllegalMove, StaleVersion."""
    return _block(actor, lot, REJECTED, reason, seen_version)


def recall_lot(actor: Actor, lot: Lot, *, reason: str, seen_version: int | None = None) -> list[str]:
    """Recall the lot, for good. Answers the orders that lost stock. Raises IllegalMove, StaleVersion."""
    return _block(actor, lot, RECALLED, reason, seen_version)


def lock_lot(lot: Lot, seen_version: int | None) -> None:
    """Nobody else decides on the lot meanwhile. Raises StaleVersion."""
    session().refresh(lot, with_for_update={"key_share": True})
    if seen_version is not None and seen_version != lot.version:
        raise StaleVersion(seen=seen_version, current=lot.version)


def _check_move(lot: Lot, status: str, reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": [_("Say why.")]})
    if status not in MOVES[lot.status]:
        raise IllegalMove(lot=lot.lot_no, status=schemas.status_name(lot.status), wanted=schemas.status_name(status))


def _move(actor: Actor, lot: Lot, status: str, reason: str) -> None:
    _check_move(lot, status, reason)
    reason = reason.strip()
    before, lot.status = lot.status, status
    session().flush()
    subject = Subject("lot", lot.id)
    record(actor, "lot:status", subject, before=before, after=status, reason=reason, report_no=lot.report_no)
    for name in lot_judged:
        lot_judged.get(name)(actor, lot, reason)


def _block(actor: Actor, lot: Lot, status: str, reason: str, seen_version: int | None) -> list[str]:
    lock_lot(lot, seen_version)
    _check_move(lot, status, reason)
    kept = active(Reservation.lot_id == lot.id)
    orders = sorted({reservation.order_id for reservation in kept})
    give_back(kept)  # first: the database keeps a lot released while something of it is reserved
    _move(actor, lot, status, reason)
    bring_home(actor, lot, reason)
    for order_id in orders:
        record(actor, "reservation:lost", Subject("order", order_id), lot_no=lot.lot_no, status=status, reason=reason)
    if orders:
        for name in lot_blocked:
            lot_blocked.get(name)(actor, lot, orders)
    return orders
