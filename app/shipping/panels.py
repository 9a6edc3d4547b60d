"""What the page of a task shows of a shipment, and what a signature on it binds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from app.catalog.models import Customer
from app.core import jsontext
from app.core.db import session
from app.core.i18n import named
from app.core.subject import Subject
from app.orders.models import Order
from app.shipping import parting, reading
from app.shipping.models import Shipment, ShipmentPick, ShipmentReading
from app.shipping.shipments import get_shipment
from app.tasks.models import Task
from app.tasks.showing import Shown, in_lists, shown_subject, signed_subject, still_stored, withheld


@shown_subject.register("shipment")
def shipment_shown(subject: Subject) -> Shown:
    """The goods, the transport and its temperatures."""
    view = reading.view_of(get_shipment(subject.id))
    return Shown(
        number=view.shipment.number,
        title=reading.title_of(view),
        template="shipping/_task.html",
        endpoint="shipping.show_shipment",
        arguments={"shipment_id": view.shipment.id},
        context=view,
    )


@in_lists.register("shipment")
def shipments_in_lists(several: Sequence[Task]) -> dict[str, str]:
    """Which shipment, and to whom. One statement."""
    columns = (Shipment.id, Shipment.number, Customer.name, Customer.name_en)
    rows = session().execute(
        select(*columns)
        .join(Order, Order.id == Shipment.order_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Shipment.id.in_({task.subject_id for task in several}))
    )
    told = {row.id: f"{row.number} · {named(row)}" for row in rows}
    return {task.id: told.get(task.subject_id, "") for task in several}


@withheld.register("shipment")
def not_in_parts(subject: Subject) -> Collection[str]:
    """It goes in one go, nothing is missing, or nothing is there."""
    return () if parting.may_part(get_shipment(subject.id)) else ("split",)


@signed_subject.register("shipment")
def shipment_content(subject: Subject) -> dict[str, Any]:
    """The goods with what was scanned of them, the packing, and the temperature record as it was then."""
    one = get_shipment(subject.id)
    lines = reading.lines_of(one)
    return {
        "id": one.id,
        "number": one.number,
        "order": one.order_id,
        "status": one.status,
        "carrier": one.carrier,
        "days": [one.leaves_on.isoformat(), one.arrives_on.isoformat()],
        "goods": [[line.lot.id, line.lot.lot_no, line.quantity, line.place] for line in lines],
        "picks": {line.picked.id: [line.picked.serials, line.picked.scanned] for line in lines if line.picked},
        "packing": [one.sscc, one.logger, None if one.box_celsius is None else str(one.box_celsius)],
        "temperatures": _record(_readings({one.id}), one.id, last=None),
    }


@still_stored.register("shipment")
def goods_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether what was scanned and measured is stored as it was signed; later readings are no fault. Two
    statements."""
    wanted = {key for one in contents for key in one["picks"]}
    found = session().scalars(_fresh(select(ShipmentPick).where(ShipmentPick.id.in_(wanted))))
    picks = {one.id: [one.serials, one.scanned] for one in found}
    readings = _readings({one["id"] for one in contents})
    return [
        all(picks.get(key) == said for key, said in one["picks"].items())
        and _record(readings, one["id"], last=one["temperatures"]["last"]) == one["temperatures"]
        for one in contents
    ]


def _readings(shipment_ids: Collection[str]) -> list[ShipmentReading]:
    wanted = select(ShipmentReading).where(ShipmentReading.shipment_id.in_(shipment_ids)).order_by(ShipmentReading.id)
    return list(session().scalars(_fresh(wanted)))


def _record(readings: Sequence[ShipmentReading], shipment_id: str, *, last: str | None) -> dict[str, Any]:
    """What a signature keeps of the record until its reading `last`; ids rise with time (`new_id`)."""
    mine = [one for one in readings if one.shipment_id == shipment_id and (last is None or one.id <= last)]
    told = [[one.logger, one.at.isoformat(), str(one.celsius)] for one in mine]
    return {"count": len(mine), "last": mine[-1].id if mine else "", "sha256": jsontext.digest(told)}


def _fresh(statement: Select[Any]) -> Select[Any]:
    return statement.execution_options(populate_existing=True)
