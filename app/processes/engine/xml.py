"""Reading diagrams from anywhere: no document types, no entities, no network, limited size, unique ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from app.core.i18n import _
from app.core.xml import XmlRefused, parse
from app.processes.engine.errors import DiagramRefused

LARGEST = 1024 * 1024
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OMG = "{http://www.omg.org/"
"""BPMN and its drawing."""
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
CAMUNDA_8 = "http://camunda.org/schema/zeebe/1.0"
YOUXU = "urn:youxu:bpmn:1"
SAME_AS_CAMUNDA = (
    "http://camunda.org/bpmn",
    "http://activiti.org/bpmn",
    "http://flowable.org/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
)
"""Engines of the same family write the same attributes in a namespace of their own."""
DIAGRAM = "diagram"
"""Stands for the whole diagram where a problem belongs to no element."""

BOOLEANS = {
    *(
        "isExecutable",
        "isClosed",
        "isForCompensation",
        "isSequential",
        "testBefore",
        "cancelActivity",
        "isInterrupting",
    ),
    *("parallelMultiple", "triggeredByEvent", "instantiate", "waitForCompletion", "isImmediate", "isCollection"),
}
CAMUNDA_BOOLEANS = {"async", "asyncBefore", "asyncAfter", "exclusive"}
REFERENCES = {"messageRef", "signalRef", "errorRef", "escalationRef", "attachedToRef", "activityRef", "calledElement"}
"""Attributes whose values may have a prefix for the namespace of the document."""

_PARTS = re.compile(
    r"(EventDefinition|Characteristics|Expression|Condition|Cardinality|DataItem|DataInputRef|DataOutputRef)$"
    r"|^(time(Date|Duration|Cycle)|condition|script|incoming|outgoing|eventDefinitionRef|from|to)$"
)
"""Elements that are looked at with the one they belong to, which a modeler can show."""
_ID = re.compile(r"[^\W\d][\w.\-:${}]{0,99}\Z")


def tag(name: str) -> str:
    """The full name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def ours(name: str) -> str:
    """The full name of an attribute of ours."""
    return f"{{{YOUXU}}}{name}"


def camunda(name: str) -> str:
    """The full name of a Camunda attribute."""
    return f"{{{CAMUNDA}}}{name}"


def local(node: Any) -> str:
    """The name of an element without its namespace; empty for comments."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def nearest_id(node: Any) -> str:
    """The id of the element, or of the one it belongs to, for the modeler to show."""
    while node is not None and node.getparent() is not None:
        if node.get("id") and not _PARTS.search(local(node)):
            return str(node.get("id"))
        node = node.getparent()
    return DIAGRAM


def parse_diagram(xml: bytes, *, whole: bool = False) -> Any:
    """The root element of a BPMN document; with `whole` its comments too, and names as written. Raises
    DiagramRefused."""
    try:
        root = parse(xml, LARGEST, whole=whole)
    except XmlRefused as error:
        raise refused(str(error)) from None
    if root.tag != tag("definitions"):
        raise refused(_("This is not a BPMN 2.0 document."))
    _trim(root)
    _refuse_ids(root)
    if not whole:
        _rename(root)
        _spell(root)
        _resolve(root)
    return root


def _trim(root: Any) -> None:
    """Ids and what refers to them mean nothing by the spaces around them."""
    for node in root.iter():
        if isinstance(node.tag, str) and node.tag.startswith(OMG):
            for name, value in node.attrib.items():
                if value != value.strip() and (name in ("id", "default") or name.endswith("Ref")):
                    node.set(name, value.strip())


def _rename(root: Any) -> None:
    """Read the attributes and extension elements of related engines as Camunda's; the stored text stays as it is."""
    for space in SAME_AS_CAMUNDA:
        if space not in root.nsmap.values():
            continue
        prefix = f"{{{space}}}"
        for node in root.iter():
            if isinstance(node.tag, str) and node.tag.startswith(prefix):
                node.tag = camunda(node.tag.removeprefix(prefix))
            for name in [one for one in node.attrib if one.startswith(prefix)]:
                node.set(camunda(name.removeprefix(prefix)), node.attrib.pop(name))


def _spell(root: Any) -> None:
    """Write truth values in one way only, as they are asked for; refuse what is none."""
    wrong: dict[str, list[str]] = {}
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        for name in _booleans(node):
            said = node.get(name).strip()
            if said not in ("true", "false", "1", "0"):
                plain = name.rpartition("}")[2]
                wrong.setdefault(nearest_id(node), []).append(_("“%(name)s” must be true or false.", name=plain))
            node.set(name, {"1": "true", "0": "false"}.get(said, said))
    if wrong:
        raise DiagramRefused(wrong)


def _booleans(node: Any) -> Iterator[str]:
    if node.tag.startswith(f"{{{BPMN}}}"):
        yield from (name for name in node.attrib if name in BOOLEANS)
        prefix = f"{{{CAMUNDA}}}"
        yield from (
            name for name in node.attrib if name.startswith(prefix) and name.removeprefix(prefix) in CAMUNDA_BOOLEANS
        )


def _resolve(root: Any) -> None:
    """References as plain ids, and event definitions that are shared put where they are meant."""
    ids = {node.get("id"): node for node in root.iter() if isinstance(node.tag, str) and node.get("id")}
    for node in list(root.iter()):
        if not isinstance(node.tag, str) or not node.tag.startswith(f"{{{BPMN}}}"):
            continue
        for name in REFERENCES.intersection(node.attrib):
            node.set(name, _unprefixed(node, node.get(name), ids))
        if node.tag == tag("eventDefinitionRef"):
            found = ids.get(_unprefixed(node, (node.text or "").strip(), ids))
            if found is not None and local(found).endswith("EventDefinition") and found.getparent() is root:
                copy = deepcopy(found)
                copy.tail = None
                del copy.attrib["id"]
                node.getparent().replace(node, copy)


def _unprefixed(node: Any, name: str, ids: dict[str, Any]) -> str:
    """`tns:order` means `order`, if tns is a namespace and nothing is called tns:order."""
    prefix, colon, plain = name.partition(":")
    return plain if colon and name not in ids and prefix in node.nsmap else name


def refused(reason: str, element: str = DIAGRAM) -> DiagramRefused:
    """A refusal for one reason."""
    return DiagramRefused({element: [reason]})


def _refuse_ids(root: Any) -> None:
    """Ids of extensions (fields of a form) are names in a place of their own, and may come again elsewhere."""
    nodes = (node for node in root.iter() if isinstance(node.tag, str) and node.tag.startswith(OMG))
    ids = [node.get("id") for node in nodes if node.get("id") is not None]
    twice = sorted(name for name, count in Counter(ids).items() if count > 1)
    if twice:
        raise DiagramRefused({name: [_("This id is used more than once.")] for name in twice})
    odd = sorted(name for name in ids if not _ID.match(name))
    if odd:
        raise DiagramRefused({name[:100] or DIAGRAM: [_("This id is not allowed.")] for name in odd})
