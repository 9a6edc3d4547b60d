"""A chain as nodes and edges: places that are one to people are one node, quantities are added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from app.inventory.models import ASSEMBLY, BIN, CONSIGNMENT, CUSTOMER, KIT, USED
from app.traceability.chain import Chain
from app.traceability.flows import Where

MOST_OF_A_KIND = 60
"""Nodes of one kind in a drawing; the smaller ones beyond become one."""
COLUMNS = {
    "supplier": 0,
    "assembly": 0,
    "count": 0,
    "quarantine": 1,
    "returns": 1,
    "rejected": 1,
    "recall": 1,
    "qualified": 2,
    "cold": 2,
    "frozen": 2,
    "dispatch": 3,
    "kit": 3,
    "transit": 4,
    "consignment": 5,
    "customer": 5,
    "used": 9,
    "scrap": 9,
}
"""From left to right: the way goods usually take. Customers behind customers stand one further."""


@dataclass
class Node:
    """Something in the drawing. `kind`: of place or zone; `subject_kind`, `subject_id`: whose page it opens."""

    id: str
    kind: str
    place: Where
    column: int
    subject_kind: str
    subject_id: str
    more: int = 0
    """How many places it stands for besides its own."""


@dataclass
class Edge:
    """Base units that went from node to node."""

    source: str
    target: str
    quantity: int = 0
    movements: int = 0


@dataclass(frozen=True)
class Graph:
    """What is drawn."""

    nodes: list[Node]
    edges: list[Edge]


_HOLDERS = {"supplier": "supplier", CUSTOMER: "customer", CONSIGNMENT: "customer", USED: "customer", KIT: "lot"}


def graph_of(chain: Chain) -> Graph:
    """The drawing of the chain."""
    nodes: dict[str, Node] = {}
    weight: dict[str, int] = defaultdict(int)
    for place in chain.places.values():
        made = _node(place)
        nodes.setdefault(made.id, made)
    ways = _ways(chain)
    for source, target, quantity, _movements in ways:
        weight[source] += quantity
        weight[target] += quantity
    stands_for = _gathered(nodes, weight)
    edges: dict[tuple[str, str], Edge] = {}
    for source, target, quantity, movements in ways:
        ends = stands_for.get(source, source), stands_for.get(target, target)
        if ends[0] != ends[1]:
            edge = edges.setdefault(ends, Edge(*ends))
            edge.quantity += quantity
            edge.movements += movements
    _set_columns(nodes, edges)
    used = {end for ends in edges for end in ends}
    kept = [node for node in nodes.values() if node.id in used and node.id not in stands_for]
    return Graph(sorted(kept, key=lambda node: (node.column, node.kind, node.id)), list(edges.values()))


def _ways(chain: Chain) -> list[tuple[str, str, int, int]]:
    """From which node to which, how much, in how many movements; kits come out of where their parts went in."""
    of = {place_id: _key(place) for place_id, place in chain.places.items()}
    making = {place_id for place_id, place in chain.places.items() if place.kind == ASSEMBLY}
    kits = {place.holder_id: of[place_id] for place_id, place in chain.places.items() if place.kind == KIT}

    def end(lot_id: str, place_id: str) -> str:
        return kits.get(lot_id, of[place_id]) if place_id in making else of[place_id]

    return [
        (end(way.lot_id, way.from_id), end(way.lot_id, way.to_id), way.quantity, way.movements) for way in chain.ways
    ]


def _key(place: Where) -> str:
    if place.kind == BIN:
        return f"{place.warehouse}:{place.zone}"
    return place.id


def _node(place: Where) -> Node:
    kind = place.zone if place.kind == BIN else place.kind
    holder = "warehouse" if place.kind == BIN else _HOLDERS.get(place.kind, "")
    return Node(_key(place), kind, place, COLUMNS.get(kind, 3), holder, place.holder_id if holder else "")


def _gathered(nodes: Mapping[str, Node], weight: Mapping[str, int]) -> dict[str, str]:
    """Which nodes are drawn as part of another: the smallest of a kind that has too many."""
    by_kind: dict[str, list[Node]] = defaultdict(list)
    for node in nodes.values():
        by_kind[node.kind].append(node)
    found: dict[str, str] = {}
    for same in by_kind.values():
        same.sort(key=lambda node: (-weight[node.id], node.id))
        for node in same[MOST_OF_A_KIND:]:
            found[node.id] = same[MOST_OF_A_KIND - 1].id
        if len(same) > MOST_OF_A_KIND:
            same[MOST_OF_A_KIND - 1].more = len(same) - MOST_OF_A_KIND
    return found


def _set_columns(nodes: Mapping[str, Node], edges: Mapping[tuple[str, str], Edge]) -> None:
    """Who has goods only from other customers stands behind them."""
    customers = {key for key, node in nodes.items() if node.kind == CUSTOMER}
    direct = {target for source, target in edges if target in customers and source not in customers}
    level, seen, column = direct, set(direct), COLUMNS[CUSTOMER]
    while level and column < COLUMNS[USED] - 1:
        column += 1
        level = {target for source, target in edges if source in level and target in customers} - seen
        seen |= level
        for key in level:
            nodes[key].column = column
