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
- a join whose last comparison fails reads on behind its end, in memory that was never set: the last always holds.
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
from math import prod
from typing import Any

import durable_rules_engine as matcher

from app.core import clock, jsontext
from app.decisions.compile import Plan, Shard, Step
from app.decisions.engines import EngineFault, Firing
from app.decisions.engines.coding import OPENING_KIND, Coding, definition, refuse_collisions
from app.decisions.facts import Facts
from app.decisions.ir import ways
from app.decisions.schema import SIGNAL, FactSchema

RING = 512
DEADLINE = 2.0
"""Seconds a decision may fire rules."""
LOOKS = 16
"""After so many firings it looks at the time."""
Found = dict[str, set[int] | None]
"""The rules that fired, in order: the lines of one that asks for lines, else None."""
_building = threading.Lock()
_serial = itertools.count()


def _after_fork() -> None:
    global _building  # noqa: PLW0603 - a lock held by another thread at the fork would stay locked for ever
    _building = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
refuse_collisions({str(number) for number in range(RING)})


@dataclass
class _Live:
    """A handle of the matcher in this process."""

    pid: int
    handle: int
    lock: threading.Lock
    sids: Iterator[int]


class _Match:
    """What it means that a branch matched."""

    def __init__(self, step: Step, schema: FactSchema) -> None:
        self.rule = step.rule
        self.signals = step.rule.then.signals
        self.of_lines = any(
            schema.kinds[pattern.kind].key and pattern.kind != SIGNAL for pattern in step.rule.patterns()
        )
        """One of its branches asks for lines: the rule fires for those that its matches name."""


class _Cage:
    """One shard in the matcher."""

    def __init__(self, name: str, shard: Shard, schema: FactSchema) -> None:
        self.name = name
        self.shard = shard
        self.keys = {kind: schema.kinds[kind].key for kind in shard.kinds}
        self.coding = Coding(shard)
        self.matches = {f"b{step.rank}": _Match(step, schema) for step in shard.steps}
        self._in_force: tuple[date | None, dict[str, _Match | None]] = None, {}
        self.firings = sum(prod(ways(pattern.condition) for pattern in step.branch) for step in shard.steps)
        """At most, for one fact of each kind: the matcher fires once for each way in which an `or` holds."""
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

    def in_force(self, day: date) -> dict[str, _Match | None]:
        """What each match means on the day; nothing, where its rule is not in force."""
        known, found = self._in_force
        if known != day:
            found = {name: one if one.rule.in_force(day) else None for name, one in self.matches.items()}
            self._in_force = day, found
        return found

    def close(self) -> None:
        """Give the handle back. A decision that comes late makes one for itself and gives it back too."""
        self._closed = True
        with _building:
            found, self._live = self._live, None
        if found is not None and found.pid == os.getpid():
            with found.lock:  # a decision on its way ends first
                matcher.delete_ruleset(found.handle)

    def run(self, facts: Facts, signals: list[str], day: date, found: Found) -> None:
        """Adds what matches, in order, and the signals given on the way."""
        try:
            while True:
                live = self.live()
                with live.lock:
                    if live is self._live:  # else it was given back while we waited
                        return _Session(self, live, signals, day).run(facts, found)
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
        self.words: dict[Any, int] = {}

    def run(self, facts: Facts, found: Found) -> None:
        try:
            self._open()
            most = self._assert_all(facts)
            self._fire(most, found)
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
        coding, keys = self.cage.coding, self.cage.keys
        for kind in self.cage.shard.kinds:
            key = keys[kind]
            many = facts.get(kind, ())
            widest = max(widest, len(many))
            for fact in many:
                self._assert(coding.fact(kind, fact, fact[key] if key else 0, self.words))
        if SIGNAL in coding.kinds:
            for name in self.signals:
                self._assert(coding.fact(SIGNAL, {"name": name}, 0, self.words))
        return self.cage.firings * widest

    def _assert(self, body: str) -> None:
        self.asserted += 1
        code, state = matcher.assert_fact(self.handle, f'{{"id":"f{self.asserted}","sid":"{self.sid}",{body}}}')
        if code == 0:
            self.state = state
        elif code != 1:  # 1: no pattern asks for it
            raise EngineFault(f"assert answered {code}")

    def _fire(self, most: int, found: Found) -> None:
        fired = 0
        ends = clock.ticks() + DEADLINE
        meaning = self.cage.in_force(self.day)
        go_on, handle, state = matcher.complete_and_start_action, self.handle, self.state
        message = go_on(handle, state)
        while message is not None:
            match = meaning[message[2 : message.index('"', 2)]]  # {"name":{…}}: the rest is read only for lines
            if match is not None:
                if match.of_lines:
                    found.setdefault(match.rule.id, set()).update(_lines_of(message))  # type: ignore[union-attr]
                else:
                    found[match.rule.id] = None
                if match.signals:
                    self._give(match.signals)
                    state = self.state
            fired += 1
            if fired > most or (not fired % LOOKS and clock.ticks() > ends):
                raise EngineFault("too many firings" if fired > most else "too slow")
            message = go_on(handle, state)

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
                self._assert(self.cage.coding.fact(SIGNAL, {"name": name}, 0, self.words))


def _lines_of(message: str) -> Iterator[int]:
    """The line that matched; none for a branch that does not ask for one."""
    (matched,) = jsontext.loads(message).values()
    return (fact["n"] for fact in matched.values() if isinstance(fact, dict) and fact["n"])


class Durable:
    """Runs a plan with durable_rules. Handles are made on first use; `close` gives them back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        name = f"{plan.rule_set.id}@{plan.rule_set.sha256[:12]}"
        self._cages = [
            _Cage(f"{name}.{number}", shard, plan.rule_set.schema) for number, shard in enumerate(plan.shards)
        ]

        self._alone = {rule.id: Firing(rule.id, ()) for rule in plan.rules}

    def close(self) -> None:
        """Delete the handles of this process."""
        for cage in self._cages:
            cage.close()

    def run(self, facts: Facts, day: date) -> list[Firing]:
        """The rules that fire, in the firing order, with their lines. Raises EngineFault."""
        signals: list[str] = []
        found: Found = {}
        for cage in self._cages:
            cage.run(facts, signals, day, found)
        alone = self._alone
        return [alone[rule] if lines is None else Firing(rule, tuple(sorted(lines))) for rule, lines in found.items()]
