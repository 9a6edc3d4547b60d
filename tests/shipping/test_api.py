"""Other systems ship through the REST API: pick by lot, miss, fetch, measure, hand over; each thing once."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.core import clock, kept
from app.core.db import session
from app.inventory import queries as stock
from app.shipping import shipments
from tests.identity.factories import bearer
from tests.inventory.factories import make_lot
from tests.shipping.world import make_dock

URL = "/api/v1/shipments"


@pytest.fixture
def dock(tx):
    return make_dock()


class Robot:
    """Another system with a token."""

    def __init__(self, client, user) -> None:
        self.client, self.headers = client, bearer(user)

    def say(self, shipment, what, key=None, **body):
        more = {"Idempotency-Key": key} if key else {}
        return self.client.post(f"{URL}/{shipment.number}/{what}", json=body, headers={**self.headers, **more})


def wrong(answer, status=422):
    assert answer.status_code == status, answer.json
    return answer.json["error"]["details"].get("fields", {}).keys()


def test_from_pick_to_proof(dock, client):
    order, shipment = dock.release()
    wms, tms = Robot(client, dock.flow.users["wang"]), Robot(client, dock.flow.users["tao"])
    listed = client.get(URL, query_string={"order": order.number, "status": "picking"}, headers=wms.headers).json
    assert (listed["total"], listed["items"][0]["number"]) == (1, shipment.number)
    assert client.get(URL, query_string={"order": "SO-NONE"}, headers=wms.headers).json["items"] == []
    shown = client.get(f"{URL}/{shipment.id}", headers=wms.headers).json
    ((lot_no, reservation),) = [(one["lot_no"], one["reservation"]) for one in shown["goods"]]
    assert (shown["order"], shown["goods"][0]["picked"], shown["proof"]) == (order.number, False, None)
    for body, field in (
        ({}, "lot_no"),
        ({"lot_no": "NONE", "quantity": 1}, "lot_no"),
        ({"lot_no": lot_no, "product": "NONE"}, "product"),
        ({"lot_no": lot_no, "quantity": 6}, "quantity"),
        ({"lot_no": lot_no, "quantity": 2, "serials": ["S1"]}, "serials"),
        ({"reservation": "none", "quantity": 1}, "reservation"),
        ({"lot_no": lot_no, "code": "\x00"}, "code"),
    ):
        assert list(wrong(wms.say(shipment, "picks", **body))) == [field]
    assert wms.say(shipment, "picks", lot_no=lot_no, code="(01)06912345000024(10)X").status_code == 422
    first = wms.say(shipment, "picks", key="p-1", lot_no=lot_no, quantity=2)
    assert sorted((one["quantity"], one["picked"]) for one in first.json["goods"]) == [(2, True), (3, False)]
    again = wms.say(shipment, "picks", key="p-1", lot_no=lot_no, quantity=2)
    assert (again.headers["Idempotency-Replayed"], again.json["goods"]) == ("true", first.json["goods"])
    assert wms.say(shipment, "picks", key="p-1", lot_no=lot_no, quantity=3).status_code == 422
    assert tms.say(shipment, "picks", reservation=reservation, quantity=3).status_code == 403
    assert wms.say(shipment, "picks", reservation=reservation, quantity=3).status_code == 200
    assert tms.say(shipment, "pickup", vehicle="沪A12345").status_code == 409
    dock.do("wang", shipment)
    dock.do("wang", shipment)
    assert tms.say(shipment, "pickup", vehicle="沪A12345").json["status"] == "in_transit"
    assert tms.say(shipment, "pickup", vehicle="沪A12345").status_code == 409
    assert list(wrong(tms.say(shipment, "delivery", receiver="X"))) == ["receiver"]
    over = {"lot_no": lot_no, "quantity": 6, "reason": "torn"}
    assert list(wrong(tms.say(shipment, "delivery", receiver="Dr Chen", refused=[over]))) == ["refused"]
    for photo in ("no base64", base64.b64encode(b"GIF89a").decode(), 7):
        assert list(wrong(tms.say(shipment, "delivery", receiver="Dr Chen", photo=photo))) == ["photo"]
    photo = base64.b64encode(b"\xff\xd8\xff photo").decode()
    done = tms.say(shipment, "delivery", key="d-1", receiver="Dr Chen", photo=photo)
    assert (done.json["status"], done.json["proof"]["receiver"], len(done.json["goods"])) == ("delivered", "Dr Chen", 2)
    assert tms.say(shipment, "delivery", key="d-1", receiver="Dr Chen", photo=photo).json == done.json
    assert kept.content_of(shipments.proof_of(shipment).photo_id) == b"\xff\xd8\xff photo"
    assert tms.say(shipment, "delivery", receiver="Dr Li").status_code == 409
    assert wms.say(shipment, "picks", lot_no=lot_no, quantity=1).status_code == 409
    assert client.get(f"{URL}/none", headers=wms.headers).status_code == 404
    assert stock.differences() == []


def test_what_is_missing_is_taken_elsewhere(dock, client):
    _order, shipment = dock.release(quantity=50)
    spare, wms = (
        make_lot(dock.flow.plain, on_hand=20, expires_on=date(2028, 7, 1)),
        Robot(client, dock.flow.users["wang"]),
    )
    lot_no = shipments.goods_of(shipment)[0].kept.lot.lot_no
    said = {"lot_no": lot_no, "found": 45, "reason": "not in the bin"}
    for body, field in (({**said, "found": 50}, "found"), ({**said, "lot_no": ""}, "lot_no"), ({"found": 1}, "reason")):
        assert list(wrong(wms.say(shipment, "missing", **body))) == [field]
    assert wms.say(shipment, "missing", key="m", **said).json == {"short": 0}
    assert wms.say(shipment, "missing", key="m", **said).json == {"short": 0}
    kept = {one.kept.lot.lot_no: one.kept.quantity for one in shipments.goods_of(shipment)}
    assert kept == {lot_no: 45, spare.lot_no: 5}


def test_temperatures_on_the_way(dock, client):
    product = dock.flow.plain
    product.storage_min_c, product.storage_max_c = Decimal(2), Decimal(8)
    session().flush()
    make_lot(product, on_hand=10)
    _order, shipment = dock.release(quantity=3)
    tms = Robot(client, dock.flow.users["tao"])
    dock.leave(shipment, logger="T-1", box_celsius=4.5)
    with clock.moved(clock.now() + timedelta(hours=1)):
        at = clock.now().isoformat()
        for reading, field in (
            ({"at": at, "celsius": 400}, "readings.0.celsius"),
            ({"at": "soon", "celsius": 4}, "readings.0.at"),
            ({"at": "2030-01-01T00:00:00Z", "celsius": 4}, "readings"),
        ):
            assert list(wrong(tms.say(shipment, "readings", logger="T-1", readings=[reading]))) == [field]
        said = {"logger": "T-1", "readings": [{"at": at, "celsius": 4.5}]}
        assert tms.say(shipment, "readings", **said).json == {"fresh": 1, "outside": False}
        assert tms.say(shipment, "readings", **said).json == {"fresh": 0, "outside": False}
        assert list(wrong(tms.say(shipment, "delivery", receiver="Dr Chen"))) == ["celsius"]
        assert tms.say(shipment, "delivery", receiver="Dr Chen", celsius=4.5).json["proof"]["celsius"] == "4.5"
