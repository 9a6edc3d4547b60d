"""Where instances wait, as rows: tasks, timers and jobs, external tasks, subscriptions, incidents, called processes.

Tokens themselves are in the state of each instance; these tables hold a row for each token that waits for something,
so that lists and heatmaps can be asked of the database. Only tokens at a join have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, and_, cast, func, literal, select, union, union_all

from app.core.db import session
from app.core.jobs import Job
from app.processes import engine
from app.processes.cockpit.naming import ElementName, element_of
from app.processes.definitions import deployed
from app.processes.external.models import ExternalTask
from app.processes.models import InstanceStatus, ProcessEvent, ProcessIncident, ProcessInstance, ProcessWait
from app.processes.world import SOURCE
from app.tasks.models import Task, TaskStatus

is_running: Any = ProcessInstance.status == literal(InstanceStatus.RUNNING.value, literal_execute=True)
"""Written out, so that the database sees that its index of running instances serves."""


WATCHING = ("boundaryEvent", "startEvent")
"""Elements whose rows are no token: the event may come, nothing stands there."""


def _places(instances: Any = None, element: str | None = None) -> list[Any]:
    """(instance, token, element) of everything that waits, of these instances (a subquery) or else at this element."""

    def narrowed(instance: Any, at: Any) -> list[Any]:
        return [at == element] if element is not None else [instance.in_(instances)]

    return [
        select(
            Task.source_id.label("instance"), Task.source_ref.label("token"), Task.element_id.label("element")
        ).where(
            Task.source_kind == SOURCE,
            Task.status == TaskStatus.OPEN.value,
            *narrowed(Task.source_id, Task.element_id),
        ),
        select(Job.source_id, Job.source_ref, Job.element_id).where(
            Job.source_kind == SOURCE, Job.element_id.is_not(None), *narrowed(Job.source_id, Job.element_id)
        ),
        *(
            select(table.instance_id, cast(table.token, String), table.element_id).where(
                *narrowed(table.instance_id, table.element_id), *more
            )
            for table, more in _ROWS
        ),
    ]


_ROWS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (ExternalTask, ()),
    (ProcessWait, ()),
    (ProcessIncident, (ProcessIncident.resolved_at.is_(None),)),
)


def _calling(*where: Any) -> Any:
    """(instance, token, element) of the tokens that have called a process which runs."""
    came = and_(
        ProcessEvent.instance_id == ProcessInstance.super_instance_id,
        ProcessEvent.token == ProcessInstance.super_token,
        ProcessEvent.kind == "entered",
    )
    token = cast(ProcessInstance.super_token, String)
    return (
        select(ProcessInstance.super_instance_id, token, ProcessEvent.element_id)
        .select_from(ProcessInstance)
        .join(ProcessEvent, came)
        .where(is_running, ProcessInstance.super_instance_id.is_not(None), *where)
    )


def at_element(element_id: str) -> Any:
    """The ids of instances of which a token waits at the element, as a subquery."""
    parts = [*_places(element=element_id), _calling(ProcessEvent.element_id == element_id)]
    return select(union(*parts).subquery().c.instance)


def counts_of(definition_id: str) -> dict[str, int]:
    """How many tokens wait at each element in the running instances of a definition. One statement."""
    made = deployed(definition_id)
    running = select(ProcessInstance.id).where(
        ProcessInstance.key == made.key, is_running, ProcessInstance.definition_id == definition_id
    )
    parts = _places(instances=running)
    if any(element.kind == "callActivity" for element in made.definition.elements.values()):
        parts.append(_calling(ProcessInstance.super_instance_id.in_(running)))
    places = union_all(*parts).subquery()
    once = select(places.c.instance, places.c.token, places.c.element).distinct().subquery()
    counted = select(once.c.element, func.count()).group_by(once.c.element)
    elements = made.definition.elements
    return {
        element: count
        for element, count in session().execute(counted)
        if element not in elements or elements[element].kind not in WATCHING
    }


def places_of(instance: ProcessInstance) -> Sequence[ElementName]:
    """Where the tokens of an instance are, joins included, each element once. Read from its state."""
    if instance.status != InstanceStatus.RUNNING:
        return ()
    found = engine.tokens(deployed(instance.definition_id).definition, instance.state)
    ids = dict.fromkeys(one.element.id for one in found if not one.watch and one.waits not in ("scope", "loop"))
    return [element_of(instance.definition_id, name) for name in ids]
