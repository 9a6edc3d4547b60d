"""From rule set to plan: firing order, what facts are needed, and the matcher's limits checked before it sees anything.

Firing order is total and fixed: by stratum (a rule that reads a signal comes after all that give it), then by place in
the file. Each limit below stands for a failure of durable_rules 2.0.28 that ordinary data can cause.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, product
from math import prod
from typing import Any

from app.core.i18n import _
from app.decisions.analysis import refuse_useless
from app.decisions.dmn.table import DecisionTable
from app.decisions.engines import Firing
from app.decisions.ir import (
    Branch,
    OneOf,
    Pattern,
    Relation,
    Rule,
    RuleSet,
    Same,
    Scale,
    Test,
    alternatives,
    comparisons_of,
    ways,
)
from app.decisions.schema import SIGNAL
from app.decisions.sense import refuse_senseless
from app.decisions.source import RuleFileInvalid

MOST_PATTERNS_PER_KIND = 40
"""Per shard. The matcher gives up (error 303) when one fact satisfies more than 64 patterns."""
MOST_EQUALS = 400
"""Different values one attribute is compared with per shard. At 512 the matcher hangs."""
MOST_ATTRIBUTES = 90
"""Attributes of one kind used per shard. At 255 the matcher refuses the fact (error 302)."""
MOST_APART = 16
"""Into how many a branch may be taken apart."""
MOST_BRANCHES = 60_000
"""Priorities are unsigned 16-bit numbers in the matcher: 65,537 would act as 1."""


@dataclass(frozen=True)
class Step:
    """One branch of a rule, in the firing order."""

    rank: int
    rule: Rule
    branch: Branch


@dataclass(frozen=True)
class Shard:
    """Branches that one handle of the matcher holds; `kinds` in the order in which their facts must be asserted."""

    steps: tuple[Step, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A rule set ready to run."""

    rule_set: RuleSet
    rules: tuple[Rule, ...]
    shards: tuple[Shard, ...]
    table: DecisionTable | None = None
    """The decision table that the rules are of, if it is one: it says what they answer together."""
    made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What others made of it once, by their name: prepared reasons, columns."""

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """Each rule by its id."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def alone(self) -> dict[str, Firing]:
        """By rule the firing of one that asks for no lines: the same object from every engine."""
        return {rule.id: Firing(rule.id, ()) for rule in self.rules}

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """All comparisons of sums in its rules."""
        tests = (
            test for rule in self.rules for pattern in rule.patterns() for test in comparisons_of(pattern.condition)
        )
        return tuple(test for test in tests if isinstance(test, Relation))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Kinds of facts it needs (signals are its own)."""
        needed = {pattern.kind for rule in self.rules for pattern in rule.patterns()}
        needed |= {rule.then.points.attribute.kind for rule in self.rules if isinstance(rule.then.points, Scale)}
        for rule in self.rules:
            for template in rule.reason.values():
                needed |= {piece[0] for piece in template if isinstance(piece, tuple)}
        return frozenset(needed - {SIGNAL})


def make_new_plan(rule_set: RuleSet, file: str = "rules.yaml") -> Plan:
    """The plan of a rule set that is not in use yet. Raises as `make_plan`, and for what is of no use or no sense; what
    was in use before we could tell that must still be run and replayed."""
    refuse_senseless(rule_set, file)
    refuse_useless(rule_set, file)
    return make_plan(rule_set, file)


def make_plan(rule_set: RuleSet, file: str = "rules.yaml") -> Plan:
    """The plan of a rule set. Raises RuleFileInvalid naming the rule that goes beyond a limit."""
    rules = _in_firing_order(rule_set, file)
    steps: list[Step] = []
    for rule in rules:
        for branch in rule.branches:
            for apart in _apart(branch, rule, file):
                steps.append(Step(len(steps), rule, apart))
    if len(steps) > MOST_BRANCHES:
        raise _refuse(rules[-1], file, _("more than %(most)s combinations", most=MOST_BRANCHES))
    groups = _in_shards(steps, file)
    return Plan(rule_set, rules, tuple(Shard(tuple(group), _assert_order(group, file)) for group in groups))


def _apart(branch: Branch, rule: Rule, file: str) -> list[Branch]:
    """The branch as branches in which no comparison of two facts stands under an `or`: the matcher gets those wrong."""
    if prod(ways(pattern.condition) for pattern in branch if pattern.asks) > MOST_APART:
        raise _refuse(rule, file, _("more than %(most)s combinations", most=MOST_APART))
    choices: list[list[tuple[Pattern, ...]]] = []
    for pattern in branch:
        if not pattern.asks:
            choices.append([(pattern,)])
            continue
        found = [replace(pattern, condition=one) for one in alternatives(pattern.condition)]
        choices.append([tuple(found)] if pattern.negated else [(one,) for one in found])
    return [tuple(chain.from_iterable(chosen)) for chosen in product(*choices)]


def _refuse(rule: Rule, file: str, reason: str) -> RuleFileInvalid:
    return RuleFileInvalid(file=file, line=rule.line, rule=rule.id, reason=reason)


def _in_firing_order(rule_set: RuleSet, file: str) -> tuple[Rule, ...]:
    givers: dict[str, list[Rule]] = defaultdict(list)
    for rule in rule_set.rules:
        for signal in rule.then.signals:
            givers[signal].append(rule)
    stratum: dict[str, int] = {}
    for rule in rule_set.rules:
        _place(rule, givers, stratum, (), file)
    return tuple(sorted(rule_set.rules, key=lambda rule: stratum[rule.id]))


def _place(
    rule: Rule, givers: dict[str, list[Rule]], stratum: dict[str, int], above: tuple[str, ...], file: str
) -> int:
    if rule.id in above:
        raise _refuse(rule, file, _("its signals go round in a circle: %(rules)s", rules=" → ".join((*above, rule.id))))
    if rule.id not in stratum:
        lowest = 0
        for signal in _signals_read(rule, file):
            if signal not in givers:
                raise _refuse(rule, file, _("no rule gives the signal “%(name)s”", name=signal))
            below = [_place(giver, givers, stratum, (*above, rule.id), file) for giver in givers[signal]]
            lowest = max(lowest, 1 + max(below))
        stratum[rule.id] = lowest
    return stratum[rule.id]


def _signals_read(rule: Rule, file: str) -> Iterable[str]:
    for pattern in rule.patterns():
        if pattern.kind == SIGNAL:
            condition = pattern.condition
            if not isinstance(condition, Test) or condition.op != "==":
                raise _refuse(rule, file, _("a signal is asked for by name == '…' alone"))
            yield str(condition.value)


def _in_shards(steps: list[Step], file: str) -> list[list[Step]]:
    """Cut the sequence where the next branch would go beyond a limit."""
    groups: list[list[Step]] = []
    load = _Load()
    for step in steps:
        grown = load.with_branch(step.branch)
        if not groups or grown.too_much():
            groups.append([])
            grown = _Load().with_branch(step.branch)
            if grown.too_much():
                raise _refuse(
                    step.rule, file, _("compares one attribute with more than %(most)s values", most=MOST_EQUALS)
                )
        groups[-1].append(step)
        load = grown
    return groups


class _Load:
    """How much one handle has to carry."""

    def __init__(self) -> None:
        self.patterns: Counter[str] = Counter()
        self.equals: dict[str, set[object]] = defaultdict(set)
        self.attributes: dict[str, set[str]] = defaultdict(set)

    def with_branch(self, branch: Branch) -> _Load:
        grown = _Load()
        grown.patterns.update(self.patterns)
        grown.equals.update({key: set(found) for key, found in self.equals.items()})
        grown.attributes.update({key: set(found) for key, found in self.attributes.items()})
        for pattern in branch:
            grown.add(pattern)
        return grown

    def add(self, pattern: Pattern) -> None:
        self.patterns[pattern.kind] += 1
        for test in comparisons_of(pattern.condition):
            if isinstance(test, Relation):
                self.attributes[pattern.kind].add(repr(test.left))
                self.attributes[test.right.kind].add(repr(test.right))
                continue
            self.attributes[pattern.kind].add(test.attribute.name)
            if isinstance(test, Same):
                self.attributes[test.other.kind].add(test.other.name)
            elif isinstance(test, OneOf):
                self.equals[test.attribute.dotted].update(test.values)
            elif isinstance(test, Test) and test.op in ("==", "!="):
                self.equals[test.attribute.dotted].add(test.value)

    def too_much(self) -> bool:
        return (
            max(self.patterns.values()) > MOST_PATTERNS_PER_KIND
            or max((len(found) for found in self.equals.values()), default=0) > MOST_EQUALS
            or max((len(found) for found in self.attributes.values()), default=0) > MOST_ATTRIBUTES
        )


def _assert_order(steps: list[Step], file: str) -> tuple[str, ...]:
    """Kinds so ordered that what a rule negates is there before what makes it fire: the matcher does not take back."""
    kinds = {pattern.kind for step in steps for pattern in step.branch} - {SIGNAL}
    before: dict[str, set[str]] = {kind: set() for kind in kinds}
    for step in steps:
        negated = {pattern.kind for pattern in step.branch if pattern.negated}
        for pattern in step.branch:
            if not pattern.negated and pattern.kind != SIGNAL:
                before[pattern.kind] |= negated
    ordered: list[str] = []
    while before:
        ready = sorted(kind for kind, needs in before.items() if not needs - set(ordered))
        if not ready:
            rule = next(step.rule for step in steps if any(pattern.kind in before for pattern in step.branch))
            raise _refuse(
                rule, file, _("rules negate each other's kinds in a circle: %(kinds)s", kinds=", ".join(before))
            )
        ordered += ready
        for kind in ready:
            del before[kind]
    return tuple(ordered)
