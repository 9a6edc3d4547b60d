"""Where an order stands (one current row per order, kept in rank order), and what people changed about it by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, desc, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Base, Code, Id, JsonDict, JsonList, Moment, Name, Ref, UtcDateTime
from app.core.i18n import LazyString, _l
from app.orders.models import Order


def _newest_score(context: Any) -> int:
    """What an order that nothing holds in its place is ranked by."""
    return int(context.get_current_parameters()["score"])


class OrderStanding(Base):
    """The current priority of an order; the history is in the decisions it points to.

    Rank order: unblocked first, then band, ranked score (descending), promise (unknown last), requested date,
    moment of submission, number. Band and score of a blocked order are what it would have once unblocked.
    """

    __tablename__ = "order_standings"

    order_id: Mapped[Id] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[Code]
    blocked: Mapped[bool]
    band: Mapped[str] = mapped_column(String(2))
    score: Mapped[int]
    """The newest one; the decision explains it."""
    ranked_score: Mapped[int] = mapped_column(default=_newest_score)
    """The one it is ranked by: small changes of the score do not move an order (`standing.ranked_score`)."""
    plain_band: Mapped[str | None] = mapped_column(String(2))
    """While a manual override is in force: the band without it; else null. With `plain_score` it leads back."""
    plain_score: Mapped[int | None]
    """While a manual override is in force: what the order would be ranked by without it; else null."""
    need_score: Mapped[int] = mapped_column(default=0)
    """How much the goods are needed, by the rule set `need_index`; higher is more."""
    need: Mapped[JsonList] = mapped_column(default=list)
    """What the need consists of: [{"rule", "points", "reason": {"en", "zh"}}], the greatest first."""
    promise_days: Mapped[int | None]
    """How long its goods are under way if they leave now; null: not all of them are in stock. Days, not the day: that
    would be another each midnight, and all rows would be written anew for a rank that stays."""
    promise_rank: Mapped[int]
    """The same, or NO_PROMISE: never null, so that one index serves the ranking."""
    requested_date: Mapped[date]
    submitted_at: Mapped[Moment]
    why: Mapped[JsonDict]
    """{"en", "zh"}: the first block, or the reasons that count most."""
    decision_id: Mapped[str] = mapped_column(String(26))
    gate_decision_id: Mapped[str] = mapped_column(String(26))
    order_version: Mapped[int]
    """Version of the order that was assessed."""
    trigger: Mapped[str] = mapped_column(String(40))
    """What caused the last assessment: `submitted`, `changed`, `periodic`, …"""
    assessed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_change_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The first moment at which time alone may change band, score, block or need (`moments`); null: never, or the
    order is closed."""

    order: Mapped[Order] = relationship(viewonly=True)

    __table_args__ = (
        CheckConstraint("band IN ('P0', 'P1', 'P2', 'P3')", name="band"),
        Index(
            "ix_order_standings_rank",
            "blocked",
            "band",
            desc("ranked_score"),
            "promise_rank",
            "requested_date",
            "submitted_at",
            "number",
        ),
        Index("ix_order_standings_need", desc("need_score"), "requested_date", "submitted_at", "number"),
    )

    @property
    def promise_date(self) -> date | None:
        """When the goods of an open order can arrive if they leave today; None: not all of them are in stock."""
        return None if self.promise_days is None else clock.today() + timedelta(days=self.promise_days)


CAUSES: dict[str, LazyString] = {
    "clinical": _l("Clinical need"),
    "customer": _l("Customer's request"),
    "contract": _l("Contract or tender at risk"),
    "stock": _l("Stock or transport"),
    "data": _l("The facts are wrong or late"),
    "other": _l("Something else"),
}
"""Why people override; the words beside it are theirs."""
VERDICTS: dict[str, LazyString] = {
    "better": _l("better"),
    "same": _l("no difference"),
    "worse": _l("worse"),
}


class OrderOverride(Base):
    """A person moved an order up or down for a while; kept for good, and judged afterwards."""

    __tablename__ = "order_overrides"

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.id"))
    points: Mapped[int]
    """Added to the score, −100 to 100; 0 when only the band is set."""
    band: Mapped[str | None] = mapped_column(String(2))
    cause: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(26))
    set_by_name: Mapped[Name]
    signed: Mapped[bool]
    """The person proved again who they are, because urgent orders were displaced."""
    starts_at: Mapped[Moment]
    until: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it ended, by itself or by hand; null while it may be in force."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(26))

    place_before: Mapped[int | None]
    """Place among the open orders just before; null of a blocked order."""
    place_after: Mapped[int | None]
    band_before: Mapped[str] = mapped_column(String(2))
    band_after: Mapped[str] = mapped_column(String(2))
    score_before: Mapped[int]
    score_after: Mapped[int]
    """The scores it was ranked by."""
    raised: Mapped[bool]
    passed: Mapped[JsonList]
    """Ids of the orders that changed sides with it, in rank order, at most MOST_PASSED."""
    passed_count: Mapped[int]
    passed_urgent: Mapped[int]
    """How many of them stood in bands that ask for a signature."""

    verdict: Mapped[str | None] = mapped_column(String(8))
    """`better`, `same` or `worse`; null until it can be known."""
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last looked at."""
    findings: Mapped[JsonDict] = mapped_column(default=dict)
    """What the verdict rests on (`hindsight.Finding`)."""

    order: Mapped[Order] = relationship(viewonly=True)

    __table_args__ = (
        CheckConstraint("points BETWEEN -100 AND 100", name="points"),
        CheckConstraint("band IS NULL OR band IN ('P0', 'P1', 'P2', 'P3')", name="band"),
        CheckConstraint("points <> 0 OR band IS NOT NULL", name="says_something"),
        CheckConstraint("until > starts_at", name="until"),
        CheckConstraint("verdict IS NULL OR verdict IN ('better', 'same', 'worse')", name="verdict"),
        Index(
            "uq_order_overrides_in_force",
            "order_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_order_overrides_starts_at", "starts_at"),
        Index(
            "ix_order_overrides_unjudged",
            "judged_at",
            sqlite_where=text("verdict IS NULL"),
            postgresql_where=text("verdict IS NULL"),
        ),
    )

    @property
    def in_force(self) -> bool:
        """Not ended yet as far as is stored (its end may be a moment overdue)."""
        return self.ended_at is None

    def holds(self, as_of: datetime) -> bool:
        """In force at the moment: neither its time nor a withdrawal had come."""
        ended = min(self.until, self.ended_at or self.until)
        return self.starts_at <= as_of < ended
