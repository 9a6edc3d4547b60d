"""Somebody of the team does an open task, and signs it where that is asked."""

from __future__ import annotations

from typing import Any

from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import deciding
from app.processes import queries as processes
from app.tasks.queries import open_tasks_of


def answer(who: Actor, about: Subject, *, element: str = "", **answers: Any) -> None:
    """The open task about the subject; of several that of the element, their own before another's."""
    found = [one for one in open_tasks_of(about) if element in ("", one.element_id)]
    task = next((one for one in found if one.assignee_id == who.id), found[0])
    meaning = processes.work_of(task).signature
    signed = deciding.unseen(task, meaning, "invented") if meaning else None
    deciding.complete(who, task.id, answers, seen_version=None, signed=signed)
