"""Reserving first-expired-first-out, and giving back.

Locks: rows of lots, then of their balances, always in the order of the lots' ids; `reserve_lines` takes the products
of an order in the order of their ids. So two reservations neither over-allocate nor block each other for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, exists, insert, or_, select, true, update

from app.audit.service import record
from app.catalog.models import Product, Registration
from app.core import clock
from app.core.changing import changing
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory.ledger import keep
from app.inventory.models import (
    ACTIVE,
    FIRM,
    GIVEN_BACK,
    OWN,
    RELEASED,
    SOFT,
    Balance,
    Lot,
    LotCustomer,
    Reservation,
    Warehouse,
    may_arrive_in_sql,
    may_arrive_on,
    usable_in_sql,
    usable_on,
)

_reservations: Any = Reservation.__table__


class Taken(NamedTuple):
    """A quantity reserved from a lot in a bin of a warehouse."""

    lot: Lot
    warehouse: Warehouse
    place_id: str
    quantity: int


@dataclass(frozen=True)
class Reserved:
    """What a reservation got: `lines` from the lot that expires first on, `short` base units it did not get."""

    lines: list[Taken] = field(default_factory=list)
    short: int = 0


class Wanted(NamedTuple):
    """A quantity of a product for an order line, to be usable `min_remaining_days` after its arrival."""

    line_id: str
    product: Product
    quantity: int
    arrives_on: date
    min_remaining_days: int = 0
    customer_id: str = ""
    """Whose order it is: who may have lots that were released conditionally."""


def reserve(
    actor: Actor,
    order_id: str,
    line_id: str,
    product: Product,
    quantity: int,
    *,
    arrives_on: date,
    min_remaining_days: int = 0,
) -> Reserved:
    """Keep stock of one product for an order line, the lot that expires first before the next; as much as there is.

    Only lots that are released, made while the registration was valid, inspected where the product needs it, and with
    `min_remaining_days` of shelf life left on the day of arrival (at least until that day itself).
    """
    wanted = Wanted(line_id, product, quantity, arrives_on, min_remaining_days)
    return reserve_lines(actor, order_id, [wanted])[line_id]


def reserve_lines(actor: Actor, order_id: str, lines: Iterable[Wanted]) -> dict[str, Reserved]:
    """`reserve` for all lines of an order at once, by line id; products are locked in a fixed order."""
    results: dict[str, Reserved] = {}
    for wanted in sorted(lines, key=lambda line: (line.product.id, line.line_id)):
        results[wanted.line_id] = _reserve_line(actor, order_id, wanted)
    return results


def _reserve_line(actor: Actor, order_id: str, wanted: Wanted) -> Reserved:
    if wanted.quantity < 1:
        raise Invalid({"quantity": [_("Must be a whole number from 1 to 1,000,000.")]})
    taken = _pick(_feasible(wanted), wanted.quantity)
    if taken:
        keep_lots(actor, order_id, wanted, taken)
    return Reserved(taken, wanted.quantity - sum(line.quantity for line in taken))


def _feasible(wanted: Wanted) -> list[Taken]:
    """What is free of each lot that may go, its rows locked; the lot that expires first comes first."""
    lasts = usable_in_sql(wanted.arrives_on, spare_days=max(wanted.min_remaining_days, 0))
    allowed = exists().where(LotCustomer.lot_id == Lot.id, LotCustomer.customer_id == wanted.customer_id)
    goes = or_(Lot.conditional.is_(False), and_(may_arrive_in_sql(wanted.arrives_on), allowed))
    found = _free(Lot.product_id == wanted.product.id, lasts, goes, Balance.on_hand > Balance.reserved)
    return sorted(found, key=_first_out)


def free_stock(product_ids: Collection[str]) -> list[Taken]:
    """What is free of each lot of the products that may go at all, nought included; their rows locked, by lot."""
    return _free(Lot.product_id.in_(product_ids), usable_in_sql(clock.today()))


def _free(*conditions: Any) -> list[Taken]:
    statement = (
        select(Lot, Warehouse, Balance.place_id, Balance.on_hand - Balance.reserved)
        .join(Balance, Balance.lot_id == Lot.id)
        .join(Warehouse, Warehouse.id == Balance.warehouse_id)
        .join(Product, Product.id == Lot.product_id)
        .join(Registration, Registration.id == Product.registration_id)
        .where(
            Lot.status == RELEASED,
            Lot.made_on >= Registration.valid_from,
            Lot.made_on <= Registration.valid_to,
            or_(Product.needs_inspection.is_(False), Lot.report_no.is_not(None)),
            Balance.pickable,
            *conditions,
        )
        .order_by(Lot.id, Balance.place_id)
        .with_for_update(of=[Lot, Balance], key_share=True)
    )
    return [Taken(*row) for row in session().execute(statement)]


def _first_out(row: Taken) -> tuple[Any, ...]:
    return row.lot.expires_on or date.max, row.lot.made_on, row.lot.id, row.warehouse.id, row.place_id


def _pick(feasible: list[Taken], quantity: int) -> list[Taken]:
    taken: list[Taken] = []
    for row in feasible:
        if quantity <= 0:
            break
        part = min(row.quantity, quantity)
        taken.append(row._replace(quantity=part))
        quantity -= part
    return taken


def keep_lots(actor: Actor, order_id: str, wanted: Wanted, taken: list[Taken]) -> None:
    """Keep these quantities for an order line. The caller holds the rows of lots and balances (`free_stock`).

    Raises IntegrityError beyond what is free, or when a lot may not go.
    """
    at = clock.now()
    session().execute(
        insert(_reservations),
        [
            {
                "id": new_id(),
                "order_id": order_id,
                "order_line_id": wanted.line_id,
                "lot_id": row.lot.id,
                "place_id": row.place_id,
                "warehouse_id": row.warehouse.id,
                "quantity": row.quantity,
                "level": SOFT,
                "status": ACTIVE,
                "arrives_on": wanted.arrives_on,
                "made_at": at,
            }
            for row in taken
        ],
        execution_options=changing([{"order_id": order_id}]),
    )
    keep({(row.lot.id, row.place_id, OWN): row.quantity for row in taken})
    record(
        actor,
        "reservation:make",
        Subject("order", order_id),
        line_id=wanted.line_id,
        product_id=wanted.product.id,
        lots=[[row.lot.lot_no, row.warehouse.code, row.quantity] for row in taken],
    )


def release_reservations(actor: Actor, order_id: str, reason: str, *, shipment_id: str = "") -> int:
    """Give back everything kept for the order, or for this shipment of it; answers the number of base units. Nothing
    kept: nothing happens."""
    kept = active(_of(order_id, shipment_id))
    given_back = give_back(kept)
    if given_back:
        record(actor, "reservation:release", Subject("order", order_id), quantity=given_back, reason=reason)
    return given_back


def give_up(actor: Actor, reservation_id: str, reason: str) -> int:
    """End one reservation: what it kept is free again; answers the quantity. None when it has ended already."""
    kept = active(Reservation.id == reservation_id)
    given_back = give_back(kept)
    if kept:
        record(actor, "reservation:release", Subject("order", kept[0].order_id), quantity=given_back, reason=reason)
    return given_back


def give_back_unfit(actor: Actor, order_id: str, lines: Iterable[Wanted]) -> int:
    """Give back what is kept for these lines of the order in lots that may no longer go, or would arrive too
    short-dated by now; answers the number of base units. The locks stay, as those of `reserve` do."""
    wanted = {line.line_id: line for line in lines}
    kept = active(Reservation.order_id == order_id)
    unfit = [row for row in kept if row.order_line_id in wanted and not _fits(row.lot, wanted[row.order_line_id])]
    given_back = give_back(unfit)
    if given_back:
        record(actor, "reservation:release", Subject("order", order_id), quantity=given_back, reason="unfit")
    return given_back


def _fits(lot: Lot, wanted: Wanted) -> bool:
    """What `_feasible` asks of a lot, for one at hand."""
    registration = wanted.product.registration
    return (
        lot.status == RELEASED
        and may_arrive_on(lot, wanted.arrives_on)
        and usable_on(lot, wanted.arrives_on, spare_days=max(wanted.min_remaining_days, 0))
        and registration is not None
        and registration.valid_on(lot.made_on)
        and bool(lot.report_no or not wanted.product.needs_inspection)
    )


def active(condition: Any) -> list[Reservation]:
    """Active reservations; the rows of their lots are locked first, in the order in which `reserve` locks them."""
    lots = select(Reservation.lot_id).where(condition, Reservation.status == ACTIVE)
    locked = select(Lot).where(Lot.id.in_(lots)).order_by(Lot.id).with_for_update(key_share=True)
    session().scalars(locked.execution_options(populate_existing=True)).all()
    wanted = (
        select(Reservation)
        .where(condition, Reservation.status == ACTIVE)
        .order_by(Reservation.lot_id, Reservation.place_id, Reservation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(session().scalars(wanted))


def give_back(kept: list[Reservation]) -> int:
    """End these reservations, which `active` has locked; answers the number of base units that are free again."""
    if not kept:
        return 0
    ended = {"status": GIVEN_BACK, "ended_at": clock.now()}
    session().execute(
        update(Reservation).where(Reservation.id.in_([row.id for row in kept])).values(**ended),
        execution_options=changing({"order_id": row.order_id} for row in kept),
    )
    less: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in kept:
        less[row.lot_id, row.place_id, OWN] -= row.quantity
    keep(less)
    return sum(row.quantity for row in kept)


def arrive_on(order_id: str, day: date) -> None:
    """What is kept for the order is to arrive on another day: until then its lots must last."""
    for row in active(Reservation.order_id == order_id):
        row.arrives_on = day
    session().flush()


def _of(order_id: str, shipment_id: str) -> Any:
    return and_(Reservation.order_id == order_id, Reservation.shipment_id == shipment_id if shipment_id else true())


def cut(kept: Reservation, quantity: int) -> Reservation:
    """A part of a reservation as one of its own, like it in all else; the caller holds its row (`active`)."""
    kept.quantity -= quantity
    names = ("order_id", "order_line_id", "shipment_id", "lot_id", "place_id", "warehouse_id", "level", "status")
    given = {name: getattr(kept, name) for name in (*names, "arrives_on", "made_at")}
    part = Reservation(id=new_id(), quantity=quantity, **given)
    session().add(part)
    session().flush()
    return part


def firm_up(actor: Actor, order_id: str, *, shipment_id: str = "") -> int:
    """The order is released: what is softly kept for it stays with it; of one of its shipments, if that is named.
    Answers the number of base units firm now."""
    kept = [row for row in active(_of(order_id, shipment_id)) if row.level == SOFT]
    for row in kept:
        row.level = FIRM
    session().flush()
    quantity = sum(row.quantity for row in kept)
    if quantity:
        record(actor, "reservation:firm", Subject("order", order_id), quantity=quantity)
    return quantity
