"""Valid diagrams, broken on purpose: the same number always makes the same mutant."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from tests.conformance.shapes import (
    CANCEL,
    TERMINATE,
    after,
    compensate,
    error,
    escalation,
    every,
    link,
    message,
    on,
    when,
)
from tests.conformance.shapes import signal as on_signal
from tests.conformance.test_conformance import ALL

MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
YOUXU = "{urn:youxu:bpmn:1}"
OURS = Path(__file__).parents[2] / "bpmn"

TAGS = [
    "userTask",
    "serviceTask",
    "scriptTask",
    "sendTask",
    "receiveTask",
    "manualTask",
    "businessRuleTask",
    "task",
    "callActivity",
    "subProcess",
    "transaction",
    "adHocSubProcess",
    "exclusiveGateway",
    "inclusiveGateway",
    "parallelGateway",
    "eventBasedGateway",
    "complexGateway",
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "sequenceFlow",
    "process",
    "lane",
    "dataObject",
    "teleportTask",
    "conditionExpression",
    "timeDuration",
    "extensionElements",
    "documentation",
]
ATTRIBUTES = [
    "id",
    "name",
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "cancelActivity",
    "isInterrupting",
    "triggeredByEvent",
    "default",
    "isSequential",
    "isForCompensation",
    "isExecutable",
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "activityRef",
    "calledElement",
    "errorCode",
    "startQuantity",
    "instantiate",
    "scriptFormat",
    "loopMaximum",
    "testBefore",
]
OTHERS = [
    "asyncBefore",
    "asyncAfter",
    "type",
    "topic",
    "expression",
    "resultVariable",
    "collection",
    "elementVariable",
    "formKey",
    "assignee",
    "candidateGroups",
    "dueDate",
    "priority",
    "class",
    "initiator",
    "calledElementBinding",
    "errorCodeVariable",
]
WORDS = [
    *("", " ", "0", "1", "true", "false", "-1", "99999999999999999999999999", "1e400", "NaN", "null", "${", "${}", "#{x}"),
    *("${x", "${x.y.z}", "${1/0}", "${x > 1}", "${" + "(" * 60 + "1" + ")" * 60 + "}", "${" + "x+" * 3000 + "x}"),
    *("${'a'.size()}", "${now()}", "采购单", "\u202e\u0301\ufeff", "\U0001f9ea", "a b", "../..", "'; --", "a" * 300),
    *("PT0S", "PT1S", "R/PT1S", "R3/PT1M", "R0/PT1M", "P9999999Y", "0 0 * * *", "2027-02-30T00:00:00Z", "external", "${loopCounter}"),
]  # fmt: skip
EVENTS = [
    *(after("PT1H"), after("PT0S"), after("${wait}"), every("R3/PT1H"), every("R/PT1M"), on("2027-01-01T00:00:00Z")),
    *(message("x"), on_signal("x"), error("E1"), error(), escalation("E2"), escalation(), when("${x > 1}"), link("L")),
    *(compensate(), compensate("a"), TERMINATE, CANCEL, "<timerEventDefinition/>", "<eventDefinitionRef>x</eventDefinitionRef>"),
]  # fmt: skip
LOOPS = [
    "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
    "<multiInstanceLoopCharacteristics isSequential='true'><loopCardinality>${n}</loopCardinality>"
    "<completionCondition>${nrOfCompletedInstances >= 1}</completionCondition></multiInstanceLoopCharacteristics>",
    "<multiInstanceLoopCharacteristics><loopCardinality>1000000</loopCardinality></multiInstanceLoopCharacteristics>",
    "<standardLoopCharacteristics loopMaximum='3'/>",
    "<standardLoopCharacteristics testBefore='true'><loopCondition>${x}</loopCondition></standardLoopCharacteristics>",
]
DECLARED = (
    '<message id="message_x" name="x"/><signal id="signal_x" name="x"/>'
    '<error id="error_E1" errorCode="E1"/><escalation id="escalation_E2" escalationCode="E2"/>'
)
HEADS = [
    b"<!DOCTYPE definitions>",
    b'<!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>',
    b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
    b"<?xml-stylesheet href='x'?><!-- x -->",
    b"\xef\xbb\xbf",
    b"\x00",
    b" ",
]


@dataclass(frozen=True)
class Mutant:
    """A document with what was done to it, and the sound documents that it calls."""

    number: int
    source: str
    done: tuple[str, ...]
    xml: bytes
    beside: tuple[bytes, ...]

    def __str__(self) -> str:
        return f"{self.number} {self.source}: {', '.join(self.done)}"


@cache
def sources() -> tuple[tuple[str, bytes, tuple[bytes, ...]], ...]:
    """(name, document, documents beside it): our own diagrams and those of every conformance scenario."""
    found: list[tuple[str, bytes, tuple[bytes, ...]]] = []
    for path in sorted(OURS.glob("*.bpmn")):
        found += [(path.name, path.read_bytes(), ())] * 10
    for name, scenario in ALL:
        given: Sequence[bytes] = [scenario.diagrams] if isinstance(scenario.diagrams, bytes) else scenario.diagrams
        found.append((name, given[0], tuple(given[1:])))
    return tuple(found)


def mutant(number: int) -> Mutant:
    """One to three changes to one of the sources."""
    dice = random.Random(f"mutant {number}")
    name, xml, beside = dice.choice(sources())
    done = []
    for _turn in range(dice.choice([1, 1, 1, 2, 2, 3])):
        change = dice.choice(CHANGES)
        xml = change(xml, dice)
        done.append(change.__name__)
    return Mutant(number, name, tuple(done), xml, beside)


Change = Callable[[bytes, random.Random], bytes]


def on_tree(change: Callable[[Any, random.Random], None]) -> Change:
    """A change to the parsed document; one that is not well-formed any more stays as it is."""

    def changed(xml: bytes, dice: random.Random) -> bytes:
        try:
            root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
        except (etree.XMLSyntaxError, ValueError):
            return xml
        change(root, dice)
        return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))

    changed.__name__ = change.__name__
    return changed


def inner(root: Any) -> list[Any]:
    """Every element but the root and what only draws."""
    found = [node for node in root.iterdescendants() if isinstance(node.tag, str) and node.tag.startswith("{")]
    return [node for node in found if "/DI" not in node.tag and "/DC" not in node.tag] or [root]


def nodes(root: Any) -> list[Any]:
    """Elements that tokens visit."""
    found = [
        node for node in inner(root) if node.tag.endswith(("Task", "Event", "Gateway", "ubProcess", "task", "Activity"))
    ]
    return found or [root]


def ids(root: Any) -> list[str]:
    return [node.get("id") for node in inner(root) if node.get("id")] or [""]


def part(text: str) -> Any:
    """An element of BPMN, written without prefixes."""
    spaces = f'xmlns="{MODEL[1:-1]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return etree.fromstring(f"<x {spaces}>{text}</x>")[0]


def delete(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    if node is not root:
        node.getparent().remove(node)


def duplicate(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    copy = deepcopy(node)
    if dice.random() < 0.8:
        for one in copy.iter():
            if isinstance(one.tag, str) and one.get("id"):
                one.set("id", one.get("id") + "_2")
    if node is not root:
        node.addnext(copy)


def move(root: Any, dice: random.Random) -> None:
    node, target = dice.choice(inner(root)), dice.choice(inner(root))
    if node is not root and target is not node and node not in target.iterancestors():
        target.insert(dice.randint(0, len(target)), node)


def retag(root: Any, dice: random.Random) -> None:
    dice.choice(inner(root)).tag = MODEL + dice.choice(TAGS)


def retag_node(root: Any, dice: random.Random) -> None:
    node = dice.choice(nodes(root))
    if node is not root:
        node.tag = MODEL + dice.choice(TAGS[:22])


def strip(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    if node.attrib:
        del node.attrib[dice.choice(list(node.attrib))]


def rename(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    if node.attrib:
        node.set(dice.choice([*ATTRIBUTES, "isIntrerrupting"]), node.attrib.pop(dice.choice(list(node.attrib))))


def reword(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    if node.attrib:
        node.set(dice.choice(list(node.attrib)), dice.choice([*WORDS, *ids(root)]).replace("\x00", ""))


def add_attribute(root: Any, dice: random.Random) -> None:
    name = dice.choice([*ATTRIBUTES, *(CAMUNDA + one for one in OTHERS), YOUXU + "step", YOUXU + "ruleSet"])
    dice.choice(nodes(root)).set(name, dice.choice(["true", "true", "false", *WORDS, *ids(root)]))


def swap(root: Any, dice: random.Random) -> None:
    """Two references change places."""
    name = dice.choice(["sourceRef", "targetRef", "attachedToRef", "messageRef", "id"])
    having = [node for node in inner(root) if node.get(name)]
    if len(having) > 1:
        one, other = dice.sample(having, 2)
        first, second = one.get(name), other.get(name)
        one.set(name, second)
        other.set(name, first)


def connect(root: Any, dice: random.Random) -> None:
    """One more flow between any two."""
    one, other = dice.choice(nodes(root)), dice.choice(nodes(root))
    flow = part('<sequenceFlow id="more"/>')
    flow.set("sourceRef", one.get("id") or "x")
    flow.set("targetRef", other.get("id") or "x")
    if one is not root:
        one.addnext(flow)


def redirect(root: Any, dice: random.Random) -> None:
    flows = [node for node in inner(root) if node.tag == MODEL + "sequenceFlow"]
    if flows:
        dice.choice(flows).set(dice.choice(["sourceRef", "targetRef"]), dice.choice(nodes(root)).get("id") or "x")


def retext(root: Any, dice: random.Random) -> None:
    having = [node for node in inner(root) if (node.text or "").strip()]
    if having:
        node = dice.choice(having)
        text = list(node.text)
        if dice.random() < 0.5:
            node.text = dice.choice(WORDS)
        else:
            del text[dice.randrange(len(text))]
            node.text = "".join(text)


def new_event(root: Any, dice: random.Random) -> None:
    """An event definition is exchanged, added, or taken away."""
    events = [node for node in nodes(root) if node.tag.endswith("Event")]
    if not events:
        return
    event = dice.choice(events)
    for child in list(event):
        if isinstance(child.tag, str) and child.tag.endswith("EventDefinition") and dice.random() < 0.9:
            event.remove(child)
    if dice.random() < 0.9:
        event.append(part(dice.choice(EVENTS)))
    known = set(ids(root))
    for one in reversed(etree.fromstring(f'<x xmlns="{MODEL[1:-1]}">{DECLARED}</x>')):
        if one.get("id") not in known:
            root.insert(0, one)


def attach(root: Any, dice: random.Random) -> None:
    """A boundary event with a way to an end."""
    node = dice.choice(nodes(root))
    if node is root:
        return
    event = part(f'<boundaryEvent id="bound">{dice.choice(EVENTS)}</boundaryEvent>')
    event.set("attachedToRef", node.get("id") or "x")
    event.set("cancelActivity", dice.choice(["true", "false"]))
    for one in (
        event,
        part('<endEvent id="bend"/>'),
        part('<sequenceFlow id="bflow" sourceRef="bound" targetRef="bend"/>'),
    ):
        node.addnext(one)


def loop(root: Any, dice: random.Random) -> None:
    dice.choice(nodes(root)).append(part(dice.choice(LOOPS)))


def nest(root: Any, dice: random.Random) -> None:
    """An element goes into a subprocess of its own, once or very often."""
    node = dice.choice(nodes(root))
    if node is root:
        return
    for number in range(dice.choice([1, 1, 1, 2, 70])):
        inside = f'<startEvent id="ns{number}"/><sequenceFlow id="nf{number}" sourceRef="ns{number}"/>'
        around = part(f'<subProcess id="nest{number}">{inside}</subProcess>')
        around[1].set("targetRef", node.get("id") or "x")
        node.addprevious(around)
        around.append(node)
        node = around


def enclose(root: Any, dice: random.Random) -> None:
    """All of the process goes into a subprocess, to which references still hold."""
    processes = [node for node in root if node.tag == MODEL + "process"]
    if not processes:
        return
    process = dice.choice(processes)
    kind = dice.choice(["subProcess", "transaction"])
    around = part(f'<{kind} id="all"/>')
    around.extend(list(process))
    process.append(around)
    process.append(part('<startEvent id="before"/>'))
    process.append(part('<sequenceFlow id="into" sourceRef="before" targetRef="all"/>'))


def respace(root: Any, dice: random.Random) -> None:
    node = dice.choice(inner(root))
    node.tag = dice.choice(["{urn:other}", CAMUNDA, YOUXU, ""]) + etree.QName(node).localname


def flip(root: Any, dice: random.Random) -> None:
    """A truth value says the other, in one spelling or another."""
    having = [(node, name) for node in inner(root) for name in node.attrib if node.get(name) in ("true", "false")]
    if having:
        node, name = dice.choice(having)
        node.set(name, dice.choice({"true": ["false", "0"], "false": ["true", "1"]}[node.get(name)]))


def cut(xml: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(xml) + 1)
    return xml[:start] + xml[start + dice.choice([1, 2, 10, 100, len(xml)]) :]


def scramble(xml: bytes, dice: random.Random) -> bytes:
    made = bytearray(xml)
    for _turn in range(dice.choice([1, 3, 10])):
        if made:
            made[dice.randrange(len(made))] = dice.randrange(256)
    return bytes(made)


def head(xml: bytes, dice: random.Random) -> bytes:
    first = dice.choice(HEADS)
    body = xml.split(b"?>", 1)[1] if xml.startswith(b"<?xml") else xml
    return first + (body.replace(b'name="', b'name="&a;', 1) if b"ENTITY" in first else body)


def recode(xml: bytes, dice: random.Random) -> bytes:
    body = xml.split(b"?>", 1)[1] if xml.startswith(b"<?xml") else xml
    return body.decode("utf-8", "ignore").encode(dice.choice(["utf-16", "utf-16-le", "utf-32", "gb18030", "utf-7"]))


def repeat(xml: bytes, dice: random.Random) -> bytes:
    """A piece stands there often."""
    start = dice.randrange(len(xml) + 1)
    piece = xml[start : start + dice.choice([5, 50, 500])]
    return xml[:start] + piece * dice.choice([2, 50, 2000]) + xml[start:]


_ROUGH = (delete, duplicate, move, retag, strip, rename, reword, respace)
_FINE = (retag_node, add_attribute, swap, connect, redirect, retext, new_event, attach, loop, nest, enclose, flip)
CHANGES: tuple[Change, ...] = (
    *(on_tree(one) for one in _ROUGH),
    *(on_tree(one) for one in (*_FINE, *_FINE, add_attribute, new_event, attach, loop)),
    *(cut, scramble, head, recode, repeat),
)
