"""A released order with its shipment, and people who ship it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import deciding
from app.fulfilment.signing import verbs as signing
from app.orders import queries as orders
from app.orders.models import Order
from app.processes import queries as processes
from app.shipping import delivery, dispatch, shipments, telling
from app.shipping.models import Shipment
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.fulfilment.flow_world import Flow, make_flow
from tests.identity.factories import make_user


@dataclass
class Dock:
    """The house, with two people in the warehouse."""

    flow: Flow

    def release(self, **over: Any) -> tuple[Order, Shipment]:
        """A small order that needs no approval, unless told otherwise."""
        order = self.flow.submit(**{"product": self.flow.plain, "quantity": 5, **over})
        for who in ("bob", "boss"):
            if orders.get_order(order.id).status == "in_approval":
                order = self.flow.decide(who, order, "approve")
        return orders.get_order(order.id), shipments.live_of(order.id)[0]

    def at(self, shipment: Shipment) -> list[str]:
        """Where its process is."""
        instance = processes.instance_of(Subject("shipment", shipment.id))
        assert instance is not None
        return list(processes.diagram_state(instance.id)["active"])

    def task(self, shipment: Shipment) -> Task:
        """The one that is open."""
        (found,) = tasks.open_tasks_of(Subject("shipment", shipment.id))
        return found

    def do(self, name: str, shipment: Shipment, **answers: Any) -> None:
        """Somebody does the open task."""
        task = self.task(shipment)
        meaning = processes.work_of(task).signature
        signed = signing.unseen(task, meaning, "password") if meaning else None
        given = {"outcome": "approve", **answers}
        with session().begin_nested():  # a refusal undoes all of it, as a request does
            deciding.complete(self.flow.actor(name), task.id, given, seen_version=None, signed=signed)

    def pick_all(self, shipment: Shipment, who: str = "wang") -> None:
        """Everything, as another system says it."""
        for one in shipments.goods_of(shipment):
            if not one.is_picked:
                dispatch.pick(self.flow.actor(who), shipment, one.kept.id, one.kept.quantity)

    def leave(self, shipment: Shipment, vehicle: str = "沪A12345", **packing: Any) -> None:
        """Pick, pack, fetch."""
        self.pick_all(shipment)
        self.do("wang", shipment)
        if self.at(shipment) == ["check"]:
            self.do("li", shipment)
        self.do("wang", shipment, **packing)
        self.say("shipment.pickup", shipment, vehicle=vehicle)

    def say(self, message: str, shipment: Shipment, **variables: Any) -> None:
        """A message to its process."""
        telling.tell(SYSTEM, message, shipment, **variables)

    def deliver(self, shipment: Shipment, **given: Any) -> None:
        """The receiver signs."""
        delivery.deliver(self.flow.actor("wang"), shipment, {"receiver": "Dr Chen", **given})
        self.say("shipment.delivered", shipment)


def make_dock(flow: Flow | None = None) -> Dock:
    """The house."""
    flow = flow or make_flow()
    for login, role in (("wang", "warehouse"), ("li", "warehouse"), ("tao", "transport")):
        flow.users[login] = make_user(roles=(role,), name=login.title())
    return Dock(flow)
