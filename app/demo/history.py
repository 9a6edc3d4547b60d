"""A month of work, simulated: orders come in, people decide them in the inbox, each act at its own moment.

Everything goes through the same verbs as in daily use, with the clock moved to the moment of the act, so audit trail,
decisions, stock and processes tell one true story. What would happen after now has not happened: it waits in inboxes.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.catalog import queries as catalog
from app.core import clock
from app.core.db import transaction
from app.core.permissions import Actor
from app.core.subject import Subject
from app.demo import wishes
from app.demo.master import World, quantity_of
from app.fulfilment import deciding, intake
from app.inventory import service as inventory
from app.orders import queries as orders
from app.orders.models import Order
from app.processes import queries as processes
from app.tasks import queries as inbox
from app.tasks import service as tasks
from app.tasks.models import Task

DAYS = 30
ORDERS = 340
Act = Callable[[], None]
_APPROVALS = ((0.88, "approve", "同意"), (0.07, "rework", "请核对数量与要求日期"), (0.05, "reject", "超出本季度协议量"))
USUAL_ANSWERS = {
    "approve": _APPROVALS,
    "second_approval": _APPROVALS,
    "joint_approval": _APPROVALS,
    "approve_afterwards": ((0.96, "approve", "急救属实，同意放行"), (0.02, "reject", "手术并未安排，不应先行放行")),
    "resolve_blocks": ((0.55, "reject", "资质不符，无法供货"), (0.33, "rework", "请按提示更正后重新提交")),
    "resolve_shortage": ((0.7, "recheck", "到货后再次检查库存"), (0.1, "reject", "本季度无货源")),
}
"""Share, outcome and reason at each user task of the diagram; the rest lets the task lie."""


@dataclass(order=True)
class _Due:
    at: datetime
    turn: int
    act: Act = field(compare=False)


class History:
    """The agenda of the simulation: acts in the order of their moments."""

    def __init__(self, world: World, team: dict[str, Actor], rng: random.Random, until: datetime) -> None:
        self.world, self.team, self.rng, self.until = world, team, rng, until
        self.agenda: list[_Due] = []
        self.turns = itertools.count()

    def plan(self, at: datetime, act: Act) -> None:
        """Let it happen then, if then is not after now."""
        if at <= self.until:
            heapq.heappush(self.agenda, _Due(at, next(self.turns), act))

    def run(self, say: Callable[[int, int], None]) -> None:
        """Let everything happen that was planned or comes of it; `say(done, planned)` tells how far it is."""
        done = 0
        while self.agenda:
            due = heapq.heappop(self.agenda)
            with clock.moved(_running_from(due.at)), transaction():
                due.act()
            done += 1
            if done % 200 == 0:
                say(done, done + len(self.agenda))

    def plan_orders(self, start: datetime) -> None:
        """Orders come in during working hours, more of them lately."""
        for number in range(ORDERS):
            share = (number / ORDERS) ** 0.5
            moment = start + (self.until - start) * share
            local = clock.local(moment)
            hour = min(max(local.hour, 8), 18)
            moment = min(local.replace(hour=hour, minute=self.rng.randrange(60)), self.until)
            self.plan(moment, lambda number=number: self.order(number))  # type: ignore[misc]

    def order(self, number: int) -> None:
        """A customer orders."""
        given = wishes.draw(self.world, self.rng, number)
        who = self.team[self.rng.choice(("sales", "sales2", "desk"))]
        taken = intake.take_in(who, given, None)
        self.expect(taken.order.id)

    def expect(self, order_id: str) -> None:
        """Somebody will look at the order's open task some hours from now; at an emergency's within four."""
        urgent = any(
            task.element_id == "approve_afterwards" for task in inbox.open_tasks_of(Subject("order", order_id))
        )
        hours = min(self.rng.lognormvariate(2.2, 0.9), 3.5 if urgent else 90)
        self.plan(clock.now() + timedelta(hours=hours), lambda: self.decide(order_id))

    def decide(self, order_id: str) -> None:
        """Whoever may decide the order's task does so."""
        for task in inbox.open_tasks_of(Subject("order", order_id)):
            who = self.who_may(task)
            if who is None:
                continue
            answers = self.answer(task)
            if answers is None:
                continue
            order = orders.get_order(order_id)
            if task.element_id == "rework":
                self.rework(who, order)
            else:
                if (task.element_id, answers["outcome"]) == ("resolve_shortage", "recheck"):
                    self.deliver(order)
                tasks.claim(who, task.id)
                meaning = processes.work_of(task).signature
                signed = deciding.unseen(task, meaning, "invented") if meaning else None
                deciding.complete(who, task.id, answers, seen_version=order.version, signed=signed)
            self.expect(order_id)
            return

    def who_may(self, task: Task) -> Actor | None:
        """One of the team who is a candidate and not excluded."""
        wanted = inbox.candidates_of(task.id)
        able = [
            actor
            for _login, actor in sorted(self.team.items())
            if actor.id not in task.excluded_user_ids
            and "admin" not in actor.roles
            and (actor.id == task.assignee_id or actor.id in wanted["user"] or actor.roles & set(wanted["group"]))
        ]
        return self.rng.choice(able) if able else None

    def answer(self, task: Task) -> dict[str, str] | None:
        """What people usually say there; None when they let it lie."""
        chance = self.rng.random()
        for share, outcome, reason in USUAL_ANSWERS.get(task.element_id, ((1.0, "resubmit", ""),)):
            if chance < share:
                return {"outcome": outcome, "reason": reason} if outcome else None
            chance -= share
        return None

    def deliver(self, order: Order) -> None:
        """Goods for the order arrive, pass inspection and are released."""
        for line in order.lines:
            product, made_on = catalog.get_product(line.product_id), clock.today() - timedelta(days=20)
            lot = inventory.receive(
                self.team["warehouse"],
                product,
                self.world.warehouses[0],
                {
                    "lot_no": f"{made_on:%y%m%d}{product.sku[-3:]}R{next(self.turns)}",
                    "made_on": made_on.isoformat(),
                    "expires_on": (made_on + timedelta(days=product.shelf_life_days or 1095)).isoformat(),
                    **quantity_of(product, line.quantity * 2, f"R{next(self.turns):05d}"),
                    "document": f"RC-{order.number}",
                },
                inspected=True,
            )
            inventory.release_lot(self.team["qa"], lot, reason="到货检验合格放行", report_no=f"JY-{lot.lot_no}")

    def rework(self, who: Actor, order: Order) -> None:
        """The submitter corrects the quantity, or gives up."""
        if self.rng.random() < 0.2:
            intake.withdraw(who, order.id, reason="客户取消需求", seen_version=order.version)
            return
        lines = [
            {
                "product": line.product_id,
                "quantity": max(1, line.quantity // 2),
                "unit_price": str(line.unit_price),
                "price_ceiling": None if line.price_ceiling is None else str(line.price_ceiling),
            }
            for line in order.lines
        ]
        intake.change(who, order.id, {"lines": lines}, seen_version=order.version)


def _running_from(start: datetime) -> Callable[[], datetime]:
    """A clock that shows `start` and goes on a millisecond at each look, so that nothing happens twice at once."""
    ticks = itertools.count()
    return lambda: start + timedelta(milliseconds=next(ticks))
