"""Compensation. Automatic handlers write a digit at the end of `log`: their order can be read."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, done, errs, expect, message, start
from tests.conformance.shapes import (
    association,
    boundary,
    compensate,
    compute,
    diagram,
    end,
    error,
    event_sub,
    external,
    many,
    par,
    sub,
    task,
    throw,
    undo,
    undone_by,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin

suite = Suite("compensation")


def noting(name: str, digit: int) -> str:
    """A compensation handler that notes that it ran."""
    return compute(name, f"${{log * 10 + {digit}}}", "log", isForCompensation="true")


BOOKED = (
    task("a")
    + task("b")
    + task("c")
    + noting("ua", 1)
    + noting("ub", 2)
    + noting("uc", 3)
    + undone_by("a", "ua")
    + undone_by("b", "ub")
    + undone_by("c", "uc")
)
suite(
    "throw: every completed activity, the last first",
    diagram("reversed", begin(), BOOKED, throw("t", compensate()), user("n"), end(), "s -> a -> b -> c -> t -> n -> e"),
    start(log=0),
    expect(tasks="n", variables={"log": 321}),
)
suite(
    "end: every completed activity",
    diagram("atend", begin(), BOOKED, end("e", compensate()), "s -> a -> b -> c -> e"),
    start(log=0),
    expect(ended=True, variables={"log": 321}),
)
suite(
    "throw for one activity",
    diagram(
        "onlyone", begin(), BOOKED, throw("t", compensate("b")), user("n"), end(), "s -> a -> b -> c -> t -> n -> e"
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 2}),
)
suite(
    "what is not completed is not compensated",
    diagram(
        "part",
        begin(),
        BOOKED,
        par("f"),
        user("w"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> a -> f -> t -> n -> e; f -> w -> b -> c -> e",
    ),
    start(log=0),
    expect(tasks="n w", variables={"log": 1}),
)
suite(
    "compensated once: a second throw finds nothing",
    diagram(
        "once",
        begin(),
        BOOKED,
        throw("t", compensate()),
        throw("t2", compensate()),
        user("n"),
        end(),
        "s -> a -> b -> c -> t -> t2 -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 321}),
)
suite(
    "nothing to compensate: goes on",
    diagram("none", begin(), task("a"), throw("t", compensate()), user("n"), end(), "s -> a -> t -> n -> e"),
    start(),
    expect(tasks="n"),
)
suite(
    "no compensation happens by itself",
    diagram("quiet", begin(), BOOKED, end(), "s -> a -> b -> c -> e"),
    start(log=0),
    expect(ended=True, variables={"log": 0}),
)
suite(
    "a user task as handler: the throw waits for it",
    diagram(
        "byhand",
        begin(),
        user("a"),
        undo("ua"),
        undone_by("a", "ua"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> a -> t -> n -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="ua"),
    complete("ua"),
    expect(tasks="n"),
    complete("n"),
    expect(ended=True),
)
suite(
    "external work as handler",
    diagram(
        "bywork",
        begin(),
        external("w", topic="do"),
        undo("uw", "serviceTask", camunda__type="external", camunda__topic="undo"),
        undone_by("w", "uw"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> w -> t -> n -> e",
    ),
    start(),
    done("do"),
    expect(waits="external:uw"),
    done("undo"),
    expect(tasks="n"),
)
suite(
    "in a loop: as often as it was done",
    diagram(
        "looped",
        begin(),
        xor("m"),
        user("a"),
        noting("ua", 7),
        undone_by("a", "ua"),
        xor("g", default="t"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> m -> a -> g -> t -> n -> e; g -> m if ${again}",
    ),
    start(log=0),
    complete("a", again=True),
    complete("a", again=True),
    complete("a", again=False),
    expect(tasks="n", variables={"log": 777}),
)
suite(
    "multi-instance: once for each",
    diagram(
        "manytimes",
        begin(),
        task("a", many("3")),
        noting("ua", 7),
        undone_by("a", "ua"),
        throw("t", compensate("a")),
        user("n"),
        end(),
        "s -> a -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 777}),
)
INSIDE = (
    begin("us")
    + task("a")
    + task("b")
    + noting("ua", 1)
    + noting("ub", 2)
    + undone_by("a", "ua")
    + undone_by("b", "ub")
    + end("ue")
)
suite(
    "a completed subprocess: what is in it, by a throw outside",
    diagram(
        "nested",
        begin(),
        sub("u", INSIDE, "us -> a -> b -> ue"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> u -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 21}),
)
suite(
    "a completed subprocess by its id",
    diagram(
        "byid",
        begin(),
        sub("u", INSIDE, "us -> a -> b -> ue"),
        task("c"),
        noting("uc", 3),
        undone_by("c", "uc"),
        throw("t", compensate("u")),
        user("n"),
        end(),
        "s -> u -> c -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 21}),
)
suite(
    "a subprocess with a handler at its boundary: that one, not what is in it",
    diagram(
        "whole",
        begin(),
        sub("u", INSIDE, "us -> a -> b -> ue"),
        noting("uu", 9),
        undone_by("u", "uu"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> u -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 9}),
)
suite(
    "two subprocesses deep",
    diagram(
        "deeper",
        begin(),
        sub("o", begin("os"), sub("u", INSIDE, "us -> a -> b -> ue"), end("oe"), "os -> u -> oe"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> o -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 21}),
)
suite(
    "a compensation event subprocess is run in place of the handlers inside",
    diagram(
        "event",
        begin(),
        sub(
            "u",
            INSIDE,
            event_sub(
                "v", begin("vs", compensate()), compute("note", "${log * 10 + 8}", "log"), end("ve"), "vs -> note -> ve"
            ),
            "us -> a -> b -> ue",
        ),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> u -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 8}),
)
suite(
    "a compensation event subprocess may compensate what is inside itself",
    diagram(
        "eventthrow",
        begin(),
        sub(
            "u",
            INSIDE,
            event_sub("v", begin("vs", compensate()), throw("vt", compensate("a")), end("ve"), "vs -> vt -> ve"),
            "us -> a -> b -> ue",
        ),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> u -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 1}),
)
suite(
    "throw inside a subprocess: what was done in it, not what was done before it",
    diagram(
        "local",
        begin(),
        task("c"),
        noting("uc", 3),
        undone_by("c", "uc"),
        sub("u", INSIDE, throw("t", compensate()), "us -> a -> b -> t -> ue"),
        user("n"),
        end(),
        "s -> c -> u -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 21}),
)
suite(
    "throw after an error boundary: what was completed before it outside is compensated",
    diagram(
        "onerror",
        begin(),
        task("c"),
        noting("uc", 3),
        undone_by("c", "uc"),
        external("w"),
        boundary("b", "w", error("E1")),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> c -> w -> e; b -> t -> n -> e",
    ),
    start(log=0),
    errs("E1"),
    expect(tasks="n", variables={"log": 3}),
)
suite(
    "throw in an event subprocess of the process: what was done in the process",
    diagram(
        "outerevent",
        begin(),
        BOOKED,
        user("w"),
        end(),
        event_sub(
            "v", begin("vs", on_message("undo")), throw("t", compensate()), user("x"), end("ve"), "vs -> t -> x -> ve"
        ),
        "s -> a -> b -> c -> w -> e",
    ),
    start(log=0),
    message("undo"),
    expect(tasks="x", variables={"log": 321}),
    doubt="Camunda compensates the enclosing scope from an event subprocess",
)
suite(
    "multi-instance subprocess: each completed run",
    diagram(
        "manysub",
        begin(),
        sub("u", many("2"), INSIDE, "us -> a -> b -> ue"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> u -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 2121}),
)
suite(
    "a handler drawn before its boundary event, by association only",
    diagram(
        "order",
        begin(),
        noting("ua", 5),
        task("a"),
        association("z", "ua"),
        boundary("z", "a", compensate()),
        throw("t", compensate()),
        end(),
        "s -> a -> t -> e",
    ),
    start(log=0),
    expect(ended=True, variables={"log": 5}),
)
