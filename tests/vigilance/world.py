"""People of quality, and goods that customers have had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.fulfilment import deciding
from app.fulfilment.signing import verbs as signing
from app.identity.models import User
from app.inventory.models import Lot
from app.processes import queries as processes
from app.tasks import queries as tasks
from app.tasks.models import Task
from app.vigilance import capas, naming, service
from app.vigilance.models import Capa, Complaint
from app.vigilance.schemas import ComplaintGiven
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
    "tess": ("transport",),
    "sal": ("sales",),
    "fin": ("finance",),
}


@dataclass
class Vigilance:
    """A lot on the shelf, a hospital that complains of it."""

    users: dict[str, User]
    lot: Lot
    hospital: Any

    def actor(self, name: str) -> Actor:
        return actor_for(self.users[name])

    def complain(self, by: str = "sal", **over: Any) -> Complaint:
        """Somebody records a complaint about the lot."""
        given = {"customer": "RH", "product": self.lot.product.sku, "lot_no": self.lot.lot_no, "description": "open"}
        return service.complain(self.actor(by), naming.complaint_of(ComplaintGiven().load({**given, **over})), "page")

    def confirm(self, one: Complaint) -> None:
        """Quality finds it confirmed."""
        service.take_up(self.actor("rae"), one)
        service.conclude(self.actor("rae"), one, "confirmed", "seal not closed")

    def capa(self, by: str = "rae", **over: Any) -> Capa:
        """A CAPA is opened, after an audit unless told otherwise."""
        given = {"source_kind": "audit", "source": "ISO 13485, 2026", "problem": "seals open"}
        return capas.begin_capa(self.actor(by), {**given, **over})

    def plan(self, one: Capa, *owners: str, days: int = 5) -> None:
        """An action for each owner, in so many days."""
        due_on = (clock.today() + timedelta(days=days)).isoformat()
        for owner in owners:
            given = {"kind": "corrective", "text": f"by {owner}", "owner": owner, "due_on": due_on}
            capas.plan_action(self.actor("rae"), one, given)

    def propose(self, one: Capa, days: int = 30, by: str = "rae", **over: Any) -> None:
        """Cause and criterion are submitted."""
        check_on = (clock.today() + timedelta(days=days)).isoformat()
        said = {"root_cause": "jaw worn", "criterion": "0 of 50", "check_on": check_on, **over}
        self.answer(by, one, "investigate", **said)

    def tasks(self, one: Capa, element: str) -> list[Task]:
        return [task for task in tasks.open_tasks_of(one.subject) if task.element_id == element]

    def at(self, one: Capa) -> list[str]:
        instance = processes.instance_of(one.subject)
        return [] if instance is None else sorted(processes.diagram_state(instance.id)["active"])

    def answer(self, name: str, one: Capa, element: str, **answers: Any) -> None:
        """Somebody answers an open task of that element (their own, if it is somebody's), and signs where needed."""
        found = self.tasks(one, element)
        mine = [task for task in found if task.assignee_id == self.users[name].id]
        task = (mine or found)[0]
        meaning = processes.work_of(task).signature
        signed = signing.unseen(task, meaning, "password") if meaning else None
        deciding.complete(self.actor(name), task.id, answers, seen_version=None, signed=signed)
        session().refresh(one)
        session().expire(one, ["actions"])


def make_vigilance() -> Vigilance:
    """The rule sets and diagrams in force, people, goods."""
    seed()
    DIAGRAMS.put()
    users = {name: make_user(login=name, name=name.title(), roles=roles) for name, roles in ROLES.items()}
    lot = make_lot(make_product(), on_hand=100, warehouse=make_warehouse())
    return Vigilance(users, lot, make_customer(code="RH", kind="hospital"))
