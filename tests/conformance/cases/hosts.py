"""Boundary events on every kind of host, several on one, nested hosts."""

from __future__ import annotations

from tests.conformance.cases.boundaries import hosted
from tests.conformance.scenario import (
    Suite,
    complete,
    done,
    errs,
    expect,
    message,
    start,
    time,
)
from tests.conformance.shapes import (
    after,
    boundary,
    call,
    diagram,
    end,
    error,
    external,
    many,
    par,
    receive,
    sub,
    throw,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin

suite = Suite("hosts of boundary events")

suite(
    "two timers on one host",
    diagram(
        "twotimers",
        begin(),
        user("h"),
        boundary("b1", "h", after("PT1H"), cancel=False),
        boundary("b2", "h", after("PT2H")),
        user("x y"),
        end(),
        "s -> h -> e; b1 -> x -> e; b2 -> y -> e",
    ),
    start(),
    expect(waits="timer:b1 timer:b2"),
    time("PT1H"),
    expect(tasks="h x", waits="timer:b2"),
    time("PT1H"),
    expect(tasks="x y", waits=""),
)
suite(
    "timer and message on one host: whichever first",
    diagram(
        "timemessage",
        begin(),
        user("h"),
        boundary("b1", "h", after("PT1H")),
        boundary("b2", "h", on_message("off")),
        user("x y"),
        end(),
        "s -> h -> e; b1 -> x -> e; b2 -> y -> e",
    ),
    start(),
    message("off"),
    expect(tasks="y", waits=""),
    time("PT2H"),
    expect(tasks="y"),
)
suite(
    "timer on an embedded subprocess takes everything in it away",
    hosted(
        "timedsub",
        after("PT1H"),
        host=sub("h", begin("us"), par("f"), user("a"), external("w"), end("ue"), "us -> f -> a -> ue; f -> w -> ue"),
    ),
    start(),
    expect(tasks="a", waits="external:w timer:b"),
    time("PT1H"),
    expect(tasks="x", waits=""),
)
suite(
    "timer, not interrupting, on a subprocess",
    hosted(
        "remindedsub", after("PT1H"), cancel=False, host=sub("h", begin("us"), user("a"), end("ue"), "us -> a -> ue")
    ),
    start(),
    time("PT1H"),
    expect(tasks="a x"),
    complete("a"),
    expect(tasks="n x"),
)
suite(
    "timer on a receive task",
    hosted("timedreceive", after("PT1H"), host=receive("h", "paid")),
    start(),
    expect(waits="message:h timer:b"),
    time("PT1H"),
    expect(tasks="x", waits=""),
    message("paid", to=0),
)
suite(
    "timer on external work",
    hosted("timedwork", after("PT1H"), host=external("h")),
    start(),
    expect(waits="external:h timer:b"),
    time("PT1H"),
    expect(tasks="x", waits=""),
)
suite(
    "external work done before its timer",
    hosted("workdone", after("PT1H"), host=external("h")),
    start(),
    done(),
    expect(tasks="n", waits=""),
)
suite(
    "error of external work",
    hosted("workerror", error("E1"), host=external("h")),
    start(),
    errs("E1", seen=1),
    expect(tasks="x", waits="", variables={"seen": 1}),
)
CHILD = diagram("child", begin(), user("c"), end(), "s -> c -> e")
suite(
    "timer on a call activity ends the called instance",
    [hosted("timedcall", after("PT1H"), host=call("h", "child")), CHILD],
    start(),
    expect(waits="call:h timer:b", tasks=""),
    expect(of="child", tasks="c"),
    time("PT1H"),
    expect(tasks="x", waits=""),
    expect(of="child", ended=True, tasks=""),
)
suite(
    "message, not interrupting, on a call activity",
    [hosted("askedcall", on_message("ask"), cancel=False, host=call("h", "child")), CHILD],
    start(),
    message("ask"),
    expect(tasks="x"),
    complete("c"),
    expect(tasks="n x", waits=""),
)
suite(
    "timer on a parallel multi-instance task takes all of them",
    hosted("timedmany", after("PT1H"), host=user("h", many("3"))),
    start(),
    expect(tasks="h h h", waits="timer:b"),
    complete("h"),
    time("PT1H"),
    expect(tasks="x", waits=""),
)
suite(
    "message, not interrupting, on a sequential multi-instance task",
    hosted("askedmany", on_message("ask"), cancel=False, host=user("h", many("2", one_by_one=True))),
    start(),
    message("ask"),
    expect(tasks="h x", waits="message:b"),
    complete("h"),
    expect(tasks="h x", waits="message:b"),
    complete("h"),
    expect(tasks="n x", waits=""),
)
suite(
    "nested hosts: the outer timer takes the inner one away",
    diagram(
        "outerinner",
        begin(),
        sub("u", begin("us"), user("a"), boundary("b2", "a", after("PT2H")), end("ue ue2"), "us -> a -> ue; b2 -> ue2"),
        boundary("b1", "u", after("PT1H")),
        user("x"),
        end(),
        "s -> u -> e; b1 -> x -> e",
    ),
    start(),
    expect(waits="timer:b1 timer:b2"),
    time("PT1H"),
    expect(tasks="x", waits=""),
)
suite(
    "a boundary event that leads back to its host",
    diagram(
        "backagain", begin(), xor("m"), user("h"), boundary("b", "h", after("PT1H")), end(), "s -> m -> h -> e; b -> m"
    ),
    start(),
    time("PT1H"),
    expect(tasks="h", waits="timer:b", due={"b": "2026-11-23T06:00:00Z"}),
    time("PT1H"),
    complete("h"),
    expect(ended=True),
)
suite(
    "a boundary event of a task that is entered twice at once: each has its own",
    diagram(
        "twohosts",
        begin(),
        par("f"),
        user("a b h"),
        boundary("b9", "h", on_message("off")),
        user("x"),
        end(),
        "s -> f -> a -> h -> e; f -> b -> h; b9 -> x -> e",
    ),
    start(),
    complete("a"),
    complete("b"),
    expect(tasks="h h", waits="message:b9 message:b9"),
    message("off", to=2),
    expect(tasks="x x", waits=""),
)
suite(
    "a boundary event without outgoing flow",
    diagram("deadend", begin(), user("h"), boundary("b", "h", after("PT1H")), end(), "s -> h -> e"),
    start(),
    time("PT1H"),
    expect(ended=True),
)
suite(
    "an interrupting event at a task of one branch leaves the other branch alone",
    diagram(
        "onebranch",
        begin(),
        par("f"),
        user("h a"),
        boundary("b", "h", after("PT1H")),
        user("x"),
        end(),
        "s -> f -> h -> e; f -> a -> e; b -> x -> e",
    ),
    start(),
    time("PT1H"),
    expect(tasks="a x"),
)
suite(
    "several flows of a boundary event are all taken",
    diagram(
        "manyout",
        begin(),
        user("h"),
        boundary("b", "h", on_message("off")),
        user("x y"),
        end(),
        "s -> h -> e; b -> x -> e; b -> y -> e",
    ),
    start(),
    message("off"),
    expect(tasks="x y"),
)
suite(
    "a signal thrown inside a subprocess to its own boundary interrupts it",
    diagram(
        "ownsignal",
        begin(),
        sub(
            "u", begin("us"), user("a"), throw("th", on_signal("out")), user("c"), end("ue"), "us -> a -> th -> c -> ue"
        ),
        boundary("b", "u", on_signal("out")),
        user("x"),
        end(),
        "s -> u -> e; b -> x -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="x", waits=""),
)
