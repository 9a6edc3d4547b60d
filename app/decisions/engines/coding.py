"""How a shard looks to the matcher: kinds, attributes and texts as numbers under short names, branches as its rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from app.decisions.compile import Shard, Step
from app.decisions.engines import EngineFault
from app.decisions.engines.written import Write, writer
from app.decisions.facts import Fact
from app.decisions.ir import (
    All,
    Branch,
    Comparison,
    Condition,
    Either,
    Known,
    OneOf,
    Pattern,
    Relation,
    Same,
    Sum,
    Test,
    comparisons_of,
)
from app.decisions.schema import LARGEST, SIGNAL, Attribute

OPENING = "opening"
"""The rule that fires first in every state, whatever the facts."""
OPENING_KIND = 0
"""Kinds of facts count from 1."""


def hashed(text: str) -> int:
    """The 32-bit FNV-1a hash by which the matcher finds names: two names with one hash are one name to it."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def refuse_collisions(names: set[str]) -> None:
    """Raises EngineFault when two names are one to the matcher."""
    if len({hashed(name) for name in names}) != len(names):
        raise EngineFault("two names have the same hash")


class Coding:
    """How one shard's facts look to the matcher: kinds, attributes and texts as numbers under short names."""

    def __init__(self, shard: Shard) -> None:
        self.kinds = {kind: number for number, kind in enumerate((*shard.kinds, SIGNAL), start=1)}
        self.names: dict[tuple[str, str], str] = {}
        self.attributes: dict[str, dict[str, Attribute]] = {kind: {} for kind in self.kinds}
        self.texts: dict[tuple[str, str], dict[object, int]] = {}
        self.sums: dict[str, dict[str, tuple[str, Sum]]] = {kind: {} for kind in self.kinds}
        """Sums of a kind by how they read: the name that the matcher knows, the sum."""
        self.shared: dict[str, dict[str, str]] = {kind: {} for kind in self.kinds}
        """Texts of a kind that are compared with those of another fact, or pairs `one=other` of this, and the matcher's
        name."""
        self._writers: dict[str, Write] = {}
        for step in shard.steps:
            for pattern in step.branch:
                for test in comparisons_of(pattern.condition):
                    self._learn(test)
        used = {*self.names.values(), *(name for named in self.sums.values() for name, _sum in named.values())}
        used |= {name for named in self.shared.values() for name in named.values()}
        refuse_collisions({"id", "sid", "k", "k1", "n", "$s", *used, *(f"h{name}" for name in used)})

    def _learn(self, test: Comparison) -> None:
        if isinstance(test, Relation):
            for side in (test.left, test.right):
                if side.parts:
                    self.sums[side.kind].setdefault(repr(side), (f"s{_count(self.sums)}", side))
            return
        if isinstance(test, Same):
            alone = test.other.kind == test.attribute.kind
            for kind, name in ((one.kind, _pair(test) if alone else one.name) for one in (test.attribute, test.other)):
                self.shared[kind].setdefault(name, f"t{_count(self.shared)}")
            return
        attribute = test.attribute
        key = (attribute.kind, attribute.name)
        self.names.setdefault(key, f"a{len(self.names)}")
        self.attributes[attribute.kind][attribute.name] = attribute
        if attribute.type in ("enum", "text"):
            known = self.texts.setdefault(key, {})
            values = test.values if isinstance(test, OneOf) else (test.value,) if isinstance(test, Test) else ()
            for value in values:
                known.setdefault(value, len(known))

    def number(self, attribute: Attribute, value: Any) -> int:
        """The value as the whole number the matcher sees; -1 for a text no rule names."""
        match attribute.type:
            case "enum" | "text":
                return self.texts.get((attribute.kind, attribute.name), {}).get(value, -1)
        number = attribute.whole(value)
        if not -LARGEST <= number <= LARGEST:
            raise EngineFault(f"{attribute.dotted} is out of range")
        return number

    def writer(self, kind: str) -> Write:
        """How facts of the kind are written as JSON without their id: whole numbers only, and only what the rules of
        this shard ask."""
        found = self._writers.get(kind)
        if found is None:
            asked = [(self.names[kind, name], attribute) for name, attribute in self.attributes[kind].items()]
            texts = {code: self.texts.get((kind, attribute.name), {}) for code, attribute in asked}
            found = writer(self.kinds[kind], asked, texts)
            if self.sums[kind] or self.shared[kind]:
                found = partial(self._with_compared, kind, found)
            self._writers[kind] = found
        return found

    def fact(self, kind: str, fact: Fact, key: int, words: dict[Any, int]) -> str:
        """The fact as its writer writes it."""
        return self.writer(kind)(fact, key, words)

    def _with_compared(self, kind: str, write: Write, fact: Fact, key: int, words: dict[Any, int]) -> str:
        compared = (
            f',"{name}":{found or 0},"h{name}":{int(found is not None)}'
            for name, found in self._compared(kind, fact, words)
        )
        return write(fact, key, words) + "".join(compared)

    def _compared(self, kind: str, fact: Fact, words: dict[Any, int]) -> Iterator[tuple[str, int | None]]:
        """What is compared with other facts. It must be there also when it is null (`h…` says so): the matcher fails
        (error 311) when a fact lacks what another is compared with, and then takes a whole `$or` for false."""
        for code, total in self.sums[kind].values():
            yield code, total.of(fact)
        for name, code in self.shared[kind].items():
            one, paired, other = name.partition("=")
            value = fact[one]
            if value is None or (paired and fact[other] is None):
                yield code, None
            else:
                yield code, int(value == fact[other]) if paired else words.setdefault(value, len(words))

    def branch(self, branch: Branch) -> list[dict[str, Any]]:
        """The patterns of a branch in the matcher's notation, under the names by which later ones ask for them."""
        places = {pattern.kind: f"p{i}" for i, pattern in reversed(list(enumerate(branch))) if not pattern.negated}
        return [
            {f"p{i}$not" if pattern.negated else f"p{i}": self._pattern(pattern, places)}
            for i, pattern in enumerate(branch)
        ]

    def _pattern(self, pattern: Pattern, places: dict[str, str]) -> dict[str, Any]:
        """The pattern in the matcher's notation; it always asks for its kind first."""
        kind = {"k": self.kinds[pattern.kind]}
        last = [_true_of(places[other]) for other in sorted(pattern.asks)[:1]]
        return _all([kind, *self._conjuncts(pattern.condition, places), *last])

    def _conjuncts(self, condition: Condition, places: dict[str, str]) -> list[dict[str, Any]]:
        """What must hold, in one flat list: nested `$and`s with comparisons of two facts in them are decided wrongly.
        `places` names the patterns of the other kinds."""
        if isinstance(condition, All):
            return [part for item in condition.items for part in self._conjuncts(item, places)]
        if isinstance(condition, Relation):
            return self._relation(condition, places)
        if isinstance(condition, Same):
            return self._same(condition, places)
        return [self._condition(condition)]

    def _condition(self, condition: Test | OneOf | Known | Either) -> dict[str, Any]:
        """A condition on this fact alone in the matcher's notation."""
        if isinstance(condition, Known):
            name = self.names[condition.attribute.kind, condition.attribute.name]
            return {f"h{name}": int(condition.known)}
        if isinstance(condition, Test):
            return self._compare(condition.attribute, condition.op, condition.value)
        if isinstance(condition, OneOf):
            op = "!=" if condition.negated else "=="
            parts = [self._compare(condition.attribute, op, value) for value in condition.values]
            return parts[0] if len(parts) == 1 else {"$and" if condition.negated else "$or": parts}
        return {"$or": [_all(self._conjuncts(item, {})) for item in condition.items]}

    def _compare(self, attribute: Attribute, op: str, value: Any) -> dict[str, Any]:
        return _asked(op, {self.names[attribute.kind, attribute.name]: self.number(attribute, value)})

    def _same(self, same: Same, places: dict[str, str]) -> list[dict[str, Any]]:
        own = self.shared[same.attribute.kind]
        if same.other.kind == same.attribute.kind:
            pair = own[_pair(same)]
            return [{f"h{pair}": 1}, {pair: int(not same.negated)}]
        other = self.shared[same.other.kind][same.other.name]
        op = "!=" if same.negated else "=="
        return _joined(op, own[same.attribute.name], places[same.other.kind], other)

    def _relation(self, relation: Relation, places: dict[str, str]) -> list[dict[str, Any]]:
        left, _sum = self.sums[relation.left.kind][repr(relation.left)]
        if not relation.right.parts:
            return [{f"h{left}": 1}, _asked(relation.op, {left: relation.right.constant})]
        right, _sum = self.sums[relation.right.kind][repr(relation.right)]
        return _joined(relation.op, left, places[relation.right.kind], right)


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _true_of(place: str) -> dict[str, Any]:
    """A comparison with the fact at `place` that always holds. It stands last: when the last comparison of two facts
    fails, the matcher steps over its end mark and reads on in memory that was never set (`events.c`, line 614)."""
    return {"k1": {place: "k1"}}


def _joined(op: str, left: str, place: str, right: str) -> list[dict[str, Any]]:
    """`left` of this fact compared with `right` of the fact at `place`, both known; `k1` is 1 in every fact."""
    return [{f"h{left}": 1}, {"k1": {place: f"h{right}"}}, _asked(op, {left: {place: right}})]


def _asked(op: str, inner: dict[str, Any]) -> dict[str, Any]:
    word = {"==": None, "!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}[op]
    return inner if word is None else {word: inner}


def _pair(same: Same) -> str:
    return f"{same.attribute.name}={same.other.name}"


def _count(named: dict[str, dict[str, Any]]) -> int:
    return sum(map(len, named.values()))


def name_of(step: Step) -> str:
    """The matcher's name of a branch; all are of the same length."""
    return f"b{step.rank:05}"


def definition(shard: Shard, coding: Coding) -> dict[str, Any]:
    """The shard as a ruleset of the matcher: one of its rules per branch, priorities unique; and one of ours."""
    last = max(step.rank for step in shard.steps)
    opening = {OPENING: {"all": [{"p0": {"k": OPENING_KIND}}], "pri": last + 1}}
    return opening | {
        name_of(step): {
            "all": coding.branch(step.branch),
            "pri": step.rank,
        }
        for step in shard.steps
    }
