"""Two people drew on one diagram: what only one of them changed is taken, element by element.

An element of BPMN or of its drawing that has an id is a unit. A unit's own content is its attributes and what it holds
without ids. `incoming` and `outgoing` only repeat what flows say, so they are written anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.processes.engine import parse_diagram

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OMG = "{http://www.omg.org/"
DERIVED = {f"{BPMN}incoming", f"{BPMN}outgoing"}
REFERENCES = ("sourceRef", "targetRef", "default", "attachedToRef", "bpmnElement", "associationRef")
FIRST = (f"{BPMN}documentation", f"{BPMN}extensionElements", *sorted(DERIVED))


@dataclass(frozen=True)
class Merged:
    """What came of a merge: the document, what was taken from the other, what both changed differently (there the own
    stays)."""

    xml: bytes
    taken: list[str]
    conflicts: list[str]


def merge(base: bytes, mine: bytes, theirs: bytes) -> Merged:
    """My document with what only the other changed since the base. Raises DiagramRefused for what cannot be read."""
    root = parse_diagram(mine, whole=True)
    before, own = _units(parse_diagram(base, whole=True)), _units(root)
    other = _units(parse_diagram(theirs, whole=True))
    told = [{name: _said(unit) for name, unit in units.items()} for units in (before, own, other)]
    taken, conflicts = [], []
    for name in dict.fromkeys((*other, *own, *before)):
        old, here, there = (side.get(name) for side in told)
        if there in (here, old):
            continue
        if here != old:
            conflicts.append(name)
        else:
            taken.append(name)
    removed = {name for name in taken if name not in other}
    kept_inside = {name for name in removed if _holds_what_stays(own[name], removed)}
    conflicts += sorted(kept_inside)
    for name in taken:
        if name in other:
            _take(own, other[name], name)
        elif name not in kept_inside:
            own[name].getparent().remove(own[name])
            del own[name]
    _connect(root)
    lost = _lost_ends(root)
    xml = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Merged(xml, [one for one in taken if one not in kept_inside], sorted({*conflicts, *lost}))


def _units(root: Any) -> dict[str, Any]:
    return {node.get("id"): node for node in root.iter() if _is_unit(node)}


def _is_unit(node: Any) -> bool:
    return isinstance(node.tag, str) and node.tag.startswith(OMG) and bool(node.get("id"))


def _said(unit: Any) -> tuple[Any, ...]:
    """What a unit says by itself, and where it stands."""
    above = next((one.get("id") for one in unit.iterancestors() if _is_unit(one)), None)
    return unit.tag, above, tuple(sorted(unit.attrib.items())), (unit.text or "").strip(), tuple(_parts(unit))


def _parts(unit: Any) -> Iterator[Any]:
    for child in unit:
        if not _is_unit(child) and child.tag not in DERIVED and isinstance(child.tag, str):
            yield _whole(child)


def _whole(node: Any) -> Any:
    """A part with all that is in it; units in it are told by their ids."""
    inner = tuple(_whole(child) for child in node if isinstance(child.tag, str) and not _is_unit(child))
    return node.tag, tuple(sorted(node.attrib.items())), (node.text or "").strip(), inner


def _holds_what_stays(unit: Any, removed: set[str]) -> bool:
    return any(_is_unit(node) and node.get("id") not in removed for node in unit.iterdescendants())


def _take(own: dict[str, Any], given: Any, name: str) -> None:
    """The unit as the other has it, with the units that stand in it here."""
    made = deepcopy(given)
    made.tail = "\n"
    for child in [one for one in made if _is_unit(one)]:
        made.remove(child)
    here = own.get(name)
    above = next((one for one in given.iterancestors() if _is_unit(one)), None)
    if here is not None:
        for child in [one for one in here if _is_unit(one)]:
            made.append(child)
        here.getparent().replace(here, made)
    else:
        place = _place(own, above, given)
        place.append(made)
        _drawing_last(place)
    own[name] = made
    if here is not None and above is not None and above.get("id") in own:
        place = _place(own, above, given)
        if made.getparent() is not place:
            place.append(made)


def _place(own: dict[str, Any], above: Any, given: Any) -> Any:
    """Where the unit belongs here: in the same unit, in the same part of it."""
    place = own[above.get("id")] if above is not None and above.get("id") in own else next(iter(own.values()))
    parent = given.getparent()
    if parent is None or parent is above:
        return place
    return next((child for child in place if child.tag == parent.tag), place)


def _drawing_last(place: Any) -> None:
    for child in [one for one in place if isinstance(one.tag, str) and one.tag.endswith("}BPMNDiagram")]:
        place.append(child)


def _connect(root: Any) -> None:
    """Write anew what flows lead to and from each node."""
    ends: dict[str, dict[str, list[str]]] = {}
    for flow in root.iter(f"{BPMN}sequenceFlow"):
        ends.setdefault(flow.get("targetRef"), {}).setdefault("incoming", []).append(flow.get("id"))
        ends.setdefault(flow.get("sourceRef"), {}).setdefault("outgoing", []).append(flow.get("id"))
    for node in list(root.iter()):
        if not _is_unit(node) or (node.get("id") not in ends and not any(child.tag in DERIVED for child in node)):
            continue
        wanted = ends.get(node.get("id"), {})
        for kind in ("incoming", "outgoing"):
            _write_ends(node, f"{BPMN}{kind}", wanted.get(kind, []))


def _write_ends(node: Any, kind: str, flows: list[str]) -> None:
    there = [child for child in node if child.tag == kind]
    if sorted((child.text or "").strip() for child in there) == sorted(flows):
        return
    for child in there:
        node.remove(child)
    after = sum(1 for child in node if child.tag in FIRST[: FIRST.index(kind)])
    for offset, flow in enumerate(flows):
        made = etree.Element(kind)
        made.text = flow
        node.insert(after + offset, made)


def _lost_ends(root: Any) -> list[str]:
    """Units that refer to something which is not there."""
    names = {node.get("id") for node in root.iter() if isinstance(node.tag, str) and node.get("id")}
    return [
        node.get("id")
        for node in root.iter()
        if _is_unit(node) and any(node.get(one) and node.get(one).rpartition(":")[2] not in names for one in REFERENCES)
    ]
