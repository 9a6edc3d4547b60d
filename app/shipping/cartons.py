"""Cartons at the hand-over: the SSCC on one must be that of the shipment, not of another consignee's goods."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from app.catalog import queries as catalog
from app.catalog.udi import Udi, gs1
from app.core.permissions import Actor
from app.core.subject import Subject
from app.orders import queries as orders
from app.shipping import queries, service, shipments
from app.shipping.checking import Expected, judge_carton
from app.shipping.models import LogisticUnit, Shipment


def check_carton(actor: Actor, shipment: Shipment, text: str, purpose: str) -> None:
    """The scanned carton goes with the shipment. Raises ScanBlocked, counted as a prevented mis-shipment if it is
    another's, and Invalid without a code."""
    said = _read(text)
    unit = queries.find_unit(said.sscc) if said.sscc else None
    mine = unit is not None and (unit.subject_kind, unit.subject_id) == ("shipment", shipment.id)
    expected = Expected(
        purpose=purpose,
        subject=Subject("shipment", shipment.id),
        product_id="",
        sku="",
        day=shipment.arrives_on,
        sscc=said.sscc if mine else shipment.sscc,
    )
    faults = judge_carton(expected, said, {} if unit is None else _whose(unit))
    if faults:
        service.refuse_scan(actor, replace(expected, sscc=shipment.sscc), said, faults)


def _read(text: str) -> Udi:
    """What the label says; the 18 digits may also be typed without what stands before them."""
    said = service.read_code(text)
    digits = re.sub(r"\s", "", text)
    if re.fullmatch(r"[0-9]{18}", digits) and gs1.with_check_digit(digits[:-1]) == digits:
        return replace(said, issuer="GS1", sscc=digits, problem="")
    return said


def _whose(unit: LogisticUnit) -> dict[str, Any]:
    """The shipment and who gets it, as the refusal names them; nothing for a label that was printed for stock."""
    if unit.subject_kind != "shipment":
        return {}
    other = shipments.get_shipment(unit.subject_id)
    customer = catalog.get_customer(orders.get_order(other.order_id).customer_id)
    return {"other": other.number, "customer": {"zh": customer.name, "en": customer.name_en or customer.name}}
