"""Single sampling by attributes: how many units of a lot are tested, how many may be defective (`sampling.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TABLES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("sampling.yaml").read_text(encoding="utf-8"))
LETTERS: str = _TABLES["letters"]
AQLS: list[str] = _TABLES["aqls"]


@dataclass(frozen=True)
class Plan:
    """Test `size` units; the lot is accepted with at most `accept` of them defective. `whole`: every unit is tested.

    With more than `clear` of them an accepted lot ends reduced inspection."""

    letter: str
    size: int
    accept: int
    clear: int
    whole: bool = False


def letter_of(lot_size: int, level: str) -> str:
    """The sample size code letter of Table 1; `level`: s1 to s4, i, ii, iii."""
    column = _TABLES["levels"]["columns"].index(level)
    row = next(letters for most, letters in _TABLES["levels"]["rows"] if most is None or lot_size <= most)
    return str(row[column])


def plan_of(lot_size: int, level: str, aql: str, severity: str = "normal") -> Plan:
    """The plan of the master table, its arrows followed; a sample as large as the lot means that all is tested."""
    table = _TABLES["severities"][severity]
    accept: list[Any] = table["accept"]
    first = table["first"] - AQLS.index(aql)  # place of the letter whose acceptance number is 0
    step = LETTERS.index(letter_of(lot_size, level)) - first
    step = max(0, min(step, len(accept) - 1, len(LETTERS) - 1 - first))
    while accept[step] in ("up", "down"):
        step += 1 if accept[step] == "down" else -1
    place = first + step
    size = min(table["sizes"][place], lot_size)
    clear = table.get("clear", accept)
    return Plan(LETTERS[place], size, int(accept[step]), int(clear[step]), whole=size == lot_size)


def stricter(aql: str) -> str:
    """The next smaller AQL; the smallest is its own."""
    return AQLS[max(AQLS.index(aql) - 1, 0)]


def points_of(plan: dict[str, Any], defective: int, *, severity: str, accepted: bool) -> int:
    """What a lot on normal inspection adds to the switching score (9.3.3.2): 3 when it would be accepted one AQL step
    stricter (acceptance number 2 or more), 2 when accepted (0 or 1), else 0, which sets the score back. On reduced
    inspection 0 tells of a lot that ends it."""
    if not accepted or (severity == "reduced" and defective > plan["clear"]):
        return 0
    if severity == "reduced":
        return 2
    if plan["accept"] >= 2:
        return 3 if defective <= plan["stricter"] else 0
    return 2
