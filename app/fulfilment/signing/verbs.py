"""Offering a signature on a task, and putting it to the completed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.audit import signatures
from app.audit.signatures import MEANINGS, PARTS
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.fulfilment.signing.content import changed_parts, mark_of, shown
from app.identity.queries import names_of
from app.processes.service import SignatureNeeded
from app.tasks.models import Task


class SeenOtherwise(Conflict):
    """What the signer was shown is not what is there now."""

    message = _l("What you saw has changed (%(what)s): look at it again, then sign. Nothing was signed.")


@dataclass(frozen=True)
class Signed:
    """What a person signs: the meaning, the mark of what they were shown, how they proved who they are (`METHODS`)."""

    meaning: str
    seen: str
    method: str


@dataclass(frozen=True)
class Offer:
    """What the page of a task offers to sign."""

    meaning: str
    name: str
    """The meaning in words."""
    seen: str
    asks_login: bool
    """The first signature of a session needs the login too."""


def offer(task: Task, meaning: str, *, asks_login: Callable[[], bool] = lambda: True) -> Offer | None:
    """The signature that the task needs; None if none."""
    if not meaning:
        return None
    return Offer(meaning, str(MEANINGS.get(meaning, meaning)), mark_of(shown(task)), asks_login=asks_login())


def prepare(
    actor: Actor, task: Task, meaning: str, answers: Mapping[str, Any], signed: Signed | None
) -> Callable[[Task, str | None], object] | None:
    """What puts the signature to the task, given on whose behalf, or raises SignatureNeeded; None when the task needs
    none. What was shown is looked at now, before anything is changed. Raises SeenOtherwise, Invalid
    (`signature.meaning`).
    """
    if not meaning:
        if signed is not None:
            raise Invalid({"signature": [_("This task is not signed.")]})
        return None
    if signed is None:
        return _refuse
    if signed.meaning != meaning:
        raise Invalid({"signature.meaning": [_("Must be one of: %(choices)s.", choices=meaning)]})
    manifest = shown(task)
    now = mark_of(manifest)
    if signed.seen != now:
        told = [str(PARTS[name]) for name in changed_parts(signed.seen, now)]
        raise SeenOtherwise(what=_(", ").join(told) or _("it is not what this task shows"), task=task.id)
    bound = {**manifest, "answers": dict(answers)}

    def put(signing: Task, other: str | None) -> None:
        signatures.sign(
            actor,
            signing.subject,
            bound,
            task_id=signing.id,
            meaning=meaning,
            method=signed.method,
            on_behalf_of=None if other is None else (other, names_of([other]).get(other, other)),
        )

    return put


def _refuse(task: Task, _other: str | None) -> None:
    raise SignatureNeeded(task=task.id)


def unseen(task: Task, meaning: str, method: str) -> Signed:
    """A signature on what is there right now: for worlds that are made up, where nobody looks at a page."""
    return Signed(meaning, mark_of(shown(task)), method)
