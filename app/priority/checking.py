"""The proof of the pudding: all open orders ranked at once must stand where they stand.

What waits to be followed (a job that has marks or an order before it, a moment that has come) may differ; anything else
is a change that nobody noticed: an error, counted, named and put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from app.core import clock, metrics
from app.core.db import session
from app.core.jobs.models import Job
from app.orders.models import Order
from app.priority import bulk, rescoring, touched_orders

DIFFERENCES = metrics.counter(
    "youxu_priority_differences_total", "Orders that a full re-rank found to stand elsewhere: must stay 0"
)
NAMED = 20
"""Orders that an error names."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Checked:
    """How many orders a run looked at, how many stood wrong, how many moved since and were not followed yet."""

    seen: int
    differing: int
    waiting: int


def check(as_of: datetime | None = None) -> Checked:
    """Rank all open orders at the moment (now) and put right what differs. Raises FactsInvalid."""
    moment = as_of or clock.now()
    found = _differing(bulk.compare(moment))
    waiting = found & _waiting(moment) if found else set()
    wrong = found - waiting
    if wrong:  # another look: what changed between two readings is no error
        wrong &= _differing(bulk.compare(as_of or clock.now(), Order.id.in_(sorted(wrong))))
        wrong -= _waiting(moment)
    if wrong:
        DIFFERENCES.inc(by=len(wrong))
        log.error("priority.differs", count=len(wrong), orders=sorted(wrong)[:NAMED])
    return Checked(bulk.rerank(moment).seen, len(wrong), len(waiting))


def _differing(found: bulk.Compared) -> set[str]:
    return set(found.standings.filter(found.moves | found.anew)["order_id"])


def _waiting(moment: datetime) -> set[str]:
    """Orders that a job will come to, or time."""
    jobs = session().scalars(select(Job.payload).where(Job.source_kind == bulk.SOURCE, Job.kind == rescoring.JOB))
    marks = [mark for payload in jobs for mark in payload["marks"]]
    ids = set(session().scalars(rescoring.due_orders(moment))) | bulk.waiting_for_jobs()
    return ids | set(session().scalars(touched_orders.orders_of(marks))) if marks else ids
