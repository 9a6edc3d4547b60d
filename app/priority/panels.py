"""What the priority panel of a page shows: blocks, band and score with every contribution, the facts used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.i18n import _, _n, pick, show_money
from app.decisions import queries as decisions
from app.decisions.models import Decision
from app.decisions.outcome import Block, Outcome
from app.decisions.uses import Use, uses
from app.orders.models import Order
from app.priority import profile, queries, service
from app.priority.models import OrderOverride, OrderStanding


@dataclass(frozen=True)
class KindView:
    """The facts of one kind (of one line, where there are several) as (label, value)."""

    label: str
    key: str
    values: list[tuple[str, str]]


@dataclass(frozen=True)
class Panel:
    """A standing with the two decisions behind it."""

    standing: OrderStanding
    place: int | None
    gate: Decision
    ranking: Decision
    is_open: bool = True
    override: OrderOverride | None = None
    """The manual override in force."""

    @property
    def blocks(self) -> list[Block]:
        """What blocks the order, of both rule sets."""
        return [*self.gate.result.blocks, *self.ranking.result.blocks]

    moved: Outcome | None = None
    """What the score comes to, when it moved within its band since the decision on record."""

    @property
    def outcome(self) -> Outcome:
        """Band, score, contributions."""
        return self.moved or self.ranking.result

    @property
    def held(self) -> str:
        """Why the order is not ranked by its newest score, where it is not; else empty."""
        standing = self.standing
        if standing.ranked_score == standing.score:
            return ""
        return _(
            "Score %(score)s, ranked as %(ranked)s: changes of less than %(least)s do not move an order.",
            score=standing.score,
            ranked=standing.ranked_score,
            least=profile.current().move_least,
        )

    @property
    def series(self) -> list[dict[str, Any]]:
        """The waterfall: one step per contribution; they sum to the score."""
        return [
            {"label": pick(line.name), "points": line.points, "rule": line.rule}
            for line in self.outcome.lines
            if line.points
        ]

    @property
    def lines_of(self) -> dict[str, list[Any]]:
        """Contributions by factor."""
        found: dict[str, list[Any]] = {}
        for line in self.outcome.lines:
            found.setdefault(line.factor, []).append(line)
        return found

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What the rules did besides points (floors, tags …), unless a contribution says it already."""
        told = {line.rule for line in self.outcome.lines}
        return [note for note in self.outcome.notes if note["rule"] not in told]

    @property
    def facts(self) -> list[KindView]:
        """The facts of both decisions in the reader's words."""
        return [*facts_in_words(self.ranking), *_only_new(self.gate, self.ranking)]

    @property
    def missed(self) -> list[Any]:
        """Rules of the ranking that did not fire (decisions' `NotFired`), those with a measurable distance first."""
        found = decisions.not_fired(self.ranking)
        return sorted(found, key=lambda rule: not rule.gap.get("en"))

    @property
    def rule_sets(self) -> list[tuple[Decision, str]]:
        """Both decisions with the names of their rule sets."""
        return [(one, pick(decisions.version_of(one).name)) for one in (self.gate, self.ranking)]


def facts_in_words(decision: Decision, leave_out: frozenset[str] = frozenset()) -> list[KindView]:
    """The facts of a decision by the labels of the schema it was made with."""
    schema = decisions.plan_of(decisions.version_of(decision)).rule_set.schema
    found = []
    for name, many in decision.facts.items():
        kind = schema.kinds.get(name)
        if kind is None or name in leave_out:
            continue
        for fact in many:
            values = [
                (pick(attribute.label), shown(attribute, fact.get(attribute.name)))
                for attribute in kind.attributes.values()
                if attribute.name in fact
            ]
            found.append(KindView(pick(kind.label), str(fact.get(kind.key, "")) if kind.key else "", values))
    return found


def _only_new(decision: Decision, other: Decision) -> list[KindView]:
    return facts_in_words(decision, frozenset(other.facts))


def shown(attribute: Any, value: Any) -> str:
    """The value of a fact in the reader's words, with its unit."""
    if value is None:
        return _("not known")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if attribute.type == "enum":
        return pick(attribute.values.get(value, str(value)))
    if attribute.unit == "fen":
        return show_money(Decimal(value) / 100)
    if attribute.unit == "permille":
        return f"{Decimal(value) / 10} %"
    counted = UNITS.get(attribute.unit or "")
    return counted(value) if counted else str(value)


UNITS: dict[str, Callable[[int], str]] = {
    "day": lambda number: _n("%(num)s day", "%(num)s days", number),
    "wday": lambda number: _n("%(num)s working day", "%(num)s working days", number),
    "hour": lambda number: _n("%(num)s hour", "%(num)s hours", number),
}
"""How a number of some unit is said."""


def panel_of(order: Order) -> Panel | None:
    """The panel of an order; None before its first assessment."""
    standing = queries.standing_or_none(order.id)
    if standing is None:
        return None
    ranking = decisions.get_decision(standing.decision_id)
    return Panel(
        standing=standing,
        place=queries.place_of(standing) if order.is_open else None,
        is_open=order.is_open,
        gate=decisions.get_decision(standing.gate_decision_id),
        ranking=ranking,
        moved=None if ranking.result.score == standing.score else service.outcome_at(order.id, standing.assessed_at),
        override=queries.override_of(order.id),
    )


@uses.register("priority")
def asked_of_each_order(rule_set: str) -> list[Use]:
    """Gate, ranking and need, which the program asks besides the diagrams."""
    if rule_set not in service.SETS:
        return []
    name = _("Each order: when it is entered, at gateways, and when something it depends on changes")
    return [Use(name=name, of=_("Who comes first"), endpoint="priority.show_lists")]
