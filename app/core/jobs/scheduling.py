"""Verbs on jobs, inside the caller's transaction: schedule, cancel, suspend, move, give retries.

Each change of a job that waits or runs raises its fence: a worker that has it just then cannot commit any more, so the
person or step that changed it first has won.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, insert, null, update

from app.core import clock, ids
from app.core.among import among
from app.core.db import session
from app.core.errors import NotFound
from app.core.jobs.models import Job
from app.core.jobs.running import in_hand, settle
from app.core.prepared import Prepared

RETRIES = 3
BACKOFF = (10, 60, 300)
"""Seconds after the first, second and every later failure."""


@dataclass(frozen=True)
class NewJob:
    """A job to be. `kind` names its handler; `(source_kind, source_id, source_ref)` whose it is."""

    kind: str
    due_at: datetime
    source_kind: str
    source_id: str
    source_ref: str = ""
    element_id: str | None = None
    name: Any = None
    payload: dict[str, Any] = field(default_factory=dict)
    retries: int = RETRIES
    backoff: Sequence[float] = BACKOFF
    priority: int = 0
    exclusive: bool = True
    suspended: bool = False
    definition_id: str | None = None
    definition_key: str | None = None


_jobs: Any = Job.__table__
_INSERT = Prepared(insert(_jobs), *(column.name for column in _jobs.columns))
_CANCEL = Prepared(delete(_jobs).where(_jobs.c.source_kind == bindparam("kind"), among(_jobs.c.source_id, "ids")))


def schedule(wanted: Iterable[NewJob]) -> list[str]:
    """Store the jobs; their ids, which sort in the order given. They run after the transaction has committed."""
    now = clock.now()
    rows = [_row(new, now) for new in wanted]
    if rows:
        _INSERT.run(rows if len(rows) > 1 else rows[0])
    return [row["id"] for row in rows]


def _row(new: NewJob, now: datetime) -> dict[str, Any]:
    return {
        "id": _next_id(),
        "kind": new.kind,
        "source_kind": new.source_kind,
        "source_id": new.source_id,
        "source_ref": new.source_ref,
        "element_id": new.element_id,
        "name": new.name,
        "payload": new.payload,
        "due_at": new.due_at,
        "ready_at": None if new.suspended or new.retries <= 0 else new.due_at,
        "retries": max(new.retries, 0),
        "backoff": list(new.backoff) or list(BACKOFF),
        "priority": new.priority,
        "exclusive": new.exclusive,
        "suspended": new.suspended,
        "locked_by": None,
        "locked_until": None,
        "fence": 0,
        "attempts": 0,
        "deaths": 0,
        "error": None,
        "error_details": None,
        "created_at": now,
        "definition_id": new.definition_id,
        "definition_key": new.definition_key,
    }


_last = ""
_turn = Lock()


def _next_id() -> str:
    """An id that sorts after every other one of this process: jobs due at the same moment run as they were made."""
    global _last  # noqa: PLW0603 - order within the process needs one memory
    with _turn:
        made = ids.new_id()
        if made <= _last:
            made = _text(int(_last, 32) + 1 + secrets.randbits(24))  # another process may count from the same one
        _last = made
    return made


def _text(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuv"
    return "".join(digits[(number >> (5 * place)) & 31] for place in range(25, -1, -1))


def cancel_of(source_kind: str, source_id: str, refs: Sequence[str] | None = None) -> int:
    """Delete the source's jobs (only those of the refs, if given); how many. A handler may cancel its own job so."""
    where = _of(source_kind, source_id, refs)
    own = in_hand()
    count = 0
    if own is not None and _matches(own, source_kind, source_id, refs):
        settle(own)
        count = 1
    return count + _changed(delete(Job).where(*where))


def cancel_of_all(source_kind: str, source_ids: Sequence[str]) -> int:
    """Delete the jobs of many sources in one statement; how many. Not for a handler of one of them."""
    return _CANCEL.run({"kind": source_kind, "ids": list(source_ids)}) if source_ids else 0


def suspend_of(source_kind: str, source_id: str) -> int:
    """Nothing of the source runs until `resume_of`; how many jobs. A job that runs just now loses its turn."""
    return _changed(
        update(Job)
        .where(*_of(source_kind, source_id), Job.suspended.is_(False), *_not_in_hand())
        .values(suspended=True, ready_at=null(), **_FREED)
    )


def resume_of(source_kind: str, source_id: str) -> int:
    """Undo `suspend_of`: what became due meanwhile runs at once; how many jobs."""
    return _changed(
        update(Job)
        .where(*_of(source_kind, source_id), Job.suspended.is_(True))
        .values(suspended=False, ready_at=case((Job.retries > 0, Job.due_at), else_=null()), **_FREED)
    )


def set_due(job_id: str, due_at: datetime) -> None:
    """Move the job. Raises NotFound. (A handler moves its own job by returning the moment.)"""
    ready = case((Job.suspended.is_(True) | (Job.retries <= 0), null()), else_=due_at)
    _one(job_id, update(Job).where(Job.id == job_id).values(due_at=due_at, ready_at=ready, **_FREED))


def set_retries(job_id: str, retries: int) -> None:
    """Give the job that many attempts; one that had none left waits for its due time again. Raises NotFound."""
    left = max(retries, 0)
    ready = null() if left == 0 else case((Job.suspended.is_(True), null()), else_=Job.due_at)
    fresh = {"attempts": 0, "deaths": 0} if left else {}
    _one(job_id, update(Job).where(Job.id == job_id).values(retries=left, ready_at=ready, **fresh, **_FREED))


_FREED: dict[str, Any] = {"locked_by": None, "locked_until": None, "fence": Job.fence + 1}


def _of(source_kind: str, source_id: str, refs: Sequence[str] | None = None) -> list[ColumnElement[bool]]:
    where = [Job.source_kind == source_kind, Job.source_id == source_id]
    return where if refs is None else [*where, Job.source_ref.in_(list(refs))]


def _matches(job: Job, source_kind: str, source_id: str, refs: Sequence[str] | None) -> bool:
    same = (job.source_kind, job.source_id) == (source_kind, source_id)
    return same and (refs is None or job.source_ref in refs)


def _not_in_hand() -> list[ColumnElement[bool]]:
    """A handler that suspends its own source finishes its own job all the same."""
    own = in_hand()
    return [] if own is None else [Job.id != own.id]


def _one(job_id: str, statement: Any) -> None:
    own = in_hand()
    if own is not None and own.id == job_id:
        raise RuntimeError("a handler moves its own job by returning the moment, not by a verb")
    if not _changed(statement):
        raise NotFound(job=job_id)


def _changed(statement: Any) -> int:
    # Objects already read keep their values until read again: nobody looks at a job twice in one transaction.
    return int(session().execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]
