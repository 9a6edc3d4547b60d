"""What each kind of movement is in CBV 2.0."""

from __future__ import annotations

from typing import NamedTuple

OBJECT, TRANSACTION, TRANSFORMATION = "ObjectEvent", "TransactionEvent", "TransformationEvent"
OBSERVE, ADD, DELETE = "OBSERVE", "ADD", "DELETE"


class Said(NamedTuple):
    """Kind of event, business step, disposition, action; `paper`: what its document is among business transactions."""

    step: str
    disposition: str
    kind: str = OBJECT
    action: str = OBSERVE
    paper: str = ""


MOVEMENTS: dict[str, Said] = {
    "receipt": Said("receiving", "in_progress", paper="recadv"),
    "move": Said("storing", "in_progress"),
    "count": Said("cycle_counting", "in_progress"),
    "scrap": Said("destroying", "destroyed", action=DELETE),
    "pick": Said("picking", "reserved", TRANSACTION, ADD),
    "put_back": Said("storing", "available", TRANSACTION, DELETE),
    "ship": Said("shipping", "in_transit", paper="desadv"),
    "deliver": Said("accepting", "in_progress", paper="recadv"),
    "pass_on": Said("accepting", "in_progress"),
    "return": Said("receiving", "returned", paper="rma"),
    "use": Said("dispensing", "dispensed", action=DELETE),
    "destroy": Said("destroying", "destroyed", action=DELETE),
    "owner": Said("accepting", "in_progress"),
    "into_kit": Said("assembling", "in_progress", TRANSFORMATION),
    "assemble": Said("assembling", "in_progress", TRANSFORMATION),
    "out_of_kit": Said("disassembling", "in_progress", TRANSFORMATION),
    "take_apart": Said("disassembling", "in_progress", TRANSFORMATION),
}
OTHER = Said("other", "unknown")
ZONES = {
    "quarantine": "sellable_not_accessible",
    "qualified": "available",
    "cold": "available",
    "frozen": "available",
    "dispatch": "reserved",
    "rejected": "non_conformant",
    "returns": "returned",
    "recall": "recalled",
}
"""What goods in a zone are."""
OUTPUTS = ("assemble", "out_of_kit")
"""Movements that bring goods out of a transformation; the others of kits put them in."""
