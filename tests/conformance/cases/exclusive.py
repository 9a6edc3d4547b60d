"""Exclusive gateways."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, retry, start
from tests.conformance.shapes import (
    diagram,
    end,
    outputs,
    sub,
    task,
    user,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("exclusive")

CHOICE = diagram(
    "choice",
    begin(),
    xor("g", default="c"),
    user("a b c"),
    end(),
    "s -> g; g -> a if ${x > 10}; g -> b if ${x > 5}; g -> c; a -> e; b -> e; c -> e",
)

suite(
    "exclusive: the first true flow in order wins",
    CHOICE,
    start(x=20),
    expect(tasks="a"),
    complete("a"),
    expect(ended=True),
)

suite("exclusive: the second flow", CHOICE, start(x=7), expect(tasks="b"))

suite("exclusive: the default flow", CHOICE, start(x=1), expect(tasks="c"))

NO_DEFAULT = diagram(
    "nodefault",
    begin(),
    user("t"),
    xor("g"),
    user("a b"),
    end(),
    "s -> t -> g; g -> a if ${x == 1}; g -> b if ${x == 2}; a -> e; b -> e",
)

suite(
    "exclusive: no flow is true and there is no default: an incident, what the person did is kept",
    NO_DEFAULT,
    start(),
    complete("t", x=3),
    expect(tasks="", incidents="g", variables={"x": 3}, ended=False),
    retry("g", x=2),
    expect(tasks="b", incidents=""),
    doubt="Camunda rolls the completion back; the contract parks the token",
)

suite(
    "exclusive: default at the first place of the order is still the last resort",
    diagram(
        "firstdefault",
        begin(),
        xor("g", default="a"),
        user("a b"),
        end(),
        "s -> g -> a -> e; g -> b if ${x == 1}; b -> e",
    ),
    start(x=1),
    expect(tasks="b"),
)

suite(
    "exclusive: a flow without condition that is not the default counts as true",
    diagram("bare", begin(), xor("g"), user("a b"), end(), "s -> g; g -> a if ${x == 1}; g -> b; a -> e; b -> e"),
    start(x=2),
    expect(tasks="b"),
    doubt="Camunda 7 refuses or follows it; the specification calls it invalid",
)

LOOP = diagram(
    "again",
    begin(),
    xor("m"),
    user("t"),
    xor("g", default="e"),
    end(),
    "s -> m -> t -> g -> e; g -> m if ${again}",
)

suite(
    "exclusive loop",
    LOOP,
    start(),
    complete("t", again=True),
    expect(tasks="t"),
    complete("t", again=True),
    complete("t", again=False),
    expect(ended=True),
)

suite(
    "exclusive: a condition on a missing variable is an incident",
    diagram(
        "missing",
        begin(),
        user("t"),
        xor("g", default="b"),
        user("a b"),
        end(),
        "s -> t -> g; g -> a if ${nothing > 1}; g -> b; a -> e; b -> e",
    ),
    start(),
    complete("t"),
    expect(incidents="g", ended=False),
    retry("g", nothing=2),
    expect(tasks="a", incidents=""),
)

suite(
    "exclusive: a join of many flows in a subprocess loop without data",
    diagram(
        "deep",
        begin(),
        sub(
            "u",
            begin("us"),
            xor("m", default=None),
            user("a"),
            xor("g", default="ue"),
            end("ue"),
            "us -> m -> a -> g -> ue; g -> m if ${again}",
        ),
        end(),
        "s -> u -> e",
    ),
    start(),
    complete("a", again=True),
    complete("a", again=False),
    expect(ended=True),
)

suite(
    "exclusive: a loop of automatic steps counts to a thousand",
    diagram(
        "count",
        begin(),
        xor("m", default=None),
        task("t", outputs(n="${n + 1}")),
        xor("g", default="e"),
        end(),
        "s -> m -> t -> g; g -> m if ${n < 1000}; g -> e",
    ),
    start(n=0),
    expect(ended=True, variables={"n": 1000}),
)
