"""People of every part in a qualification, and suppliers with papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.catalog.models import Supplier
from app.core import clock
from app.core.db import session
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import deciding
from app.fulfilment.signing import verbs as signing
from app.identity.models import User
from app.processes import queries as processes
from app.qualification import scanning, service
from app.qualification.models import Qualification
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.catalog.factories import FROM, TO, make_licence
from tests.decisions.factories import seed
from tests.fulfilment.entry_world import DIAGRAMS
from tests.identity.factories import actor_for, make_user

PDF = b"%PDF-1.7 a scan"
ROLES = {
    "pat": ("purchasing",),
    "pia": ("purchasing",),
    "sal": ("sales",),
    "sue": ("sales",),
    "quin": ("qa_ra",),
    "qora": ("qa_ra",),
    "hedda": ("qa_ra", "quality_head"),
}


def make_supplier(**over: Any) -> Supplier:
    """A distributor of class II goods that nobody has qualified; `status="active"` for one that trades."""
    code = over.pop("code", f"V-{new_id()[-6:].upper()}")
    given = {
        "id": new_id(),
        "code": code,
        "name": f"试验供货商{code}",
        "name_en": f"Test supplier {code}",
        "uscc": None,
        "kind": "distributor",
        "contacts": [{"name": "Rae", "purpose": "recall", "phone": "1", "email": ""}],
        "product_ids": [],
        "status": "prospect",
        "search_text": code.lower(),
        "updated_at": clock.now(),
    }
    made = Supplier(**{**given, **over})
    session().add(made)
    session().flush()
    return made


def give_papers(supplier: Supplier, kinds: Sequence[str] = ("business", "trade", "agent"), until: date = TO) -> None:
    """Licences of these kinds, valid until the day."""
    for kind in kinds:
        make_licence(owner_kind="supplier", supplier_id=supplier.id, kind=kind, valid_from=FROM, valid_to=until)


@dataclass
class Qualifying:
    """Everybody who takes part."""

    users: dict[str, User]

    def actor(self, name: str) -> Actor:
        return actor_for(self.users[name])

    def begin(self, name: str, about: Subject) -> Qualification:
        actor = self.actor(name)
        return service.start(actor, about, applicant=actor.id)

    def task(self, case: Qualification) -> Task:
        (found,) = tasks.open_tasks_of(case.subject)
        return found

    def at(self, case: Qualification) -> list[str]:
        instance = processes.instance_of(case.subject)
        return [] if instance is None else list(processes.diagram_state(instance.id)["active"])

    def answer(self, name: str, case: Qualification, outcome: str, **more: Any) -> None:
        """Somebody decides the open task, and signs it where that is needed."""
        task = self.task(case)
        meaning = processes.work_of(task).signature
        signed = signing.unseen(task, meaning, "password") if meaning else None
        answers = {"outcome": outcome, **({"reason": "as agreed"} if outcome != "approve" else {}), **more}
        deciding.complete(self.actor(name), task.id, answers, seen_version=None, signed=signed)
        session().refresh(case)

    def scan_all(self, case: Qualification, by: str = "pat", verified_by: str | None = "quin") -> None:
        """Scans of every paper on file, verified by somebody."""
        for paper in service.file_of(case.about).papers:  # type: ignore[union-attr]
            made = scanning.file_scan(self.actor(by), paper.subject, "scan.pdf", PDF + paper.subject.id.encode())
            if verified_by:
                scanning.verify_scan(self.actor(verified_by), made.id)


def make_qualifying() -> Qualifying:
    """The rule sets and diagrams in force, and people."""
    seed()
    DIAGRAMS.put()
    return Qualifying({name: make_user(login=name, name=name.title(), roles=roles) for name, roles in ROLES.items()})


def supplier_subject(supplier: Supplier) -> Subject:
    return Subject("supplier", supplier.id)
