"""Orders whose facts a change touched, or whose time has come, are scored anew: these and no others.

A change leaves marks (`touched`); before its transaction commits they go into a job, which follows at once and in a
transaction of its own. It must be one of its own: what another transaction changes at the same time is seen by neither,
but by the job of the one that commits last. Few orders are reckoned one by one from pictures read together, many as
columns (`bulk`); either writes what moved and leaves what changes band or block to `service.assess`.

Locks: the orders, in the order of their ids, before anything is read; then their standings and tasks, as in `assess`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl
import structlog
from sqlalchemy import ColumnElement, Select, select, update

from app.core import clock, ids, jobs
from app.core.db import flush, session
from app.core.errors import DomainError
from app.core.jobs.models import Job
from app.core.prepared import together
from app.core.subject import Subject
from app.core.updating import UpdateEach
from app.decisions import service as decisions
from app.decisions.asked import Asked, asked_in_force
from app.decisions.facts import Facts, Provider, completing, fact
from app.orders import queries as orders
from app.orders.models import Order
from app.priority import bulk, moments, need, service, touched, touched_orders
from app.priority.models import OrderStanding
from app.priority.picture import Picture, looking_at, read_pictures
from app.priority.queries import OPEN, RANKING
from app.priority.standing import Mark, ranked_score
from app.tasks import service as tasks
from app.tasks.models import NO_PROMISE, Rank

JOB = "priority.rescore"
DUE_JOB = "priority.due"
FEW = 50
"""So many orders are scored one by one, more as columns."""
DUE_AT_ONCE = 5000
"""Orders whose time has come, in one transaction."""
UNFIT_REST = timedelta(hours=1)
"""So long an order whose facts do not fit is left alone, unless something of it changes."""
log = structlog.get_logger()
_standings: Any = OrderStanding.__table__
_SCORED = ("score", "assessed_at", "trigger", "next_change_at")
_MOVED = (*_SCORED, "ranked_score", "promise_days", "promise_rank")
# SQLite writes every index of a column that an update names, changed or not: a score that moves no order names few.
_MOVE, _SCORE, _SET_MOMENT = (
    UpdateEach(_standings, names, "order_id") for names in (_MOVED, _SCORED, ("next_change_at",))
)


class Scored(NamedTuple):
    """What the rules say of an order now, by the oracle."""

    mark: Mark
    need_score: int
    all_available: bool
    steered: bool
    """A manual override is in force."""


@dataclass
class Rules:
    """The rule sets in force at a moment, looked up once for all orders of a run."""

    as_of: datetime
    asked: Asked

    @cached_property
    def providers(self) -> dict[str, Provider]:
        """Of the kinds of facts that they ask for, and that a standing is made of."""
        return {kind: fact.get(kind) for kind in sorted({"stock", "override"} | self.asked.kinds)}

    @cached_property
    def complete(self) -> Callable[[Facts], Facts]:
        """Who completes the facts of an order."""
        return completing()

    @cached_property
    def oracles(self) -> list[decisions.Oracle]:
        """Of gate, ranking and need. Raises RuleSetNotInForce."""
        return [decisions.oracle(name, self.as_of) for name in (service.GATE, RANKING, need.RULE_SET)]


def score(picture: Picture, rules: Rules) -> Scored:
    """Gate, ranking and need of the order's facts at the moment. Raises FactsInvalid, RuleSetNotInForce."""
    facts = facts_of(picture, rules)
    gate, ranked, needed = (oracle(facts) for oracle in rules.oracles)
    mark = Mark(gate.blocked or ranked.blocked, ranked.band or service.LOWEST_BAND, ranked.score)
    return Scored(mark, needed.score, facts["stock"][0]["all_available"], bool(facts["override"]))


def facts_of(picture: Picture, rules: Rules) -> Facts:
    """The facts that the rule sets in force ask for."""
    subject = Subject("order", picture.order.id)
    with looking_at(picture):
        return rules.complete({kind: provider(subject, rules.as_of) for kind, provider in rules.providers.items()})


@dataclass(frozen=True)
class Rescored:
    """How many orders were looked at, moved within their band, and given to jobs that assess them."""

    seen: int = 0
    moved: int = 0
    given: int = 0


@dataclass
class _Changes:
    """What a run comes to, before it is written."""

    moved: list[dict[str, Any]] = field(default_factory=list)
    scored: list[dict[str, Any]] = field(default_factory=list)
    """Another score, by which they are ranked as before."""
    timed: list[dict[str, Any]] = field(default_factory=list)
    anew: list[str] = field(default_factory=list)
    ranks: dict[str, Rank] = field(default_factory=dict)


def rescore(order_ids: Sequence[str], *, trigger: str = "touched") -> Rescored:
    """Score these orders anew, now; those that are closed are left alone."""
    with together():
        found = orders.ask_to_lock(order_ids)
        decisions.ask_in_force()
    open_ones, changes = [order for order in found() if order.is_open], _Changes()
    rules = Rules(clock.now(), asked_in_force(service.SETS))
    for picture in (read_pictures(open_ones) if open_ones else {}).values():
        _compare(picture, rules, trigger, changes)
    _write(changes)
    return Rescored(len(open_ones), len(changes.moved) + len(changes.scored), len(changes.anew))


def _compare(picture: Picture, rules: Rules, trigger: str, changes: _Changes) -> None:
    """What `bulk` does with columns: within its band the order moves; beyond it is assessed on record."""
    order_id, before, as_of = picture.order.id, picture.standing, rules.as_of
    if before is None:
        changes.anew.append(order_id)
        return
    try:
        now = score(picture, rules)
    except DomainError:
        log.exception("priority.not_rescored", order=picture.order.number)
        changes.timed.append({"order_id": order_id, "next_change_at": as_of + UNFIT_REST})
        return
    next_at = moments.next_change(picture, as_of, rules.asked)
    promise = picture.lane_days if now.all_available else None
    ranked = ranked_score(Mark(before.blocked, before.band, before.ranked_score), now.mark)
    stays = (ranked, promise) == (before.ranked_score, before.promise_days)
    moves = not stays or now.mark.score != before.score
    if (now.mark.band, now.mark.blocked, now.need_score) != (before.band, before.blocked, before.need_score) or (
        moves and now.steered
    ):
        changes.anew.append(order_id)
    elif moves:
        place = (ranked, promise, NO_PROMISE if promise is None else promise)
        values = dict(zip(_MOVED, (now.mark.score, as_of, trigger, next_at, *place), strict=True))
        (changes.scored if stays else changes.moved).append({"order_id": order_id, **values})
        if not stays:
            changes.ranks[order_id] = service.rank_at(before, ranked, promise)
        return
    if next_at != before.next_change_at:
        changes.timed.append({"order_id": order_id, "next_change_at": next_at})


def _write(changes: _Changes) -> None:
    flush()
    with together():
        _MOVE.run(changes.moved)
        _SCORE.run(changes.scored)
        _SET_MOMENT.run(changes.timed)
        tasks.rerank_within_band("order", changes.ranks)
        bulk.assess_later(changes.anew)


def follow_marks() -> None:
    """Put what the running transaction touched into a job. Called before it commits."""
    marks = touched.take_marks()
    if marks:
        jobs.schedule([jobs.NewJob(JOB, clock.now(), bulk.SOURCE, ids.new_id(), payload={"marks": marks})])


touched.followers.append(follow_marks)


@jobs.handler.register(JOB)
def follow(job: jobs.Job) -> None:
    """Score anew what the marks of a job touch."""
    rescore_touched(job.payload["marks"])


def rescore_touched(marks: Sequence[Sequence[Any]]) -> Rescored:
    """Score anew the orders that these marks touch, however many."""
    few = touched_orders.few_orders_of(marks, FEW)
    return _many(Order.id.in_(touched_orders.orders_of(marks)), "touched") if few is None else rescore(sorted(few))


def rescore_due() -> Rescored:
    """Score anew orders whose time has come, at most `DUE_AT_ONCE` of them."""
    due = list(session().scalars(due_orders(clock.now()).limit(DUE_AT_ONCE)))
    return rescore(due, trigger="periodic") if len(due) <= FEW else _many(Order.id.in_(due), "periodic")


def _many(which: ColumnElement[bool], trigger: str) -> Rescored:
    """As columns; should the facts of one not fit, nothing was written yet, and each is taken alone."""
    try:
        done = bulk.rerank(which=which, trigger=trigger)
    except (DomainError, pl.exceptions.PolarsError):
        log.exception("priority.not_rescored_at_once")
        each = list(session().scalars(select(Order.id).where(which, Order.status.in_(OPEN)).order_by(Order.id)))
        size = bulk.BATCH
        parts = [rescore(each[begin : begin + size], trigger=trigger) for begin in range(0, len(each), size)]
        return Rescored(*map(sum, zip(*map(astuple, parts), strict=True)))
    return Rescored(done.seen, done.moved, done.given)


@jobs.handler.register(DUE_JOB)
def follow_time(_job: jobs.Job) -> datetime | None:
    """A batch of orders whose time has come; again while there are more."""
    done = rescore_due()
    log.info("priority.rescored", seen=done.seen, moved=done.moved, given=done.given)
    return clock.now() if done.seen == DUE_AT_ONCE else None


def look_for_due() -> bool:
    """Have a job score what is due, unless nothing is or one is at it; whether there was something. To orders that are
    closed by now their time comes no more."""
    closed = select(Order.id).where(Order.id == _standings.c.order_id, Order.status.not_in(OPEN)).exists()
    over = update(_standings).where(_standings.c.next_change_at <= clock.now(), closed)
    session().execute(over.values(next_change_at=None))
    mine = select(Job.id).where(Job.source_kind == bulk.SOURCE, Job.kind == DUE_JOB)
    if session().scalar(mine.limit(1)) or not session().scalar(due_orders(clock.now()).limit(1)):
        return False
    jobs.schedule([jobs.NewJob(DUE_JOB, clock.now(), bulk.SOURCE, ids.new_id())])
    return True


def due_orders(now: datetime) -> Select[Any]:
    """Open orders of which time may have changed what the rules say."""
    held = OrderStanding
    is_due = held.next_change_at <= now
    return select(held.order_id).join(Order, Order.id == held.order_id).where(Order.status.in_(OPEN), is_due)
