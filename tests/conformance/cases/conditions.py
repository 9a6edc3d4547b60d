"""Conditions see what all branches have changed so far, and so does the way that begins there."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, start
from tests.conformance.shapes import boundary, catch, diagram, end, inputs, par, sub, user, when, xor
from tests.conformance.shapes import start as begin

suite = Suite("conditions")

suite(
    "on the boundary of an activity: another branch makes it true, and its way knows why",
    diagram(
        "beside",
        begin(),
        par("p"),
        user("a a2 b"),
        boundary("c", "b", when("${n == 1}")),
        xor("g"),
        user("x y"),
        end(),
        "s -> p -> a -> a2 -> e; p -> b -> e; c -> g; g -> x if ${n == 1}; g -> y if ${n != 1}; x -> e; y -> e",
    ),
    start(n=0),
    complete("a", n=1),
    expect(tasks="a2 x"),
)
suite(
    "of a catching event: its way knows what another branch has set",
    diagram(
        "caught",
        begin(),
        par("p"),
        user("a a2"),
        catch("c", when("${n == 1}")),
        xor("g", "y"),
        user("x y"),
        end(),
        "s -> p -> a -> a2 -> e; p -> c -> g; g -> x if ${n == 1}; g -> y; x -> e; y -> e",
    ),
    start(n=0),
    expect(tasks="a"),
    complete("a", n=1),
    expect(tasks="a2 x"),
)
suite(
    "a parameter covers the variable of its name",
    diagram(
        "covered",
        begin(),
        sub("u", inputs(n="5"), begin("us"), user("a a2"), end("ue"), "us -> a -> a2 -> ue"),
        boundary("c", "u", when("${n == 1}")),
        user("x"),
        end(),
        "s -> u -> e; c -> x -> e",
    ),
    start(n=1),
    complete("a", m=1),
    expect(tasks="a2"),
)
