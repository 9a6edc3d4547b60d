"""Deciding a task about an order: answers are checked by the task's form, the order by the version that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core.errors import Invalid, StaleVersion
from app.core.i18n import _, pick
from app.core.jsontext import loads
from app.core.permissions import Actor
from app.fulfilment import forms
from app.fulfilment.signing import verbs as signing
from app.fulfilment.signing.verbs import Signed as Signed
from app.fulfilment.signing.verbs import unseen as unseen
from app.orders import queries as orders
from app.priority import service as ranking
from app.processes import queries as processes
from app.tasks import adding
from app.tasks import queries as tasks
from app.tasks import service as task_verbs
from app.tasks.models import Task
from app.tasks.showing import withheld

ASSESSED_ANEW = frozenset({"recheck", "clear", "resubmit"})
"""After these answers the order runs through the gates again: its facts may have changed since it was assessed."""
NO_FORM: dict[str, Any] = {"type": "default", "components": []}
REASON_NEEDED = frozenset({"rework", "reject", "cancel", "split"})
"""These answers must say why, whatever the form asks."""
ADDED_FORM = loads(Path(__file__).with_name("added_approval.form").read_bytes())
"""What people are asked who are to approve a task too: no process has that form."""


def form_of(task: Task) -> dict[str, Any]:
    """The form of the task (form-js), its texts still in two languages; an empty one if it names none."""
    return asked_of(task)[0]


def asked_of(task: Task) -> tuple[dict[str, Any], str]:
    """The form, as `form_of` has it, and what the task is signed as (empty: no signature)."""
    if task.source_kind == adding.SOURCE:
        return dict(ADDED_FORM), ""
    work = processes.work_of(task)
    return dict(work.form or NO_FORM), work.signature


def outcomes_of(form: Mapping[str, Any]) -> dict[str, str]:
    """What may be answered, {value: label} in the reader's language: the values of the form's field `outcome`."""
    for field in forms.fields_of(form):
        if field["key"] == "outcome":
            return {
                str(option["value"]): pick(option.get("label")) or str(forms.OUTCOMES.get(option["value"], ""))
                for option in field.get("values", ())
            }
    return {}


def offered(task: Task, form: Mapping[str, Any]) -> dict[str, str]:
    """Those of its outcomes that are of use for what the task is about."""
    less = withheld.get(task.subject_kind)(task.subject) if task.subject_kind in withheld else ()
    return {value: label for value, label in outcomes_of(form).items() if value not in less}


def complete(
    actor: Actor, task_id: str, answers: Mapping[str, Any], *, seen_version: int | None, signed: Signed | None = None
) -> Task:
    """Complete the task with these answers; the order moves on in the same transaction. `signed`: the actor has just
    proved who they are and signs it (needed where the diagram says so).

    Raises NotFound, TaskClosed, AlreadyClaimed, NotCandidate, FourEyes, StaleVersion, SignatureNeeded, SeenOtherwise,
    Invalid (fields of the form).
    """
    task = tasks.get_task(task_id)
    if task.subject_kind == "order":
        _refuse_stale(task, seen_version)
    form, signature = asked_of(task)
    checked = check(form, answers)
    sign = signing.prepare(actor, task, signature, checked, signed) if task.status == "open" else None
    if task.subject_kind == "order" and checked.get("outcome") in ASSESSED_ANEW and task.status == "open":
        ranking.assess(actor, task.subject_id, trigger=str(checked["outcome"]))
    return task_verbs.complete(actor, task_id, checked, seen_version=seen_version, sign=sign)


def check(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, checked by the form; some outcomes need a reason. Raises Invalid."""
    checked = forms.checked(form, answers)
    if checked.get("outcome") in REASON_NEEDED and not str(checked.get("reason") or "").strip():
        raise Invalid({"reason": [_("Please give a reason.")]})
    return checked


def _refuse_stale(task: Task, seen_version: int | None) -> None:
    if task.status != "open":
        return
    if seen_version is None:
        raise Invalid({"seen_version": [_("Say which version of the order you decided on.")]})
    current = orders.version_of(task.subject_id, lock=True)  # who changes the order takes this lock first too
    if seen_version != current:
        raise StaleVersion(seen=seen_version, current=current)
