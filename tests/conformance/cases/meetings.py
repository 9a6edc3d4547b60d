"""Ways that begin in the middle of things, and what they know of each other's variables; loops that write values back."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, done, expect, jobs, message, retry, signal, start, time
from tests.conformance.shapes import (
    TERMINATE,
    after,
    boundary,
    call,
    catch,
    compute,
    diagram,
    end,
    error,
    escalation,
    event_sub,
    external,
    link,
    loop,
    many,
    outputs,
    par,
    race,
    receive,
    returned,
    script,
    sub,
    task,
    throw,
    user,
    when,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
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
JOBS = {"camunda__asyncBefore": "true", "camunda__asyncAfter": "true"}
suite(
    "asynchronous everywhere: start, gateways, join, end",
    diagram(
        "everywhere",
        begin("s", **JOBS),
        par("f", **JOBS),
        task("a b", **JOBS),
        par("j", **JOBS),
        xor("g", default="e", **JOBS),
        end("e", **JOBS),
        "s -> f; f -> a -> j; f -> b -> j; j -> g; g -> e; g -> a if ${false}",
    ),
    start(),
    expect(waits="job:s", ended=False),
    jobs(),
    expect(ended=True),
)
suite(
    "asynchronous before a join: each token is brought in by its job",
    diagram(
        "asyncjoin",
        begin(),
        par("f"),
        user("a b"),
        par("j", camunda__asyncBefore="true"),
        user("z"),
        end(),
        "s -> f; f -> a -> j; f -> b -> j; j -> z -> e",
    ),
    start(),
    complete("a"),
    complete("b"),
    expect(waits="job:j job:j", tasks=""),
    jobs(),
    expect(tasks="z", waits=""),
)
suite(
    "terminate in an event subprocess ends only that",
    diagram(
        "termside",
        begin(),
        user("a"),
        end(),
        event_sub(
            "v",
            begin("vs", on_message("go"), isInterrupting="false"),
            par("vf"),
            user("x y"),
            end("ve", TERMINATE),
            end("vf2"),
            "vs -> vf; vf -> x -> ve; vf -> y -> vf2",
        ),
        "s -> a -> e",
    ),
    start(),
    message("go"),
    complete("x"),
    expect(tasks="a", ended=False),
)
suite(
    "a signal thrown and caught in the same instance",
    diagram(
        "own",
        begin(),
        par("f"),
        catch("c", on_signal("ping")),
        throw("t", on_signal("ping")),
        user("after_c after_t"),
        end(),
        "s -> f; f -> c -> after_c -> e; f -> t -> after_t -> e",
    ),
    start(),
    expect(tasks="after_c after_t", waits=""),
)
suite(
    "a signal that interrupts who throws it",
    diagram(
        "self",
        begin(),
        sub("u", begin("us"), throw("t", on_signal("ping")), user("missed"), end("ue"), "us -> t -> missed -> ue"),
        boundary("b", "u", on_signal("ping")),
        user("z"),
        end(),
        "s -> u -> e; b -> z -> e",
    ),
    start(),
    expect(tasks="z", waits=""),
)
suite(
    "an error thrown while a branch beside has not begun",
    diagram(
        "early",
        begin(),
        sub("u", begin("us"), par("f"), end("ux", error("E")), user("a"), end("ue"), "us -> f; f -> ux; f -> a -> ue"),
        boundary("b", "u", error("E")),
        user("z"),
        end(),
        "s -> u -> e; b -> z -> e",
    ),
    start(),
    expect(tasks="z"),
)
suite(
    "links inside a subprocess",
    diagram(
        "linked",
        begin(),
        sub(
            "u",
            begin("us"),
            throw("l1", link("L")),
            catch("l2", link("L")),
            user("a"),
            end("ue"),
            "us -> l1; l2 -> a -> ue",
        ),
        user("z"),
        end(),
        "s -> u -> z -> e",
    ),
    start(),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="z"),
)
suite(
    "a timer that cannot be read behind an event-based gateway: corrected, all wait once",
    diagram(
        "badrace",
        begin(),
        race("r"),
        catch("m", on_message("go")),
        catch("t", after("${wait}")),
        end(),
        "s -> r; r -> m -> e; r -> t -> e",
    ),
    start(wait="soon"),
    expect(incidents="r", waits=""),
    retry("r", wait="PT1H"),
    expect(incidents="", waits="message:m timer:t"),
    message("go"),
    expect(ended=True),
)
suite(
    "a watched condition that fails is an incident and keeps watching",
    diagram(
        "badwatch",
        begin(),
        user("h"),
        boundary("b", "h", when("${x > 1}")),
        user("y"),
        end(),
        "s -> h -> e; b -> y -> e",
    ),
    start(x="text"),
    expect(incidents="b", tasks="h"),
    retry("b", x=1),
    expect(incidents="", tasks="h", waits="condition:b"),
    complete("h"),
    expect(ended=True),
)
suite(
    "a condition is looked at when its variable changes, and only then",
    diagram(
        "named",
        begin(),
        user("a b"),
        end(),
        event_sub(
            "v",
            begin("vs", when("${x > 1}").replace("<conditional", "<conditional", 1), isInterrupting="false"),
            user("y"),
            end("ve"),
            "vs -> y -> ve",
        ),
        "s -> a -> b -> e",
    ).replace(b"<conditionalEventDefinition>", b'<conditionalEventDefinition camunda:variableName="x">'),
    start(x=0, other=0),
    complete("a", x=2),
    expect(tasks="b y"),
    complete("y", other=1),
    expect(tasks="b"),
)
suite(
    "boundary of many at once: a message interrupts all",
    diagram(
        "manybound",
        begin(),
        sub("u", many("3"), begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        boundary("b", "u", on_message("off")),
        user("z"),
        end(),
        "s -> u -> e; b -> z -> e",
    ),
    start(),
    expect(tasks="a a a", waits="message:b"),
    complete("a"),
    message("off"),
    expect(tasks="z", waits=""),
)
suite(
    "boundary of many at once, not interrupting: beside them, as often as it comes",
    diagram(
        "manybeside",
        begin(),
        user("a", many("2")),
        boundary("b", "a", on_message("more"), cancel=False),
        user("z y"),
        end(),
        "s -> a -> y -> e; b -> z -> e",
    ),
    start(),
    message("more"),
    message("more"),
    expect(tasks="a a z z", waits="message:b"),
    complete("a"),
    complete("a"),
    expect(tasks="y z z", waits=""),
)
suite(
    "a completion condition that fails: the others go on, then the retry",
    diagram(
        "badmany",
        begin(),
        user("a", many("2", until="${enough > 1}")),
        boundary("b", "a", on_message("off")),
        user("z x"),
        end(),
        "s -> a -> z -> e; b -> x -> e",
    ),
    start(enough="no"),
    complete("a"),
    expect(incidents="a", tasks="a", waits="message:b"),
    retry("a", enough=0),
    expect(incidents="", tasks="a", waits="message:b"),
    complete("a"),
    expect(tasks="z", waits=""),
)
suite(
    "an output that fails: the work is not done again",
    diagram("badout", begin(), user("a", outputs(y="${x + 1}")), user("z"), end(), "s -> a -> z -> e"),
    start(x="text"),
    complete("a"),
    expect(incidents="a", tasks=""),
    retry("a", x=1),
    expect(tasks="z", variables={"y": 2}, incidents=""),
)
suite(
    "receive task with a boundary timer",
    diagram(
        "receivetimer",
        begin(),
        receive("r", "go"),
        boundary("t", "r", after("PT1H")),
        user("x z"),
        end(),
        "s -> r -> z -> e; t -> x -> e",
    ),
    start(),
    expect(waits="message:r timer:t"),
    time("PT1H"),
    expect(tasks="x", waits=""),
    message("go", to=0),
)
suite(
    "a call activity many times, asynchronous",
    [
        diagram(
            "calls",
            begin(),
            call("c", "child", many("2"), camunda__asyncBefore="true"),
            user("z"),
            end(),
            "s -> c -> z -> e",
        ),
        diagram("child", begin(), user("a"), end(), "s -> a -> e"),
    ],
    start(),
    expect(waits="job:c"),
    jobs(),
    expect(of="child", tasks="a a"),
    complete("a"),
    complete("a"),
    expect(tasks="z", waits=""),
)
suite(
    "a called process that ends by terminate returns as usual",
    [
        diagram("caller", begin(), call("c", "child"), user("z"), end(), "s -> c -> z -> e"),
        diagram("child", begin(), par("f"), user("a b"), end("e", TERMINATE), "s -> f; f -> a -> e; f -> b -> e"),
    ],
    start(),
    complete("a"),
    expect(tasks="z", waits=""),
    expect(of="child", ended=True),
)
suite(
    "external work many times with a boundary error: one ends all",
    diagram(
        "manywork",
        begin(),
        external("w", many("3")),
        boundary("b", "w", error("E")),
        user("z"),
        end(),
        "s -> w -> e; b -> z -> e",
    ),
    start(),
    done(),
    expect(waits="external:w external:w"),
)
suite(
    "signal many: all instances of a receive in a subprocess",
    diagram(
        "sigmany",
        begin(),
        sub("u", many("3"), begin("us"), catch("c", on_signal("go")), end("ue"), "us -> c -> ue"),
        user("z"),
        end(),
        "s -> u -> z -> e",
    ),
    start(),
    signal("go"),
    expect(tasks="z", waits=""),
)
suite(
    "a value that is computed twice in branches and ends differently keeps both ends apart",
    diagram(
        "ends",
        begin(),
        par("f"),
        compute("a", "${1}", "x"),
        user("b"),
        end("e1 e2"),
        "s -> f; f -> a -> e1; f -> b -> e2",
    ),
    start(x=0),
    expect(variables={"x": 1}),
    complete("b", x=2),
    expect(ended=True, variables={"x": 2}),
)
