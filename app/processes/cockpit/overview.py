"""Every process with what runs of it, and the versions of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.core.db import session
from app.processes.cockpit.waiting import is_running
from app.processes.definitions import ProcessNotFound
from app.processes.models import ProcessDefinition, ProcessIncident, ProcessInstance, ProcessRelease
from app.processes.queries import stuck_start

VERSIONS = 50
_running = is_running


@dataclass(frozen=True)
class Overview:
    """One process. `version` is in force (None: nothing is); `newest` the latest that was deployed."""

    key: str
    name: dict[str, str]
    version: int | None
    released_at: datetime | None
    newest: int
    versions: int
    running: int
    stuck: int
    """Running instances with an open incident."""


@dataclass(frozen=True)
class Version:
    """One version of a process and how many instances run on it."""

    id: str
    number: int
    deployed_at: datetime
    deployed_by: str
    in_force: bool
    running: int
    stuck: int


def overview() -> list[Overview]:
    """Every process by key. Three statements."""
    newest = (
        select(
            ProcessDefinition.key, func.max(ProcessDefinition.version).label("newest"), func.count().label("versions")
        )
        .group_by(ProcessDefinition.key)
        .subquery()
    )
    released = (
        select(ProcessRelease.key, ProcessRelease.released_at, ProcessDefinition.version)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessRelease.definition_id)
        .subquery()
    )
    rows = session().execute(
        select(
            newest.c.key,
            newest.c.newest,
            newest.c.versions,
            ProcessDefinition.name,
            released.c.version,
            released.c.released_at,
        )
        .join(
            ProcessDefinition,
            (ProcessDefinition.key == newest.c.key) & (ProcessDefinition.version == newest.c.newest),
        )
        .outerjoin(released, released.c.key == newest.c.key)
        .order_by(newest.c.key)
    )
    running, stuck = _counts(ProcessInstance.key), _stuck(ProcessInstance.key)
    return [
        Overview(
            key=row.key,
            name=row.name,
            version=row.version,
            released_at=row.released_at,
            newest=row.newest,
            versions=row.versions,
            running=running.get(row.key, 0),
            stuck=stuck.get(row.key, 0),
        )
        for row in rows
    ]


def versions_of(key: str) -> list[Version]:
    """The latest VERSIONS versions of a process, the newest first, and the one in force. Raises ProcessNotFound."""
    in_force = session().execute(select(ProcessRelease.definition_id).where(ProcessRelease.key == key)).scalar()
    columns = (
        ProcessDefinition.id,
        ProcessDefinition.version,
        ProcessDefinition.deployed_at,
        ProcessDefinition.deployed_by,
    )
    newest = select(*columns).where(ProcessDefinition.key == key).order_by(ProcessDefinition.version.desc())
    rows = list(session().execute(newest.limit(VERSIONS)))
    if not rows:
        raise ProcessNotFound(key=key)
    if in_force not in {row.id for row in rows}:
        rows += session().execute(select(*columns).where(ProcessDefinition.id == in_force)).all()
    mine = ProcessInstance.key == key
    running, stuck = _counts(ProcessInstance.definition_id, mine), _stuck(ProcessInstance.definition_id, mine)
    return [
        Version(
            id=row.id,
            number=row.version,
            deployed_at=row.deployed_at,
            deployed_by=row.deployed_by,
            in_force=row.id == in_force,
            running=running.get(row.id, 0),
            stuck=stuck.get(row.id, 0),
        )
        for row in rows
    ]


def definition_keys() -> dict[str, dict[str, str]]:
    """Key → name of its newest version, for a list to choose from. One statement."""
    newest = (
        select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("newest"))
        .group_by(ProcessDefinition.key)
        .subquery()
    )
    named = (
        select(ProcessDefinition.key, ProcessDefinition.name)
        .join(newest, (newest.c.key == ProcessDefinition.key) & (newest.c.newest == ProcessDefinition.version))
        .order_by(ProcessDefinition.key)
    )
    return {row.key: row.name for row in session().execute(named)}


def version_numbers(key: str) -> dict[int, str]:
    """Version number → definition id, the newest first. One statement."""
    rows = session().execute(
        select(ProcessDefinition.version, ProcessDefinition.id)
        .where(ProcessDefinition.key == key)
        .order_by(ProcessDefinition.version.desc())
    )
    return {row.version: row.id for row in rows}


def open_incidents() -> int:
    """How many incidents nobody has dealt with, counted up to 1,000."""
    some = select(ProcessIncident.id).where(ProcessIncident.resolved_at.is_(None)).limit(1000).subquery()
    starts = select(func.count()).where(*stuck_start()).scalar_subquery()
    return session().execute(select(func.count() + starts).select_from(some)).scalar_one()


def _counts(column: Any, *more: Any) -> dict[str, int]:
    rows = session().execute(select(column, func.count()).where(_running, *more).group_by(column))
    return {name: count for name, count in rows}  # noqa: C416 - rows, not pairs


def _stuck(column: Any, *more: Any) -> dict[str, int]:
    counted = (
        select(column, func.count(ProcessIncident.instance_id.distinct()))
        .join(ProcessInstance, ProcessInstance.id == ProcessIncident.instance_id)
        .where(ProcessIncident.resolved_at.is_(None), _running, *more)
        .group_by(column)
    )
    return {name: count for name, count in session().execute(counted)}  # noqa: C416 - rows, not pairs
