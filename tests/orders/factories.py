"""Orders as rows, without priority or process; `given` is what a caller would send."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.core import clock
from app.core.db import session
from app.core.ids import new_id, next_number
from app.orders.models import Order, OrderLine
from tests.catalog.factories import make_customer, make_product


def make_line(
    product: Any = None, quantity: int = 1, unit_price: str = "100.00", price_ceiling: str | None = None, **over: Any
) -> OrderLine:
    """A line that is not yet part of an order; `product` is a Product or its id."""
    values = {
        "id": new_id(),
        "product_id": getattr(product, "id", product) or make_product().id,
        "quantity": quantity,
        "ordered_quantity": quantity,
        "ordered_uom": "EA",
        "unit_price": Decimal(unit_price),
        "price_ceiling": None if price_ceiling is None else Decimal(price_ceiling),
        "reserved": 0,
    }
    return OrderLine(**{**values, **over})


def make_order(
    lines: list[OrderLine] | None = None,
    *,
    channel: str = "direct",
    customer: Any = None,
    submitted_by: Any = "01tester000000000000000000",
    **over: Any,
) -> Order:
    """A stored order with its lines; `customer` is a Customer or its id, `submitted_by` a User, an Actor or an id."""
    channel_fields: dict[str, Any] = {
        "distributor": {"authorisation_number": "AUTH-1"},
        "tender": {"tender_award_number": "TA-1"},
    }.get(channel, {"surgery_at": clock.now() + timedelta(days=9), "surgery_number": "OR-2026-0001"})
    values: dict[str, Any] = {
        "id": new_id(),
        "number": next_number("SO"),
        "channel": channel,
        "order_type": "normal",
        "customer_id": over.get("customer_id") or getattr(customer, "id", customer) or make_customer().id,
        "requested_date": clock.today() + timedelta(days=7),
        "note": "",
        "currency": "CNY",
        "status": "in_approval",
        "version": 1,
        "submitted_at": clock.now(),
        "submitted_by": getattr(submitted_by, "id", submitted_by),
        "total": Decimal(0),
        **channel_fields,
    }
    order = Order(**{**values, **over})
    order.renumber(lines if lines is not None else [make_line()])
    session().add(order)
    session().flush()
    return order


def given_order(channel: str = "direct", /, **over: Any) -> dict[str, Any]:
    """What a caller sends for a well-formed order; makes a customer and a product unless they are given.

    `product`, `customer`, `quantity`, `unit_price` shape the one line; a key with the value `...` is left out.
    """
    product = over.pop("product") if "product" in over else make_product()
    kind = "distributor" if channel == "distributor" else "hospital"
    customer = over.pop("customer") if "customer" in over else make_customer(kind=kind)
    line: dict[str, Any] = {
        "product": getattr(product, "sku", product),
        "quantity": over.pop("quantity", 2),
        "uom": "EA",
        "unit_price": over.pop("unit_price", "100.00"),
    }
    if channel == "tender":
        line["price_ceiling"] = "120.00"
    own: dict[str, Any] = {
        "distributor": {"authorisation_number": "AUTH-1"},
        "tender": {"tender_award_number": "TB-1"},
    }.get(channel, {"surgery_at": "2026-12-02T08:00:00+08:00", "surgery_number": "OR-2026-1202-07"})
    values = {
        "channel": channel,
        "customer": getattr(customer, "code", customer),
        "requested_date": (clock.today() + timedelta(days=7)).isoformat(),
        "lines": [line],
        **own,
        **over,
    }
    return {name: value for name, value in values.items() if value is not ...}
