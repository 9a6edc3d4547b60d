"""Reads that put several slices together: an order with all around it, rows of the inbox, the global search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.errors import Forbidden
from app.core.i18n import LazyString, _, _l, named, pick, show_ago
from app.core.paging import Page
from app.core.permissions import Actor
from app.core.subject import Subject
from app.decisions import queries as decisions
from app.decisions.models import Decision
from app.identity import queries as identity
from app.identity.roles import ROLES
from app.inventory import queries as inventory
from app.inventory.models import Reservation
from app.orders import queries as orders
from app.orders.models import Order, OrderLine, OrderStatus
from app.priority import queries as priority
from app.priority.models import OrderStanding
from app.processes import queries as processes
from app.processes.models import InstanceStatus
from app.tasks import lists as task_lists
from app.tasks import queries as tasks
from app.tasks.models import Task, TaskStatus
from app.tasks.showing import about_each


class NotYourTask(Forbidden):
    """The task is for others and not about anything of yours."""

    message = _l("This task is for other people.")


@dataclass(frozen=True)
class LineView:
    """A line with its product and what is reserved for it."""

    line: OrderLine
    product: Product
    reservations: list[Reservation]


@dataclass(frozen=True)
class OrderView:
    """An order with what its page shows."""

    order: Order
    customer: Customer
    lines: list[LineView]
    standing: OrderStanding | None
    place: int | None
    open_tasks: list[Task]
    candidates: dict[str, list[str]]
    """Names of the roles that may take each open task, by task id."""
    names: dict[str, str]
    instance_id: str | None
    next_step: str
    tone: str


def order_view(order_id: str) -> OrderView:
    """Everything the order page shows but history and papers. Raises OrderNotFound."""
    order = orders.get_order(order_id)
    customer = catalog.get_customer(order.customer_id)
    products = catalog.products_of(line.product_id for line in order.lines)
    kept: dict[str, list[Reservation]] = defaultdict(list)
    for reservation in inventory.reservations_of(order_id):
        kept[reservation.order_line_id].append(reservation)
    standing = priority.standing_or_none(order_id)
    waiting = tasks.open_tasks_of(Subject("order", order_id))
    candidates = {task.id: role_names(tasks.candidates_of(task.id)["group"]) for task in waiting}
    names = identity.names_of([order.submitted_by, *(task.assignee_id or "" for task in waiting)])
    instance_id = _instance_id(Subject("order", order_id))
    sentence, tone = next_step(order, waiting, candidates, names)
    return OrderView(
        order=order,
        customer=customer,
        lines=[LineView(line, products[line.product_id], kept[line.id]) for line in order.lines],
        standing=standing,
        place=priority.place_of(standing) if standing and order.is_open else None,
        open_tasks=waiting,
        candidates=candidates,
        names=names,
        instance_id=instance_id,
        next_step=sentence,
        tone=tone,
    )


def _instance_id(subject: Subject) -> str | None:
    """The instance that runs, else the newest."""
    found = processes.instances_of(subject)
    running = [one.id for one in found if one.status == InstanceStatus.RUNNING]
    return next(iter([*running, *(one.id for one in found)]), None)


def role_names(roles: Sequence[str]) -> list[str]:
    """Names of roles in the reader's language."""
    return [pick(ROLES.get(role, {"en": role, "zh": role})) for role in roles]


CLOSED: dict[str, tuple[LazyString, str]] = {
    OrderStatus.RELEASED: (_l("Released: the goods are reserved and can be shipped."), "success"),
    OrderStatus.REJECTED: (_l("Rejected: nothing more happens. The reason stands in the history."), "danger"),
    OrderStatus.CANCELLED: (_l("Cancelled: nothing more happens."), "neutral"),
    OrderStatus.WITHDRAWN: (_l("Withdrawn by its submitter: nothing more happens."), "neutral"),
}


def next_step(
    order: Order, waiting: Sequence[Task], candidates: dict[str, list[str]], names: dict[str, str]
) -> tuple[str, str]:
    """What happens next, in words, and the tone to say it in."""
    if order.status in CLOSED:
        sentence, tone = CLOSED[order.status]
        return str(sentence), tone
    if not waiting:
        return _("The process is working on it."), "info"
    said = [_waits_for(task, candidates.get(task.id, []), names) for task in waiting]
    late = any(task.due_at < clock.now() for task in waiting)
    return " ".join(said), "danger" if late else "warning" if waiting[0].blocked else "info"


def _waits_for(task: Task, groups: list[str], names: dict[str, str]) -> str:
    due = show_ago(task.due_at)
    what = pick(task.name)
    if task.assignee_id:
        who = names.get(task.assignee_id, task.assignee_id)
        return _("Waits for %(who)s, who has the task “%(task)s” (due %(due)s).", who=who, task=what, due=due)
    who = _(", ").join(groups) or _("somebody")
    return _("Waits for %(who)s to take the task “%(task)s” (due %(due)s).", who=who, task=what, due=due)


@dataclass(frozen=True)
class InboxRow:
    """A task with what one needs to choose among tasks."""

    task: Task
    order: Order | None
    about: str
    """Its customer, or what a task about anything but an order is about."""
    why: str
    holder: str
    overdue: bool


def inbox_rows(page: Page[Task]) -> Page[InboxRow]:
    """The tasks of a page as rows; four statements and a few for each kind of subject, however many tasks."""
    order_ids = {task.subject_id for task in page.items if task.subject_kind == "order"}
    found = orders.orders_by_id(order_ids, lines=False)
    standings = priority.standings_of(order_ids)
    customers = _customer_names({order.customer_id for order in found.values()})
    told = about_each(page.items)
    names = identity.names_of(task.assignee_id or task.completed_by or "" for task in page.items)
    now = clock.now()
    rows = []
    for task in page.items:
        order, standing = found.get(task.subject_id), standings.get(task.subject_id)
        rows.append(
            InboxRow(
                task=task,
                order=order,
                about=customers.get(order.customer_id, "") if order else told.get(task.id, ""),
                why=pick(standing.why) if standing else "",
                holder=names.get(task.assignee_id or task.completed_by or "", ""),
                overdue=task.status == TaskStatus.OPEN and task.due_at < now,
            )
        )
    return Page(rows, page.number, page.size, page.total)


def _customer_names(ids: set[str]) -> dict[str, str]:
    columns = select(Customer.id, Customer.name, Customer.name_en).where(Customer.id.in_(ids))
    return {row.id: named(row) for row in session().execute(columns)} if ids else {}


def task_for(actor: Actor, task_id: str) -> Task:
    """The task if the actor may see it. Raises NotFound, NotYourTask."""
    task = tasks.get_task(task_id)
    if not tasks.may_see(actor, task):
        raise NotYourTask
    return task


def next_task(actor: Actor, after: Task) -> Task | None:
    """What the actor could do next: first what they hold, then what their groups have."""
    for which in ("mine", "groups"):
        found = next((task for task in task_lists.first_of(actor, which, 2) if task.id != after.id), None)
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class Found:
    """What a search found; each list is bounded."""

    orders: list[Order]
    customers: list[Customer]
    products: list[Product]
    customer_names: dict[str, str]

    @property
    def count(self) -> int:
        """How many hits are shown."""
        return len(self.orders) + len(self.customers) + len(self.products)


SHOWN_ORDERS = 20


def search(text: str) -> Found:
    """Orders by number, external reference or surgery number; customers; products by SKU, UDI or name."""
    text = text.strip()
    if not text:
        return Found([], [], [], {})
    products = catalog.search_products(text)
    exact = catalog.find_product(text)
    if exact is not None and exact not in products:
        products.insert(0, exact)
    found = _search_orders(text)
    return Found(
        orders=found,
        customers=catalog.search_customers(text),
        products=products,
        customer_names=_customer_names({order.customer_id for order in found}),
    )


def _search_orders(text: str) -> list[Order]:
    part: Any = f"%{priority.escaped(text)}%"
    wanted = (
        select(Order)
        .where(
            or_(
                Order.number.ilike(part, escape="\\"),
                Order.external_ref.ilike(part, escape="\\"),
                Order.surgery_number.ilike(part, escape="\\"),
                Order.hospital_po.ilike(part, escape="\\"),
            )
        )
        .order_by(Order.submitted_at.desc(), Order.id.desc())
        .limit(SHOWN_ORDERS)
    )
    return list(session().scalars(wanted))


def name_of(user_id: str | None) -> str:
    """A person's name; empty for none."""
    return identity.names_of([user_id]).get(user_id, user_id) if user_id else ""


@dataclass(frozen=True)
class Trace:
    """The decision of the gateway that opened a task."""

    gateway: str
    rule_set: str
    decision: Decision


def trace_of(task: Task) -> Trace | None:
    """The last rule decision on the way to the task; None when no gateway came before it."""
    decided, last = None, None
    for event in processes.events_of(task.source_id):
        if event.kind == "decided" and event.decision_id:
            decided = event
        elif event.kind == "entered" and event.element_id == task.element_id and event.at <= task.created_at:
            last = decided
    if last is None or last.decision_id is None:
        return None
    names = processes.diagram_state(task.source_id)["names"]
    decision = decisions.get_decision(last.decision_id)
    gateway = pick(names.get(last.element_id)) or last.element_id
    return Trace(gateway, pick(decisions.version_of(decision).name), decision)


def asked_before(task: Task) -> tuple[str, str]:
    """Who returned the order last and what they asked for, if the task follows from it; else two empty texts."""
    done = [
        one
        for one in tasks.tasks_of(task.subject)
        if one.source_id == task.source_id and one.completed_at and one.completed_at <= task.created_at
    ]
    last = max(done, key=lambda one: (one.completed_at, one.id), default=None)
    answers = (last.answers if last else None) or {}
    if last is None or answers.get("outcome") != "rework":
        return "", ""
    return name_of(last.completed_by), str(answers.get("reason") or "")
