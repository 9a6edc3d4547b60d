"""Moving an order up or down by hand: foresee, set, withdraw, end. Each re-assesses the order at once.

An override is a fact with reason and end, never a change of the rules; its end is a job due at that moment, and the
fact is gone then even if the job is late.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.audit import service as audit
from app.core import clock, ids, jobs
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.jobs import Job, NewJob
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.decisions import service as decisions
from app.orders import queries as orders
from app.orders.models import STATUS_NAMES, Order
from app.priority import profile, queries, service
from app.priority.facts_steering import override_fact
from app.priority.models import CAUSES, OrderOverride, OrderStanding
from app.priority.permissions import PRIORITY_OVERRIDE
from app.priority.queries import BANDS, RANKING, Position
from app.priority.standing import Mark, ranked_score, with_override

JOB = "priority.override_ends"
SOURCE = "order_override"
MOST_PASSED = 500
"""So many of the orders that changed sides are kept by name, those that are served first."""
LONGEST_REASON = 500


class OverrideInForce(Conflict):
    """The order is overridden already."""

    message = _l("This order is already moved by hand, until %(until)s. Withdraw that first.")


class OverrideEnded(Conflict):
    """There is nothing to withdraw."""

    message = _l("This override has already ended.")


class NotOpen(Conflict):
    """Only what waits can be moved."""

    message = _l("Order %(order)s is %(status)s; only open orders are ranked.")


class SignatureNeeded(DomainError):
    """Urgent orders would be displaced: the person proves again who they are."""

    message = _l("This displaces urgent orders (%(count)s of P0 or P1): enter your password to sign it.")


@dataclass(frozen=True)
class Wish:
    """What a person wants: points, a band or both, why, and for how many hours from now."""

    points: int
    band: str | None
    cause: str
    reason: str
    hours: int


@dataclass(frozen=True)
class Foreseen:
    """What an override would do now, as if the order were not blocked."""

    before: Position
    after: Position
    place_before: int
    place_after: int
    passed: dict[str, int]
    """Orders that change sides with it, by band."""
    blocked: bool

    @property
    def raised(self) -> bool:
        """It moves towards the front."""
        return self.after.key() < self.before.key()

    @property
    def count(self) -> int:
        """How many orders change sides."""
        return sum(self.passed.values())

    @property
    def urgent(self) -> int:
        """How many urgent orders are displaced: those passed, or the order itself where it gives way."""
        signed = profile.current().override_signed_bands
        if self.raised:
            return sum(count for band, count in self.passed.items() if band in signed)
        return int(self.count > 0 and self.before.band in signed)


def check(wish: Wish) -> None:
    """Raises Invalid naming every field that is wrong."""
    rules, wrong = profile.current(), {}
    if abs(wish.points) > rules.override_points:
        wrong["points"] = [_("Must lie between −%(most)s and %(most)s.", most=rules.override_points)]
    elif not wish.points and wish.band is None:
        wrong["points"] = [_("Give points, a band or both.")]
    if wish.band is not None and wish.band not in BANDS:
        wrong["band"] = [_("Must be one of: %(choices)s.", choices=", ".join(BANDS))]
    if wish.cause not in CAUSES:
        wrong["cause"] = [_("Must be one of: %(choices)s.", choices=", ".join(CAUSES))]
    if not wish.reason.strip():
        wrong["reason"] = [_("This is required.")]
    elif len(wish.reason) > LONGEST_REASON or "\x00" in wish.reason:
        wrong["reason"] = [_("Must have %(least)s to %(most)s characters.", least=1, most=LONGEST_REASON)]
    if not 1 <= wish.hours <= rules.override_hours:
        wrong["hours"] = [_("Must lie between 1 and %(most)s.", most=rules.override_hours)]
    if wrong:
        raise Invalid(wrong)


def foresee(actor: Actor, order_id: str, wish: Wish) -> Foreseen:
    """Where the wish would put the order. Stores nothing. Raises Invalid, NotOpen, OverrideInForce, NotAssessed."""
    check(wish)
    _refuse_unless_free(order_id)
    standing, as_of = queries.standing_of(order_id), clock.now()
    facts = service.facts_of(order_id, as_of)
    wanted = override_fact(wish.points, wish.band, wish.reason, actor.name, timedelta(hours=wish.hours))
    without = _mark(standing, {**facts, "override": []}, as_of)
    given = _mark(standing, {**facts, "override": [wanted]}, as_of)
    plain = ranked_score(service.plain_mark(standing), without)
    before = Position.of(standing, band=without.band, score=plain)
    after = Position.of(standing, band=given.band, score=with_override(plain, without, given))
    return _seen(before, after, blocked=standing.blocked)


def _mark(standing: OrderStanding, facts: Any, as_of: datetime) -> Mark:
    outcome = decisions.preview(RANKING, facts, as_of=as_of)
    return Mark(standing.blocked, outcome.band or service.LOWEST_BAND, outcome.score)


def _seen(before: Position, after: Position, *, blocked: bool) -> Foreseen:
    counted = queries.between(before, after, (OrderStanding.band, func.count())).group_by(OrderStanding.band)
    passed = {str(band): int(count) for band, count in session().execute(counted)}
    place = queries.place_at(before)
    moved = sum(passed.values())
    place_after = place - moved if after.key() < before.key() else place + moved
    return Foreseen(before, after, place, place_after, passed, blocked)


def set_override(actor: Actor, order_id: str, wish: Wish, *, signed: bool = False) -> OrderOverride:
    """Move the order from now on. `signed`: the caller has just had the person prove who they are.

    Raises NotPermitted, Invalid, NotOpen, OverrideInForce, NotAssessed, SignatureNeeded.
    """
    actor.must(PRIORITY_OVERRIDE)
    check(wish)
    order = _refuse_unless_free(order_id, lock=True)
    queries.standing_of(order_id)
    standing = service.assess(actor, order_id, trigger="override")  # what follows shall be the override's doing alone
    before, now = Position.of(standing), clock.now()
    made = OrderOverride(
        **_wished(actor, order, wish, now),
        band_before=before.band,
        score_before=before.ranked_score,
        place_before=queries.place_of(standing),
    )
    seen = foresee(actor, order_id, wish)
    if seen.urgent and not signed:
        raise SignatureNeeded(count=seen.urgent)
    made.signed, made.raised = signed, seen.raised
    made.passed_count, made.passed_urgent = seen.count, seen.urgent
    made.passed = _passed(seen)
    made.band_after, made.score_after = seen.after.band, seen.after.ranked_score
    session().add(made)
    session().flush()
    standing = service.assess(actor, order_id, trigger="override")
    made.band_after, made.score_after = standing.band, standing.ranked_score
    made.place_after = queries.place_of(standing)
    jobs.schedule([NewJob(JOB, made.until, SOURCE, made.id)])
    _record(actor, "priority:override", made)
    session().flush()
    return made


def _wished(actor: Actor, order: Order, wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new_id(),
        "order_id": order.id,
        "points": wish.points,
        "band": wish.band,
        "cause": wish.cause,
        "reason": wish.reason.strip(),
        "set_by": actor.id,
        "set_by_name": actor.name,
        "starts_at": now,
        "until": now + timedelta(hours=wish.hours),
        "findings": {},
    }


def _passed(seen: Foreseen) -> list[str]:
    wanted = queries.between(seen.before, seen.after, (OrderStanding.order_id,))
    return list(session().scalars(wanted.order_by(*queries.RANK_ORDER).limit(MOST_PASSED)))


def withdraw_override(actor: Actor, override_id: str) -> OrderOverride:
    """End an override before its time. Raises NotPermitted, NotFound, OverrideEnded."""
    actor.must(PRIORITY_OVERRIDE)
    found = get_override(override_id)
    _lock(found.order_id)
    session().refresh(found)
    now = clock.now()
    if found.ended_at is not None or found.until <= now:
        raise OverrideEnded
    found.ended_at = found.withdrawn_at = now
    found.withdrawn_by = actor.id
    jobs.cancel_of(SOURCE, found.id)
    session().flush()
    _assess_again(actor, found, "override_withdrawn")
    _record(actor, "priority:override_withdraw", found)
    return found


@jobs.handler.register(JOB)
def end_override(job: Job) -> datetime | None:
    """Its time is over: say so, and put the order where it would have been. A moment early: wait until then."""
    found = session().get(OrderOverride, job.source_id)
    if found is None or found.ended_at is not None:
        return None
    if found.until > clock.now():
        return found.until
    _lock(found.order_id)
    found.ended_at = found.until
    session().flush()
    _assess_again(SYSTEM, found, "override_ended")
    _record(SYSTEM, "priority:override_end", found)
    return None


def _assess_again(actor: Actor, found: OrderOverride, trigger: str) -> None:
    """Only open orders are ranked; what is closed keeps its last standing."""
    if orders.get_order(found.order_id).is_open:
        service.assess(actor, found.order_id, trigger=trigger)


def get_override(override_id: str) -> OrderOverride:
    """The override. Raises NotFound."""
    found = session().get(OrderOverride, override_id)
    if found is None:
        raise NotFound(override=override_id)
    return found


def _refuse_unless_free(order_id: str, *, lock: bool = False) -> Order:
    if lock:
        _lock(order_id)
    order = orders.get_order(order_id)
    if not order.is_open:
        raise NotOpen(order=order.number, status=str(STATUS_NAMES[order.status]))
    held = queries.override_of(order_id)
    if held is not None:
        raise OverrideInForce(until=clock.local(held.until).strftime("%Y-%m-%d %H:%M"), override=held.id)
    return order


def _lock(order_id: str) -> None:
    """Nobody else assesses or overrides the order meanwhile (PostgreSQL; SQLite has one writer anyway)."""
    session().execute(select(Order.id).where(Order.id == order_id).with_for_update(key_share=True))


def _record(actor: Actor, action: str, found: OrderOverride) -> None:
    told: dict[str, Any] = {
        "override": found.id,
        "points": found.points,
        "band": found.band,
        "cause": found.cause,
        "reason": found.reason,
        "until": found.until,
    }
    if action == "priority:override":
        told |= {
            "signed": found.signed,
            "place_before": found.place_before,
            "place_after": found.place_after,
            "passed": found.passed_count,
            "passed_urgent": found.passed_urgent,
        }
    audit.record(actor, action, Subject("order", found.order_id), **told)


def counted_by_band(passed: dict[str, int]) -> list[tuple[str, int]]:
    """Bands with how many orders of each, the most urgent first."""
    return sorted(Counter(passed).items())
