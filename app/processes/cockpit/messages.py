"""Messages that came: which wait in the buffer, who waits for what, and why the two do not meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm.exc import StaleDataError

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, NotFound
from app.core.i18n import LazyString, _l
from app.core.paging import Page, paginate
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import service
from app.processes.cockpit import naming
from app.processes.models import (
    InstanceStatus,
    ProcessDefinition,
    ProcessInstance,
    ProcessMessage,
    ProcessRelease,
    ProcessStart,
    ProcessWait,
)

SHOWN = 50
STATES: dict[str, LazyString] = {
    "waiting": _l("waiting in the buffer"),
    "delivered": _l("delivered"),
    "expired": _l("expired or discarded"),
    "any": _l("any"),
}


class NotBuffered(Conflict):
    """The message was delivered, or it has expired."""

    message = _l("This message is no longer in the buffer.")


@dataclass(frozen=True)
class Waiting:
    """An instance that waits for a message."""

    wait: ProcessWait
    instance: ProcessInstance
    label: str
    at: naming.ElementName


@dataclass(frozen=True)
class Diagnosis:
    """Who would get a message of that name and business key, and who nearly would."""

    name: str
    key: str
    matched: list[Waiting]
    """Wait for this name with this key; the message is delivered when it is exactly one."""
    near: list[Waiting]
    """Wait for this name with another key."""
    starts: list[Any]
    """(key of the process, element id, name) of processes in force that such a message starts."""
    others: list[str]
    """Names that are waited for with this business key, when nothing matched."""


def state_of(message: ProcessMessage) -> str:
    """`waiting`, `delivered` or `expired`."""
    if message.delivered_at is not None:
        return "delivered"
    return "waiting" if message.expires_at is not None and message.expires_at > clock.now() else "expired"


def page_of(state: str, name: str, key: str, number: int) -> Page[ProcessMessage]:
    """The messages, the latest first. Two statements."""
    wanted = select(ProcessMessage)
    now = clock.now()
    undelivered = ProcessMessage.delivered_at.is_(None)
    if state == "waiting":
        wanted = wanted.where(undelivered, ProcessMessage.expires_at > now)
    elif state == "delivered":
        wanted = wanted.where(~undelivered)
    elif state == "expired":
        wanted = wanted.where(undelivered, ProcessMessage.expires_at.is_(None) | (ProcessMessage.expires_at <= now))
    if name:
        wanted = wanted.where(ProcessMessage.name == name)
    if key:
        wanted = wanted.where(ProcessMessage.business_key == key)
    return paginate(wanted.order_by(ProcessMessage.received_at.desc(), ProcessMessage.id.desc()), number)


def get_message(message_id: str) -> ProcessMessage:
    """The message as it is stored. Raises NotFound."""
    wanted = select(ProcessMessage).where(ProcessMessage.id == message_id)
    found = session().execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound(message=message_id)
    return found


def diagnosed(name: str, key: str) -> Diagnosis:
    """Who waits for such a message. Five statements; at most SHOWN of each kind."""
    waiting = [ProcessWait.kind == "message", ProcessWait.name == name]
    mine = [ProcessWait.business_key == key] if key else []
    matched = _waiting(*waiting, *mine)
    ids = {(one.wait.instance_id, one.wait.token) for one in matched}
    near = [one for one in _waiting(*waiting) if (one.wait.instance_id, one.wait.token) not in ids] if key else []
    others = []
    if key and not matched:
        named = select(ProcessWait.name).where(ProcessWait.kind == "message", ProcessWait.business_key == key)
        others = list(session().scalars(named.distinct().order_by(ProcessWait.name).limit(SHOWN)))
    return Diagnosis(name, key, matched, near, _starts(name), others)


def _waiting(*where: Any) -> list[Waiting]:
    rows = (
        session()
        .execute(
            select(ProcessWait, ProcessInstance)
            .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
            .where(*where, ProcessInstance.status == InstanceStatus.RUNNING.value)
            .order_by(ProcessWait.created_at, ProcessWait.instance_id, ProcessWait.token)
            .limit(SHOWN)
        )
        .all()
    )
    labels = naming.labels_of(row.ProcessInstance for row in rows)
    return [
        Waiting(
            row.ProcessWait,
            row.ProcessInstance,
            labels[row.ProcessInstance.id],
            naming.element_of(row.ProcessInstance.definition_id, row.ProcessWait.element_id),
        )
        for row in rows
    ]


def _starts(name: str) -> list[Any]:
    return list(
        session().execute(
            select(ProcessStart.key, ProcessStart.element_id, ProcessDefinition.name)
            .join(ProcessRelease, ProcessRelease.definition_id == ProcessStart.definition_id)
            .join(ProcessDefinition, ProcessDefinition.id == ProcessStart.definition_id)
            .where(ProcessStart.kind == "message", ProcessStart.name == name)
            .order_by(ProcessStart.key)
            .limit(SHOWN)
        )
    )


def waited_for(count: int = SHOWN) -> list[str]:
    """Names of messages that somebody waits for, to choose from. One statement."""
    named = select(ProcessWait.name).where(ProcessWait.kind == "message").distinct().order_by(ProcessWait.name)
    return list(session().scalars(named.limit(count)))


def correlate_again(
    actor: Actor, message_id: str, *, name: str, key: str | None, instance_id: str | None, reason: str
) -> list[Any]:
    """Deliver a buffered message, maybe under another name or key, or to a chosen instance. Answers what it reached.

    Raises NotFound, NotBuffered, and what `service.correlate` raises (NoMatch, ManyMatches).
    """
    message = _buffered(message_id)
    correlation: Mapping[str, Any] | None = message.correlation or None
    reached = service.correlate(
        actor,
        name,
        business_key=None if instance_id else key,
        instance_id=instance_id,
        correlation=None if instance_id else correlation,
        local_correlation=None if instance_id else message.local_correlation or None,
        variables=message.variables,
        local_variables=message.local_variables or None,
    )
    first = reached[0].instance_id if reached else None
    _update(message_id, delivered_at=clock.now(), instance_id=first)
    record(actor, "process:message", _subject(message), name=name, business_key=key, instance=first, reason=reason)
    return list(reached)


def discard(actor: Actor, message_id: str, reason: str) -> None:
    """Nobody will get it any more; the row stays. Raises NotFound, NotBuffered."""
    message = _buffered(message_id)
    _update(message_id, expires_at=clock.now())
    record(actor, "process:message-discard", _subject(message), name=message.name, reason=reason)


def _buffered(message_id: str) -> ProcessMessage:
    message = get_message(message_id)
    if state_of(message) != "waiting":
        raise NotBuffered
    return message


def _update(message_id: str, **values: Any) -> None:
    """Raises StaleDataError when a token has got it meanwhile: then all of this is undone and looked at again. The row
    is not locked before: who takes a kept message has locked its instance first."""
    mine = update(ProcessMessage).where(ProcessMessage.id == message_id, ProcessMessage.delivered_at.is_(None))
    result: Any = session().execute(mine.values(**values).execution_options(synchronize_session=False))
    if result.rowcount != 1:
        raise StaleDataError(f"message {message_id} has been delivered meanwhile")


def _subject(message: ProcessMessage) -> Subject:
    return Subject("process-message", message.id)
