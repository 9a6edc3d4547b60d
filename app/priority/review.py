"""What came of moves by hand, counted: by cause, by person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import lazyload

from app.core.db import session
from app.core.i18n import _, _n
from app.orders.models import STATUS_NAMES, Order
from app.priority import hindsight
from app.priority.models import OrderOverride

SHOWN = 3
"""So many orders are named in a sentence."""


@dataclass(frozen=True)
class Tally:
    """Overrides of one kind: how many, and how many of them have which verdict."""

    what: str
    count: int
    better: int
    same: int
    worse: int

    @property
    def judged(self) -> int:
        """Those of which it is known."""
        return self.better + self.same + self.worse

    def share(self, verdict: str) -> int | None:
        """Percent of those judged; None while none is."""
        return round(100 * int(getattr(self, verdict)) / self.judged) if self.judged else None


def overrides_since(since: datetime) -> Any:
    """Overrides with their orders, the newest first; to be paged."""
    return (
        select(OrderOverride, Order)
        .join(Order, Order.id == OrderOverride.order_id)
        .where(OrderOverride.starts_at >= since)
        .order_by(OrderOverride.starts_at.desc(), OrderOverride.id.desc())
        .options(lazyload(Order.lines))
    )


def by_cause(since: datetime) -> list[Tally]:
    """Per cause, the most frequent first."""
    return _tallies(OrderOverride.cause, since)


def by_person(since: datetime) -> list[Tally]:
    """Per person who set them, the most frequent first."""
    return _tallies(OrderOverride.set_by_name, since)


def _tallies(column: Any, since: datetime) -> list[Tally]:
    rows = session().execute(
        select(column, OrderOverride.verdict, func.count())
        .where(OrderOverride.starts_at >= since)
        .group_by(column, OrderOverride.verdict)
    )
    counted: dict[str, dict[str | None, int]] = {}
    for what, verdict, count in rows:
        counted.setdefault(what, {})[verdict] = int(count)
    made = [
        Tally(what, sum(found.values()), found.get("better", 0), found.get("same", 0), found.get("worse", 0))
        for what, found in counted.items()
    ]
    return sorted(made, key=lambda one: (-one.count, one.what))


def reasons(override: OrderOverride) -> list[str]:
    """What a verdict rests on, in words; empty while there is none."""
    if override.verdict is None:
        return []
    found = hindsight.told(override)
    if found["closed"]:
        status = str(STATUS_NAMES[found["closed"]])
        return [_("The order never left: %(status)s.", status=status)]
    return [_own(found), *_others(found)]


def _own(found: dict[str, Any]) -> str:
    late, without = found["late"], found["late_without"]
    if late:
        return (
            _("It was late, and only because of this.")
            if not without
            else _("It was late, and would have been anyway.")
        )
    return (
        _("It was in time, and only because of this.") if without else _("It was in time, and would have been anyway.")
    )


def _others(found: dict[str, Any]) -> Iterable[str]:
    if found["harmed"]:
        count = len(found["harmed"])
        yield _n(
            "%(num)s other order came late because of it: %(orders)s.",
            "%(num)s other orders came late because of it: %(orders)s.",
            count,
            orders=_names(found["harmed"]),
        )
    if found["spared"]:
        count = len(found["spared"])
        yield _n(
            "%(num)s other order came in time because of it: %(orders)s.",
            "%(num)s other orders came in time because of it: %(orders)s.",
            count,
            orders=_names(found["spared"]),
        )
    if not found["moved"]:
        yield _("Nobody was really served before or after another because of it.")


def _names(numbers: list[str]) -> str:
    shown = _(", ").join(numbers[:SHOWN])
    return shown if len(numbers) <= SHOWN else _("%(orders)s and more", orders=shown)
