"""People of quality, and goods that customers have had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.permissions import Actor
from app.identity.models import User
from app.inventory.models import Lot
from app.vigilance import naming, service
from app.vigilance.models import Complaint
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


def make_vigilance() -> Vigilance:
    """The rule sets and diagrams in force, people, goods."""
    seed()
    DIAGRAMS.put()
    users = {name: make_user(login=name, name=name.title(), roles=roles) for name, roles in ROLES.items()}
    lot = make_lot(make_product(), on_hand=100, warehouse=make_warehouse())
    return Vigilance(users, lot, make_customer(code="RH", kind="hospital"))
