"""Processes that wait for everything there is, and some that are stuck; made by the real engine."""

from __future__ import annotations

from datetime import timedelta

from app.core.permissions import SYSTEM, Actor
from app.processes import service
from app.processes.models import ProcessInstance
from tests.processes.diagrams import chain, end, flow, fork, node, process, start, user

ASYNC = {"camunda__asyncBefore": "true"}

STUCK = process(
    start(),
    node(
        "serviceTask", "reckon", camunda__expression="${amount * 2}", camunda__resultVariable="double", name_="Reckon"
    ),
    user("check", name_="Check"),
    end(),
    chain("s", "reckon", "check", "e"),
    key="stuck",
    name="Stuck",
)
"""Without the variable `amount` its token is parked at once."""

INNER = process(start(), user("pick", name_="Pick goods"), end(), chain("s", "pick", "e"), key="inner", name="Inner")

BUSY = process(
    start(),
    fork("split"),
    user("look", name_="Look at it"),
    node(
        "boundaryEvent",
        "remind",
        node("timerEventDefinition", "when", "<timeDuration>PT5H</timeDuration>"),
        attachedToRef="look",
        cancelActivity="false",
        name_="Remind",
    ),
    user("reminded", name_="Looked again"),
    node("receiveTask", "arrive", messageRef="m", name_="Await arrival"),
    node("serviceTask", "machine", camunda__type="external", camunda__topic="weigh", name_="Weigh"),
    node("callActivity", "call", calledElement="inner", name_="Call inner"),
    fork("join"),
    end(),
    end("e2"),
    chain("s", "split"),
    *(flow("split", one) + flow(one, "join") for one in ("look", "arrive", "machine", "call")),
    chain("remind", "reminded", "e2"),
    flow("join", "e"),
    key="busy",
    name="Busy",
    before='<message id="m" name="shipment.arrived"/>',
)
LATER = process(
    start(),
    node("serviceTask", "note", youxu__step="test_note", name_="Note", **ASYNC),
    end(),
    chain("s", "note", "e"),
    key="later",
    name="Later",
)


def deploy_all() -> None:
    """Three of the processes, in force."""
    for xml in (STUCK, INNER, BUSY):
        service.deploy(SYSTEM, xml)


def deploy_later() -> None:
    """The fourth, which needs the step of `conftest`."""
    service.deploy(SYSTEM, LATER)


def begin(actor: Actor, key: str, business_key: str | None = None, **variables: object) -> ProcessInstance:
    """A new instance of one of them."""
    definition = service.deploying.in_force(key)
    return service.start_definition(actor, definition.id, variables=variables, business_key=business_key)


def keep_message(actor: Actor, name: str = "shipment.arrived", key: str | None = "K-9", **variables: object) -> None:
    """A message that nobody waits for yet."""
    service.correlate(actor, name, business_key=key, variables=variables, ttl=timedelta(days=2))
