"""Messages find one receiver by name and keys, signals all by name. Subscriptions are rows: no instance is loaded to
find who waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select

from app.core import clock, ids, jobs, jsontext
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.jobs import NewJob
from app.core.permissions import SYSTEM, Actor
from app.processes import queries
from app.processes.definitions import deployed
from app.processes.models import (
    InstanceStatus,
    ProcessInstance,
    ProcessMessage,
    ProcessStart,
    ProcessWait,
)
from app.processes.service import following
from app.processes.service.going_on import event_came
from app.processes.service.starting import begin
from app.processes.world import SOURCE

MOST_CANDIDATES = 500
"""Waiting tokens looked at for one message with correlation keys."""
MOST_TOLD = 20
LATER = "process-message"


class NoMatch(Conflict):
    """Nobody waits for the message. `waiting` tells who waits for one of that name, with which keys."""

    message = _l("Nobody waits for the message “%(name)s” with these keys.")


class ManyMatches(Conflict):
    """More than one waits for the message; `waiting` tells who."""

    message = _l("%(count)s wait for the message “%(name)s” with these keys; say which one is meant.")


@dataclass(frozen=True)
class Correlated:
    """Where a message arrived: a token of a running instance, or a new instance (`started`)."""

    instance_id: str
    token: int | None
    started: bool


def correlate(  # noqa: PLR0913 - everything a message can say
    actor: Actor,
    name: str,
    *,
    business_key: str | None = None,
    instance_id: str | None = None,
    correlation: Mapping[str, Any] | None = None,
    local_correlation: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    local_variables: Mapping[str, Any] | None = None,
    sender_id: str | None = None,
    ttl: timedelta | None = None,
    all_: bool = False,
) -> list[Correlated]:
    """Deliver a message to the one that waits for it (with `all_` to each), or start what it starts.

    `correlation` are variables the receiver must have. A message of a `sender_id` that was taken before is not taken
    again: what it came to then is answered. With a `ttl` a message that nobody waits for is kept until somebody does.
    Raises NoMatch, ManyMatches, and whatever the receiver's step raises.
    """
    if sender_id is not None:
        before = _taken(sender_id)
        if before is not None:
            return [] if before.instance_id is None else [Correlated(before.instance_id, None, started=False)]
    keys = dict(correlation or {})
    found = _waiting(name, business_key, instance_id, keys, dict(local_correlation or {}))
    starts = [] if found or instance_id is not None else _starting(name)
    if not all_ and len(found) + len(starts) > 1:
        raise ManyMatches(name=name, count=len(found) + len(starts), waiting=_told(found))
    if not found and not starts:
        if ttl is None or ttl <= timedelta(0):
            raise NoMatch(name=name, waiting=_told(_named(name)))
        _keep(sender_id, name, business_key, keys, dict(variables or {}), ttl)
        return []
    made = [_deliver(actor, one, variables, local_variables) for one in found]
    made += [_start(actor, one, business_key, variables) for one in starts]
    if sender_id is not None:
        _keep(sender_id, name, business_key, keys, dict(variables or {}), ttl or timedelta(0), to=made[0].instance_id)
    following.follow()
    return made


def _taken(sender_id: str) -> ProcessMessage | None:
    return session().scalar(select(ProcessMessage).where(ProcessMessage.sender_id == sender_id))


def _waiting(
    name: str, business_key: str | None, instance_id: str | None, keys: dict[str, Any], local: dict[str, Any]
) -> list[ProcessWait]:
    statement = (
        select(ProcessWait)
        .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
        .where(
            ProcessWait.kind == "message",
            ProcessWait.name == name,
            ProcessInstance.status == InstanceStatus.RUNNING.value,
            ProcessInstance.suspended.is_(False),
        )
        .order_by(ProcessWait.created_at, ProcessWait.instance_id, ProcessWait.token)
    )
    if business_key is not None:
        statement = statement.where(ProcessWait.business_key == business_key)
    if instance_id is not None:
        statement = statement.where(ProcessWait.instance_id == instance_id)
    found = list(session().scalars(statement.limit(MOST_CANDIDATES).execution_options(populate_existing=True)))
    return [one for one in found if _fits(one, keys, local)] if keys or local else found


def _fits(wait: ProcessWait, keys: dict[str, Any], local: dict[str, Any]) -> bool:
    whole = queries.variables_of(wait.instance_id) if keys else {}
    own = queries.local_variables_of(wait.instance_id, wait.token) if local else {}
    return all(_same(whole.get(name), value) for name, value in keys.items()) and all(
        _same(own.get(name), value) for name, value in local.items()
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and jsontext.dumps(one) == jsontext.dumps(other)


def _named(name: str) -> list[ProcessWait]:
    statement = select(ProcessWait).where(ProcessWait.kind == "message", ProcessWait.name == name)
    return list(session().scalars(statement.order_by(ProcessWait.created_at.desc()).limit(MOST_TOLD)))


def _told(waits: list[ProcessWait]) -> list[dict[str, Any]]:
    return [
        {"instance": one.instance_id, "token": one.token, "element": one.element_id, "business_key": one.business_key}
        for one in waits[:MOST_TOLD]
    ]


def _starting(name: str) -> list[ProcessStart]:
    statement = select(ProcessStart).where(ProcessStart.kind == "message", ProcessStart.name == name)
    return list(session().scalars(statement.order_by(ProcessStart.key)))


def deliver_to(
    actor: Actor,
    instance_id: str,
    token: int,
    *,
    variables: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
) -> None:
    """The message or signal that this very token waits for. Raises TokenNotReady, NotRunning."""
    event_came(actor, instance_id, token, ("message", "signal"), variables, local)
    following.follow()


def _deliver(
    actor: Actor, wait: ProcessWait, variables: Mapping[str, Any] | None, local: Mapping[str, Any] | None
) -> Correlated:
    instance_id, token = wait.instance_id, wait.token
    session().expunge(wait)
    event_came(actor, instance_id, token, ("message",), variables, local)
    return Correlated(instance_id, token, started=False)


def _start(
    actor: Actor, start: ProcessStart, business_key: str | None, variables: Mapping[str, Any] | None
) -> Correlated:
    made = begin(
        actor,
        deployed(start.definition_id),
        None,
        variables or {},
        actor.id,
        business_key=business_key,
        at=start.element_id,
    )
    return Correlated(made, None, started=True)


def _keep(  # noqa: PLR0917 - the columns of a row
    sender_id: str | None,
    name: str,
    business_key: str | None,
    keys: dict[str, Any],
    variables: dict[str, Any],
    ttl: timedelta,
    to: str | None = None,
) -> None:
    now = clock.now()
    session().add(
        ProcessMessage(
            id=ids.new_id(),
            sender_id=sender_id,
            name=name,
            business_key=business_key,
            correlation=keys,
            variables=variables,
            received_at=now,
            expires_at=now + ttl,
            delivered_at=now if to is not None else None,
            instance_id=to,
        )
    )
    session().flush()


@following.consequence.register("waits")
def take_kept(actor: Actor, instance_id: str, token: int, name: str) -> None:
    """A token waits for a message since this step: the oldest kept one that fits comes at once."""
    wait = session().get(ProcessWait, (instance_id, token), populate_existing=True)
    if wait is None:
        return
    business_key = wait.business_key
    statement = (
        select(ProcessMessage)
        .where(
            ProcessMessage.delivered_at.is_(None),
            ProcessMessage.name == name,
            ProcessMessage.expires_at > clock.now(),
            or_(ProcessMessage.business_key.is_(None), ProcessMessage.business_key == business_key),
        )
        .order_by(ProcessMessage.received_at, ProcessMessage.id)
        .limit(MOST_TOLD)
        .with_for_update(skip_locked=True)
    )
    for message in session().scalars(statement):
        if _fits(wait, message.correlation, {}):
            message.delivered_at, message.instance_id = clock.now(), instance_id
            session().flush()
            _deliver(actor, wait, message.variables, None)
            return


def signal(
    actor: Actor,
    name: str,
    *,
    variables: Mapping[str, Any] | None = None,
    instance_id: str | None = None,
    token: int | None = None,
) -> int:
    """Tell everybody who waits for the signal (only one instance or token if given), and start what it starts;
    answers how many heard it."""
    heard = _broadcast(actor, name, variables or {}, instance_id, token)
    following.follow()
    return heard


def _broadcast(  # noqa: PLR0917 - whom it is meant for
    actor: Actor,
    name: str,
    variables: Mapping[str, Any],
    instance_id: str | None,
    token: int | None,
    apart: str | None = None,
) -> int:
    statement = (
        select(ProcessWait.instance_id, ProcessWait.token)
        .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
        .where(
            ProcessWait.kind == "signal",
            ProcessWait.name == name,
            ProcessInstance.status == InstanceStatus.RUNNING.value,
            ProcessInstance.suspended.is_(False),
        )
        .order_by(ProcessWait.instance_id, ProcessWait.token)
    )
    if instance_id is not None:
        statement = statement.where(ProcessWait.instance_id == instance_id)
    if token is not None:
        statement = statement.where(ProcessWait.token == token)
    if apart is not None:
        statement = statement.where(ProcessWait.instance_id != apart)
    heard = 0
    for instance, one in session().execute(statement).all():
        still = select(func.count()).where(ProcessWait.instance_id == instance, ProcessWait.token == one)
        if session().scalar(still):
            event_came(actor, instance, one, ("signal",), variables)
            heard += 1
    if instance_id is None:
        starts = select(ProcessStart).where(ProcessStart.kind == "signal", ProcessStart.name == name)
        for start in list(session().scalars(starts.order_by(ProcessStart.key))):
            _start(actor, start, None, variables)
            heard += 1
    return heard


@following.consequence.register("signal")
def thrown_signal(actor: Actor, instance_id: str, thrown: Any) -> None:
    """An instance has thrown a signal; who waits in it has heard it already."""
    _broadcast(actor, thrown.name, thrown.variables, None, None, apart=instance_id)


@following.consequence.register("message")
def thrown_message(actor: Actor, instance_id: str, thrown: Any) -> None:
    """An instance has thrown a message: delivered by its business key, else to the only one that waits, else kept."""
    sender = queries.get_instance(instance_id)
    variables = dict(thrown.variables)
    found = [
        one
        for one in _waiting(thrown.name, sender.business_key, None, {}, {})
        if one.instance_id != instance_id or one.token != thrown.token
    ]
    starts = [] if found else _starting(thrown.name)
    if len(found) == 1:
        _deliver(actor, found[0], variables, None)
    elif not found and len(starts) == 1:
        _start(actor, starts[0], sender.business_key, variables)
    else:
        _keep(None, thrown.name, sender.business_key, {}, variables, timedelta(days=KEPT_DAYS))


KEPT_DAYS = 30
"""How long a message that an instance has thrown waits for somebody who wants it."""


@following.consequence.register("later")
def later(kind: str, actor: Actor, instance_id: str, thrown: Any) -> None:
    """A chain of messages that does not end in one transaction goes on in the next."""
    del actor
    jobs.schedule(
        [
            NewJob(
                kind=LATER,
                due_at=clock.now(),
                source_kind=SOURCE,
                source_id=instance_id,
                source_ref=f"{kind}:{thrown.token}",
                payload={"kind": kind, "name": thrown.name, "variables": dict(thrown.variables), "token": thrown.token},
            )
        ]
    )


@dataclass(frozen=True)
class Again:
    """A thrown message or signal, taken up by a job."""

    name: str
    variables: dict[str, Any]
    token: int


@jobs.handler.register(LATER)
def deliver_later(job: jobs.Job) -> None:
    """Deliver it."""
    what = Again(job.payload["name"], job.payload["variables"], job.payload["token"])
    following.consequence.get(job.payload["kind"])(SYSTEM, job.source_id, what)
    following.follow()
