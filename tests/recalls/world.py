"""Lots that are on the shelf, reserved, in transit, at customers, used and inside kits; people of quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.db import session
from app.core.permissions import SYSTEM, Actor
from app.fulfilment import deciding
from app.fulfilment.signing import verbs as signing
from app.identity.models import User
from app.inventory import service as inventory
from app.inventory.ledger import Movement, post
from app.inventory.models import Lot, Place
from app.processes import queries as processes
from app.recalls import service
from app.recalls.models import RecallCase
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.catalog.factories import make_customer, make_product
from tests.decisions.factories import seed
from tests.fulfilment.entry_world import DIAGRAMS
from tests.identity.factories import actor_for, make_user
from tests.inventory.factories import make_lot, make_warehouse

ROLES = {
    "rae": ("qa_ra",),
    "rio": ("qa_ra",),
    "hedda": ("quality_head",),
    "wang": ("warehouse",),
    "sal": ("sales",),
}


@dataclass
class Recalling:
    """A lot of which 100 came in: 20 went to a hospital (5 used), 10 to a distributor that passed 4 on, the rest is on
    the shelf, 6 of it reserved; a kit lot with 3 of another lot."""

    users: dict[str, User]
    lot: Lot
    other: Lot
    hospital: Any
    distributor: Any
    clinic: Any

    def actor(self, name: str) -> Actor:
        return actor_for(self.users[name])

    def open(self, *lots: Lot, by: str = "rae", **over: Any) -> RecallCase:
        given = {
            "lot_ids": [lot.id for lot in lots or (self.lot,)],
            "jurisdiction": "cn",
            "source": "NMPA-1",
            "hazard": "sterile barrier may be open",
            "instructions": "",
            "mock": False,
        }
        return service.open_case(self.actor(by), {**given, **over})

    def tasks(self, case: RecallCase) -> dict[str, Task]:
        return {task.element_id: task for task in tasks.open_tasks_of(case.subject)}

    def at(self, case: RecallCase) -> list[str]:
        instance = processes.instance_of(case.subject)
        return [] if instance is None else sorted(processes.diagram_state(instance.id)["active"])

    def answer(self, name: str, case: RecallCase, element: str, **answers: Any) -> None:
        """Somebody answers the open task of that element, and signs it where that is needed."""
        task = self.tasks(case)[element]
        meaning = processes.work_of(task).signature
        signed = signing.unseen(task, meaning, "password") if meaning else None
        deciding.complete(self.actor(name), task.id, answers, seen_version=None, signed=signed)
        session().refresh(case)

    def go(self, lot: Lot, kind: str, source: Place, target: Place, quantity: int) -> None:
        post(SYSTEM, [Movement(kind, lot.id, source, target, quantity)])


def make_recalling() -> Recalling:
    """The rule sets and diagrams in force, people, goods."""
    seed()
    DIAGRAMS.put()
    users = {name: make_user(login=name, name=name.title(), roles=roles) for name, roles in ROLES.items()}
    warehouse = make_warehouse()
    product = make_product()
    lot = make_lot(product, on_hand=100, warehouse=warehouse)
    other = make_lot(make_product(), on_hand=30, warehouse=warehouse)
    parties = [make_customer(code=code, kind=kind) for code, kind in (("RH", "hospital"), ("RD", "distributor"))]
    clinic = make_customer(code="RC", kind="clinic")
    world = Recalling(users, lot, other, *parties, clinic)
    home = inventory.home_bin(warehouse, lot)
    at = {one.id: inventory.outside("customer", one.id) for one in (*parties, clinic)}
    hospital, distributor = (at[one.id] for one in parties)
    world.go(lot, "ship", home, hospital, 20)
    world.go(lot, "use", hospital, inventory.outside("used", parties[0].id), 5)
    world.go(lot, "ship", home, distributor, 10)
    world.go(lot, "pass_on", distributor, at[clinic.id], 4)
    return world
