"""A day of the house: supplies come, orders are placed, nobody clicks; until all is delivered and quiet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests.partners.crm import Crm, Placed
from tests.partners.erp import Erp, Supply
from tests.partners.faults import Rates
from tests.partners.house import COLD, CUSTOMERS, WAREHOUSE, WARM
from tests.partners.mes import Mes
from tests.partners.partner import Partner
from tests.partners.reckoning import Reckoning, reckon
from tests.partners.setting_up import KEEPER, Accounts, CommandLine, connect
from tests.partners.tms import Tms
from tests.partners.wire import Youxu
from tests.partners.wms import Wms

PRICE, LARGE = "40.00", 600
QUIET = 3
"""So often nothing may be found to do before the day is over."""


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass
class Plan:
    """What is ordered and supplied."""

    orders: list[Placed] = field(default_factory=list)
    supplies: list[Supply] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    """Lots that fail their inspection."""


def plan(seed: int, count: int, tag: str) -> Plan:
    """So many orders of one or two lines, one in fifteen so large that the order desk approves it, one in eleven that is
    cancelled at once; supplies for all of them in three lots a product, one of all is bad."""
    die, made = random.Random(f"plan {seed}"), Plan()
    wanted = (_today() + timedelta(days=12)).isoformat()
    products = [f"GOODS-{number}" for number in range(1, WARM + COLD + 1)]
    needed = dict.fromkeys(products, 0)
    for number in range(1, count + 1):
        lines = []
        for sku in die.sample(products, die.choice((1, 1, 2))):
            quantity = LARGE if number % 15 == 3 and not lines else die.randint(1, 20)
            needed[sku] += quantity
            lines.append((sku, quantity, PRICE))
        customer = f"H-{die.randint(1, CUSTOMERS):04d}"
        minded = number % 11 == 5
        made.orders.append(Placed(f"{tag}-PO-{number:04d}", customer, wanted, tuple(lines), changes_mind=minded))
    for sku, units in needed.items():
        half = (units + 1) // 2 + 10
        lots = (("A", half), ("B", half), ("C", units))  # so much that a lot may be written off where a unit is missing
        made.supplies += [Supply(sku, f"{tag}-{sku[-1]}{letter}", size) for letter, size in lots if units]
    made.bad = {die.choice(made.supplies).lot}
    return made


@dataclass
class Day:
    """The partners and their plan."""

    partners: dict[str, Partner]
    plan: Plan
    ids: dict[str, str]
    keeper: Youxu
    placed: dict[str, str] = field(default_factory=dict)
    """Message that placed it, by reference of the order."""


def begin(
    url: str, flask: CommandLine, *, seed: int, orders: int, rates: Rates, token: str = "", at_once: int = 1
) -> Day:
    """Set everybody up and let supplies and orders begin."""
    accounts = Accounts(url, flask, at_once)
    keeper = Youxu(url, token or accounts.make("keeper", KEEPER)[2])
    crm, erp, mes, wms, tms = (kind(seed, rates) for kind in (Crm, Erp, Mes, Wms, Tms))
    partners: dict[str, Partner] = {one.name: one for one in (crm, erp, mes, wms, tms)}
    made = plan(seed, orders, accounts.tail)
    mes.bad_lots = made.bad
    erp.warehouse = WAREHOUSE
    erp.made, erp.expires = ((_today() + timedelta(days=days)).isoformat() for days in (-100, 900))
    day = Day(partners, made, connect(accounts, keeper, list(partners.values())), keeper)
    for supply in made.supplies:
        erp.receive(supply)
    for order in made.orders:
        day.placed[order.ref] = crm.place(order)
    return day


def last_until_quiet(day: Day, seconds: float, say: Callable[[str], None]) -> bool:
    """Wait until everything is delivered, said and heard; False when that takes longer."""
    crm, until, quiet, before = day.partners["crm"], time.monotonic() + seconds, 0, -1
    assert isinstance(crm, Crm)
    while time.monotonic() < until:
        there = len(crm.at_customers) + len(crm.given_up)
        if there != before:
            say(f"{there} of {len(day.plan.orders)} orders at their customers")
            before = there
        quiet = quiet + 1 if there == len(day.plan.orders) and _is_quiet(day) else 0
        if quiet == QUIET:
            return True
        time.sleep(0.5)
    return False


def _is_quiet(day: Day) -> bool:
    for name, partner in day.partners.items():
        if not partner.idle:
            return False
        ways = (
            (f"/hook-sources/{day.ids[name]}/events", "received"),
            (f"/hook-sources/{day.ids[name]}/events", "waiting"),
        )
        waits = (*ways, (f"/subscriptions/{day.ids[f'{name} hears']}/deliveries", "pending"))
        if any(day.keeper.ask("GET", path, state=state, size=1)["total"] for path, state in waits):
            return False
    return True


def end(day: Day, books: Callable[[], list[str]]) -> Reckoning:
    """Everybody goes home; what came of it."""
    for partner in day.partners.values():
        partner.end()
    return reckon(day.keeper, day.plan.orders, day.partners, day.ids, books)
