"""Event-based gateways."""

from __future__ import annotations

from tests.conformance.scenario import Suite, assign, expect, message, signal, start, time
from tests.conformance.shapes import (
    after,
    catch,
    diagram,
    end,
    race,
    receive,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin
from tests.conformance.shapes import when as on_condition

suite = Suite("races")

RACE = diagram(
    "race",
    begin(),
    race("r"),
    catch("m", on_message("paid")),
    catch("t", after("PT2H")),
    catch("g", on_signal("off")),
    catch("k", on_condition("${stop == true}")),
    receive("v", "posted"),
    user("am at ag ak av"),
    end(),
    "s -> r; r -> m -> am -> e; r -> t -> at -> e; r -> g -> ag -> e; r -> k -> ak -> e; r -> v -> av -> e",
)

WAITS = "message:m timer:t signal:g condition:k message:v"

suite(
    "event-based: all wait", RACE, start(stop=False), expect(waits=WAITS, tasks="", due={"t": "2026-11-23T06:00:00Z"})
)

suite(
    "event-based: the message first",
    RACE,
    start(stop=False),
    message("paid", by="Li"),
    expect(tasks="am", waits="", variables={"by": "Li"}),
    message("posted", to=0),
)

suite(
    "event-based: the timer first",
    RACE,
    start(stop=False),
    time("PT2H"),
    expect(tasks="at", waits=""),
    message("paid", to=0),
)

suite("event-based: the signal first", RACE, start(stop=False), signal("off"), expect(tasks="ag", waits=""))

suite("event-based: the receive task first", RACE, start(stop=False), message("posted"), expect(tasks="av", waits=""))

suite("event-based: the condition first", RACE, start(stop=False), assign(stop=True), expect(tasks="ak", waits=""))

suite(
    "event-based: in a loop it waits anew",
    diagram(
        "raceloop",
        begin(),
        xor("x", default=None),
        race("r"),
        catch("m", on_message("ping")),
        catch("t", after("PT1H")),
        end(),
        "s -> x -> r -> m -> x; r -> t -> e",
    ),
    start(),
    message("ping"),
    expect(waits="message:m timer:t"),
    message("ping"),
    expect(waits="message:m timer:t"),
    time("PT1H"),
    expect(ended=True),
)
