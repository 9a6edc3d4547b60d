"""Finding the orders that may come late: a look every few minutes; each is told of once, when it becomes so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import and_, delete, exists, insert, or_, select

from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core import clock
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.identity.queries import users_with_role
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.models import OPEN, Order, OrderLine
from app.priority.models import OrderStanding
from app.risks import events, settings
from app.risks.judging import Moving, Pending, cause_of_moving, cause_of_pending
from app.risks.models import OrderRisk
from app.shipping.models import OPEN as HERE
from app.shipping.models import UNDER_WAY, Shipment, ShipmentLine
from app.tasks.notices import people_of, settle, tell_of_risks
from app.tasks.queries import open_tasks_of

PATH = "/risks"
AT_ONCE = 200
"""New risks told of in one look: the next look tells the others."""
OWNERS = {
    "in_inspection": ("qa_ra",),
    "short": ("purchasing",),
    "not_left": ("warehouse", "transport"),
    "too_late": ("planner",),
    "on_its_way": ("transport",),
    "coming_back": ("qa_ra",),
}
"""Roles that can do something about it; of the other causes whoever has the open task of the order."""
PLANNERS = ("planner",)
"""Who is told of every one."""


_ROLES = {*PLANNERS, *(role for roles in OWNERS.values() for role in roles)}


class Found(NamedTuple):
    """An order at risk."""

    order_id: str
    cause: str
    limit_on: date
    expected_on: date | None


def watch() -> tuple[int, int]:
    """Bring the risks up to date; how many are new and how many are over."""
    found = {one.order_id: one for one in (*_pending(), *_moving())}
    known = {one.order_id: one for one in session().scalars(select(OrderRisk))}
    over = [risk for order_id, risk in known.items() if order_id not in found]
    new = [one for order_id, one in sorted(found.items()) if order_id not in known][:AT_ONCE]
    _end(over)
    for order_id, risk in known.items():
        one = found.get(order_id)
        if one is not None and (risk.cause, risk.limit_on, risk.expected_on) != one[1:]:
            risk.cause, risk.limit_on, risk.expected_on = one[1:]
    _begin(new)
    return len(new), len(over)


def _pending() -> Iterable[Found]:
    """Orders that are not released yet. Four statements."""
    said, now = settings.figures(), clock.now()
    lanes = {region.code: region.lane_days_p50 for region in catalog.regions()}
    ahead = max(said.shortage_days, said.warn_hours // 24 + 1) + max(lanes.values(), default=0) + 1
    rows = (
        session()
        .execute(
            select(
                Order.id,
                Order.requested_date,
                Customer.region_code,
                OrderStanding.blocked,
                OrderStanding.promise_days,
            )
            .join(OrderStanding, OrderStanding.order_id == Order.id)
            .join(Customer, Customer.id == Order.customer_id)
            .where(Order.status.in_(OPEN), Order.requested_date <= clock.today() + timedelta(days=ahead))
        )
        .all()
    )
    lacks = _lacks()
    coming = stock.expected_many({product_id for lines in lacks.values() for product_id in lines}, on=clock.today())
    for order_id, wanted_on, region, blocked, days in rows:
        short = lacks.get(order_id, {})
        one = Pending(
            wanted_on=wanted_on,
            expected_on=None if short or days is None else clock.today() + timedelta(days=days),
            lane_days=lanes.get(region, 0),
            blocked=blocked,
            short=sum(short.values()),
            coming=sum(min(units, coming.get(product_id, 0)) for product_id, units in short.items()),
        )
        cause = cause_of_pending(one, now, said)
        if cause is not None:
            yield Found(order_id, cause, wanted_on, one.expected_on)


def _lacks() -> dict[str, dict[str, int]]:
    """What open orders lack, by order and product."""
    found: dict[str, dict[str, int]] = defaultdict(Counter)
    rows = session().execute(
        select(OrderLine.order_id, OrderLine.product_id, OrderLine.quantity - OrderLine.reserved)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.reserved < OrderLine.quantity, Order.status.in_(OPEN))
    )
    for order_id, product_id, units in rows:
        found[order_id][product_id] += units
    return found


def _moving() -> Iterable[Found]:
    """Shipments that have not been handed over; of several of an order the one that comes last. One statement."""
    today, late = clock.today(), Shipment.arrives_on > Order.requested_date
    brings = exists().where(
        ShipmentLine.shipment_id == Shipment.id, ShipmentLine.quantity > ShipmentLine.replaced
    )  # else others bring what it was to bring
    rows = session().execute(
        select(Order.id, Order.requested_date, Shipment.status, Shipment.leaves_on, Shipment.arrives_on)
        .join(Order, Order.id == Shipment.order_id)
        .where(
            brings,
            or_(
                and_(Shipment.status.in_(HERE), or_(Shipment.leaves_on < today, late)),
                and_(
                    Shipment.status.in_(UNDER_WAY),
                    or_(Shipment.status == "returning", Shipment.arrives_on < today, late),
                ),
            ),
        )
        .order_by(Shipment.arrives_on, Shipment.number)
    )
    for order_id, wanted_on, status, leaves_on, arrives_on in rows:
        cause = cause_of_moving(Moving(wanted_on, status, leaves_on, arrives_on), today)
        if cause is not None:
            yield Found(order_id, cause, wanted_on, arrives_on)


def _end(over: list[OrderRisk]) -> None:
    numbers = orders.numbers_of([one.order_id for one in over]) if over else {}
    for risk in over:
        events.tell_of_risk(events.IN_TIME, risk, numbers.get(risk.order_id, ""))
    if over:
        session().execute(delete(OrderRisk).where(OrderRisk.order_id.in_([one.order_id for one in over])))


def _begin(new: list[Found]) -> None:
    if not new:
        return
    now = clock.now()
    session().execute(insert(OrderRisk), [{**one._asdict(), "since": now} for one in new])
    numbers = orders.numbers_of([one.order_id for one in new])
    staff = {role: {user.id for user in users_with_role(role)} for role in _ROLES}
    counts: Counter[str] = Counter()
    for one in new:
        risk = OrderRisk(**one._asdict())
        events.tell_of_risk(events.AT_RISK, risk, numbers.get(one.order_id, ""))
        counts.update(_owners(one, staff))
    settle(PATH)
    for count in set(counts.values()):
        tell_of_risks(SYSTEM, PATH, count, [user for user, number in counts.items() if number == count])


def _owners(one: Found, staff: dict[str, set[str]]) -> set[str]:
    """Ids of those who can do something about it, and of the planners."""
    people = set().union(*(staff[role] for role in (*OWNERS.get(one.cause, ()), *PLANNERS)))
    if one.cause not in OWNERS:
        for task in open_tasks_of(Subject("order", one.order_id)):
            people.update(people_of(task))
    return people
