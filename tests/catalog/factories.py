"""Master data for tests: plain functions, every argument optional. Everything made is valid on 2026-11-23."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from app.catalog.models import (
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.core import clock
from app.core.db import session
from app.core.ids import new_id

FROM = date(2024, 1, 1)
TO = date(2028, 12, 31)


def _keep(thing: Any) -> Any:
    session().add(thing)
    session().flush()
    return thing


def _tail(length: int = 8) -> str:
    return new_id()[-length:].upper()


def make_region(code: str = "310000", **over: Any) -> Region:
    """The region of that code, made if it is not there."""
    found = session().get(Region, code)
    if found is not None:
        for name, value in over.items():
            setattr(found, name, value)
        session().flush()
        return found
    given = {
        "name": {"en": f"Region {code}", "zh": f"地区{code}"},
        "lane_days_p50": 1,
        "lane_days_p95": 2,
        "cold_lane": True,
        "updated_at": clock.now(),
    }
    return _keep(Region(code=code, **{**given, **over}))


def make_registration(**over: Any) -> Registration:
    given = {
        "id": new_id(),
        "number": f"国械注准{_tail()}",
        "holder": "Example Maker Co.",
        "risk_class": 3,
        "valid_from": FROM,
        "valid_to": TO,
        "updated_at": clock.now(),
    }
    return _keep(Registration(**{**given, **over}))


def make_product(**over: Any) -> Product:
    """An active class III product with a valid registration, sold by lot; `registration_id=None` for one without."""
    if "registration_id" not in over:
        over["registration_id"] = make_registration(risk_class=over.get("risk_class", 3) or 3).id
    sku = over.pop("sku", f"SKU-{_tail()}")
    given = {
        "id": new_id(),
        "sku": sku,
        "name": f"试验产品{sku}",
        "name_en": f"Test product {sku}",
        "risk_class": 3,
        "category_code": "13-01",
        "list_price": Decimal("100.00"),
        "shelf_life_days": 730,
        "status": "active",
        "updated_at": clock.now(),
    }
    made = Product(**{**given, **over})
    made.search_text = " ".join(filter(None, (made.sku, made.udi_di, made.name, made.name_en))).lower()
    return _keep(made)


def make_customer(*, licensed: bool = True, **over: Any) -> Customer:
    """An active hospital of tier B with credit and (unless `licensed=False`) a licence for every class."""
    make_region(over.get("region_code", "310000"))
    code = over.pop("code", f"C-{_tail()}")
    given = {
        "id": new_id(),
        "code": code,
        "name": f"试验医院{code}",
        "name_en": f"Test hospital {code}",
        "kind": "hospital",
        "tier": "B",
        "region_code": "310000",
        "credit_limit": Decimal("1000000.00"),
        "cold_capable": True,
        "updated_at": clock.now(),
    }
    made = Customer(**{**given, **over})
    made.search_text = " ".join(filter(None, (made.code, made.uscc, made.name, made.name_en))).lower()
    _keep(made)
    if licensed:
        make_licence(customer_id=made.id)
    return made


def make_licence(**over: Any) -> Licence:
    """A valid licence for every class; ours unless `customer_id` is given."""
    given = {
        "id": new_id(),
        "owner_kind": "customer" if over.get("customer_id") else "us",
        "kind": "practice" if over.get("customer_id") else "trade",
        "number": f"L-{_tail()}",
        "risk_classes": [],
        "category_codes": [],
        "valid_from": FROM,
        "valid_to": TO,
        "updated_at": clock.now(),
    }
    return _keep(Licence(**{**given, **over}))


def make_authorisation(**over: Any) -> Authorisation:
    """An authorisation to us for every product and region, unless told otherwise."""
    given = {
        "id": new_id(),
        "number": f"AUTH-{_tail()}",
        "grantor": "Example Maker Co.",
        "product_ids": [],
        "region_codes": [],
        "valid_from": FROM,
        "valid_to": TO,
        "updated_at": clock.now(),
    }
    return _keep(Authorisation(**{**given, **over}))


def make_award(lines: list[tuple[Product, Any, int]] | None = None, **over: Any) -> TenderAward:
    """An award for region 310000; `lines` are (product, price ceiling, committed quantity)."""
    if "region_code" not in over and "customer_id" not in over:
        over["region_code"] = make_region().code
    given = {
        "id": new_id(),
        "number": f"TB-{_tail()}",
        "title": "集中带量采购",
        "valid_from": FROM,
        "valid_to": TO,
        "updated_at": clock.now(),
    }
    made = TenderAward(**{**given, **over})
    for number, (product, ceiling, committed) in enumerate(lines or [], start=1):
        made.lines.append(
            TenderAwardLine(
                id=new_id(),
                line_no=number,
                product_id=product.id,
                price_ceiling=Decimal(ceiling),
                committed_qty=committed,
            )
        )
    return _keep(made)


def make_contract(customer: Customer | None = None, **over: Any) -> Contract:
    if "customer_id" not in over:
        over["customer_id"] = (customer or make_customer()).id
    given = {
        "id": new_id(),
        "number": f"HT-{_tail()}",
        "sla_hours": 48,
        "penalty_pct_day": Decimal("0.5"),
        "valid_from": FROM,
        "valid_to": TO,
        "updated_at": clock.now(),
    }
    return _keep(Contract(**{**given, **over}))
