"""A shipment as pages and tasks show it: the goods, the temperatures, what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.audit.actions import action_name
from app.audit.models import AuditEntry
from app.audit.queries import latest_of
from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.i18n import _, _n, named
from app.core.subject import Subject
from app.identity.queries import names_of
from app.inventory.models import Lot, Place
from app.orders import queries as orders
from app.orders.models import Order
from app.shipping import curve, delivery, shipments, wording
from app.shipping.models import OPEN, DeliveryProof, Shipment, ShipmentPick
from app.shipping.temperature import Verdict
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of

ASSESS = "assess"
"""The task of the diagram in which an excursion is assessed."""


@dataclass(frozen=True)
class Line:
    """Goods of the shipment. `place`: where they lie now, empty when they have left."""

    reservation_id: str
    lot: Lot
    product: Product
    quantity: int
    place: str
    picked: ShipmentPick | None

    @property
    def serials(self) -> Sequence[str]:
        """Units, of what was picked."""
        return self.picked.serials if self.picked else ()


@dataclass(frozen=True)
class ShipmentView:
    """All that people need of it."""

    shipment: Shipment
    order: Order
    customer: Customer
    lines: list[Line]
    tasks: list[Task]
    verdict: Verdict | None
    curve: curve.Curve | None
    proof: DeliveryProof | None
    beside: list[Shipment]
    """Other shipments of the order, the oldest first."""
    short: int
    """Base units that it is to bring and that are not kept for it."""
    names: dict[str, str]

    @property
    def units(self) -> int:
        """Base units of all lines."""
        return sum(one.quantity for one in self.lines)

    @property
    def left(self) -> int:
        """Base units that are still in their bins."""
        return sum(one.quantity for one in self.lines if not one.picked)

    @property
    def is_assessed(self) -> bool:
        """Quality is deciding on its temperatures."""
        return any(task.element_id == ASSESS for task in self.tasks)

    @property
    def next_step(self) -> str:
        """What happens now and why."""
        if self.is_assessed:
            return str(wording.ASSESSED)
        if self.shipment.status == "delivered" and self.tasks:
            return str(wording.SETTLED)
        return str(wording.NEXT[self.shipment.status])


@dataclass(frozen=True)
class Happening:
    """A line of the history."""

    at: datetime
    actor: str
    action: str
    """The verb."""
    title: str
    text: str


def view_of(shipment: Shipment) -> ShipmentView:
    """Everything that its page shows. A fixed number of statements."""
    order = orders.get_order(shipment.order_id)
    lines = lines_of(shipment)
    verdict = drawn = None
    if shipment.cold and shipment.departed_at is not None:
        readings = shipments.readings_of(shipment)
        verdict = delivery.verdict_of(shipment, clock.now())
        drawn = curve.draw(readings, *delivery.limits_of(shipment)) if readings else None
    proof = shipments.proof_of(shipment)
    return ShipmentView(
        shipment=shipment,
        order=order,
        customer=catalog.get_customer(order.customer_id),
        lines=lines,
        tasks=open_tasks_of(Subject("shipment", shipment.id)),
        verdict=verdict,
        curve=drawn,
        proof=proof,
        beside=[one for one in shipments.shipments_of(order.id)[::-1] if one.id != shipment.id],
        short=short_of(shipment),
        names=names_of({one.picked.by for one in lines if one.picked}),
    )


def short_of(shipment: Shipment) -> int:
    """Base units that it is to bring and that are not kept for it."""
    return sum(shipments.lacking([shipment]).get(shipment.id, {}).values()) if shipment.status in OPEN else 0


def lines_of(shipment: Shipment) -> list[Line]:
    """What is to be picked and was; once it has left, what left. A fixed number of statements."""
    if shipment.status == "void":
        return []
    if shipment.status in OPEN:
        goods = shipments.goods_of(shipment)
        wanted = select(Place).where(Place.id.in_({one.kept.place_id for one in goods}))
        places = {one.id: one for one in session().scalars(wanted)}
        return [_line(one, places[one.kept.place_id]) for one in goods]
    left = shipments.left_with(shipment)
    products = catalog.products_of(one.lot.product_id for one in left)
    picks = shipments.picks_of([one.id for one in left])
    return [Line(one.id, one.lot, products[one.lot.product_id], one.quantity, "", picks.get(one.id)) for one in left]


def _line(one: shipments.ToPick, bin_: Place) -> Line:
    place = f"{one.kept.warehouse.code} {bin_.code}"
    picked = one.picked if one.is_picked else None
    return Line(one.kept.id, one.kept.lot, one.product, one.kept.quantity, place, picked)


def history_of(shipment: Shipment) -> list[Happening]:
    """What was done with it, the newest first. One statement."""
    entries = latest_of(Subject("order", shipment.order_id))
    mine = [one for one in entries if one.action.startswith("shipment:") and one.details["shipment"] == shipment.number]
    return [
        Happening(
            at=one.at,
            actor=one.actor_name,
            action=one.action.removeprefix("shipment:"),
            title=action_name(one.action),
            text=_told(one),
        )
        for one in mine
    ]


def _told(entry: AuditEntry) -> str:
    said = entry.details
    words = _WORDS.get(entry.action.removeprefix("shipment:"))
    return words(said) if words else str(said.get("reason") or "")


def _into_another(said: Mapping[str, Any]) -> str:
    units = _n("%(num)s unit in %(shipment)s", "%(num)s units in %(shipment)s", said["quantity"], shipment=said["into"])
    return _("; ").join(one for one in (units, said["reason"]) if one)


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda said: _("%(quantity)s of lot %(lot)s", quantity=said["quantity"], lot=said["lot"]),
    "departed": lambda said: str(said["vehicle"]),
    "excursion": lambda said: _("%(low)s to %(high)s °C", low=said["worst"][0], high=said["worst"][1]),
    "delivered": lambda said: str(said["receiver"]),
    "packed": lambda said: f"SSCC {said['sscc']}" if said["sscc"] else "",
    "parted": _into_another,
    "sent-anew": _into_another,
}
"""By verb what is told besides the title; of the others the reason."""


def title_of(view: ShipmentView) -> str:
    """The order and whom it is for."""
    return f"{view.order.number} · {named(view.customer)}"
