"""Decided tasks in words: the answer as the task's own form calls it, what one is about, and who has what it led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.i18n import _, pick, show_ago
from app.fulfilment import deciding, forms, queries
from app.identity.queries import names_of
from app.processes import queries as processes
from app.processes.models import InstanceStatus
from app.tasks import queries as tasks
from app.tasks.adding import SOURCE
from app.tasks.models import Task
from app.tasks.showing import about_each

MOST_TOLD = 3


def answers_of(several: Sequence[Task]) -> dict[str, dict[str, str]]:
    """What each of the tasks may be answered, {value: label of its button}, by the task's id. One statement."""
    works = processes.works_of(several)
    return {
        task.id: deciding.outcomes_of(deciding.ADDED_FORM if task.source_kind == SOURCE else works[task.id].form or {})
        for task in several
    }


def words_of(several: Sequence[Task]) -> dict[str, str]:
    """What each of the tasks was answered, in the words of its buttons, by id; empty where nothing was chosen. One
    statement."""
    answers = answers_of(several)
    return {task.id: word(answers[task.id], (task.answers or {}).get("outcome")) for task in several}


def word(answers: Mapping[str, str], outcome: Any) -> str:
    """An answer in the words of its button; in general ones where no button says it; empty for none."""
    return (answers.get(str(outcome)) or str(forms.OUTCOMES.get(str(outcome), outcome))) if outcome else ""


def name_of(task: Task) -> str:
    """What is to be done about what: “Pick: SO-… · SH-… · customer”."""
    said = (task.number or "", about_each([task]).get(task.id, ""))
    return _("%(task)s: %(what)s", task=pick(task.name), what=" · ".join(part for part in said if part))


def told_of(done: Task) -> str:
    """What a task came to, once it is completed: the answer, of what, and what comes next."""
    said = words_of([done])[done.id] or _("Done")
    if done.subject_kind == "order":
        view = queries.order_view(done.subject_id)
        return _("%(done)s: order %(order)s. %(next)s", done=said, order=view.order.number, next=view.next_step)
    what = _("%(task)s: %(what)s", task=said, what=done.number) if done.number else said
    return _("%(done)s. %(next)s", done=what, next=next_of(done))


def next_of(done: Task) -> str:
    """What comes after a decided task about anything but an order: who has what it led to, else what is still open,
    else that it has ended. At most three statements."""
    open_tasks = tasks.open_tasks_of(done.subject)
    led_to = [one for one in open_tasks if done.completed_at and one.created_at >= done.completed_at]
    if open_tasks:
        return _told(led_to or open_tasks, fresh=bool(led_to))
    running = any(one.status == InstanceStatus.RUNNING for one in processes.instances_of(done.subject, limit=1))
    return _("The process is working on it.") if running else _("Nothing is left to do: the process has ended.")


def _told(several: Sequence[Task], *, fresh: bool) -> str:
    first = several[:MOST_TOLD]
    groups = tasks.groups_of_each([one.id for one in first])
    names = names_of([one.assignee_id for one in first if one.assignee_id])
    said = [_waiting(one, groups, names) for one in first]
    if len(several) > MOST_TOLD:
        said.append(_("and %(count)s more", count=len(several) - MOST_TOLD))
    words = _("; ").join(said)
    return _("Next: %(tasks)s.", tasks=words) if fresh else _("Still open: %(tasks)s.", tasks=words)


def _waiting(task: Task, groups: dict[str, list[str]], names: dict[str, str]) -> str:
    roles = _(", ").join(queries.role_names(groups.get(task.id, ())))
    who = (names.get(task.assignee_id) if task.assignee_id else roles) or _("somebody")
    return _("%(task)s, with %(who)s (due %(due)s)", task=pick(task.name), who=who, due=show_ago(task.due_at))
