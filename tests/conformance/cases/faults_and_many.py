"""Faults that are mended, events of many at once, calls and work of many."""

from __future__ import annotations

from tests.conformance.scenario import (
    ABSENT,
    Suite,
    assign,
    complete,
    done,
    errs,
    expect,
    jobs,
    message,
    retry,
    signal,
    start,
    time,
)
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
    event_sub,
    external,
    inc,
    inputs,
    many,
    outputs,
    par,
    receive,
    sub,
    throw,
    user,
    when,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin

suite = Suite("faults and many")
JOBS = {"camunda__asyncBefore": "true", "camunda__asyncAfter": "true"}
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
suite(
    "an error caught by an event subprocess that throws it on: the boundary event outside",
    diagram(
        "rethrown",
        begin(),
        sub(
            "u",
            begin("us"),
            external("w"),
            end("ue"),
            event_sub("v", begin("vs", error("E")), user("x"), end("ve", error("E")), "vs -> x -> ve"),
            "us -> w -> ue",
        ),
        boundary("b", "u", error("E")),
        user("y"),
        end(),
        "s -> u -> e; b -> y -> e",
    ),
    start(),
    errs("E"),
    expect(tasks="x", waits=""),
    complete("x"),
    expect(tasks="y"),
)
suite(
    "asynchronous many: the whole, and each before and after",
    diagram(
        "manyjobs",
        begin(),
        user(
            "a",
            '<multiInstanceLoopCharacteristics camunda:asyncBefore="true" camunda:asyncAfter="true">'
            "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
            **JOBS,
        ),
        end(),
        "s -> a -> e",
    ),
    start(),
    expect(waits="job:a", tasks=""),
    jobs(),
    expect(tasks="a a", waits=""),
    complete("a"),
    expect(tasks="a", waits="job:a"),
    complete("a"),
    jobs(),
    expect(ended=True),
)
suite(
    "inputs and outputs of events",
    diagram(
        "eventio",
        begin("s", outputs(o="${1}")),
        throw("t", inputs(i="${2}"), outputs(q="${i}")),
        catch("m", on_message("go"), outputs(r="${pay}")),
        end("e", inputs(z="${3}"), outputs(w="${z}")),
        "s -> t -> m -> e",
    ),
    start(),
    message("go", pay=9),
    expect(ended=True, variables={"o": 1, "q": 2, "r": 9, "w": 3, "i": ABSENT, "z": ABSENT}),
)
suite(
    "a condition inside many: it holds for one of them",
    diagram(
        "onlyone",
        begin(),
        sub(
            "u",
            many(over="items", item="i"),
            begin("us"),
            user("a"),
            end("ue"),
            event_sub("v", begin("vs", when("${go == i}")), user("x"), end("ve"), "vs -> x -> ve"),
            "us -> a -> ue",
        ),
        end(),
        "s -> u -> e",
    ),
    start(items=[1, 2], go=0),
    expect(tasks="a a"),
    assign(go=2),
    expect(tasks="a x", locals={"x.i": [2]}),
)
suite(
    "an inclusive join waits for the way out of a boundary event, interrupting or not",
    diagram(
        "incbound",
        begin(),
        inc("f"),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        boundary("b", "u", on_message("more"), cancel=False),
        boundary("c", "u", on_message("stop")),
        user("d k z"),
        inc("j"),
        end(),
        "s -> f; f -> u -> j; f -> k -> j; b -> d -> j; c -> j; j -> z -> e",
    ),
    start(),
    message("more"),
    complete("k"),
    expect(tasks="a d", joined="j"),
    message("stop"),
    expect(tasks="d", joined="j j"),
    complete("d"),
    expect(tasks="z"),
)
