"""The heatmap of a definition: how many tokens wait where, how often elements were visited, how long tokens stayed.

Visits and stays are counted over the latest SAMPLE instances that began within DAYS, at most LINES lines of history of
each, so that a page costs the same after ten years. All of it is aggregated by the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, case, cast, extract, func, or_, select

from app.core import clock
from app.core.db import session
from app.processes.cockpit import waiting
from app.processes.models import ProcessEvent, ProcessInstance

DAYS = 90
SAMPLE = 500
LINES = 400
LEFT = ("left", "completed")
"""Kinds of history lines by which a token's stay at an element ends."""


@dataclass(frozen=True)
class Stay:
    """How long tokens stayed at an element, in seconds, over `count` finished stays."""

    count: int
    median: int
    p90: int
    longest: int


@dataclass(frozen=True)
class Heat:
    """Numbers by element id. `instances` is how many were looked at for visits and stays."""

    tokens: dict[str, int]
    visits: dict[str, int]
    stays: dict[str, Stay]
    instances: int


def heat_of(definition_id: str) -> Heat:
    """The numbers of one version. Four statements."""
    sample = (
        select(ProcessInstance.id)
        .where(
            ProcessInstance.definition_id == definition_id,
            ProcessInstance.started_at >= clock.now() - timedelta(days=DAYS),
        )
        .order_by(ProcessInstance.started_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
    return Heat(
        tokens=waiting.counts_of(definition_id),
        visits=_visits(sample),
        stays=_stays(sample),
        instances=session().execute(select(func.count()).select_from(sample)).scalar_one(),
    )


def _arrived() -> Any:
    """A line that tells of a token's arrival, once per visit."""
    return or_(ProcessEvent.kind == "entered", ProcessEvent.flow_id.is_not(None))


def _visits(sample: Any) -> dict[str, int]:
    counted = (
        select(ProcessEvent.element_id, func.count())
        .join(sample, sample.c.id == ProcessEvent.instance_id)
        .where(ProcessEvent.seq <= LINES, _arrived())
        .group_by(ProcessEvent.element_id)
    )
    return {element: count for element, count in session().execute(counted)}  # noqa: C416 - rows, not pairs


def _stays(sample: Any) -> dict[str, Stay]:
    """The nth arrival at an element belongs to its nth leaving, within one instance."""
    leaving = ProcessEvent.kind.in_(LEFT)
    lines = (
        select(
            ProcessEvent.instance_id,
            ProcessEvent.element_id,
            case((leaving, 1), else_=0).label("left"),
            cast(extract("epoch", ProcessEvent.at), Integer).label("at"),
            func.row_number()
            .over(
                partition_by=(ProcessEvent.instance_id, ProcessEvent.element_id, case((leaving, 1), else_=0)),
                order_by=ProcessEvent.seq,
            )
            .label("nth"),
        )
        .join(sample, sample.c.id == ProcessEvent.instance_id)
        .where(ProcessEvent.seq <= LINES, or_(ProcessEvent.kind == "entered", leaving))
        .cte("lines")
    )
    paired = (
        select(lines.c.element_id, (func.max(lines.c.at) - func.min(lines.c.at)).label("seconds"))
        .group_by(lines.c.instance_id, lines.c.element_id, lines.c.nth)
        .having(func.count() == 2)
        .cte("paired")
    )
    ranked = select(
        paired.c.element_id,
        paired.c.seconds,
        func.row_number().over(partition_by=paired.c.element_id, order_by=paired.c.seconds).label("place"),
        func.count().over(partition_by=paired.c.element_id).label("count"),
    ).cte("ranked")
    at_median = ranked.c.place * 2 >= ranked.c.count
    at_p90 = ranked.c.place * 10 >= ranked.c.count * 9
    found = select(
        ranked.c.element_id,
        func.max(ranked.c.count),
        func.min(case((at_median, ranked.c.seconds))),
        func.min(case((at_p90, ranked.c.seconds))),
        func.max(ranked.c.seconds),
    ).group_by(ranked.c.element_id)
    return {
        element: Stay(count, int(median), int(p90), int(longest))
        for element, count, median, p90, longest in session().execute(found)
    }
