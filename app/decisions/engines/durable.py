"""durable_rules, caged. The only module that may import `durable_rules_engine`.

What it guards against (each seen to fail with ordinary data in 2.0.28):

- the library's Host: timer threads that touch freed states, exceptions swallowed, no removal. We use the C functions.
- text: compared loosely, found by 32-bit hashes. No text reaches the matcher: texts become numbers.
- floats, null, huge numbers: facts are whole numbers within ±(2**53 - 1); null attributes are left out, `h…` says so.
- a state per order that is never freed: one short-lived state per decision, under a lock, deleted in any case.
- 1,024 live states, colliding state names: names come from a ring of 512 that were checked against each other.
- an unmatched fact stops a batch: facts are asserted one at a time, "not handled" is an answer like any other.
- `not` that is wrong when the negated fact comes late: asserted in the plan's order. Unique priorities: a total order.
- a state in which nothing was ever due is deleted through pointers that were never set (`state.c`: `context` stays
  uninitialised until an action starts, `deleteStateNode` frees it). So each state starts one action of ours first.
- endless firing: at most as many firings as there are matches, and a deadline.
- fork: a handle belongs to the process that made it; a child makes its own.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import durable_rules_engine as matcher

from app.core import clock, jsontext
from app.decisions.compile import Plan, Shard
from app.decisions.engines import EngineFault, Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import All, Condition, Known, OneOf, Pattern, Test, tests_of
from app.decisions.schema import LARGEST, SIGNAL, Attribute, FactSchema

OPENING = "opening"
"""The rule that fires first in every state, whatever the facts."""
OPENING_KIND = 0
"""Kinds of facts count from 1."""
RING = 512
DEADLINE = 2.0
"""Seconds a decision may fire rules."""
_building = threading.Lock()
_serial = itertools.count()


def _after_fork() -> None:
    global _building  # noqa: PLW0603 - a lock held by another thread at the fork would stay locked for ever
    _building = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


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


refuse_collisions({str(number) for number in range(RING)})


class Coding:
    """How one shard's facts look to the matcher: kinds, attributes and texts as numbers under short names."""

    def __init__(self, shard: Shard) -> None:
        self.kinds = {kind: number for number, kind in enumerate((*shard.kinds, SIGNAL), start=1)}
        self.names: dict[tuple[str, str], str] = {}
        self.attributes: dict[str, dict[str, Attribute]] = {kind: {} for kind in self.kinds}
        self.texts: dict[tuple[str, str], dict[object, int]] = {}
        for step in shard.steps:
            for pattern in step.branch:
                for test in tests_of(pattern.condition):
                    self._learn(test)
        used = set(self.names.values())
        refuse_collisions({"id", "sid", "k", "n", "$s", *used, *(f"h{name}" for name in used)})

    def _learn(self, test: Test | OneOf | Known) -> None:
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
            case "date":
                return int(value.toordinal())
            case "decimal":
                return int(value.scaleb(attribute.scale)) if not isinstance(value, int) else value * 10**attribute.scale
        number = int(value)
        if not -LARGEST <= number <= LARGEST:
            raise EngineFault(f"{attribute.dotted} is out of range")
        return number

    def fact(self, kind: str, fact: Fact, key: int) -> str:
        """The fact as JSON without its id: whole numbers only, and only what the rules of this shard ask."""
        parts = [f'"k":{self.kinds[kind]},"n":{key}']
        for name, attribute in self.attributes[kind].items():
            code = self.names[kind, name]
            value = fact[name]
            if value is not None:
                parts.append(f'"{code}":{self.number(attribute, value)}')
            if attribute.nullable:
                parts.append(f'"h{code}":{int(value is not None)}')
        return ",".join(parts)

    def pattern(self, pattern: Pattern) -> dict[str, Any]:
        """The pattern in the matcher's notation; it always asks for its kind first."""
        return {"$and": [{"k": self.kinds[pattern.kind]}, self.condition(pattern.condition)]}

    def condition(self, condition: Condition) -> dict[str, Any]:
        """A condition in the matcher's notation."""
        if isinstance(condition, Known):
            name = self.names[condition.attribute.kind, condition.attribute.name]
            return {f"h{name}": int(condition.known)}
        if isinstance(condition, Test):
            return self._compare(condition.attribute, condition.op, condition.value)
        if isinstance(condition, OneOf):
            op = "!=" if condition.negated else "=="
            parts = [self._compare(condition.attribute, op, value) for value in condition.values]
            return parts[0] if len(parts) == 1 else {"$and" if condition.negated else "$or": parts}
        joined = [self.condition(item) for item in condition.items]
        return {"$and" if isinstance(condition, All) else "$or": joined}

    def _compare(self, attribute: Attribute, op: str, value: Any) -> dict[str, Any]:
        inner = {self.names[attribute.kind, attribute.name]: self.number(attribute, value)}
        word = {"==": None, "!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}[op]
        return inner if word is None else {word: inner}


def definition(shard: Shard, coding: Coding) -> dict[str, Any]:
    """The shard as a ruleset of the matcher: one of its rules per branch, priorities unique; and one of ours."""
    last = max(step.rank for step in shard.steps)
    opening = {OPENING: {"all": [{"p0": {"k": OPENING_KIND}}], "pri": last + 1}}
    return opening | {
        f"b{step.rank}": {
            "all": [
                {f"p{i}$not" if pattern.negated else f"p{i}": coding.pattern(pattern)}
                for i, pattern in enumerate(step.branch)
            ],
            "pri": step.rank,
        }
        for step in shard.steps
    }


@dataclass
class _Live:
    """A handle of the matcher in this process."""

    pid: int
    handle: int
    lock: threading.Lock
    sids: Iterator[int]


class _Cage:
    """One shard in the matcher."""

    def __init__(self, name: str, shard: Shard, schema: FactSchema) -> None:
        self.name = name
        self.shard = shard
        self.keys = {kind: schema.kinds[kind].key for kind in shard.kinds}
        self.coding = Coding(shard)
        self.steps = {f"b{step.rank}": step for step in shard.steps}
        self._definition = jsontext.dumps(definition(shard, self.coding))
        self._live: _Live | None = None
        self._closed = False

    def live(self) -> _Live:
        found = self._live
        if found is not None and found.pid == os.getpid():
            return found
        with _building:
            if self._live is None or self._live.pid != os.getpid():
                handle = matcher.create_ruleset(f"{self.name}.{next(_serial)}", self._definition)
                self._live = _Live(os.getpid(), handle, threading.Lock(), itertools.count())
            return self._live

    def close(self) -> None:
        """Give the handle back. A decision that comes late makes one for itself and gives it back too."""
        self._closed = True
        with _building:
            found, self._live = self._live, None
        if found is not None and found.pid == os.getpid():
            with found.lock:  # a decision on its way ends first
                matcher.delete_ruleset(found.handle)

    def run(self, facts: Facts, signals: list[str], day: date) -> list[tuple[str, int]]:
        """(rule, line or 0) of every match, in order; appends the signals given on the way."""
        try:
            while True:
                live = self.live()
                with live.lock:
                    if live is self._live:  # else it was given back while we waited
                        return _Session(self, live, signals, day).run(facts)
        finally:
            if self._closed:
                self.close()


class _Session:
    """One decision in one state of the matcher."""

    def __init__(self, cage: _Cage, live: _Live, signals: list[str], day: date) -> None:
        self.cage = cage
        self.handle = live.handle
        self.sid = str(next(live.sids) % RING)
        self.signals = signals
        self.day = day
        self.state: int | None = None
        self.asserted = 0

    def run(self, facts: Facts) -> list[tuple[str, int]]:
        try:
            self._open()
            most = self._assert_all(facts)
            return self._fire(most)
        except matcher.error as fault:
            raise EngineFault(str(fault)) from fault
        finally:
            self._forget()

    def _forget(self) -> None:
        try:
            matcher.delete_state(self.handle, self.sid)
        except matcher.error:
            # nothing was stored for this state, or the handle is not well: a fresh one costs a millisecond
            if self.state is not None:
                self.cage._live = None

    def _open(self) -> None:
        """Start an action that means nothing, so that the state's context is set before anything can go wrong."""
        self._assert(f'"k":{OPENING_KIND},"n":0')
        if self._start() is None:
            raise EngineFault("the opening did not fire")

    def _assert_all(self, facts: Facts) -> int:
        """Assert what the rules can see; returns how many firings there can be at most."""
        widest = 1
        kinds = self.cage.coding.kinds
        for kind in self.cage.shard.kinds:
            key = self.cage.keys[kind]
            many = facts.get(kind, [])
            widest = max(widest, len(many))
            for fact in many:
                self._assert(self.cage.coding.fact(kind, fact, fact[key] if key else 0))
        if SIGNAL in kinds:
            for name in self.signals:
                self._assert(self.cage.coding.fact(SIGNAL, {"name": name}, 0))
        return len(self.cage.steps) * widest

    def _assert(self, body: str) -> None:
        self.asserted += 1
        code, state = matcher.assert_fact(self.handle, f'{{"id":"f{self.asserted}","sid":"{self.sid}",{body}}}')
        if code == 0:
            self.state = state
        elif code != 1:  # 1: no pattern asks for it
            raise EngineFault(f"assert answered {code}")

    def _fire(self, most: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        fired = 0
        ends = clock.ticks() + DEADLINE
        message = matcher.complete_and_start_action(self.handle, self.state)
        while message is not None:
            ((name, matched),) = jsontext.loads(message).items()
            step = self.cage.steps[name]
            if step.rule.in_force(self.day):
                found.append((step.rule.id, _line_of(matched)))
                self._give(step.rule.then.signals)
            fired += 1
            if fired > most or clock.ticks() > ends:
                raise EngineFault("too many firings" if fired > most else "too slow")
            message = matcher.complete_and_start_action(self.handle, self.state)
        return found

    def _start(self) -> str | None:
        if self.state is None:
            return None
        try:
            started = matcher.start_action_for_state(self.handle, self.state)
        except UnboundLocalError:  # what the C function raises when no rule is due
            return None
        return started[1] if started else None

    def _give(self, signals: tuple[str, ...]) -> None:
        for name in signals:
            if name not in self.signals:
                self.signals.append(name)
                self._assert(self.cage.coding.fact(SIGNAL, {"name": name}, 0))


def _line_of(matched: dict[str, dict[str, Any]]) -> int:
    return max((fact["n"] for fact in matched.values() if isinstance(fact, dict)), default=0)


class Durable:
    """Runs a plan with durable_rules. Handles are made on first use; `close` gives them back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        name = f"{plan.rule_set.id}@{plan.rule_set.sha256[:12]}"
        self._cages = [
            _Cage(f"{name}.{number}", shard, plan.rule_set.schema) for number, shard in enumerate(plan.shards)
        ]

    def close(self) -> None:
        """Delete the handles of this process."""
        for cage in self._cages:
            cage.close()

    def run(self, facts: Facts, day: date) -> list[Firing]:
        """The rules that fire, in the firing order, with their lines. Raises EngineFault."""
        signals: list[str] = []
        order: dict[str, set[int]] = {}
        for cage in self._cages:
            for rule, line in cage.run(facts, signals, day):
                order.setdefault(rule, set()).update({line} if line else ())
        return [Firing(rule, tuple(sorted(lines))) for rule, lines in order.items()]
