"""The oracle: a plan as one generated Python function, some thirty times as fast as the matcher.

Its source is built from the typed form alone: names are ours and numbered, attribute names and texts stand in it as
`repr` of a str, whole numbers as `repr` of an int, and every other constant (dates, decimals) is handed in under a
name. Nothing anybody wrote is ever read as code. It says what `closures` says: the same rules, order and lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from app.decisions.compile import Plan
from app.decisions.engines import Firing
from app.decisions.engines.closures import Closures
from app.decisions.facts import Facts
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
    Sum,
    Test,
    comparisons_of,
)
from app.decisions.schema import SIGNAL, Attribute

Run = Callable[[Facts, date], list[Firing]]
INDENT = "    "


class Generated:
    """Runs a plan over facts. Has no state between decisions; safe from many threads."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        writing = _Writing(plan)
        self.source = writing.whole()
        self.run: Run = made_of(self.source, f"<rules {plan.rule_set.id}>", writing.given)["run"]
        """The rules that fire, in the firing order, with their lines."""


def made_of(source: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the source defines. It may only be built as the head of this module says."""
    exec(compile(source, name, "exec"), given)  # noqa: S102 - no text of anybody's is code in it
    return given


class _Writing:
    """Writes the function of one plan; `given` holds what its source only names."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kinds = plan.rule_set.schema.kinds
        self.given: dict[str, Any] = {"Firing": Firing, "slowly": _slowly(plan)}
        self.names: dict[tuple[str, str], str] = {}
        self.there: dict[str, str] = {}
        self.signals: dict[str, str] = {}
        self.lists: dict[str, dict[str, tuple[str, Condition]]] = {}
        """By kind and by how a condition on lines reads: the name of its list of keys, the condition."""
        self._constants: dict[Any, str] = {}
        for rule in plan.rules:
            for pattern in rule.patterns():
                self._learn(pattern)

    def _learn(self, pattern: Pattern) -> None:
        if pattern.kind == SIGNAL:
            assert isinstance(pattern.condition, Test)  # noqa: S101 - the plan sees to it
            self.signals.setdefault(str(pattern.condition.value), f"g{len(self.signals)}")
            return
        if self._many(pattern.kind):
            own = self.lists.setdefault(pattern.kind, {})
            own.setdefault(repr(pattern.condition), (f"m{sum(map(len, self.lists.values()))}", pattern.condition))
        for attribute in _attributes(pattern):
            self.names.setdefault((attribute.kind, attribute.name), f"a{len(self.names)}")
        for kind in (pattern.kind, *(attribute.kind for attribute in _attributes(pattern))):
            self.there.setdefault(kind, f"t{len(self.there)}")

    def _many(self, kind: str) -> bool:
        return self.kinds[kind].cardinality == "many"

    def whole(self) -> str:
        """The source of `run(facts, day)`."""
        body = [*self._reading(), *self._lines(), "fired = []", "fire = fired.append"]
        body += [f"{name} = False" for name in self.signals.values()]
        for rule in self.plan.rules:
            body += self._rule(rule)
        body.append("return fired")
        return "def run(facts, day):\n" + "".join(f"{INDENT}{line}\n" for line in body)

    def _reading(self) -> Iterator[str]:
        """Facts that the order has at most once, their attributes as local names; null where there is no such fact."""
        for kind, there in sorted(self.there.items()):
            if self._many(kind):
                continue
            names = [(name, local) for (one, name), local in self.names.items() if one == kind]
            yield f"{there} = facts.get({kind!r})"
            if self.kinds[kind].cardinality == "one":  # checked facts have it: what is not checked is told slowly
                yield f"if not {there}: return slowly(facts, day)"
                yield f"fact = {there}[0]"
                yield from (f"{local} = fact[{name!r}]" for name, local in names)
                continue
            yield f"if {there}:"
            yield f"{INDENT}fact = {there}[0]"
            yield from (f"{INDENT}{local} = fact[{name!r}]" for name, local in names)
            if names:
                yield "else:"
                yield INDENT + " = ".join([*(local for _name, local in names), "None"])

    def _lines(self) -> Iterator[str]:
        """For each condition on lines the keys for which it holds, all in one pass over the lines."""
        for kind, own in sorted(self.lists.items()):
            yield from (f"{local} = []" for local, _condition in own.values())
            yield f"for fact in facts.get({kind!r}, ()):"
            yield f"{INDENT}key = fact[{self.kinds[kind].key!r}]"
            yield from (f"{INDENT}{local} = fact[{name!r}]" for (one, name), local in self.names.items() if one == kind)
            for local, condition in own.values():
                yield f"{INDENT}if {self._condition(condition)}: {local}.append(key)"

    def _rule(self, rule: Rule) -> Iterator[str]:
        """What makes the rule fire, and what it then gives."""
        branches = [(self._branch(branch), self._keys(branch)) for branch in rule.branches]
        force = self._force(rule)
        if not any(keys for _asked, keys in branches):
            asked = " or ".join(asked for asked, _keys in branches)
            yield f"if {force}({asked}):"
            yield f"{INDENT}fire({self._constant(self.plan.alone[rule.id])})"
        else:
            yield "keys = None"
            for asked, keys in branches:
                yield f"if {force}{asked}: keys = {keys or '[]'} if keys is None else keys + {keys or '[]'}"
            yield "if keys is not None:"
            yield f"{INDENT}fire(Firing({rule.id!r}, tuple(sorted(set(keys)))))"
        for signal in rule.then.signals:
            if signal in self.signals:
                yield f"{INDENT}{self.signals[signal]} = True"

    def _force(self, rule: Rule) -> str:
        if rule.disabled:
            return "False and "
        begins = f"{self._constant(rule.valid_from)} <= day and " if rule.valid_from else ""
        return begins + (f"day <= {self._constant(rule.valid_to)} and " if rule.valid_to else "")

    def _branch(self, branch: Branch) -> str:
        return "(" + " and ".join(self._pattern(pattern) for pattern in branch) + ")"

    def _keys(self, branch: Branch) -> str:
        """The names of the lists of lines for which the branch matches; '' when it does not speak of lines."""
        return " + ".join(
            self._list(pattern) for pattern in branch if not pattern.negated and pattern.kind in self.lists
        )

    def _list(self, pattern: Pattern) -> str:
        return self.lists[pattern.kind][repr(pattern.condition)][0]

    def _pattern(self, pattern: Pattern) -> str:
        no = "not " if pattern.negated else ""
        if pattern.kind == SIGNAL:
            assert isinstance(pattern.condition, Test)  # noqa: S101
            return no + self.signals[str(pattern.condition.value)]
        if self._many(pattern.kind):
            return no + self._list(pattern)
        asked = self._condition(pattern.condition)
        if self.kinds[pattern.kind].cardinality == "maybe":
            asked = f"({self.there[pattern.kind]} and {asked})"
        return no + asked

    def _condition(self, condition: Condition) -> str:
        """As an expression that is true or false; it may come to None, which counts as false."""
        match condition:
            case All(items=items):
                return "(" + (" and ".join(map(self._condition, items)) or "True") + ")"
            case Either(items=items):
                return "(" + (" or ".join(map(self._condition, items)) or "False") + ")"
            case Relation():
                return self._relation(condition)
            case Same():
                return self._same(condition)
        return self._alone(condition)

    def _alone(self, test: Test | OneOf | Known) -> str:
        local = self.names[test.attribute.kind, test.attribute.name]
        if isinstance(test, Known):
            return f"({local} is {'not ' if test.known else ''}None)"
        if isinstance(test, OneOf):
            asked = f"{local} {'not ' if test.negated else ''}in {self._constant(frozenset(test.values))}"
            return self._guarded((test.attribute,) if test.negated else (), asked)
        if isinstance(test.value, bool):
            return local if (test.op == "==") is test.value else f"({local} is False)"
        asked = f"{local} {test.op} {self._constant(test.value)}"
        return self._guarded(() if test.op == "==" else (test.attribute,), asked)

    def _guarded(self, attributes: tuple[Attribute, ...], asked: str) -> str:
        """False when one of the attributes is null; asked only of those that may be."""
        known = dict.fromkeys(
            f"{self.names[attribute.kind, attribute.name]} is not None"
            for attribute in attributes
            if attribute.nullable or self.kinds[attribute.kind].cardinality == "maybe"
        )
        return "(" + " and ".join([*known, asked]) + ")"

    def _relation(self, relation: Relation) -> str:
        attributes = tuple(attribute for side in (relation.left, relation.right) for _factor, attribute in side.parts)
        return self._guarded(attributes, f"{self._sum(relation.left)} {relation.op} {self._sum(relation.right)}")

    def _sum(self, total: Sum) -> str:
        parts = [f"{factor!r} * {self._whole(attribute)}" for factor, attribute in total.parts]
        return " + ".join([*parts, repr(total.constant)])

    def _whole(self, attribute: Attribute) -> str:
        local = self.names[attribute.kind, attribute.name]
        if attribute.type == "int":
            return local
        return f"{local}.toordinal()" if attribute.type == "date" else f"{self._constant(attribute.whole)}({local})"

    def _same(self, same: Same) -> str:
        one, other = (self.names[each.kind, each.name] for each in (same.attribute, same.other))
        return self._guarded((same.attribute, same.other), f"{one} {'!=' if same.negated else '=='} {other}")

    def _constant(self, value: Any) -> str:
        """Whole numbers and texts as they are; anything else under a name of ours."""
        if type(value) in (int, str):
            return repr(value)
        key = (type(value), value)
        if key not in self._constants:
            self._constants[key] = f"c{len(self._constants)}"
            self.given[self._constants[key]] = value
        return self._constants[key]


def _attributes(pattern: Pattern) -> Iterator[Attribute]:
    """The attributes that a pattern reads."""
    for test in comparisons_of(pattern.condition):
        if isinstance(test, Relation):
            yield from (attribute for side in (test.left, test.right) for _factor, attribute in side.parts)
        else:
            yield test.attribute
            if isinstance(test, Same):
                yield test.other


def _slowly(plan: Plan) -> Run:
    return lambda facts, day: Closures(plan).run(facts, day)
