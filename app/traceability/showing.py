"""A chain in the reader's words, for the page and for programs. A bounded number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import select

from app.audit.queries import labels_by_id
from app.catalog.models import Customer, Product, Supplier
from app.core.db import session
from app.core.i18n import named, pick
from app.identity.queries import names_of as names_of_people
from app.inventory.models import BIN, SUPPLIER, Lot, Place, Warehouse
from app.inventory.naming import names_of as names_of_places
from app.inventory.queries import keep_until, serial_numbers
from app.traceability import wording
from app.traceability.chain import Chain, Step, chain_of
from app.traceability.epcis.names import event_id
from app.traceability.finding import Found
from app.traceability.flows import PARTNERS, Where, portions
from app.traceability.foreign import errors_of
from app.traceability.graph import Node, graph_of

MOST_LOTS = 100
MOST_UNITS = 10


@dataclass(frozen=True)
class LotShown:
    """A lot of the chain; `keep_until`: last day on which its records must be kept, None for ever."""

    id: str
    lot_no: str
    product_id: str
    product: Product
    status: str
    expires_on: date | None
    keep_until: date | None


@dataclass(frozen=True)
class StepShown:
    """A step with everything in words. `units`: (id, serial number) of the first ten; `event_ids`: of its EPCIS events;
    `wrong`: one of these was declared wrong."""

    step: Step
    what: str
    lot_no: str
    units: list[tuple[str, str]]
    out_of: str
    into: str
    who: str
    order: str
    said: str
    event_ids: list[str]
    wrong: bool


@dataclass(frozen=True)
class NodeShown:
    """A place in the drawing."""

    node: Node
    label: str
    kind: str


@dataclass(frozen=True)
class EdgeShown:
    """Goods that went from one place of the drawing to another."""

    source: str
    target: str
    quantity: int
    movements: int


@dataclass(frozen=True)
class ChainShown:
    """All of it. `lots` at most 100, `lot_count` counts all, `more_lots` those not
    looked at; `kits`: pairs (lot number, kit lot number)."""

    start: Found
    kind: str
    lots: list[LotShown]
    lot_count: int
    more_lots: int
    steps: list[StepShown]
    left_out: int
    nodes: list[NodeShown]
    edges: list[EdgeShown]
    kits: list[tuple[LotShown, LotShown]]


def show(start: Found) -> ChainShown:
    """The chain from that start."""
    chain = chain_of(start.start)
    graph = graph_of(chain)
    lots = _lots([*chain.lot_ids[:MOST_LOTS], *(one for pair in chain.kits[:MOST_LOTS] for one in pair)])
    names = _names(chain.places)
    warehouses = _warehouses(chain.places.values())
    return ChainShown(
        start=start,
        kind=str(wording.STARTS[start.start.kind]),
        lots=[lots[key] for key in chain.lot_ids[:MOST_LOTS] if key in lots],
        lot_count=len(chain.lot_ids),
        more_lots=chain.more_lots,
        steps=_steps(chain, lots, names),
        left_out=chain.left_out,
        nodes=[_node(one, names, warehouses) for one in graph.nodes],
        edges=[EdgeShown(one.source, one.target, one.quantity, one.movements) for one in graph.edges],
        kits=[(lots[one], lots[other]) for one, other in chain.kits[:MOST_LOTS]],
    )


def _lots(lot_ids: Iterable[str]) -> dict[str, LotShown]:
    found: dict[str, LotShown] = {}
    for part in portions(lot_ids):
        wanted = select(Lot, Product).join(Product, Product.id == Lot.product_id).where(Lot.id.in_(part))
        for lot, product in session().execute(wanted):
            until = keep_until(lot)
            made = LotShown(lot.id, lot.lot_no, lot.product_id, product, lot.status, lot.expires_on, until)
            found[lot.id] = made
    return found


def _names(places: Mapping[str, Where]) -> dict[str, str]:
    """Each place in words, with the names of parties."""
    found = names_of_places(cast("Iterable[Place]", places.values()))  # they have what a place has
    parties: dict[str, str] = {}
    for kinds, table in ((PARTNERS, Customer), ((SUPPLIER,), Supplier)):
        ids = {place.holder_id for place in places.values() if place.kind in kinds} - {""}
        for part in portions(ids):
            columns = (table.id, table.name, table.name_en)
            parties |= {row.id: named(row) for row in session().execute(select(*columns).where(table.id.in_(part)))}
    for key, place in places.items():
        if place.holder_id in parties:
            found[key] = f"{wording.PLACES[place.kind]} {parties[place.holder_id]}"
    return found


def _warehouses(places: Iterable[Where]) -> dict[str, str]:
    ids = {place.holder_id for place in places if place.kind == BIN}
    rows = session().execute(select(Warehouse.id, Warehouse.name).where(Warehouse.id.in_(ids)))
    return {row.id: pick(row.name) for row in rows}


def _steps(chain: Chain, lots: Mapping[str, LotShown], names: Mapping[str, str]) -> list[StepShown]:
    steps = chain.steps
    missing = {step.lot_id for step in steps if step.lot_id} - lots.keys()
    numbers = {key: one.lot_no for key, one in (dict(lots) | _lots(missing)).items()}
    serials = serial_numbers(one for step in steps for one in step.serial_ids[:MOST_UNITS])
    people = names_of_people({step.actor_id for step in steps if not step.actor_name})
    orders = labels_by_id("order", {step.order_id for step in steps if step.order_id})
    events = [_events(step) for step in steps]
    wrong = errors_of({one for each in events for one in each})
    shown = []
    for step, event_ids in zip(steps, events, strict=True):
        shown.append(
            StepShown(
                step=step,
                what=str(wording.STEPS.get(step.code, step.code)),
                lot_no=numbers.get(step.lot_id, ""),
                units=[(one, serials[one]) for one in step.serial_ids[:MOST_UNITS]],
                out_of=names.get(step.source.id, "") if step.source else "",
                into=names.get(step.target.id, "") if step.target else "",
                who=step.actor_name or people.get(step.actor_id, step.actor_id),
                order=orders.get(step.order_id, ""),
                said=wording.said(step),
                event_ids=event_ids,
                wrong=any(one in wrong for one in event_ids),
            )
        )
    return shown


def _events(step: Step) -> list[str]:
    return [step.document] if step.code == "epcis" else [event_id(one) for one in step.entry_ids]


def _node(node: Node, names: Mapping[str, str], warehouses: Mapping[str, str]) -> NodeShown:
    place = node.place
    kind = str(wording.PLACES.get(node.kind, node.kind))
    if place.kind == BIN:
        return NodeShown(node, warehouses.get(place.holder_id, place.warehouse), kind)
    return NodeShown(node, names.get(place.id, "").removeprefix(kind).strip(), kind)


def subject_page(kind: str, key: str) -> tuple[str, dict[str, Any]] | None:
    """Endpoint and arguments of the page of a subject that has one."""
    found = _PAGES.get(kind)
    return (found[0], {found[1]: key}) if found is not None and key else None


_PAGES = {
    "lot": ("inventory.show_lot", "lot_id"),
    "order": ("orders.show_order", "order_id"),
    "customer": ("catalog.show_customer", "customer_id"),
    "supplier": ("catalog.show_supplier", "supplier_id"),
    "warehouse": ("inventory.show_warehouse", "warehouse_id"),
    "document": ("documents.show_document", "document_id"),
    "complaint": ("vigilance.show_complaint", "complaint_id"),
    "nonconformance": ("vigilance.show_nonconformance", "nonconformance_id"),
    "capa": ("vigilance.show_capa", "capa_id"),
    "epcis-event": ("traceability.show_event", "event_key"),
}
