"""The facts of a shipment for its rule sets: its own goods, not those of its order's other shipments; those of other
kinds are its order's. Arrival is the day that its carrier and lane give."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.core.subject import Subject
from app.decisions.facts import about, always_of, fact, narrower
from app.inventory.models import Lot, may_arrive_on
from app.priority import profile
from app.priority import queries as priority
from app.shipping import delivery, shipments
from app.shipping.models import Shipment

UNDER_INSPECTION = "under_inspection"
always_of("excursion", "shipment")


@about.register("shipment")
def order_of(subject: Subject) -> Subject:
    """The order of which it ships something."""
    return Subject("order", shipments.get_shipment(subject.id).order_id)


def _shipment(subject: Subject) -> Shipment | None:
    """Of an order the newest."""
    if subject.kind == "shipment":
        return shipments.get_shipment(subject.id)
    return next(iter(shipments.live_of(subject.id)[::-1]), None) if subject.kind == "order" else None


@narrower.register("shipment:reservation")
def reservation_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """How far what is kept for the shipment covers what it is to bring."""
    del as_of
    one = shipments.get_shipment(subject.id)
    short = shipments.lacking([one]).get(one.id, {})
    kept = shipments.kept_for([one.id]).get(one.id, {})
    return [{"short_quantity": sum(short.values()), "short_lines": len(short), "reserved_quantity": sum(kept.values())}]


@fact.register("lot")
@narrower.register("shipment:lot")
def lot_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """Each lot that is to leave with the shipment."""
    shipment = _shipment(subject)
    if shipment is None:
        return []
    required = priority.terms_of(shipment.order_id, as_of).required_days
    found: dict[str, dict[str, Any]] = {}
    for one in shipments.goods_of(shipment):
        lot, product = one.kept.lot, one.product
        days = None if lot.expires_on is None else (lot.expires_on - shipment.arrives_on).days
        wanted = required.get(one.kept.order_line_id, 0)
        short = None if days is None else wanted - days
        known = found.get(lot.id)
        if known is not None:  # several lines: the one that asks for most
            known["shelf_days_short"] = short if short is None else max(short, known["shelf_days_short"])
            continue
        found[lot.id] = {
            "place": len(found) + 1,
            "number": lot.lot_no,
            "product_name": product.name,
            "product_name_en": product.name_en or product.name,
            "risk_class": product.risk_class or 3,
            "high_value": product.high_value,
            "cold_chain": product.cold_chain,
            "status": UNDER_INSPECTION if lot.status == "inspecting" else lot.status,
            "days_left_at_arrival": days,
            "shelf_days_short": short,
            "condition_ended": not may_arrive_on(lot, shipment.arrives_on),
            "report_required": product.needs_inspection,
            "report_present": bool(lot.report_no),
            "udi_required": (product.risk_class or 3) in profile.current().udi_classes,
            "udi_captured": not one.is_picked or bool(one.picked),
            "made_under_registration": _registered(lot, product),
        }
    return list(found.values())


def _registered(lot: Lot, product: Any) -> bool:
    registration = product.registration
    return registration is not None and bool(registration.valid_on(lot.made_on))


@fact.register("excursion")
@narrower.register("shipment:excursion")
def excursion_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """What the temperature record of the shipment says. Whether stability data exist and what the registrant allows is
    their word: nobody has entered it, so it is not known."""
    shipment = _shipment(subject)
    if shipment is None:
        return []
    carried = shipments.carried_by(shipment)
    found = delivery.verdict_of(shipment, as_of)
    _low, high = delivery.limits_of(shipment)
    above = Decimal(0) if found.mean_kinetic is None or high is None else found.mean_kinetic - high
    products = [one.lot.product for one in carried]
    return [
        {
            "lot": ", ".join(one.lot.lot_no for one in carried)[:200] or shipment.number,
            "record_complete": found.complete,
            "hours_outside": found.hours_outside,
            "mkt_above_limit": above,
            "frozen": found.frozen,
            "within_stability_data": None,
            "allowance_left_hours": None,
            "implant_or_class_iii": any(one.implantable or (one.risk_class or 3) >= 3 for one in products),
        }
    ]
