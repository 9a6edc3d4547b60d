"""Why a rule fired: the conditions and the facts that met them. Why it did not: the first condition that failed, what
was found instead, and by how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.decisions.assemble import reason_of
from app.decisions.compile import Plan
from app.decisions.engines.closures import Closures, holds, sum_of
from app.decisions.facts import Fact, Facts
from app.decisions.ir import (
    All,
    Branch,
    Condition,
    Either,
    Known,
    OneOf,
    Pattern,
    Relation,
    Rule,
    Same,
    Test,
    comparisons_of,
)
from app.decisions.outcome import Texts
from app.decisions.schema import SIGNAL, FactSchema
from app.decisions.wording import WORDS, condition_words, pattern_words, shown, sum_value, value_of

LANGUAGES = ("en", "zh")
MONTH = 30
"""A date is no length: days between dates are told as a part of a month."""
OUT_OF_FORCE: Texts = {"en": "not in force on that day", "zh": "当日不在有效期内"}


@dataclass(frozen=True)
class NotFired:
    """A rule that did not fire: what it asked, what was found, how far off (empty when that has no measure)."""

    rule: str
    name: Texts
    asked: Texts
    found: Texts
    gap: Texts
    failing: int = 0
    """How many of its comparisons failed in the alternative that came nearest."""
    held: int = 0
    """How many held in that one."""
    distance: float = 1.0
    """How far off, as a part of what was asked; of what has no measure all of it."""

    @property
    def nearly(self) -> bool:
        """One condition alone was in the way: others held, or it can be told by how much it failed."""
        return self.failing == 1 and (self.held > 0 or bool(self.gap["en"]))


@dataclass(frozen=True)
class Fired:
    """A rule that fired: its conditions in words, each with what was found; `lines` it fired for."""

    rule: str
    name: Texts
    reason: Texts
    conditions: tuple[tuple[Texts, Texts], ...]
    lines: tuple[int, ...]


def why(plan: Plan, facts: Facts, day: date) -> list[Fired]:
    """One entry per rule that fired, in the firing order."""
    found = []
    seen: Facts = {**facts, SIGNAL: []}
    for firing in Closures(plan).run(facts, day):
        rule = plan.by_id[firing.rule]
        branch = next(one for one in rule.branches if all(_matches(pattern, seen) for pattern in one))
        conditions = tuple((_words(one, plan.rule_set.schema), _met_by(one, seen)) for one in branch)
        reason = reason_of(plan, rule, facts, firing.keys[0] if firing.keys else None)
        found.append(Fired(rule.id, rule.name, reason, conditions, firing.keys))
        seen[SIGNAL] = [*seen[SIGNAL], *({"name": name} for name in rule.then.signals)]
    return found


def _words(pattern: Pattern, schema: FactSchema) -> Texts:
    return {language: pattern_words(pattern, schema, language) for language in LANGUAGES}


def _met_by(pattern: Pattern, facts: Facts) -> Texts:
    """The values that met a condition; nothing where there was to be no such fact."""
    if pattern.negated:
        return dict(WORDS["missing"])
    test = holds(pattern.condition)
    met = [fact for fact in facts.get(pattern.kind, ()) if test(fact, facts)]
    return {
        language: "; ".join(_values(pattern.condition, fact, facts, language) for fact in met) for language in LANGUAGES
    }


def _values(condition: Condition, fact: Fact, facts: Facts, language: str) -> str:
    told: dict[str, str] = {}
    for one in comparisons_of(condition):
        if isinstance(one, Relation):
            sides = (one.left.of(fact), sum_of(one.right, facts))
            told[condition_words(one, language)] = " / ".join(sum_value(one.left, side, language) for side in sides)
        else:
            told[one.attribute.label[language]] = value_of(one.attribute, fact[one.attribute.name], language)
    return ", ".join(f"{label} {value}" for label, value in told.items())


def why_not(plan: Plan, facts: Facts, day: date) -> list[NotFired]:
    """One entry per rule that did not fire, in the order of the file."""
    firings = Closures(plan).run(facts, day)
    fired = {firing.rule for firing in firings}
    given = {signal for rule in plan.rules if rule.id in fired for signal in rule.then.signals}
    seen: Facts = {**facts, SIGNAL: [{"name": name} for name in given]}
    return [
        _counted(_explained(rule, seen, plan.rule_set.schema, day), rule, seen, day)
        for rule in plan.rule_set.rules
        if rule.id not in fired
    ]


def _counted(told: NotFired, rule: Rule, facts: Facts, day: date) -> NotFired:
    """With the comparisons that failed and held in the alternative in which fewest failed."""
    if not rule.in_force(day):
        return told
    counts = [
        (sum(_failing_in(one, facts) for one in branch), sum(_size(one) for one in branch)) for branch in rule.branches
    ]
    failing, size = min(counts)
    return replace(told, failing=failing, held=size - failing)


def _size(pattern: Pattern) -> int:
    return len(pattern.condition.items) if isinstance(pattern.condition, All) else 1


def _failing_in(pattern: Pattern, facts: Facts) -> int:
    if _matches(pattern, facts):
        return 0
    many = facts.get(pattern.kind, ())
    if pattern.negated or not many:
        return 1
    items = pattern.condition.items if isinstance(pattern.condition, All) else (pattern.condition,)
    return min(sum(not holds(item)(fact, facts) for item in items) for fact in many)


def _explained(rule: Rule, facts: Facts, schema: FactSchema, day: date) -> NotFired:
    if not rule.in_force(day):
        return NotFired(rule.id, rule.name, OUT_OF_FORCE, _texts(""), _texts(""))
    nearest = max(rule.branches, key=lambda branch: _reached(branch, facts))
    pattern = next(pattern for pattern in nearest if not _matches(pattern, facts))
    if pattern.negated:
        asked = {language: pattern_words(pattern, schema, language) for language in LANGUAGES}
        return NotFired(rule.id, rule.name, asked, _texts(""), _texts(""))
    return _about(rule, pattern, facts, schema)


def _texts(text: str) -> Texts:
    return dict.fromkeys(LANGUAGES, text)


def _reached(branch: Branch, facts: Facts) -> int:
    """How many patterns match before the first that does not."""
    for place, pattern in enumerate(branch):
        if not _matches(pattern, facts):
            return place
    return len(branch)


def _matches(pattern: Pattern, facts: Facts) -> bool:
    test = holds(pattern.condition)
    return any(test(fact, facts) for fact in facts.get(pattern.kind, ())) is not pattern.negated


def _about(rule: Rule, pattern: Pattern, facts: Facts, schema: FactSchema) -> NotFired:
    many = facts.get(pattern.kind, [])
    label = schema.kinds[pattern.kind].label
    if not many:
        asked = {language: pattern_words(pattern, schema, language) for language in LANGUAGES}
        return NotFired(rule.id, rule.name, asked, dict(WORDS["missing"]), _texts(""))
    fact = max(many, key=lambda one: _closeness(pattern.condition, one, facts))
    failed = _first_failing(pattern.condition, fact, facts)
    asked = {
        language: WORDS["is"][language].format(label[language], condition_words(failed, language))
        for language in LANGUAGES
    }
    if isinstance(failed, All | Either):
        return NotFired(rule.id, rule.name, asked, _texts(""), _texts(""))
    if isinstance(failed, Relation):
        return _related(rule, failed, asked, fact, facts)
    if isinstance(failed, Same):
        return NotFired(rule.id, rule.name, asked, _both(failed, fact, facts), _texts(""))
    value = fact[failed.attribute.name]
    found = {language: value_of(failed.attribute, value, language) for language in LANGUAGES}
    apart = _apart(failed, value)
    if apart is None:
        return NotFired(rule.id, rule.name, asked, found, _texts(""))
    gap = {language: shown(apart, failed.attribute.unit, {}, language) for language in LANGUAGES}
    limit = failed.value if isinstance(failed, Test) else 0
    return NotFired(rule.id, rule.name, asked, found, gap, distance=_part(apart, limit))


def _related(rule: Rule, failed: Relation, asked: Texts, fact: Fact, facts: Facts) -> NotFired:
    """Both sides as they came to, and how far they are apart."""
    left, right = failed.left.of(fact), sum_of(failed.right, facts)
    sides = {
        language: " / ".join(sum_value(failed.left, side, language) for side in (left, right)) for language in LANGUAGES
    }
    if left is None or right is None:
        return NotFired(rule.id, rule.name, asked, sides, _texts(""))
    gap = {language: sum_value(failed.left, abs(left - right), language) for language in LANGUAGES}
    return NotFired(
        rule.id,
        rule.name,
        asked,
        sides,
        gap,
        distance=_part(abs(left - right), MONTH if failed.left.unit == "date" else right),
    )


def _both(failed: Same, fact: Fact, facts: Facts) -> Texts:
    many = [fact] if failed.other.kind == failed.attribute.kind else facts.get(failed.other.kind)
    other = many[0][failed.other.name] if many else None
    return {
        language: " / ".join(
            (
                value_of(failed.attribute, fact[failed.attribute.name], language),
                value_of(failed.other, other, language),
            )
        )
        for language in LANGUAGES
    }


def _closeness(condition: Condition, fact: Fact, facts: Facts) -> int:
    """How many parts of an `all` hold: the line that came nearest is the one to speak of."""
    items = condition.items if isinstance(condition, All) else (condition,)
    return sum(holds(item)(fact, facts) for item in items)


def _first_failing(condition: Condition, fact: Fact, facts: Facts) -> Condition:
    if isinstance(condition, All):
        for item in condition.items:
            if not holds(item)(fact, facts):
                return _first_failing(item, fact, facts)
    return condition


def _apart(failed: Test | OneOf | Known, value: Any) -> Any:
    """The distance to the constant, when both are numbers."""
    if not isinstance(failed, Test) or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not isinstance(failed.value, int | Decimal) or failed.op in ("!=",):
        return None
    step = 1 if failed.op in ("<", ">") and isinstance(value, int) else 0  # what is equal is one unit off
    apart: Any = abs(value - failed.value)
    return apart + step


def _part(apart: Any, limit: Any) -> float:
    """The distance as a part of the limit."""
    return float(apart) / max(abs(float(limit)), 1.0)
