"""Cut-offs of the bands that would have kept the urgent ones rare on real history.

Everyone urgent is nobody urgent. The shares wanted are parameters of the rule set `priority`, with their source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.db import session
from app.core.errors import DomainError
from app.core.i18n import _l
from app.core.permissions import Actor
from app.decisions import queries as decisions
from app.decisions import service as rules
from app.decisions.models import Decision, RuleSetVersion
from app.orders.models import OrderLine
from app.priority.models import OrderStanding
from app.priority.queries import BANDS, RANKING, SHARES

LEAST_LINES = 200
"""With fewer lines of history, a share of 5 % is a matter of chance."""
HIGHEST = 1000
CHUNK = 500
BANDS_LINE = re.compile(r"(?m)^bands: \{[^{}\n]*\}[ \t]*$")


class TooLittleHistory(DomainError):
    """Cut-offs cannot be calibrated on so few lines."""

    message = _l("Only %(lines)s lines were ranked in that time; %(least)s are needed to calibrate.")


class NoShares(DomainError):
    """The version in force names no shares to calibrate for."""

    message = _l("The rule set “%(rule_set)s” in force does not say which share of lines each band may have.")


@dataclass(frozen=True)
class Ranked:
    """A ranked order of the history: its score, the bands its rules raised or lowered it to, its number of lines."""

    score: int
    floor: int
    cap: int
    lines: int

    def place(self, starts: tuple[int, ...]) -> int:
        """The band (0 = P0) with these cut-offs: by score, raised to the floor, then lowered to the cap."""
        by_score = sum(self.score < start for start in starts)
        return max(min(by_score, self.floor), self.cap)


@dataclass(frozen=True)
class Proposal:
    """Cut-offs P0 to P2 as they are and as proposed, each with the lines per band, P0 first."""

    lines: int
    present: tuple[int, ...]
    present_lines: tuple[int, ...]
    proposed: tuple[int, ...]
    proposed_lines: tuple[int, ...]
    allowed: tuple[int, ...]
    """Permille of the lines that P0, P1 and P2 may have."""

    def beyond(self) -> list[str]:
        """Bands that stay beyond their share whatever the cut-offs, because rules put orders there outright."""
        counted = zip(BANDS, self.proposed_lines, self.allowed, strict=False)
        return [band for band, lines, share in counted if lines * 1000 > share * self.lines]


def propose(since: datetime) -> Proposal:
    """Cut-offs for the orders submitted since then. Raises TooLittleHistory, NoShares, NoSuchRuleSet."""
    rule_set = decisions.plan_of(decisions.active_version(RANKING)).rule_set
    if not set(SHARES.values()) <= set(rule_set.parameters):
        raise NoShares(rule_set=RANKING)
    allowed = tuple(int(str(rule_set.parameters[name].value)) for name in SHARES.values())
    history = list(_history(since))
    lines = sum(one.lines for one in history)
    if lines < LEAST_LINES:
        raise TooLittleHistory(lines=lines, least=LEAST_LINES)
    present = tuple(band.start for band in rule_set.bands[:-1])
    proposed = cut_offs(history, allowed)
    return Proposal(lines, present, per_band(history, present), proposed, per_band(history, proposed), allowed)


def cut_offs(history: list[Ranked], allowed: tuple[int, ...]) -> tuple[int, ...]:
    """The lowest cut-offs with which each band keeps within its share, found from P0 down."""
    lines = sum(one.lines for one in history)
    found: list[int] = []
    for band, share in enumerate(allowed):
        still = len(allowed) - band - 1  # bands below that need a cut-off of their own, at least a point apart

        def fits(start: int, band: int = band, share: int = share, still: int = still) -> bool:
            return per_band(history, (*found, start, *([0] * still)))[band] * 1000 <= share * lines

        low, high = still + 1, (found[-1] if found else HIGHEST + 1) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle + 1, high)
        if found and found[0] < HIGHEST and not fits(low):  # many alike just below: let them all stay below
            low = found[-1]
            _raise(found, len(found) - 1)
        found.append(low)
    return tuple(found)


def _raise(found: list[int], place: int) -> None:
    """One point more for a cut-off, and for those above where they would touch: the bands only lose by it."""
    found[place] += 1
    if place and found[place] == found[place - 1]:
        _raise(found, place - 1)


def per_band(history: Iterable[Ranked], starts: tuple[int, ...]) -> tuple[int, ...]:
    """Lines in each band with these cut-offs."""
    counted = [0] * len(BANDS)
    for one in history:
        counted[one.place(starts)] += one.lines
    return tuple(counted)


def _history(since: datetime) -> Iterator[Ranked]:
    """The latest ranking of each order submitted since then, blocked ones included."""
    lines = select(func.count()).where(OrderLine.order_id == OrderStanding.order_id).scalar_subquery()
    rows = (
        session()
        .execute(
            select(OrderStanding.score, Decision, lines)
            .join(Decision, Decision.id == OrderStanding.decision_id)
            .where(OrderStanding.submitted_at >= since)
            .execution_options(yield_per=CHUNK)
        )
        .all()
    )
    limits: dict[str, dict[str, tuple[int, int]]] = {}
    for score, decision, count in rows:
        if decision.version_hash not in limits:
            limits[decision.version_hash] = _limits(decisions.version_of(decision))
        known = limits[decision.version_hash]
        fired = [known[rule] for rule in decision.outcome["fired"] if rule in known]
        floor = min((floor for floor, _cap in fired), default=len(BANDS) - 1)
        cap = max((cap for _floor, cap in fired), default=0)
        yield Ranked(score, floor, cap, count)


def _limits(version: RuleSetVersion) -> dict[str, tuple[int, int]]:
    """(floor, cap) of each rule that sets one."""
    rules_of = decisions.plan_of(version).rules
    return {
        rule.id: (
            BANDS.index(rule.then.floor) if rule.then.floor else len(BANDS) - 1,
            BANDS.index(rule.then.cap) if rule.then.cap else 0,
        )
        for rule in rules_of
        if rule.then.floor or rule.then.cap
    }


def draft(actor: Actor, proposed: tuple[int, ...]) -> RuleSetVersion:
    """Store the rule set in force with these cut-offs as a draft. Raises SameVersion."""
    body = decisions.active_version(RANKING).body
    starts = ", ".join(f"{band}: {start}" for band, start in zip(BANDS, (*proposed, 0), strict=True))
    changed, count = BANDS_LINE.subn(f"bands: {{{starts}}}", body)
    if count != 1:
        raise RuntimeError(f"the rule set {RANKING} does not keep its bands on one line")
    return rules.submit(actor, changed, f"{RANKING}.yaml")
