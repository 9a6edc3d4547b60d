"""Processes: start one, bring a message to one."""

from __future__ import annotations

from typing import Any

from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.integration.inbound.actions import Arrival, Link, Outcome, Parameter, action
from app.integration.permissions import ENGINE_START
from app.processes import definitions, queries, service

_LONGEST = 255


@action(
    "process.start",
    _l("Start a process"),
    ENGINE_START,
    Parameter("process", _l("Key of the process"), required=True, hint=_l("A fixed one in quotes: 'recall'")),
    Parameter("business_key", _l("Business key")),
    variables=True,
)
def start(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Start the version in force."""
    key = _short(values, "process") or ""
    if not queries.is_in_force(key):
        raise Invalid({"process": [_("There is no process “%(key)s” in force.", key=key[:64])]})
    made = service.start_definition(
        actor,
        definitions.in_force(key).id,
        variables=values["variables"],
        business_key=_short(values, "business_key"),
    )
    return Outcome(_l("Process “%(key)s” started.", key=key), (Link("process", made.id, key),))


@action(
    "message.correlate",
    _l("Bring a message to a process"),
    ENGINE_START,
    Parameter("message", _l("Name of the message"), required=True, hint=_l("A fixed one in quotes: 'goods received'")),
    Parameter("business_key", _l("Business key"), hint=_l("Of the process that waits for it, an order's number say")),
    variables=True,
)
def correlate(actor: Actor, values: dict[str, Any], arrival: Arrival) -> Outcome:
    """Deliver the message to the one that waits for it, start what it starts, or have it kept until somebody waits."""
    name = _short(values, "message") or ""
    arrived = service.correlate(
        actor,
        name,
        business_key=_short(values, "business_key"),
        variables=values["variables"],
        sender_id=f"hook {arrival.token}",
        ttl=arrival.left,
    )
    if not arrived:
        return Outcome(_l("Nobody waits for the message “%(name)s” yet; it is kept.", name=name), waits=True)
    links = tuple(Link("process", one.instance_id, name) for one in arrived)
    return Outcome(_l("Message “%(name)s” delivered.", name=name), links)


def _short(values: dict[str, Any], name: str) -> str | None:
    text: str | None = values.get(name)
    if text is not None and len(text) > _LONGEST:
        raise Invalid({name: [_("Must have %(least)s to %(most)s characters.", least=1, most=_LONGEST)]})
    return text
