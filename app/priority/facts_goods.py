"""Facts about the goods of an order: each line, and over all lines products, stock, transport and quality control.

A lot is usable for a line when it is released, has its inspection report where the product must be inspected, has not
expired at arrival, keeps enough shelf life then and was made under a registration certificate in force. The same is
asked where stock is reserved.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.catalog.models import Licence, Product
from app.core import clock
from app.core.subject import Subject
from app.decisions.facts import fact
from app.inventory.models import RECALLED, RELEASED, usable_on
from app.orders.models import OrderLine
from app.priority import profile
from app.priority.picture import Picture, StockLot, picture_of

Facts = list[dict[str, Any]]
UNKNOWN_CLASS = 3
"""A product whose class nobody has determined is treated as the highest."""
QUARANTINED = "quarantined"


def in_scope(licences: list[Licence], picture: Picture, line: OrderLine, day: date) -> bool:
    """A licence valid on the day covers the class and category of the line's product."""
    key = ("in_scope", id(licences), line.product_id, day)
    found: bool | None = picture.memory.get(key)
    if found is None:
        product = picture.products[line.product_id]
        found = picture.memory[key] = any(
            one.valid_on(day) and one.covers(product.risk_class, product.category_code) for one in licences
        )
    return found


def region_authorised(picture: Picture, line: OrderLine, day: date) -> bool:
    """Product and region are covered by an authorisation to us and, in the distributor channel, to the distributor."""
    through = picture.customer.id if picture.order.channel == "distributor" else picture.customer.region_code
    key = ("authorised", through, line.product_id, day)
    found: bool | None = picture.memory.get(key)
    if found is None:
        found = picture.memory[key] = _authorised(picture, line.product_id, day)
    return found


def _authorised(picture: Picture, product_id: str, day: date) -> bool:
    region = picture.customer.region_code
    covering = [one for one in picture.authorisations if one.valid_on(day) and one.covers(product_id, region)]
    ours = any(one.grantee_customer_id is None for one in covering)
    if picture.order.channel != "distributor":
        return ours
    return ours and any(one.grantee_customer_id == picture.customer.id for one in covering)


def lots_with_faults(picture: Picture, line: OrderLine, arrival: date) -> list[tuple[StockLot, str]]:
    """The lots of the line's product, each with why it cannot serve the line, or '': the first of recalled, expired,
    unreleased, unreported, short_dated, unregistered (made while no registration certificate was in force)."""
    required = picture.required_days(line, arrival)
    lots = picture.lots.get(line.product_id, ())
    key = ("lots", id(lots), arrival, required)
    found: list[tuple[StockLot, str]] | None = picture.memory.get(key)
    if found is None:
        product = picture.products[line.product_id]
        found = picture.memory[key] = [(lot, _fault(product, lot, arrival, required)) for lot in lots]
    return found


def _fault(product: Product, lot: StockLot, arrival: date, required: int) -> str:
    registration = product.registration
    if lot.status == RECALLED:
        return "recalled"
    if not usable_on(lot, arrival):
        return "expired"
    if lot.status != RELEASED:
        return "unreleased"
    if product.needs_inspection and not lot.report_no:
        return "unreported"
    if not usable_on(lot, arrival, spare_days=required):
        return "short_dated"
    return "" if registration is not None and registration.valid_on(lot.made_on) else "unregistered"


def available(picture: Picture, line: OrderLine, arrival: date) -> int:
    """Quantity free for the line in usable lots, what the order reserved already included."""
    return _free(lots_with_faults(picture, line, arrival))


def _free(lots: list[tuple[StockLot, str]]) -> int:
    return sum([lot.free for lot, fault in lots if not fault])


def shares(picture: Picture, arrival: date) -> dict[str, int]:
    """What each line can have, by line id: lines of one product share its stock, the first line first."""
    key = ("shares", picture.order.id, arrival)
    given: dict[str, int] | None = picture.memory.get(key)
    if given is None:
        left: dict[str, int] = {}
        given = picture.memory[key] = {}
        for line in picture.lines:
            own = available(picture, line, arrival)
            rest = min(own, left.get(line.product_id, own))
            given[line.id] = min(rest, line.quantity)
            left[line.product_id] = rest - given[line.id]
    return given


def all_available(picture: Picture, as_of: datetime) -> bool:
    """Every line can be met in full now."""
    given = shares(picture, picture.arrival(as_of))
    return all(given[line.id] >= line.quantity for line in picture.lines)


def _risk(product: Product) -> int:
    return product.risk_class or UNKNOWN_CLASS


@fact.register("line")
def line_facts(subject: Subject, as_of: datetime) -> Facts:
    """Each line with its product, papers and lots."""
    if subject.kind != "order":
        return []
    picture = picture_of(subject.id)
    given = shares(picture, picture.arrival(as_of))
    return [
        {
            **line_goods(picture, line, as_of),
            "line": line.line_no,
            "quantity": line.quantity,
            "value_fen": int(line.amount * 100),
            **_line_price(picture, line),
            "short": line.quantity - given[line.id],
        }
        for line in picture.lines
    ]


def line_goods(picture: Picture, line: OrderLine, as_of: datetime) -> dict[str, Any]:
    """What is the same of all lines by which a customer orders the product in one channel, under one contract."""
    lots = picture.lots.get(line.product_id)
    key = ("goods", line.product_id, id(picture.customer), id(picture.contract), id(lots), picture.order.channel, as_of)
    found: dict[str, Any] | None = picture.memory.get(key)
    if found is None:
        product = picture.products[line.product_id]
        found = picture.memory[key] = {
            **_line_product(product),
            **_line_papers(picture, line, as_of),
            **_line_lots(picture, line, picture.arrival(as_of)),
        }
    return found


def _line_product(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "product_name": product.name,
        "product_name_en": product.name_en or product.name,
        "risk_class": _risk(product),
        "implantable": product.implantable,
        "high_value": product.high_value,
        "cold_chain": product.cold_chain,
        "product_status": product.status,
        "udi_required": _risk(product) in profile.current().udi_classes,
        "udi_present": bool(product.udi_di),
    }


def _line_papers(picture: Picture, line: OrderLine, as_of: datetime) -> dict[str, Any]:
    today = clock.local_date(as_of)
    registered = _registered(picture.products[line.product_id], today)
    lapsed = registered["registration_on_file"] and registered["registration_days_left"] < 0
    return {
        **registered,
        "in_customer_scope": in_scope(picture.licences, picture, line, today),
        "in_our_scope": in_scope(picture.our_licences, picture, line, today),
        "made_after_registration": lapsed and available(picture, line, picture.arrival(as_of)) == 0,
        "region_authorised": region_authorised(picture, line, today),
    }


def _registered(product: Product, today: date) -> dict[str, Any]:
    registration = product.registration
    return {
        "registration_on_file": registration is not None,
        "registration_number": None if registration is None else registration.number,
        "registration_days_left": None if registration is None else registration.days_left(today),
    }


def _line_price(picture: Picture, line: OrderLine) -> dict[str, Any]:
    if picture.order.channel != "tender":
        return {"over_ceiling_fen": None, "in_award": True}
    awarded = None if picture.award is None else picture.award.line_for(line.product_id)
    ceiling: Decimal | None = line.price_ceiling if awarded is None else awarded.price_ceiling
    return {
        "over_ceiling_fen": None if ceiling is None else int((line.unit_price - ceiling) * 100),
        "in_award": awarded is not None,
    }


def _line_lots(picture: Picture, line: OrderLine, arrival: date) -> dict[str, Any]:
    return {
        **_counted(lots_with_faults(picture, line, arrival)),
        "required_shelf_days": picture.required_days(line, arrival),
    }


_COUNTED = {
    fault: f"lots_{fault or 'usable'}"
    for fault in ("recalled", "expired", "unreleased", "unreported", "short_dated", "")
}
"""By fault the fact that counts such lots; of the unregistered ones `made_after_registration` tells."""


def _counted(lots: list[tuple[StockLot, str]]) -> dict[str, Any]:
    counted: dict[str, Any] = dict.fromkeys(_COUNTED.values(), 0)
    for _lot, fault in lots:
        if fault in _COUNTED:
            counted[_COUNTED[fault]] += 1
    counted["available"] = _free(lots)
    return counted


@fact.register("product")
def product_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001 - every provider is called alike
    """What the order contains, over all lines."""
    if subject.kind != "order":
        return []
    picture = picture_of(subject.id)
    products = picture.products.values()
    return [
        {
            "max_risk_class": max((_risk(product) for product in products), default=UNKNOWN_CLASS),
            "any_implant": any(product.implantable for product in products),
            "any_life_supporting": any(product.life_supporting for product in products),
            "any_sterile": any(product.sterile for product in products),
            "any_cold_chain": any(product.cold_chain for product in products),
            "any_high_value": any(product.high_value for product in products),
            "any_without_substitute": any(picture.substitutes.get(product.id, 0) == 0 for product in products),
        }
    ]


@fact.register("stock")
def stock_facts(subject: Subject, as_of: datetime) -> Facts:
    """What can be served from stock, over all lines."""
    if subject.kind != "order":
        return []
    picture = picture_of(subject.id)
    arrival = picture.arrival(as_of)
    given = shares(picture, arrival)
    short = [line for line in picture.lines if given[line.id] < line.quantity]
    ordered = sum(line.quantity for line in picture.lines)
    ratios = [
        line.quantity * 1000 // picture.usual[line.product_id]
        for line in picture.lines
        if line.product_id in picture.usual
    ]
    return [
        {
            "all_available": not short,
            "short_lines": len(short),
            "fill_permille": sum(given.values()) * 1000 // ordered if ordered else 0,
            "near_expiry_lines": _near_expiry(picture, arrival),
            "quantity_ratio_permille": max(ratios, default=None),
            "constrained": any(line.product_id in picture.contested for line in short),
        }
    ]


def _near_expiry(picture: Picture, arrival: date) -> int:
    """Of so many lines the lot that would go first expires soon after arrival and is still good enough for the
    customer."""
    found, limit = 0, arrival + timedelta(days=profile.current().near_expiry_days)
    for line in picture.lines:
        for lot, fault in lots_with_faults(picture, line, arrival):
            if lot.free and not fault:
                found += lot.expires_on is not None and lot.expires_on <= limit
                break
    return found


@fact.register("transport")
def transport_facts(subject: Subject, as_of: datetime) -> Facts:
    """What the way to the customer demands."""
    if subject.kind != "order":
        return []
    picture = picture_of(subject.id)
    today = clock.local_date(as_of)
    cold = any(product.cold_chain for product in picture.products.values())
    tomorrow = (today + timedelta(days=1)).weekday()
    return [
        {
            "slow_lane_breaks_date": (picture.order.requested_date - today).days < picture.region.lane_days_p95,
            "last_cold_dispatch_day": cold and tomorrow in profile.current().cold_rest_days,
        }
    ]


@fact.register("qc")
def qc_facts(subject: Subject, as_of: datetime) -> Facts:
    """What quality control must do first, over all lines."""
    if subject.kind != "order":
        return []
    picture = picture_of(subject.id)
    arrival = picture.arrival(as_of)
    given = shares(picture, arrival)
    waiting = sum(_waits_for_release(picture, line, given[line.id], arrival) for line in picture.lines)
    slack = (picture.order.requested_date - arrival).days
    return [
        {
            "lines_waiting_release": waiting,
            "inspection_needed": any(product.needs_inspection for product in picture.products.values()),
            "slack_below_test_time": waiting > 0 and slack < profile.current().full_test_days,
        }
    ]


def _waits_for_release(picture: Picture, line: OrderLine, given: int, arrival: date) -> bool:
    """The line is short, and what lies in quarantine would serve it."""
    if given >= line.quantity:
        return False
    required = picture.required_days(line, arrival)
    waiting = sum(
        lot.free
        for lot in picture.lots.get(line.product_id, ())
        if lot.status == QUARANTINED and usable_on(lot, arrival, spare_days=required)
    )
    return line.quantity <= given + waiting
