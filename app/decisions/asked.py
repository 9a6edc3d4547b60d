"""What rule sets ask of facts, seen from the facts: at which values of an attribute an answer may change, and on which
days rules begin and end. So who knows how an attribute moves knows when to ask again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.decisions import service
from app.decisions.compile import Plan
from app.decisions.ir import Comparison, OneOf, Relation, Same, Scale, Test, comparisons_of
from app.decisions.schema import SIGNAL, Attribute

Name = tuple[str, str]
"""Kind and attribute."""
LONGEST_SCALE = 400
"""Of a longer one every value is taken for a step."""


@dataclass
class Asked:
    """What some rule sets ask together. A step `b` of a whole number: an answer may differ between b − 1 and b."""

    names: set[Name] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    """The first days on which a rule or a rule set holds, or holds no longer."""
    _steps: dict[Name, set[int]] = field(default_factory=dict)
    _every: set[Name] = field(default_factory=set)
    _sorted: dict[Name, list[int]] = field(default_factory=dict)
    _answers: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def asks(self, *names: str) -> bool:
        """One of these attributes (`kind.name`) is asked for."""
        known = self._answers.get(names)
        if known is None:
            given = (one.partition(".") for one in names)
            known = self._answers[names] = any((kind, name) in self.names for kind, _dot, name in given)
        return known

    def steps(self, kind: str, name: str) -> list[int] | None:
        """The steps of the attribute, ascending; None when every value is one."""
        if (kind, name) in self._every:
            return None
        found = self._sorted.get((kind, name))
        if found is None:
            found = self._sorted[kind, name] = sorted(self._steps.get((kind, name), ()))
        return found

    def step_below(self, kind: str, name: str, value: int) -> int | None:
        """The next step that a falling value crosses: it then is less; None without one."""
        steps = self.steps(kind, name)
        if steps is None:
            return value
        place = bisect_right(steps, value)
        return steps[place - 1] if place else None

    def step_above(self, kind: str, name: str, value: int) -> int | None:
        """The next step that a growing value reaches; None without one."""
        steps = self.steps(kind, name)
        if steps is None:
            return value + 1
        place = bisect_right(steps, value)
        return steps[place] if place < len(steps) else None

    def learn(self, plan: Plan) -> None:
        """Add what the rule set asks; before anything was asked of this."""
        self.kinds |= plan.kinds
        self._between(plan.rule_set.valid_from, plan.rule_set.valid_to)
        for rule in plan.rules:
            self._between(rule.valid_from, rule.valid_to)
            for pattern in rule.patterns():
                if pattern.kind != SIGNAL:
                    for test in comparisons_of(pattern.condition):
                        self._compared(test)
            if isinstance(rule.then.points, Scale):
                self._scaled(rule.then.points)

    def _between(self, first: date | None, last: date | None) -> None:
        self.days |= {day for day in (first, last and last + timedelta(days=1)) if day}

    def _compared(self, test: Comparison) -> None:
        for attribute in _attributes(test):
            name = attribute.kind, attribute.name
            self.names.add(name)
            if isinstance(test, Relation | Same):
                self._every.add(name)
            elif attribute.ordered:
                self._steps.setdefault(name, set()).update(_steps(test, attribute))

    def _scaled(self, scale: Scale) -> None:
        name = scale.attribute.kind, scale.attribute.name
        least, most = sorted((scale.none_at, scale.full_at))
        self.names.add(name)
        if most - least > LONGEST_SCALE:
            self._every.add(name)
        else:
            self._steps.setdefault(name, set()).update(range(least + 1, most + 1))


def _attributes(test: Comparison) -> Iterator[Attribute]:
    if isinstance(test, Relation):
        yield from (attribute for side in (test.left, test.right) for _factor, attribute in side.parts)
        return
    yield test.attribute
    if isinstance(test, Same):
        yield test.other


def _steps(test: Comparison, attribute: Attribute) -> Iterator[int]:
    if isinstance(test, OneOf):
        for value in test.values:
            yield from (attribute.whole(value), attribute.whole(value) + 1)
    elif isinstance(test, Test):
        value = attribute.whole(test.value)
        if test.op in ("<", ">=", "==", "!="):
            yield value
        if test.op in ("<=", ">", "==", "!="):
            yield value + 1


_known: dict[tuple[str, ...], Asked] = {}
MOST_KNOWN = 8


def asked_in_force(rule_sets: Iterable[str]) -> Asked:
    """What the versions in force of these rule sets ask. A set that has none asks nothing."""
    plans = [found for found in map(service.plan_in_force, rule_sets) if found is not None]
    key = tuple(plan.rule_set.sha256 for plan in plans)
    found = _known.get(key)
    if found is None:
        found = Asked()
        for plan in plans:
            found.learn(plan)
        while len(_known) >= MOST_KNOWN:
            _known.pop(next(iter(_known)))
        _known[key] = found
    return found
