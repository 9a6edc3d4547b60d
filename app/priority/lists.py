"""Three ranked lists from the same facts: who acts first, who is delivered first, who needs it most.

A page costs a fixed number of statements, whatever there is: it reads one row more than it shows instead of counting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import exists, func, select
from sqlalchemy.orm import lazyload

from app.catalog.models import Customer
from app.core.db import session
from app.decisions.models import Decision
from app.identity import queries as identity
from app.identity.roles import ROLES
from app.orders.models import Order, OrderLine
from app.priority.models import OrderStanding
from app.priority.queries import OPEN, RANK_ORDER
from app.tasks.lists import asked, few_asked
from app.tasks.models import Task, TaskCandidate, TaskStatus

T = TypeVar("T")
SIZE = 50
LOOK_AT = 400
"""So many of the first tasks are looked at for the first one of each role; rarer roles are searched for."""
MOST_EXPORTED = 5_000


@dataclass(frozen=True)
class ListFilter:
    """Which orders to list; an empty field does not limit. `role` limits the list of tasks only."""

    region: str = ""
    channel: str = ""
    tier: str = ""
    product_id: str = ""
    role: str = ""


@dataclass(frozen=True)
class Slice(Generic[T]):
    """A page of a list that nobody counted: `more` says whether another follows."""

    items: list[T]
    number: int
    more: bool
    first: int
    """Place of the first item, from 1."""


@dataclass(frozen=True)
class Row:
    """An order in a list."""

    order: Order
    customer: Customer
    standing: OrderStanding
    stock: dict[str, Any] = field(default_factory=dict)
    """The stock facts of its ranking decision."""


@dataclass(frozen=True)
class Action:
    """An open task, the order it is about, who may take it and who has it."""

    task: Task
    order: Order
    customer: Customer
    standing: OrderStanding | None
    roles: list[str]
    holder: str


def delivery(given: ListFilter, number: int = 1, size: int = SIZE) -> Slice[Row]:
    """Unblocked open orders in the order in which they are served, with what is in stock for them."""
    statement = _standings(given).where(OrderStanding.blocked.is_(False)).order_by(*RANK_ORDER)
    found = _slice(statement, number, size)
    stocks = _stock_facts([standing.decision_id for standing, _order, _customer in found.items])
    rows = [
        Row(order, customer, standing, stocks.get(standing.decision_id, {}))
        for standing, order, customer in found.items
    ]
    return Slice(rows, found.number, found.more, found.first)


def need(given: ListFilter, number: int = 1, size: int = SIZE) -> Slice[Row]:
    """Open orders, blocked ones too, by how much the goods are needed; those without any are left out."""
    statement = (
        _standings(given)
        .where(OrderStanding.need_score > 0)
        .order_by(
            OrderStanding.need_score.desc(),
            OrderStanding.requested_date,
            OrderStanding.submitted_at,
            OrderStanding.number,
        )
    )
    found = _slice(statement, number, size)
    rows = [Row(order, customer, standing) for standing, order, customer in found.items]
    return Slice(rows, found.number, found.more, found.first)


def _standings(given: ListFilter) -> Any:
    return (
        select(OrderStanding, Order, Customer)
        .join(Order, Order.id == OrderStanding.order_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(_read_in_order(Order.status).in_(OPEN), *_conditions(given))
        .options(*_BRIEF)
    )


_BRIEF = (lazyload(Order.lines),)
"""Lists show no order lines."""


def _read_in_order(column: Any) -> Any:
    """The column, hidden from the planner: it shall walk the ranking and stop after a page, not collect and sort all
    that is open or all of a region."""
    return func.coalesce(column, "")


def _conditions(given: ListFilter) -> Iterator[Any]:
    if given.region:
        yield _read_in_order(Customer.region_code) == given.region
    if given.tier:
        yield _read_in_order(Customer.tier) == given.tier
    if given.channel:
        yield Order.channel == given.channel
    if given.product_id:
        # found once by the product, not asked of every order: that would cost orders × lines of the product
        yield Order.id.in_(select(OrderLine.order_id).where(OrderLine.product_id == given.product_id))


def _slice(statement: Any, number: int, size: int) -> Slice[Any]:
    start = (max(number, 1) - 1) * size
    rows = list(session().execute(statement.limit(size + 1).offset(start)))
    return Slice(rows[:size], max(number, 1), len(rows) > size, start + 1)


def _stock_facts(decision_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the ranking decisions knew of stock."""
    rows = session().execute(select(Decision.id, Decision.facts["stock"]).where(Decision.id.in_(decision_ids)))
    return {decision_id: stock[0] for decision_id, stock in rows if stock}


# ---- who acts first


def actions(given: ListFilter, number: int = 1, size: int = SIZE) -> Slice[Action]:
    """Open tasks by the rank of their orders; with a role only those it may take."""
    found = _slice(_tasks(given).order_by(Task.rank_key, Task.id), number, size)
    return Slice(_as_actions(found.items), found.number, found.more, found.first)


def first_actions(given: ListFilter) -> dict[str, Action]:
    """What each role does first, by role in the house's order; roles for which nothing waits are left out."""
    ahead = list(session().execute(_tasks(given).order_by(Task.rank_key, Task.id).limit(LOOK_AT)))
    found: dict[str, Any] = {}
    candidates = _candidates([row[0].id for row in ahead])
    for row in ahead:
        for role in candidates.get(row[0].id, ()):
            found.setdefault(role, row)
    if len(ahead) == LOOK_AT:
        found |= _far_behind([role for role in ROLES if role not in found], given)
    known = {role: found[role] for role in ROLES if role in found}
    made = _as_actions(list({row[0].id: row for row in known.values()}.values()))
    by_task = {action.task.id: action for action in made}
    return {role: by_task[row[0].id] for role, row in known.items()}


def _far_behind(roles: list[str], given: ListFilter) -> dict[str, Any]:
    """The first task of each of these roles, none of which is among the first ones: three statements for all of them,
    led by what these roles may take."""
    best: Any = (
        select(TaskCandidate.value, func.min(Task.rank_key))
        .join(Task, Task.id == TaskCandidate.task_id)
        .join(Order, Order.id == Task.subject_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(
            TaskCandidate.kind == "group",
            TaskCandidate.open,
            TaskCandidate.value.in_(roles),
            Task.subject_kind == "order",
            *_conditions(given),
        )
        .group_by(TaskCandidate.value)
    )
    keys = {str(role): str(key) for role, key in session().execute(best)}
    wanted = _tasks(given).where(Task.rank_key.in_(sorted(set(keys.values()))))
    rows = list(session().execute(wanted.order_by(Task.rank_key, Task.id))) if keys else []
    candidates = _candidates([row[0].id for row in rows])
    found: dict[str, Any] = {}
    for row in rows:
        for role in candidates.get(row[0].id, ()):
            if keys.get(role) == row[0].rank_key:
                found.setdefault(role, row)
    return found


def _tasks(given: ListFilter) -> Any:
    statement = (
        select(Task, Order, Customer)
        .join(Order, Order.id == Task.subject_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Task.status == TaskStatus.OPEN.value, _read_in_order(Task.subject_kind) == "order", *_conditions(given))
        .options(*_BRIEF)
    )
    return statement.where(_may_be_taken_by(given.role)) if given.role else statement


def _may_be_taken_by(role: str) -> Any:
    """The condition that the role is asked. A role of few tasks is led by these, else it is asked of task after task in
    the order in which they are wanted: past all of them for a role of none."""
    few = few_asked(None, {role})
    if few is not None:
        return Task.id.in_(few)
    return exists().where(TaskCandidate.task_id == Task.id, asked(None, {role}))


def _candidates(task_ids: Sequence[str]) -> dict[str, list[str]]:
    """Roles that may take each task."""
    rows = session().execute(
        select(TaskCandidate.task_id, TaskCandidate.value)
        .where(TaskCandidate.task_id.in_(task_ids), TaskCandidate.kind == "group", TaskCandidate.open)
        .order_by(TaskCandidate.task_id, TaskCandidate.value)
    )
    found: dict[str, list[str]] = {}
    for task_id, role in rows:
        found.setdefault(task_id, []).append(role)
    return found


def _as_actions(rows: Sequence[Any]) -> list[Action]:
    roles = _candidates([task.id for task, _order, _customer in rows])
    holders = identity.names_of(task.assignee_id or "" for task, _order, _customer in rows)
    standings = _standings_of([order.id for _task, order, _customer in rows])
    return [
        Action(
            task, order, customer, standings.get(order.id), roles.get(task.id, []), holders.get(task.assignee_id) or ""
        )
        for task, order, customer in rows
    ]


def _standings_of(order_ids: Sequence[str]) -> dict[str, OrderStanding]:
    rows = session().scalars(select(OrderStanding).where(OrderStanding.order_id.in_(order_ids)))
    return {row.order_id: row for row in rows}


# ---- everything, for a file


def everything(listed: Any, given: ListFilter) -> Iterator[Any]:
    """The rows of all pages of a list, at most MOST_EXPORTED."""
    number = 1
    while True:
        found = listed(given, number, 500)
        yield from found.items
        if not found.more or number * 500 >= MOST_EXPORTED:
            return
        number += 1
