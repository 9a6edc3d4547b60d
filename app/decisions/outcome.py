"""What a decision says: score with its lines, band, blocks, route, who is asked.

Stored is what it comes to, without words: with the version and the facts, which are stored beside it, that says all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from app.decisions.engines import Firing

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


NOTHING: dict[str, Any] = {
    "route": None,
    "lines": [],
    "factors": [],
    "blocks": [],
    "assign_groups": [],
    "assign_users": [],
    "assign_by_step": {},
    "tags": [],
    "signals": [],
    "notes": [],
    "fired": [],
    "result": None,
}
"""What is told of an outcome besides score and band, where there is nothing to tell."""


class Outcome:
    """The result of one decision. Score, band and what fired are known at once; each part of what is told about them is
    made when somebody asks for the first time: few decisions are read, and their words would cost as much as deciding.
    """

    points: list[list[Any]]
    """[rule, points] of each fired rule that gives points, before any limit."""
    route: str | None
    lines: list[Line]
    factors: list[dict[str, Any]]
    """{factor, name, points, cap} in the rule set's order."""
    blocks: list[Block]
    assign_groups: list[str]
    assign_users: list[str]
    assign_by_step: dict[str, list[str]]
    tags: list[str]
    signals: list[str]
    notes: list[dict[str, Any]]
    """{rule, effect, name, reason} of each fired rule that moved the band, the route or the people asked."""
    fired: list[str]
    result: Any
    """What a decision table answers: its outputs by name, a list of them, or what they aggregate to."""

    def __init__(
        self, score: int, band: str | None, firings: list[Firing], teller: Callable[[], Callable[[str], Any]]
    ) -> None:
        """`teller` makes who answers a part by its name."""
        self.score = score
        self.band = band
        self.firings = firings
        self._teller = teller

    def __getattr__(self, name: str) -> Any:
        """A part that nobody asked for before."""
        if name == "_tell":
            found = self._teller()
        elif name in NOTHING or name == "points":
            found = self._tell(name)
        else:
            raise AttributeError(name)
        vars(self)[name] = found
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outcome) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def to_json(self) -> dict[str, Any]:
        """As plain data, words and all, not to be changed."""
        lines = [
            {"rule": rule, "factor": factor, "points": points, "name": name, "reason": reason}
            for rule, factor, points, name, reason in self.lines
        ]
        blocks = [block._asdict() for block in self.blocks]
        told = {name: getattr(self, name) for name in NOTHING if name != "result" or self.result is not None}
        return {"score": self.score, "band": self.band, **told, "lines": lines, "blocks": blocks}

    def to_store(self) -> dict[str, Any]:
        """What is stored with a decision. `keys` are the lines of the order for which rules fired."""
        stored = {
            "score": self.score,
            "band": self.band,
            "route": self.route,
            "points": self.points,
            "fired": [firing.rule for firing in self.firings],
            "keys": {firing.rule: list(firing.keys) for firing in self.firings if firing.keys},
        }
        return stored if self.result is None else {**stored, "result": self.result}


def firings_of(stored: dict[str, Any]) -> list[Firing]:
    """What fired, of an outcome as `to_store` gave it."""
    return [Firing(rule, tuple(stored["keys"].get(rule, ()))) for rule in stored["fired"]]


def is_worded(stored: dict[str, Any]) -> bool:
    """Whether the outcome was stored when all its words still were."""
    return "lines" in stored


def outcome_in_words(stored: dict[str, Any]) -> Outcome:
    """The outcome of a decision whose words were stored."""
    told = {
        **NOTHING,
        **stored,
        "lines": [Line(**line) for line in stored["lines"]],
        "blocks": [Block(**block) for block in stored["blocks"]],
    }
    return Outcome(told["score"], told["band"], [Firing(rule, ()) for rule in told["fired"]], lambda: told.__getitem__)
