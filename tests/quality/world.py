"""People of every part in an inspection, and goods that come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.catalog.models import Product
from app.core.db import session
from app.core.jobs import models as jobs
from app.fulfilment import deciding
from app.inventory import service as inventory
from app.inventory.models import Lot
from app.planning import service as planning
from app.processes import queries as processes
from app.quality import queries
from app.quality.models import Inspection
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.catalog.factories import make_product, make_registration
from tests.fulfilment.flow_world import Flow, make_flow
from tests.identity.factories import make_user
from tests.inventory.factories import make_warehouse

IN_ORDER = {"counted": 0, "package": "ok", "label": "ok", "udi": "ok", "certificate": "ok", "temperature": "none"}
ROLES = {"wanda": "warehouse", "quin": "qa_ra", "qora": "qa_ra", "hedda": "quality_head"}


@dataclass
class Quality:
    """The world of order entry, with warehouse and quality control."""

    flow: Flow
    product: Product
    """Class II, not sterile: level II, AQL 1.0, one characteristic in a full test."""
    number: int = 0

    def receive(self, quantity: int = 100, *, product: Product | None = None, **over: Any) -> Inspection:
        """Goods of a new lot come in, unless `lot_no` tells another."""
        self.number += 1
        given = {"lot_no": f"R{self.number}", "made_on": "2026-06-01", "expires_on": "2028-06-01", "document": "GR-1"}
        site = make_warehouse()
        goods = session().get_one(Product, (product or self.product).id)
        lot = inventory.receive(self.flow.actor("wanda"), goods, site, {**given, "quantity": quantity, **over})
        found = queries.open_of_lot(lot.id)
        assert found is not None
        return found

    def task(self, one: Inspection) -> Task:
        """The open task about it."""
        (found,) = tasks.open_tasks_of(one.subject)
        return found

    def at(self, one: Inspection) -> list[str]:
        """Where its process is; nowhere once it has ended."""
        instance = processes.instance_of(one.subject)
        return [] if instance is None else list(processes.diagram_state(instance.id)["active"])

    def answer(self, name: str, one: Inspection, **answers: Any) -> None:
        """Somebody does the open task, and signs it where that is needed."""
        task = self.task(one)
        deciding.complete(self.flow.actor(name), task.id, answers, seen_version=None, signed=self.flow.signature(task))
        session().refresh(one)

    def check(self, one: Inspection, **over: Any) -> None:
        """The warehouse finds the goods in order, unless told otherwise."""
        self.answer("wanda", one, **{**IN_ORDER, "counted": one.quantity, **over})

    def test(self, one: Inspection, defective: int = 0, by: str = "quin", **over: Any) -> None:
        """The sample that is asked for is tested."""
        told = {
            "sampled": one.plan["size"] - one.found.get("sampled", 0),
            "defective": defective,
            "measured": "mass: 0.1 -0.2",
        }
        self.answer(by, one, **{**told, **over})

    def judge(self, one: Inspection, outcome: str = "approve") -> None:
        """Reviewed, then decided."""
        self.answer("qora", one, outcome="approve")
        self.answer("hedda", one, outcome=outcome, **({} if outcome == "approve" else {"reason": "as found"}))

    def lot(self, one: Inspection) -> Lot:
        """Its lot, as it is stored now."""
        lot = session().get_one(Lot, one.lot_id)
        session().refresh(lot)
        return lot


def settle() -> None:
    """What the worker would allocate now."""
    due = session().scalars(select(jobs.Job).where(jobs.Job.kind == planning.JOB)).all()
    for job in due:
        session().delete(job)
    session().flush()
    if due:
        planning.run(planning.SYSTEM, due[0].source_ref)


def make_quality() -> Quality:
    """Rule sets and diagrams in force, people, a product that needs an inspection report."""
    flow = make_flow()
    flow.users |= {name: make_user(login=name, name=name.title(), roles=(role,)) for name, role in ROLES.items()}
    product = make_product(risk_class=2, needs_inspection=True, registration_id=make_registration(risk_class=2).id)
    return Quality(flow, product)
