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
from functools import partial
from itertools import islice
from math import prod
from typing import Any

import durable_rules_engine as matcher

from app.core import clock, jsontext
from app.decisions.compile import Plan, Shard, Step
from app.decisions.engines import EngineFault, Firing
from app.decisions.engines.coding import OPENING_KIND, Coding, definition, name_of, refuse_collisions
from app.decisions.facts import Facts
from app.decisions.ir import ways
from app.decisions.schema import SIGNAL

SIDS = tuple(str(number) for number in range(512))
"""The names of states, again and again."""
DEADLINE = 2.0
"""Seconds a decision may fire rules."""
LOOKS = 64
"""After so many firings it looks at the time."""
Found = dict[str, "set[int] | Firing"]
"""The rules that fired, in order: the lines of one that asks for lines, else the firing."""
OPENING_FACT = f'"k":{OPENING_KIND},"n":0'
_building = threading.Lock()
_serial = itertools.count()


def _after_fork() -> None:
    global _building  # noqa: PLW0603 - a lock held by another thread at the fork would stay locked for ever
    _building = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
refuse_collisions(set(SIDS))


@dataclass
class _Live:
    """A handle of the matcher in this process."""

    pid: int
    handle: int
    lock: threading.Lock
    sids: Iterator[str]


class _Match:
    """What it means that a branch matched."""

    def __init__(self, step: Step, plan: Plan) -> None:
        kinds = plan.rule_set.schema.kinds
        self.rule = step.rule
        self.firing = plan.alone[step.rule.id]
        self.signals = step.rule.then.signals
        self.of_lines = any(kinds[pattern.kind].key and pattern.kind != SIGNAL for pattern in step.rule.patterns())
        """One of its branches asks for lines: the rule fires for those that its matches name."""


class _Meaning:
    """What the matches of a shard mean on a day."""

    def __init__(self, matches: dict[str, _Match], day: date) -> None:
        self.day = day
        self.matches = {name: one if one.rule.in_force(day) else None for name, one in matches.items()}
        """Nothing, where its rule is not in force."""
        self.plainly: dict[str, tuple[str, Firing]] | None = None
        """The rule and its firing, when no match does more than fire its rule."""
        if all(one and not one.of_lines and not one.signals for one in self.matches.values()):
            self.plainly = {name: (one.rule.id, one.firing) for name, one in matches.items()}


class _Cage:
    """One shard in the matcher."""

    def __init__(self, name: str, shard: Shard, plan: Plan) -> None:
        self.name = name
        self.shard = shard
        self.keys = {kind: plan.rule_set.schema.kinds[kind].key for kind in shard.kinds}
        self.of_many = [kind for kind, key in self.keys.items() if key and kind != SIGNAL]
        self.coding = Coding(shard)
        self.writers = [(kind, self.keys[kind], self.coding.writer(kind)) for kind in shard.kinds if kind != SIGNAL]
        self.matches = {name_of(step): _Match(step, plan) for step in shard.steps}
        self.gives = any(match.signals for match in self.matches.values())
        self._meaning: _Meaning | None = None
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
                self._live = _Live(os.getpid(), handle, threading.Lock(), itertools.cycle(SIDS))
            return self._live

    def meaning(self, day: date) -> _Meaning:
        """What each match means on the day."""
        found = self._meaning
        if found is None or found.day != day:
            found = self._meaning = _Meaning(self.matches, day)
        return found

    def most(self, facts: Facts) -> int:
        """How many firings there can be at most."""
        widest = 1
        for kind in self.of_many:
            widest = max(widest, len(facts.get(kind, ())))
        return self.firings * widest

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

    __slots__ = ("asserted", "cage", "day", "handle", "sid", "signals", "state", "words")

    def __init__(self, cage: _Cage, live: _Live, signals: list[str], day: date) -> None:
        self.cage = cage
        self.handle = live.handle
        self.sid = next(live.sids)
        self.signals = signals
        self.day = day
        self.state: int | None = None
        self.asserted = 0
        self.words: dict[Any, int] = {}

    def run(self, facts: Facts, found: Found) -> None:
        bodies = self._written(facts)  # before the state is made, which sweeps the processor's cache
        try:
            self._open()
            self._assert(bodies)
            self._fire(self.cage.most(facts), found)
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
        code, self.state = matcher.assert_fact(self.handle, f'{{"id":"f0","sid":"{self.sid}",{OPENING_FACT}}}')
        try:
            started = None if code else matcher.start_action_for_state(self.handle, self.state)
        except UnboundLocalError:  # what the C function raises when no rule is due
            started = None
        if not started:
            raise EngineFault("the opening did not fire")

    def _written(self, facts: Facts) -> list[str]:
        """What the rules can see."""
        cage, words = self.cage, self.words
        bodies = [
            write(fact, fact[key] if key else 0, words)
            for kind, key, write in cage.writers
            for fact in facts.get(kind, ())
        ]
        if self.signals:  # of earlier shards
            bodies += [cage.coding.fact(SIGNAL, {"name": name}, 0, words) for name in self.signals]
        return bodies

    def _assert(self, bodies: list[str]) -> None:
        assert_fact, handle, sid = matcher.assert_fact, self.handle, self.sid
        for number, body in enumerate(bodies, start=self.asserted + 1):
            code, _state = assert_fact(handle, f'{{"id":"f{number}","sid":"{sid}",{body}}}')
            if code > 1:  # 1: no pattern asks for it
                raise EngineFault(f"assert answered {code}")
        self.asserted += len(bodies)

    def _fire(self, most: int, found: Found) -> None:
        fired = 0
        meaning = self.cage.meaning(self.day)
        plainly = meaning.plainly
        looks = 1 if self.cage.gives else LOOKS  # a signal is given before the next rule fires
        ends = clock.ticks() + DEADLINE
        while True:
            go_on = partial(matcher.complete_and_start_action, self.handle, self.state)
            messages = islice(iter(go_on, None), looks)  # each reads {"b00012":{…}}
            if plainly is None:
                count = self._heed(messages, meaning, found)
            else:
                names = [message[2:8] for message in messages]
                count = len(names)
                for name in names:
                    rule, firing = plainly[name]
                    found[rule] = firing
            fired += count
            if fired > most:
                raise EngineFault("too many firings")
            if count < looks:
                return
            if clock.ticks() > ends:
                raise EngineFault("too slow")

    def _heed(self, messages: Iterator[str], meaning: _Meaning, found: Found) -> int:
        """Note what fired, for which lines, and the signals that it gives; returns how many there were."""
        count = 0
        for count, message in enumerate(messages, start=1):  # noqa: B007 - the last one counts
            match = meaning.matches[message[2:8]]
            if match is None:
                continue
            if match.of_lines:
                found.setdefault(match.rule.id, set()).update(_lines_of(message))  # type: ignore[union-attr]
            else:
                found[match.rule.id] = match.firing
            if match.signals:
                self._give(match.signals)
        return count

    def _give(self, signals: tuple[str, ...]) -> None:
        for name in signals:
            if name not in self.signals:
                self.signals.append(name)
                self._assert([self.cage.coding.fact(SIGNAL, {"name": name}, 0, self.words)])


def _lines_of(message: str) -> Iterator[int]:
    """The line that matched; none for a branch that does not ask for one."""
    (matched,) = jsontext.loads(message).values()
    return (fact["n"] for fact in matched.values() if isinstance(fact, dict) and fact["n"])


class Durable:
    """Runs a plan with durable_rules. Handles are made on first use; `close` gives them back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        name = f"{plan.rule_set.id}@{plan.rule_set.sha256[:12]}"
        self._cages = [_Cage(f"{name}.{number}", shard, plan) for number, shard in enumerate(plan.shards)]
        self._of_lines = any(match.of_lines for cage in self._cages for match in cage.matches.values())

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
        if not self._of_lines:
            return list(found.values())  # type: ignore[arg-type]
        return [one if isinstance(one, Firing) else Firing(rule, tuple(sorted(one))) for rule, one in found.items()]
