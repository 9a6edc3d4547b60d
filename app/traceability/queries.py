"""Reads of where goods came from and went to."""

from app.traceability.chain import START_KINDS, Chain, Step, chain_of
from app.traceability.finding import Found, find
from app.traceability.graph import Graph, graph_of
from app.traceability.scoping import Account, Consignee, Inside, Kept, Scope, Spot, scope

__all__ = [
    "START_KINDS",
    "Account",
    "Chain",
    "Consignee",
    "Found",
    "Graph",
    "Inside",
    "Kept",
    "Scope",
    "Spot",
    "Step",
    "chain_of",
    "find",
    "graph_of",
    "scope",
]
