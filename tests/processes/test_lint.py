"""What may not be deployed, with the id of the element and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core import i18n
from app.processes.engine import DiagramRefused, Known, compile_definition
from app.processes.engine.xml import LARGEST
from tests.processes.diagrams import HEAD, chain, choice, end, flow, fork, node, process, service, start, user

GOOD = process(start(), user("u"), end(), chain("s", "u", "e"))


def around(*parts: str) -> bytes:
    """A sound process with more in it."""
    return process(start(), user("u"), end(), chain("s", "u", "e"), *parts)


def between(kind: str, inner: str = "", **given: str) -> bytes:
    """A sound process with one more element on the way."""
    return process(start(), node(kind, "x", inner, **given), end(), chain("s", "x", "e"))


def boundary(definition: str) -> bytes:
    return around(
        f'<boundaryEvent id="x" attachedToRef="u"><{definition} id="d"/></boundaryEvent>',
        end("e2"),
        flow("x", "e2"),
    )


def refusal(xml: bytes, known: Known | None = None) -> dict[str, list[str]]:
    with pytest.raises(DiagramRefused) as refused:
        compile_definition(xml, known)
    found: dict[str, list[str]] = refused.value.details["fields"]
    assert all(reasons and all(reasons) for reasons in found.values())
    return found


def test_a_sound_diagram_is_not_refused():
    compile_definition(GOOD)


EVENT_SUBPROCESS = (
    '<subProcess id="x" triggeredByEvent="true"><startEvent id="xs"{extra}>{definition}</startEvent>'
    '<endEvent id="xe"/><sequenceFlow id="xf" sourceRef="xs" targetRef="xe"/></subProcess>'
)

REFUSED = {
    "complex gateway": (between("complexGateway"), "x"),
    "business rule task": (between("businessRuleTask"), "x"),
    "script task": (between("scriptTask", "<script>import os</script>"), "x"),
    "manual task": (between("manualTask"), "x"),
    "send task": (between("sendTask"), "x"),
    "receive task": (between("receiveTask"), "x"),
    "call activity": (between("callActivity", calledElement="q"), "x"),
    "embedded subprocess": (between("subProcess", start("xs") + end("xe") + flow("xs", "xe")), "x"),
    "transaction": (between("transaction", start("xs") + end("xe") + flow("xs", "xe")), "x"),
    "ad-hoc subprocess": (between("adHocSubProcess"), "x"),
    "event-based gateway": (between("eventBasedGateway"), "x"),
    "task with two ways out": (
        process(start(), user("u"), end(), end("e2"), chain("s", "u", "e"), flow("u", "e2")),
        "u",
    ),
    "compensation boundary": (boundary("compensateEventDefinition"), "x"),
    "timer boundary": (boundary("timerEventDefinition"), "x"),
    "error boundary": (boundary("errorEventDefinition"), "x"),
    "conditional boundary": (boundary("conditionalEventDefinition"), "x"),
    "compensation throw": (between("intermediateThrowEvent", '<compensateEventDefinition id="d"/>'), "x"),
    "link throw": (between("intermediateThrowEvent", '<linkEventDefinition id="d" name="l"/>'), "x"),
    "link catch": (between("intermediateCatchEvent", '<linkEventDefinition id="d" name="l"/>'), "x"),
    "timer catch": (between("intermediateCatchEvent", '<timerEventDefinition id="d"/>'), "x"),
    "signal end": (
        process(start(), end("e", '<signalEventDefinition id="d"/>'), chain("s", "e")),
        "e",
    ),
    "message end": (process(start(), end("e", '<messageEventDefinition id="d"/>'), chain("s", "e")), "e"),
    "message start": (
        process(node("startEvent", "s", '<messageEventDefinition id="d"/>'), end(), chain("s", "e")),
        "s",
    ),
    "error start of an event subprocess": (
        around(EVENT_SUBPROCESS.format(extra="", definition='<errorEventDefinition id="d"/>')),
        "x",
    ),
    "interrupting event subprocess": (
        around(EVENT_SUBPROCESS.format(extra=' isInterrupting="true"', definition='<messageEventDefinition id="d"/>')),
        "x",
    ),
    "timer start of an event subprocess": (
        around(EVENT_SUBPROCESS.format(extra="", definition='<timerEventDefinition id="d"/>')),
        "x",
    ),
    "condition behind a task": (
        process(start(), user("u"), end(), chain("s", "u"), flow("u", "e", "${decision.route == 'x'}")),
        "u-e",
    ),
    "condition behind a parallel gateway": (
        process(start(), fork("f"), user("u"), end(), chain("s", "f", "u", "e"), flow("f", "e", "${true}")),
        "f-e",
    ),
    "standard loop": (
        between("userTask", '<standardLoopCharacteristics id="l"/>', camunda__candidateGroups="g"),
        "x",
    ),
    "multiple instances": (
        between("userTask", '<multiInstanceLoopCharacteristics id="l"/>', camunda__candidateGroups="g"),
        "x",
    ),
    "data object": (around('<dataObject id="x"/>'), "x"),
    "compensation handler": (between("userTask", camunda__candidateGroups="g", isForCompensation="true"), "x"),
    "gateway without rule set": (
        process(
            start(),
            node("exclusiveGateway", "x", default="x-e"),
            user("u"),
            end(),
            chain("s", "x", "e"),
            flow("x", "u", "${true}"),
            flow("u", "e"),
        ),
        "x",
    ),
    "inclusive gateway without rule set": (
        process(
            start(),
            node("inclusiveGateway", "x", default="x-e"),
            user("u"),
            end(),
            chain("s", "x", "e"),
            flow("x", "u", "${true}"),
            flow("u", "e"),
        ),
        "x",
    ),
    "no default flow": (
        process(
            start(),
            node("exclusiveGateway", "x", youxu__ruleSet="r"),
            user("u"),
            end(),
            chain("s", "x"),
            flow("x", "e", "${true}"),
            flow("x", "u", "${true}"),
            flow("u", "e"),
        ),
        "x",
    ),
    "default flow of another": (
        process(
            start(),
            choice("x", "s-x"),
            user("u"),
            end(),
            chain("s", "x"),
            flow("x", "e", "${true}"),
            flow("x", "u", "${true}"),
            flow("u", "e"),
        ),
        "x",
    ),
    "flow without condition": (
        process(start(), choice("x", "x-e"), user("u"), end(), chain("s", "x", "e"), chain("x", "u", "e")),
        "x-u",
    ),
    "condition on the default": (
        process(
            start(),
            choice("x", "x-e"),
            user("u"),
            end(),
            chain("s", "x"),
            flow("x", "e", "${true}"),
            flow("x", "u", "${true}"),
            flow("u", "e"),
        ),
        "x-e",
    ),
    "rule set that decides nothing": (between("exclusiveGateway", youxu__ruleSet="r"), "x"),
    "condition that cannot be read": (
        process(
            start(),
            choice("x", "x-e"),
            user("u"),
            end(),
            chain("s", "x", "e"),
            flow("x", "u", "${__import__('os')}"),
            flow("u", "e"),
        ),
        "x-u",
    ),
    "service task without step": (between("serviceTask"), "x"),
    "Java class": (between("serviceTask", youxu__step="a", camunda__class="com.x"), "x"),
    "external task": (between("serviceTask", youxu__step="a", camunda__type="external"), "x"),
    "user task for nobody": (between("userTask"), "x"),
    "assignee that is not the initiator": (between("userTask", camunda__assignee="anna"), "x"),
    "due date": (between("userTask", camunda__candidateGroups="g", camunda__dueDate="PT2H"), "x"),
    "typing error in ours": (between("userTask", camunda__candidateGroups="g", youxu__fourEye="u"), "x"),
    "input mapping": (
        between(
            "userTask",
            "<extensionElements><camunda:inputOutput/></extensionElements>",
            camunda__candidateGroups="g",
        ),
        "x",
    ),
    "four eyes on nothing": (between("userTask", camunda__candidateGroups="g", youxu__fourEyes="nobody"), "x"),
    "four eyes on itself": (between("userTask", camunda__candidateGroups="g", youxu__fourEyes="x"), "x"),
    "groups from no gateway": (between("userTask", camunda__candidateGroups="g", youxu__assignFrom="s"), "x"),
    "step without source": (between("userTask", camunda__candidateGroups="g", youxu__assignStep="second"), "x"),
    "no start": (process(user("u"), end(), chain("u", "e")), "diagram"),
    "two starts": (process(start(), start("s2"), user("u"), end(), chain("s", "u", "e"), flow("s2", "u")), "diagram"),
    "no end": (process(start(), user("u"), chain("s", "u")), "diagram"),
    "dead end": (process(start(), fork("f"), user("u"), end(), chain("s", "f", "e"), flow("f", "u")), "u"),
    "unreachable": (around(user("x"), flow("x", "e")), "x"),
    "no way to the end": (
        process(start(), fork("f"), user("u"), user("v"), end(), chain("s", "f", "e"), chain("f", "u", "v", "u")),
        "u",
    ),
    "into the start": (process(start(), fork("f"), end(), chain("s", "f", "e"), flow("f", "s")), "s"),
    "out of the end": (process(start(), user("u"), end(), chain("s", "u", "e", "u")), "e"),
    "flow to nowhere": (around(flow("u", "nowhere", name="x")), "x"),
    "flow to itself": (process(start(), fork("f"), end(), chain("s", "f", "e"), flow("f", "f", name="x")), "x"),
    "twin flows": (
        process(start(), fork("f"), fork("j"), end(), chain("s", "f", "j", "e"), flow("f", "j", name="x")),
        "x",
    ),
    "not executable": (GOOD.replace(b'isExecutable="true"', b'isExecutable="false"'), "p"),
    "reserved id": (process(start(), user("End"), end(), chain("s", "End", "e")), "End"),
    "misplaced element": (around('<laneSet id="ls"><userTask id="x"/></laneSet>'), "x"),
    "unknown element": (around('<conversationNode id="x"/>'), "x"),
    "two pools": (
        GOOD.replace(
            b"<process",
            b'<collaboration id="c"><participant id="p1" processRef="p"/><participant id="p2"/></collaboration><process',
        ),
        "diagram",
    ),
    "too many elements": (
        process(start(), *(user(f"u{n}") for n in range(300)), end(), chain("s", *(f"u{n}" for n in range(300)), "e")),
        "diagram",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_run_wrong_is_refused_with_the_element(case):
    xml, element = REFUSED[case]
    assert element in refusal(xml)


HARMLESS = {
    "annotation": around('<textAnnotation id="t"><text>note</text></textAnnotation>'),
    "lanes": around('<laneSet id="ls"><lane id="l" name="QA"><flowNodeRef>u</flowNodeRef></lane></laneSet>'),
    "one pool": GOOD.replace(
        b"<process", b'<collaboration id="c"><participant id="p1" processRef="p"/></collaboration><process'
    ),
    "terminate end": process(start(), end("e", '<terminateEventDefinition id="d"/>'), chain("s", "e")),
    "undefined task": between("task"),
    "properties": between(
        "userTask",
        '<extensionElements><camunda:properties><camunda:property name="a" value="b"/></camunda:properties></extensionElements>',
        camunda__candidateGroups="g",
    ),
    "start with initiator": GOOD.replace(b'<startEvent id="s"', b'<startEvent id="s" camunda:initiator="initiator"'),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_harmless_is_let_pass(case):
    compile_definition(HARMLESS[case])


def test_names_that_are_not_known_are_refused():
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
    compile_definition(xml, Known({"st"}, {"r"}, {"f"}, {"manager"}))
    assert set(refusal(xml, Known(set(), {"r"}, {"f"}, {"manager"}))) == {"a"}
    assert set(refusal(xml, Known({"st"}, set(), {"f"}, {"manager"}))) == {"g"}
    assert set(refusal(xml, Known({"st"}, {"r"}, set(), set()))) == {"u"}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<",
        b"plain text",
        b"\xff\xfe\x00",
        b"<definitions/>",
        f"{HEAD}</definitions>".encode(),
        BOMB.encode() + GOOD.replace(b'id="u"', b'id="u" name="&b;"'),
        OUTSIDE.encode() + GOOD.replace(b'id="u"', b'id="u" name="&a;"'),
        b"<!DOCTYPE x>" + GOOD,
        GOOD + b" " * LARGEST,
        GOOD.replace(b"</process>", b"<group>" * 100 + b"</group>" * 100 + b"</process>"),
        GOOD.replace(b'id="u"', b'id="s"', 1),
        GOOD.replace(b'id="u"', b'id="u u"'),
        GOOD.replace(b"</definitions>", b'<process id="q"/></definitions>'),
    ],
    ids=range(14),
)
def test_hostile_or_broken_documents_are_refused(xml):
    refusal(xml)


def test_reasons_are_in_the_readers_language():
    with i18n.reading("zh_Hans"):
        (reason,) = refusal(between("serviceTask"))["x"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reason)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn")), ids=lambda path: path.name
)
def test_our_own_diagrams_are_sound_and_drawn(path):
    definition = compile_definition(path.read_bytes())
    text = path.read_text()
    for element in definition.elements.values():
        assert f'bpmnElement="{element.id}"' in text
        assert element.name["en"] != element.name["zh"], element.id
    assert all(f'bpmnElement="{flow_id}"' in text for flow_id in definition.flows.values())
