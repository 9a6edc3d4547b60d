"""The tasks of quality control follow the demand that waits, as it comes and goes."""

from __future__ import annotations

from app.quality import queries
from app.quality.demand import rank_of
from app.tasks import service as tasks


def follow_demand() -> int:
    """Rank the open tasks anew whose place has changed; answers how many. Five statements while nothing has."""
    moved = 0
    for row in queries.queue():
        if row.task is not None and row.task.rank.key() != row.key:
            waits = {} if row.waits is None else {row.inspection.product_id: row.waits}
            moved += tasks.rerank(row.inspection.subject, rank_of(row.inspection, waits))
    return moved
