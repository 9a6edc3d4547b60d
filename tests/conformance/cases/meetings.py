"""Ways that begin in the middle of things, and what they know of each other's variables; loops that write values back."""

from __future__ import annotations

from tests.conformance.scenario import (
    Suite,
    complete,
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
    escalation,
    event_sub,
    loop,
    many,
    par,
    returned,
    script,
    sub,
    throw,
    user,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin

suite = Suite("meetings")

BESIDE = diagram(
    "beside",
    begin(),
    sub("u", begin("us"), user("a b"), end("ue"), "us -> a -> b -> ue"),
    boundary("m", "u", on_message("go"), cancel=False),
    user("x y"),
    par("j"),
    user("z"),
    end(),
    "s -> u -> j; m -> x -> j; j -> z -> e",
)
suite(
    "not interrupting: what the host changed before and after is no conflict at the join",
    BESIDE,
    start(n=0),
    complete("a", n=1),
    message("go"),
    expect(tasks="b x"),
    complete("b", n=2),
    complete("x"),
    expect(tasks="z", variables={"n": 2}, incidents=""),
)
suite(
    "not interrupting: the later write of the way out wins over the earlier of the host",
    BESIDE,
    start(n=0),
    complete("a", n=1),
    message("go"),
    complete("x", n=3),
    complete("b"),
    expect(tasks="z", variables={"n": 3}, incidents=""),
)
suite(
    "not interrupting: what both change differently after they parted is a conflict",
    BESIDE,
    start(n=0),
    complete("a", n=1),
    message("go"),
    complete("x", n=3),
    complete("b", n=2),
    expect(incidents="j"),
)
SIDE = diagram(
    "side",
    begin(),
    user("a b"),
    end(),
    event_sub("v", begin("vs", on_message("go"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
    "s -> a -> b -> e",
)
suite(
    "an event subprocess that ends last does not bring old values back",
    SIDE,
    start(n=0),
    complete("a", n=1),
    message("go"),
    complete("b", n=2),
    complete("x"),
    expect(ended=True, variables={"n": 2}),
)
suite(
    "two event subprocesses and the main path: the last write stays",
    SIDE,
    start(n=0),
    complete("a", n=1),
    message("go"),
    message("go"),
    complete("x", n=5),
    complete("b", n=6),
    complete("x"),
    expect(ended=True, variables={"n": 6}),
)
suite(
    "a standard loop may set a value back to what it was",
    diagram("back", begin(), user("a", loop("${again}")), user("z"), end(), "s -> a -> z -> e"),
    start(flag=False, again=True),
    complete("a", flag=True),
    complete("a", flag=False, again=False),
    expect(tasks="z", variables={"flag": False}),
)
suite(
    "one by one: an instance may set a value back to what it was",
    diagram("backseq", begin(), user("a", many("2", one_by_one=True)), user("z"), end(), "s -> a -> z -> e"),
    start(flag=False),
    complete("a", flag=True),
    complete("a", flag=False),
    expect(tasks="z", variables={"flag": False}),
)
suite(
    "many at once count together: scripts",
    diagram("sum", begin(), script("a", "n = n + loopCounter", many("5")), user("z"), end(), "s -> a -> z -> e"),
    start(n=0),
    expect(tasks="z", variables={"n": 10}),
    doubt="Camunda: instances run one after the other as far as they go",
)
suite(
    "many at once count together: subprocesses with automatic steps",
    diagram(
        "sumsub",
        begin(),
        sub(
            "u", many("4"), begin("us"), script("a", "n = n + 1"), script("b", "m = n"), end("ue"), "us -> a -> b -> ue"
        ),
        user("z"),
        end(),
        "s -> u -> z -> e",
    ),
    start(n=0),
    expect(tasks="z", variables={"n": 4, "m": 4}),
)
suite(
    "many at once count together: people, one after the other",
    diagram(
        "votes",
        begin(),
        sub("u", many("3"), begin("us"), user("a"), script("b", "yes = yes + vote"), end("ue"), "us -> a -> b -> ue"),
        user("z"),
        end(),
        "s -> u -> z -> e",
    ),
    start(yes=0),
    complete("a", vote=1),
    complete("a", vote=0),
    complete("a", vote=1),
    expect(tasks="z", variables={"yes": 2}),
)
suite(
    "an interrupting event subprocess leaves its subprocess's boundary events watching",
    diagram(
        "watched",
        begin(),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue"),
            event_sub("v", begin("vs", on_message("stop")), user("x"), end("ve"), "vs -> x -> ve"),
            "us -> a -> ue",
        ),
        boundary("t", "u", after("PT1H")),
        user("late"),
        end(),
        "s -> u -> e; t -> late -> e",
    ),
    start(),
    message("stop"),
    expect(tasks="x", waits="timer:t"),
    time("PT1H"),
    expect(tasks="late", waits=""),
)
suite(
    "an error that nobody catches inside nested subprocesses ends the whole called process",
    [
        diagram(
            "caller",
            begin(),
            call("c", "thrower"),
            boundary("b", "c", error("E")),
            user("caught missed"),
            end(),
            "s -> c -> missed -> e; b -> caught -> e",
        ),
        diagram(
            "thrower",
            begin(),
            par("f"),
            sub("u", begin("us"), end("ue", error("E")), "us -> ue"),
            user("beside after_u"),
            end(),
            "s -> f; f -> beside -> e; f -> u -> after_u -> e",
        ),
    ],
    start(),
    expect(tasks="caught", waits=""),
    expect(of="thrower", ended=True, tasks=""),
)
suite(
    "an error out of a called process brings back what the diagram says, no more",
    [
        diagram(
            "caller",
            begin(),
            call("c", "thrower", returned(seen="inner")),
            boundary("b", "c", error("E")),
            user("caught"),
            end(),
            "s -> c -> e; b -> caught -> e",
        ),
        diagram("thrower", begin(), script("t", "inner = 1; secret = 2"), end("e", error("E")), "s -> t -> e"),
    ],
    start(secret=0),
    expect(tasks="caught", variables={"seen": 1, "secret": 0}),
)
suite(
    "an escalation out of a called process brings values back, now and at the end",
    [
        diagram(
            "caller",
            begin(),
            call("c", "thrower", returned(seen="inner")),
            boundary("b", "c", escalation("E"), cancel=False),
            user("told"),
            user("z"),
            end(),
            "s -> c -> z -> e; b -> told -> e",
        ),
        diagram(
            "thrower",
            begin(),
            script("t", "inner = 1"),
            throw("x", escalation("E")),
            user("w"),
            end(),
            "s -> t -> x -> w -> e",
        ),
    ],
    start(),
    expect(tasks="told", variables={"seen": 1}),
    complete("w", inner=2),
    expect(tasks="told z", variables={"seen": 2}),
)
