"""Random structured processes, done by people in random order: what every branch wrote is there at the end.

Each step counts, under a key of its own, how often it was done (per item of the loops around it), flat or as a leaf of a
shared mapping. The expected counts come from the structure alone; the order in which people work changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.processes import engine
from app.processes.engine import Arrive, Complete, EngineFault, Go, Retry, codec, run
from app.processes.engine.workflow import Token, Tokens
from tests.processes.structures import Drawing, key_of, structures
from tests.processes.test_engine import Calls

MOST_MOVES = 120


ALONE = re.compile(r'<\w+ id="(?:s|e|(?:i?split|i?join|step|leaf|toggle|reset|into|turn|more|sub|user)\w*\d+)"')
"""Elements whose work is not shared by several ways that an event began."""
JOBS = [
    "",
    "",
    ' camunda:asyncBefore="true"',
    ' camunda:asyncAfter="true"',
    ' camunda:async="true" camunda:asyncAfter="true"',
]
COMMANDS = {
    "message": lambda token: Arrive(token, ("message",)),
    "user": lambda token: Complete(token, variables={}),
    "job": lambda token: Go(token, ("job",)),
    "fault": Retry,
}


class Play:
    """Does what can be done, in the order that `choose` says, and checks every state on its way."""

    def __init__(self, drawing: Drawing, choose: Any, *, trouble: bool = False) -> None:
        """With `trouble` jobs come before and after elements, and steps fail now and then."""
        self.drawing, self.choose = drawing, choose
        xml, steps = drawing.xml, drawing.steps
        if trouble:
            xml = ALONE.sub(lambda found: found[0] + JOBS[choose(len(JOBS))], xml.decode()).encode()
            steps = {name: self.failing(name, act) for name, act in steps.items()}
        self.definition = engine.compile_definition(xml)
        self.shape = self.definition.fingerprint()
        self.calls = Calls(**steps)
        self.counts, self.fires = Counter(drawing.counts), 0
        self.step = engine.begin(self.definition, dict.fromkeys(drawing.toggles, False), self.calls)
        self.trace: list[Any] = [self.seen()]

    def failing(self, name: str, act: Any) -> Any:
        def sometimes(variables: dict[str, Any]) -> Any:
            if not name.startswith("late") and self.choose(5) == 0:
                raise EngineFault(name, "bad luck")
            return act(variables)

        return sometimes

    def go(self) -> Play:
        for _move in range(MOST_MOVES):
            if self.step.completed:
                break
            self.move()
        while not self.step.completed:
            self.move(events=False)
        return self

    def move(self, *, events: bool = True) -> None:
        views = engine.tokens(self.definition, self.step.state)
        open_ = [one for one in views if one.waits in ("user", "job", "fault")]
        if events and self.fires < 4:
            open_ += [one for one in views if one.watch and one.waits == "message"]
        assert open_, views
        one = open_[self.choose(len(open_))]
        if one.watch:
            self.fires += 1
            seen = engine.local_variables(self.definition, self.step.state, one.token, whole=True)
            items = {name: number for name, number in seen.items() if name.startswith("item")}
            self.counts[key_of(self.drawing.late[one.element.id], items)] += 1
        self.step = engine.act(self.definition, self.step.state, COMMANDS[one.waits](one.token), self.calls)
        self.trace.append(self.seen())
        assert all(fault.reason == "bad luck" for fault in self.step.faults), self.step.faults
        assert self.definition.fingerprint() == self.shape
        tree, done_by = unpacked(self.definition, self.step.state)
        assert fields(unpacked(self.definition, codec.pack(tree, done_by))[0]) == fields(tree)

    def seen(self) -> Any:
        views = [] if self.step.completed else engine.tokens(self.definition, self.step.state)
        told = [(line.kind, line.element, line.flow, line.token) for line in self.step.happenings]
        return [(one.token, one.element.id, one.waits, one.scope, one.parent) for one in views], told

    def counted(self) -> dict[str, Any]:
        variables = dict(self.step.variables)
        return {**variables.pop("doc", {}), **variables}


def unpacked(definition: Any, state: bytes) -> Any:
    return codec.unpack(state, lambda last_id, ticks: Tokens(definition, None, last_id=last_id, ticks=ticks))


def fields(tree: Tokens) -> Any:
    """Everything that a tree is made of."""
    tokens = [
        (one.id, one._parent, one.task_spec.name, one._state, one.last_state_change, one.data, one.internal_data)
        for one in tree.tasks.values()
    ]
    return tree.last_id, tree.ticks, tree.completed, tree.task_tree.id, tokens


def check(play: Play) -> None:
    found = play.counted()
    wanted: dict[str, Any] = dict(play.counts) | {key: bool(n % 2) for key, n in play.drawing.toggles.items()}
    assert {key: found.get(key) for key in wanted} == wanted
    kept = {key for key in found if not key.startswith(("n", "go"))}
    assert kept == set(wanted), "and nothing else was done"


some = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))


def played(structure: Any, seed: Any, *, trouble: bool = False) -> Play:
    return Play(Drawing(structure), seed.randrange, trouble=trouble).go()


@given(structures, st.randoms(use_true_random=False))
@some
def test_no_write_of_any_branch_is_lost(structure, seed):
    check(played(structure, seed))


@given(structures, st.randoms(use_true_random=False))
@settings(some, max_examples=12)  # those with trouble are thirty times as dear; two thousand of them by `--full`
def test_jobs_everywhere_and_steps_that_fail_change_nothing(structure, seed):
    check(played(structure, seed, trouble=True))


@pytest.mark.full
@given(structures, st.randoms(use_true_random=False))
@many
def test_no_write_of_any_branch_is_lost_in_thousands(structure, seed):
    check(played(structure, seed))
    check(played(structure, seed, trouble=True))


@given(structures, st.integers(0, 10**6))
@settings(some, max_examples=25)
def test_forgetting_history_changes_nothing(structure, seed):
    """Pruned after every element, after every few, never within a step: the same tokens, the same history."""
    import random

    plays = [played_as(how, structure, random.Random(seed)) for how in ("always", "usual", "never")]
    for other in plays[1:]:
        assert other.trace == plays[0].trace
        assert other.counted() == plays[0].counted()


def played_as(how: str, structure: Any, seed: Any) -> Play:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in pruning(how):
            patch.setattr(*name, value)
        return played(structure, seed, trouble=True)


def pruning(how: str) -> Iterator[tuple[Any, Any]]:
    if how == "never":
        yield (run, "CHUNK"), 10**9
    elif how == "always":
        plain = Token.run

        def run_and_prune(token: Token) -> bool | None:
            workflow = token.workflow
            done = plain(token)
            workflow.prune()
            return done

        yield (Token, "run"), run_and_prune
