"""Several shipments of one order: by warehouse and temperature, the rest that follows, what did not reach the customer
sent anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter

from sqlalchemy import select

from app.catalog.models import Product
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import service as inventory
from app.inventory.models import Reservation
from app.orders import queries as orders
from app.orders.models import Order, OrderStatus
from app.processes.service import NoMatch, start_about
from app.shipping import dispatch, shipments, telling
from app.shipping.models import OPEN, Shipment, ShipmentLine

ORDER_RELEASED = "order.released"
"""Message that goods of an order may leave; a process that starts with it is about a shipment, its key the order's
number."""
CANCELLED = "order.cancelled"
"""Message that a shipment will not be made."""
WHOLE = "complete"
"""`Order.delivery` of what goes in one go."""

PICKED = 1_000_000
"""What is picked already outweighs whatever is not."""


class MustGoWhole(Conflict):
    """The customer wants all of it at once."""

    message = _l("Order %(order)s is to be delivered complete: nothing of it leaves ahead of the rest.")


def begin_rest(actor: Actor, order: Order) -> Shipment | None:
    """A shipment of what no shipment brings, and its process: of an order just released all of it. None when nothing is
    left."""
    live = [one.id for one in shipments.live_of(order.id)]
    brought = sum((Counter(one) for one in shipments.shares_of(live).values()), Counter[str]())
    rest = {line.id: line.quantity - brought[line.id] for line in order.lines if line.quantity > brought[line.id]}
    if not rest:
        return None
    made = dispatch.prepare(order.id, rest)
    _start(actor, order, made)
    return made


def _start(actor: Actor, order: Order, shipment: Shipment) -> None:
    about = Subject("shipment", shipment.id)
    start_about(actor, ORDER_RELEASED, about, business_key=order.number, variables={})


def may_part(shipment: Shipment) -> bool:
    """Something of it is there, something is missing, and the customer takes it in parts."""
    ids = [shipment.id]
    if shipment.status not in OPEN or not shipments.lacking([shipment]) or not shipments.kept_for(ids)[shipment.id]:
        return False
    return orders.get_order(shipment.order_id).delivery != WHOLE


def split(actor: Actor, shipment: Shipment, reason: str) -> Shipment | None:
    """What is kept leaves; the rest follows in a shipment of its own, which waits for stock. None when nothing is
    missing (any more). Raises MustGoWhole, NothingToShip, HasLeft."""
    dispatch.refuse_unless_open(shipment)
    order = orders.get_order(shipment.order_id)
    if order.delivery == WHOLE:
        raise MustGoWhole(order=order.number)
    lacks = shipments.lacking([shipment]).get(shipment.id)
    if not lacks:
        return None
    if not shipments.kept_for([shipment.id])[shipment.id]:
        raise dispatch.NothingToShip(order=order.number)
    inventory.firm_up(actor, order.id, shipment_id=shipment.id)
    made = _part(actor, shipment, lacks, reason)
    _start(actor, order, made)
    return made


def by_place(actor: Actor, shipment: Shipment) -> None:
    """What cannot leave with most of it leaves in shipments of its own: goods in other warehouses, unless the order
    goes in one go and the carrier brings it together; goods that no box keeps at once, such as frozen and chilled ones
    (those without a range go with the warmest). What is picked stays."""
    order = orders.get_order(shipment.order_id)
    goods = shipments.goods_of(shipment)
    climates = climates_of([one.product for one in goods])
    places = [
        ("" if order.delivery == WHOLE else one.kept.warehouse_id, climates.get(one.product.id, "")) for one in goods
    ]
    weight: Counter[tuple[str, str]] = Counter()
    for place, one in zip(places, goods, strict=True):
        weight[place] += one.kept.quantity * (PICKED if one.is_picked else 1)
    if len(weight) < 2:
        return
    warmth = {climate: at for at, climate in enumerate(["", *dict.fromkeys(climates.values())])}
    home = max(weight, key=lambda place: (weight[place] >= PICKED, warmth[place[1]], weight[place], place))
    there: dict[tuple[str, str], list[Reservation]] = defaultdict(list)
    for place, one in zip(places, goods, strict=True):
        if place not in (home, (home[0], "")) and not one.is_picked:
            there[place].append(one.kept)
    for place in sorted(there):
        _leave_apart(actor, order, shipment, there[place], place[1])


def climates_of(products: Iterable[Product]) -> dict[str, str]:
    """Product id → range of its box, of products that have a range, coldest box first: as few boxes as suit them all.
    Empty when one does."""
    ranges = {
        (Decimal("-Infinity" if low is None else low), Decimal("Infinity" if high is None else high), one.id)
        for one in products
        for low, high in ((one.storage_min_c, one.storage_max_c),)
        if (low, high) != (None, None)
    }
    boxes: list[tuple[Decimal, Decimal, list[str]]] = []
    for low, high, product_id in sorted(ranges, key=itemgetter(1, 0, 2)):
        if boxes and low <= boxes[-1][1]:
            coldest, warmest, inside = boxes[-1]
            boxes[-1] = max(coldest, low), warmest, [*inside, product_id]
        else:
            boxes.append((low, high, [product_id]))
    if len(boxes) < 2:
        return {}
    return {one: f"{low:f} … {high:f} °C" for low, high, inside in boxes for one in inside}


def _leave_apart(actor: Actor, order: Order, shipment: Shipment, rows: list[Reservation], climate: str) -> None:
    shares: Counter[str] = Counter()
    for row in rows:
        shares[row.order_line_id] += row.quantity
    made = _part(actor, shipment, shares, " ".join(filter(None, (rows[0].warehouse.code, climate))))
    for row in rows:
        row.shipment_id = made.id
    session().flush()
    _start(actor, order, made)


def _part(actor: Actor, shipment: Shipment, shares: Mapping[str, int], reason: str) -> Shipment:
    """So much of what the shipment was to bring is brought by another, which is still to be started."""
    for row in _lines_of(shipment):
        row.quantity -= shares.get(row.order_line_id, 0)
    made = dispatch.prepare(shipment.order_id, shares)
    dispatch.note(actor, shipment, "parted", into=made.number, quantity=sum(shares.values()), reason=reason)
    return made


def _lines_of(shipment: Shipment) -> list[ShipmentLine]:
    wanted = select(ShipmentLine).where(ShipmentLine.shipment_id == shipment.id).order_by(ShipmentLine.order_line_id)
    return list(session().scalars(wanted.with_for_update()))


def send_anew(actor: Actor, shipment: Shipment, reason: str) -> Shipment | None:
    """What is still on its way with the shipment, and so does not reach the customer, is sent anew in a shipment of its
    own; None when there is nothing, or the order is not to be shipped any more."""
    order = orders.get_order(shipment.order_id)
    if order.status != OrderStatus.RELEASED:
        return None
    missing, again = _on_its_way(shipment), {}
    for row in _lines_of(shipment):
        units = min(missing[row.order_line_id], row.quantity - row.replaced)
        if units:
            row.replaced += units
            again[row.order_line_id] = units
    if not again:
        return None
    session().flush()
    made = dispatch.prepare(order.id, again)
    dispatch.note(actor, shipment, "sent-anew", into=made.number, quantity=sum(again.values()), reason=reason)
    _start(actor, order, made)
    return made


def _on_its_way(shipment: Shipment) -> Counter[str]:
    """By order line."""
    carried = Counter({one.lot.id: one.quantity for one in shipments.carried_by(shipment)})
    found: Counter[str] = Counter()
    for row in shipments.left_with(shipment):
        units = min(row.quantity, carried[row.lot_id])
        carried[row.lot_id] -= units
        found[row.order_line_id] += units
    return found


def reshare(actor: Actor, order: Order, reason: str) -> None:
    """The order has changed: its oldest open shipment is to bring all that has not left, the others are void. What is
    kept for these is the order's, for whichever shipment wants it."""
    there = shipments.open_of(order.id)
    home = there[0] if there else None
    for one in there[1:]:
        _end(actor, one, reason)
    gone: Counter[str] = Counter()
    for one in shipments.shipments_of(order.id):
        for row in _lines_of(one):
            if one.status == "void":
                row.replaced = row.quantity
            elif one is home:
                session().delete(row)
            else:
                gone[row.order_line_id] += row.quantity - row.replaced
    session().flush()
    if home is not None:
        wanted = {line.id: line.quantity - gone[line.id] for line in order.lines if line.quantity > gone[line.id]}
        session().add_all(ShipmentLine(shipment_id=home.id, order_line_id=key, quantity=n) for key, n in wanted.items())
        session().flush()


def _end(actor: Actor, shipment: Shipment, reason: str) -> None:
    try:
        telling.tell(actor, CANCELLED, shipment, reason=reason)
    except NoMatch:
        dispatch.void(actor, shipment, reason)
