"""Diagrams that must not be deployed, and which element the refusal names."""

from __future__ import annotations

from tests.conformance.scenario import Refusal
from tests.conformance.shapes import (
    CANCEL,
    after,
    boundary,
    catch,
    compensate,
    diagram,
    document,
    end,
    error,
    event_sub,
    external,
    link,
    many,
    node,
    on,
    par,
    race,
    sub,
    task,
    throw,
    timer,
    user,
    xor,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import signal as on_signal
from tests.conformance.shapes import start as begin

BOTH = "s -> a -> e; b -> e; c -> e"

ENTITY = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
PLAIN = diagram("p", begin(), user("a"), end(), "s -> a -> e")


def with_head(head: bytes) -> bytes:
    """The plain diagram with a document type that says a name."""
    return head + PLAIN.split(b"?>", 1)[1].replace(
        b'id="a"', b'id="a" name="&b;"' if b"b " in head else b'id="a" name="&a;"'
    )


def around(*parts: str) -> bytes:
    return diagram("p", begin(), *parts, end())


REFUSALS = [
    Refusal(
        "an error start of an event subprocess that does not interrupt",
        diagram(
            "errorstart",
            begin(),
            user("a"),
            end(),
            event_sub("v", begin("vs", error("E"), isInterrupting="false"), end("ve"), "vs -> ve"),
            "s -> a -> e",
        ),
        "vs",
    ),
    Refusal("complex gateway", around(node("complexGateway", "g"), "s -> g -> e"), "g"),
    Refusal("ad-hoc subprocess", around(node("adHocSubProcess", "g", task("a")), "s -> g -> e"), "g"),
    Refusal("an element BPMN does not have", around(node("teleportTask", "g"), "s -> g -> e"), "g"),
    Refusal("no start event", diagram("p", user("a"), end(), "a -> e"), "p"),
    Refusal("a subprocess without start event", around(sub("u", user("a"), end("ue"), "a -> ue"), "s -> u -> e"), "u"),
    Refusal("an empty process", diagram("p"), "p"),
    Refusal("the same id twice", around(user("a"), user("a"), "s -> a -> e"), "a"),
    Refusal(
        "a flow from nowhere",
        around(user("a"), "s -> a -> e", '<sequenceFlow id="f9" sourceRef="zz" targetRef="a"/>'),
        "f9",
    ),
    Refusal(
        "a flow to nowhere",
        around(user("a"), "s -> a -> e", '<sequenceFlow id="f9" sourceRef="a" targetRef="zz"/>'),
        "f9",
    ),
    Refusal(
        "a flow across the edge of a subprocess",
        around(
            sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
            user("b"),
            "s -> u -> e; b -> e",
            '<sequenceFlow id="f9" sourceRef="a" targetRef="b"/>',
        ),
        "f9",
    ),
    Refusal(
        "a flow into a start event",
        around(user("a"), "s -> a -> e", '<sequenceFlow id="f9" sourceRef="a" targetRef="s"/>'),
        "s",
    ),
    Refusal("a flow out of an end event", around(user("a"), "s -> a -> e; e -> a"), "e"),
    Refusal(
        "a boundary event without host",
        around(user("a"), boundary("b", "zz", after("PT1H")), "s -> a -> e; b -> e"),
        "b",
    ),
    Refusal(
        "a boundary event on a gateway", around(xor("g"), boundary("b", "g", after("PT1H")), "s -> g -> e; b -> e"), "b"
    ),
    Refusal(
        "a boundary event with an incoming flow",
        around(user("a"), boundary("b", "a", after("PT1H")), "s -> a -> e; b -> e; a -> b"),
        "b",
    ),
    Refusal("a boundary event without definition", around(user("a"), boundary("b", "a"), "s -> a -> e; b -> e"), "b"),
    Refusal(
        "a default flow of another element",
        around(xor("g", default="zz"), user("a b"), "s -> g; g -> a if ${x}; g -> b; a -> e; b -> e"),
        "g",
    ),
    Refusal(
        "a default flow with a condition",
        around(xor("g", default="a"), user("a b"), "s -> g; g -> a if ${x}; g -> b if ${y}; a -> e; b -> e"),
        "g-a",
    ),
    Refusal(
        "an event-based gateway to a user task",
        around(race("r"), user("a"), catch("m", on_message("x")), "s -> r -> a -> e; r -> m -> e"),
        "a",
    ),
    Refusal("a link without a target", around(user("a"), throw("l", link("A")), "s -> a -> l"), "l"),
    Refusal(
        "two targets of one link",
        around(throw("l", link("A")), catch("l1", link("A")), catch("l2", link("A")), "s -> l; l1 -> e; l2 -> e"),
        "l2",
    ),
    Refusal("a cancel end outside a transaction", around(user("a"), end("x", CANCEL), "s -> a -> x"), "x"),
    Refusal(
        "a cancel boundary on a plain subprocess",
        around(sub("u", begin("us"), end("ue"), "us -> ue"), boundary("b", "u", CANCEL), "s -> u -> e; b -> e"),
        "b",
    ),
    Refusal(
        "a compensation boundary without handler",
        around(user("a"), boundary("b", "a", compensate()), "s -> a -> e"),
        "b",
    ),
    Refusal(
        "compensation of an activity that does not exist",
        around(user("a"), throw("t", compensate("zz")), "s -> a -> t -> e"),
        "t",
    ),
    Refusal(
        "an event subprocess with a none start",
        around(user("a"), event_sub("v", begin("vs"), end("ve"), "vs -> ve"), "s -> a -> e"),
        "vs",
    ),
    Refusal(
        "an event subprocess with two starts",
        around(
            user("a"),
            event_sub("v", begin("vs", on_message("x")), begin("vt", on_message("y")), end("ve"), "vs -> ve; vt -> ve"),
            "s -> a -> e",
        ),
        "v",
    ),
    Refusal(
        "an event subprocess with an incoming flow",
        around(user("a"), event_sub("v", begin("vs", on_message("x")), end("ve"), "vs -> ve"), "s -> a -> e; a -> v"),
        "v",
    ),
    Refusal(
        "an embedded subprocess with a message start",
        around(sub("u", begin("us", on_message("x")), end("ue"), "us -> ue"), "s -> u -> e"),
        "us",
    ),
    Refusal("a timer that says nothing", around(catch("t", "<timerEventDefinition/>"), "s -> t -> e"), "t"),
    Refusal("a duration that is none", around(catch("t", after("in a while")), "s -> t -> e"), "t"),
    Refusal("a date that is none", around(catch("t", on("2026-13-45")), "s -> t -> e"), "t"),
    Refusal("a cycle that is none", around(catch("t", timer("timeCycle", "R/often")), "s -> t -> e"), "t"),
    Refusal("a message event without message", around(catch("m", "<messageEventDefinition/>"), "s -> m -> e"), "m"),
    Refusal(
        "a message that is not declared",
        around(catch("m", '<messageEventDefinition messageRef="zz"/>'), "s -> m -> e").replace(
            b'<message id="zz" name="zz"/>', b""
        ),
        "m",
    ),
    Refusal("a signal event without signal", around(catch("m", "<signalEventDefinition/>"), "s -> m -> e"), "m"),
    Refusal(
        "a condition that cannot be read",
        around(xor("g", default="b"), user("a b"), "s -> g; g -> a if ${x >}; g -> b; a -> e; b -> e"),
        "g-a",
    ),
    Refusal(
        "an expression that calls what does not exist",
        around(xor("g", default="b"), user("a b"), "s -> g; g -> a if ${bean.method(x)}; g -> b; a -> e; b -> e"),
        "g-a",
    ),
    Refusal("a call activity that calls nothing", around(node("callActivity", "c"), "s -> c -> e"), "c"),
    Refusal("a multi-instance without number or collection", around(user("a", many()), "s -> a -> e"), "a"),
    Refusal("a service task that does nothing", around(node("serviceTask", "a"), "s -> a -> e"), "a"),
    Refusal(
        "a service task of Java",
        around(node("serviceTask", "a", camunda__class="org.example.Delegate"), "s -> a -> e"),
        "a",
    ),
    Refusal(
        "an external task without topic", around(node("serviceTask", "a", camunda__type="external"), "s -> a -> e"), "a"
    ),
    Refusal(
        "a script in another language",
        around(
            node("scriptTask", "a", "<script>execution.setVariable('x', 1)</script>", scriptFormat="groovy"),
            "s -> a -> e",
        ),
        "a",
    ),
    Refusal(
        "a decision table that is not there",
        around(node("businessRuleTask", "a", camunda__decisionRef="prices"), "s -> a -> e"),
        "a",
    ),
    Refusal(
        "two plain start events", diagram("p", begin("s"), begin("s2"), user("a"), end(), "s -> a -> e; s2 -> a"), "s2"
    ),
    Refusal("two definitions in one event", around(catch("m", on_message("x"), after("PT1H")), "s -> m -> e"), "m"),
    Refusal("a process that may not be executed", PLAIN.replace(b'isExecutable="true"', b'isExecutable="false"'), None),
    Refusal("no process", document(), None),
    Refusal("no BPMN", b"<html><body/></html>", None),
    Refusal("no XML", b"%PDF-1.7", None),
    Refusal("nothing", b"", None),
    Refusal("cut off", PLAIN[:-30], None),
    Refusal("entities that grow", with_head(ENTITY), None),
    Refusal("an entity from outside", with_head(OUTSIDE), None),
    Refusal(
        "a parallel gateway with a condition that would be ignored",
        around(par("f"), user("a b"), "s -> f; f -> a if ${x}; f -> b; a -> e; b -> e"),
        "f-a",
    ),
    Refusal(
        "two who are each the only one asked",
        around(
            user(
                "a",
                "<humanPerformer><formalExpression>ann</formalExpression></humanPerformer>",
                camunda__assignee="bob",
            ),
            "s -> a -> e",
        ),
        "a",
    ),
    Refusal(
        "who completed a task, in a variable that a related engine would set",
        around(user("a", camunda__taskCompleterVariableName="by"), "s -> a -> e"),
        "a",
    ),
    Refusal(
        "external work whose handler for errors is not interrupting",
        around(external("w"), boundary("b", "w", "<errorEventDefinition/>", cancel=False), "s -> w -> e; b -> e"),
        "b",
    ),
    Refusal(
        "messages that go by correlation keys",
        diagram(
            "p",
            begin(),
            user("a"),
            end(),
            "s -> a -> e",
            beside='<collaboration id="c"><correlationKey><correlationPropertyRef>k</correlationPropertyRef>'
            '</correlationKey></collaboration><correlationProperty id="k"/>',
        ),
        "c",
    ),
    Refusal(
        "who is asked, as Camunda 8 writes it",
        around(
            user(
                "a",
                '<extensionElements><z:assignmentDefinition xmlns:z="http://camunda.org/schema/zeebe/1.0"'
                ' assignee="ann"/></extensionElements>',
            ),
            "s -> a -> e",
        ),
        "a",
    ),
    Refusal(
        "two boundary events of one activity that wait for the same message",
        around(user("a"), boundary("b", "a", on_message("x")), boundary("c", "a", on_message("x")), BOTH),
        "c",
    ),
    Refusal(
        "two boundary events that end one activity at the same signal",
        around(user("a"), boundary("b", "a", on_signal("x")), boundary("c", "a", on_signal("x")), BOTH),
        "c",
    ),
    Refusal(
        "a race for the same message",
        around(race("g"), catch("m", on_message("x")), catch("n", on_message("x")), "s -> g -> m -> e; g -> n -> e"),
        "n",
    ),
    Refusal(
        "two event subprocesses of one scope that wait for the same message",
        around(
            user("a"),
            event_sub("v", begin("vs", on_message("x")), end("ve"), "vs -> ve"),
            event_sub("w", begin("ws", on_message("x")), end("we"), "ws -> we"),
            "s -> a -> e",
        ),
        "ws",
    ),
    Refusal(
        "a process that the same message starts at two places",
        diagram("p", begin("s", on_message("x")), begin("t", on_message("x")), end(), "s -> e; t -> e"),
        "t",
    ),
    Refusal("a form by an expression", around(user("a", camunda__formKey="f-${x}"), "s -> a -> e"), "a"),
    Refusal("two names of a form", around(user("a", camunda__formKey="f", camunda__formRef="g"), "s -> a -> e"), "a"),
]
