"""Time alone changes priorities: all open orders are ranked anew every quarter of an hour."""

from __future__ import annotations

import structlog

from app.core.periodic import every
from app.priority import bulk

log = structlog.get_logger()


@every(minutes=15, name="priority.rerank")
def rerank() -> None:
    """All of them at once; where a band or a block changes, jobs follow."""
    done = bulk.rerank()
    log.info("priority.reranked", seen=done.seen, moved=done.moved, given=done.given, differing=done.differing)
