"""Long loops, wide forks, deep nesting: flat cost, flat size, right results."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest

from app.processes.engine import Complete
from tests.conformance.shapes import call, diagram, end, event_sub, loop, many, par, script, sub, user, xor
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin
from tests.processes.test_engine import Calls, Case

TURNS = 10_000
SECONDS = 20
"""A generous bound on a loaded machine; it takes well under one."""

PLAIN = diagram(
    "p", begin(), xor("m"), script("i", "n = n + 1"), xor("g", default="e"), end(),
    "s -> m -> i -> g -> e; g -> m if ${n < 10000}",
)  # fmt: skip
PARALLEL = diagram(
    "p", begin(), xor("m"), par("f j"), script("a", "n = n + 1"), script("b", "k = n"), xor("g", default="e"), end(),
    "s -> m -> f; f -> a -> j; f -> b -> j; j -> g -> e; g -> m if ${n < 10000}",
)  # fmt: skip
NESTED = diagram(
    "p", begin(), sub("u", loop("${n < 10000}"), begin("us"), script("i", "n = n + 1"), end("ue"), "us -> i -> ue"), end(),
    "s -> u -> e",
)  # fmt: skip


@pytest.mark.parametrize(
    ("xml", "elements"), [(PLAIN, 3), (PARALLEL, 7), (NESTED, 4)], ids=["plain", "parallel", "nested"]
)
def test_an_automatic_loop_of_ten_thousand_turns_ends_right_and_at_once(xml, elements):
    began = time.process_time()
    case = Case(xml, n=0)
    assert time.process_time() - began < SECONDS
    assert case.step.completed
    assert case.variables()["n"] == TURNS
    assert len(case.step.state) < 200
    assert len(case.step.happenings) >= elements * TURNS, "all of it is in the history"


def test_ten_thousand_turns_of_work_by_people_cost_the_same_each():
    """Defect C, plain: the size of the state and what is in it stay as they were at turn 10."""
    xml = diagram("p", begin(), user("a"), xor("g", default="a"), end(), "s -> a -> g -> a; g -> e if ${stop}")
    case = Case(xml, stop=False, n=0)
    sizes = {}
    for turn in range(1, TURNS + 1):
        (token,) = case.at()
        case.step = act(case, Complete(token, variables={"n": turn % 10}))
        if turn in (10, 100, 1000, TURNS):
            sizes[turn] = (case.tasks(), len(case.step.state))
    assert flat(sizes.values()), sizes


def test_thousands_of_parallel_turns_by_people_cost_the_same_each():
    """Defects A to C together: the join is right in every turn, and nothing of the turns before is kept."""
    xml = diagram(
        "p", begin(), xor("m"), par("f j"), user("a b"), xor("g", default="m"), end(),
        "s -> m -> f; f -> a -> j; f -> b -> j; j -> g -> m; g -> e if ${stop}",
    )  # fmt: skip
    case = Case(xml, stop=False, x=0, y=0)
    sizes = set()
    for turn in range(1, 2001):
        for name, variable in (("b", "y"), ("a", "x")) if turn % 2 else (("a", "x"), ("b", "y")):
            token = next(token for token, at in case.at().items() if at == name)
            case.step = act(case, Complete(token, variables={variable: turn % 10}))
        if turn in (10, 100, 1000, 2000):
            assert (case.variables()["x"], case.variables()["y"]) == (turn % 10, turn % 10)
            sizes.add((case.tasks(), len(case.step.state)))
    assert flat(sizes), sizes


def flat(sizes: Iterable[tuple[int, int]]) -> bool:
    """As many tokens, and as many bytes but for numbers that have become longer."""
    tokens, lengths = zip(*sizes, strict=True)
    return len(set(tokens)) == 1 and max(lengths) - min(lengths) < 40


def act(case: Case, command: Any) -> Any:
    """Without the fingerprint of the specs at every turn."""
    from app.processes import engine

    return engine.act(case.definition, case.step.state, command, case.calls)


WIDE = 500


def wide(*kinds: str, last: str) -> bytes:
    ways = ";".join(f"f -> t{number} -> {last}" for number in range(WIDE))
    more = "" if last == "e" else ";j -> e"
    return diagram("p", begin(), par("f j" if last == "j" else "f"), *kinds, end(), f"s -> f;{ways}{more}")


@pytest.mark.parametrize("last", ["j", "e"], ids=["joined", "ended"])
def test_five_hundred_branches_write_five_hundred_values(last):
    began = time.process_time()
    case = Case(wide(*(script(f"t{number}", f"v{number} = {number}") for number in range(WIDE)), last=last))
    assert time.process_time() - began < SECONDS
    assert case.step.completed
    assert case.variables() == {f"v{number}": number for number in range(WIDE)}


def test_five_hundred_people_at_once():
    case = Case(wide(*(user(f"t{number}") for number in range(WIDE)), last="j"))
    tokens = sorted(case.at())
    began = time.process_time()
    for number, token in enumerate(tokens):
        case.step = act(case, Complete(token, variables={f"v{number}": number}))
    assert time.process_time() - began < 2 * SECONDS
    assert case.step.completed
    assert len(case.variables()) == WIDE


def test_hundreds_of_instances_count_together():
    body = sub("u", many("700"), begin("us"), script("i", "n = n + 1"), end("ue"), "us -> i -> ue")
    case = Case(diagram("p", begin(), body, end(), "s -> u -> e"), n=0)
    assert (case.step.completed, case.variables()) == (True, {"n": 700})


def test_scopes_in_scopes():
    def nested(depth: int) -> str:
        if not depth:
            return user("t")
        inner = f"u{depth - 1}" if depth > 1 else "t"
        flows = f"s{depth} -> {inner} -> e{depth}"
        return sub(f"u{depth}", begin(f"s{depth}"), nested(depth - 1), end(f"e{depth}"), flows)

    case = Case(diagram("p", begin(), nested(25), end(), "s -> u25 -> e"))
    assert case.tasks() == 27, "the process, 25 scopes, the task"
    assert case.do("t").step.completed


def test_running_never_changes_a_diagram():
    """Defect D: the library wires event subprocesses into the shared spec when they are triggered."""
    xml = diagram(
        "p", begin(), user("a", many("2")), call("c", "other"), end(),
        event_sub("v", begin("vs", on_message("go"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
        "s -> a -> c -> e",
    )  # fmt: skip
    from app.processes import engine

    definition, calls = engine.compile_definition(xml), Calls()
    shape, traces = definition.fingerprint(), []
    for _instance in range(3):
        step = engine.begin(definition, {}, calls)
        trace = []
        for name, kind in (("vs", "message"), ("a", "user"), ("x", "user"), ("a", "user"), ("c", "call")):
            token = next(
                one.token
                for one in engine.tokens(definition, step.state)
                if (one.element.id, one.waits) == (name, kind)
            )
            command: Any = Complete(token, variables={})
            if kind == "message":
                command = engine.Arrive(token, ("message",))
            elif kind == "call":
                command = engine.Go(token, ("call",), {}, returned=True)
            step = engine.act(definition, step.state, command, calls)
            trace.append([(line.kind, line.element) for line in step.happenings])
            assert definition.fingerprint() == shape
        assert step.completed
        traces.append(trace)
    assert traces[0] == traces[1] == traces[2]
