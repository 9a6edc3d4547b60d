"""Who may do a task, and how it is said to those who may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.errors import Conflict, Forbidden
from app.core.i18n import _, _l, pick
from app.core.permissions import Actor
from app.identity.queries import names_of
from app.identity.roles import ROLES
from app.tasks import standing_in
from app.tasks.models import STATUS_NAMES, Task, TaskStatus


class TaskClosed(Conflict):
    """The task was completed, superseded or cancelled."""

    message = _l("This task is no longer open (%(state)s). Go back to the inbox.")


class AlreadyClaimed(Conflict):
    """Somebody else has it."""

    message = _l("%(holder)s has this task already.")


class NotClaimed(Conflict):
    """Only who has a task can give it back."""

    message = _l("You do not have this task, so you cannot give it back.")


class NotCandidate(Forbidden):
    """The task is for others."""

    message = _l("This task is for other people: %(candidates)s.")


class FourEyes(Forbidden):
    """Who did the first step may not do the second."""

    message = _l("A second person is needed: you did the step before this one.")


class FourEyesOfOther(FourEyes):
    """Who did the first step may not have the second done by a substitute."""

    message = _l("A second person is needed: %(name)s, for whom you would act, did the step before this one.")


class AwaitsOthers(Conflict):
    """Others were asked to approve it too, and have not answered."""

    message = _l(
        "%(count)s others were asked to approve this too and have not answered. Wait, or withdraw the question."
    )


class OthersRejected(Conflict):
    """One of those who were asked to approve it too has rejected it."""

    message = _l("Somebody who was asked to approve this too has rejected it, so it cannot be approved.")


class NoOneElse(Conflict):
    """A task for one person cannot be given back to a group."""

    message = _l("This task is for you alone, so you cannot give it back.")


AWAITS, REFUSED = "awaits", "refused"
"""Kinds of candidates that are none: ids of tasks in which others were asked to approve too (`adding`)."""
APPROVE = "approve"
"""The answer that approves, in every form."""
Candidates = list[tuple[str, str]]
"""(kind, value): `group`, `user`, `excluded`, `awaits`, `refused`."""


def refuse_unless_open(task: Task) -> None:
    """Raises TaskClosed."""
    if task.status != TaskStatus.OPEN:
        raise TaskClosed(state=str(STATUS_NAMES[task.status]), status=task.status)


def refuse_if_held(actor: Actor, task: Task) -> None:
    """Raises AlreadyClaimed when somebody else has it."""
    if task.assignee_id not in (None, actor.id):
        raise AlreadyClaimed(holder=_name_of(str(task.assignee_id)), holder_id=task.assignee_id)


def for_whom(actor: Actor, task: Task, candidates: Candidates) -> str | None:
    """On whose behalf the actor may do the task; None: by their own right, which goes first unless another has it.

    Raises NotCandidate, FourEyes.
    """
    if actor.kind == "system":
        return None
    refuse_excluded(actor, task, candidates)
    allowed = [pair for pair in candidates if pair[0] in ("group", "user")]
    asked = any(is_candidate(actor, pair) for pair in allowed)
    has_it, for_other = task.assignee_id == actor.id, task.on_behalf_of is not None
    own = task.on_behalf_of == actor.id or (asked and task.assignee_id is None) or (has_it and not for_other)
    if own:
        return None
    found, barred = standing_in.choose(actor, task, {value for kind, value in candidates if kind == "excluded"})
    if found is not None:
        return found.user_id
    if barred is not None:
        raise FourEyesOfOther(task=task.id, name=barred.name)
    if not asked:
        raise NotCandidate(task=task.id, candidates=_names_of(allowed))
    return None


def refuse_excluded(actor: Actor, task: Task, candidates: Candidates, principal: str | None = None) -> None:
    """Raises FourEyes when the actor, or on whose behalf they act, did the step before."""
    if ("excluded", actor.id) in candidates:
        raise FourEyes(task=task.id)
    if principal is not None and ("excluded", principal) in candidates:
        raise FourEyesOfOther(task=task.id, name=_name_of(principal))


def refuse_if_others_are_asked(candidates: Candidates, answers: Mapping[str, Any] | None) -> None:
    """Raises AwaitsOthers, OthersRejected."""
    awaited = sum(kind == AWAITS for kind, _value in candidates)
    if awaited:
        raise AwaitsOthers(count=awaited)
    if (answers or {}).get("outcome") == APPROVE and any(kind == REFUSED for kind, _value in candidates):
        raise OthersRejected


def is_candidate(actor: Actor, candidate: tuple[str, str]) -> bool:
    """True when the (kind, value) names the actor or a role of theirs."""
    kind, value = candidate
    return value == actor.id if kind == "user" else kind == "group" and value in actor.roles


def _names_of(candidates: Candidates) -> str:
    users = names_of(value for kind, value in candidates if kind == "user")
    return _(", ").join(
        pick(ROLES.get(value, value)) if kind == "group" else users.get(value, value)
        for kind, value in sorted(candidates)
    )


def _name_of(user_id: str) -> str:
    return names_of([user_id]).get(user_id, user_id)
