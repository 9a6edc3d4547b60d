"""Reading subscriptions and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from app.core.db import session
from app.core.errors import NotFound
from app.integration.outbound.models import HookAttempt, HookDelivery, HookSubscription


def subscriptions() -> Select[Any]:
    """All, by name."""
    return select(HookSubscription).order_by(HookSubscription.name, HookSubscription.id)


def get_subscription(subscription_id: str) -> HookSubscription:
    """Raises NotFound."""
    found = session().get(HookSubscription, subscription_id, populate_existing=True)
    if found is None:
        raise NotFound(subscription=subscription_id)
    return found


def deliveries(subscription_id: str = "", state: str = "") -> Select[Any]:
    """The newest first."""
    statement = select(HookDelivery).order_by(HookDelivery.id.desc())
    if subscription_id:
        statement = statement.where(HookDelivery.subscription_id == subscription_id)
    return statement.where(HookDelivery.state == state) if state else statement


def get_delivery(delivery_id: str) -> HookDelivery:
    """By its id. Raises NotFound."""
    found = session().scalar(select(HookDelivery).where(HookDelivery.id == delivery_id))
    if found is None:
        raise NotFound(delivery=delivery_id)
    return found


def deliveries_by_id(ids: Sequence[str]) -> list[HookDelivery]:
    """Those of the ids that exist, in their order, locked."""
    wanted = select(HookDelivery).where(HookDelivery.id.in_(list(ids))).order_by(HookDelivery.seq)
    return list(session().scalars(wanted.with_for_update().execution_options(populate_existing=True)))


def attempts_of(delivery_id: str) -> list[HookAttempt]:
    """The newest first, at most 100."""
    wanted = select(HookAttempt).where(HookAttempt.delivery_id == delivery_id).order_by(HookAttempt.id.desc())
    return list(session().scalars(wanted.limit(100)))


def dead() -> int:
    """How many deliveries were given up and nobody has dealt with, at most 100."""
    some = select(HookDelivery.seq).where(HookDelivery.state == "dead").limit(100).subquery()
    return session().scalar(select(func.count()).select_from(some)) or 0


def pending_of(subscription_ids: Sequence[str]) -> dict[str, int]:
    """How many deliveries each still has to get."""
    wanted = select(HookDelivery.subscription_id, func.count()).where(
        HookDelivery.subscription_id.in_(list(subscription_ids)), HookDelivery.ready_at.is_not(None)
    )
    rows: Any = session().execute(wanted.group_by(HookDelivery.subscription_id)).all()
    return dict(rows)
