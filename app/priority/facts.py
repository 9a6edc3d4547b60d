"""Facts of an order for the rules, typed by rules/facts.yaml: the order itself, its customer, papers and standing.

Numbers are counted here, for the moment `as_of`, so that rules only compare. What nothing in Youxu records yet (theatre
schedules, fill rates, carrier cut-offs …) is left to the default that facts.yaml names; it is never guessed.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.catalog import queries as catalog
from app.core import clock, workdays
from app.core.subject import Subject
from app.decisions.facts import always_of, fact
from app.priority import columns as columns
from app.priority import facts_goods as facts_goods
from app.priority import facts_steering as facts_steering
from app.priority import profile
from app.priority.picture import Picture, picture_of

Facts = list[dict[str, Any]]

ORDER_KINDS = (
    "order",
    "customer",
    "credit",
    "contract",
    "award",
    "authorisation",
    "product",
    "stock",
    "region",
    "transport",
    "qc",
    "compliance",
    "line",
    "priority",
    "reservation",
    "override",
    "quota",
    "commercial",
    "mode",
)
"""Kinds of facts that an order has."""
for _kind in ("order", "customer", "credit", "product", "stock", "region", "transport", "qc", "compliance"):
    always_of(_kind, "order", "change", "shipment", "task")
always_of("task", "task")


def fen(amount: Decimal) -> int:
    """An amount of money in hundredths."""
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def days_until(day: date | None, as_of: datetime) -> int | None:
    """Days from the business date of the moment; negative when past."""
    return None if day is None else (day - clock.local_date(as_of)).days


def slack_days(picture: Picture, as_of: datetime) -> int:
    """Days that may still be lost before the order comes late; negative when it is late already.

    Measured against the requested date: until planning exists the promise date is itself counted from today and the
    lane, and the slack against it would be zero for every order.
    """
    return (picture.order.requested_date - clock.local_date(as_of)).days - picture.region.lane_days_p50


def working_days(start: datetime, end: datetime) -> int:
    """Whole working days between two moments, by the working calendar."""
    return workdays.between(start, end)


def waited(picture: Picture, as_of: datetime) -> int:
    """Whole working days since the order was submitted."""
    start = picture.order.submitted_at
    found: int = picture.once(("waited", start, as_of), lambda: working_days(start, as_of))
    return found


def _subject(subject: Subject) -> Picture | None:
    return picture_of(subject.id) if subject.kind == "order" else None


@fact.register("order")
def order_facts(subject: Subject, as_of: datetime) -> Facts:
    """The order as a whole."""
    picture = _subject(subject)
    if picture is None:
        return []
    order = picture.order
    hours = None if order.surgery_at is None else int((order.surgery_at - as_of).total_seconds() // 3600)
    return [
        {
            "number": order.number,
            "channel": order.channel,
            "order_type": order.order_type,
            "line_count": len(order.lines),
            "total_fen": fen(order.total),
            "hours_to_surgery": hours,
            "days_to_requested": days_until(order.requested_date, as_of),
            "slack_days": slack_days(picture, as_of),
            "waiting_wdays": waited(picture, as_of),
            "po_present": bool(order.hospital_po),
        }
    ]


@fact.register("customer")
def customer_facts(subject: Subject, as_of: datetime) -> Facts:
    """The customer who ordered."""
    picture = _subject(subject)
    if picture is None:
        return []
    today = clock.local_date(as_of)
    return [{**picture.once(("customer", id(picture.customer), today), lambda: _customer(picture, today))}]


def _customer(picture: Picture, today: date) -> dict[str, Any]:
    customer = picture.customer
    return {
        "code": customer.code,
        "name": customer.name,
        "name_en": customer.name_en or customer.name,
        "kind": customer.kind,
        "tier": customer.tier,
        "status": customer.status,
        "licence_valid": any(licence.valid_on(today) for licence in picture.licences),
        "licence_days_left": max((licence.days_left(today) for licence in picture.licences), default=None),
        "cold_capable": customer.cold_capable,
    }


@fact.register("credit")
def credit_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001 - every provider is called alike
    """How the customer stands with its debts, this order included."""
    picture = _subject(subject)
    if picture is None:
        return []
    customer = picture.customer
    return [
        {
            "overdue_days": customer.overdue_days,
            "over_limit_fen": fen(customer.credit_used + picture.order.total - customer.credit_limit),
            "prepaid": customer.prepaid,
        }
    ]


@fact.register("contract")
def contract_facts(subject: Subject, as_of: datetime) -> Facts:
    """The contract the order names, if it is in force today."""
    picture = _subject(subject)
    if picture is None or not contract_in_force(picture, as_of):
        return []
    contract = picture.contract
    assert contract is not None  # noqa: S101 - in force, so there is one
    penalty = picture.order.total * (contract.penalty_pct_day or Decimal(0)) / 100
    return [
        {
            "number": contract.number,
            "sla_hours": contract.sla_hours,
            "penalty_fen_per_day": fen(penalty),
            "penalty_permille_per_day": int((contract.penalty_pct_day or Decimal(0)) * 10),
            "days_left": contract.days_left(clock.local_date(as_of)),
        }
    ]


def contract_in_force(picture: Picture, as_of: datetime) -> bool:
    """The order names a contract of this customer that holds today."""
    contract = picture.contract
    return (
        contract is not None
        and contract.status == "active"
        and contract.customer_id == picture.customer.id
        and contract.valid_on(clock.local_date(as_of))
    )


@fact.register("award")
def award_facts(subject: Subject, as_of: datetime) -> Facts:
    """The tender award the order names."""
    picture = _subject(subject)
    if picture is None or picture.award is None:
        return []
    award, today = picture.award, clock.local_date(as_of)
    ordered: dict[str, int] = {}
    for line in picture.lines:
        ordered[line.product_id] = ordered.get(line.product_id, 0) + line.quantity
    drawn = 0  # of what it orders, that much is in `consumed_qty` already
    if picture.order.status == "released":
        drawn = catalog.drawn_on_award(picture.order.id, award.id)
    lines = [line for line in award.lines if line.product_id in ordered]
    length = max(1, (award.valid_to - award.valid_from).days + 1)
    elapsed = min(max((today - award.valid_from).days, 0), length)
    committed = sum(line.committed_qty for line in award.lines)
    consumed = sum(line.consumed_qty for line in award.lines)
    return [
        {
            "number": award.number,
            "valid": award_valid(picture, as_of),
            "days_left": award.days_left(today),
            "remaining_quantity": sum(
                line.committed_qty - line.consumed_qty - ordered[line.product_id] for line in lines
            )
            + drawn,
            "behind_plan": committed > 0 and consumed * length < committed * elapsed,
        }
    ]


def award_valid(picture: Picture, as_of: datetime) -> bool:
    """The award is in force today and was made for this customer or its region."""
    award = picture.award
    return (
        award is not None
        and award.valid_on(clock.local_date(as_of))
        and (award.customer_id in (None, picture.customer.id))
        and (award.region_code in (None, picture.customer.region_code))
    )


@fact.register("authorisation")
def authorisation_facts(subject: Subject, as_of: datetime) -> Facts:
    """The authorisation the order names."""
    picture = _subject(subject)
    if picture is None or picture.named_authorisation is None:
        return []
    found, today = picture.named_authorisation, clock.local_date(as_of)
    return [
        {
            "number": found.number,
            "valid": found.valid_on(today) and found.grantee_customer_id == picture.customer.id,
            "days_left": found.days_left(today),
        }
    ]


@fact.register("compliance")
def compliance_facts(subject: Subject, as_of: datetime) -> Facts:
    """Papers over all lines."""
    picture = _subject(subject)
    if picture is None:
        return []
    today = clock.local_date(as_of)
    missing = _missing_papers(picture, as_of)
    registrations = [product.registration for product in picture.products.values()]
    days = [None if one is None else one.days_left(today) for one in registrations]
    valid = (
        any(licence.valid_on(today) for licence in picture.licences)
        and any(licence.valid_on(today) for licence in picture.our_licences)
        and all(left is not None and left >= 0 for left in days)
        and all(_covered(facts_goods.line_goods(picture, line, as_of)) for line in picture.lines)
    )
    return [
        {
            "documents_missing": missing,
            "documents_complete": missing == 0 and valid,
            "registration_days_left": None if None in days else min((d for d in days if d is not None), default=None),
            "our_licence_valid": any(licence.valid_on(today) for licence in picture.our_licences),
        }
    ]


def _covered(goods: dict[str, Any]) -> bool:
    return bool(goods["region_authorised"] and goods["in_customer_scope"] and goods["in_our_scope"])


def _missing_papers(picture: Picture, as_of: datetime) -> int:
    """How many papers that the channel and the order type demand are not there."""
    order, rules = picture.order, profile.current()
    wanted = {
        *rules.channel_documents.get(order.channel, ()),
        *rules.order_type_documents.get(order.order_type, ()),
    }
    if not wanted:
        return 0
    present = {
        "award": award_valid(picture, as_of),
        "authorisation": picture.named_authorisation is not None,
        "contract": contract_in_force(picture, as_of),
        "hospital_po": bool(order.hospital_po),
    }
    return sum(not present[name] for name in wanted)


@fact.register("region")
def region_facts(subject: Subject, as_of: datetime) -> Facts:
    """Where the goods go."""
    picture = _subject(subject)
    if picture is None:
        return []
    region, today = picture.region, clock.local_date(as_of)
    return [
        {
            "code": region.code,
            "lane_days_p50": region.lane_days_p50,
            "lane_days_p95": region.lane_days_p95,
            "cold_lane": region.cold_lane,
            "unauthorised_lines": sum(
                not facts_goods.region_authorised(picture, line, today) for line in picture.lines
            ),
            "local_warehouse": picture.local_warehouse,
        }
    ]


@fact.register("priority")
def priority_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """The current standing; none before the first assessment."""
    picture = _subject(subject)
    if picture is None or picture.standing is None:
        return []
    standing = picture.standing
    return [{"band": standing.band, "score": standing.score, "blocked": standing.blocked}]


@fact.register("reservation")
def reservation_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """How far active reservations cover the order; none before stock was reserved."""
    picture = _subject(subject)
    if picture is None:
        return []
    short = [max(0, line.quantity - picture.reserved.get(line.id, 0)) for line in picture.lines]
    return [
        {
            "short_quantity": sum(short),
            "short_lines": sum(quantity > 0 for quantity in short),
            "reserved_quantity": sum(picture.reserved.values()),
        }
    ]
