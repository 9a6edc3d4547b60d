"""What a decision says: score with its lines, band, blocks, route, who is asked. Stored as JSON, exact and whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Texts = dict[str, str]
"""A text in both languages: {"en": …, "zh": …}."""

BANDS = ("P0", "P1", "P2", "P3")
"""From most to least urgent."""


class Line(NamedTuple):
    """One contribution to the score. A limit that was reached is a line of its own (`cap:<factor>`, negative;
    `least:<factor>`, positive), so that the lines sum to the score."""

    rule: str
    factor: str
    points: int
    name: Texts
    reason: Texts


class Block(NamedTuple):
    """A hard constraint that is not met: why, on what legal ground, what would lift it; `line` of the order, if one."""

    rule: str
    name: Texts
    reason: Texts
    basis: Texts
    unblock: Texts
    line: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of one decision. `factors` are {factor, name, points, cap} in the rule set's order."""

    route: str | None = None
    score: int = 0
    band: str | None = None
    lines: list[Line] = field(default_factory=list)
    factors: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    assign_groups: list[str] = field(default_factory=list)
    assign_users: list[str] = field(default_factory=list)
    assign_by_step: dict[str, list[str]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    """{rule, effect, name, reason} of each fired rule that moved the band, the route or the people asked."""
    fired: list[str] = field(default_factory=list)
    result: Any = None
    """What a decision table answers: its outputs by name, a list of them, or what they aggregate to."""

    def to_json(self) -> dict[str, Any]:
        """As plain data, not to be changed; `from_json` gives an equal Outcome back."""
        lines = [
            {"rule": rule, "factor": factor, "points": points, "name": name, "reason": reason}
            for rule, factor, points, name, reason in self.lines
        ]
        blocks = [block._asdict() for block in self.blocks]
        found = {**vars(self), "lines": lines, "blocks": blocks}
        if self.result is None:  # so that decisions of rule files are stored as they always were
            del found["result"]
        return found

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """The outcome that was stored."""
        return cls(
            **{
                **data,
                "lines": [Line(**line) for line in data["lines"]],
                "blocks": [Block(**block) for block in data["blocks"]],
            }
        )
