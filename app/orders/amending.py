"""Changing and cancelling an order after its release, as the change process has decided it; and what it would be like.

Before the release `service.change_order` and `cancel_order` do it: an order on its way through approval asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.core.db import session
from app.core.errors import StaleVersion
from app.core.permissions import Actor
from app.orders import service
from app.orders.checks import CheckedOrder, check_order
from app.orders.models import Order, OrderStatus, snapshot_of


def amend_order(
    actor: Actor, order: Order, given: Mapping[str, Any], *, seen_version: int, reopen: bool, reason: str
) -> Order:
    """Replace the given fields of a released order; with `reopen` it goes back into approval, else it stays released.

    What is reserved is for the caller to put right. Raises StaleVersion, StatusNotAllowed, Invalid, DuplicateReference.
    """
    _take(order, seen_version)
    before = snapshot_of(order)
    checked = check_order(given, stored=order)
    service.refuse_duplicate(checked, order)
    _put(order, checked)
    if reopen:
        order.move_to(OrderStatus.IN_APPROVAL)
    service.mutate(actor, order, "amend", before, reason=reason)
    return order


def cancel_released(actor: Actor, order: Order, *, seen_version: int, reason: str) -> None:
    """The customer does not want it any more, though released. Raises StaleVersion, StatusNotAllowed, Invalid."""
    _take(order, seen_version)
    service.move(actor, order, OrderStatus.CANCELLED, "cancel", service.checked_reason(reason))


def cancel_rest(actor: Actor, order: Order, gone: Mapping[str, int], *, seen_version: int, reason: str) -> None:
    """A part of it has left and stays: `gone`, in base units by line. The customer does not want the rest any more; a
    tender award gets the volume of the rest back. Raises StaleVersion, Invalid."""
    _take(order, seen_version)
    service.mutate(actor, order, "amend", snapshot_of(order), reason=service.checked_reason(reason))
    if order.tender_award_number:
        service.draw_on_award(actor, order, gone)


@contextmanager
def supposed(order: Order, given: Mapping[str, Any] | None) -> Iterator[Order]:
    """The order as it would be with these fields (None: as it is), for whoever asks inside; then it is as before.

    Raises Invalid, DuplicateReference.
    """
    checked = None if given is None else check_order(given, stored=order)
    if checked is not None:
        service.refuse_duplicate(checked, order)
    undone = session().begin_nested()
    try:
        if checked is not None:
            _put(order, checked)
            session().flush()
        yield order
    finally:
        undone.rollback()


def _put(order: Order, checked: CheckedOrder) -> None:
    for name, value in service.columns_of(checked).items():
        setattr(order, name, value)
    if checked.lines is not None:
        order.renumber(service.replaced(order.lines, checked.lines))


def _take(order: Order, seen_version: int) -> None:
    session().refresh(order, with_for_update=True)
    if order.version != seen_version:
        raise StaleVersion(seen=seen_version, current=order.version)
