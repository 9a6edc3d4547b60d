"""Who runs what: due jobs are taken by one worker at a time, with a lock that expires and a fence that grows.

Nothing is due: one read of one index entry. Something is: one short transaction takes a bounded batch, oldest first.
Jobs of one source that exclude each other come in one unit, which is run in order by one thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, delete, exists, select, text, update
from sqlalchemy.orm import aliased

from app.core import clock, ids
from app.core.db import in_transaction, session, transaction
from app.core.jobs.models import Job, WorkerBeat
from app.core.jobs.running import DEATHS, Outcome, WorkerVanished, own_transaction, record_failure, run_job

log = structlog.get_logger()
LEASE = timedelta(seconds=15)
"""How long a job is locked; renewed while its worker lives."""
SUSPECT = 2
"""After so many vanished workers a job is run with nothing beside it."""
_CLAIMING = 7_304_120
_COLUMNS: tuple[Any, ...] = (
    *(Job.id, Job.fence, Job.source_kind, Job.source_id),
    *(Job.exclusive, Job.priority, Job.locked_until, Job.deaths),
)


@dataclass(frozen=True)
class Claim:
    """A job that is ours while its fence is this."""

    id: str
    fence: int

    def plain(self) -> list[Any]:
        """As JSON, for DBOS to keep."""
        return [self.id, self.fence]


@dataclass(frozen=True)
class Unit:
    """Jobs that one thread runs one after the other."""

    claims: tuple[Claim, ...]


def claim(owner: str, limit: int, *, calm: bool = True) -> list[Unit]:
    """Take up to `limit` due jobs for the owner, oldest first; empty (after one read) when nothing is due.

    `calm` says that the owner runs nothing else: only then is a suspect taken, and then alone.
    """
    now = clock.now()
    if not in_transaction():
        with transaction(write=False):
            if session().execute(_due(now, 1)).first() is None:
                return []
    with own_transaction():
        if session().get_bind().dialect.name == "postgresql":
            # One at a time: two who look at once would each see that nobody has the source.
            session().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIMING})
        rows = session().execute(_due(now, limit).with_for_update(skip_locked=True, of=Job)).all()
        return _take(owner, _survivors(rows, calm=calm), now)


def _due(now: datetime, limit: int) -> Select[Any]:
    """Jobs that may be taken: ready, and no exclusive sibling is in somebody's hands."""
    sibling = aliased(Job)
    taken = exists().where(
        sibling.source_kind == Job.source_kind,
        sibling.source_id == Job.source_id,
        sibling.locked_until > now,
        sibling.exclusive.is_(True),
    )
    return (
        select(*_COLUMNS)
        .where(Job.ready_at <= now, ~and_(Job.exclusive, taken))
        .order_by(Job.ready_at, Job.id)
        .limit(limit)
    )


def _survivors(rows: Sequence[Row[Any]], *, calm: bool) -> Sequence[Row[Any]]:
    """Without the jobs that seem to kill workers: those wait for a person, or for a moment when they can run alone."""
    killers = [row for row in rows if _deaths(row) >= DEATHS]
    for row in killers:
        _give_up(row)
    rest = [row for row in rows if row not in killers]
    suspects = [row for row in rest if _deaths(row) >= SUSPECT]
    if suspects and calm:
        return suspects[:1]
    return [row for row in rest if row not in suspects]


def _give_up(row: Row[Any]) -> None:
    """Make the job wait for a person; if the hook fails, for its last backoff, and to be given up again then."""
    for tell in (True, False):
        try:
            with session().begin_nested():
                job = session().get_one(Job, row.id, populate_existing=True)
                job.retries, job.deaths = 1, _deaths(row)
                record_failure(job, WorkerVanished(times=job.deaths), tell=tell)
        except Exception:
            if not tell:
                raise
            log.exception("job.hook_failed", job=row.id)
        else:
            return


def _deaths(row: Row[Any]) -> int:
    """Workers that vanished with the job, with the one whose lock has expired."""
    return int(row.deaths) + (row.locked_until is not None)


def _take(owner: str, rows: Sequence[Row[Any]], now: datetime) -> list[Unit]:
    if not rows:
        return []
    until = now + LEASE
    session().execute(
        update(Job)
        .where(Job.id.in_([row.id for row in rows]))
        .values(
            locked_by=owner,
            locked_until=until,
            ready_at=until,
            fence=Job.fence + 1,
            deaths=Job.deaths + case((Job.locked_until.is_not(None), 1), else_=0),
        )
        .execution_options(synchronize_session=False)
    )
    together: dict[Any, list[Row[Any]]] = {}
    for row in rows:
        key = (row.source_kind, row.source_id) if row.exclusive else row.id
        together.setdefault(key, []).append(row)
    first: dict[int, list[Unit]] = {}
    for group in together.values():
        unit = Unit(tuple(Claim(row.id, row.fence + 1) for row in sorted(group, key=lambda row: -row.priority)))
        first.setdefault(-max(row.priority for row in group), []).append(unit)
    return [unit for priority in sorted(first) for unit in first[priority]]


def spread(units: Sequence[Unit], lanes: int) -> list[Unit]:
    """At most `lanes` units made of these, of about equal length, keeping their order."""
    dealt: list[list[Claim]] = [[] for _ in range(min(lanes, len(units)))]
    for unit in units:
        min(dealt, key=len).extend(unit.claims)
    return [Unit(tuple(claims)) for claims in dealt]


def renew(claims: Iterable[Claim]) -> None:
    """Lock these for another LEASE, in the running transaction."""
    until = clock.now() + LEASE
    _change(claims, {"locked_until": until, "ready_at": until})


def release(claims: Iterable[Claim], *, died: bool = False) -> None:
    """Give these back unrun, in the running transaction: anybody may take them at once. `died` blames the job."""
    freed = {"locked_by": None, "locked_until": None, "ready_at": Job.due_at, "fence": Job.fence + 1}
    _change(claims, freed | ({"deaths": Job.deaths + 1} if died else {}))


def _change(claims: Iterable[Claim], values: dict[str, Any]) -> None:
    rows = [{"job": one.id, "mine": one.fence} for one in sorted(claims, key=lambda one: one.id)]
    if rows:
        session().connection().execute(update(Job).where(*_mine()).values(**values), rows)


def _mine() -> list[ColumnElement[bool]]:
    return [Job.id == bindparam("job"), Job.fence == bindparam("mine"), Job.ready_at.is_not(None)]


def beat(owner: str, host: str, pid: int) -> None:
    """Say, in the running transaction, that the worker is alive; forget those unheard of for long."""
    now = clock.now()
    known = session().get(WorkerBeat, owner)
    if known is None:
        session().add(WorkerBeat(id=owner, host=host[:255], pid=pid, started_at=now, beat_at=now))
        session().execute(delete(WorkerBeat).where(WorkerBeat.beat_at < now - timedelta(hours=1)))
    else:
        known.beat_at = now


def sign_off(owner: str) -> None:
    """The worker has stopped: it is not waited for."""
    session().execute(delete(WorkerBeat).where(WorkerBeat.id == owner))


def run_due(limit: int = 1000, *, owner: str | None = None) -> int:
    """Run what is due, oldest first, in this thread, until nothing is or `limit` have been run; how many ran.

    The same claims, fences and transactions as in a worker, without DBOS. For tests and the command line.
    """
    mine = owner or ids.new_id()
    ran = 0
    while ran < limit:
        units = claim(mine, min(50, limit - ran))
        if not units:
            break
        for one in (one for unit in units for one in unit.claims):
            ran += run_job(one.id, one.fence) is not Outcome.GONE
    return ran
