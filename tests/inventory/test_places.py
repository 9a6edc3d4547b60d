"""Zones, bins, serial numbers, kits, the chain of the ledger, and what the database refuses by itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.catalog.models import ProductPackage
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.permissions import SYSTEM
from app.inventory import queries, service
from app.inventory.ledger import Movement, SerialElsewhere, post
from app.inventory.models import KitContent, LedgerEntry, Lot, Reservation, Serial
from app.inventory.service import Goods, Part
from tests.catalog.factories import make_product
from tests.inventory.factories import make_lot, make_warehouse

pytestmark = [pytest.mark.usefixtures("tx"), pytest.mark.any_database]
ARRIVAL = date(2026, 11, 25)
RECEIPT = {"made_on": "2026-10-01", "expires_on": "2028-10-01"}


def bin_of(code, warehouse=None):
    found = queries.find_bin((warehouse or make_warehouse()).id, code)
    assert found is not None
    return found


def where(lot):
    return {row.place.code: row.on_hand for row in queries.bins_of(lot.id)}


def receive(product, quantity=4, **more):
    return service.receive(
        SYSTEM, product, make_warehouse(), {"lot_no": new_id()[-9:], "quantity": quantity, **RECEIPT, **more}
    )


def test_goods_go_where_their_status_and_temperature_belong():
    cold = make_product(storage_min_c=Decimal(2), storage_max_c=Decimal(8))
    lot = receive(cold)
    assert where(lot) == {"QUA-2-8": 4}
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R")
    assert where(lot) == {"STO-2-8": 4}
    receive(cold, 3, lot_no=lot.lot_no)
    assert where(lot) == {"STO-2-8": 4, "QUA-2-8": 3}
    assert queries.available(cold.id, on=ARRIVAL) == 4
    assert service.put_away(SYSTEM, lot, make_warehouse(), reason="checked") == 3
    assert queries.available(cold.id, on=ARRIVAL) == 7
    service.reject_lot(SYSTEM, lot, reason="thawed")
    assert where(lot) == {"REJ": 7}
    service.recall_lot(SYSTEM, lot, reason="notice")
    assert where(lot) == {"REC": 7}
    with pytest.raises(service.NoZone):
        service.receive(
            SYSTEM, cold, make_warehouse(code="WARM", cold=False), {"lot_no": "W", "quantity": 1, **RECEIPT}
        )


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        ("quarantined", "STO", "not for goods of this status"),
        ("released", "REJ", "not for goods of this status"),
        ("released", "STO-2-8", None),
        ("recalled", "STO", "not for goods of this status"),
    ],
)
def test_a_wrong_zone_is_refused(status, code, why):
    lot = make_lot(on_hand=5, status=status)
    source = queries.bins_of(lot.id)[0].place
    if why is None:
        service.move(SYSTEM, Goods(lot, 2), source, bin_of(code), reason="room")
        assert where(lot) == {source.code: 3, code: 2}
        return
    with pytest.raises(service.WrongZone) as error:
        service.move(SYSTEM, Goods(lot, 2), source, bin_of(code), reason="room")
    assert why in error.value.sentence()


def test_cold_goods_do_not_go_into_a_warm_zone():
    lot = make_lot(make_product(storage_min_c=Decimal(2), storage_max_c=Decimal(8)))
    with pytest.raises(service.WrongZone) as error:
        service.move(SYSTEM, Goods(lot, 1), bin_of("STO-2-8"), bin_of("STO"), reason="room")
    assert "temperature" in error.value.sentence()
    with pytest.raises(service.NotThere):
        service.move(SYSTEM, Goods(lot, 101), bin_of("STO-2-8"), bin_of("DIS-2-8"), reason="too many")


def test_quantities_in_packages_are_exact():
    product = make_product()
    product.packages.append(ProductPackage(id=new_id(), di="16901234567897", quantity=12, base_quantity=12))
    lot = receive(product, 3, unit="16901234567897")
    assert where(lot) == {"QUA": 36}
    with pytest.raises(Invalid) as error:
        receive(product, 3, unit="BOX")
    assert list(error.value.details["fields"]) == ["unit"]


def test_each_unit_of_a_serialised_lot_is_known():
    product = make_product(serial_controlled=True)
    with pytest.raises(Invalid):
        receive(product, 2)
    lot = receive(product, 3, serials=["A1", "A2", "A3"])
    with pytest.raises(Invalid) as error:
        receive(product, 1, serials=["A3"])
    assert "A3" in str(error.value.details)
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R")
    kept = service.reserve(SYSTEM, "o", "l", product, 2, arrives_on=ARRIVAL)
    assert kept.short == 0
    (reservation,) = queries.reservations_of("o")
    with pytest.raises(Invalid):
        service.pick(SYSTEM, reservation.id, 1)
    with pytest.raises(Invalid):
        service.pick(SYSTEM, reservation.id, 1, serials=["B9"])
    picked = service.pick(SYSTEM, reservation.id, 1, serials=["A2"])
    service.ship(SYSTEM, picked.id, service.outside("transit", "s"), serials=["A2"])
    service.hand_over(
        SYSTEM, "deliver", Goods(lot, 1, ("A2",)), service.outside("transit", "s"), service.outside("customer", "c")
    )
    places = {serial.serial_no: place.kind for serial, place in session().execute(queries.serials_of(lot.id))}
    assert places == {"A1": "bin", "A2": "customer", "A3": "bin"}
    unit = session().scalars(select(Serial).where(Serial.serial_no == "A2")).one()
    trail = session().scalars(select(LedgerEntry).where(LedgerEntry.serial_id == unit.id).order_by(LedgerEntry.seq))
    assert [row.kind for row in trail] == ["receipt", "move", "pick", "ship", "deliver"]
    with pytest.raises(SerialElsewhere), session().begin_nested():
        post(SYSTEM, [Movement("move", lot.id, bin_of("STO"), bin_of("DIS"), 1, serial_ids=(unit.id,))])
    assert service.count(SYSTEM, lot, make_warehouse(), 1, serials=["A1"], reason="A3 is gone") == -1
    assert queries.differences() == []


def test_kits_keep_what_went_into_them():
    screw, plate, kit = make_product(), make_product(), make_product()
    service.set_parts(SYSTEM, kit, {screw.id: 4, plate.id: 1})
    with pytest.raises(Invalid):
        service.set_parts(SYSTEM, screw, {kit.id: 1})
    screws = make_lot(screw, on_hand=20, expires_on=date(2027, 3, 1))
    plates = make_lot(plate, on_hand=20)
    given = {"lot_no": "KIT-1", "quantity": 3}
    parts = [Part(screws, bin_of("STO"), 12), Part(plates, bin_of("STO"), 3)]
    with pytest.raises(service.WrongParts):
        service.assemble(SYSTEM, kit, make_warehouse(), given, parts[:1])
    lot = service.assemble(SYSTEM, kit, make_warehouse(), given, parts)
    assert (lot.status, lot.expires_on, where(lot)) == ("quarantined", date(2027, 3, 1), {"QUA": 3})
    assert where(screws) == {"STO": 8}
    service.take_apart(
        SYSTEM, lot, bin_of("QUA"), 1, [Part(screws, bin_of("STO"), 4), Part(plates, bin_of("STO"), 1)], reason="torn"
    )
    assert (where(screws), where(lot)) == ({"STO": 12}, {"QUA": 2})
    inside = {row.lot_id: row.quantity for row in session().scalars(select(KitContent)) if row.quantity > 0}
    assert inside == {screws.id: 12, plates.id: 3}
    assert queries.differences() == []
    held = make_lot(plate, on_hand=5, status="held")
    with pytest.raises(service.PartUnfit):
        service.assemble(
            SYSTEM,
            kit,
            make_warehouse(),
            given | {"lot_no": "KIT-2", "quantity": 1},
            [parts[0]._replace(quantity=4), Part(held, bin_of("STO"), 1)],
        )


def test_consigned_goods_are_not_sold_before_they_are_ours():
    product = make_product()
    lot = receive(product, 5, owner="supplier-1")
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R")
    assert queries.available(product.id, on=ARRIVAL) == 0
    service.take_over(SYSTEM, Goods(lot, 2, (), "supplier-1"), bin_of("QUA"), "own", reason="bought")
    service.put_away(SYSTEM, lot, make_warehouse(), reason="checked")
    assert queries.available(product.id, on=ARRIVAL) == 2
    assert queries.differences() == []


def test_a_release_makes_reservations_firm_and_a_part_can_be_picked_and_put_back():
    product = make_product()
    make_lot(product, on_hand=10)
    service.reserve(SYSTEM, "o", "l", product, 6, arrives_on=ARRIVAL)
    assert service.firm_up(SYSTEM, "o") == 6
    (kept,) = queries.reservations_of("o")
    picked = service.pick(SYSTEM, kept.id, 4)
    assert {(row.level, row.quantity) for row in queries.reservations_of("o")} == {("firm", 2), ("hard", 4)}
    with pytest.raises(service.NotReserved):
        service.ship(SYSTEM, kept.id, service.outside("transit", "s"))
    service.put_back(SYSTEM, picked.id, reason="changed")
    assert {row.level for row in queries.reservations_of("o")} == {"firm"}
    assert queries.differences() == []


@pytest.mark.parametrize("spoil", ["held", "expired", "no report"])
def test_the_database_lets_only_fit_stock_be_kept_and_leave(spoil):
    product = make_product(needs_inspection=True)
    lot = make_lot(product, on_hand=5)
    picked = service.reserve(SYSTEM, "o", "l", product, 2, arrives_on=ARRIVAL)
    assert picked.short == 0
    (kept,) = queries.reservations_of("o")
    hard = service.pick(SYSTEM, kept.id, 2)
    if spoil == "held":
        other = make_lot(product, on_hand=5, status="held")
    else:
        other = lot
        values = {"expires_on": clock.today().replace(day=1)} if spoil == "expired" else {"report_no": None}
        session().execute(update(Lot).where(Lot.id == lot.id).values(**values))
    row = {"id": new_id(), "order_id": "x", "order_line_id": "y", "lot_id": other.id, "quantity": 1}
    row |= {"place_id": bin_of("STO").id, "warehouse_id": make_warehouse().id, "level": "soft", "status": "active"}
    with pytest.raises(IntegrityError), session().begin_nested():
        session().execute(insert(Reservation), {**row, "arrives_on": ARRIVAL, "made_at": clock.now()})
    leaving = Movement("ship", other.id, hard.place, service.outside("transit", "s"), 1)
    with pytest.raises(IntegrityError), session().begin_nested():
        post(SYSTEM, [leaving._replace(source=bin_of("STO"))])
    session().expire_all()
    if spoil != "held":
        with pytest.raises(service.MayNotLeave):
            service.ship(SYSTEM, hard.id, service.outside("transit", "s"))


def test_a_recalled_lot_stays_recalled_in_the_database():
    lot = make_lot(status="recalled")
    with pytest.raises(IntegrityError), session().begin_nested():
        session().execute(update(Lot).where(Lot.id == lot.id).values(status="released"))


def test_an_altered_or_cut_ledger_is_noticed():
    lot = receive(make_product(), 5)
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R")
    assert list(queries.broken_links()) == []
    dialect = session().get_bind().dialect.name
    off = "DROP TRIGGER stock_ledger_no_{}" if dialect == "sqlite" else "ALTER TABLE stock_ledger DISABLE TRIGGER ALL"
    with pytest.raises(DBAPIError), session().begin_nested():
        session().execute(text("UPDATE stock_ledger SET quantity = 6"))
    for verb in ("update", "delete"):
        session().execute(text(off.format(verb)))
    session().execute(text("UPDATE stock_ledger SET quantity = 6 WHERE seq = 1"))
    assert [(row.seq, row.what) for row in queries.broken_links(lot.id)] == [(1, "altered")]
    assert {row.what for row in queries.differences()} == {"on_hand", "held"}
    session().execute(text("UPDATE stock_ledger SET quantity = 5 WHERE seq = 1"))
    session().execute(text("DELETE FROM stock_ledger WHERE seq = 2"))
    assert [(row.seq, row.what) for row in queries.broken_links(lot.id)] == [(2, "cut")]
