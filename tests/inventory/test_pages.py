from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient

from app.core.permissions import SYSTEM
from app.inventory import queries, service
from tests.catalog.factories import make_product
from tests.identity.factories import make_user, sign_in
from tests.inventory.factories import make_lot, make_warehouse
from tests.qualification.world import give_papers, make_supplier


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    client.set_cookie("language", "en")
    sign_in(client, make_user(roles=("admin",)))
    return client


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_stock_pages_open(admin: FlaskClient, language: str) -> None:
    product = make_product(sku="ST-1")
    lots = [
        make_lot(product, lot_no="<i>A", expires_on=date(2026, 12, 20)),
        make_lot(product, expires_on=date(2026, 11, 1)),
        make_lot(product, expires_on=None, status="recalled"),
    ]
    service.reserve(SYSTEM, "o", "l", product, 3, arrives_on=date(2026, 11, 24))
    addresses = ["/stock", "/stock?q=st-1&near=30&status=released", "/stock?q=zzz", f"/stock/{product.id}"]
    for address in [*addresses, *(f"/lots/{lot.id}" for lot in lots)]:
        admin.set_cookie("language", language)
        answer = admin.get(address)
        assert answer.status_code == 200, address
        assert "<i>A" not in answer.text
    assert admin.get("/lots/none").status_code == 404
    assert admin.get("/stock/none").status_code == 404


@pytest.mark.each_database
def test_near_expiry_and_lot_number_find_products(admin: FlaskClient) -> None:
    make_lot(make_product(sku="NEAR"), expires_on=date(2026, 12, 1), lot_no="QQ7")
    make_lot(make_product(sku="FAR"), expires_on=date(2028, 12, 1))
    near = admin.get("/stock?near=30").text
    assert "NEAR" in near
    assert "FAR" not in near
    assert "NEAR" in admin.get("/stock?q=qq7").text


def test_goods_are_received_and_released(admin: FlaskClient) -> None:
    product, warehouse = make_product(needs_inspection=True), make_warehouse()
    sent = {
        "lot_no": "N7",
        "made_on": "2026-10-01",
        "expires_on": "2028-10-01",
        "quantity": "12",
        "warehouse": warehouse.code,
    }
    assert admin.post(f"/stock/{product.id}/receive", data=sent).status_code == 302
    lot = queries.find_lot(product.id, "N7")
    assert lot is not None
    decision = {"status": "released", "reason": "all tests passed", "seen_version": str(lot.version)}
    missing = admin.post(f"/lots/{lot.id}/status", data=decision)
    assert missing.status_code == 422
    assert "no inspection report" in missing.text
    done = admin.post(f"/lots/{lot.id}/status", data={**decision, "report_no": "QC-1"})
    assert done.status_code == 302
    assert queries.available(product.id, on=date(2026, 11, 24)) == 12
    stale = admin.post(f"/lots/{lot.id}/status", data={**decision, "status": "held"})
    assert stale.status_code == 409


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quantity": "-3"}, "Quantity"),
        ({"quantity": "1e3"}, "Quantity"),
        ({"warehouse": "none"}, "Choose a warehouse"),
        ({"expires_on": ""}, "enter the expiry date"),
        ({"made_on": "2027-01-01"}, "Must not lie in the future"),
        ({"made_on": "31.12.2026"}, "Must be a date"),
    ],
)
def test_wrong_receipts_are_refused(admin: FlaskClient, wrong: dict[str, str], sentence: str) -> None:
    product, warehouse = make_product(), make_warehouse()
    right = {"lot_no": "N7", "made_on": "2026-10-01", "expires_on": "2028-10-01", "quantity": "12"}
    answer = admin.post(f"/stock/{product.id}/receive", data=right | {"warehouse": warehouse.code} | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert queries.find_lot(product.id, "N7") is None


def test_rights(client: FlaskClient) -> None:
    lot = make_lot()
    sign_in(client, make_user(roles=("warehouse",)))
    assert client.get(f"/lots/{lot.id}").status_code == 200
    assert client.post(f"/lots/{lot.id}/status", data={"status": "held", "reason": "x"}).status_code == 403
    sign_in(client, make_user(roles=("designer",)))
    assert client.get("/stock").status_code == 403


def test_goods_come_from_a_qualified_supplier(admin: FlaskClient) -> None:
    product, warehouse = make_product(risk_class=2), make_warehouse()
    dealer = make_supplier(status="active")
    sent = {
        "lot_no": "S1",
        "made_on": "2026-10-01",
        "expires_on": "2028-10-01",
        "quantity": "2",
        "warehouse": warehouse.code,
    }
    address = f"/stock/{product.id}/receive"
    unsaid = admin.post(address, data=sent)
    assert (unsaid.status_code, "Say who supplied the goods" in unsaid.text) == (422, True)
    refused = admin.post(address, data=sent | {"supplier": dealer.id})
    assert refused.status_code == 409
    assert "Test supplier" in refused.text
    assert queries.find_lot(product.id, "S1") is None
    give_papers(dealer)
    assert admin.post(address, data=sent | {"supplier": dealer.id}).status_code == 302
    lot = queries.find_lot(product.id, "S1")
    assert lot is not None
    assert [(place.kind, place.holder_id, number) for place, _owner, number in queries.holdings_of(lot.id)] == [
        ("supplier", dealer.id, -2)
    ]
    assert admin.post(address, data=sent | {"supplier": "nobody"}).status_code == 404
