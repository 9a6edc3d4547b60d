"""Stored instances of format 2: one of every kind of wait, kept as bytes, and played on to its end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from app.processes import engine
from app.processes.engine import Arrive, Assign, Complete, Go, Retry
from app.processes.engine.codec import READERS
from tests.processes.test_engine import Calls

GOLDEN = Path(__file__).with_name("golden")
DEFINITION = engine.compile_definition((GOLDEN / "2.bpmn").read_bytes())
STATE = (GOLDEN / "2.state").read_bytes()
WAITS = {
    "user": "a b c d k reminded unbook x",
    "scope": "u v w",
    "loop": "c d",
    "message": "rm ws",
    "timer": "rt t",
    "conditional": "kc",
    "events": "r",
    "compensation": "th",
    "fault": "bad",
    "job": "ext",
    "join": "j",
}


def test_every_format_that_can_be_read_has_a_stored_instance():
    written = act(STATE, Assign({"missing": 1}), Calls())[0]
    assert (STATE[0], {int(path.stem) for path in GOLDEN.glob("*.state")}) == (written, set(READERS))


def test_what_a_stored_instance_waits_for():
    views = engine.tokens(DEFINITION, STATE)
    found: dict[str, list[str]] = {}
    for one in views:
        found.setdefault(one.waits, []).append(one.element.id)
    assert {kind: " ".join(sorted(names)) for kind, names in found.items()} == WAITS
    assert {one.element.id: one.due for one in views if one.due} == {
        "t": "2026-11-23T04:20:00+00:00",
        "rt": "2026-11-24T04:00:00+00:00",
    }
    assert {one.element.id for one in views if one.watch} == {"t", "kc", "ws"}
    seen = engine.variables(DEFINITION, STATE)
    assert seen == {
        "items": ["p", "q"],
        "enough": False,
        "n": 1,
        "doc": {"k": [1, {"z": None}]},
        "answers": {"c": {"ok": True}},
        "answered": "c",
        "seen": 1,
        "by": "post",
        "booked": True,
    }
    many = next(one for one in views if one.element.id == "c" and one.waits == "user")
    assert engine.local_variables(DEFINITION, STATE, many.token) == {"loopCounter": 1, "i": "q"}


def test_a_stored_instance_goes_on_to_its_end():
    """Everything that waits is done, whatever comes of it; each timer and condition comes as often as it may."""
    state, done = STATE, Counter[str]()
    calls = Calls()
    state = act(state, Assign({"missing": 1}), calls)
    for _move in range(60):
        views = engine.tokens(DEFINITION, state)
        one = next((one for one in views if one.waits in COMMANDS and not one.watch), None)
        if one is None:
            break
        done[one.element.id] += 1
        step = engine.act(DEFINITION, state, COMMANDS[one.waits](one.token), calls)
        state = step.state
        if step.completed:
            break
    assert step.completed
    assert {name: count for name, count in done.items() if count > 1} == {"d": 2, "ext": 2}
    assert set(done) == {*WAITS["user"].split(), "rm", "bad", "ext"}
    assert step.variables["n"] == 2


COMMANDS = {
    "user": lambda token: Complete(token, variables={}),
    "message": lambda token: Arrive(token, ("message",)),
    "job": lambda token: Go(token, ("job",)),
    "external": lambda token: Go(token, ("external",)),
    "fault": Retry,
}


def act(state: bytes, command: Any, calls: Calls) -> bytes:
    return engine.act(DEFINITION, state, command, calls).state
