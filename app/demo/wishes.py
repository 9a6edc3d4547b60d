"""Orders as customers of the demo world would send them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.catalog.models import Customer, Product
from app.core import clock
from app.demo.master import World


def draw(world: World, rng: random.Random, number: int) -> dict[str, Any]:
    """One order as `POST /api/v1/orders` takes it, wanted from the moment the clock shows."""
    channel = rng.choices(("direct", "distributor", "tender"), (45, 30, 25))[0]
    if channel == "distributor":
        return _distributor(world, rng, number)
    if channel == "tender":
        return _tender(world, rng, number)
    return _direct(world, rng, number)


def _head(channel: str, customer: Customer, number: int, days: int) -> dict[str, Any]:
    wanted = clock.today() + timedelta(days=days)
    return {
        "channel": channel,
        "customer": customer.code,
        "external_ref": f"PO-{customer.code}-{number:05d}",
        "requested_date": wanted.isoformat(),
    }


def _line(product: Product, quantity: int, price: Decimal) -> dict[str, Any]:
    return {"product": product.sku, "quantity": quantity, "unit_price": str(price)}


def _quantity(product: Product, rng: random.Random) -> int:
    if product.list_price >= 5000:
        return rng.choice((1, 1, 1, 2, 3))
    if product.list_price >= 500:
        return rng.choice((2, 3, 5, 8, 12))
    return rng.choice((20, 50, 100, 200))


def _direct(world: World, rng: random.Random, number: int) -> dict[str, Any]:
    customer = rng.choice(world.hospitals)
    days = rng.choices((1, 2, 3, 5, 8, 14, 21), (8, 12, 14, 24, 22, 12, 8))[0]
    surgery: datetime = clock.now() + timedelta(days=days, hours=rng.randrange(1, 9))
    emergency = days <= 2 and rng.random() < 0.6
    devices = [product for product in world.products if product.list_price >= 400]
    lines = [
        _line(product, min(_quantity(product, rng), 4), product.list_price)
        for product in rng.sample(devices, rng.choice((1, 1, 2, 3)))
    ]
    order = _head("direct", customer, number, max(days - 1, 1))
    order |= {
        "order_type": "emergency" if emergency else "normal",
        "surgery_at": surgery.isoformat(timespec="minutes"),
        "surgery_number": f"OR-{surgery:%Y%m%d}-{rng.randrange(1, 30):02d}",
        "hospital_po": f"YYCG-{number:05d}",
        "lines": lines,
    }
    if customer.id in world.contracts:
        order["contract_number"] = world.contracts[customer.id]
    return order


def _distributor(world: World, rng: random.Random, number: int) -> dict[str, Any]:
    customer = rng.choice(world.distributors)
    careless = rng.random() < 0.06  # asks for what it is not authorised to sell
    known = world.products if careless else world.scopes[customer.id]
    order = _head("distributor", customer, number, rng.choice((4, 7, 10, 14, 21)))
    order |= {
        "order_type": rng.choices(("normal", "consignment", "sample"), (85, 10, 5))[0],
        "authorisation_number": world.authorisations[customer.id],
        "lines": [
            _line(product, _quantity(product, rng), round(product.list_price * Decimal("0.85"), 2))
            for product in rng.sample(known, min(len(known), rng.choice((1, 2, 2, 4))))
        ],
    }
    return order


def _tender(world: World, rng: random.Random, number: int) -> dict[str, Any]:
    region = rng.choice(sorted(world.awards))
    award, ceilings = world.awards[region]
    customer = rng.choice([one for one in world.hospitals if one.region_code == region])
    awarded = [product for product in world.products if product.id in ceilings]
    lines = []
    for product in rng.sample(awarded, rng.choice((1, 1, 2))):
        ceiling = ceilings[product.id]
        over = rng.random() < 0.06  # somebody typed the list price: the rules must stop it
        line = _line(product, _quantity(product, rng), product.list_price if over else ceiling)
        lines.append(line | {"price_ceiling": str(ceiling)})
    order = _head("tender", customer, number, rng.choice((3, 5, 7, 10, 14)))
    return order | {"tender_award_number": award, "lines": lines}
