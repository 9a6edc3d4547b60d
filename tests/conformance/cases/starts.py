"""Start events: none, message, timer, signal, conditional; several in one diagram."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, message, signal, start, time
from tests.conformance.shapes import after, diagram, end, every, on, user
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin

suite = Suite("start events")

suite(
    "none start",
    diagram("plain", begin(), user("a"), end(), "s -> a -> e"),
    start(x=1),
    expect(tasks="a", variables={"x": 1}),
)
BY_MESSAGE = diagram("bymessage", begin("s", on_message("order")), user("a"), end(), "s -> a -> e")
suite(
    "message start: each message begins an instance, its variables and business key are there",
    BY_MESSAGE,
    expect(of="bymessage", instances=0),
    message("order", business_key="A1", amount=5),
    expect(tasks="a", variables={"amount": 5}, business_keys=["A1"]),
    message("order", business_key="A2"),
    expect(of="bymessage", instances=2, tasks="a a", business_keys=["A1", "A2"]),
    complete("a"),
    expect(of="bymessage", tasks="a"),
)
suite(
    "message start: another name begins nothing",
    BY_MESSAGE,
    message("other", to=0),
    expect(of="bymessage", instances=0),
)
suite(
    "message start: the newest version only",
    [BY_MESSAGE, diagram("bymessage", begin("s", on_message("order")), user("b"), end(), "s -> b -> e")],
    message("order"),
    expect(of="bymessage", instances=1, tasks="b"),
)
suite(
    "message start and none start together",
    diagram("two", begin("s"), begin("m", on_message("order")), user("a b"), end(), "s -> a -> e; m -> b -> e"),
    start(),
    expect(tasks="a"),
    message("order"),
    expect(of="two", instances=2, tasks="a b"),
)
suite(
    "signal start: begins an instance of every definition that waits",
    [
        diagram("one", begin("s", on_signal("alarm")), user("a"), end(), "s -> a -> e"),
        diagram("other", begin("s", on_signal("alarm")), user("b"), end(), "s -> b -> e"),
    ],
    signal("alarm", level=3),
    expect(of="one", instances=1, tasks="a", variables={"level": 3}),
    expect(of="other", instances=1, tasks="b"),
)
suite(
    "timer start by duration: once",
    diagram("later", begin("s", after("PT1H")), user("a"), end(), "s -> a -> e"),
    expect(of="later", instances=0),
    time("PT59M"),
    expect(of="later", instances=0),
    time("PT1M"),
    expect(of="later", instances=1, tasks="a"),
    time("PT2H"),
    expect(of="later", instances=1),
)
suite(
    "timer start by date",
    diagram("dated", begin("s", on("2026-11-23T06:00:00Z")), user("a"), end(), "s -> a -> e"),
    time("PT2H"),
    expect(of="dated", instances=1, tasks="a"),
)
suite(
    "timer start by cycle with a count",
    diagram("cycle", begin("s", every("R2/PT10M")), user("a"), end(), "s -> a -> e"),
    time("PT10M"),
    expect(of="cycle", instances=1),
    time("PT10M"),
    expect(of="cycle", instances=2),
    time("PT10M"),
    expect(of="cycle", instances=2),
)
suite(
    "timer start by cycle without end",
    diagram("endless", begin("s", every("R/PT10M")), user("a"), end(), "s -> a -> e"),
    time("PT10M"),
    time("PT10M"),
    time("PT10M"),
    expect(of="endless", instances=3),
)
suite(
    "timer start: a newer version stops the timer of the older",
    [
        diagram("newer", begin("s", every("R/PT10M")), user("a"), end(), "s -> a -> e"),
        diagram("newer", begin("s", every("R/PT10M")), user("b"), end(), "s -> b -> e"),
    ],
    time("PT10M"),
    expect(of="newer", instances=1, tasks="b"),
)
suite(
    "timer start: the cron form of Camunda",
    diagram("cron", begin("s", every("0 30 12 * * ?")), user("a"), end(), "s -> a -> e"),
    time("PT29M"),
    expect(of="cron", instances=0),
    time("PT2M"),
    expect(of="cron", instances=1),
    doubt="12:30 by the business clock (Shanghai); cron expressions are Camunda's, not the specification's",
)
