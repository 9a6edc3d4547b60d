"""Inclusive gateways: the join fires once no token can reach it any more."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, message, start, time
from tests.conformance.shapes import (
    after,
    boundary,
    catch,
    diagram,
    end,
    inc,
    par,
    race,
    sub,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin

suite = Suite("inclusive")

OR = diagram(
    "either",
    begin(),
    inc("f", default="c"),
    inc("j"),
    user("a b c d"),
    end(),
    "s -> f; f -> a if ${x == 1 || x == 3}; f -> b if ${x == 2 || x == 3}; f -> c; a -> j; b -> j; c -> j; j -> d -> e",
)

suite("inclusive: one flow", OR, start(x=1), expect(tasks="a"), complete("a"), expect(tasks="d", joined=""))

suite(
    "inclusive: two flows, the join waits for both",
    OR,
    start(x=3),
    expect(tasks="a b"),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    expect(tasks="d", joined=""),
    complete("d"),
    expect(ended=True),
)

suite("inclusive: the default only when no other is true", OR, start(x=9), expect(tasks="c"))

suite(
    "inclusive: no flow is true and there is no default: an incident",
    diagram(
        "norway",
        begin(),
        inc("f"),
        user("a b"),
        end(),
        "s -> f; f -> a if ${x == 1}; f -> b if ${x == 2}; a -> e; b -> e",
    ),
    start(x=5),
    expect(incidents="f", ended=False),
    doubt="Camunda refuses the start",
)

suite(
    "inclusive: a join fires once no token can come any more, though one left for an end",
    diagram(
        "leaves",
        begin(),
        inc("f j"),
        xor("x", default="j"),
        user("a b c"),
        end("e1 e"),
        "s -> f; f -> a if ${true}; f -> b if ${true}; a -> x -> j; x -> e1 if ${out}; b -> j -> c -> e",
    ),
    start(),
    complete("b"),
    expect(tasks="a", joined="j"),
    complete("a", out=True),
    expect(tasks="c", joined=""),
    complete("c"),
    expect(ended=True),
)

suite(
    "inclusive: in a loop each turn waits for its own branches",
    diagram(
        "orloop",
        begin(),
        xor("m", default=None),
        inc("f", default="a"),
        inc("j"),
        user("a b z"),
        xor("g", default="e"),
        end(),
        "s -> m -> f; f -> a; f -> b if ${x > 1}; a -> j; b -> j; j -> z -> g -> e; g -> m if ${again}",
    ),
    start(x=0),
    expect(tasks="a"),
    complete("a"),
    complete("z", again=True, x=2),
    expect(tasks="b"),
    complete("b"),
    complete("z", again=False),
    expect(ended=True),
)

suite(
    "inclusive: in a loop with several branches",
    diagram(
        "orloop2",
        begin(),
        xor("m", default=None),
        inc("f j"),
        user("a b z"),
        xor("g", default="e"),
        end(),
        "s -> m -> f; f -> a if ${x >= 1}; f -> b if ${x >= 2}; a -> j; b -> j; j -> z -> g -> e; g -> m if ${again}",
    ),
    start(x=2),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    complete("z", again=True, x=1),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="z", joined=""),
    complete("z", again=True, x=2),
    complete("b"),
    expect(tasks="a", joined="j"),
    complete("a"),
    complete("z", again=False),
    expect(ended=True),
)

suite(
    "inclusive: crossing splits, each join waits for what can still reach it",
    diagram(
        "crossing",
        begin(),
        par("f"),
        inc("i1 i2 j1 j2 j"),
        user("a b c d z"),
        end(),
        "s -> f; f -> i1; f -> i2; i1 -> a if ${true}; i1 -> b if ${true}; i2 -> c if ${true}; i2 -> d if ${false};"
        "a -> j1; c -> j1; b -> j2; d -> j2; j1 -> j; j2 -> j; j -> z -> e",
    ),
    start(),
    expect(tasks="a b c"),
    complete("b"),
    expect(tasks="a c", joined="j"),
    complete("a"),
    expect(tasks="c", joined="j j1"),
    complete("c"),
    expect(tasks="z", joined=""),
)

suite(
    "inclusive: join after a parallel fork",
    diagram("orjoin", begin(), par("f"), inc("j"), user("a b c"), end(), "s -> f -> a -> j -> c -> e; f -> b -> j"),
    start(),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    expect(tasks="c", joined=""),
)

suite(
    "inclusive: a join alone behind an exclusive choice goes on at once",
    diagram(
        "orxor",
        begin(),
        xor("g", default="b"),
        inc("j"),
        user("a b c"),
        end(),
        "s -> g; g -> a if ${x == 1}; g -> b; a -> j; b -> j; j -> c -> e",
    ),
    start(x=1),
    complete("a"),
    expect(tasks="c"),
)

suite(
    "inclusive: a join waits for a token inside a subprocess on the way to it",
    diagram(
        "orsub",
        begin(),
        par("f"),
        inc("j"),
        sub("u", begin("us"), user("b"), end("ue"), "us -> b -> ue"),
        user("a c"),
        end(),
        "s -> f -> a -> j -> c -> e; f -> u -> j",
    ),
    start(),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    expect(tasks="c"),
)

suite(
    "inclusive: a join waits for a token that can come only by a boundary event",
    diagram(
        "orboundary",
        begin(),
        par("f"),
        inc("j"),
        user("a b c d"),
        boundary("t", "b", after("PT1H")),
        end("e e2"),
        "s -> f -> a -> j -> c -> e; f -> b -> e2; t -> d -> j",
    ),
    start(),
    complete("a"),
    expect(tasks="b", joined="j"),
    time("PT1H"),
    expect(tasks="d", joined="j"),
    complete("d"),
    expect(tasks="c", joined=""),
    doubt="the specification counts sequence flow paths; Camunda counts boundary events too",
)

suite(
    "inclusive: a join waits for a token at an event-based gateway",
    diagram(
        "orrace",
        begin(),
        par("f"),
        inc("j"),
        user("a c"),
        race("r"),
        catch("m1", on_message("go")),
        catch("m2", on_message("stop")),
        end("e e2"),
        "s -> f -> a -> j -> c -> e; f -> r -> m1 -> j; r -> m2 -> e2",
    ),
    start(),
    complete("a"),
    expect(joined="j", tasks=""),
    message("stop"),
    expect(tasks="c", joined=""),
)

suite(
    "inclusive: gateways in gateways within a loop: a join does not wait for what must pass itself first",
    diagram(
        "rings",
        begin(),
        inc("g1 g2 g3 g4 g5"),
        user("t1 t2"),
        end(),
        "s -> g1 -> g2 -> g3 -> g4 -> g5 -> e; g5 -> g1 if ${again}; g1 -> t1 -> g4; g2 -> t2 -> g3",
    ),
    start(again=False),
    expect(tasks="t1 t2", joined="g3"),
    complete("t2"),
    expect(tasks="t1", joined="g4"),
    complete("t1"),
    expect(ended=True),
)
suite(
    "inclusive: a default flow straight into the join, in a loop around parallel branches",
    diagram(
        "shortcut",
        begin(),
        xor("m"),
        par("f j"),
        inc("i", default="k"),
        inc("k"),
        user("a b c d"),
        xor("g", default="e"),
        end(),
        "s -> m -> f -> a -> i; i -> c if ${more}; i -> k; c -> k -> j; f -> b -> j -> d -> g -> e; g -> m if ${again}",
    ),
    start(more=True),
    complete("a"),
    expect(tasks="b c"),
    complete("b"),
    complete("c"),
    complete("d", again=True, more=False),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    complete("d", again=False),
    expect(ended=True),
)
