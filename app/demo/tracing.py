"""A story of tracing to click through: implants that went to a distributor, on to a hospital, into a patient; what the
distributor says of it as an EPCIS event, and an event of ours that was declared wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.permissions import Actor
from app.demo.master import World
from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.models import Lot
from app.traceability import exporting
from app.traceability import service as tracing
from app.traceability.exporting import Wanted

LOT, RETURNS = "260901TRACE", "returns"


def tell(team: dict[str, Actor], world: World) -> Lot:
    """Receive, release, deliver, pass on, use, come back; then the two events. Answers the lot."""
    product = next(one for one in world.products if one.implantable and one.serial_controlled)
    warehouse, who = world.warehouses[0], team["warehouse"]
    made_on = clock.today() - timedelta(days=60)
    serials = [f"{LOT}-{number}" for number in range(1, 7)]
    lot = inventory.receive(
        who,
        product,
        warehouse,
        {
            "lot_no": LOT,
            "made_on": made_on.isoformat(),
            "expires_on": (made_on + timedelta(days=1095)).isoformat(),
            "quantity": len(serials),
            "serials": serials,
            "document": "RC-DEMO-TRACE",
        },
    )
    inventory.release_lot(team["quality"], lot, reason="检验合格放行", report_no="JY-DEMO-TRACE")
    inventory.put_away(who, lot, warehouse, reason="检验合格上架")
    at_dealer = inventory.outside("customer", world.distributors[0].id)
    at_hospital = inventory.outside("customer", world.hospitals[0].id)
    away: dict[str, Any] = {"to": at_dealer, "serials": serials[:4], "document": "DN-DEMO-TRACE"}
    inventory.take_out(who, lot, warehouse, 4, reason="演示：发往经销商", **away)
    passed = inventory.Goods(lot, 2, tuple(serials[:2]))
    inventory.hand_over(who, "pass_on", passed, at_dealer, at_hospital, document="PO-DEMO-TRACE")
    used = inventory.outside("used", world.hospitals[0].id)
    inventory.hand_over(who, "use", inventory.Goods(lot, 1, (serials[0],)), at_hospital, used, document="植入记录-DEMO")
    bins = [place for place, _number in queries.bins_in(warehouse.id)]
    back = next(place for place in bins if place.zone is not None and place.zone.kind == RETURNS)
    inventory.hand_over(who, "return", inventory.Goods(lot, 1, (serials[3],)), at_dealer, back, document="RMA-DEMO")
    _events(team, lot, world.distributors[0].code)
    return lot


def _events(team: dict[str, Actor], lot: Lot, dealer: str) -> None:
    """The distributor received a unit, as its own system says; our return was told with a wrong time."""
    ours = exporting.page(Wanted(lot_id=lot.id), size=50)[0]
    events = ours["epcisBody"]["eventList"]
    sold = next(one for one in events if one["bizStep"] == "shipping")
    theirs = {
        "type": "ObjectEvent",
        "eventID": f"urn:youxu:demo:{dealer}:1",
        "eventTime": (datetime.fromisoformat(sold["eventTime"]) + timedelta(hours=5)).isoformat(),
        "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "disposition": "in_progress",
        "epcList": sold["epcList"],
        "readPoint": {"id": f"urn:youxu:demo:{dealer}:dock-1"},
    }
    tracing.take_in(team["purchasing"], {**ours, "epcisBody": {"eventList": [theirs]}})
    tracing.declare_wrong(
        team["quality"], events[-1]["eventID"], reason="incorrect_data", comment="退货实际早一天收到，登记时间有误"
    )
