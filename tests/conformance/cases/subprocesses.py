"""Embedded subprocesses."""

from __future__ import annotations

from tests.conformance.scenario import (
    ABSENT,
    Suite,
    complete,
    expect,
    start,
)
from tests.conformance.shapes import (
    diagram,
    end,
    inputs,
    outputs,
    par,
    sub,
    task,
    user,
)
from tests.conformance.shapes import start as begin

suite = Suite("subprocesses")

suite(
    "embedded: what follows begins when it is done",
    diagram(
        "embedded",
        begin(),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        user("b"),
        end(),
        "s -> u -> b -> e",
    ),
    start(),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="b"),
    complete("b"),
    expect(ended=True),
)
suite(
    "embedded: ends with its last token, and one token leaves it",
    diagram(
        "lasttoken",
        begin(),
        sub("u", begin("us"), par("f"), user("a b"), end("ue1 ue2"), "us -> f -> a -> ue1; f -> b -> ue2"),
        user("c"),
        end(),
        "s -> u -> c -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b"),
    complete("b"),
    expect(tasks="c"),
)
suite(
    "embedded: three deep",
    diagram(
        "deep",
        begin(),
        sub(
            "u",
            begin("us"),
            sub(
                "v",
                begin("vs"),
                sub("w", begin("ws"), user("a"), end("we"), "ws -> a -> we"),
                end("ve"),
                "vs -> w -> ve",
            ),
            user("b"),
            end("ue"),
            "us -> v -> b -> ue",
        ),
        end(),
        "s -> u -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b"),
    complete("b"),
    expect(ended=True),
)
suite(
    "embedded: two at once",
    diagram(
        "twosubs",
        begin(),
        par("f j"),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        sub("v", begin("vs"), user("b"), end("ve"), "vs -> b -> ve"),
        user("c"),
        end(),
        "s -> f -> u -> j -> c -> e; f -> v -> j",
    ),
    start(),
    expect(tasks="a b"),
    complete("b"),
    complete("a"),
    expect(tasks="c"),
)
suite(
    "embedded: entered by two tokens it runs twice",
    diagram(
        "twice",
        begin(),
        par("f"),
        user("x y"),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        end(),
        "s -> f -> x -> u -> e; f -> y -> u",
    ),
    start(),
    complete("x"),
    complete("y"),
    expect(tasks="a a"),
    complete("a"),
    expect(tasks="a", ended=False),
    complete("a"),
    expect(ended=True),
)
suite(
    "embedded: automatic only",
    diagram(
        "autosub",
        begin(),
        sub("u", begin("us"), task("a"), end("ue"), "us -> a -> ue"),
        user("b"),
        end(),
        "s -> u -> b -> e",
    ),
    start(),
    expect(tasks="b"),
)
suite(
    "embedded: its input is seen inside only, its output outside",
    diagram(
        "mapped",
        begin(),
        sub(
            "u",
            inputs(inner="${x + 1}"),
            outputs(result="${inner * 10}"),
            begin("us"),
            user("a"),
            end("ue"),
            "us -> a -> ue",
        ),
        user("b"),
        end(),
        "s -> u -> b -> e",
    ),
    start(x=1),
    complete("a", inner=5),
    expect(tasks="b", variables={"result": 50, "inner": ABSENT}),
)
suite(
    "embedded: a variable set inside is seen outside when nothing inside hides it",
    diagram(
        "seen",
        begin(),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        user("b"),
        end(),
        "s -> u -> b -> e",
    ),
    start(),
    complete("a", y=2),
    expect(tasks="b", variables={"y": 2}),
)
suite(
    "embedded: several ways out are all taken",
    diagram(
        "subsplit",
        begin(),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        user("b c"),
        end(),
        "s -> u; u -> b -> e; u -> c -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b c"),
)
