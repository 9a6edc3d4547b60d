"""From the plan of a shipment until its goods have left: plan, pick, put back, pack, depart, stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from app.audit.service import record
from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import service as inventory
from app.inventory.models import ACTIVE, HARD, Reservation
from app.orders import queries as orders
from app.priority import queries as priority
from app.shipping import events, papers, queries, service, shipments
from app.shipping.carriers import NoCarrier, carrier_for
from app.shipping.cartons import check_carton
from app.shipping.checking import Expected
from app.shipping.models import OPEN, Shipment, ShipmentLine, ShipmentPick
from app.shipping.temperature import is_outside

NUMBERS = "SH"


class NothingToShip(Conflict):
    """A gate without goods would let everything pass."""

    message = _l("Nothing is kept for order %(order)s, so that nothing can be shipped.")


class HasLeft(Conflict):
    """The goods are on their way."""

    message = _l("The goods of shipment %(shipment)s have left.")


class IsHeld(Conflict):
    """A change of the order is being decided."""

    message = _l("Shipment %(shipment)s is held: a change of its order is being decided.")


class NotAllPicked(Conflict):
    """Something still lies in its bin."""

    message = _l("Not everything of shipment %(shipment)s is picked: %(left)s units are still in their bins.")


class NotPacked(Conflict):
    """It cannot be handed to the carrier yet."""

    message = _l("Shipment %(shipment)s is not packed yet.")


def prepare(order_id: str, shares: Mapping[str, int]) -> Shipment:
    """A new shipment of a released order that is to bring so much of its lines; the process begins about it."""
    made = Shipment(
        id=new_id(),
        number=next_number(NUMBERS),
        order_id=order_id,
        status="planned",
        carrier="",
        cold=False,
        leaves_on=clock.today(),
        arrives_on=clock.today(),
        made_at=clock.now(),
        held=False,
    )
    session().add(made)
    session().flush()
    lines = [ShipmentLine(shipment_id=made.id, order_line_id=line, quantity=units) for line, units in shares.items()]
    session().add_all(lines)
    session().flush()
    return made


def plan(actor: Actor, shipment: Shipment, as_of: datetime) -> None:
    """Carrier, day and day of arrival. No carrier goes there: it stays open, and packing is refused until one does."""
    lines = shipments.shares_of([shipment.id])[shipment.id]
    goods = [line.product_id for line in orders.lines_of(shipment.order_id) if line.id in lines]
    shipment.cold = any(one.cold_chain for one in catalog.products_of(goods).values())
    _schedule(shipment, as_of)
    days = {"leaves_on": shipment.leaves_on.isoformat(), "arrives_on": shipment.arrives_on.isoformat()}
    note(actor, shipment, "plan", carrier=shipment.carrier, **days)


def _schedule(shipment: Shipment, as_of: datetime) -> None:
    """The carrier that leaves first, its day, and the day of arrival on the usual lane."""
    shipment.carrier, shipment.leaves_on = _carrier(shipment, as_of)
    leaves = datetime.combine(shipment.leaves_on, time(12), clock.BUSINESS_ZONE)
    shipment.arrives_on = priority.terms_of(shipment.order_id, leaves).arrives_on
    session().flush()


def _carrier(shipment: Shipment, as_of: datetime) -> tuple[str, date]:
    region = catalog.get_customer(orders.get_order(shipment.order_id).customer_id).region_code
    try:
        carrier, day = carrier_for(region, cold=shipment.cold, now=as_of)
    except NoCarrier:
        return "", clock.local_date(as_of)
    return carrier.code, day


def begin_picking(actor: Actor, shipment: Shipment, as_of: datetime) -> None:
    """The warehouse gets its pick list. Raises NothingToShip."""
    if not shipments.goods_of(shipment):
        raise NothingToShip(order=orders.get_order(shipment.order_id).number)
    shipment.status = "picking"
    papers.issue_pick_list(actor, shipment, as_of)
    note(actor, shipment, "to-pick")


def pick(
    actor: Actor,
    shipment: Shipment,
    reservation_id: str,
    quantity: int,
    *,
    serials: Sequence[str] = (),
    scanned: str = "",
) -> Reservation:
    """Take goods out of their bin. Raises HasLeft, IsHeld, and whatever `inventory.pick` raises."""
    refuse_unless_open(shipment)
    to_be_picked(shipment, reservation_id)
    taken = inventory.pick(actor, reservation_id, quantity, serials=serials, document=shipment.number)
    row = {"serials": list(serials), "scanned": scanned[:500], "at": clock.now(), "by": actor.id}
    session().add(ShipmentPick(id=new_id(), shipment_id=shipment.id, reservation_id=taken.id, **row))
    session().flush()
    return taken


def to_be_picked(shipment: Shipment, reservation_id: str) -> Reservation:
    """The reservation of the shipment, still in its bin. Raises Invalid."""
    kept = session().get(Reservation, reservation_id)
    if kept is None or kept.shipment_id != shipment.id or kept.status != ACTIVE or kept.level == HARD:
        raise Invalid({"reservation": [_("This is not to be picked for the shipment.")]})
    return kept


def pick_scanned(actor: Actor, shipment: Shipment, code: str, quantity: int) -> Reservation:
    """Take what the scanned label names, if the shipment wants it: one unit of a serialised lot, else so many.

    Raises ScanBlocked (counted as a prevented mis-shipment), Invalid and what `pick` raises.
    """
    refuse_unless_open(shipment)
    wanted = [one for one in shipments.goods_of(shipment) if not one.is_picked]
    if not wanted:
        raise Invalid({"code": [_("Everything is picked.")]})
    said = service.read_code(code)
    known = queries.known_of(said)
    of_product = [one for one in wanted if one.product.id == known.product_id] or wanted
    said, known = service.check_scan(actor, expected_of(shipment, of_product), code)
    here = [one for one in of_product if known.lot is None or one.kept.lot.lot_no == known.lot.lot_no]
    chosen = here[0]
    serials = (said.serial,) if chosen.kept.lot.serialised else ()
    most = 1 if serials else min(max(quantity, 1), chosen.kept.quantity)
    with session().begin_nested():  # a refusal of the ledger is undone, what the scan prevented is not
        return pick(actor, shipment, chosen.kept.id, most, serials=serials, scanned=code)


def expected_of(shipment: Shipment, wanted: Sequence[shipments.ToPick]) -> Expected:
    """What a scan must show when these are picked: the product of the first of them."""
    first: Product = wanted[0].product
    mine = [one for one in wanted if one.product.id == first.id]
    return Expected(
        purpose="pick",
        subject=Subject("shipment", shipment.id),
        product_id=first.id,
        sku=first.sku,
        day=shipment.arrives_on,
        lots=tuple(sorted({one.kept.lot.lot_no for one in mine})),
    )


def finish_picking(actor: Actor, shipment: Shipment) -> None:
    """Everything that is kept lies in the dispatch zone. Raises NotAllPicked, NothingToShip, HasLeft, IsHeld."""
    refuse_unless_open(shipment)
    goods = shipments.goods_of(shipment)
    if not goods:
        raise NothingToShip(order=orders.get_order(shipment.order_id).number)
    left = sum(one.kept.quantity for one in goods if not one.is_picked)
    if left:
        raise NotAllPicked(shipment=shipment.number, left=left)
    if shipment.status == "picked":
        return
    shipment.status = "picked"
    if shipment.leaves_on < clock.today():  # it was planned for a day that has passed
        _schedule(shipment, clock.now())
    note(actor, shipment, "picked", picks=[[one.kept.lot.lot_no, one.kept.quantity] for one in goods])


def put_back(actor: Actor, shipment: Shipment, reason: str) -> int:
    """What was picked goes back into its bins; answers the quantity."""
    quantity = 0
    for one in shipments.goods_of(shipment):
        if one.is_picked and one.kept.lot.status == "released":
            serials = one.picked.serials if one.picked else ()
            inventory.put_back(actor, one.kept.id, serials=serials, reason=reason or shipment.number)
            quantity += one.kept.quantity
    return quantity


def pack(actor: Actor, shipment: Shipment, given: dict[str, Any], as_of: datetime) -> None:
    """Into its box: SSCC, for cold goods a logger and a box within the range; the delivery note is made.

    `given`: logger, box_celsius, carton (a label that was scanned). Raises Invalid, ScanBlocked, HasLeft, IsHeld,
    NotAllPicked, NoCarrier.
    """
    finish_picking(actor, shipment)
    if given.get("carton"):
        check_carton(actor, shipment, str(given["carton"]), "pack")
    if not shipment.carrier:
        region = catalog.get_customer(orders.get_order(shipment.order_id).customer_id).region_code
        shipment.carrier = carrier_for(region, cold=shipment.cold, now=as_of)[0].code
    shipment.logger = " ".join(str(given.get("logger") or "").split())[:60]
    shipment.box_celsius = _celsius(given.get("box_celsius"))
    if shipment.cold:
        _refuse_warm(shipment)
    if service.has_prefix() and not shipment.sscc:
        shipment.sscc = service.give_sscc(actor, Subject("shipment", shipment.id)).sscc
    shipment.status, shipment.packed_at = "packed", clock.now()
    papers.issue_delivery_note(actor, shipment, as_of)
    note(actor, shipment, "packed", sscc=shipment.sscc, logger=shipment.logger, box_celsius=_text(shipment.box_celsius))


def _refuse_warm(shipment: Shipment) -> None:
    if not shipment.logger:
        raise Invalid({"logger": [_("Cold goods go with a temperature logger: enter its number.")]})
    if shipment.box_celsius is None:
        raise Invalid({"box_celsius": [_("Enter the temperature of the pre-cooled box.")]})
    for one in shipments.goods_of(shipment):
        if is_outside(shipment.box_celsius, one.product.storage_min_c, one.product.storage_max_c):
            why = _("Outside the range of %(sku)s: cool the box first.", sku=one.product.sku)
            raise Invalid({"box_celsius": [why]})


def _celsius(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value)).quantize(Decimal("0.1"))


def _text(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def depart(actor: Actor, shipment: Shipment, vehicle: str) -> None:
    """The carrier has taken the goods. Raises NotPacked, IsHeld, and MayNotLeave of the database's last guard."""
    refuse_unless_open(shipment)
    if shipment.status != "packed":
        raise NotPacked(shipment=shipment.number)
    way = inventory.outside(shipments.TRANSIT, shipment.id)
    gone = []
    for one in shipments.goods_of(shipment):
        if not one.is_picked:
            raise NotAllPicked(shipment=shipment.number, left=one.kept.quantity)
        serials = one.picked.serials if one.picked else ()
        inventory.ship(actor, one.kept.id, way, serials=serials, document=shipment.number)
        gone.append([one.kept.lot.lot_no, one.kept.quantity])
    if not gone:
        raise NothingToShip(order=orders.get_order(shipment.order_id).number)
    shipment.status, shipment.departed_at, shipment.vehicle = "in_transit", clock.now(), vehicle.strip()[:60]
    note(actor, shipment, "departed", goods=gone, vehicle=shipment.vehicle)


def hold(actor: Actor, shipment: Shipment) -> bool:
    """Stop while a change is decided; False when the goods have left."""
    if shipment.status not in OPEN:
        return False
    shipment.held = True
    note(actor, shipment, "held")
    return True


def resume(actor: Actor, shipment: Shipment) -> None:
    """The change has been decided."""
    if shipment.held:
        shipment.held = False
        note(actor, shipment, "resumed")


def stop(actor: Actor, shipment: Shipment, reason: str) -> None:
    """What was to be shipped has changed: the plan begins anew; what was picked stays picked. Raises HasLeft."""
    _refuse_left(shipment)
    shipment.held, shipment.status = False, "planned"
    note(actor, shipment, "stopped", reason=reason)


def void(actor: Actor, shipment: Shipment, reason: str) -> None:
    """It will not be shipped; what was picked goes back into its bins. Raises HasLeft."""
    _refuse_left(shipment)
    put_back(actor, shipment, reason)
    shipment.held, shipment.status = False, "void"
    note(actor, shipment, "void", reason=reason)


def _refuse_left(shipment: Shipment) -> None:
    if shipment.status not in OPEN:
        raise HasLeft(shipment=shipment.number)


def refuse_unless_open(shipment: Shipment) -> None:
    """Raises HasLeft, IsHeld."""
    _refuse_left(shipment)
    if shipment.held:
        raise IsHeld(shipment=shipment.number)


def note(actor: Actor, shipment: Shipment, verb: str, **details: Any) -> None:
    """Into the audit trail and to other systems."""
    order = orders.get_order(shipment.order_id)
    record(actor, f"shipment:{verb}", Subject("order", order.id), shipment=shipment.number, **details)
    events.tell_of(shipment, order, verb)
