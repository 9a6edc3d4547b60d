"""Where constructs touch: jobs on every kind of element, signals and errors within one step, links, terminate."""

from __future__ import annotations

from tests.conformance.scenario import (
    Suite,
    complete,
    expect,
    jobs,
    message,
    retry,
    start,
)
from tests.conformance.shapes import (
    TERMINATE,
    after,
    boundary,
    catch,
    diagram,
    end,
    error,
    event_sub,
    link,
    many,
    par,
    race,
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

suite = Suite("edges")

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
