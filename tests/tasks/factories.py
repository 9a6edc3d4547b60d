"""Tasks for tests, opened by nobody's process."""

from __future__ import annotations

from typing import Any

from app.core import ids
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.tasks import queries, service
from app.tasks.models import Task


def make_task(**over: Any) -> Task:
    """An open task for managers."""
    fields: dict[str, Any] = {
        "source": Subject("test", ids.new_id()),
        "source_ref": "1",
        "element_id": "approve",
        "name": {"en": "Approve", "zh": "审批"},
        "subject": Subject("thing", ids.new_id()),
        "subject_version": 3,
        "groups": ["manager"],
    }
    return queries.get_task(service.open_task(SYSTEM, service.NewTask(**{**fields, **over})))
