"""Standard loops."""

from __future__ import annotations

from tests.conformance.cases.many import repeated
from tests.conformance.scenario import Suite, complete, expect, start
from tests.conformance.shapes import (
    compute,
    diagram,
    end,
    loop,
    sub,
    user,
)
from tests.conformance.shapes import start as begin

suite = Suite("loops")

suite(
    "standard loop: the condition is asked after each turn",
    repeated("until", loop("${again}")),
    start(again=True),
    expect(tasks="a"),
    complete("a", again=True),
    expect(tasks="a"),
    complete("a", again=False),
    expect(tasks="n"),
    doubt="Camunda ignores the standard loop",
)
suite(
    "standard loop: asked before the first turn",
    repeated("before", loop("${again}", before=True)),
    start(again=False),
    expect(tasks="n"),
)
suite(
    "standard loop: asked after, so once at least",
    repeated("afterwards", loop("${again}")),
    start(again=False),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "standard loop: at most so many turns",
    repeated("atmost", loop("${true}", at_most=2)),
    start(),
    complete("a"),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "standard loop of a subprocess",
    diagram(
        "subloop",
        begin(),
        sub(
            "u",
            loop("${n < 3}"),
            begin("us"),
            compute("c", "${n + 1}", "n"),
            user("a"),
            end("ue"),
            "us -> c -> a -> ue",
        ),
        user("z"),
        end(),
        "s -> u -> z -> e",
    ),
    start(n=0),
    complete("a"),
    complete("a"),
    expect(tasks="a", variables={"n": 3}),
    complete("a"),
    expect(tasks="z"),
)
