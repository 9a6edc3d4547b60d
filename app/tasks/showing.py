"""What a task is about, for its page and its signature: filled by the slices whose subjects have tasks (orders have a
page of their own)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.registry import Registry
from app.core.subject import Subject
from app.tasks.models import Task


@dataclass(frozen=True)
class Shown:
    """What the page of a task shows of its subject: a template that is included with the context as `about`."""

    number: str
    title: str
    template: str
    endpoint: str
    """Page of the subject, with its arguments."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    context: Any = None
    notes: str = ""
    """A template for what must be known before the form is filled in: above it."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What is on file already for fields of its forms: they are filled with it until somebody writes into them."""


shown_subject: Registry[Callable[[Subject], Shown]] = Registry("page of a task")
"""By kind of subject. Raises NotFound."""

in_lists: Registry[Callable[[Sequence[Task]], Mapping[str, str]]] = Registry("tasks in lists")
"""By kind of subject: what each of several tasks is about besides its number, in a few words, by the task's id. A
bounded number of statements, however many they are."""

withheld: Registry[Callable[[Subject], Collection[str]]] = Registry("outcomes withheld")
"""By kind of subject: outcomes that forms offer and that are of no use for this one now; whoever gives one all the same
hears why from the step that would carry it out."""

signed_subject: Registry[Callable[[Subject], dict[str, Any]]] = Registry("signed content")
"""By kind of subject: plain JSON of what that page shows of it, which a signature binds; files by `sha256`."""

still_stored: Registry[Callable[[Sequence[Mapping[str, Any]]], Sequence[bool]]] = Registry("check of signed content")
"""By kind of subject: for each such content, whether what it names is stored as it was."""


def about_each(several: Sequence[Task]) -> dict[str, str]:
    """What `in_lists` says of each of the tasks, by id; nothing of those whose kind says nothing."""
    found: dict[str, str] = {}
    for kind in {task.subject_kind for task in several} & set(in_lists):
        found.update(in_lists.get(kind)([task for task in several if task.subject_kind == kind]))
    return found
