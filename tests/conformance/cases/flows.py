"""Conditional flows, several ways out of an activity, implicit ends."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, message, start
from tests.conformance.shapes import (
    catch,
    diagram,
    end,
    par,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin

suite = Suite("flows")

suite(
    "exclusive merge: each token goes on by itself",
    diagram("xmerge", begin(), par("f"), user("a b c"), xor("m"), end(), "s -> f -> a -> m -> c -> e; f -> b -> m"),
    start(),
    expect(tasks="a b"),
    complete("a"),
    expect(tasks="b c"),
    complete("b"),
    expect(tasks="c c"),
    complete("c"),
    expect(tasks="c", ended=False),
    complete("c"),
    expect(ended=True),
)

TASK_SPLIT = diagram("split", begin(), user("t a b"), end(), "s -> t; t -> a; t -> b; a -> e; b -> e")

suite(
    "activity: several unconditional flows are all taken",
    TASK_SPLIT,
    start(),
    complete("t"),
    expect(tasks="a b"),
    complete("a"),
    complete("b"),
    expect(ended=True),
)

CONDITIONAL = diagram(
    "conditional",
    begin(),
    user("t", default="t-c"),
    user("a b c d"),
    end(),
    "s -> t; t -> a if ${x == 1 || x == 3}; t -> b if ${x == 2 || x == 3}; t -> c; t -> d if ${x == 4}; a -> e; b -> e; c -> e; d -> e",
)

suite("activity: conditional flows behave inclusively", CONDITIONAL, start(), complete("t", x=3), expect(tasks="a b"))

suite(
    "activity: its default flow only when no condition is true",
    CONDITIONAL,
    start(),
    complete("t", x=0),
    expect(tasks="c"),
)

suite(
    "activity: one condition true leaves the default aside", CONDITIONAL, start(), complete("t", x=4), expect(tasks="d")
)

suite(
    "activity: unconditional and conditional flows together",
    diagram("mixed", begin(), user("t a b"), end(), "s -> t; t -> a; t -> b if ${x == 1}; a -> e; b -> e"),
    start(),
    complete("t", x=1),
    expect(tasks="a b"),
)

suite(
    "activity: no condition is true and there is no default: an incident",
    diagram("stuck", begin(), user("t a b"), end(), "s -> t; t -> a if ${x == 1}; t -> b if ${x == 2}; a -> e; b -> e"),
    start(),
    complete("t", x=3),
    expect(incidents="t", ended=False),
    doubt="Camunda refuses the completion",
)

suite(
    "event: several flows of a start event are all taken",
    diagram("startsplit", begin(), user("a b"), end(), "s -> a -> e; s -> b -> e"),
    start(),
    expect(tasks="a b"),
)

suite(
    "several incoming flows of an activity do not join",
    diagram("nojoin", begin(), par("f"), user("a b c"), end(), "s -> f -> a -> c -> e; f -> b -> c"),
    start(),
    complete("a"),
    expect(tasks="b c"),
    complete("b"),
    expect(tasks="c c"),
    complete("c"),
    complete("c"),
    expect(ended=True),
)

suite(
    "an activity without outgoing flow ends its path",
    diagram("implicit", begin(), par("f"), user("a b"), "s -> f -> a; f -> b"),
    start(),
    complete("a"),
    expect(tasks="b", ended=False),
    complete("b"),
    expect(ended=True),
)

suite(
    "an intermediate event without outgoing flow ends its path",
    diagram("implicitevent", begin(), catch("m", on_message("go")), "s -> m"),
    start(),
    message("go"),
    expect(ended=True),
)

suite(
    "several end events: the instance ends with the last token",
    diagram(
        "manyends",
        begin(),
        xor("g", default="b"),
        user("a b"),
        end("e1 e2"),
        "s -> g; g -> a if ${x == 1}; g -> b; a -> e1; b -> e2",
    ),
    start(x=1),
    complete("a"),
    expect(ended=True),
)
