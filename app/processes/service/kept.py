"""Messages that came before anybody waited for them, and the ids of those that senders have sent already.

A message is kept, or a token begins to wait, in turns by the message's name: keeping excludes beginning to wait, so
that neither misses the other; tokens begin to wait beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from app.core import clock, ids, locks
from app.core.db import session
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.processes.definitions import deployed
from app.processes.models import ProcessInstance, ProcessMessage, ProcessWait
from app.processes.service import following
from app.processes.service.finding import Wanted, fits
from app.processes.service.going_on import event_came_if_waiting

AT_ONCE = 200
DELIVERED_DAYS = 400
"""How long the id of a message that arrived is known: sent again within that time it is not taken again. Longer than a
year, so that a yearly replay of a partner's queue is still recognised."""
EXPIRED_DAYS = 30
"""How long a message that nobody wanted in time can still be looked at."""
PURGED_AT_ONCE = 2000

_messages: Any = ProcessMessage.__table__
_ANY_KEPT = Prepared(
    select(_messages.c.id).where(_messages.c.name == bindparam("wanted"), _messages.c.delivered_at.is_(None)).limit(1)
)
"""Asked by every token that begins to wait; there seldom is one."""


def lock_sender(sender_id: str) -> None:
    """Of two that bring the same message at once the second waits, and then finds what came of the first."""
    locks.alone(f"message from {sender_id}")


def taken(sender_id: str) -> ProcessMessage | None:
    """The message of that id that was taken before."""
    wanted = select(ProcessMessage).where(ProcessMessage.sender_id == sender_id)
    return session().scalar(wanted.execution_options(populate_existing=True))


def lock_name(name: str) -> bool:
    """Nobody begins to wait for a message of the name until this transaction ends; True if somebody may have begun to
    since it was looked who waits."""
    return locks.alone(f"message {name}")


def keep(
    wanted: Wanted,
    variables: Mapping[str, Any],
    ttl: timedelta,
    *,
    sender_id: str | None = None,
    local_variables: Mapping[str, Any] | None = None,
    to: str | None = None,
) -> None:
    """Keep a message for so long; `to`: it has arrived at that instance, and only its sender's id is to be known."""
    now = clock.now()
    session().add(
        ProcessMessage(
            id=ids.new_id(),
            sender_id=sender_id,
            name=wanted.name,
            business_key=wanted.business_key,
            correlation=dict(wanted.keys),
            local_correlation=dict(wanted.local) or None,
            variables=dict(variables),
            local_variables=dict(local_variables or {}) or None,
            received_at=now,
            expires_at=now + ttl,
            delivered_at=now if to is not None else None,
            instance_id=to or wanted.instance_id,
        )
    )
    session().flush()


@following.consequence.register("waits")
def take_kept(actor: Actor, instance_id: str, token: int, name: str) -> None:
    """A token waits for a message since this step: the oldest kept one that fits comes at once."""
    locks.together(f"message {name}")
    if _ANY_KEPT.one({"wanted": name}) is None:
        return
    wait = session().execute(_wait_of(instance_id, token)).one_or_none()
    if wait is None:
        return
    definition = deployed(wait.definition_id).definition
    for message in _candidates(name, wait.business_key, instance_id):
        keys, local = message.correlation, message.local_correlation or {}
        if fits(definition, wait.state, token, keys, local) and _mine(message.id):
            # A halted instance does not get it now: it stays kept until that is resumed, or for another.
            event = ("message", name)
            if event_came_if_waiting(actor, instance_id, token, event, message.variables, message.local_variables):
                arrived = update(_messages).where(_messages.c.id == message.id)
                session().execute(arrived.values(delivered_at=clock.now(), instance_id=instance_id))
            return


def _wait_of(instance_id: str, token: int) -> Any:
    return (
        select(ProcessWait.business_key, ProcessInstance.definition_id, ProcessInstance.state)
        .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
        .where(ProcessWait.instance_id == instance_id, ProcessWait.token == token)
    )


def _candidates(name: str, business_key: str | None, instance_id: str) -> Iterator[Any]:
    """Those kept for somebody like this, the oldest first."""
    statement = (
        select(_messages)
        .where(
            _messages.c.delivered_at.is_(None),
            _messages.c.name == name,
            _messages.c.expires_at > clock.now(),
            or_(_messages.c.business_key.is_(None), _messages.c.business_key == business_key),
            or_(_messages.c.instance_id.is_(None), _messages.c.instance_id == instance_id),
        )
        .order_by(_messages.c.received_at, _messages.c.id)
        .limit(AT_ONCE)
    )
    start = 0
    while found := session().execute(statement.offset(start)).all():
        yield from found
        if len(found) < AT_ONCE:
            return
        start += AT_ONCE


def _mine(message_id: str) -> bool:
    """Lock the message; False when another token has got it meanwhile."""
    still = select(_messages.c.id).where(_messages.c.id == message_id, _messages.c.delivered_at.is_(None))
    return session().execute(still.with_for_update()).first() is not None


def forget_kept(name: str, business_key: str) -> None:
    """What is kept of that name for the key belongs to a conversation that is over: nobody gets it any more."""
    old = (_messages.c.name == name) & (_messages.c.business_key == business_key) & _messages.c.delivered_at.is_(None)
    session().execute(delete(_messages).where(old))


def look_again(actor: Actor, instance_id: str) -> None:
    """The instance has been resumed: messages that came meanwhile were kept, not brought."""
    waits = select(ProcessWait.token, ProcessWait.name).where(
        ProcessWait.instance_id == instance_id, ProcessWait.kind == "message"
    )
    for token, name in session().execute(waits.order_by(ProcessWait.token)).all():
        following.note("waits", actor, instance_id, token, name)
    following.follow()


def purge() -> int:
    """Delete messages that nobody wanted in time, and the ids of those that arrived long ago; how many. In bounded
    bites, the oldest first: what is left over is deleted next time."""
    now = clock.now()
    long_ago, unwanted = now - timedelta(days=DELIVERED_DAYS), now - timedelta(days=EXPIRED_DAYS)
    arrived = (_messages.c.received_at < long_ago) & (_messages.c.delivered_at < long_ago)
    expired = _messages.c.delivered_at.is_(None) & (_messages.c.expires_at < unwanted)
    return sum(_delete(which) for which in (arrived, expired))


def _delete(which: Any) -> int:
    oldest = select(_messages.c.id).where(which).order_by(_messages.c.received_at).limit(PURGED_AT_ONCE)
    result: Any = session().execute(delete(_messages).where(_messages.c.id.in_(oldest)))
    return int(result.rowcount)
