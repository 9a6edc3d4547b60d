"""The pages of shipments, in both languages: from the pick list to the receiver's signature, and what is refused."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.catalog.udi import gs1
from app.core import clock
from app.core.db import session
from app.core.kept import sums_of
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.shipping import dispatch, shipments
from app.shipping.models import PreventedMisship, ShipmentReading
from tests.catalog.factories import make_product
from tests.identity.factories import sign_in
from tests.inventory.factories import make_lot
from tests.shipping.world import make_dock

PHOTO = b"\xff\xd8\xff\xe0 photo"


@pytest.fixture
def dock(tx):
    made = make_dock()
    made.flow.plain.udi_di, made.flow.plain.issuer = gs1.with_check_digit("0690123456789"), "GS1"
    session().flush()
    return made


def label(lot) -> str:
    return f"(01){lot.product.udi_di}(10){lot.lot_no}"


def test_units_that_are_not_there_are_named_and_stay_in_sight(dock, client):
    client.set_cookie("language", "en")
    sign_in(client, dock.flow.users["wang"])
    kind = {"risk_class": 2, "registration_id": dock.flow.plain.registration_id, "udi_di": "06912345000031"}
    plate = make_product(sku="PLATE-1", serial_controlled=True, **kind)
    dates = {"made_on": "2026-06-01", "expires_on": "2028-06-01"}
    given = {"lot_no": "L1", "quantity": 5, "serials": ["P1", "P2", "P3", "P4", "P5"], **dates}
    lot = inventory.receive(dock.flow.actor("wang"), plate, stock.warehouses()[0], given)
    inventory.release_lot(dock.flow.actor("qa"), lot, reason="ok", report_no="R-1")
    _order, one = dock.release(product=plate, quantity=3, unit_price="100.00")
    (goods,) = shipments.goods_of(one)
    page = f"/shipments/{one.id}"
    assert all(f'value="{number}"' in client.get(f"{page}/pick").text for number in given["serials"])

    def report(units, reservation, status):
        data = {"reservation": reservation, "units": "1", "serial": units, "reason": "not in the bin"}
        answer = client.post(f"{page}/missing", data=data)
        assert answer.status_code == status, answer.text
        return answer.text

    for wrong in ([], ["P9"]):
        assert "Choose the serial numbers" in report(wrong, goods.kept.id, 422)
    dock.release(product=plate, quantity=1, unit_price="100.00")
    assert "report at most 4" in report(given["serials"], goods.kept.id, 422), "one is kept for another shipment"
    report(["P4"], goods.kept.id, 302)
    assert (shipments.goods_of(one)[0].kept.quantity, stock.lots_of(lot.id)[0].on_hand) == (3, 4), "it was free"
    report(["P1", "P2"], goods.kept.id, 302)
    session().expire_all()  # the verbs write past it
    (left,) = shipments.goods_of(one)
    shown = client.get(f"{page}/pick").text
    assert (left.kept.quantity, stock.lots_of(lot.id)[0].on_hand, stock.differences()) == (1, 2, [])
    assert f"2 {plate.uom} missing" in shown
    dispatch.pick(dock.flow.actor("wang"), one, left.kept.id, 1, serials=["P3"])
    shown = client.get(f"{page}/pick").text
    assert "All that is there is picked." in shown
    assert f"2 {plate.uom} missing" in shown
    _order, later = dock.release()
    one.leaves_on = clock.today() - timedelta(days=1)
    session().flush()
    shown = client.get("/shipments").text
    assert shown.count("should have left") == 1, "in words, not by colour alone"
    assert shown.index(one.number) < shown.index(later.number), "what must leave first stands on top"
    one.status = "in_transit"
    session().flush()
    shown = client.get("/shipments").text
    assert shown.index(one.number) > shown.index(later.number), "what is on its way comes after what is still here"
    one.status, later.status = "delivered", "in_transit"
    session().flush()
    assert client.get("/shipments").text.index(one.number) > client.get("/shipments").text.index(later.number)
    assert one.number in client.get("/shipments?status=delivered").text
    assert later.number not in client.get("/shipments?status=delivered").text


def test_from_the_pick_list_to_the_signature(dock, client):
    client.set_cookie("language", "en")
    sign_in(client, dock.flow.users["wang"])
    assert "No shipments yet" in client.get("/shipments").text
    other = make_lot(dock.flow.plain, on_hand=9, expires_on=clock.today() + timedelta(days=900))
    order, one = dock.release()
    page = f"/shipments/{one.id}"
    (line,) = shipments.goods_of(one)
    lot = line.kept.lot
    assert all(text in client.get("/shipments").text for text in (one.number, order.number, "Road freight"))
    assert one.number in client.get(f"/shipments?status=picking&q={order.number.lower()}").text
    assert one.number not in client.get("/shipments?status=packed").text
    assert "should have left" not in client.get("/shipments").text
    assert f'href="{page}/pick"' in client.get(page).text
    task = client.get(f"/tasks/{dock.task(one).id}").text
    assert f'href="{page}/pick"' in task
    assert f'href="{page}"' in client.get(f"/orders/{order.id}").text
    shown = client.get(f"{page}/pick").text
    assert all(text in shown for text in (lot.lot_no, "5 of 5 units", line.kept.place.code))

    def take(code, quantity, status):
        answer = client.post(f"{page}/pick", data={"code": code, "quantity": quantity})
        assert answer.status_code == status
        return answer.text

    assert "Stop: leave it where it is." in take(label(other), 1, 422)
    assert other.lot_no in take(label(other), 1, 422)
    assert session().scalar(select(func.count()).select_from(PreventedMisship)) == 2
    assert "This is not the label of the goods" in take(order.number, 1, 422)
    assert "Must be a whole number from 1" in take(label(lot), "0", 422)
    assert "This is required" in take(" ", 1, 422)
    take(label(lot), 3, 302)
    assert "2 of 5 units" in client.get(f"{page}/pick").text
    kept = next(row.kept.id for row in shipments.goods_of(one) if not row.is_picked)
    gone = {"reservation": kept, "found": "2", "reason": "not there"}
    missing = f"{page}/missing"
    for wrong, said in (
        ({"found": "2"}, "Must lie between 0 and 1"),
        ({"found": "x"}, "Must be a whole"),
        ({"reason": " "}, "required"),
        ({"reservation": "none"}, "not to be picked"),
    ):
        answer = client.post(missing, data={**gone, "found": "1", **wrong})
        assert (answer.status_code, said in answer.text) == (422, True), answer.text
    assert client.post(missing, data={**gone, "found": "1"}).status_code == 302
    assert stock.lots_of(lot.id)[0].on_hand == 3 + 1, "three are picked, one was found"
    take(label(lot), 9, 302)
    take(label(other), 9, 302)
    assert "Everything is picked." in client.get(f"{page}/pick").text
    assert client.post(f"{page}/pickup", data={"vehicle": "A1"}).status_code == 409
    dock.do("wang", one)
    dock.do("wang", one)
    assert client.post(f"{page}/pickup", data={"vehicle": ""}).status_code == 422
    assert client.post(f"{page}/pickup", data={"vehicle": "沪A12345", "carton": one.sscc}).status_code == 302
    assert take(label(other), 1, 409)
    assert "沪A12345" in client.get(page).text
    confirm = f"{page}/deliver"
    told = {
        "receiver": "Dr Chen",
        "carton": one.sscc,
        f"refused.{lot.id}": "1",
        f"reason.{lot.id}": "torn",
        "agreed": "1",
    }
    for wrong, said in (
        ({"receiver": ""}, "Enter the name"),
        ({"agreed": ""}, "must confirm it"),
        ({f"refused.{lot.id}": "6"}, "Must lie between 0 and 4"),
        ({f"reason.{lot.id}": ""}, "Say why"),
        ({"celsius": "NaN"}, "Enter a temperature"),
        ({"photo": (io.BytesIO(b"<svg>"), "x.jpg")}, "Only photos"),
    ):
        answer = client.post(confirm, data={**told, **wrong}, content_type="multipart/form-data")
        assert (answer.status_code, said in answer.text) == (422, True), said
    assert one.status == "in_transit"
    photo = {"photo": (io.BytesIO(PHOTO), "x.jpg")}
    assert client.post(confirm, data={**told, **photo}, content_type="multipart/form-data").status_code == 302
    assert (one.status, dock.at(one)) == ("delivered", ["settle"])
    assert client.post(confirm, data=told).status_code == 409
    client.set_cookie("language", "zh_Hans")
    proof = shipments.proof_of(one)
    shown = client.get(page).text
    for text in (
        "签收凭证",
        "Dr Chen",
        "torn",
        proof.sha256,
        sums_of([proof.photo_id])[proof.photo_id],
        "承运方已提货",
    ):
        assert text in shown, text
    assert client.get(f"{page}/photo").data == PHOTO
    assert "已签收" in client.get("/shipments?status=delivered").text
    assert stock.differences() == []


def test_cold_goods_with_their_curve(dock, client):
    client.set_cookie("language", "en")
    product = dock.flow.plain
    product.storage_min_c, product.storage_max_c = Decimal(2), Decimal(8)
    session().flush()
    make_lot(product, on_hand=10)
    _order, one = dock.release(quantity=3)
    dock.leave(one, logger="T-1", box_celsius=4.5)
    sign_in(client, dock.flow.users["tao"])
    page, begun = f"/shipments/{one.id}", one.departed_at
    assert "No readings yet" in client.get(page).text

    def upload(*rows, logger="T-1", head="at,celsius"):
        file = io.BytesIO("\n".join([head, *rows]).encode())
        data = {"logger": logger, "file": (file, "t.csv")}
        return client.post(f"{page}/readings", data=data, content_type="multipart/form-data")

    def row(minutes, celsius):
        return f"{(begun + timedelta(minutes=minutes)).isoformat()},{celsius}"

    with clock.moved(begun + timedelta(hours=3)):
        sign_in(client, dock.flow.users["tao"])
        for rows, said in (
            ([row(10, 5), "yesterday,5"], "Row 3: “yesterday” is no date"),
            ([row(10, 5), row(20, "warm")], "Row 3: “warm” is no number"),
            ([row(10, "NaN")], "Row 2: “NaN” is no number"),
            ([row(10, 500)], "Row 2: 500.0 °C is no temperature"),
            ([row(-90, 5)], "Row 2: A reading lies outside"),
            (["9999-12-31T23:59:59-23:59,5"], "Row 2:"),
            ([], "no readings"),
        ):
            answer = upload(*rows)
            assert (answer.status_code, said in answer.text) == (422, True), said
        assert "columns at and celsius" in upload("1,2", head="a,b").text
        assert session().scalar(select(func.count()).select_from(ShipmentReading)) == 0
        assert upload(*(row(10 * n, "5.0") for n in range(12)), logger="").status_code == 422
        assert upload(*(row(10 * n, "5.0") for n in range(12))).status_code == 302
        fine = client.get(page).text
        assert all(text in fine for text in ("<polyline", "always within the range", "12 readings", "5.0 °C … 5.0 °C"))
        assert upload(*(row(120 + 10 * n, "11.5") for n in range(6))).status_code == 302
        assert dock.at(one) == ["assess"]
        warm = client.get(page).text
        assert all(text in warm for text in ("outside for up to 1 hour", "curve-outside", "Mean kinetic temperature"))
        answer = client.post(
            f"{page}/deliver", data={"receiver": "Dr Chen", "carton": one.sscc, "celsius": "5", "agreed": "1"}
        )
        assert answer.status_code == 409
        assert "hand over only after it has decided" in answer.text
        assert one.status == "in_transit"
        sign_in(client, dock.flow.users["qa"])
        assert "curve-outside" in client.get(f"/tasks/{dock.task(one).id}").text


def test_what_was_recalled_on_its_way_is_not_handed_over(dock, client):
    client.set_cookie("language", "en")
    sign_in(client, dock.flow.users["wang"])
    _order, one = dock.release()
    lot = shipments.goods_of(one)[0].kept.lot
    dock.leave(one)
    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="notice 3")
    page = f"/shipments/{one.id}"
    assert "coming back" in client.get(page).text
    answer = client.post(f"{page}/deliver", data={"receiver": "Dr Chen", "agreed": "1"})
    assert (answer.status_code, one.status) == (409, "returning")
    dock.do("wang", one)
    assert {row.zone.kind for row in stock.bins_of(lot.id)} == {"recall"}
    assert stock.differences() == []


def test_held_void_and_strange_ones_explain_themselves(dock, client):
    client.set_cookie("language", "en")
    sign_in(client, dock.flow.users["wang"])
    _order, one = dock.release()
    page = f"/shipments/{one.id}"
    dock.say("hold.pick", one, change="CR-1")
    for address in (page, f"{page}/pick"):
        assert "A change of the order is being decided" in client.get(address).text
    (line,) = shipments.goods_of(one)
    answer = client.post(f"{page}/pick", data={"code": label(line.kept.lot), "quantity": 1})
    assert (answer.status_code, "is held" in answer.text) == (409, True)
    dock.say("order.cancelled", one, reason="not <b>wanted</b>")
    shown = client.get(page).text
    assert "It was stopped before it left" in shown
    assert "not &lt;b&gt;wanted" in shown
    assert "stopped before it left" in client.get(f"{page}/pick").text
    assert client.get("/shipments/none").status_code == 404
    assert client.get(f"{page}/photo").status_code == 404


def test_statements_do_not_grow(dock, client, statements):
    sign_in(client, dock.flow.users["wang"])
    _order, one = dock.release()
    addresses = ("/shipments", f"/shipments/{one.id}", f"/shipments/{one.id}/pick")

    def counted():
        found = []
        for address in addresses:
            session().expire_all()
            del statements[:]
            assert client.get(address).status_code == 200
            found.append(len(statements))
        return found

    counted()
    before = counted()
    for _number in range(3):
        dock.release()
    lots = [make_lot(dock.flow.plain, on_hand=4) for _number in range(3)]
    line = shipments.goods_of(one)[0].kept.order_line_id
    more = inventory.Wanted(line, dock.flow.plain, 5 + 4 * len(lots), one.arrives_on, 0)
    inventory.reserve_lines(dock.flow.actor("wang"), one.order_id, [more])
    session().expunge_all()
    assert counted() == before
