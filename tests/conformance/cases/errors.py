"""Errors: who catches them, in which order, and what becomes of those that nobody catches."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, done, errs, expect, failed, retry, start, task_error
from tests.conformance.shapes import (
    boundary,
    call,
    diagram,
    end,
    error,
    event_sub,
    external,
    many,
    par,
    script,
    sub,
    user,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("errors and escalations")

THROWING = sub("u", begin("us"), user("a"), end("ue", error("E1")), "us -> a -> ue")
suite(
    "error end: caught at the boundary of its subprocess",
    diagram(
        "caught",
        begin(),
        THROWING,
        boundary("b", "u", error("E1")),
        user("n x"),
        end(),
        "s -> u -> n -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="x"),
    complete("x"),
    expect(ended=True),
)
suite(
    "error end: other branches of the subprocess go",
    diagram(
        "branches",
        begin(),
        sub(
            "u",
            begin("us"),
            par("f"),
            user("a c"),
            end("ue", error("E1")),
            end("ue2"),
            "us -> f -> a -> ue; f -> c -> ue2",
        ),
        boundary("b", "u", error("E1")),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="x"),
)
suite(
    "the specific catcher before the one for all, whatever their order",
    diagram(
        "specific",
        begin(),
        THROWING,
        boundary("ball", "u", error()),
        boundary("bone", "u", error("E1")),
        user("x y"),
        end(),
        "s -> u -> e; ball -> x -> e; bone -> y -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
)
suite(
    "a catcher of another code does not catch; the one for all does",
    diagram(
        "othercode",
        begin(),
        THROWING,
        boundary("b2", "u", error("E2")),
        boundary("ball", "u", error()),
        user("x y"),
        end(),
        "s -> u -> e; b2 -> x -> e; ball -> y -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
)
suite(
    "up the scopes: the outer catches what the inner does not",
    diagram(
        "up",
        begin(),
        sub(
            "o",
            begin("os"),
            THROWING,
            boundary("b2", "u", error("E2")),
            user("y"),
            end("oe"),
            "os -> u -> oe; b2 -> y -> oe",
        ),
        boundary("b1", "o", error("E1")),
        user("x"),
        end(),
        "s -> o -> e; b1 -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="x"),
)
suite(
    "the nearer scope first, though it catches all and the outer is specific",
    diagram(
        "nearer",
        begin(),
        sub(
            "o",
            begin("os"),
            THROWING,
            boundary("ball", "u", error()),
            user("y"),
            end("oe"),
            "os -> u -> oe; ball -> y -> oe",
        ),
        boundary("b1", "o", error("E1")),
        user("x"),
        end(),
        "s -> o -> e; b1 -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
)
suite(
    "the event subprocess inside before the boundary outside",
    diagram(
        "inside",
        begin(),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue", error("E1")),
            event_sub("v", begin("vs", error("E1")), user("y"), end("ve"), "vs -> y -> ve"),
            "us -> a -> ue",
        ),
        boundary("b", "u", error("E1")),
        user("x n"),
        end(),
        "s -> u -> n -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
    complete("y"),
    expect(tasks="n"),
)
suite(
    "event subprocesses: the specific one before the one for all",
    diagram(
        "events",
        begin(),
        user("a"),
        end("e", error("E1")),
        event_sub("v", begin("vs", error()), user("x"), end("ve"), "vs -> x -> ve"),
        event_sub("w", begin("ws", error("E1")), user("y"), end("we"), "ws -> y -> we"),
        "s -> a -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
    complete("y"),
    expect(ended=True),
)
suite(
    "an error in the handler is not caught by the same handler but outside",
    diagram(
        "handler",
        begin(),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue", error("E1")),
            event_sub("v", begin("vs", error()), user("y"), end("ve", error("E1")), "vs -> y -> ve"),
            "us -> a -> ue",
        ),
        boundary("b", "u", error()),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="y"),
    complete("y"),
    expect(tasks="x"),
)
suite(
    "an error retried in a loop is caught each time",
    diagram(
        "loop",
        begin(),
        xor("m"),
        sub(
            "u",
            begin("us"),
            user("a"),
            xor("g", default="ue"),
            end("ue"),
            end("uf", error("E1")),
            "us -> a -> g -> ue; g -> uf if ${bad}",
        ),
        boundary("b", "u", error("E1")),
        end(),
        "s -> m -> u -> e; b -> m",
    ),
    start(),
    complete("a", bad=True),
    expect(tasks="a"),
    complete("a", bad=True),
    complete("a", bad=False),
    expect(ended=True),
)
suite(
    "external work: an error to its boundary, code and message kept in variables",
    diagram(
        "work",
        begin(),
        external("w"),
        boundary("b", "w", error("E1", camunda__errorCodeVariable="code")),
        user("x n"),
        end(),
        "s -> w -> n -> e; b -> x -> e",
    ),
    start(),
    errs("E1", detail="cold"),
    expect(tasks="x", variables={"code": "E1", "detail": "cold"}),
)
suite(
    "external work: an error to the boundary of the subprocess around it",
    diagram(
        "around",
        begin(),
        sub("u", begin("us"), external("w"), end("ue"), "us -> w -> ue"),
        boundary("b", "u", error("E1")),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    errs("E1"),
    expect(tasks="x", waits=""),
)
suite(
    "external work: a failure without retries is an incident, not an error",
    diagram(
        "failing",
        begin(),
        external("w"),
        boundary("b", "w", error()),
        user("x n"),
        end(),
        "s -> w -> n -> e; b -> x -> e",
    ),
    start(),
    failed(),
    expect(tasks="", incidents="w"),
    retry("w"),
    expect(incidents=""),
    done(),
    expect(tasks="n"),
)
suite(
    "error end that nobody catches ends its path",
    diagram(
        "uncaught", begin(), par("f"), user("a b"), end("e1", error("E1")), end("e2"), "s -> f -> a -> e1; f -> b -> e2"
    ),
    start(),
    complete("a"),
    expect(tasks="b", ended=False),
    complete("b"),
    expect(ended=True),
    doubt="as Camunda does by default; the specification leaves it open; an incident would be as honest",
)
suite(
    "error of a person that nobody catches: refused or an incident, the task is not lost",
    diagram("person", begin(), user("a"), boundary("b", "a", error("E2")), end(), "s -> a -> e; b -> e"),
    start(),
    task_error("a", "E2"),
    expect(ended=True),
)
suite(
    "error at a multi-instance task takes all of it",
    diagram(
        "many",
        begin(),
        user("a", many("3")),
        boundary("b", "a", error("E1")),
        user("x"),
        end(),
        "s -> a -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    task_error("a", "E1"),
    expect(tasks="x"),
)
suite(
    "error end in one run of a multi-instance subprocess takes all runs",
    diagram(
        "manysub",
        begin(),
        sub("u", begin("us"), user("a"), end("ue", error("E1")), "us -> a -> ue", many("3")),
        boundary("b", "u", error("E1")),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    expect(tasks="a a a"),
    complete("a"),
    expect(tasks="x"),
)

ERR_CHILD = diagram("child", begin(), user("c"), end("e", error("E1")), "s -> c -> e")
suite(
    "out of a called process to the boundary of the call",
    [
        diagram(
            "parent",
            begin(),
            call("h", "child"),
            boundary("b", "h", error("E1")),
            user("n x"),
            end(),
            "s -> h -> n -> e; b -> x -> e",
        ),
        ERR_CHILD,
    ],
    start(),
    complete("c"),
    expect(tasks="x", waits=""),
    expect(of="child", ended=True),
)
suite(
    "out of a called process through two calls",
    [
        diagram(
            "grand",
            begin(),
            call("h", "parent"),
            boundary("b", "h", error("E1")),
            user("x"),
            end(),
            "s -> h -> e; b -> x -> e",
        ),
        diagram("parent", begin(), call("h", "child"), user("n"), end(), "s -> h -> n -> e"),
        ERR_CHILD,
    ],
    start(),
    complete("c"),
    expect(tasks="x"),
    expect(of="parent", ended=True),
    expect(of="child", ended=True),
)
suite(
    "out of a called process to the event subprocess around the call",
    [
        diagram(
            "parent",
            begin(),
            call("h", "child"),
            user("n"),
            end(),
            event_sub(
                "v", begin("vs", error("E1", camunda__errorCodeVariable="code")), user("x"), end("ve"), "vs -> x -> ve"
            ),
            "s -> h -> n -> e",
        ),
        ERR_CHILD,
    ],
    start(),
    complete("c"),
    expect(tasks="x", variables={"code": "E1"}),
)

CHECKED = diagram(
    "scripted",
    begin(),
    script("w", "rest = limit - amount; left = rest < 0 ? error('TOO_MUCH', 'over the limit') : rest"),
    boundary("b", "w", error("TOO_MUCH", camunda__errorCodeVariable="code", camunda__errorMessageVariable="why")),
    user("n x"),
    end(),
    "s -> w -> n -> e; b -> x -> e",
)
suite(
    "a script that comes to an error of the business: to its boundary",
    CHECKED,
    start(limit=10, amount=12),
    expect(tasks="x", variables={"code": "TOO_MUCH", "why": "over the limit"}),
)
suite("a script that does not: on", CHECKED, start(limit=12, amount=10), expect(tasks="n", variables={"left": 2}))
