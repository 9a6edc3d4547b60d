"""Reads of external tasks."""

from __future__ import annotations

from sqlalchemy import select

from app.core.db import session
from app.processes.external.fetching import fetchable as fetchable
from app.processes.external.fetching import joined as joined
from app.processes.external.fetching import topics_with_work as topics_with_work
from app.processes.external.models import ExternalTask
from app.processes.external.service import get as get


def error_details(task_id: str) -> str | None:
    """The details of the last failure. Raises NoExternalTask."""
    return get(task_id).error_details


def of_tokens(instance_id: str) -> dict[int, ExternalTask]:
    """The external tasks of an instance by token."""
    rows = session().scalars(select(ExternalTask).where(ExternalTask.instance_id == instance_id))
    return {row.token: row for row in rows}
