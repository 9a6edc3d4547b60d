"""How long the history of approvals is kept: as long as the goods may be in use, of implants for ever."""

from __future__ import annotations

from app.catalog.models import Product
from app.core.subject import Subject
from app.processes.steps import kept_years
from tests.fulfilment.flow_world import make_flow


def years(order):
    return kept_years.get("order")(Subject("order", order.id))


def test_orders_are_kept_until_expiry_and_two_years_and_of_implants_for_ever(tx):
    flow = make_flow()
    product: Product = tx.get(Product, flow.plain.id)
    product.implantable, product.shelf_life_days = False, 5 * 365 + 1
    tx.flush()
    assert years(flow.submit(product=flow.plain)) == 8
    assert flow.valuable.implantable
    assert years(flow.submit(product=flow.valuable, unit_price="60000.00")) is None
