"""Pages of master data, used as people use them."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.queries import entries_of
from app.catalog import queries
from app.catalog.models import Authorisation, Licence, Product
from app.core.db import session
from app.core.subject import Subject
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_contract,
    make_customer,
    make_licence,
    make_product,
    make_region,
    make_registration,
)
from tests.identity.factories import make_user, sign_in

KINDS = ("product", "customer", "registration", "licence", "authorisation", "contract", "award", "region")
PERIOD = {"valid_from": "2026-01-01", "valid_to": "2027-12-31"}
GTIN, BOX = "00844588018923", "10844588018920"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    client.set_cookie("language", "en")
    sign_in(client, make_user(roles=("admin",)))
    return client


def made() -> dict[str, str]:
    """One record of each kind; their ids."""
    product = make_product(udi_di=GTIN, name="<b>支架</b>")
    customer = make_customer(kind="distributor")
    return {
        "product": product.id,
        "customer": customer.id,
        "registration": str(product.registration_id),
        "licence": make_licence(customer_id=customer.id, valid_to=date(2026, 12, 1)).id,
        "authorisation": make_authorisation(grantee_customer_id=customer.id, product_ids=[product.id]).id,
        "contract": make_contract(customer).id,
        "award": make_award([(product, "80", 5)]).id,
        "region": make_region("440000").code,
    }


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_every_page_opens(admin: FlaskClient, language: str) -> None:
    ids = made()
    for kind in KINDS:
        for address in (
            f"/{kind}s",
            f"/{kind}s?q=x&sort=-number&page=2",
            f"/{kind}s/new",
            f"/{kind}s/{ids[kind]}",
            f"/{kind}s/{ids[kind]}/edit",
        ):
            admin.set_cookie("language", language)
            answer = admin.get(address)
            assert answer.status_code == 200, address
            assert "<b>支架</b>" not in answer.text
        fragment = admin.get(f"/{kind}s", headers={"HX-Request": "true"})
        assert "<html" not in fragment.text
        assert admin.get(f"/{kind}s/nothing").status_code == 404


def test_product_is_entered_and_edited(admin: FlaskClient) -> None:
    registration = make_registration(risk_class=3)
    sent = {
        "sku": "STENT-1",
        "name": "冠脉支架",
        "udi_di": GTIN,
        "issuer": "GS1",
        "risk_class": "3",
        "registration_id": registration.number,
        "status": "active",
        "list_price": "8900.00",
        "storage_min_c": "2",
        "storage_max_c": "8",
        "lot_controlled": "1",
        "uom": "EA",
        "packages-0-di": BOX,
        "packages-0-quantity": "5",
        "packages-1-di": "",
    }
    answer = admin.post("/products/new", data=sent)
    assert answer.status_code == 302
    product = queries.find_product(BOX)
    assert product is not None
    assert (product.sku, product.cold_chain, product.registration_id) == ("STENT-1", True, registration.id)
    assert product.packages[0].base_quantity == 5
    edited = admin.post(
        f"/products/{product.id}/edit", data={**sent, "name": "支架二代", "seen_version": product.version}
    )
    assert edited.status_code == 302
    assert product.name == "支架二代"
    entries = entries_of(Subject("product", product.id))
    assert {entry.action for entry in entries} == {"product:create", "product:change"}
    changes = next(entry.details["changes"] for entry in entries if entry.action == "product:change")
    assert changes == {"name": ["冠脉支架", "支架二代"]}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sku": ""}, "This is required"),
        ({"udi_di": "00844588018924"}, "check digit is 4, should be 3"),
        ({"storage_max_c": "1"}, "Must not be below the lowest temperature"),
        ({"storage_max_c": "1e400"}, "Must lie between"),
        ({"list_price": "-1"}, "Must be an amount"),
        ({"shelf_life_days": "1.5"}, "Must be a whole number"),
        ({"shelf_life_days": "99999999999999"}, "Must be a whole number"),
        ({"status": "active"}, "An active product needs a risk class"),
        ({"registration_id": "nothing"}, "nothing is not known"),
        ({"packages-0-di": BOX, "packages-0-quantity": "0"}, "Must lie between 1 and"),
        ({"packages-0-di": BOX, "packages-0-quantity": "2", "packages-0-contains_di": "1"}, "must contain the product"),
        ({"packages-0-di": "10844588018921", "packages-0-quantity": "2"}, "check digit"),
        ({"name": "bell\x07"}, "cannot be shown"),
    ],
)
def test_wrong_product_fields_are_named(admin: FlaskClient, wrong: dict[str, str], sentence: str) -> None:
    right = {"sku": "S1", "name": "n", "udi_di": GTIN, "issuer": "GS1", "storage_min_c": "2", "status": "draft"}
    answer = admin.post("/products/new", data=right | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert session().scalar(select(Product.id).where(Product.sku == "S1")) is None


def test_a_stale_edit_is_refused(admin: FlaskClient) -> None:
    customer = make_customer()
    form = {
        "code": customer.code,
        "name": "first",
        "kind": "hospital",
        "tier": "A",
        "region_code": "310000",
        "status": "active",
    }
    address = f"/customers/{customer.id}/edit"
    seen = customer.version
    assert admin.post(address, data={**form, "seen_version": seen}).status_code == 302
    late = admin.post(address, data={**form, "name": "second", "seen_version": seen})
    assert late.status_code == 409
    assert "you saw version" in late.text
    assert customer.name == "first"


def test_customer_with_a_wrong_credit_code_is_refused(admin: FlaskClient) -> None:
    make_region()
    form = {"code": "H1", "name": "医院", "kind": "hospital", "region_code": "310000"}
    bad = admin.post("/customers/new", data=form | {"uscc": "91110000600037341A"})
    assert bad.status_code == 422
    assert "check digit" in bad.text
    assert admin.post("/customers/new", data=form | {"uscc": "91110000600037341L"}).status_code == 302
    again = admin.post("/customers/new", data=form | {"code": "H2", "uscc": "91110000600037341L"})
    assert "already in use" in again.text


def test_licence_authorisation_contract_and_award_are_entered_by_code(admin: FlaskClient) -> None:
    product, dealer = make_product(), make_customer(kind="distributor")
    licence = {"kind": "trade", "number": "沪2026", "customer_id": dealer.code, "risk_classes": "3 2", **PERIOD}
    assert admin.post("/licences/new", data=licence).status_code == 302
    stored = session().scalars(select(Licence).where(Licence.number == "沪2026")).one()
    assert (stored.customer_id, stored.risk_classes, stored.owner_kind) == (dealer.id, [2, 3], "customer")
    granted = {
        "number": "AUTH-1",
        "grantee_customer_id": dealer.code,
        "product_ids": product.sku,
        "region_codes": "310000",
        **PERIOD,
    }
    assert admin.post("/authorisations/new", data=granted).status_code == 302
    authorisation = session().scalars(select(Authorisation).where(Authorisation.number == "AUTH-1")).one()
    assert authorisation.product_ids == [product.id]
    contract = {"number": "HT-1", "customer_id": dealer.code, "sla_hours": "24", "penalty_pct_day": "0.5", **PERIOD}
    assert admin.post("/contracts/new", data=contract).status_code == 302
    award = {
        "number": "TB-1",
        "region_code": "310000",
        "lines-0-product_id": product.sku,
        "lines-0-price_ceiling": "88.50",
        "lines-0-committed_qty": "100",
        **PERIOD,
    }
    assert admin.post("/awards/new", data=award).status_code == 302
    found = queries.find_award("TB-1")
    assert found is not None
    assert found.lines[0].product_id == product.id
    region = {"code": "510000", "zh": "四川", "en": "Sichuan", "lane_days_p50": "3", "lane_days_p95": "5"}
    assert admin.post("/regions/new", data=region).status_code == 302
    assert queries.region("510000").name == {"zh": "四川", "en": "Sichuan"}


@pytest.mark.parametrize(
    ("kind", "wrong", "sentence"),
    [
        ("licence", {"kind": "trade", "number": "1", "valid_from": "2027-01-01", "valid_to": "2026-01-01"}, "end lies"),
        ("licence", {"kind": "trade", "number": "1", "customer_id": "??", **PERIOD}, "?? is not known"),
        ("licence", {"kind": "nonsense", "number": "1", **PERIOD}, "Must be one of"),
        ("authorisation", {"number": "1", "product_ids": "??", **PERIOD}, "?? is not known"),
        ("award", {"number": "1", "region_code": "310000", **PERIOD}, "1 to 2,000 lines"),
        ("award", {"number": "1", "lines-0-product_id": "??", "lines-0-price_ceiling": "1", **PERIOD}, "Name a region"),
        ("region", {"code": "1", "zh": "a", "en": "b", "lane_days_p50": "3", "lane_days_p95": "2"}, "usual number"),
    ],
)
def test_wrong_records_are_refused(admin: FlaskClient, kind: str, wrong: dict[str, str], sentence: str) -> None:
    make_region()
    answer = admin.post(f"/{kind}s/new", data=wrong)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_validity_is_shown_as_a_badge(admin: FlaskClient) -> None:
    make_licence(number="ALIVE")
    make_licence(number="SOON", valid_to=date(2026, 12, 1))
    make_licence(number="DEAD", valid_to=date(2026, 11, 22))
    text = admin.get("/licences").text
    assert "8 days left" in text
    assert "expired" in text
    lapsing = admin.get("/licences?validity=lapsing").text
    assert "SOON" in lapsing
    assert "ALIVE" not in lapsing
    assert "DEAD" not in lapsing


@pytest.mark.each_database
def test_lists_search_filter_sort_and_page(admin: FlaskClient) -> None:
    for number in range(60):
        make_product(sku=f"P-{number:03}", risk_class=2 + number % 2, list_price=number)
    first = admin.get("/products").text
    assert "P-049" in first
    assert "P-050" not in first
    assert "P-059" in admin.get("/products?page=2").text
    assert "P-059" in admin.get("/products?sort=-list_price").text
    assert "P-001" not in admin.get("/products?risk_class=2").text
    assert "P-044" in admin.get("/products?q=p-04").text
    assert "Nothing found" in admin.get("/products?q=absent").text
    assert admin.get("/products?page=x&risk_class=9&sort=evil&status=%27").status_code == 200


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exports_hold_no_formula(admin: FlaskClient, kind: str) -> None:
    make_product(sku="=1+1", name="@SUM(A1)")
    answer = admin.get(f"/products/export.{kind}?q=%3D1")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    if kind == "csv":
        assert "'=1+1,'@SUM(A1)" in answer.data.decode("utf-8-sig")
    else:
        row = next(load_workbook(io.BytesIO(answer.data)).active.iter_rows(min_row=2, max_row=2))
        assert [cell.data_type for cell in row[:2]] == ["s", "s"]
        assert row[0].value == "'=1+1"
    assert admin.get("/customers/export.csv").status_code == 200
    assert admin.get("/products/export.exe").status_code == 404


@pytest.mark.each_database
def test_suggestions_for_typing_fields(admin: FlaskClient) -> None:
    for number in range(30):
        make_product(sku=f"SUG-{number:02}")
    make_customer(code="H-77", name="第一医院")
    products: list[dict[str, Any]] = admin.get("/products/suggest?q=sug").json
    assert len(products) == 20
    assert {"id", "sku", "name", "udi"} <= products[0].keys()
    assert admin.get("/products/suggest?q=").json == []
    assert [found["value"] for found in admin.get("/customers/suggest?q=第一").json] == ["H-77"]


@pytest.mark.parametrize(
    ("role", "address", "status"),
    [
        ("designer", "/products", 200),
        ("designer", "/customers", 403),
        ("warehouse", "/customers", 200),
        ("warehouse", "/customers/new", 403),
        ("sales", "/customers/new", 200),
        ("sales", "/licences/new", 403),
        ("qa_ra", "/licences/new", 200),
    ],
)
def test_rights(client: FlaskClient, role: str, address: str, status: int) -> None:
    sign_in(client, make_user(roles=(role,)))
    assert client.get(address).status_code == status


def test_nobody_signed_in_sees_nothing(client: FlaskClient) -> None:
    assert client.get("/products").status_code == 302
    assert client.post("/products/new", data={}).status_code in (302, 401)
