"""What a diagram of anybody says, read without the engine: its elements, constructs, names in expressions, and whether
two tokens can ever be in it at once. For the corpus runner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
NODES = re.compile(r"(.*Task|task|.*Event|.*Gateway|subProcess|adHocSubProcess|transaction|callActivity)$")
QUIET = {"in", "not", "and", "or", "true", "false", "null", "empty", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod"}
KEPT = {"decisions", "decision", "answers", "answer", "answered", "initiator"}
"""Names that the engine fills."""
COUNTERS = {"nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances", "loopCounter", "execution", "task"}


@dataclass
class Drawn:
    """One file."""

    path: Path
    keys: list[str] = field(default_factory=list)
    """Executable processes; the first is started."""
    startable: bool = False
    """There is a none start event at the top of the first."""
    kinds: dict[str, str] = field(default_factory=dict)
    """{element id: tag}"""
    flows: dict[str, tuple[str, str]] = field(default_factory=dict)
    """{flow id: (source, target)}"""
    constructs: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    signals: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    names: dict[str, list[Any]] = field(default_factory=dict)
    """{variable: values that expressions compare it with, or that fit how it is used}"""
    single: bool = False
    """Nothing in it can make two tokens of one."""


def draw(path: Path) -> Drawn | None:
    """None when it is no XML or has no BPMN process."""
    try:
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    processes = [
        one for one in root.iter(f"{MODEL}process") if (one.get("isExecutable") or "").strip() not in ("false", "0")
    ]
    if not processes:
        return None
    drawn = Drawn(path, keys=[one.get("id", "") for one in processes])
    for node in root.iter():
        if isinstance(node.tag, str) and node.tag.startswith(MODEL):
            _take(drawn, node)
    top = [one for one in processes[0] if one.tag == f"{MODEL}startEvent"]
    drawn.startable = any(_definition(one) is None for one in top)
    for names in (_names(text) for text in _texts(root)):
        for name, values in names:
            drawn.names.setdefault(name, []).extend(values)
    drawn.single = len(processes) == 1 and not any(_splits(node) for node in processes[0].iter()) and len(top) == 1
    return drawn


def _take(drawn: Drawn, node: Any) -> None:
    tag = etree.QName(node).localname
    name = node.get("id")
    if tag == "sequenceFlow" and name:
        drawn.flows[name] = (node.get("sourceRef", ""), node.get("targetRef", ""))
        if node.find(f"{MODEL}conditionExpression") is not None:
            drawn.constructs.add("conditional flow")
    elif NODES.match(tag) and name:
        drawn.kinds[name] = tag
        drawn.constructs |= set(_constructs(node, tag))
    elif tag == "message" and node.get("name"):
        drawn.messages.add(node.get("name"))
    elif tag == "signal" and node.get("name"):
        drawn.signals.add(node.get("name"))
    if tag == "callActivity" and node.get("calledElement"):
        drawn.calls.add(node.get("calledElement"))


def _definition(node: Any) -> str | None:
    """`timer` for a node with a timerEventDefinition."""
    for child in node:
        if isinstance(child.tag, str) and child.tag.endswith("EventDefinition"):
            return str(etree.QName(child).localname.removesuffix("EventDefinition"))
    return None


def _constructs(node: Any, tag: str) -> Iterator[str]:
    what = _definition(node) or ("none" if tag.endswith("Event") else None)
    place = tag.replace("intermediateCatchEvent", "catch").replace("intermediateThrowEvent", "throw")
    place = place.replace("Event", "") if what else place
    if tag == "boundaryEvent" and node.get("cancelActivity") in ("false", "0"):
        place += " (not interrupting)"
    if tag == "startEvent" and node.getparent().get("triggeredByEvent") in ("true", "1"):
        place = "event subprocess" + (" (not interrupting)" if node.get("isInterrupting") in ("false", "0") else "")
    yield f"{place} {what}" if what else place
    for child in node:
        if child.tag == f"{MODEL}multiInstanceLoopCharacteristics":
            yield (
                "multi-instance sequential" if child.get("isSequential") in ("true", "1") else "multi-instance parallel"
            )
        if child.tag == f"{MODEL}standardLoopCharacteristics":
            yield "standard loop"
    if node.get("isForCompensation") == "true":
        yield "compensation handler"
    for attribute in node.attrib:
        if attribute.rpartition("}")[2] in ("asyncBefore", "asyncAfter", "async"):
            yield "asynchronous"
    if not tag.endswith(("Event", "Gateway")) and node.get("triggeredByEvent") != "true":
        out = node.findall(f"{MODEL}outgoing")
        if len(out) > 1:
            yield "several ways out of an activity"


def _splits(node: Any) -> bool:
    if not isinstance(node.tag, str) or not node.tag.startswith(MODEL):
        return False
    tag = etree.QName(node).localname
    if tag in (
        "parallelGateway",
        "inclusiveGateway",
        "complexGateway",
        "multiInstanceLoopCharacteristics",
        "callActivity",
    ):
        return True
    if tag in ("compensateEventDefinition", "cancelEventDefinition", "adHocSubProcess", "escalationEventDefinition"):
        return True
    if node.get("triggeredByEvent") in ("true", "1") or node.get("cancelActivity") in ("false", "0"):
        return True
    if NODES.match(tag) and tag not in ("exclusiveGateway", "eventBasedGateway"):
        flows = [
            one for one in node.getparent().findall(f"{MODEL}sequenceFlow") if one.get("sourceRef") == node.get("id")
        ]
        return len(flows) > 1
    return False


def _texts(root: Any) -> Iterator[str]:
    for node in root.iter():
        if isinstance(node.tag, str):
            yield from (text for text in (node.text, *node.attrib.values()) if text and ("${" in text or "#{" in text))
            for attribute, value in node.attrib.items():
                if attribute.rpartition("}")[2] == "collection":
                    yield "${" + value.strip("${}#") + ".forEach}"


def _names(text: str) -> Iterator[tuple[str, list[Any]]]:
    """Names in the expressions of a text with values worth trying."""
    for expression in re.findall(r"[$#]\{([^}]*)\}", text):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: " " * len(found.group()), expression)
        for found in re.finditer(r"(?<![\w.])([A-Za-z_]\w*)((?:\.\w+)*)(\()?", bare):
            name, path, called = found.groups()
            if name in QUIET | COUNTERS | KEPT or called:
                continue
            if path == ".forEach":
                yield name, [["one", "two"], []]
                continue
            yield name, _compared(expression[found.end() :])


def _compared(rest: str) -> list[Any]:
    """Values around what a name is compared with."""
    number = re.match(r"\s*(?:[=!<>]=?|==|eq|ne|lt|gt|le|ge)\s*(-?\d+)", rest)
    if number:
        near = int(number.group(1))
        return [near - 1, near, near + 1]
    word = re.match(r"\s*(?:==|!=|eq|ne)\s*['\"]([^'\"]*)['\"]", rest)
    if word:
        return [word.group(1), word.group(1), "other"]
    return [True, False] if not re.match(r"\s*[-+*/]", rest) else [1, 2]
