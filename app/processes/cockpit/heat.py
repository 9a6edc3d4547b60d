"""The heatmap of a definition: how many tokens wait where, how often elements were visited, how long tokens stayed.

Visits and stays are counted over the latest SAMPLE instances that began within DAYS, at most LINES lines of history of
each, so that a page costs the same after ten years. All of it is aggregated by the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, case, cast, extract, func, or_, select, union_all

from app.core import clock
from app.core.db import session
from app.processes.cockpit import waiting
from app.processes.definitions import deployed
from app.processes.models import InstanceStatus, ProcessEvent, ProcessInstance

DAYS = 90
SAMPLE = 500
LINES = 400
CAME = ("entered", "decided", "performed")
LEFT = ("left", "completed", "closed", "moved")
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
    sample = _sample(definition_id)
    return Heat(
        tokens=waiting.counts_of(definition_id),
        visits=_visits(sample),
        stays=_stays(sample),
        instances=session().execute(select(func.count()).select_from(sample)).scalar_one(),
    )


def _sample(definition_id: str) -> Any:
    """Ids of the latest instances. Each status by itself, because the index is by key, status and start."""
    key = deployed(definition_id).key
    parts = []
    for status in InstanceStatus:
        latest = (
            select(ProcessInstance.id, ProcessInstance.started_at)
            .where(
                ProcessInstance.key == key,
                ProcessInstance.status == status.value,
                ProcessInstance.definition_id == definition_id,
                ProcessInstance.started_at >= clock.now() - timedelta(days=DAYS),
            )
            .order_by(ProcessInstance.started_at.desc())
            .limit(SAMPLE)
            .subquery()
        )
        parts.append(select(latest.c.id, latest.c.started_at))
    found = union_all(*parts).subquery()
    return select(found.c.id).order_by(found.c.started_at.desc()).limit(SAMPLE).subquery()


def _visits(sample: Any) -> dict[str, int]:
    arrived = or_(ProcessEvent.kind == "entered", ProcessEvent.flow_id.is_not(None), ProcessEvent.at_once.is_(True))
    counted = (
        select(ProcessEvent.element_id, func.count())
        .join(sample, sample.c.id == ProcessEvent.instance_id)
        .where(ProcessEvent.seq <= LINES, arrived)
        .group_by(ProcessEvent.element_id)
    )
    return {element: count for element, count in session().execute(counted)}  # noqa: C416 - rows, not pairs


def _stays(sample: Any) -> dict[str, Stay]:
    """From the line that tells of a token's arrival to the first one that tells of its leaving."""
    at = cast(extract("epoch", ProcessEvent.at), Integer)
    leaving = ProcessEvent.kind.in_(LEFT)
    visits = (
        select(
            ProcessEvent.element_id,
            func.min(case((leaving, None), else_=at)).label("came"),
            func.min(case((leaving, at))).label("went"),
        )
        .join(sample, sample.c.id == ProcessEvent.instance_id)
        .where(
            ProcessEvent.seq <= LINES,
            ProcessEvent.token.is_not(None),
            ProcessEvent.at_once.is_(False),
            or_(leaving, ProcessEvent.kind.in_(CAME)),
        )
        .group_by(ProcessEvent.instance_id, ProcessEvent.token, ProcessEvent.element_id)
        .cte("visits")
    )
    seconds = (visits.c.went - visits.c.came).label("seconds")
    stays = (
        select(visits.c.element_id, seconds).where(visits.c.came.is_not(None), visits.c.went.is_not(None)).cte("stays")
    )
    ranked = select(
        stays.c.element_id,
        stays.c.seconds,
        func.row_number().over(partition_by=stays.c.element_id, order_by=stays.c.seconds).label("place"),
        func.count().over(partition_by=stays.c.element_id).label("count"),
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
