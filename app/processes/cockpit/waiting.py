"""Where instances wait, as rows: open tasks, jobs and timers, subscriptions, incidents, called instances.

Tokens themselves are in the state of each instance; these tables hold one row for each token that waits for something,
so that lists and heatmaps can be asked of the database. Only tokens at a join have none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select, union, union_all

from app.core.db import session
from app.core.jobs import Job
from app.processes.models import InstanceStatus, ProcessIncident, ProcessInstance, ProcessWait
from app.processes.world import SOURCE
from app.tasks.models import Task, TaskStatus


def _places(*wanted: Any) -> list[Any]:
    """(instance, token, element) of everything that waits; `wanted` maps a column of each table to a condition."""
    task, job, wait, incident = wanted
    return [
        select(
            Task.source_id.label("instance"), Task.source_ref.label("token"), Task.element_id.label("element")
        ).where(Task.source_kind == SOURCE, Task.status == TaskStatus.OPEN.value, *task),
        select(Job.source_id, Job.source_ref, Job.element_id).where(Job.source_kind == SOURCE, *job),
        select(ProcessWait.instance_id, _text(ProcessWait.token), ProcessWait.element_id).where(*wait),
        select(ProcessIncident.instance_id, _text(ProcessIncident.token), ProcessIncident.element_id).where(
            ProcessIncident.resolved_at.is_(None), *incident
        ),
    ]


def _text(column: Any) -> ColumnElement[str]:
    return func.coalesce(cast(column, String), literal(""))


def at_element(element_id: str) -> Any:
    """The ids of instances of which a token waits at the element, as a subquery."""
    parts = _places(
        [Task.element_id == element_id],
        [Job.element_id == element_id],
        [ProcessWait.element_id == element_id],
        [ProcessIncident.element_id == element_id],
    )
    return select(union(*parts).subquery().c.instance)


def elements_of(instance_ids: Collection[str]) -> dict[str, list[str]]:
    """The elements at which each of these instances waits, by instance id. One statement."""
    if not instance_ids:
        return {}
    parts = _places(
        [Task.source_id.in_(instance_ids)],
        [Job.source_id.in_(instance_ids)],
        [ProcessWait.instance_id.in_(instance_ids)],
        [ProcessIncident.instance_id.in_(instance_ids)],
    )
    found: dict[str, list[str]] = {}
    for instance, _token, element in session().execute(union(*parts).order_by("instance", "element")):
        if element not in found.setdefault(instance, []):
            found[instance].append(element)
    return found


def counts_of(definition_id: str) -> dict[str, int]:
    """How many tokens wait at each element in the running instances of a definition. One statement."""
    running = (
        select(ProcessInstance.id)
        .where(ProcessInstance.definition_id == definition_id, ProcessInstance.status == InstanceStatus.RUNNING.value)
        .scalar_subquery()
    )
    places = union_all(
        *_places(
            [Task.source_id.in_(running)],
            [Job.source_id.in_(running)],
            [ProcessWait.instance_id.in_(running)],
            [ProcessIncident.instance_id.in_(running)],
        )
    ).subquery()
    once = select(places.c.instance, places.c.token, places.c.element).distinct().subquery()
    counted = select(once.c.element, func.count()).group_by(once.c.element)
    return {element: count for element, count in session().execute(counted)}  # noqa: C416 - rows, not pairs
