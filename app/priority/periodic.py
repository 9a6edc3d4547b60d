"""Time alone changes priorities: all open orders are ranked anew every quarter of an hour; overrides are judged."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import structlog

from app.core import clock
from app.core.errors import DomainError
from app.core.periodic import every
from app.core.permissions import SYSTEM
from app.priority import bulk, hindsight, service

FRESH = timedelta(minutes=60)
"""One by one, an assessment younger than this is left as it is."""
log = structlog.get_logger()


@every(minutes=15, name="priority.rerank")
def rerank() -> None:
    """All of them at once; where a band or a block changes, jobs follow.

    Should one order have facts that do not fit, nothing was written yet: a batch is then assessed one by one, which
    names the order and leaves the others in peace.
    """
    try:
        done = bulk.rerank()
    except (DomainError, pl.exceptions.PolarsError):
        log.exception("priority.not_reranked")
        service.reassess_open(SYSTEM, before=clock.now() - FRESH)
        return
    log.info("priority.reranked", seen=done.seen, moved=done.moved, given=done.given, differing=done.differing)


@every(minutes=5, name="priority.judge")
def judge() -> None:
    """What came of manual overrides, as soon as it can be known."""
    hindsight.judge_due()
