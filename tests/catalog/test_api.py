from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.catalog.factories import make_customer, make_product
from tests.identity.factories import bearer, make_user


@pytest.fixture
def headers(client: FlaskClient) -> dict[str, str]:
    return bearer(make_user(roles=("integration",)))


@pytest.mark.each_database
def test_products_are_listed_and_found(client: FlaskClient, headers: dict[str, str]) -> None:
    for number in range(3):
        make_product(sku=f"API-{number}")
    answer = client.get("/api/v1/products?q=api-&size=2", headers=headers)
    assert answer.status_code == 200
    assert [found["sku"] for found in answer.json["items"]] == ["API-0", "API-1"]
    assert (answer.json["total"], answer.json["page"], answer.json["size"]) == (3, 1, 2)
    one = client.get(f"/api/v1/products/{answer.json['items'][0]['id']}", headers=headers).json
    assert (one["list_price"], one["packages"], one["cold_chain"]) == ("100.00", [], False)


@pytest.mark.each_database
def test_customers_come_with_licences(client: FlaskClient, headers: dict[str, str]) -> None:
    customer = make_customer(code="H-1")
    assert client.get("/api/v1/customers?status=active", headers=headers).json["total"] == 1
    one = client.get(f"/api/v1/customers/{customer.id}", headers=headers).json
    assert one["code"] == "H-1"
    assert len(one["licences"]) == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/products/none", 404),
        ("/api/v1/customers/none", 404),
        ("/api/v1/products?size=0", 422),
        ("/api/v1/products?page=1.5", 422),
        ("/api/v1/customers?status=dead", 422),
        ("/api/v1/products?q=" + "x" * 101, 422),
    ],
)
def test_refusals(client: FlaskClient, headers: dict[str, str], address: str, status: int) -> None:
    answer = client.get(address, headers=headers)
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "message", "details"}


def test_without_a_token(client: FlaskClient) -> None:
    assert client.get("/api/v1/products").status_code == 401
