"""What a partner does wrong, by a seeded die: late, twice, twice under another id, out of order, lies about its schema,
down for a while, taking events without saying so."""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

NOT_THERE = "NO-SUCH-CODE"


@dataclass(frozen=True)
class Rates:
    """How likely each fault is, for each message (`down`, `unsaid`: for each event that is heard)."""

    late: float = 0.15
    duplicate: float = 0.15
    repeat: float = 0.1
    """The same under another id."""
    reorder: float = 0.1
    lie: float = 0.15
    down: float = 0.05
    unsaid: float = 0.05
    """Taken, and answered as if it were not."""
    missing: float = 0.08
    """A unit is not in its bin."""
    longest_delay: float = 2.0
    """Seconds of lateness, and of being down, at most."""


NONE = Rates(0, 0, 0, 0, 0, 0, 0, 0)


class Faults:
    """The die of one partner."""

    def __init__(self, seed: str, rates: Rates) -> None:
        self.rates, self.die = rates, random.Random(seed)
        self.made: Counter[str] = Counter()

    def happens(self, fault: str) -> bool:
        """Whether this fault happens now; counted."""
        if self.die.random() >= getattr(self.rates, fault):
            return False
        self.made[fault] += 1
        return True

    def delay(self) -> float:
        """Seconds."""
        return self.die.uniform(0.1, self.rates.longest_delay)


def lie_about(data: dict[str, Any], lies: dict[str, str], die: random.Random) -> tuple[str, dict[str, Any]]:
    """The data with one thing wrong, and what. `lies`: path of a field → `missing`, `type` or `code`."""
    path, how = die.choice(sorted(lies.items()))
    wrong = copy.deepcopy(data)
    place: Any = wrong
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        place = place[step]
    if how == "missing":
        del place[last]
    else:
        place[last] = {"not": "so"} if how == "type" else NOT_THERE
    return f"{how} {path}", wrong
