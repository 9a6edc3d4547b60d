"""Event subprocesses of every trigger, interrupting and not, on several levels."""

from __future__ import annotations

from tests.conformance.scenario import (
    Suite,
    assign,
    complete,
    expect,
    message,
    signal,
    start,
    task_escalation,
    time,
)
from tests.conformance.shapes import (
    TERMINATE,
    after,
    diagram,
    end,
    error,
    escalation,
    event_sub,
    every,
    par,
    sub,
    throw,
    user,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin
from tests.conformance.shapes import when as on_condition

suite = Suite("event subprocesses")


def guarded(key: str, trigger: str, *, cancel: bool = True, inner: str = "") -> bytes:
    """Two tasks a, b in parallel; an event subprocess with task x."""
    return diagram(
        key,
        begin(),
        par("f"),
        user("a b"),
        end("e1 e2"),
        event_sub(
            "v",
            begin("vs", trigger, isInterrupting=str(cancel).lower()),
            inner or user("x"),
            end("ve"),
            "vs -> x -> ve",
        ),
        "s -> f -> a -> e1; f -> b -> e2",
    )


HALTED = guarded("halted", on_message("halt"))
suite(
    "event subprocess: message, interrupting: everything else of the scope goes",
    HALTED,
    start(),
    expect(tasks="a b", waits="message:vs"),
    message("halt", why="fire"),
    expect(tasks="x", waits="", variables={"why": "fire"}),
    message("halt", to=0),
    complete("x"),
    expect(ended=True),
)
suite(
    "event subprocess: not triggered, the instance just ends",
    HALTED,
    start(),
    complete("a"),
    complete("b"),
    expect(ended=True),
    message("halt", to=0),
)
suite(
    "event subprocess: message, not interrupting: as often as it comes",
    guarded("asked", on_message("ask"), cancel=False),
    start(),
    message("ask"),
    message("ask"),
    expect(tasks="a b x x", waits="message:vs"),
    complete("a"),
    complete("b"),
    expect(tasks="x x", ended=False),
    complete("x"),
    complete("x"),
    expect(ended=True),
)
suite(
    "event subprocess: timer, interrupting",
    guarded("overdue", after("PT1H")),
    start(),
    expect(waits="timer:vs", due={"vs": "2026-11-23T05:00:00Z"}),
    time("PT1H"),
    expect(tasks="x", waits=""),
)
suite(
    "event subprocess: timer: the instance does not wait for it",
    guarded("nowait", after("PT1H")),
    start(),
    complete("a"),
    complete("b"),
    expect(ended=True),
)
suite(
    "event subprocess: timer by cycle, not interrupting",
    guarded("reminder", every("R2/PT1H"), cancel=False),
    start(),
    time("PT1H"),
    expect(tasks="a b x", waits="timer:vs"),
    time("PT1H"),
    expect(tasks="a b x x", waits=""),
)
suite(
    "event subprocess: signal, interrupting",
    guarded("alarm", on_signal("alarm")),
    start(),
    signal("alarm"),
    expect(tasks="x", waits=""),
)
suite(
    "event subprocess: signal, not interrupting",
    guarded("notice", on_signal("alarm"), cancel=False),
    start(),
    signal("alarm"),
    signal("alarm"),
    expect(tasks="a b x x", waits="signal:vs"),
)
suite(
    "event subprocess: condition, interrupting",
    guarded("low", on_condition("${n < 5}")),
    start(n=9),
    expect(waits="condition:vs"),
    assign(n=4),
    expect(tasks="x", waits=""),
)
suite(
    "event subprocess: condition true from the start",
    guarded("lowatonce", on_condition("${n < 5}")),
    start(n=1),
    expect(tasks="x", waits=""),
)
suite(
    "event subprocess: condition, not interrupting",
    guarded("lows", on_condition("${n < 5}"), cancel=False),
    start(n=9),
    assign(n=4),
    expect(tasks="a b x", waits="condition:vs"),
)
suite(
    "event subprocess: escalation, interrupting",
    guarded("raised", escalation("X1")),
    start(),
    task_escalation("a", "X1"),
    expect(tasks="x"),
)
suite(
    "event subprocess: escalation, not interrupting",
    guarded("told", escalation("X1"), cancel=False),
    start(),
    task_escalation("a", "X1"),
    expect(tasks="a b x"),
)
suite(
    "event subprocess: started by an escalation event, its own path goes on when not interrupting",
    diagram(
        "thrown",
        begin(),
        user("a"),
        throw("t", escalation("X1")),
        user("b"),
        end(),
        event_sub("v", begin("vs", escalation("X1"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
        "s -> a -> t -> b -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b x"),
)
suite(
    "event subprocess in an embedded one: the outer path goes on after it",
    diagram(
        "inner",
        begin(),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue"),
            event_sub("v", begin("vs", on_message("halt")), user("x"), end("ve"), "vs -> x -> ve"),
            "us -> a -> ue",
        ),
        user("b"),
        end(),
        "s -> u -> b -> e",
    ),
    start(),
    expect(waits="message:vs"),
    message("halt"),
    expect(tasks="x", waits=""),
    complete("x"),
    expect(tasks="b"),
    complete("b"),
    expect(ended=True),
)
suite(
    "event subprocess in an embedded one waits only while that runs",
    diagram(
        "scoped",
        begin(),
        user("p"),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue"),
            event_sub("v", begin("vs", on_message("halt")), user("x"), end("ve"), "vs -> x -> ve"),
            "us -> a -> ue",
        ),
        user("b"),
        end(),
        "s -> p -> u -> b -> e",
    ),
    start(),
    expect(waits=""),
    message("halt", to=0),
    complete("p"),
    expect(waits="message:vs"),
    complete("a"),
    expect(waits="", tasks="b"),
)
LEVELS = diagram(
    "levels",
    begin(),
    sub(
        "u",
        begin("us"),
        user("a"),
        end("ue"),
        event_sub("v", begin("vs", on_message("inner"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
        "us -> a -> ue",
    ),
    user("b"),
    end(),
    event_sub("w", begin("ws", on_message("outer")), user("y"), end("we"), "ws -> y -> we"),
    "s -> u -> b -> e",
)
suite(
    "event subprocesses on several levels: the outer takes all",
    LEVELS,
    start(),
    message("inner"),
    expect(tasks="a x", waits="message:vs message:ws"),
    message("outer"),
    expect(tasks="y", waits=""),
)
suite(
    "event subprocesses on several levels: after the inner is gone",
    LEVELS,
    start(),
    message("inner"),
    complete("a"),
    expect(tasks="x"),
    complete("x"),
    expect(tasks="b", waits="message:ws"),
)
suite(
    "event subprocess within an event subprocess",
    diagram(
        "nestedevent",
        begin(),
        user("a"),
        end(),
        event_sub(
            "v",
            begin("vs", on_message("one")),
            user("x"),
            end("ve"),
            event_sub("w", begin("ws", on_message("two")), user("y"), end("we"), "ws -> y -> we"),
            "vs -> x -> ve",
        ),
        "s -> a -> e",
    ),
    start(),
    message("two", to=0),
    message("one"),
    expect(tasks="x", waits="message:ws"),
    message("two"),
    expect(tasks="y", waits=""),
    complete("y"),
    expect(ended=True),
)
suite(
    "two event subprocesses: the interrupting one ends the runs of the other",
    diagram(
        "twoevents",
        begin(),
        user("a"),
        end(),
        event_sub("v", begin("vs", on_message("ask"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
        event_sub("w", begin("ws", on_message("halt")), user("y"), end("we"), "ws -> y -> we"),
        "s -> a -> e",
    ),
    start(),
    message("ask"),
    expect(tasks="a x"),
    message("halt"),
    expect(tasks="y", waits=""),
    complete("y"),
    expect(ended=True),
)
suite(
    "event subprocess, not interrupting: a terminate end in it ends only this run",
    diagram(
        "eventstop",
        begin(),
        user("a"),
        end(),
        event_sub(
            "v",
            begin("vs", on_message("ask"), isInterrupting="false"),
            par("vf"),
            user("x y"),
            end("vx", TERMINATE),
            end("ve"),
            "vs -> vf -> x -> vx; vf -> y -> ve",
        ),
        "s -> a -> e",
    ),
    start(),
    message("ask"),
    complete("x"),
    expect(tasks="a", ended=False),
)
suite(
    "event subprocess: message, interrupting, while the scope is a multi-step branch with its own subprocess",
    diagram(
        "branches",
        begin(),
        par("f"),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        user("b"),
        end(),
        event_sub("v", begin("vs", on_message("halt")), user("x"), end("ve"), "vs -> x -> ve"),
        "s -> f -> u -> e; f -> b -> e",
    ),
    start(),
    message("halt"),
    expect(tasks="x", waits=""),
    complete("x"),
    expect(ended=True),
)
suite(
    "event subprocess: error start is not run at the start of the instance",
    guarded("errorstart", error("E1")),
    start(),
    expect(tasks="a b", waits=""),
    complete("a"),
    complete("b"),
    expect(ended=True),
)
