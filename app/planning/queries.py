"""What the allocation did to an order, and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.orders.queries import numbers_of
from app.planning.models import AllocationChange, AllocationRun, WaitingOrder

MOST = 20


@dataclass(frozen=True)
class Turn:
    """What one run changed for a line of the order, base units; `winner` names the order that has what it lost."""

    at: datetime
    trigger: str
    line_id: str
    before: int
    after: int
    wanted: int
    band: str
    score: int
    winner: str | None
    winner_id: str | None
    winner_band: str | None
    winner_score: int | None


@dataclass(frozen=True)
class Story:
    """Since when the order waits for stock (None: it does not), and the latest changes, newest first."""

    since: datetime | None
    turns: list[Turn]


def story_of(order_id: str) -> Story:
    """What the allocation did to the order. Two statements, three when it lost something to another."""
    since = session().scalar(select(WaitingOrder.since).where(WaitingOrder.order_id == order_id))
    rows = session().execute(
        select(AllocationChange, AllocationRun.at, AllocationRun.trigger)
        .join(AllocationRun, AllocationRun.id == AllocationChange.run_id)
        .where(AllocationChange.order_id == order_id)
        .order_by(AllocationChange.id.desc())
        .limit(MOST)
    )
    changes: Any = rows.all()
    winners = {change.to_order_id for change, _at, _trigger in changes if change.to_order_id}
    names = numbers_of(winners) if winners else {}
    return Story(
        since,
        [
            Turn(
                at=at,
                trigger=trigger,
                line_id=change.line_id,
                before=change.before,
                after=change.after,
                wanted=change.wanted,
                band=change.band,
                score=change.score,
                winner=names.get(change.to_order_id) if change.to_order_id else None,
                winner_id=change.to_order_id,
                winner_band=change.to_band,
                winner_score=change.to_score,
            )
            for change, at, trigger in changes
        ],
    )


def waiting_orders() -> list[str]:
    """Ids of the orders that wait for stock, the longest first."""
    return list(session().scalars(select(WaitingOrder.order_id).order_by(WaitingOrder.since, WaitingOrder.order_id)))
