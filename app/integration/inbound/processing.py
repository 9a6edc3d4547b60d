"""Carrying out what came, in the worker: bounded batches are claimed, each event has a transaction of its own.

An event of a business key is done after the earlier ones of its source and key. One that came early (`waiting`) holds
nobody up: what it waits for may be behind it; it is tried again when a later one of its key is done, and now and then.
Whoever is killed leaves nothing half-done: effects and the event's new state are one transaction, guarded by a fence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import structlog
from sqlalchemy import bindparam, func, select, update

from app.core import clock, i18n, jobs, jsontext, locks, metrics
from app.core.db import engine, in_transaction, is_lost_race, session, transaction
from app.core.errors import DomainError, Invalid
from app.core.i18n import _l
from app.core.jobs.running import own_transaction
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.identity import queries as people
from app.identity.models import User
from app.integration.inbound.actions import Arrival, CameEarly, Outcome
from app.integration.inbound.envelopes import scope_of
from app.integration.inbound.mapping import choose
from app.integration.inbound.models import ACTIVE, HookEvent, HookMapping, HookSource, HookState

AT_ONCE = 50
LANES = 3
"""Threads that carry events out on PostgreSQL: while one waits for the database another computes."""
CHUNK, MOST_CHUNKS = 200, 25
"""Events looked through at a time, and how often, for those whose key is free."""
LEASE = timedelta(seconds=60)
"""How long claimed events are ours; then another worker may take them."""
RACES = 6
TRIES = 5
"""How often an unexpected fault, or a worker that vanished, is tried again before the event is given up."""
BACKOFF = (2, 10, 60, 300)
LONGEST_PAUSE = 900
"""Seconds between two looks for what an early event waits for, at most: thousands may wait for days."""

DONE = metrics.counter("youxu_hooks_processed_total", "Events from webhooks carried out or not", "outcome")
log = structlog.get_logger()
Known = dict[str, tuple[Actor, int, dict[str, Any]]]
"""Account, version and body of a source's active mapping."""
_events: Any = HookEvent.__table__
_pool: ThreadPoolExecutor | None = None
_WAKE = Prepared(
    update(_events)
    .where(
        _events.c.source_id == bindparam("source"),
        _events.c.key == bindparam("lane"),
        _events.c.state == HookState.WAITING,
        _events.c.ready_at > bindparam("now"),
        _events.c.seq != bindparam("but"),
    )
    .values(ready_at=bindparam("now"))
)


class Inactive(DomainError):
    """The account in whose name the source acts was deactivated."""

    message = _l("The account in whose name this source acts is not active.")


class NoMapping(CameEarly):
    """The source has no mapping in force; putting one into force wakes all that wait."""


class Fenced(Exception):
    """Somebody else has the event."""


@dataclass(frozen=True)
class Claim:
    """An event that is ours while its fence is this."""

    seq: int
    fence: int
    lane: tuple[str, str] | None
    """Source and key; None: in order with nobody."""


@jobs.round_of.register("hooks.inbound")
def look() -> int:
    """Carry out what is due, at most AT_ONCE; how many events."""
    global _pool  # noqa: PLW0603 - threads are made in the process that uses them
    claims = claim()
    if in_transaction() or engine().dialect.name != "postgresql":  # SQLite has one writer at a time
        _carry_out_all(claims)
    elif claims:
        if _pool is None:
            _pool = ThreadPoolExecutor(LANES, thread_name_prefix="hooks-in")
        list(_pool.map(_carry_out_all, dealt(claims, LANES)))
    return len(claims)


def dealt(claims: Sequence[Claim], lanes: int) -> list[list[Claim]]:
    """The claims in at most so many parts, those of a key together and in order."""
    parts: list[list[Claim]] = [[] for _lane in range(lanes)]
    for place, one in enumerate(claims):
        parts[(place if one.lane is None else hash(one.lane)) % lanes].append(one)
    return [part for part in parts if part]


def _carry_out_all(claims: Sequence[Claim]) -> None:
    """One after the other; behind one that failed for now those of its key are given back."""
    held: set[tuple[str, str]] = set()
    known: Known = {}
    for one in claims:
        if one.lane is not None and one.lane in held:
            _give_back(one)
        elif not run(one, known) and one.lane is not None:
            held.add(one.lane)


def claim(limit: int = AT_ONCE) -> list[Claim]:
    """Take due events, oldest first; empty after one read when nothing is due."""
    now = clock.now()
    due = (_events.c.ready_at.is_not(None), _events.c.ready_at <= now)
    if not in_transaction():
        with transaction(write=False):
            if session().execute(select(_events.c.seq).where(*due).limit(1)).first() is None:
                return []
    with own_transaction():
        locks.alone("hooks.inbound")  # two who look at once would each think that nobody has the earlier ones
        rows = _free(limit, now)
        taken = {
            "ready_at": now + LEASE,
            "fence": _events.c.fence + 1,
            "attempts": _events.c.attempts + 1,
        }
        if rows:
            session().execute(update(_events).where(_events.c.seq.in_([row.seq for row in rows])).values(taken))
    return [Claim(row.seq, row.fence + 1, (row.source_id, row.key) if row.key else None) for row in rows]


def _free(limit: int, now: datetime) -> list[Any]:
    """Due events, oldest first, but for those whose key somebody has, or that is held up by one that failed for now.

    What holds up is read once: asked for each event, a database that has not yet counted the rows of the table looks
    through all events of the source each time.
    """
    held = (_events.c.ready_at > now) & (_events.c.state == HookState.RECEIVED) & _events.c.key.is_not(None)
    first = select(_events.c.source_id, _events.c.key, func.min(_events.c.seq)).where(held)
    rows = session().execute(first.group_by(_events.c.source_id, _events.c.key))
    in_the_way = {(source_id, key): seq for source_id, key, seq in rows}
    columns = (_events.c.seq, _events.c.fence, _events.c.source_id, _events.c.key, _events.c.state)
    due = select(*columns).where(_events.c.ready_at.is_not(None), _events.c.ready_at <= now).order_by(_events.c.seq)
    found: list[Any] = []
    after = 0
    for _chunk in range(MOST_CHUNKS):
        chunk = session().execute(due.where(_events.c.seq > after).limit(CHUNK)).all()
        for row in chunk:
            holds = in_the_way.get((row.source_id, row.key))
            if row.state == HookState.WAITING or holds is None or holds > row.seq:
                found.append(row)
        if len(found) >= limit or len(chunk) < CHUNK:
            break
        after = chunk[-1].seq
    return found[:limit]


def _give_back(one: Claim) -> None:
    with own_transaction():
        mine = update(_events).where(_events.c.seq == one.seq, _events.c.fence == one.fence)
        now = clock.now()
        session().execute(mine.values(ready_at=now, attempts=_events.c.attempts - 1, fence=_events.c.fence + 1))


def run(one: Claim, known: Known | None = None) -> bool:
    """Carry the event out; False when later ones of its key must wait for it. `known` keeps mappings for a batch."""
    known = {} if known is None else known
    for attempt in range(1, RACES + 1):
        try:
            with own_transaction(), i18n.reading("en"):
                _carry_out(_mine(one), known)
        except Fenced:
            return False
        except CameEarly as early:
            return _settle(one, partial(_wait, early=early))
        except DomainError as error:
            chinese = _fields_in_chinese(one) if "fields" in error.details else {}
            return _settle(one, partial(_fail, error=error, chinese=chinese))
        except Exception as error:
            if is_lost_race(error) and attempt < RACES:
                time.sleep(0.005 * attempt * attempt)
                continue
            log.exception("hook.fault", seq=one.seq)
            return _settle(one, partial(_fault, error=error))
        else:
            return True
    raise AssertionError("unreachable")


def _mine(one: Claim) -> Any:
    wanted = select(_events).where(_events.c.seq == one.seq, _events.c.fence == one.fence)
    found = session().execute(wanted.with_for_update()).one_or_none()
    if found is None or found.ready_at is None:
        raise Fenced
    return found


def _carry_out(event: Any, known: Known) -> None:
    """Do what the active mapping says. Raises what the action raises."""
    if event.attempts > TRIES:
        raise RuntimeError("the worker vanished again and again while it did this")
    if event.source_id not in known:
        known[event.source_id] = _who_and_how(event.source_id)
    actor, version, body = known[event.source_id]
    chosen = choose(body, scope_of(event.attributes, jsontext.loads(event.body)))
    if chosen.action is None:
        outcome = Outcome(_l("No rule is for this event: nothing is to be done."))
    else:
        actor.must(chosen.action.right)
        outcome = chosen.action.run(actor, chosen.values, _arrival(event))
    session().flush()
    done = {"rule": chosen.name or chosen.rule, "action": chosen.action.code if chosen.action else None}
    _finish(event, outcome, version, done)


def _who_and_how(source_id: str) -> tuple[Actor, int, dict[str, Any]]:
    active = (HookMapping.source_id == HookSource.id) & (HookMapping.status == ACTIVE)
    wanted = (
        select(User, HookMapping.version, HookMapping.body)
        .select_from(HookSource)
        .join(User, User.id == HookSource.acts_as)
        .outerjoin(HookMapping, active)
        .where(HookSource.id == source_id)
    )
    found = session().execute(wanted).one_or_none()
    if found is None or not found[0].active:
        raise Inactive
    if found[1] is None:
        raise NoMapping(what=_l("a mapping of this source that is active"))
    return people.actor_of(found[0]), found[1], found[2]


def _arrival(event: Any) -> Arrival:
    left = max(event.expires_at - clock.now(), timedelta(seconds=1))
    return Arrival(f"{event.id}.{event.replays}", event.event_id, event.key, left)


def _finish(event: Any, outcome: Outcome, version: int, done: dict[str, Any]) -> None:
    now = clock.now()
    told = {**done, "text": in_both(outcome.text), "links": [asdict(link) for link in outcome.links]}
    if outcome.waits:
        if event.expires_at <= now:
            raise CameEarly(what=outcome.text)
        pause = _pause(event)
        values: dict[str, Any] = {"state": HookState.WAITING, "ready_at": now + pause, "attempts": 0}
        DONE.inc("waiting")
    else:
        values = {"state": HookState.DONE, "ready_at": None, "finished_at": now}
        DONE.inc("done")
    _write(event, {**values, "outcome": told, "fault": None, "mapping_version": version})
    if not outcome.waits:
        _wake(event, now)


def _wake(event: Any, now: Any) -> None:
    """Those of its key that came early may find now what they wait for."""
    if event.key is not None:
        _WAKE.run({"source": event.source_id, "lane": event.key, "now": now, "but": event.seq})


def _settle(one: Claim, write: Callable[[Any], bool]) -> bool:
    """Record what went wrong, in a transaction of its own."""
    for attempt in range(1, RACES + 1):
        try:
            with own_transaction():
                return write(_mine(one))
        except Fenced:
            return False
        except Exception as error:
            if attempt == RACES or not is_lost_race(error):
                raise
            time.sleep(0.005 * attempt * attempt)
    raise AssertionError("unreachable")


def _wait(event: Any, early: CameEarly) -> bool:
    """Kept until its time is over."""
    now = clock.now()
    told = {"code": early.code, "reason": in_both(early), "fields": {}}
    if event.expires_at <= now:
        DONE.inc("dead")
        _write(event, {"state": HookState.DEAD, "ready_at": None, "fault": told, "finished_at": now})
        return True
    DONE.inc("waiting")
    again = event.expires_at if isinstance(early, NoMapping) else now + _pause(event)
    values = {"state": HookState.WAITING, "ready_at": again, "attempts": 0, "fault": told}
    _write(event, values)
    return True


def _pause(event: Any) -> timedelta:
    """Longer the longer it waits already, and at the end of its time at the latest."""
    now = clock.now()
    waited, left = ((now - event.received_at).total_seconds(), (event.expires_at - now).total_seconds())
    return timedelta(seconds=max(2.0, min(waited / 4, LONGEST_PAUSE, left)))


def _fail(event: Any, error: DomainError, chinese: dict[str, list[str]]) -> bool:
    """What it asks for is refused: it stays for a person, who corrects the mapping and replays it."""
    DONE.inc("failed")
    told = {"code": error.code, "reason": in_both(error), "fields": error.details.get("fields", {})}
    told["fields_zh"] = chinese if chinese.keys() == told["fields"].keys() else {}
    _write(event, {"state": HookState.FAILED, "ready_at": None, "fault": told, "finished_at": clock.now()})
    return True


def _fields_in_chinese(one: Claim) -> dict[str, list[str]]:
    """The reasons were written when they were met: meet them again in Chinese, and undo all of it."""
    try:
        with own_transaction(), i18n.reading("zh_Hans"):
            _carry_out(_mine(one), {})
            _undo()
    except Invalid as error:
        fields: dict[str, list[str]] = error.details["fields"]
        return fields
    except Exception:  # noqa: BLE001 - the English ones will do
        return {}


def _undo() -> NoReturn:
    raise Fenced


def _fault(event: Any, error: Exception) -> bool:
    """A bug or a limit of ours: tried again with growing pauses, then given up."""
    now = clock.now()
    told = {"code": type(error).__name__, "reason": in_both(_l("Something went wrong on our side.")), "fields": {}}
    if event.attempts >= TRIES:
        DONE.inc("dead")
        _write(event, {"state": HookState.DEAD, "ready_at": None, "fault": told, "finished_at": now})
        return True
    pause = BACKOFF[min(event.attempts, len(BACKOFF)) - 1]
    _write(event, {"state": HookState.RECEIVED, "ready_at": now + timedelta(seconds=pause), "fault": told})
    return False


def _write(event: Any, values: dict[str, Any]) -> None:
    mine = update(_events).where(_events.c.seq == event.seq, _events.c.fence == event.fence)
    result: Any = session().execute(mine.values(**values))
    if result.rowcount != 1:
        raise Fenced


def in_both(text: Any) -> dict[str, str]:
    """A sentence in both languages, for whoever reads it later: of an error, or lazy."""
    made = {}
    for code, language in (("en", "en"), ("zh", "zh_Hans")):
        with i18n.reading(language):
            made[code] = text.sentence() if isinstance(text, DomainError) else str(text)
    return made


def run_due(limit: int = 1000) -> int:
    """Carry out what is due, in this thread, until nothing is; how many. For tests and the command line."""
    done = 0
    while done < limit and (now := look()):
        done += now
    return done


@metrics.gauge(
    "youxu_hooks_inbound", "Events from webhooks that wait or failed and that nobody dealt with yet", "state"
)
def standing() -> dict[str, float]:
    """By state; alarm on `failed` and `dead`."""
    wanted = (HookState.WAITING, HookState.FAILED, HookState.DEAD)
    counted = select(_events.c.state, func.count()).where(_events.c.state.in_(wanted)).group_by(_events.c.state)
    found: dict[str, float] = {state: float(count) for state, count in session().execute(counted)}
    return {state.value: found.get(state, 0.0) for state in wanted}


@metrics.gauge("youxu_hooks_inbound_lag_seconds", "Seconds the oldest event that is to be done waits already")
def lag() -> float:
    """0 when nothing waits."""
    mine = _events.c.ready_at.is_not(None) & (_events.c.state == HookState.RECEIVED)
    oldest = session().scalar(select(_events.c.received_at).where(mine).order_by(_events.c.seq).limit(1))
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())
