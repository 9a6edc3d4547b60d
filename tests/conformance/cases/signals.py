"""Signals thrown and caught, across instances."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, complete, expect, signal, start
from tests.conformance.shapes import (
    catch,
    diagram,
    end,
    par,
    passed,
    throw,
    user,
)
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin

suite = Suite("signals")

suite(
    "signal catch and throw: broadcast to every instance that waits",
    [
        diagram("waiter", begin(), catch("g", on_signal("open")), user("a"), end(), "s -> g -> a -> e"),
        diagram("caster", begin(), throw("th", on_signal("open")), user("b"), end(), "s -> th -> b -> e"),
    ],
    start("waiter"),
    start("waiter"),
    expect(of="waiter", waits="signal:g signal:g"),
    start("caster"),
    expect(of="waiter", tasks="a a", waits=""),
    expect(of="caster", tasks="b"),
)
suite(
    "signal: one who throws it in its own instance wakes its other branch",
    diagram(
        "own",
        begin(),
        par("f"),
        catch("g", on_signal("now")),
        user("t a"),
        throw("th", on_signal("now")),
        end("e1 e2"),
        "s -> f -> g -> a -> e1; f -> t -> th -> e2",
    ),
    start(),
    complete("t"),
    expect(tasks="a", waits=""),
)
suite(
    "signal: nobody waits, nothing happens, it is not kept",
    diagram(
        "latecomer",
        begin(),
        throw("th", on_signal("early")),
        catch("g", on_signal("early")),
        end(),
        "s -> th -> g -> e",
    ),
    start(),
    expect(waits="signal:g", ended=False),
)
suite(
    "signal end",
    [
        diagram("waiter", begin(), catch("g", on_signal("over")), end(), "s -> g -> e"),
        diagram("ender", begin(), end("e", on_signal("over")), "s -> e"),
    ],
    start("waiter"),
    start("ender"),
    expect(of="waiter", ended=True),
    expect(of="ender", ended=True),
)
suite(
    "signal: starts a definition and wakes a waiting instance at once",
    [
        diagram("waiter", begin(), catch("g", on_signal("both")), user("a"), end(), "s -> g -> a -> e"),
        diagram("started", begin("s", on_signal("both")), user("b"), end(), "s -> b -> e"),
    ],
    start("waiter"),
    signal("both"),
    expect(of="waiter", tasks="a"),
    expect(of="started", instances=1, tasks="b"),
)
suite(
    "signal: its name may be an expression",
    diagram("namedsignal", begin(), catch("g", on_signal("open-${door}")), end(), "s -> g -> e"),
    start(door=3),
    signal("open-2"),
    expect(ended=False),
    signal("open-3"),
    expect(ended=True),
)
suite(
    "signal throw with mapped variables",
    [
        diagram("started", begin("s", on_signal("hand")), user("b"), end(), "s -> b -> e"),
        diagram("caster", begin(), throw("th", on_signal("hand", passed(given="mine"))), end(), "s -> th -> e"),
    ],
    start("caster", mine=4, other=5),
    expect(of="started", instances=1, variables={"given": 4, "other": ABSENT}),
)
INSIDE = '<camunda:inputOutput><camunda:inputParameter name="mine">4</camunda:inputParameter></camunda:inputOutput>'
LOCAL = passed(business_key="K-${other}") + '<camunda:in variables="all" local="true"/>'
suite(
    "signal throw with its own variables only, and a business key for what it starts",
    [
        diagram("started", begin("s", on_signal("hand")), user("b"), end(), "s -> b -> e"),
        diagram("caster", begin(), throw("th", INSIDE, on_signal("hand", LOCAL)), end(), "s -> th -> e"),
    ],
    start("caster", other=5),
    expect(of="started", instances=1, variables={"mine": "4", "other": ABSENT}, business_keys=["K-5"]),
)
