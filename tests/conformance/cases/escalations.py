"""Escalations: who catches them; those that nobody catches change nothing."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, start
from tests.conformance.shapes import (
    boundary,
    call,
    diagram,
    end,
    escalation,
    event_sub,
    passed,
    sub,
    throw,
    user,
)
from tests.conformance.shapes import start as begin

suite = Suite("escalations")

RAISE = sub("u", begin("us"), throw("t", escalation("X1")), user("a"), end("ue"), "us -> t -> a -> ue")
suite(
    "escalation: interrupting boundary",
    diagram("cut", begin(), RAISE, boundary("b", "u", escalation("X1")), user("x"), end(), "s -> u -> e; b -> x -> e"),
    start(),
    expect(tasks="x"),
)
suite(
    "escalation: not interrupting boundary, both go on",
    diagram(
        "both",
        begin(),
        RAISE,
        boundary("b", "u", escalation("X1"), cancel=False),
        user("x n"),
        end(),
        "s -> u -> n -> e; b -> x -> e",
    ),
    start(),
    expect(tasks="a x"),
    complete("a"),
    expect(tasks="n x"),
)
suite(
    "escalation that nobody catches changes nothing",
    diagram("free", begin(), RAISE, end(), "s -> u -> e"),
    start(),
    expect(tasks="a", incidents=""),
)
suite(
    "escalation: catcher of all codes",
    diagram(
        "anycode",
        begin(),
        RAISE,
        boundary("b", "u", escalation(camunda__escalationCodeVariable="code"), cancel=False),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    expect(tasks="a x", variables={"code": "X1"}),
)
suite(
    "escalation end: the subprocess is left as well when not interrupted",
    diagram(
        "ending",
        begin(),
        sub("u", begin("us"), user("a"), end("ue", escalation("X1")), "us -> a -> ue"),
        boundary("b", "u", escalation("X1"), cancel=False),
        user("x n"),
        end(),
        "s -> u -> n -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="n x"),
)
suite(
    "escalation: up to the outer scope",
    diagram(
        "outer",
        begin(),
        sub("o", begin("os"), RAISE, end("oe"), "os -> u -> oe"),
        boundary("b", "o", escalation("X1"), cancel=False),
        user("x"),
        end(),
        "s -> o -> e; b -> x -> e",
    ),
    start(),
    expect(tasks="a x"),
)
suite(
    "escalation: the event subprocess inside before the boundary outside, which does not get it then",
    diagram(
        "innerfirst",
        begin(),
        sub(
            "u",
            begin("us"),
            throw("t", escalation("X1")),
            user("a"),
            end("ue"),
            event_sub(
                "v", begin("vs", escalation("X1"), isInterrupting="false"), user("y"), end("ve"), "vs -> y -> ve"
            ),
            "us -> t -> a -> ue",
        ),
        boundary("b", "u", escalation("X1"), cancel=False),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    expect(tasks="a y"),
)
suite(
    "escalation out of a called process, not interrupting: the called one goes on",
    [
        diagram(
            "parent",
            begin(),
            call("h", "child"),
            boundary("b", "h", escalation("X1"), cancel=False),
            user("x n"),
            end(),
            "s -> h -> n -> e; b -> x -> e",
        ),
        diagram("child", begin(), throw("t", escalation("X1")), user("c"), end(), "s -> t -> c -> e"),
    ],
    start(),
    expect(tasks="x", waits="call:h"),
    expect(of="child", tasks="c"),
    complete("c"),
    expect(tasks="n x"),
)
suite(
    "escalation out of a called process, interrupting: the called one ends",
    [
        diagram(
            "parent",
            begin(),
            call("h", "child", passed(v="v")),
            boundary("b", "h", escalation("X1")),
            user("x"),
            end(),
            "s -> h -> e; b -> x -> e",
        ),
        diagram("child", begin(), user("p"), throw("t", escalation("X1")), user("c"), end(), "s -> p -> t -> c -> e"),
    ],
    start(v=1),
    complete("p"),
    expect(tasks="x", waits=""),
    expect(of="child", ended=True),
)
