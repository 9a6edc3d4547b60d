"""Messages find one receiver by name and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm.exc import StaleDataError

from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import queries, saving
from app.processes.definitions import deployed
from app.processes.models import ProcessInstance, ProcessStart
from app.processes.service import following, kept
from app.processes.service.finding import Waiting, Wanted, named, starting, told, waiting
from app.processes.service.going_on import event_came, event_came_if_waiting
from app.processes.service.starting import begin, tell

TURNS = 5
"""How often it is looked who waits, when those who did have gone on meanwhile."""
KEPT_DAYS = 30
"""How long a message that an instance has thrown waits for somebody who wants it."""


class NoMatch(Conflict):
    """Nobody waits for the message. `waiting` tells who waits for one of that name, with which keys."""

    message = _l("Nobody waits for the message “%(name)s” with these keys.")


class ManyMatches(Conflict):
    """More than one waits for the message; `waiting` tells who, `starts` what else it would start."""

    message = _l("%(count)s wait for the message “%(name)s” with these keys; say which one is meant.")


@dataclass(frozen=True)
class Correlated:
    """Where a message arrived: a token of a running instance, or a new instance (`started`)."""

    instance_id: str
    token: int | None
    started: bool


@dataclass(frozen=True)
class Brought:
    """What a message brings: variables for the instance, and those for the receiving token only."""

    variables: Mapping[str, Any]
    local: Mapping[str, Any]


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
    Raises NoMatch, ManyMatches, StaleDataError (a lost race), and whatever the receiver's step raises.
    """
    if sender_id is not None:
        kept.lock_sender(sender_id)
        before = kept.taken(sender_id)
        if before is not None:
            arrived = before.instance_id if before.delivered_at is not None else None
            return [] if arrived is None else [Correlated(arrived, None, started=False)]
    wanted = Wanted(name, business_key, instance_id, dict(correlation or {}), dict(local_correlation or {}))
    brought = Brought(dict(variables or {}), dict(local_variables or {}))
    to_keep = ttl if ttl is not None and ttl > timedelta(0) else None
    made = _deliver(actor, wanted, brought, may_keep=to_keep is not None, all_=all_)
    if made is None:
        if to_keep is None:
            raise NoMatch(name=name, waiting=told(named(name)))
        kept.keep(wanted, brought.variables, to_keep, sender_id=sender_id, local_variables=brought.local)
        return []
    for one in made:
        if not one.started:  # a start has an entry of its own
            what = {"name": name, "business_key": business_key, "token": one.token, "names": sorted(brought.variables)}
            tell(actor, "process:correlate", one.instance_id, saving.subject_of(one.instance_id), **what)
    if sender_id is not None:
        kept.keep(wanted, brought.variables, to_keep or timedelta(0), sender_id=sender_id, to=made[0].instance_id)
    following.follow()
    return made


def _deliver(
    actor: Actor,
    wanted: Wanted,
    brought: Brought,
    *,
    may_keep: bool,
    all_: bool = False,
    sender: ProcessInstance | None = None,
) -> list[Correlated] | None:
    """Where it arrived; None when nobody waits for it (with `may_keep`: and nobody begins to before it is kept)."""
    locked = False
    for _turn in range(TURNS):
        found = waiting(wanted, all_=all_)
        apart = wanted.instance_id is not None or (found and not all_)
        starts = [] if apart else starting("message", wanted.name)
        if not all_ and len(found) + len(starts) > 1:
            keys = [start.key for start in starts]
            raise ManyMatches(name=wanted.name, count=len(found) + len(starts), waiting=told(found), starts=keys)
        if not found and not starts:
            if may_keep and not locked and kept.lock_name(wanted.name):
                locked = True
                continue
            return None
        begun = [Correlated(_begin(actor, one, wanted, brought, sender), None, started=True) for one in starts]
        made = [*_bring(actor, wanted, found, brought), *begun]
        if made:
            return made
    raise StaleDataError(f"those who wait for the message {wanted.name} go on faster than it can be delivered")


def _bring(actor: Actor, wanted: Wanted, found: Sequence[Waiting], brought: Brought) -> list[Correlated]:
    """Give it to those who wait, in an order that all keep; those that went on meanwhile do not get it."""
    event = ("message", wanted.name)
    in_turn = sorted(found, key=lambda one: (one.instance_id, one.token))
    return [
        Correlated(one.instance_id, one.token, started=False)
        for one in in_turn
        if event_came_if_waiting(actor, one.instance_id, one.token, event, brought.variables, brought.local)
    ]


def _begin(actor: Actor, start: ProcessStart, wanted: Wanted, brought: Brought, sender: ProcessInstance | None) -> str:
    """A new instance, begun by the message; its id. What an instance starts is about the same as that instance is, and
    on behalf of who started it."""
    if sender is None or sender.subject_kind == "process":
        return start_at(actor, start, wanted.business_key, brought.variables)
    return begin(
        *(actor, deployed(start.definition_id), Subject(sender.subject_kind, sender.subject_id)),
        *(brought.variables, sender.started_by),
        business_key=wanted.business_key,
        at=start.element_id,
    )


def start_about(
    actor: Actor, name: str, subject: Subject, *, business_key: str | None = None, variables: Mapping[str, Any]
) -> list[str]:
    """Start whatever the message starts, about this subject; ids of the instances, none when nothing listens to it."""
    made = [
        begin(
            *(actor, deployed(start.definition_id), subject, variables, actor.id),
            business_key=business_key,
            at=start.element_id,
        )
        for start in starting("message", name)
    ]
    following.follow()
    return made


def starts_any(name: str) -> bool:
    """Whether a process in force is started by the message."""
    return bool(starting("message", name))


def start_at(actor: Actor, start: ProcessStart, business_key: str | None, variables: Mapping[str, Any]) -> str:
    """A new instance, begun by an event; its id."""
    made = deployed(start.definition_id)
    return begin(actor, made, None, variables, actor.id, business_key=business_key, at=start.element_id)


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


@following.consequence.register("message")
def thrown_message(actor: Actor, instance_id: str, thrown: Any) -> None:
    """An instance has thrown a message: delivered by its business key, else to the only one that waits, else kept."""
    sender = queries.get_instance(instance_id)
    wanted, brought = Wanted(thrown.name, sender.business_key), Brought(dict(thrown.variables), {})
    try:
        made = _deliver(actor, wanted, brought, may_keep=True, sender=sender)
    except ManyMatches:
        made = None
    if made is None:
        kept.keep(wanted, brought.variables, timedelta(days=KEPT_DAYS))
