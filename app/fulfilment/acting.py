"""Standing in for others, as the inbox and the page of a task show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.i18n import _
from app.core.paging import Page
from app.core.permissions import Actor
from app.identity.queries import names_of
from app.identity.substitutes import Principal
from app.tasks import others, standing_in
from app.tasks.models import Task, TaskStatus


@dataclass(frozen=True)
class Person:
    """Somebody one stands in for today, until when, and how many of their tasks wait, told up to 99."""

    user_id: str
    name: str
    last_day: date
    count: int


@dataclass(frozen=True)
class Acting:
    """Whom the reader of the inbox stands in for; `chosen` is one of them, or empty for all."""

    people: list[Person]
    principals: Sequence[Principal]
    few: others.Few
    chosen: str
    count: int

    def page(self, actor: Actor, number: int) -> Page[Task]:
        """Their tasks."""
        pairs = zip(self.principals, self.few, strict=True)
        wanted = [(one, few) for one, few in pairs if self.chosen in ("", one.user_id)]
        return others.page_of(actor, [one for one, _few in wanted], [few for _one, few in wanted], number=number)


def acting_for(actor: Actor, chosen: str = "") -> Acting:
    """Whom the actor stands in for. One statement, and two to count if it is somebody."""
    principals = standing_in.whom_for(actor)
    few = others.few_of(principals)
    counts = others.counts(actor, principals, few)
    people = {
        one.user_id: Person(one.user_id, one.name, one.last_day, counts[one.user_id])
        for one in sorted(principals, key=lambda one: one.last_day)
    }
    return Acting(
        people=sorted(people.values(), key=lambda one: (one.name, one.user_id)),
        principals=principals,
        few=few,
        chosen=chosen if chosen in people else "",
        count=counts.get("", 0),
    )


@dataclass(frozen=True)
class OnTask:
    """What standing in means for one task: for whom it is done; who could not, as they did the step before."""

    principal: str = ""
    barred: str = ""


def on_task(actor: Actor, task: Task) -> OnTask:
    """For an open task that the actor may not do by their own right, or has for another."""
    if task.status != TaskStatus.OPEN:
        return OnTask()
    kept = standing_in.kept_of([task]).get(task.id) if task.assignee_id == actor.id else None
    if task.assignee_id == actor.id and kept is None:
        return OnTask()
    if kept is not None:
        task.stands(kept.principal_id, None)
    found, barred = standing_in.choose(actor, task, task.excluded_user_ids)
    if found is not None:
        return OnTask(principal=found.name)
    return OnTask(barred=barred.name) if barred is not None else OnTask()


def holder_of(task: Task) -> str:
    """Who has it or did it, in words: with on whose behalf. Empty for nobody."""
    user_id = task.completed_by or task.assignee_id
    if user_id is None:
        return ""
    return in_words(names_of([user_id]).get(user_id, user_id), standing_in.kept_of([task]).get(task.id))


def in_words(name: str, kept: standing_in.Kept | None) -> str:
    """“Bo on behalf of Anna”."""
    return name if kept is None else _("%(who)s on behalf of %(other)s", who=name, other=kept.name)


def kept_of(tasks: Sequence[Task]) -> Mapping[str, standing_in.Kept]:
    """Which of the tasks somebody has, or did, for another, by id."""
    return standing_in.kept_of(tasks)
