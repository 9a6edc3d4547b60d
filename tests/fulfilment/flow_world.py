"""People of every role that approval asks, and products that take each way through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import deciding, intake
from app.fulfilment.signing import verbs as signing
from app.identity.models import User
from app.orders import queries as orders
from app.orders.models import Order
from app.processes import queries as processes
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.catalog.factories import make_product, make_registration
from tests.fulfilment.entry_world import World, make_world
from tests.identity.factories import actor_for, make_user
from tests.inventory.factories import make_lot
from tests.orders.factories import given_order


@dataclass
class Flow:
    """The world of order entry, with approvers and goods in stock."""

    world: World
    users: dict[str, User]
    plain: Any
    """Class II: a small order of it needs no approval."""
    valuable: Any
    """A high-value line of it needs two people."""

    def actor(self, name: str) -> Actor:
        """Somebody, by name."""
        return actor_for(self.users[name])

    def submit(self, **over: Any) -> Order:
        """Ann's direct order of one class III product in stock, unless told otherwise."""
        given = {"product": self.world.product, "customer": self.world.hospital, "quantity": 1, **over}
        return intake.take_in(self.actor("ann"), given_order("direct", **given)).order

    def task(self, order: Order) -> Task:
        """The one open task about the order."""
        (found,) = tasks.open_tasks_of(Subject("order", order.id))
        return found

    def decide(
        self, name: str, order: Order, outcome: str, reason: str = "", seen: int | None = None, *, sign: bool = True
    ) -> Order:
        """Somebody decides the open task, and signs it where that is needed."""
        answers = {"outcome": outcome, **({"reason": reason} if reason else {})}
        version = seen or orders.version_of(order.id)
        task = self.task(order)
        deciding.complete(
            self.actor(name), task.id, answers, seen_version=version, signed=self.signature(task) if sign else None
        )
        return orders.get_order(order.id)

    def sign(self, name: str, task: Task, outcome: str, reason: str = "") -> None:
        """Somebody decides and signs one of several open tasks."""
        answers = {"outcome": outcome, **({"reason": reason} if reason else {})}
        version = orders.version_of(task.subject_id)
        deciding.complete(self.actor(name), task.id, answers, seen_version=version, signed=self.signature(task))

    def signature(self, task: Task) -> deciding.Signed | None:
        """A signature on what the task shows now, if it needs one, without the cost of proving who signs."""
        meaning = processes.work_of(task).signature
        return signing.unseen(task, meaning, "password") if meaning else None

    def at(self, order: Order) -> list[str]:
        """The elements where the order's process is."""
        instance = processes.instance_of(Subject("order", order.id))
        assert instance is not None
        return list(processes.diagram_state(instance.id)["active"])


def make_flow() -> Flow:
    """A world in which orders run through approval."""
    world = make_world()
    users = {
        "ann": world.ann,
        "bob": world.bob,
        "desk2": make_user(roles=("order_desk",), name="Dora"),
        "qa": make_user(roles=("qa_ra",), name="Quentin"),
        "boss": make_user(roles=("manager",), name="Mona"),
        "both": make_user(roles=("order_desk", "manager"), name="Otto"),
        "planner": make_user(roles=("planner",), name="Petra"),
        "other": make_user(roles=("transport",), name="Tom"),
    }
    plain = make_product(
        sku="GLOVE-1", udi_di="06912345000017", risk_class=2, registration_id=make_registration(risk_class=2).id
    )
    valuable = make_product(
        sku="VALVE-1",
        udi_di="06912345000024",
        high_value=True,
        implantable=True,
        registration_id=make_registration().id,
    )
    for product in (world.product, plain, valuable):
        make_lot(product, on_hand=50)
    return Flow(world, users, plain, valuable)
