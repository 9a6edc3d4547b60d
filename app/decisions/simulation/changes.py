"""What two outcomes of the same facts differ in, and how many of a kind: shared by open subjects and past decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core import jsontext
from app.decisions.assemble import effect_of
from app.decisions.compile import Plan
from app.decisions.outcome import Outcome

MOST_BARS = 21
WIDTHS = (1, 2, 5, 10, 20, 50, 100)
SHOWN_TURNS = 30
EXAMPLES = 3


def who_of(plan: Plan, fired: Iterable[str]) -> str:
    """Whom the fired rules ask, as JSON: [[step or "", groups, users], …]; whoever is asked twice stands once."""
    asked: dict[str, tuple[set[str], set[str]]] = {}
    for rule in fired:
        for one in plan.by_id[rule].then.assign:
            groups, users = asked.setdefault(one.step or "", (set(), set()))
            groups.update(one.groups)
            users.update(one.users)
    return jsontext.dumps([[step, sorted(groups), sorted(users)] for step, (groups, users) in sorted(asked.items())])


def steps(before: Outcome, after: Outcome, old: Plan, new: Plan) -> list[dict[str, Any]]:
    """Each rule that fires in one only, or gives something else: {rule, name, was, now, lost, gained, effect}. Points
    are null where there are none; limits that were reached count as rules (`cap:<factor>`)."""
    points = [{line.rule: line.points for line in outcome.lines} for outcome in (before, after)]
    names = {line.rule: line.name for outcome in (before, after) for line in outcome.lines}
    found = []
    for rule in dict.fromkeys([*after.fired, *before.fired, *names]):
        was, now = (one.get(rule) for one in points)
        fired, fires = rule in before.fired, rule in after.fired
        effects = [effect_of(plan.by_id[rule]) if rule in plan.by_id else "" for plan in (old, new)]
        if fired == fires and was == now and effects[0] == effects[1]:
            continue
        known = (new if rule in new.by_id else old).by_id.get(rule)
        found.append(
            {
                "rule": rule,
                "name": known.name if known else names[rule],
                "was": was,
                "now": now,
                "lost": fired and not fires,
                "gained": fires and not fired,
                "effect": effects[1] if fires else effects[0],
            }
        )
    return found


def blocks(outcome: Outcome) -> list[dict[str, Any]]:
    """Its blocks: which rule, why, what lifts it."""
    return [{"rule": one.rule, "reason": one.reason, "unblock": one.unblock} for one in outcome.blocks]


@dataclass
class Turns:
    """How often something became something else, with some examples of each."""

    counts: Counter[tuple[Any, Any]] = field(default_factory=Counter)
    examples: dict[tuple[Any, Any], list[list[str]]] = field(default_factory=dict)

    def add(self, was: Any, now: Any, example: list[str], count: int = 1) -> None:
        """Count one more; `example` is [id, label]."""
        if was == now:
            return
        self.counts[was, now] += count
        kept = self.examples.setdefault((was, now), [])
        if len(kept) < EXAMPLES:
            kept.append(example)

    def told(self) -> list[dict[str, Any]]:
        """The most frequent first."""
        most = sorted(self.counts.items(), key=lambda item: (-item[1], str(item[0])))[:SHOWN_TURNS]
        return [
            {"was": was, "now": now, "count": count, "examples": self.examples[was, now]} for (was, now), count in most
        ]


def bars(shifts: Mapping[int, int]) -> list[list[int]]:
    """A histogram of score shifts: [from, to, how many], at most some twenty bars of one width, no change apart."""
    moved = {shift: count for shift, count in shifts.items() if shift}
    if not moved:
        return []
    low, high = min(moved), max(moved)
    width = next((one for one in WIDTHS if _bar(high, one) - _bar(low, one) < MOST_BARS), WIDTHS[-1])
    found: Counter[int] = Counter()
    for shift, count in moved.items():
        found[_bar(shift, width)] += count
    first, last = _bar(low, width), _bar(high, width)
    made = []
    for bar in range(min(first, 0), max(last, 0) + 1):
        if bar == 0:
            made.append([0, 0, shifts.get(0, 0)])
        elif bar > 0:
            made.append([(bar - 1) * width + 1, bar * width, found[bar]])
        else:
            made.append([bar * width, (bar + 1) * width - 1, found[bar]])
    return made


def _bar(shift: int, width: int) -> int:
    """1 for the first above zero, −1 for the first below."""
    return -(-abs(shift) // width) * (1 if shift > 0 else -1)


def rule_counts(draft: Plan, fired: Mapping[str, int], before: Mapping[str, int], off: Iterable[str]) -> list[Any]:
    """Of each rule of the draft how often it fires, and how often it did by the version in force (null: it is new)."""
    switched_off = set(off)
    return [
        {
            "rule": rule.id,
            "name": rule.name,
            "count": fired.get(rule.id, 0),
            "was": before.get(rule.id),
            "off": rule.id in switched_off,
        }
        for rule in draft.rule_set.rules
    ]
