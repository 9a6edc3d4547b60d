"""Released orders, people who decide their changes, and a tiny shipment that speaks what the real one speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete

from app.changes import service
from app.changes.models import ChangeRequest
from app.core import jobs
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import deciding
from app.fulfilment.entry_form import written
from app.fulfilment.signing import verbs as signing
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.models import Order
from app.processes import queries as instances
from app.processes import service as processes
from app.processes.models import ProcessStart
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import Flow, make_flow
from tests.identity.factories import make_user

SHIPMENT = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
  <message id="m1" name="hold.pick"/><message id="m2" name="{answer}"/>
  <message id="m3" name="order.changed"/><message id="m4" name="order.cancelled"/><message id="m5" name="hold.lifted"/>
  <process id="tiny_shipment" isExecutable="true">
    <startEvent id="s"/>
    <intermediateCatchEvent id="asked"><messageEventDefinition messageRef="m1"/></intermediateCatchEvent>
    <intermediateThrowEvent id="answer"><messageEventDefinition messageRef="m2"/></intermediateThrowEvent>
    <eventBasedGateway id="g"/>
    <intermediateCatchEvent id="changed"><messageEventDefinition messageRef="m3"/></intermediateCatchEvent>
    <intermediateCatchEvent id="cancelled"><messageEventDefinition messageRef="m4"/></intermediateCatchEvent>
    <intermediateCatchEvent id="lifted"><messageEventDefinition messageRef="m5"/></intermediateCatchEvent>
    <endEvent id="starts_over"/><endEvent id="ends"/><endEvent id="goes_on"/>
    <sequenceFlow id="f1" sourceRef="s" targetRef="asked"/><sequenceFlow id="f2" sourceRef="asked" targetRef="answer"/>
    <sequenceFlow id="f3" sourceRef="answer" targetRef="g"/>
    <sequenceFlow id="f4" sourceRef="g" targetRef="changed"/><sequenceFlow id="f5" sourceRef="g" targetRef="cancelled"/>
    <sequenceFlow id="f6" sourceRef="g" targetRef="lifted"/>
    <sequenceFlow id="f7" sourceRef="changed" targetRef="starts_over"/>
    <sequenceFlow id="f8" sourceRef="cancelled" targetRef="ends"/><sequenceFlow id="f9" sourceRef="lifted" targetRef="goes_on"/>
  </process>
</definitions>"""


@dataclass
class Changing(Flow):
    """The flow of orders, and what is asked of them afterwards."""

    def ask(self, order: Order, by: str = "ann", *, seen: int | None = None, cancel: bool = False, **over: Any) -> Any:
        """Ask for the order as it is with these fields changed; `quantity` is that of the first line."""
        given = None if cancel else self.changed(order, **over)
        version = seen or orders.version_of(order.id)
        return service.ask(self.actor(by), order.id, given, seen_version=version, reason="as the customer wishes")

    def changed(self, order: Order, **over: Any) -> dict[str, Any]:
        """What the form sends."""
        given = {name: value for name, value in written(order).items() if value != ""}
        if "quantity" in over:
            given["lines"][0]["quantity"] = over.pop("quantity")
        for line in given["lines"]:
            if not line.get("price_ceiling"):
                line.pop("price_ceiling", None)
        return {**given, **over}

    def at(self, subject: Any) -> list[str]:
        """The elements where the process of an order or a request is."""
        about = subject.subject if isinstance(subject, ChangeRequest) else Subject("order", subject.id)
        found = instances.instance_of(about)
        return [] if found is None else list(instances.diagram_state(found.id)["active"])

    def answer(self, name: str, case: ChangeRequest, outcome: str, **more: Any) -> ChangeRequest:
        """Somebody decides the open task of the request, and signs it where that is needed."""
        (task,) = tasks.open_tasks_of(case.subject)
        meaning = instances.work_of(task).signature
        signed = signing.unseen(task, meaning, "password") if meaning else None
        answers = {"outcome": outcome, **({"reason": "as agreed"} if outcome != "approve" else {}), **more}
        deciding.complete(self.actor(name), task.id, answers, seen_version=None, signed=signed)
        session().refresh(case)
        return case

    def shipment(self, order: Order, answer: str = "hold.confirmed") -> str:
        """A shipment of the order is under way; the id of its instance."""
        processes.deploy(SYSTEM, SHIPMENT.format(answer=answer).encode())
        made = processes.start(SYSTEM, "tiny_shipment", Subject("order", order.id), business_key=order.number)
        return made.id

    def decide_all(self, case: ChangeRequest) -> None:
        """Everybody agrees until it is carried out, or refused."""
        for _turn in range(6):
            run_jobs()
            session().refresh(case)
            element = next(iter(self.at(case)), "") if case.status == "open" else ""
            who = {"desk_decides": "bob", "manager_decides": "boss", "put_back": "will"}.get(element)
            if who is None:
                return
            self.answer(who, case, "approve")

    def kept(self, order: Order) -> int:
        """Base units kept for the order."""
        return sum(stock.kept_by_line([order.id]).values())


def run_jobs() -> None:
    """What is due now is done."""
    while jobs.run_due():
        pass


def make_changing(*, shipping: bool = False) -> Changing:
    """A world in which released orders are changed; their goods stay where they are unless the world ships."""
    flow = make_flow()
    if not shipping:
        session().execute(delete(ProcessStart).where(ProcessStart.key == "shipment"))
    users = {**flow.users, "will": make_user(roles=("warehouse",), name="Will")}
    return Changing(flow.world, users, flow.plain, flow.valuable)
