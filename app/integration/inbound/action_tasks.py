"""Tasks: do one, in the name and with the rights of the account that the source acts as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.changes.models import ChangeRequest
from app.core import jsontext
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import deciding
from app.integration.inbound.actions import CHOICE, WHOLE, Arrival, CameEarly, Link, Outcome, Parameter, action
from app.orders.models import Order
from app.quality.models import Inspection
from app.recalls.models import RecallCase
from app.shipping.dispatch import NotAllPicked
from app.shipping.models import Shipment
from app.tasks import queries as tasks
from app.tasks.models import Task, TaskStatus
from app.tasks.permissions import TASK_WORK
from app.vigilance.models import Capa

NUMBERED: dict[str, Any] = {
    "order": Order,
    "shipment": Shipment,
    "inspection": Inspection,
    "change": ChangeRequest,
    "recall": RecallCase,
    "capa": Capa,
}
"""What tasks are about, by kind, as far as it bears a number that other systems know."""
_KINDS = {
    "order": _l("Order"),
    "shipment": _l("Shipment"),
    "inspection": _l("Inspection"),
    "change": _l("Change request"),
    "recall": _l("Recall"),
    "capa": _l("CAPA"),
}


@action(
    "task.complete",
    _l("Complete a task"),
    TASK_WORK,
    Parameter("task", _l("Id of the task"), hint=_l("As the event youxu.task.opened tells it; or instead of it:")),
    Parameter("kind", _l("What the task is about"), CHOICE, choices=_KINDS),
    Parameter("number", _l("Its number")),
    Parameter("element", _l("Id of the task in the diagram"), hint=_l("For example 'pick' in quotes")),
    Parameter(
        "seen_version", _l("Version of the order that was seen"), WHOLE, hint=_l("Needed for tasks about orders")
    ),
    variables=True,
)
def complete(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Answer its form. Four eyes, groups and holders hold as for anybody; what must be signed is refused: a person
    signs."""
    answers = {str(name): value for name, value in values["variables"].items()}
    task = _named(values) if values.get("task") else _open_one(actor, values, answers)
    if _was_said(actor, task, answers):
        return _done(task, repeated=True)
    try:
        done = deciding.complete(actor, task.id, answers, seen_version=values.get("seen_version"))
    except NotAllPicked as refusal:
        number = refusal.details["shipment"]
        raise CameEarly(what=_l("shipment %(number)s, picked", number=number)) from None  # the picks may be behind it
    return _done(done, repeated=False)


def _named(values: Mapping[str, Any]) -> Task:
    """Raises CameEarly: an event may overtake the one that opened it."""
    task_id = values["task"].removeprefix("task/")
    try:
        return tasks.get_task(task_id)
    except NotFound:
        raise CameEarly(what=_l("task %(task)s", task=task_id[:64])) from None


def _open_one(actor: Actor, values: Mapping[str, Any], answers: Mapping[str, Any]) -> Task:
    """The open task of the subject at that element; when none is open, the last one if the account answered it in the
    same way. Raises CameEarly, Invalid."""
    missing = [name for name in ("kind", "number", "element") if not values.get(name)]
    if missing:
        raise Invalid({name: [_("Map the task, or kind, number and element.")] for name in missing})
    kind, number, element = values["kind"], values["number"], values["element"]
    model = NUMBERED[kind]
    wanted = select(model.id).where((model.number == number.upper()) | (model.id == number))
    subject_id = session().scalar(wanted)
    early = CameEarly(what=_l("task “%(element)s” of %(number)s", element=element[:64], number=number[:64]))
    if subject_id is None:
        raise early
    mine = [one for one in tasks.tasks_of(Subject(kind, subject_id)) if one.element_id == element]
    still_open = [one for one in mine if one.status == TaskStatus.OPEN]
    if still_open:
        return still_open[0]
    if mine and _was_said(actor, mine[-1], answers):
        return mine[-1]
    raise early


def _was_said(actor: Actor, task: Task, answers: Mapping[str, Any]) -> bool:
    """The account has completed it in the same way already."""
    if task.status != TaskStatus.COMPLETED or task.completed_by != actor.id:
        return False
    given = deciding.check(deciding.form_of(task), answers)
    return jsontext.canonical(jsontext.plain(given)) == jsontext.canonical(jsontext.plain(task.answers or {}))


def _done(task: Task, *, repeated: bool) -> Outcome:
    text = (
        _l("Task “%(element)s”: this was told before.", element=task.element_id)
        if repeated
        else _l("Task “%(element)s” completed.", element=task.element_id)
    )
    return Outcome(text, (Link("task", task.id, task.element_id),))
