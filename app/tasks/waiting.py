"""Tasks that wait for their moment (`follow_up_at`): put off by who has them, or said by their diagram."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, update

from app.core import clock
from app.core.db import session
from app.tasks.models import Task, TaskExtra


def waits() -> Any:
    """The condition that a task's moment has not come."""
    return exists().where(TaskExtra.task_id == Task.id, TaskExtra.follow_up_at > clock.now())


def show_again(*task_ids: str) -> None:
    """Who had these has them no more, so what they put off waits for nobody else. Nobody is told of it then."""
    which = (TaskExtra.task_id.in_(task_ids), TaskExtra.follow_up_at.is_not(None))
    session().execute(
        update(TaskExtra).where(*which).values(follow_up_at=None).execution_options(synchronize_session=False)
    )
