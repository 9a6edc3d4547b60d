"""What is where of the lots of a case, by the ledger and by what consignees say; how far the recall has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.decisions import profiles
from app.recalls import queries
from app.recalls.models import COUNTS, RecallCase, RecallNotice, RecallReply
from app.traceability.queries import Consignee, scope


@dataclass
class Position:
    """A lot at a consignee, in base units.

    What came back is what we booked; a consignee's word counts for what it used or destroyed. In a drill, in which
    nothing comes back, its word counts for all. `left`: what nobody has accounted for.
    """

    lot_id: str
    customer_id: str
    had: int
    returned: int = 0
    destroyed: int = 0
    used: int = 0
    left: int = 0
    said: Mapping[str, int] = field(default_factory=dict)
    """The latest answer."""


@dataclass
class Balance:
    """A lot of which so many base units came in: each stands in one of the other columns."""

    lot_id: str
    received: int
    in_stock: int = 0
    """With what is in transit and inside kits."""
    returned: int = 0
    """Came back from consignees and lies here."""
    destroyed: int = 0
    used: int = 0
    unaccounted: int = 0


@dataclass(frozen=True)
class Standing:
    """A case as it stands now."""

    balances: list[Balance]
    positions: list[Position]
    consignee_ids: list[str]
    """Who must be told, told or not."""

    @property
    def unaccounted(self) -> int:
        """Base units of all lots."""
        return sum(one.unaccounted for one in self.balances)

    def at(self, customer_id: str) -> list[Position]:
        """The lots of one consignee."""
        return [one for one in self.positions if one.customer_id == customer_id]


def standing_of(
    case: RecallCase, notices: Sequence[RecallNotice], replies: Mapping[str, Sequence[RecallReply]]
) -> Standing:
    """As the ledger and the latest answers say. As many statements as `scope`."""
    latest = {one.customer_id: replies[one.id][-1].counts for one in notices if replies.get(one.id)}
    found = scope(queries.lot_ids_of(case))
    positions = [_position(one, latest.get(one.customer_id, {}), drill=case.mock) for one in found.consignees]
    by_lot: dict[str, list[Position]] = defaultdict(list)
    for position in positions:
        by_lot[position.lot_id].append(position)
    back: dict[str, int] = defaultdict(int)
    for one in found.consignees:
        back[one.lot_id] += one.returned
    balances = []
    for account in found.accounts:
        there = by_lot[account.lot_id]
        here = min(back[account.lot_id], account.in_stock)
        balances.append(
            Balance(
                account.lot_id,
                received=account.came_in,
                in_stock=account.in_stock - here + account.in_transit + account.in_kits,
                returned=here,
                destroyed=account.scrapped + sum(one.destroyed for one in there),
                used=sum(one.used for one in there),
                unaccounted=account.unaccounted + sum(one.left for one in there),
            )
        )
    return Standing(balances, positions, [one for one in found.customer_ids if one])


def _position(one: Consignee, said: Mapping[str, Any], *, drill: bool) -> Position:
    counts = {name: int(said.get(one.lot_id, {}).get(name, 0)) for name in COUNTS}
    rest = one.outstanding + one.consigned + one.used
    used = max(one.used, min(counts["used"], rest))
    rest -= used
    destroyed = min(max(0, counts["destroyed"] - one.destroyed), rest)
    rest -= destroyed
    if drill:
        told = max(0, counts["returned"] - one.returned) + max(0, counts["passed_on"] - one.passed_on)
        rest -= min(rest, counts["on_hand"] + told)
    return Position(one.lot_id, one.customer_id, one.had, one.returned, destroyed, used, rest, counts if said else {})


_LEVELS = {
    "A": ("effectiveness_a", 0),
    "B": ("effectiveness_b_above", 1),
    "C": ("effectiveness_c", 0),
    "D": ("effectiveness_d", 0),
}


def checks_wanted(level: str | None, consignees: int) -> int:
    """How many consignees a plan of that level checks (21 CFR 7.42(b)(3), used everywhere); of level E, or without one,
    none."""
    if level not in _LEVELS:
        return 0
    name, more = _LEVELS[level]
    share = int(str(profiles.shipped()["us"][name].value)) + more
    return -(-consignees * share // 1000)


def progress_of(case: RecallCase, as_of: datetime) -> dict[str, Any]:
    """The facts of `recall_progress`."""
    notices, replies = queries.notices_of(case), queries.replies_of(case)
    standing = standing_of(case, notices, replies)
    had: dict[str, int] = defaultdict(int)
    for one in standing.positions:
        had[one.customer_id] += one.had
    answered = [one for one in notices if one.replied_at]
    checked = [one for one in notices if one.checked_at]
    failed = sum(1 for one in checked if not one.effective)
    wanted = 0 if case.mock else checks_wanted(case.check_level, len(notices))
    told = case.notified_at or as_of
    return {
        "jurisdiction": case.jurisdiction,
        "level": case.check_level,
        "checked_permille": _share(len(checked), len(notices)),
        "plan_checked_permille": min(1000, _share(len(checked), wanted)),
        "ineffective_permille": -(-failed * 1000 // len(checked)) if checked else 0,
        "acknowledged_permille": _acknowledged(answered, notices, had),
        "reminders": min((one.reminders for one in notices if not one.replied_at), default=0),
        "unaccounted": max(0, standing.unaccounted),
        "days_since_notice": (as_of - told).days,
    }


def _share(part: int, whole: int) -> int:
    return part * 1000 // whole if whole else 1000


def _acknowledged(answered: Sequence[RecallNotice], all_: Sequence[RecallNotice], had: Mapping[str, int]) -> int:
    whole = sum(had[one.customer_id] for one in all_)
    if not whole:
        return _share(len(answered), len(all_))
    return sum(had[one.customer_id] for one in answered) * 1000 // whole
