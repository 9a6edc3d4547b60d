"""What came of it, by the public interfaces: nothing lost, nothing doubled, every lie refused with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.partners.crm import Crm, Placed
from tests.partners.erp import Erp
from tests.partners.partner import Partner
from tests.partners.wire import Youxu


@dataclass
class Reckoning:
    """Figures of the table, and what is wrong."""

    orders: int = 0
    delivered: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """By reference of an order: why it was not delivered."""
    too_late: int = 0
    """Cancellations of orders that were released already: these are delivered."""
    units_ordered: int = 0
    """Of those that were not refused."""
    units_delivered: int = 0
    messages: int = 0
    lies: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    wrong: list[str] = field(default_factory=list)


def reckon(
    keeper: Youxu,
    placed: Sequence[Placed],
    partners: Mapping[str, Partner],
    ids: Mapping[str, str],
    books: Callable[[], list[str]],
) -> Reckoning:
    """Look at orders, shipments, ledger, audit trail, and what became of every message. `books`: what is wrong in the
    stock ledger, as its own check says."""
    made = Reckoning(orders=len(placed))
    by_ref: dict[str, list[Any]] = {}
    for order in keeper.every("/orders", status="any"):
        by_ref.setdefault(order["external_ref"], []).append(order)
    for order in placed:
        _one(keeper, order, by_ref.get(order.ref, []), partners, made)
    for name, partner in partners.items():
        _messages(keeper, name, partner, ids, made)
    made.wrong += books()
    trail = keeper.ask("GET", "/audit/verify", full="true")
    if not trail.get("ok", trail.get("intact")):
        made.wrong.append(f"audit trail: {trail}")
    return made


def _one(keeper: Youxu, order: Placed, found: list[Any], partners: Mapping[str, Partner], made: Reckoning) -> None:
    crm, erp = partners["crm"], partners["erp"]
    assert isinstance(crm, Crm)
    assert isinstance(erp, Erp)
    if len(found) != 1:
        made.wrong.append(f"order {order.ref}: {len(found)} times in Youxu")
        return
    number = found[0]["number"]
    live = [one for one in keeper.every("/shipments", order=number) if one["status"] != "void"]
    if found[0]["status"] in ("rejected", "cancelled"):
        made.refused[order.ref] = found[0]["status"]
        made.wrong += [f"{order.ref} was refused, yet has a shipment"] if live else []
        made.wrong += [] if order.changes_mind else [f"{order.ref} was refused, and nobody asked for that"]
        return
    made.units_ordered += order.units
    if not live or {one["status"] for one in live} != {"delivered"}:
        made.wrong.append(f"{order.ref} ({number}, {found[0]['status']}): shipments {[s['status'] for s in live]}")
        return
    shown = [keeper.ask("GET", f"/shipments/{one['id']}") for one in live]
    goods = [row for one in shown for row in one["goods"]]
    ledger = _handed_over(keeper, number)
    made.delivered += 1
    made.units_delivered += ledger
    if not all(one["proof"] for one in shown) or sum(one["quantity"] for one in goods) != order.units:
        made.wrong.append(f"{number}: goods {goods} or proofs {[one['proof'] for one in shown]}")
    if ledger != order.units:
        made.wrong.append(f"{number}: {ledger} units handed over in the ledger, {order.units} ordered")
    if number not in crm.at_customers or erp.confirmed[number] != 1 or erp.invoiced[number] != len(live):
        books = f"confirmed {erp.confirmed[number]}, invoiced {erp.invoiced[number]}"
        made.wrong.append(f"{number}: {books}, at the customer {number in crm.at_customers}")


def _handed_over(keeper: Youxu, number: str) -> int:
    """Units that the ledger says reached the customer for the order: its EPCIS events of arrival."""
    events = keeper.ask("GET", "/epcis/events", order=number, perPage=100)["epcisBody"]["eventList"]
    return sum(_units(event) for event in events if event.get("bizStep") == "accepting")


def _units(event: dict[str, Any]) -> int:
    return int(sum(one["quantity"] for one in event.get("quantityList", ()))) + len(event.get("epcList", ()))


def _messages(keeper: Youxu, name: str, partner: Partner, ids: Mapping[str, str], made: Reckoning) -> None:
    told = partner.told
    made.messages += told.messages
    made.retries += partner.youxu.retries
    seen = {one["event_id"]: one for one in keeper.every(f"/hook-sources/{ids[name]}/events")}
    for message_id in told.truths:
        one = seen.pop(message_id)
        if one["type"] == "order.withdrawn" and one["code"] == "OrderReleased":
            made.too_late += 1
        elif one["state"] != "done":
            made.wrong.append(f"{message_id} {one['type']}: {one['state']} {one['reason']} {one['fields']}")
    for message_id, what in told.wrong.items():
        one = seen.pop(message_id)
        if one["state"] != "failed" or not one["reason"]:
            made.wrong.append(f"lie {message_id} ({what}): {one['state']} {one['said']}")
        made.lies[f"{one['type']}: {', '.join(one['fields']) or one['code']}"] += 1
    for what, count in told.at_the_door.items():
        made.lies[f"{name}: {what}"] += count
    made.wrong += [f"{name} never said {message_id}" for message_id in seen]
    made.wrong += [f"{name}: {crash}" for crash in partner.crashes]
    if partner.door.forged:
        made.wrong.append(f"{name}: {partner.door.forged} of Youxu's signatures were not right")
    hears = keeper.every(f"/subscriptions/{ids[f'{name} hears']}/deliveries")
    made.retries += sum(max(0, one["attempts"] - 1) for one in hears)
    lost = [one for one in hears if one["state"] != "delivered"]
    made.wrong += [f"{name} has not heard {one['type']}: {one['state']} {one['last_error']}" for one in lost]
