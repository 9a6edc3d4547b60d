"""The incident that stands while an external task has no tries left."""

from __future__ import annotations

from app.core.permissions import Actor
from app.processes import keeping
from app.processes.external.models import ExternalTask

KIND = "failedExternalTask"


def stand(task: ExternalTask) -> None:
    """Nobody gets the task any more until somebody gives it new tries."""
    keeping.stand(
        [
            {
                "instance_id": task.instance_id,
                "token": task.token,
                "element_id": task.element_id,
                "kind": KIND,
                "message": task.error_message or "",
                "details": {"external_task": task.id, "topic": task.topic, "worker": task.worker_id},
            }
        ]
    )


def resolve(task: ExternalTask, actor: Actor) -> None:
    """It has tries again."""
    keeping.resolve_incidents(task.instance_id, [task.token], how="retries", by=actor.id)
