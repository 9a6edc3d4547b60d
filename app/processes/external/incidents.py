"""The incident that stands while an external task has no tries left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from app.core import clock, ids
from app.core.db import session
from app.core.permissions import Actor
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessIncident

KIND = "failedExternalTask"
_incidents: Any = ProcessIncident.__table__


def stand(task: ExternalTask) -> str:
    """Nobody gets the task any more until somebody gives it new tries; answers the incident's id."""
    row = {
        "id": ids.new_id(),
        "instance_id": task.instance_id,
        "token": task.token,
        "element_id": task.element_id,
        "kind": KIND,
        "message": task.error_message or "",
        "details": {"external_task": task.id, "topic": task.topic, "worker": task.worker_id},
        "created_at": clock.now(),
    }
    session().execute(insert(_incidents).values(**row))
    return str(row["id"])


def resolve(task: ExternalTask, how: str, actor: Actor | None = None) -> None:
    """It is over, if it stood."""
    if task.retries != 0 and how == "completed":
        return
    session().execute(
        update(_incidents)
        .where(
            _incidents.c.instance_id == task.instance_id,
            _incidents.c.token == task.token,
            _incidents.c.kind == KIND,
            _incidents.c.resolved_at.is_(None),
        )
        .values(resolved_at=clock.now(), resolved_by=actor.id if actor else None, how=how)
    )
