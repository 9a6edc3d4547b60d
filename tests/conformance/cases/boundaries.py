"""Boundary events of every kind, interrupting and not, on every host."""

from __future__ import annotations

from tests.conformance.scenario import (
    Suite,
    assign,
    complete,
    expect,
    message,
    signal,
    start,
    task_error,
    task_escalation,
    time,
)
from tests.conformance.shapes import (
    after,
    boundary,
    diagram,
    end,
    error,
    escalation,
    every,
    on,
    user,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin
from tests.conformance.shapes import when as on_condition

suite = Suite("boundary events")


def hosted(key: str, definition: str, *, cancel: bool = True, host: str = "") -> bytes:
    """A host `h` (a user task when none is given), a boundary event `b` and what follows either."""
    return diagram(
        key,
        begin(),
        host or user("h"),
        boundary("b", "h", definition, cancel=cancel),
        user("n x"),
        end("e e2"),
        "s -> h -> n -> e; b -> x -> e2",
    )


TIMED = hosted("timed", after("PT1H"))
suite(
    "timer, interrupting: the task goes, the other path begins",
    TIMED,
    start(),
    expect(tasks="h", waits="timer:b", due={"b": "2026-11-23T05:00:00Z"}),
    time("PT1H"),
    expect(tasks="x", waits=""),
    complete("x"),
    expect(ended=True),
)
suite(
    "timer: completing first removes it",
    TIMED,
    start(),
    complete("h"),
    expect(tasks="n", waits=""),
    time("PT2H"),
    expect(tasks="n"),
)
suite(
    "timer, not interrupting: both go on, it fires once",
    hosted("reminded", after("PT1H"), cancel=False),
    start(),
    time("PT1H"),
    expect(tasks="h x", waits=""),
    complete("h"),
    expect(tasks="n x"),
    complete("n"),
    expect(ended=False),
    complete("x"),
    expect(ended=True),
)
suite(
    "timer by date",
    hosted("dated", on("2026-11-23T09:00:00Z")),
    start(),
    expect(due={"b": "2026-11-23T09:00:00Z"}),
    time("PT5H"),
    expect(tasks="x"),
)
suite(
    "timer by cycle, not interrupting: as often as told",
    hosted("cycled", every("R3/PT10M"), cancel=False),
    start(),
    time("PT10M"),
    expect(tasks="h x", waits="timer:b", due={"b": "2026-11-23T04:20:00Z"}),
    time("PT10M"),
    expect(tasks="h x x"),
    time("PT10M"),
    expect(tasks="h x x x", waits=""),
    time("PT1H"),
    expect(tasks="h x x x"),
    complete("h"),
    expect(tasks="n x x x"),
)
suite(
    "timer by cycle: stops when the host is done",
    hosted("cycledone", every("R/PT10M"), cancel=False),
    start(),
    time("PT10M"),
    complete("h"),
    expect(tasks="n x", waits=""),
    time("PT1H"),
    expect(tasks="n x"),
)
suite(
    "message, interrupting",
    hosted("called_off", on_message("off")),
    start(),
    expect(tasks="h", waits="message:b"),
    message("off", why="late"),
    expect(tasks="x", waits="", variables={"why": "late"}),
)
suite(
    "message, not interrupting: again and again",
    hosted("asked", on_message("ask"), cancel=False),
    start(),
    message("ask"),
    expect(tasks="h x", waits="message:b"),
    message("ask"),
    expect(tasks="h x x", waits="message:b"),
    complete("h"),
    expect(tasks="n x x", waits=""),
    message("ask", to=0),
)
suite(
    "signal, interrupting",
    hosted("alarmed", on_signal("alarm")),
    start(),
    expect(waits="signal:b"),
    signal("alarm"),
    expect(tasks="x", waits=""),
)
suite(
    "signal, not interrupting",
    hosted("noticed", on_signal("alarm"), cancel=False),
    start(),
    signal("alarm"),
    signal("alarm"),
    expect(tasks="h x x", waits="signal:b"),
)
suite(
    "condition, interrupting",
    hosted("conditioned", on_condition("${stock < 5}")),
    start(stock=9),
    expect(tasks="h", waits="condition:b"),
    assign(stock=4),
    expect(tasks="x", waits=""),
)
suite(
    "condition, interrupting: true when the host is entered",
    hosted("atonce", on_condition("${stock < 5}")),
    start(stock=1),
    expect(tasks="x", waits=""),
)
suite(
    "condition, not interrupting: at each change that leaves it true",
    hosted("watched", on_condition("${stock < 5}"), cancel=False),
    start(stock=9),
    assign(stock=4),
    expect(tasks="h x", waits="condition:b"),
    assign(stock=3),
    expect(tasks="h x x", waits="condition:b"),
    doubt="Camunda fires at each change while true; others only when it turns true",
)
suite(
    "error by who works on the task",
    hosted("faulty", error("E1")),
    start(),
    task_error("h", "E1", why="broken"),
    expect(tasks="x", variables={"why": "broken"}),
)
suite(
    "escalation by who works on the task, interrupting",
    hosted("raised", escalation("X1")),
    start(),
    task_escalation("h", "X1"),
    expect(tasks="x"),
)
suite(
    "escalation by who works on the task, not interrupting",
    hosted("told", escalation("X1"), cancel=False),
    start(),
    task_escalation("h", "X1"),
    expect(tasks="h x"),
)
