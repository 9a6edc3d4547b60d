"""Random structured processes, done by people in random order: what every branch wrote is there at the end.

Each step counts, under a key of its own, how often it was done (per item of the loops around it), flat or as a leaf of a
shared mapping. The expected counts come from the structure alone; the order in which people work changes nothing.
"""

from __future__ import annotations

import itertools
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
from tests.processes.diagrams import chain, end, flow, fork, node, process, service, start
from tests.processes.test_engine import Calls

MOST_MOVES = 120

# --- structures ---------------------------------------------------------------------------------------------------------

leaves = st.sampled_from([("step",), ("leaf",), ("user",), ("toggle",), ("twice",)])
late = st.tuples(st.just("event"), st.sampled_from(["step", "user step", "step user"]))


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.just("seq"), some),
        st.tuples(st.just("par"), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.tuples(st.just("inc"), st.lists(st.tuples(inner, st.booleans()), min_size=2, max_size=3).map(tuple)),
        st.tuples(st.just("sub"), inner, st.none() | late),
        st.tuples(st.just("bound"), inner, late),
        st.tuples(st.just("many"), inner, st.booleans(), st.integers(0, 3)),
        st.tuples(st.just("turns"), inner, st.integers(1, 3)),
        st.tuples(st.just("again"), inner, st.integers(1, 3)),
    )


structures = st.recursive(leaves, grown, max_leaves=9)


class Drawing:
    """A structure as a diagram, and what its steps must have counted at the end."""

    def __init__(self, structure: Any) -> None:
        self.number = 0
        self.parts: list[str] = []
        self.steps: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()
        self.toggles: Counter[str] = Counter()
        self.late: dict[str, str] = {}
        """Start or boundary event → the step that is done when it comes, for each item of the loops around."""
        first, last = self.draw(structure, self.parts, [{}], ())
        self.xml = process(
            start(),
            end(),
            "".join(self.parts),
            chain("s", first),
            chain(last, "e"),
            before='<message id="msg" name="msg"/>',
        )

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def draw(
        self, what: Any, parts: list[str], visits: list[dict[str, int]], items: tuple[str, ...]
    ) -> tuple[str, str]:
        """The names of the first and the last node. `visits`: one entry, the items of the loops, per visit."""
        return getattr(self, f"_{what[0]}")(what, parts, visits, items)

    def step(self, kind: str, parts: list[str], items: tuple[str, ...], more: str = "") -> str:
        """A service task; with `more` another does the same again."""
        name = self.name(kind)
        parts.append(service(name, name))
        if more:
            parts.append(service(name + more, name))

        def act(variables: dict[str, Any]) -> dict[str, Any]:
            key = key_of(name, {item: variables[item] for item in items})
            if kind == "leaf":
                doc = variables.get("doc", {})
                return {"doc": {**doc, key: doc.get(key, 0) + 1}}
            if kind == "toggle":
                return {key: not variables.get(key, False)}
            return {key: variables.get(key, 0) + 1}

        self.steps[name] = act
        return name

    def count(self, name: str, visits: list[dict[str, int]]) -> None:
        counts = self.toggles if name.startswith("toggle") else self.counts
        for visit in visits:
            counts[key_of(name, visit)] += 1

    def _step(self, what, parts, visits, items):
        name = self.step(what[0], parts, items)
        self.count(name, visits)
        return name, name

    _leaf = _toggle = _step

    def _user(self, what, parts, visits, items):
        name = self.name("user")
        parts.append(node("userTask", name))
        return name, name

    def _twice(self, what, parts, visits, items):
        """The same value is changed before and after somebody's work."""
        name, between = self.step("step", parts, items, "again"), self.name("user")
        parts += [node("userTask", between), chain(name, between, name + "again")]
        self.count(name, [*visits, *visits])
        return name, name + "again"

    def _seq(self, what, parts, visits, items):
        ends = [self.draw(one, parts, visits, items) for one in what[1]]
        for (_first, last), (first, _last) in itertools.pairwise(ends):
            parts.append(chain(last, first))
        return ends[0][0], ends[-1][1]

    def _par(self, what, parts, visits, items):
        split, join = self.name("split"), self.name("join")
        parts += [fork(split), fork(join)]
        for one in what[1]:
            first, last = self.draw(one, parts, visits, items)
            parts += [chain(split, first), chain(last, join)]
        return split, join

    def _inc(self, what, parts, visits, items):
        split, join, past = self.name("isplit"), self.name("ijoin"), self.name("past")
        parts += [
            node("inclusiveGateway", split, default=f"{split}-{past}"),
            node("inclusiveGateway", join),
            node("task", past),
            chain(split, past, join),
        ]
        for one, taken in what[1]:
            first, last = self.draw(one, parts, visits if taken else [], items)
            parts += [flow(split, first, "${true}" if taken else "${false}"), chain(last, join)]
        return split, join

    def _inside(self, what: Any, visits, items, more: str = "", watched: str = "") -> str:
        name, inner = self.name("sub"), []
        first, last = self.draw(what, inner, visits, items)
        inner += [start(f"{name}s"), end(f"{name}e"), chain(f"{name}s", first), chain(last, f"{name}e")]
        return name, node("subProcess", name, more + watched + "".join(inner))

    def _after_event(self, what: str, parts: list[str], items) -> tuple[str, str, str]:
        """First and last node of a way that an event begins, and its step."""
        names = []
        for kind in what.split():
            if kind == "step":
                step = self.step("late", parts, items)
                names.append(step)
            else:
                names.append(self._user(None, parts, [], items)[0])
        parts.append(chain(*names) if len(names) > 1 else "")
        return names[0], names[-1], step

    def _sub(self, what, parts, visits, items):
        watched = ""
        if what[2] is not None:
            name, inner = self.name("esub"), []
            first, last, step = self._after_event(what[2][1], inner, items)
            begin = f"{name}s"
            self.late[begin] = step
            inner += [
                node("startEvent", begin, '<messageEventDefinition messageRef="msg"/>', isInterrupting="false"),
                end(f"{name}e"),
                chain(begin, first),
                chain(last, f"{name}e"),
            ]
            watched = node("subProcess", name, "".join(inner), triggeredByEvent="true")
        name, text = self._inside(what[1], visits, items, watched=watched)
        parts.append(text)
        return name, name

    def _bound(self, what, parts, visits, items):
        name, text = self._inside(what[1], visits, items)
        event = f"{name}b"
        first, last, step = self._after_event(what[2][1], parts, items)
        self.late[event] = step
        parts += [
            text,
            node(
                "boundaryEvent",
                event,
                '<messageEventDefinition messageRef="msg"/>',
                attachedToRef=name,
                cancelActivity="false",
            ),
            end(f"{event}e"),
            chain(event, first),
            chain(last, f"{event}e"),
        ]
        return name, name

    def _many(self, what, parts, visits, items):
        _many, inner, sequential, times = what
        item = self.name("item")
        inside = [{**visit, item: number} for visit in visits for number in range(times)]
        loop = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" camunda:collection='
            f'"${{[{", ".join(map(str, range(times)))}]}}" camunda:elementVariable="{item}"/>'
        )
        name, text = self._inside(inner, inside, (*items, item), more=loop)
        parts.append(text)
        return name, name

    def _turns(self, what, parts, visits, items):
        loop = f'<standardLoopCharacteristics loopMaximum="{what[2]}"/>'
        name, text = self._inside(what[1], [visit for visit in visits for _turn in range(what[2])], items, more=loop)
        parts.append(text)
        return name, name

    def _again(self, what, parts, visits, items):
        """A loop of flows with a counter of its own per item."""
        times = what[2]
        reset, into, back = self.name("reset"), self.name("into"), self.name("back")
        first, last = self.draw(what[1], parts, [visit for visit in visits for _turn in range(times)], items)
        turn, more = self.name("turn"), self.name("more")
        parts += [service(reset, reset), service(turn, turn), service(more, more)]

        def key(variables: dict[str, Any]) -> str:
            return key_of("n" + reset, {item: variables[item] for item in items})

        self.steps[reset] = lambda v: {key(v): 0}
        self.steps[turn] = lambda v: {key(v): v[key(v)] + 1}
        self.steps[more] = lambda v: {"go" + reset: v[key(v)] < times}
        parts += [
            node("exclusiveGateway", into),
            node("exclusiveGateway", back, default=f"{back}-{back}o"),
            node("task", f"{back}o"),
            chain(reset, into, first),
            chain(last, turn, more, back, f"{back}o"),
            flow(back, into, "${" + "go" + reset + "}"),
        ]
        return reset, f"{back}o"


def key_of(name: str, items: dict[str, int]) -> str:
    return ".".join([name, *(f"{item}_{number}" for item, number in sorted(items.items()))])


# --- doing --------------------------------------------------------------------------------------------------------------


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


some = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))


def played(structure: Any, seed: Any, *, trouble: bool = False) -> Play:
    return Play(Drawing(structure), seed.randrange, trouble=trouble).go()


@given(structures, st.randoms(use_true_random=False))
@some
def test_no_write_of_any_branch_is_lost(structure, seed):
    check(played(structure, seed))


@given(structures, st.randoms(use_true_random=False))
@some
def test_jobs_everywhere_and_steps_that_fail_change_nothing(structure, seed):
    check(played(structure, seed, trouble=True))


@pytest.mark.full
@given(structures, st.randoms(use_true_random=False))
@many
def test_no_write_of_any_branch_is_lost_in_thousands(structure, seed):
    check(played(structure, seed))
    check(played(structure, seed, trouble=True))


@given(structures, st.integers(0, 10**6))
@settings(some, max_examples=60)
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
