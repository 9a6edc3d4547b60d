"""A case as its pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core import clock
from app.inventory import queries as stock
from app.inventory.models import Lot
from app.orders import queries as orders
from app.orders.models import Order
from app.priority import queries as priority
from app.priority import service as ranking
from app.recalls import clocks, queries
from app.recalls.counting import Position, Standing, standing_of
from app.recalls.freezing import promises_of
from app.recalls.models import COUNTS, RecallCase, RecallNotice, RecallReply, RecallScope


@dataclass(frozen=True)
class Told:
    """A consignee: its notice, the latest answer, its lots."""

    notice: RecallNotice
    customer: Customer | None
    replies: list[RecallReply]
    positions: list[Position]

    @property
    def had(self) -> int:
        """Base units of all lots."""
        return sum(one.had for one in self.positions)

    @property
    def left(self) -> int:
        """Of them, those that nobody has accounted for."""
        return sum(one.left for one in self.positions)

    @property
    def said(self) -> dict[str, int]:
        """The latest answer, all lots together."""
        counts = self.replies[-1].counts.values() if self.replies else ()
        return {name: sum(int(one.get(name, 0)) for one in counts) for name in COUNTS}

    @property
    def people(self) -> list[dict[str, str]]:
        """Whom to phone."""
        return queries.people_for_recalls(self.customer) if self.customer else []

    @property
    def state(self) -> str:
        """replied, late, told, untold."""
        if self.notice.replied_at:
            return "replied"
        if self.notice.escalated_at or self.notice.due_at <= clock.now():
            return "late"
        return "told" if self.notice.sent_at else "untold"


@dataclass(frozen=True)
class Affected:
    """An order's line that lost units of a recalled lot: base units before, and all that is kept for it now; when it
    was to arrive, and when it is to now, if that is known."""

    order: Order
    band: str
    line_no: int
    lot_no: str
    wanted: int
    lost: int
    picked: bool
    has: int
    promised_on: date | None
    arrives_on: date | None


@dataclass(frozen=True)
class Sheet:
    """All of a case."""

    case: RecallCase
    lots: dict[str, Lot]
    scope: list[RecallScope]
    told: list[Told]
    standing: Standing
    gone: int
    """Quarters of the time that have passed, 0 to 4."""
    left: timedelta | None
    """Of the time to answer; negative when it is over."""

    def to_replace(self, told: Told) -> dict[str, int]:
        """What a consignee lacks by the recall: base units that it had and has not used, by SKU."""
        found: dict[str, int] = {}
        for one in told.positions:
            sku, units = self.lots[one.lot_id].product.sku, one.returned + one.destroyed + one.left
            if units:
                found[sku] = found.get(sku, 0) + units
        return found

    @property
    def answered(self) -> int:
        """How many consignees have answered."""
        return sum(1 for one in self.told if one.notice.replied_at)

    def lot_no(self, lot_id: str) -> str:
        """The number of a lot."""
        found = self.lots.get(lot_id)
        return found.lot_no if found else "–"

    @property
    def scoping_seconds(self) -> float:
        """How long it took to find everything."""
        return (self.case.scoped_at - self.case.opened_at).total_seconds()

    @property
    def located_in(self) -> timedelta | None:
        """How long it took until every consignee had said where its units are."""
        return self.case.located_at - self.case.opened_at if self.case.located_at else None

    @property
    def scope_sums(self) -> dict[str, int]:
        """The frozen scope, base units by kind."""
        found: dict[str, int] = {}
        for one in self.scope:
            found[one.kind] = found.get(one.kind, 0) + one.quantity
        return found


def sheet_of(case: RecallCase) -> Sheet:
    """As things stand now. The statements do not grow with consignees or lots."""
    notices, replies = queries.notices_of(case), queries.replies_of(case)
    standing = standing_of(case, notices, replies)
    names = catalog.customers_of(one.customer_id for one in notices)
    told = [
        Told(one, names.get(one.customer_id), replies.get(one.id, []), standing.at(one.customer_id)) for one in notices
    ]
    now = clock.now()
    start, due = case.decided_at, case.due_at
    return Sheet(
        case=case,
        lots=queries.lots_of(case),
        scope=queries.scope_of(case),
        told=told,
        standing=standing,
        gone=clocks.quarters_gone(start, due, now) if start and due else 0,
        left=due - now if due else None,
    )


def affected_by(case: RecallCase, scope: list[RecallScope]) -> list[Affected]:
    """Orders that had units of the lots reserved, and what is kept for each line now; by rank, as stock is dealt out.
    Six statements."""
    lost = [one for one in scope if one.kind == "reserved" and one.order_id]
    ids = sorted({str(one.order_id) for one in lost})
    if not ids:
        return []
    found, has, standings = orders.orders_by_id(ids), stock.kept_by_line(ids), priority.standings_of(ids)
    lots, promised = queries.lots_of(case), promises_of(ids)
    shown: list[Affected] = []
    for one in lost:
        order = found.get(str(one.order_id))
        line: Any = next((each for each in order.lines if each.id == one.order_line_id), None) if order else None
        if order is not None and line is not None:
            lot, standing, kept = lots.get(one.lot_id), standings.get(order.id), has.get(line.id, 0)
            shown.append(
                Affected(
                    order=order,
                    band="" if standing is None else standing.band,
                    line_no=line.line_no,
                    lot_no=lot.lot_no if lot else "–",
                    wanted=line.quantity,
                    lost=one.quantity,
                    picked=one.picked,
                    has=kept,
                    promised_on=one.promised_on,
                    arrives_on=promised.get(order.id) if kept >= line.quantity else None,
                )
            )
    ranks = {order_id: ranking.rank_of(standing).key() for order_id, standing in standings.items()}
    return sorted(shown, key=lambda one: (ranks.get(one.order.id, "~"), one.order.number, one.line_no, one.lot_no))
