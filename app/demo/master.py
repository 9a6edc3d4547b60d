"""The demo world's master data and stock, made through the services, so that each has its audit trail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from stdnum import ean
from stdnum.cn import uscc

from app.catalog import service as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.permissions import Actor
from app.demo.goods import DEVICES, Device
from app.demo.places import CITIES, DISTRIBUTORS, HOSPITALS, REGIONS, WAREHOUSES
from app.inventory import service as inventory
from app.inventory.models import Warehouse

PREFIX = "06999990"
"""A GS1 prefix that no company holds, so that no demo identifier is anybody's."""
OUR_CATEGORIES: list[str] = []
"""Our trade licence covers every category."""


@dataclass
class World:
    """What orders are drawn from."""

    products: list[Product] = field(default_factory=list)
    hospitals: list[Customer] = field(default_factory=list)
    distributors: list[Customer] = field(default_factory=list)
    authorisations: dict[str, str] = field(default_factory=dict)
    """Distributor's id → number of its authorisation."""
    scopes: dict[str, list[Product]] = field(default_factory=dict)
    """Distributor's id → products it is authorised for and licensed to trade."""
    awards: dict[str, tuple[str, dict[str, Decimal]]] = field(default_factory=dict)
    """Region → number of its tender award and the price ceiling of each product id."""
    contracts: dict[str, str] = field(default_factory=dict)
    """Customer's id → number of its contract."""
    warehouses: list[Warehouse] = field(default_factory=list)


def build(actor: Actor, rng: random.Random) -> World:
    """Everything that must exist before the first order."""
    world = World()
    for place in REGIONS:
        catalog.create_region(
            actor,
            {
                "code": place.code,
                "name": {"en": place.en, "zh": place.zh},
                "lane_days_p50": place.days_p50,
                "lane_days_p95": place.days_p95,
                "cold_lane": place.cold,
            },
        )
    for code, en, zh, region, cold in WAREHOUSES:
        world.warehouses.append(
            inventory.create_warehouse(actor, code=code, name={"en": en, "zh": zh}, region_code=region, cold=cold)
        )
    _license_us(actor)
    _make_products(actor, world)
    _make_customers(actor, world, rng)
    _make_papers(actor, world, rng)
    _receive_stock(actor, world, rng)
    return world


def from_to(before: int, after: int) -> dict[str, str]:
    """A period around today, in days."""
    day = clock.today()
    return {
        "valid_from": (day - timedelta(days=before)).isoformat(),
        "valid_to": (day + timedelta(days=after)).isoformat(),
    }


def _license_us(actor: Actor) -> None:
    for kind, number in (("business", "演示营执0001"), ("trade", "演示经许0001")):
        catalog.create_licence(actor, {"kind": kind, "number": number, **from_to(700, 1100)})


def _numbered_devices() -> Iterator[tuple[int, Device, str]]:
    number = 0
    for device in DEVICES:
        for variant in device.variants:
            number += 1
            yield number, device, variant


def _make_products(actor: Actor, world: World) -> None:
    registrations: dict[str, str] = {}
    for number, device, variant in _numbered_devices():
        if device.zh not in registrations:
            # Two certificates are about to lapse, so that the rules have something to warn of.
            days = 45 if device.group in ("haemostat", "mesh") else 900
            made = catalog.create_registration(
                actor,
                {
                    "number": f"演示械注{2020 + device.risk_class}{device.risk_class}{number:04d}",
                    "holder": "序和医疗（演示）",
                    "risk_class": device.risk_class,
                    **from_to(900, days),
                },
            )
            registrations[device.zh] = made.id
        world.products.append(_product(actor, number, device, variant, registrations[device.zh]))


def _product(actor: Actor, number: int, device: Device, variant: str, registration_id: str) -> Product:
    low, high = device.storage or (None, None)
    di = gtin(number)
    flags = device.flags
    return catalog.create_product(
        actor,
        {
            "sku": f"YX-{number:03d}",
            "udi_di": di,
            "name": f"{device.zh} {variant}".strip(),
            "name_en": f"{device.en} {variant}".strip(),
            "model": variant,
            "manufacturer": "序和医疗（演示）",
            "risk_class": device.risk_class,
            "category_code": device.category,
            "implantable": "implant" in flags,
            "sterile": "sterile" in flags,
            "life_supporting": "life" in flags,
            "high_value": "high_value" in flags,
            "needs_inspection": "inspect" in flags,
            "serial_controlled": "serial" in flags,
            "storage_min_c": low,
            "storage_max_c": high,
            "shelf_life_days": device.shelf_life,
            "list_price": str(device.price),
            "registration_id": registration_id,
            "min_remaining_days": 30 if device.shelf_life < 600 else 90,
            "substitution_group": device.group,
            "status": "active",
            "packages": [{"di": gtin(number + 500), "contains_di": di, "quantity": 10}] if device.price < 500 else [],
        },
    )


def gtin(number: int) -> str:
    """A GTIN-14 of the demo prefix with its check digit."""
    body = f"{PREFIX}{number:05d}"
    return body + ean.calc_check_digit(body)


def credit_code(number: int) -> str:
    """A unified social credit code with its check character, in a district that does not exist."""
    body = f"91990000{number:08d}X"
    return body + uscc.calc_check_digit(body)


def _contacts(house: str, *, written: bool = True) -> list[dict[str, str]]:
    """Who orders and who is told of recalls; not `written`: by telephone alone. None of it leads anywhere."""
    email = f"recall@{house}.example" if written else ""
    return [
        {"name": "采购联系人", "purpose": "order", "phone": f"000-2222{house[1:]}"},
        {"name": "召回联系人", "purpose": "recall", "phone": f"000-3333{house[1:]}", "email": email},
    ]


def _make_customers(actor: Actor, world: World, rng: random.Random) -> None:
    number = 0
    for city, city_en, region in CITIES:
        for name, name_en, tier in HOSPITALS:
            if name == "骨科医院" and region in ("CN-XZ", "CN-YN"):
                continue
            number += 1
            made = catalog.create_customer(
                actor,
                {
                    "code": f"H-{number:04d}",
                    "name": f"{city}{name}",
                    "name_en": f"{city_en} {name_en}",
                    "uscc": credit_code(number),
                    "kind": "hospital",
                    "tier": tier,
                    "region_code": region,
                    "credit_limit": rng.choice(("500000", "2000000", "5000000")),
                    "credit_used": str(rng.randrange(0, 400_000, 1000)),
                    "overdue_days": rng.choice((0, 0, 0, 0, 0, 0, 0, 12, 12, 12, 12, 12, 12, 45)),
                    "prepaid": rng.random() < 0.1,
                    "min_remaining_days": rng.choice((None, None, 120, 180)),
                    "cold_capable": region != "CN-XZ",
                    "status": "active",
                    "contacts": _contacts(f"h{number:04d}", written=number % 4 != 0),
                },
            )
            world.hospitals.append(made)
    for index, (name, name_en, region, tier) in enumerate(DISTRIBUTORS, 1):
        made = catalog.create_customer(
            actor,
            {
                "code": f"D-{index:04d}",
                "name": f"{name}有限公司（演示）",
                "name_en": f"{name_en} Co., Ltd. (demo)",
                "uscc": credit_code(500 + index),
                "kind": "distributor",
                "tier": tier,
                "region_code": region,
                "credit_limit": rng.choice(("1000000", "3000000")),
                "credit_used": str(rng.randrange(0, 900_000, 1000)),
                "overdue_days": rng.choice((0, 0, 0, 0, 10, 20, 20, 20, 10, 45)),
                "cold_capable": index != 6,
                "status": "active",
                "contacts": _contacts(f"d{index:04d}"),
            },
        )
        world.distributors.append(made)


def _make_papers(actor: Actor, world: World, rng: random.Random) -> None:
    for index, customer in enumerate(world.hospitals):
        # Of 42 hospitals two have let their permit lapse, three are about to.
        days = -6 if index in (9, 26) else 18 if index in (4, 15, 31) else rng.randrange(200, 1500)
        catalog.create_licence(
            actor,
            {
                "customer_id": customer.id,
                "kind": "practice",
                "number": f"演示医执{index + 1:04d}",
                **from_to(900, days + 30),
            },
        )
        if index % 5 == 0:
            world.contracts[customer.id] = _contract(actor, customer, index, rng)
    for index, customer in enumerate(world.distributors):
        classes = [2] if index == 7 else []
        catalog.create_licence(
            actor,
            {
                "customer_id": customer.id,
                "kind": "trade",
                "number": f"演示经许{index + 100:04d}",
                "risk_classes": classes,
                **from_to(700, rng.randrange(60, 1200)),
            },
        )
        scope = rng.sample(world.products, 30)
        made = catalog.create_authorisation(
            actor,
            {
                "number": f"授权-2026-{index + 1:03d}",
                "grantor": "序和医疗（演示）",
                "grantee_customer_id": customer.id,
                "product_ids": [product.id for product in scope],
                "region_codes": [customer.region_code],
                **from_to(200, 8 if index == 3 else 300),
            },
        )
        world.authorisations[customer.id] = made.number
        world.scopes[customer.id] = [product for product in scope if not classes or product.risk_class in classes]
    catalog.create_authorisation(
        actor,
        {"number": "授权-2026-000", "grantor": "序和医疗（演示）", **from_to(300, 500)},
    )
    for index, region in enumerate(("CN-JS", "CN-ZJ", "CN-HB", "CN-SC")):
        world.awards[region] = _award(actor, world, index, region, rng)


def _contract(actor: Actor, customer: Customer, index: int, rng: random.Random) -> str:
    number = f"HT-2026-{index + 1:03d}"
    catalog.create_contract(
        actor,
        {
            "number": number,
            "customer_id": customer.id,
            "sla_hours": rng.choice((24, 48, 72)),
            "penalty_pct_day": rng.choice(("0.5", "1", "1.5")),
            "penalty_cap_pct": "10",
            **from_to(300, 400),
        },
    )
    return number


def _award(actor: Actor, world: World, index: int, region: str, rng: random.Random) -> tuple[str, dict[str, Decimal]]:
    number = f"ZB-2026-{index + 1:03d}"
    lines: list[dict[str, Any]] = []
    ceilings: dict[str, Decimal] = {}
    for product in rng.sample([p for p in world.products if p.list_price < 10_000], 12):
        ceilings[product.id] = (product.list_price * Decimal("0.8")).quantize(Decimal("0.01"))
        lines.append({"product_id": product.id, "price_ceiling": str(ceilings[product.id]), "committed_qty": 2000})
    catalog.create_award(
        actor,
        {
            "number": number,
            "title": f"{region} 集中带量采购（演示）",
            "region_code": region,
            "lines": lines,
            **from_to(150, 365),
        },
    )
    return number, ceilings


def quantity_of(product: Product, quantity: int, batch: str) -> dict[str, Any]:
    """The quantity for a receipt, with serial numbers where the product has them."""
    numbers = [f"{product.sku[-3:]}{batch}{unit:04d}" for unit in range(1, quantity + 1)]
    return {"quantity": quantity, "serials": numbers if product.serial_controlled else []}


def _receive_stock(actor: Actor, world: World, rng: random.Random) -> None:
    for product in world.products:
        lots = rng.choice((1, 2, 2, 3))
        for index in range(lots):
            _receive_lot(actor, world, product, index, rng)


def _receive_lot(actor: Actor, world: World, product: Product, index: int, rng: random.Random) -> None:
    life = product.shelf_life_days or 1095
    age = rng.randrange(life // 12, life // 3)
    if index == 2:
        age = life - rng.choice((20, 45, 75))  # a lot near its end
    made_on: date = clock.today() - timedelta(days=age)
    cheap = product.list_price < 500
    warehouses = [place for place in world.warehouses if place.cold] if product.cold_chain else world.warehouses
    lot = inventory.receive(
        actor,
        product,
        rng.choice(warehouses),
        {
            "lot_no": f"{made_on:%y%m%d}{product.sku[-3:]}{index + 1}",
            "made_on": made_on.isoformat(),
            "expires_on": (made_on + timedelta(days=life)).isoformat(),
            "document": f"RC-DEMO-{product.sku[-3:]}-{index + 1}",
            **quantity_of(
                product, rng.randrange(600, 4000) if cheap else rng.randrange(12, 90), f"{made_on:%y%m%d}{index}"
            ),
        },
        inspected=True,
    )
    fate = rng.random()
    if fate < 0.82:
        report = f"JY{made_on:%y%m%d}{product.sku[-3:]}{index + 1}" if product.needs_inspection else None
        inventory.release_lot(actor, lot, reason="检验合格放行", report_no=report)
    elif fate < 0.9:
        inventory.release_lot(actor, lot, reason="检验合格放行", report_no=f"JY-{lot.lot_no}")
        inventory.hold_lot(actor, lot, reason="包装标签待复核")
