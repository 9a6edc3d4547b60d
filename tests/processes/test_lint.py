"""What may not be deployed, what is only warned of, what is harmless: with the id of the element and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core import i18n
from app.processes.engine import Definition, DiagramRefused, Known, compile_definition, keys_of
from app.processes.engine.lint import MOST_FLOWS, MOST_NODES
from tests.processes.diagrams import HEAD, chain, choice, end, flow, fork, node, process, service, start, user

GOOD = process(start(), user("u"), end(), chain("s", "u", "e"))
SUB = start("xs") + end("xe") + flow("xs", "xe")


def around(*parts: str, before: str = "") -> bytes:
    """A sound process with more in it (and beside it)."""
    return process(start(), user("u"), end(), chain("s", "u", "e"), *parts, before=before)


def between(kind: str, inner: str = "", before: str = "", **given: str) -> bytes:
    """A sound process with one more element on the way."""
    return process(start(), node(kind, "x", inner, **given), end(), chain("s", "x", "e"), before=before)


def work(inner: str = "", before: str = "", **given: str) -> bytes:
    """The same with a user task."""
    return between("userTask", inner, before, **{"camunda__candidateGroups": "manager", **given})


ERROR_WITHOUT_CODE = '<error id="r" name="r"/>'


def external(inner: str = "", before: str = "", **given: str) -> bytes:
    return between("serviceTask", inner, before, camunda__type="external", camunda__topic="t", **given)


def boundary(definition: str, *more: str, host: str = "u", before: str = "", **given: str) -> bytes:
    return around(
        node("boundaryEvent", "x", definition, attachedToRef=host, **given),
        end("e2"),
        flow("x", "e2"),
        *more,
        before=before,
    )


def reacting(definition: str, inner: str = "", before: str = "", **given: str) -> bytes:
    """An event subprocess x with the start xs."""
    begin = node("startEvent", "xs", definition, **given)
    return around(
        node("subProcess", "x", begin + end("xe") + flow("xs", "xe") + inner, triggeredByEvent="true"), before=before
    )


def ways(kind: str, *flows: str, **given: str) -> bytes:
    """A gateway x that leads to u and e."""
    return process(start(), node(kind, "x", **given), user("u"), end(), chain("s", "x"), *flows, flow("u", "e"))


def extended(inner: str) -> str:
    return f"<extensionElements>{inner}</extensionElements>"


AFTER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
MESSAGE = '<message id="m" name="m"/>'
HEARD = '<messageEventDefinition messageRef="m"/>'
ERROR = '<error id="r" errorCode="R"/>'
FAILED = '<errorEventDefinition errorRef="r"/>'
UNDO = "<compensateEventDefinition/>"
EACH = "<multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics>"
THREE = EACH.format("<loopCardinality>3</loopCardinality>")


def compile_all(xml: bytes, known: Known | None = None) -> list[Definition]:
    return [compile_definition(xml, known, key) for key in keys_of(xml)]


def refusal(xml: bytes, known: Known | None = None) -> dict[str, list[str]]:
    with pytest.raises(DiagramRefused) as refused:
        compile_all(xml, known)
    found: dict[str, list[str]] = refused.value.details["fields"]
    assert all(reasons and all(reasons) for reasons in found.values())
    return found


def warned(xml: bytes, known: Known | None = None) -> list[tuple[str, str]]:
    return [(one.element, one.reason) for made in compile_all(xml, known) for one in made.warnings]


REFUSED = {
    # what is not run at all
    "complex gateway": (between("complexGateway"), "x"),
    "ad-hoc subprocess": (between("adHocSubProcess", user("a")), "x"),
    "choreography": (around(node("choreographyTask", "x")), "x"),
    "global task": (around(before='<globalUserTask id="x"/>'), "x"),
    "correlation subscription": (around('<correlationSubscription id="x"/>'), "x"),
    "element that BPMN does not have": (around(node("conversationNode", "x")), "x"),
    "the same inside a timer": (between("intermediateCatchEvent", AFTER.replace("</timer", "<often/></timer")), "x"),
    "element beside the processes that BPMN does not have": (around(before='<sign id="x"/>'), "x"),
    "event of a kind that BPMN does not have": (boundary("<moonEventDefinition/>"), "x"),
    "element of another namespace": (around('<userTask xmlns="urn:other" id="x"/>'), "p"),
    "event definition of another namespace": (between("intermediateThrowEvent", '<o:signalEventDefinition xmlns:o="urn:o"/>'), "x"),
    "message of another namespace": (around(before='<message xmlns="urn:o" id="x"/>'), "x"),
    "extension beside the extension elements": (work("<camunda:inputOutput/>"), "x"),
    "several triggers": (boundary(AFTER + HEARD, before=MESSAGE), "x"),
    "several triggers, one of them shared": (
        boundary(AFTER + "<eventDefinitionRef>d</eventDefinitionRef>", before=AFTER.replace(">", ' id="d">', 1)),
        "x",
    ),
    "shared event definition that is not there": (boundary("<eventDefinitionRef>d</eventDefinitionRef>"), "x"),
    "parallel multiple event": (between("intermediateCatchEvent", AFTER, parallelMultiple="true"), "x"),
    # out of place
    "misplaced element": (around('<laneSet id="ls"><userTask id="x"/></laneSet>'), "x"),
    "timer in a task": (work(AFTER), "x"),
    "condition in a task": (work("<conditionExpression>${true}</conditionExpression>"), "x"),
    "script in a user task": (work("<script>a = 1</script>"), "x"),
    "instances of a gateway": (between("parallelGateway", THREE), "x"),
    "loop of an event": (
        between("intermediateCatchEvent", AFTER + '<standardLoopCharacteristics loopMaximum="2"/>'),
        "x",
    ),
    "both kinds of loop": (work(THREE + '<standardLoopCharacteristics loopMaximum="2"/>'), "x"),
    "two conditions of a flow": (
        ways(
            "exclusiveGateway",
            flow("x", "u", "${true}", name="f").replace(
                "</seq", "<conditionExpression>${false}</conditionExpression></seq"
            ),
            flow("x", "e"),
            default="x-e",
        ),
        "f",
    ),
    "two scripts": (between("scriptTask", "<script>a = 1</script><script>b = 1</script>"), "x"),
    "two extension elements": (work(extended("") + extended("")), "x"),
    "no id": (around("<userTask/>"), "p"),
    # standard attributes that would be ignored
    "start quantity": (work(startQuantity="2"), "x"),
    "completion quantity": (work(completionQuantity="2"), "x"),
    "receive task that starts a process": (between("receiveTask", instantiate="true"), "x"),
    "event-based gateway that starts a process": (between("eventBasedGateway", instantiate="true"), "x"),
    "parallel event-based gateway": (between("eventBasedGateway", eventGatewayType="Parallel"), "x"),
    "compensation that is not waited for": (
        between("intermediateThrowEvent", '<compensateEventDefinition waitForCompletion="false"/>'),
        "x",
    ),
    "transaction that is stored": (between("transaction", SUB, method="##Store"), "x"),
    "service by an operation": (between("serviceTask", youxu__step="a", operationRef="o"), "x"),
    "service by a protocol": (between("serviceTask", youxu__step="a", implementation="urn:soap"), "x"),
    "instances that throw": (work(THREE.replace("<multi", '<multi behavior="One" ', 1).replace("<multi behavior=\"One\" InstanceLoopCharacteristics", '<multiInstanceLoopCharacteristics behavior="One"')), "x"),
    "truth value that is none": (work(isForCompensation="yes"), "x"),
    "language of an expression": (
        between(
            "intermediateCatchEvent",
            '<conditionalEventDefinition><condition language="groovy">x</condition></conditionalEventDefinition>',
        ),
        "x",
    ),
    "language of a condition": (
        ways("inclusiveGateway", flow("x", "u", "${true}", name="f").replace("<cond", '<cond language="feel" ').replace('<cond language="feel" itionExpression', '<conditionExpression language="feel"'), flow("x", "e")),
        "f",
    ),
    # activities
    "service task without step": (between("serviceTask"), "x"),
    "service task with a message": (between("serviceTask", messageRef="m", before=MESSAGE), "x"),
    "service task done in two ways": (external(youxu__step="a"), "x"),
    "Java class": (between("serviceTask", camunda__class="com.x"), "x"),
    "Java class beside a step": (between("serviceTask", youxu__step="a", camunda__delegateExpression="${x}"), "x"),
    "mail task": (between("serviceTask", camunda__type="mail"), "x"),
    "external task without topic": (between("serviceTask", camunda__type="external"), "x"),
    "service task that may be skipped": (external(camunda__skipExpression="${x}"), "x"),
    "send task without anything": (between("sendTask"), "x"),
    "send task with a message that is not there": (between("sendTask", messageRef="m"), "x"),
    "receive task with a message that is not there": (between("receiveTask", messageRef="m"), "x"),
    "script of Python": (between("scriptTask", "<script>import os</script>"), "x"),
    "script in another language": (between("scriptTask", "<script>a = 1</script>", scriptFormat="groovy"), "x"),
    "script elsewhere": (between("scriptTask", "<script>a = 1</script>", camunda__resource="a.groovy"), "x"),
    "empty script": (between("scriptTask", "<script> </script>"), "x"),
    "business rule task without rule set": (between("businessRuleTask"), "x"),
    "decision table and rule set": (between("businessRuleTask", camunda__decisionRef="d", youxu__ruleSet="r"), "x"),
    "decision of a deployment": (
        between("businessRuleTask", camunda__decisionRef="d", camunda__decisionRefBinding="deployment"),
        "x",
    ),
    "answer of a decision": (
        between("businessRuleTask", camunda__decisionRef="d", camunda__mapDecisionResult="first"),
        "x",
    ),
    "call activity without process": (between("callActivity"), "x"),
    "call of a version that is not named": (
        between("callActivity", calledElement="q", camunda__calledElementBinding="version"),
        "x",
    ),
    "priority of work that is no number": (external(camunda__taskPriority="soon"), "x"),
    "priority of a task that is no number": (between("userTask", camunda__priority="high"), "x"),
    "value of a data object": (
        around(node("dataObject", "d", extended("<camunda:value>5</camunda:value>"))),
        "d",
    ),
    "error of a report at no external task": (
        work(extended('<camunda:errorEventDefinition errorRef="r" expression="${true}"/>')),
        "x",
    ),
    "error of a report without condition": (
        external(extended('<camunda:errorEventDefinition errorRef="r"/>')),
        "x",
    ),
    "error of a report without code": (
        external(extended('<camunda:errorEventDefinition errorRef="r" expression="${true}"/>'), before=ERROR_WITHOUT_CODE),
        "x",
    ),
    "call of a case": (between("callActivity", camunda__caseRef="q"), "x"),
    "typing error in ours": (work(youxu__fourEye="u"), "x"),
    "ours at another element": (work(youxu__step="a"), "x"),
    "element of ours": (work(extended('<youxu:step name="a"/>')), "x"),
    "listener": (work(extended('<camunda:taskListener event="create"/>')), "x"),
    "listener of the process": (around(extended('<camunda:executionListener event="start"/>')), "p"),
    "connector": (external(extended("<camunda:connector/>")), "x"),
    "input by a script": (
        work(extended('<camunda:inputOutput><camunda:inputParameter name="a"><camunda:script/></camunda:inputParameter></camunda:inputOutput>')),
        "x",
    ),
    "input without name": (
        work(extended("<camunda:inputOutput><camunda:inputParameter>1</camunda:inputParameter></camunda:inputOutput>")),
        "x",
    ),
    "mapping that says nothing": (between("callActivity", extended('<camunda:in source="a"/>'), calledElement="q"), "x"),
    "expression that cannot be read": (work(camunda__assignee="${a +}"), "x"),
    "four eyes on nothing": (work(youxu__fourEyes="nobody"), "x"),
    "four eyes on itself": (work(youxu__fourEyes="x"), "x"),
    "groups from no gateway": (work(youxu__assignFrom="s"), "x"),
    "no agreed time": (work(youxu__sla="8 hours"), "x"),
    "an agreed time said twice": (work(youxu__sla="PT8H; PT4H clock"), "x"),
    "step without source": (work(youxu__assignStep="second"), "x"),
    "form with an endless name": (work(camunda__formKey="f" * 101), "x"),
    "instances of no number": (work(EACH.format("")), "x"),
    "instances of a word": (work(EACH.format("<loopCardinality>many</loopCardinality>")), "x"),
    "instances of number and collection": (work(THREE.replace("istics>", 'istics camunda:collection="c">', 1)), "x"),
    "results without item": (
        work(EACH.format("<loopCardinality>3</loopCardinality><loopDataOutputRef>all</loopDataOutputRef>")),
        "x",
    ),
    "loop without end": (work("<standardLoopCharacteristics/>"), "x"),
    "loop of many turns": (work('<standardLoopCharacteristics loopMaximum="many"/>'), "x"),
    "data with assignments": (
        work("<dataInputAssociation><targetRef>t</targetRef><assignment><from>1</from><to>a</to></assignment></dataInputAssociation>"),
        "x",
    ),
    "data with transformation": (
        work("<dataInputAssociation><targetRef>t</targetRef><transformation>x</transformation></dataInputAssociation>"),
        "x",
    ),
    # events
    "boundary event of nothing": (boundary(AFTER, host="nobody"), "x"),
    "boundary event of a gateway": (boundary(AFTER, fork("g"), host="g"), "x"),
    "boundary event without trigger": (boundary(""), "x"),
    "boundary event of an event subprocess": (
        reacting(HEARD, before=MESSAGE).replace(
            b"</process>", node("boundaryEvent", "y", AFTER, attachedToRef="x").encode() + b"</process>"
        ),
        "y",
    ),
    "boundary event of a compensation activity": (
        boundary(AFTER, user("h", isForCompensation="true"), host="h"),
        "x",
    ),
    "boundary event of an activity elsewhere": (boundary(AFTER, node("subProcess", "w", SUB + user("in")), host="in"), "x"),
    "error that does not interrupt": (boundary(FAILED, cancelActivity="false", before=ERROR), "x"),
    "error start that does not interrupt": (reacting(FAILED, isInterrupting="false", before=ERROR), "xs"),
    "two that catch the same error": (
        boundary(FAILED, node("boundaryEvent", "y", FAILED, attachedToRef="u"), before=ERROR),
        "y",
    ),
    "two event subprocesses that catch every error": (
        reacting("<errorEventDefinition/>").replace(
            b"</process>",
            node(
                "subProcess",
                "y",
                node("startEvent", "ys", "<errorEventDefinition/>") + end("ye") + flow("ys", "ye"),
                triggeredByEvent="true",
            ).encode()
            + b"</process>",
        ),
        "ys",
    ),
    "cancel boundary of a task": (boundary("<cancelEventDefinition/>"), "x"),
    "cancel end outside a transaction": (process(start(), end("e", "<cancelEventDefinition/>"), chain("s", "e")), "e"),
    "cancel end deeper in a transaction": (
        between(
            "transaction",
            start("a") + node("subProcess", "i", start("b") + end("c", "<cancelEventDefinition/>") + flow("b", "c")) + flow("a", "i"),
        ),
        "c",
    ),
    "compensation boundary without handler": (around(node("boundaryEvent", "x", UNDO, attachedToRef="u")), "x"),
    "compensation by a handler elsewhere": (
        around(
            node("boundaryEvent", "x", UNDO, attachedToRef="u"),
            node("subProcess", "w", SUB + user("h", isForCompensation="true")),
            '<association id="a" sourceRef="x" targetRef="h"/>',
        ),
        "x",
    ),
    "compensation start at the top": (reacting(UNDO), "xs"),
    "compensation of nothing": (between("intermediateThrowEvent", '<compensateEventDefinition activityRef="q"/>'), "x"),
    "compensation of something out of reach": (
        process(
            start(),
            node("subProcess", "w", start("ws") + user("in") + chain("ws", "in")),
            node("intermediateThrowEvent", "x", '<compensateEventDefinition activityRef="in"/>'),
            chain("s", "w", "x"),
        ),
        "x",
    ),
    "compensation activity on the way": (work(isForCompensation="true"), "x"),
    "event subprocess for compensation": (
        reacting(HEARD, before=MESSAGE).replace(b'triggeredByEvent="true"', b'triggeredByEvent="true" isForCompensation="true"'),
        "x",
    ),
    "event subprocess that loops": (reacting(HEARD, '<standardLoopCharacteristics loopMaximum="2"/>', before=MESSAGE), "x"),
    "event subprocess that is a transaction": (
        reacting(HEARD, before=MESSAGE).replace(b"subProcess", b"transaction"),
        "x",
    ),
    "event subprocess without trigger": (reacting(""), "xs"),
    "event subprocess on the way": (between("subProcess", node("startEvent", "xs", HEARD), MESSAGE, triggeredByEvent="true"), "x"),
    "subprocess with a message start": (between("subProcess", node("startEvent", "xs", HEARD) + end("xe") + flow("xs", "xe"), MESSAGE), "xs"),
    "subprocess with two starts": (between("subProcess", SUB + start("xt") + flow("xt", "xe")), "x"),
    "error start of the process": (process(node("startEvent", "s", "<errorEventDefinition/>"), end(), chain("s", "e")), "s"),
    "timer without time": (between("intermediateCatchEvent", "<timerEventDefinition/>"), "x"),
    "timer with an empty time": (between("intermediateCatchEvent", "<timerEventDefinition><timeDate/></timerEventDefinition>"), "x"),
    "timer with two times": (
        between("intermediateCatchEvent", AFTER.replace("<timeD", "<timeDate>2027-01-01T00:00:00Z</timeDate><timeD", 1)),
        "x",
    ),
    "timer that cannot be read": (between("intermediateCatchEvent", AFTER.replace("PT1H", "soon")), "x"),
    "timer start that needs variables": (
        process(node("startEvent", "s", AFTER.replace("PT1H", "${wait}")), end(), chain("s", "e")),
        "s",
    ),
    "timer start that is no time": (
        process(node("startEvent", "s", AFTER.replace("PT1H", "${'soon'}")), end(), chain("s", "e")),
        "s",
    ),
    "message start with a name that is an expression": (
        process(node("startEvent", "s", HEARD), end(), chain("s", "e"), before='<message id="m" name="${a}"/>'),
        "s",
    ),
    "message without name": (between("intermediateCatchEvent", "<messageEventDefinition/>"), "x"),
    "message that is not there": (between("intermediateCatchEvent", HEARD), "x"),
    "message with an endless name": (between("intermediateCatchEvent", HEARD, f'<message id="m" name="{"m" * 256}"/>'), "x"),
    "message whose name cannot be read": (between("intermediateCatchEvent", HEARD, '<message id="m" name="${"/>'), "x"),
    "signal that is not there": (between("intermediateThrowEvent", '<signalEventDefinition signalRef="m"/>', MESSAGE), "x"),
    "signal for the instance only": (
        between(
            "intermediateThrowEvent",
            '<signalEventDefinition signalRef="m"/>',
            '<signal id="m" name="m" camunda:scope="processInstance"/>',
        ),
        "m",
    ),
    "error without code": (process(start(), end("e", "<errorEventDefinition/>"), chain("s", "e")), "e"),
    "condition that is empty": (
        between("intermediateCatchEvent", "<conditionalEventDefinition><condition/></conditionalEventDefinition>"),
        "x",
    ),
    "link without end": (process(start(), node("intermediateThrowEvent", "x", '<linkEventDefinition name="l"/>'), chain("s", "x")), "x"),
    "link that is passed through": (between("intermediateCatchEvent", '<linkEventDefinition name="l"/>'), "x"),
    "terminate that ends everything": (
        process(start(), end("e", '<terminateEventDefinition camunda:terminateAll="true"/>'), chain("s", "e")),
        "e",
    ),
    # gateways and flows
    "task behind an event-based gateway": (process(start(), node("eventBasedGateway", "g"), user("x"), chain("s", "g", "x")), "x"),
    "loop behind an event-based gateway": (
        process(start(), node("eventBasedGateway", "g"), node("receiveTask", "x", THREE), chain("s", "g", "x")),
        "x",
    ),
    "job behind an event-based gateway": (
        process(start(), node("eventBasedGateway", "g"), node("intermediateCatchEvent", "x", AFTER, camunda__asyncBefore="true"), chain("s", "g", "x")),
        "x",
    ),
    "input behind an event-based gateway": (
        process(
            start(),
            node("eventBasedGateway", "g"),
            node("receiveTask", "x", extended('<camunda:inputOutput><camunda:inputParameter name="a">1</camunda:inputParameter></camunda:inputOutput>')),
            chain("s", "g", "x"),
        ),
        "x",
    ),
    "condition behind a parallel gateway": (ways("parallelGateway", flow("x", "u", "${true}"), flow("x", "e")), "x-u"),
    "condition behind an event-based gateway": (
        process(start(), node("eventBasedGateway", "g"), node("receiveTask", "x"), chain("s", "g"), flow("g", "x", "${true}")),
        "g-x",
    ),
    "default flow of a parallel gateway": (ways("parallelGateway", flow("x", "u"), flow("x", "e"), default="x-e"), "x"),
    "default flow of another": (ways("exclusiveGateway", flow("x", "u", "${a}"), flow("x", "e", "${b}"), default="s-x"), "x"),
    "rule set without default flow": (ways("exclusiveGateway", flow("x", "u", "${a}"), flow("x", "e", "${b}"), youxu__ruleSet="r"), "x"),
    "flow without condition": (ways("exclusiveGateway", flow("x", "u"), flow("x", "e"), default="x-e"), "x-u"),
    "condition on the default": (ways("exclusiveGateway", flow("x", "u", "${a}"), flow("x", "e", "${b}"), default="x-e"), "x-e"),
    "empty condition": (
        ways("inclusiveGateway", flow("x", "u", " ", name="f"), flow("x", "e", "${b}")),
        "f",
    ),
    "condition that cannot be read": (
        ways("exclusiveGateway", flow("x", "u", "${__import__('os')}"), flow("x", "e"), default="x-e"),
        "x-u",
    ),
    "rule set that decides nothing": (between("exclusiveGateway", youxu__ruleSet="r"), "x"),
    "no start": (process(user("u"), end(), chain("u", "e")), "p"),
    "two starts": (process(start(), start("x"), user("u"), end(), chain("s", "u", "e"), flow("x", "u")), "x"),
    "into the start": (process(start(), fork("f"), end(), chain("s", "f", "e"), flow("f", "s")), "s"),
    "out of the end": (process(start(), user("u"), end(), chain("s", "u", "e", "u")), "e"),
    "gateway that leads nowhere": (process(start(), node("exclusiveGateway", "x"), chain("s", "x")), "x"),
    "flow to nowhere": (around(flow("u", "nowhere", name="x")), "x"),
    "flow to itself": (process(start(), fork("f"), end(), chain("s", "f", "e"), flow("f", "f", name="x")), "x"),
    "flow into a subprocess": (around(node("subProcess", "w", SUB), flow("u", "xe", name="x")), "x"),
    "not executable": (GOOD.replace(b'isExecutable="true"', b'isExecutable="false"'), "p"),
    "process with an endless id": (GOOD.replace(b'id="p"', b'id="p' + b"p" * 64 + b'"'), "p" * 65),
    "too many elements": (
        process(start(), *(user(f"u{n}") for n in range(MOST_NODES)), chain("s", *(f"u{n}" for n in range(MOST_NODES)))),
        "diagram",
    ),
    "too many flows": (
        process(start(), fork("f"), fork("g"), chain("s", "f"), *(flow("f", "g", name=f"f{n}") for n in range(MOST_FLOWS))),
        "diagram",
    ),
    "wrong in a second process": (
        GOOD.replace(b"</definitions>", b'<process id="q"><userTask id="x"/></process></definitions>'),
        "q",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_run_wrong_is_refused_with_the_element(case):
    xml, element = REFUSED[case]
    assert element in refusal(xml)


WARNED = {
    "user task for nobody": (between("userTask"), "x"),
    "data object": (around('<dataObject id="x"/>'), "x"),
    "data input": (work('<dataInputAssociation id="a"><targetRef>t</targetRef></dataInputAssociation>'), "a"),
    "performer": (work("<performer><resourceRef>r</resourceRef></performer>"), "x"),
    "potential owner of a service": (external("<potentialOwner><resourceRef>r</resourceRef></potentialOwner>"), "x"),
    "who may start, as an element": (
        around(
            extended(
                "<camunda:potentialStarter><resourceAssignmentExpression><formalExpression>ann</formalExpression>"
                "</resourceAssignmentExpression></camunda:potentialStarter>"
            )
        ),
        "p",
    ),
    "message flow": (
        around(before='<collaboration id="c"><participant id="p1" processRef="p"/><participant id="p2"/><messageFlow id="x" sourceRef="p2" targetRef="u"/></collaboration>'),
        "x",
    ),
    "unreachable": (around(user("x"), flow("x", "e")), "x"),
    "compensation activity that nothing brings about": (around(user("x", isForCompensation="true")), "x"),
    "typing error in a standard attribute": (boundary(AFTER, cancelActivty="false"), "x"),
    "standard attribute of another element": (boundary(AFTER, isInterrupting="false"), "x"),
    "attribute of Camunda at another element": (work(camunda__topic="t"), "x"),
    "unknown attribute of Camunda": (work(camunda__colour="red"), "x"),
    "unknown extension": (work(extended('<camunda:formData/>')), "x"),
    "extension of another product": (work(extended('<zeebe:taskHeaders xmlns:zeebe="urn:zeebe"/>')), "x"),
    "attribute of another product": (GOOD.replace(b'<userTask id="u"', b'<userTask xmlns:o="urn:o" o:colour="red" id="u"'), "u"),
    "retries that cannot be read": (external(extended("<camunda:failedJobRetryTimeCycle>often</camunda:failedJobRetryTimeCycle>")), "x"),
    "flow named that is not there": (work("<outgoing>nowhere</outgoing>"), "x"),
    "empty condition that decides nothing": (process(start(), user("u"), end(), chain("s", "u"), flow("u", "e", " ", name="f")), "f"),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNED)
def test_what_is_kept_but_not_heeded_is_warned_of(case):
    xml, element = WARNED[case]
    found = warned(xml)
    assert element in {name for name, _reason in found}
    assert all(reason for _name, reason in found)


HARMLESS = {
    "annotation": around('<textAnnotation id="t"><text>note</text></textAnnotation><association id="a" sourceRef="u" targetRef="t"/>'),
    "documentation with markup": work("<documentation>see <b xmlns='http://www.w3.org/1999/xhtml'>this</b></documentation>"),
    "lanes": around('<laneSet id="ls"><lane id="l" name="QA"><flowNodeRef>u</flowNodeRef><childLaneSet id="c"><lane id="k"/></childLaneSet></lane></laneSet>'),
    "one pool": around(before='<collaboration id="c"><participant id="p1" processRef="p"/></collaboration>'),
    "two pools, one of them black": around(before='<collaboration id="c"><participant id="p1" processRef="p"/><participant id="p2"/></collaboration>'),
    "two processes": GOOD.replace(b"</definitions>", process(start("s2"), end("e2"), chain("s2", "e2"), key="q").split(b'targetNamespace="t">')[1]),
    "a process that is not meant to run": GOOD.replace(b"</definitions>", b'<process id="q" isExecutable="false"><complexGateway id="g"/></process></definitions>'),
    "terminate end": process(start(), end("e", '<terminateEventDefinition id="d"/>'), chain("s", "e")),
    "no end": process(start(), user("u"), chain("s", "u")),
    "twin flows": process(start(), fork("f"), fork("j"), end(), chain("s", "f", "j", "e"), flow("f", "j", name="x")),
    "any id": process(start("Start"), user("End"), end("Root"), chain("Start", "End", "Root")),
    "undefined task": between("task"),
    "manual task": between("manualTask"),
    "receive task": between("receiveTask"),
    "condition behind a task": process(start(), user("u"), end(), end("e2"), chain("s", "u", "e"), flow("u", "e2", "${x}")),
    "properties": work(extended('<camunda:properties><camunda:property name="a" value="b"/></camunda:properties>')),
    "start with initiator": GOOD.replace(b'<startEvent id="s"', b'<startEvent id="s" camunda:initiator="initiator"'),
    "event subprocess in an event subprocess": reacting(
        HEARD,
        node("subProcess", "y", node("startEvent", "ys", AFTER) + end("ye") + flow("ys", "ye"), triggeredByEvent="true"),
        MESSAGE,
    ),
    "interface and operation": around(before='<interface id="i" name="i"><operation id="o" name="o"><inMessageRef>m</inMessageRef></operation></interface>' + MESSAGE),
    "timer start": process(node("startEvent", "s", AFTER.replace("PT1H", "${now().plusDays(1)}").replace("timeDuration", "timeDate")), end(), chain("s", "e")),
    "signal for everybody": between(
        "intermediateThrowEvent", '<signalEventDefinition signalRef="m"/>', '<signal id="m" name="m" camunda:scope="global"/>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_harmless_is_let_pass_without_a_word(case):
    assert warned(HARMLESS[case]) == []


def test_names_that_are_not_known():
    xml = process(
        start(),
        choice("g", "g-e", rule_set="r"),
        user("u", camunda__formKey="f"),
        service("a", "st"),
        end(),
        chain("s", "g", "e"),
        flow("g", "u", "${true}"),
        chain("u", "a", "e"),
    )
    assert warned(xml, Known({"st"}, {"r"}, {"f"}, {"manager"})) == []
    assert set(refusal(xml, Known(set(), {"r"}, {"f"}, {"manager"}))) == {"a"}
    assert set(refusal(xml, Known({"st"}, set(), {"f"}, {"manager"}))) == {"g"}
    assert [name for name, _reason in warned(xml, Known({"st"}, {"r"}, set(), set()))] == ["u", "u"]
    agreed = work(youxu__sla="P0=PT30M clock; PT8H", youxu__escalateTo="manager")
    assert warned(agreed, Known(groups={"manager"}, bands=["P0"])) == []
    assert set(refusal(agreed, Known(groups={"manager"}, bands=["P1"]))) == {"x"}
    assert set(refusal(agreed, Known(groups={"qa"}, bands=["P0"]))) == {"x"}
    assert [name for name, _ in warned(work(youxu__sla="PT8H", camunda__dueDate="PT1H"))] == ["x"]


# --- the many ways to write the same ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "meant"), [("1", True), ("true", True), ("0", False), (" false ", False)])
def test_truth_values_are_read_as_xml_schema_writes_them(written, meant):
    xml = boundary(AFTER, cancelActivity=written)
    (made,) = compile_all(xml)
    assert made.elements["x"].interrupting is meant


def test_references_may_have_the_prefix_of_the_documents_namespace():
    xml = boundary('<messageEventDefinition messageRef="tns:m"/>', host="tns:u", before=MESSAGE)
    (made,) = compile_all(xml.replace(b"<definitions ", b'<definitions xmlns:tns="t" ', 1))
    assert made.elements["x"].attached == "u"
    assert made.elements["x"].ref.text == "m"
    assert "x" in refusal(xml)


def test_shared_event_definitions_are_those_of_the_event():
    shared = AFTER.replace(">", ' id="d">', 1)
    (made,) = compile_all(boundary("<eventDefinitionRef>d</eventDefinitionRef>", before=shared))
    assert (made.elements["x"].trigger, made.elements["x"].when.text) == ("timer", "PT1H")


def test_a_message_is_external_work_only_if_it_says_so():
    (made,) = compile_all(
        between("intermediateThrowEvent", '<messageEventDefinition messageRef="m" camunda:topic="t"/>', MESSAGE)
    )
    assert made.elements["x"].topic is None


def test_compensation_is_found_where_pools_keep_their_drawings():
    xml = around(
        node("boundaryEvent", "x", UNDO, attachedToRef="u"),
        user("h", isForCompensation="true"),
        before='<collaboration id="c"><participant id="p1" processRef="p"/><association id="a" sourceRef="x" targetRef="h"/></collaboration>',
    )
    (made,) = compile_all(xml)
    assert made.elements["u"].handler == "h"


def test_what_stands_in_a_refused_element_is_not_complained_of_as_well():
    inner = user("a") + node("complexGateway", "b") + flow("a", "b")
    assert set(refusal(between("adHocSubProcess", inner))) == {"x"}


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<",
        b"plain text",
        b"\xff\xfe\x00",
        b"<definitions/>",
        f"{HEAD}</definitions>".encode(),
        b"<!DOCTYPE x>" + GOOD,
        GOOD.replace(b"</process>", b"<group>" * 100 + b"</group>" * 100 + b"</process>"),
        GOOD.replace(b'id="u"', b'id="s"', 1),
        GOOD.replace(b'id="u"', b'id="u u"'),
        GOOD.replace(b"</definitions>", b'<process id="q"/><process id="q"/></definitions>'),
        GOOD.replace(b'<process id="p"', b"<process"),
        GOOD.replace(b"20100524", b"20090524"),
    ],
    ids=range(13),
)
def test_broken_documents_are_refused(xml):
    refusal(xml)


def test_reasons_are_in_the_readers_language():
    i18n.compile_catalogues()
    for case, (xml, element) in REFUSED.items():
        with i18n.reading("zh_Hans"):
            reasons = refusal(xml)[element]
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in reason) for reason in reasons), (case, reasons)
    for case, (xml, _element) in WARNED.items():
        with i18n.reading("zh_Hans"):
            found = warned(xml)
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in reason) for _name, reason in found), (case, found)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn")), ids=lambda path: path.name
)
def test_our_own_diagrams_are_sound_and_drawn(path):
    definition = compile_definition(path.read_bytes())
    assert definition.warnings == ()
    text = path.read_text()
    for element in definition.elements.values():
        assert f'bpmnElement="{element.id}"' in text
        assert element.name["en"] != element.name["zh"], element.id
    assert all(f'bpmnElement="{flow_id}"' in text for flow_id in definition.flows.values())
