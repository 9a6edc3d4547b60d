from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.catalog import queries
from app.catalog.models import ProductPackage
from app.core.db import session
from app.core.errors import NotFound
from app.core.ids import new_id
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_contract,
    make_customer,
    make_licence,
    make_product,
    make_region,
)

pytestmark = pytest.mark.usefixtures("tx")
TODAY = date(2026, 11, 23)


def test_find_product_by_every_identifier() -> None:
    product = make_product(sku="STENT-1", udi_di="00844588018923")
    package = ProductPackage(id=new_id(), product_id=product.id, di="10844588018920", quantity=10, base_quantity=10)
    session().add(package)
    session().flush()
    for text in ("STENT-1", " 00844588018923 ", "10844588018920"):
        assert queries.find_product(text) is product
    assert queries.find_product("STENT") is None
    assert queries.find_product("") is None


def test_wildcards_in_a_search_are_plain_text() -> None:
    make_product(sku="A-1", name="Mesh 50% cotton")
    make_product(sku="A-2", name="Mesh 500 cotton")
    assert [found.sku for found in queries.search_products("50%")] == ["A-1"]
    assert queries.search_products("A_1") == []


def test_search_puts_beginning_sku_first() -> None:
    make_product(sku="ZZ-9", name="holds X-ray film")
    make_product(sku="X-ray-1", name="viewer")
    assert [found.sku for found in queries.search_products("x-RAY")] == ["X-ray-1", "ZZ-9"]


def test_authorisations_cover_product_region_and_day() -> None:
    product, other = make_product(), make_product()
    dealer = make_customer(kind="distributor")
    granted = make_authorisation(
        grantee_customer_id=dealer.id,
        product_ids=[product.id],
        region_codes=["310000"],
        valid_to=TODAY,
    )
    ours = make_authorisation()
    assert queries.authorisations_for(dealer.id, product.id, "310000", TODAY) == [granted]
    assert queries.authorisations_for(dealer.id, other.id, "310000", TODAY) == []
    assert queries.authorisations_for(dealer.id, product.id, "110000", TODAY) == []
    assert queries.authorisations_for(dealer.id, product.id, "310000", date(2026, 11, 24)) == []
    assert queries.authorisations_for(None, other.id, "110000", TODAY) == [ours]


@pytest.mark.parametrize(
    ("risk_classes", "category_codes", "risk_class", "category", "expected"),
    [
        ([], [], None, "", True),
        ([2, 3], [], 3, "13-01", True),
        ([1, 2], [], 3, "13-01", False),
        ([2, 3], [], None, "13-01", False),
        ([], ["13"], 3, "13-01", True),
        ([], ["13-01"], 3, "13-01", True),
        ([], ["13-0"], 3, "13-01", False),
        ([], ["14"], 3, "13-01", False),
    ],
)
def test_licence_scope(
    risk_classes: list[int], category_codes: list[str], risk_class: int | None, category: str, expected: bool
) -> None:
    licence = make_licence(risk_classes=risk_classes, category_codes=category_codes)
    assert licence.covers(risk_class, category) is expected


@pytest.mark.parametrize(
    ("day", "standing"),
    [
        (date(2026, 9, 30), "future"),
        (date(2026, 10, 1), "valid"),
        (date(2026, 11, 30), "valid"),
        (date(2026, 12, 1), "lapsing"),
        (date(2026, 12, 31), "lapsing"),
        (date(2027, 1, 1), "expired"),
    ],
)
def test_standing_of_a_period(day: date, standing: str) -> None:
    licence = make_licence(valid_from=date(2026, 10, 1), valid_to=date(2026, 12, 31))
    assert licence.standing(day) == standing
    assert licence.valid_on(day) is (standing in ("valid", "lapsing"))


def test_awards_contracts_and_regions() -> None:
    product = make_product()
    award = make_award([(product, "80.00", 500)])
    contract = make_contract()
    assert queries.find_award(award.number) is award
    line = award.line_for(product.id)
    assert line is not None
    assert line.price_ceiling == Decimal("80.00")
    assert queries.find_contract(contract.number) is contract
    assert queries.region(make_region("440000").code).code == "440000"
    with pytest.raises(NotFound):
        queries.region("999999")
