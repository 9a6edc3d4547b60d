"""Substitutes limited to a process: its name where one is chosen, its tasks where one stands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select

from app.core.db import session
from app.identity.substitutes import process_names
from app.processes.models import ProcessDefinition, ProcessInstance, ProcessRelease
from app.processes.world import SOURCE
from app.tasks.models import Task
from app.tasks.standing_in import of_process


@process_names.register(SOURCE)
def names() -> Mapping[str, Mapping[str, str]]:
    """Every process that can be started, by key. One statement."""
    statement = select(ProcessRelease.key, ProcessDefinition.name).join(
        ProcessDefinition, ProcessDefinition.id == ProcessRelease.definition_id
    )
    return {row.key: row.name for row in session().execute(statement)}


@of_process.register(SOURCE)
def belongs_to(key: str) -> Any:
    """The condition that a task was opened by an instance of the process."""
    return exists().where(ProcessInstance.id == Task.source_id, Task.source_kind == SOURCE, ProcessInstance.key == key)
