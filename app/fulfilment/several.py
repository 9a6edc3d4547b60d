"""One act on several tasks: each is done or refused for itself, and the answer says of each which.

Whoever decides several decides each on the version they saw of it, as with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.fulfilment import deciding, forms
from app.identity.queries import names_of, users_with_role
from app.processes import queries as processes
from app.tasks import queries as tasks
from app.tasks import service as verbs
from app.tasks import teamwork
from app.tasks.models import Task, TaskStatus

MOST = 50
"""Tasks at once: a page of the inbox."""
ANSWERED = frozenset({"outcome", "reason"})
"""Fields of a form that can be answered for several tasks alike."""


@dataclass(frozen=True)
class Result:
    """What became of one task: done, or why not."""

    task_id: str
    done: bool
    code: str
    """`done`, or that of the refusal."""
    sentence: str
    """In the reader's language; empty when done."""


def take(actor: Actor, task_ids: Sequence[str]) -> list[Result]:
    """Take each. Raises Invalid (`tasks`)."""
    return each(task_ids, lambda one: verbs.claim(actor, one))


def give_back(actor: Actor, task_ids: Sequence[str]) -> list[Result]:
    """Give each back to its group. Raises Invalid (`tasks`)."""
    return each(task_ids, lambda one: verbs.release(actor, one))


def hand_over(actor: Actor, task_ids: Sequence[str], user_id: str) -> list[Result]:
    """Somebody else has each now. Raises Invalid (`tasks`, `user`)."""
    if not user_id:
        raise Invalid({"user": [_("This is required.")]})
    return each(task_ids, lambda one: teamwork.hand_over(actor, one, user_id))


def decide(actor: Actor, seen: Mapping[str, int | None], answers: Mapping[str, str]) -> list[Result]:
    """Complete each with the same answers; `seen`: task → version of its subject that was looked at.

    Raises Invalid (`tasks`, `outcome`).
    """
    if not answers.get("outcome"):
        raise Invalid({"outcome": [_("This is required.")]})
    given = {name: value for name, value in answers.items() if value}
    return each(seen, lambda one: deciding.complete(actor, one, given, seen_version=seen[one]))


def each(task_ids: Iterable[str], act: Callable[[str], object]) -> list[Result]:
    """Do it to each in a savepoint of its own, in the order of their ids (so that two such requests lock alike)."""
    wanted = list(dict.fromkeys(task_ids))
    if not 0 < len(wanted) <= MOST:
        raise Invalid({"tasks": [_("Choose 1 to %(most)s tasks.", most=MOST)]})
    found = {one: _try(one, act) for one in sorted(wanted)}
    return [found[one] for one in wanted]


def _try(task_id: str, act: Callable[[str], object]) -> Result:
    try:
        with session().begin_nested():
            act(task_id)
    except Invalid as refusal:
        reasons = [reason for found in refusal.details["fields"].values() for reason in found]
        return Result(task_id, done=False, code=refusal.code, sentence=" ".join(reasons))
    except DomainError as refusal:
        return Result(task_id, done=False, code=refusal.code, sentence=refusal.sentence())
    return Result(task_id, done=True, code="done", sentence="")


@dataclass(frozen=True)
class Common:
    """What can be done with these tasks together."""

    outcomes: Mapping[str, str]
    """Answers that each of them takes, {value: label}; empty when they ask different things."""
    people: Mapping[str, str]
    """Who may be one of those that they are for: {user id: name}."""


def common(actor: Actor, chosen: Sequence[Task]) -> Common:
    """What they have in common. A bounded number of statements, however many tasks."""
    still = [task for task in chosen if task.status == TaskStatus.OPEN]
    return Common(outcomes=_outcomes(still), people=_people(actor, still))


def _outcomes(chosen: Sequence[Task]) -> dict[str, str]:
    found = processes.forms_of(chosen)
    offered = [_answerable(found.get(task.id)) for task in chosen]
    if not offered:
        return {}
    return {value: label for value, label in offered[0].items() if all(value in other for other in offered)}


def _answerable(form: Mapping[str, object] | None) -> dict[str, str]:
    """What may be answered without more than a reason."""
    if form is None:
        return {}
    needed = {field["key"] for field in forms.fields_of(form) if field.get("validate", {}).get("required")}
    return deciding.outcomes_of(form) if needed <= ANSWERED else {}


def _people(actor: Actor, chosen: Sequence[Task]) -> dict[str, str]:
    asked = tasks.candidates_of_each([task.id for task in chosen])
    groups = sorted({value for kind, value in asked if kind == "group"})
    users = {user.id: user.name for group in groups for user in users_with_role(group)}
    users |= names_of(value for kind, value in asked if kind == "user")
    users.pop(actor.id, None)
    return dict(sorted(users.items(), key=lambda pair: pair[1]))
