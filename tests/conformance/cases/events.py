"""Intermediate events: message, timer, signal, condition, link, none; receive and send tasks; thrown to other instances."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, assign, complete, expect, jobs, message, start, time
from tests.conformance.shapes import (
    TERMINATE,
    after,
    catch,
    diagram,
    end,
    every,
    external,
    inputs,
    link,
    node,
    on,
    par,
    receive,
    sub,
    task,
    throw,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin
from tests.conformance.shapes import when as on_condition

suite = Suite("intermediate events")

CATCH = diagram("catching", begin(), catch("m", on_message("paid")), user("a"), end(), "s -> m -> a -> e")
suite(
    "message catch: waits, takes the variables, goes on",
    CATCH,
    start(),
    expect(waits="message:m", tasks=""),
    message("paid", sum=5),
    expect(tasks="a", waits="", variables={"sum": 5}),
)
suite(
    "message catch: found by business key among several",
    CATCH,
    start(business_key="A"),
    start(business_key="B"),
    message("paid", business_key="B"),
    expect(tasks="", waits="message:m"),
    expect(of="catching", tasks="a", waits="message:m"),
)
suite(
    "message catch: found by a correlation variable",
    CATCH,
    start(order=1),
    start(order=2),
    message("paid", correlation={"order": 1}),
    expect(tasks="a"),
    message("paid", correlation={"order": 9}, to=0),
)
suite(
    "message catch: to all that wait",
    CATCH,
    start(),
    start(),
    message("paid", to=2),
    expect(of="catching", tasks="a a"),
)
suite(
    "message: the name may be an expression",
    diagram("named", begin(), catch("m", on_message("paid-${order}")), end(), "s -> m -> e"),
    start(order=7),
    message("paid-8", to=0),
    message("paid-7"),
    expect(ended=True),
)
suite(
    "receive task",
    diagram("receiving", begin(), receive("r", "paid"), user("a"), end(), "s -> r -> a -> e"),
    start(),
    expect(waits="message:r"),
    message("paid"),
    expect(tasks="a", waits=""),
)
suite(
    "two that wait for the same message in one instance: each message wakes one of them or says that there are two",
    diagram(
        "samemessage",
        begin(),
        par("f"),
        catch("m1", on_message("go")),
        catch("m2", on_message("go")),
        end("e1 e2"),
        "s -> f -> m1 -> e1; f -> m2 -> e2",
    ),
    start(),
    message("go", to=2),
    expect(ended=True),
)

suite(
    "timer catch by duration",
    diagram("pause", begin(), catch("t", after("PT2H")), user("a"), end(), "s -> t -> a -> e"),
    start(),
    expect(waits="timer:t", due={"t": "2026-11-23T06:00:00Z"}),
    time("PT1H"),
    expect(tasks=""),
    time("PT1H"),
    expect(tasks="a", waits=""),
)
suite(
    "timer catch by date, from a variable",
    diagram("dated", begin(), catch("t", on("${until}")), end(), "s -> t -> e"),
    start(until="2026-11-24T00:00:00Z"),
    expect(due={"t": "2026-11-24T00:00:00Z"}),
    time("P1D"),
    expect(ended=True),
)
suite(
    "timer catch by duration, from a variable",
    diagram("waiting", begin(), catch("t", after("${wait}")), end(), "s -> t -> e"),
    start(wait="P1DT30M"),
    expect(due={"t": "2026-11-24T04:30:00Z"}),
)
suite(
    "timer catch by a date that is past: fires at the next look",
    diagram("past", begin(), catch("t", on("2020-01-01T00:00:00Z")), user("a"), end(), "s -> t -> a -> e"),
    start(),
    jobs(),
    expect(tasks="a"),
)
suite(
    "timer catch by cycle fires once: a token goes on once",
    diagram("oncecycle", begin(), catch("t", every("R3/PT10M")), user("a"), end(), "s -> t -> a -> e"),
    start(),
    time("PT10M"),
    expect(tasks="a", waits=""),
    doubt="as Camunda does",
)
suite(
    "condition catch: goes on when a variable makes it true",
    diagram("conditional", begin(), catch("k", on_condition("${n > 3}")), user("a"), end(), "s -> k -> a -> e"),
    start(n=1),
    expect(waits="condition:k", tasks=""),
    assign(n=2),
    expect(tasks=""),
    assign(n=4),
    expect(tasks="a", waits=""),
)
suite(
    "condition catch: true at once when the token comes",
    diagram("already", begin(), catch("k", on_condition("${n > 3}")), user("a"), end(), "s -> k -> a -> e"),
    start(n=5),
    expect(tasks="a", waits=""),
)
suite(
    "condition catch: a variable written by a parallel branch makes it true",
    diagram(
        "branches",
        begin(),
        par("f"),
        catch("k", on_condition("${ready == true}")),
        user("t a"),
        end("e1 e2"),
        "s -> f -> k -> a -> e1; f -> t -> e2",
    ),
    start(ready=False),
    complete("t", ready=True),
    expect(tasks="a", waits=""),
)
suite(
    "condition catch: a variable that does not exist yet is not true",
    diagram("notyet", begin(), catch("k", on_condition("${ready == true}")), user("a"), end(), "s -> k -> a -> e"),
    start(),
    expect(waits="condition:k", incidents=""),
    assign(ready=True),
    expect(tasks="a"),
    doubt="Camunda's JUEL fails on an unknown name; waiting is what a modeller means",
)

suite(
    "link: the token goes on at the catching side",
    diagram(
        "linked",
        begin(),
        user("a"),
        throw("l1", link("A")),
        catch("l2", link("A")),
        user("b"),
        end(),
        "s -> a -> l1; l2 -> b -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b"),
    complete("b"),
    expect(ended=True),
)
suite(
    "link: several sources, one target, and back in a loop",
    diagram(
        "links",
        begin(),
        xor("g", default="l1"),
        throw("l1", link("A")),
        throw("l2", link("A")),
        catch("l3", link("A")),
        user("b"),
        xor("h", default="e"),
        throw("l4", link("A")),
        end(),
        "s -> g -> l1; g -> l2 if ${x == 1}; l3 -> b -> h -> e; h -> l4 if ${again}",
    ),
    start(x=1),
    complete("b", again=True),
    expect(tasks="b"),
    complete("b", again=False),
    expect(ended=True),
)
suite(
    "link: inside a subprocess",
    diagram(
        "sublink",
        begin(),
        sub(
            "u",
            begin("us"),
            throw("l1", link("A")),
            catch("l2", link("A")),
            user("b"),
            end("ue"),
            "us -> l1; l2 -> b -> ue",
        ),
        end(),
        "s -> u -> e",
    ),
    start(),
    expect(tasks="b"),
    complete("b"),
    expect(ended=True),
)
suite(
    "none throw and none catch pass through; manual and undefined tasks too",
    diagram("nothing", begin(), throw("n"), node("manualTask", "h"), task("x"), end(), "s -> n -> h -> x -> e"),
    start(),
    expect(ended=True),
)

suite(
    "message throw: as external work",
    diagram(
        "sender",
        begin(),
        throw("th", on_message("out", camunda__type="external", camunda__topic="send")),
        end(),
        "s -> th -> e",
    ),
    start(),
    expect(waits="external:th"),
)
suite(
    "message end and send task: as external work",
    diagram(
        "sends",
        begin(),
        node("sendTask", "d", camunda__type="external", camunda__topic="send"),
        end("e", on_message("out", camunda__type="external", camunda__topic="send")),
        "s -> d -> e",
    ),
    start(),
    expect(waits="external:d"),
)
suite(
    "message throw without an implementation reaches the instance that waits",
    [
        diagram("waiter", begin(), catch("m", on_message("hello")), user("a"), end(), "s -> m -> a -> e"),
        diagram("caller", begin(), throw("th", on_message("hello")), end(), "s -> th -> e"),
    ],
    start("waiter", business_key="K"),
    start("caller", business_key="K"),
    expect(of="waiter", tasks="a"),
    expect(of="caller", ended=True),
    doubt="Camunda wants an implementation; throwing inside the server is what the drawing says",
)
suite(
    "message end starts another process",
    [
        diagram("second", begin("s", on_message("next")), user("a"), end(), "s -> a -> e"),
        diagram("first", begin(), end("e", on_message("next")), "s -> e"),
    ],
    start("first"),
    expect(of="first", ended=True),
    expect(of="second", instances=1, tasks="a"),
    doubt="Camunda wants an implementation",
)
suite(
    "send task reaches the instance that waits",
    [
        diagram("waiter", begin(), receive("r", "hello"), user("a"), end(), "s -> r -> a -> e"),
        diagram("caller", begin(), node("sendTask", "d", messageRef="message_hello"), end(), "s -> d -> e"),
    ],
    start("waiter"),
    start("caller"),
    expect(of="waiter", tasks="a"),
    doubt="Camunda wants an implementation",
)

suite(
    "terminate: ends the whole instance with everything that waits",
    diagram(
        "stop",
        begin(),
        par("f"),
        user("a b"),
        catch("t", after("PT1H")),
        end("e1 e2"),
        end("x", TERMINATE),
        "s -> f -> a -> x; f -> b -> e1; f -> t -> e2",
    ),
    start(),
    expect(tasks="a b", waits="timer:t"),
    complete("a"),
    expect(ended=True),
    time("PT2H"),
    expect(ended=True),
)
suite(
    "terminate in a subprocess ends only the subprocess",
    diagram(
        "substop",
        begin(),
        sub("u", begin("us"), par("f"), user("a b"), end("x", TERMINATE), end("ue"), "us -> f -> a -> x; f -> b -> ue"),
        user("c"),
        end(),
        "s -> u -> c -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="c"),
)
suite(
    "terminate ends external work too",
    diagram(
        "workstop",
        begin(),
        par("f"),
        user("a"),
        external("w"),
        end("e1"),
        end("x", TERMINATE),
        "s -> f -> a -> x; f -> w -> e1",
    ),
    start(),
    complete("a"),
    expect(ended=True),
)
suite(
    "message payload: variables of the input mapping are not seen outside",
    diagram(
        "localwait",
        begin(),
        catch("m", on_message("go"), inputs(secret="${x + 1}")),
        user("a"),
        end(),
        "s -> m -> a -> e",
    ),
    start(x=1),
    message("go"),
    expect(tasks="a", variables={"secret": ABSENT, "x": 1}),
)
