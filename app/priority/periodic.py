"""Time alone changes priorities: all open orders are ranked anew every quarter of an hour; overrides are judged."""

from __future__ import annotations

import structlog

from app.core.periodic import every
from app.priority import bulk, hindsight

log = structlog.get_logger()


@every(minutes=15, name="priority.rerank")
def rerank() -> None:
    """All of them at once; where a band or a block changes, jobs follow."""
    done = bulk.rerank()
    log.info("priority.reranked", seen=done.seen, moved=done.moved, given=done.given, differing=done.differing)


@every(minutes=5, name="priority.judge")
def judge() -> None:
    """What came of manual overrides, as soon as it can be known."""
    hindsight.judge_due()
