"""Reads of external tasks."""

from __future__ import annotations

from app.processes.external.fetching import fetchable as fetchable
from app.processes.external.fetching import joined as joined
from app.processes.external.fetching import topics_with_work as topics_with_work
from app.processes.external.service import get as get


def error_details(task_id: str) -> str | None:
    """The details of the last failure. Raises NoExternalTask."""
    return get(task_id).error_details
