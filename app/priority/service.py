"""Assessing an order: compliance gate, then priority; the standing is stored and open tasks are ranked anew.

What changes afterwards, by others' doing or by time alone, is followed by `rescoring`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from app.audit import service as audit
from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject
from app.decisions import service as decisions
from app.decisions.asked import asked_in_force
from app.decisions.facts import Facts, gather
from app.decisions.models import Decision
from app.decisions.outcome import Outcome
from app.orders import queries as orders
from app.orders.models import Order
from app.priority import facts_goods, moments, need, queries
from app.priority.events import tell_of_block
from app.priority.facts import ORDER_KINDS
from app.priority.models import OrderStanding
from app.priority.picture import picture_of
from app.priority.queries import RANKING
from app.priority.standing import Mark, ranked_score, with_override
from app.tasks import service as tasks
from app.tasks.models import NO_PROMISE, Rank

GATE = "compliance_gate"
LOWEST_BAND = "P3"
SETS = (GATE, RANKING, need.RULE_SET)
"""What the standing of an order follows from."""


@dataclass(frozen=True)
class Assessment:
    """The two decisions a standing follows from."""

    gate: Decision
    ranking: Decision

    @property
    def blocked(self) -> bool:
        """A hard constraint says no: either rule set may."""
        return bool(self.gate.result.blocks or self.ranking.result.blocks)

    @property
    def band(self) -> str:
        """P0 to P3."""
        return self.ranking.result.band or LOWEST_BAND

    @property
    def mark(self) -> Mark:
        """Where the order stands by these decisions alone."""
        return Mark(self.blocked, self.band, self.ranking.result.score)

    def why(self) -> dict[str, str]:
        """The first block, else the two contributions that count most; empty when nothing fired."""
        blocks = [*self.gate.result.blocks, *self.ranking.result.blocks]
        if blocks:
            return {language: str(text) for language, text in blocks[0].reason.items()}
        most = sorted(self.ranking.result.lines, key=lambda line: -line.points)[:2]
        top = [line for line in most if line.points > 0]
        return {"en": "; ".join(line.name["en"] for line in top), "zh": "；".join(line.name["zh"] for line in top)}


def assess(actor: Actor, order_id: str, *, trigger: str) -> OrderStanding:
    """Decide gate and priority of the order and store where it stands now. Raises OrderNotFound.

    `trigger` says why in one word (`submitted`, `changed`, `recheck`, `periodic`). The decisions keep the history; the
    audit trail notes a change of band or block. The order is locked before its facts are read, as by who scores it anew
    for what others changed (`rescoring`): of two, the later one sees what the first has seen.
    """
    orders.version_of(order_id, lock=True)
    as_of = clock.now()
    facts = facts_of(order_id, as_of)
    subject = Subject("order", order_id)
    promise = promise_days(order_id, as_of)
    next_at = moments.next_change(picture_of(order_id), as_of, asked_in_force(SETS))
    found = Assessment(
        gate=decisions.decide(GATE, subject, facts=facts, as_of=as_of),
        ranking=decisions.decide(RANKING, subject, facts=facts, as_of=as_of),
    )
    standing = queries.standing_or_none(order_id)
    before = (standing.band, standing.blocked) if standing else None
    settled, needed = settle(standing, found.mark, facts, as_of), need.of(facts, as_of)
    if standing is None:
        standing = OrderStanding(order_id=order_id)
        session().add(standing)
    _fill(standing, orders.get_order(order_id), found, promise)
    standing.ranked_score, standing.plain_band, standing.plain_score = settled
    standing.need_score, standing.need = needed
    standing.next_change_at = next_at
    standing.trigger, standing.assessed_at = trigger, as_of
    session().flush()
    if before != (standing.band, standing.blocked):
        _tell(actor, standing, before)
        tell_of_block(standing, was=before is not None and before[1])
    tasks.rerank(subject, rank_of(standing))
    return standing


def facts_of(order_id: str, as_of: datetime) -> Facts:
    """Every fact of the order, gathered once for both decisions."""
    return gather(Subject("order", order_id), ORDER_KINDS, as_of)


def outcome_at(order_id: str, as_of: datetime) -> Outcome:
    """What the ranking says of the order's facts as they are, at the moment; nothing is stored."""
    return decisions.preview(RANKING, facts_of(order_id, as_of), as_of=as_of)


class Settled(NamedTuple):
    """The score to rank by; with an override in force also band and score without it."""

    ranked_score: int
    plain_band: str | None = None
    plain_score: int | None = None


def settle(standing: OrderStanding | None, new: Mark, facts: Facts, as_of: datetime) -> Settled:
    """The score to rank by from now on. An override comes on top of where the order would be without it."""
    before = None if standing is None else plain_mark(standing)
    if not facts["override"]:
        return Settled(ranked_score(before, new))
    outcome = decisions.preview(RANKING, {**facts, "override": []}, as_of=as_of)
    without = Mark(new.blocked, outcome.band or LOWEST_BAND, outcome.score)
    plain = ranked_score(before, without)
    return Settled(with_override(plain, without, new), without.band, plain)


def plain_mark(standing: OrderStanding) -> Mark:
    """Where the order stands, a manual override left out."""
    if standing.plain_band is None or standing.plain_score is None:
        return Mark(standing.blocked, standing.band, standing.ranked_score)
    return Mark(standing.blocked, standing.plain_band, standing.plain_score)


def _fill(standing: OrderStanding, order: Order, found: Assessment, promise: int | None) -> None:
    standing.number = order.number
    standing.blocked = found.blocked
    standing.band = found.band
    standing.score = found.ranking.result.score
    standing.promise_days = promise
    standing.promise_rank = NO_PROMISE if promise is None else promise
    standing.requested_date = order.requested_date
    standing.submitted_at = order.submitted_at
    standing.order_version = order.version
    standing.why = found.why()
    standing.decision_id = found.ranking.id
    standing.gate_decision_id = found.gate.id


def _tell(actor: Actor, standing: OrderStanding, before: tuple[str, bool] | None) -> None:
    audit.record(
        actor,
        "order:assess",
        Subject("order", standing.order_id),
        band=standing.band,
        blocked=standing.blocked,
        score=standing.score,
        before=None if before is None else {"band": before[0], "blocked": before[1]},
        trigger=standing.trigger,
        decision=standing.decision_id,
        gate=standing.gate_decision_id,
    )


def promise_days(order_id: str, as_of: datetime) -> int | None:
    """When the goods can arrive: the usual lane time after they leave if all is in stock; unknown otherwise."""
    picture = picture_of(order_id)
    return picture.lane_days if facts_goods.all_available(picture, as_of) else None


def rank_of(standing: OrderStanding) -> Rank:
    """The standing as tasks know it."""
    return rank_at(standing, standing.ranked_score, standing.promise_days)


def rank_at(standing: OrderStanding, score: int, promise_days: int | None) -> Rank:
    """The same, with another score and promise."""
    return Rank(
        blocked=standing.blocked,
        band=standing.band,
        score=score,
        promise_days=promise_days,
        requested_date=standing.requested_date,
        submitted_at=standing.submitted_at,
        number=standing.number,
    )


def assess_if_open(actor: Actor, order_id: str, *, trigger: str) -> bool:
    """`assess`, unless the order is no longer open; the order is locked first, as every verb on it does."""
    found = session().execute(
        select(Order.id).where(Order.id == order_id, Order.status.in_(queries.OPEN)).with_for_update(key_share=True)
    )
    if found.first() is None:
        return False
    with session().begin_nested():
        assess(actor, order_id, trigger=trigger)
    return True
