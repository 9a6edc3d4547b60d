"""What people and programs name: codes, numbers and scans into what the verbs take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.queries import OrderNotFound
from app.shipping import scanning, shipments


def complaint_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """`ComplaintGiven` with ids instead of names: what a scan or an order tells need not be said. Raises Invalid,
    naming every field that is not right."""
    wrong: dict[str, list[str]] = {}
    made = {name: given[name] for name in ("description", "harm", "jurisdiction", "sample_returned", "reference")}
    made["aware_at"] = given["aware_at"] or clock.now()
    if made["aware_at"] > clock.now():
        wrong["aware_at"] = [_("That is still to come.")]
    goods = _goods(given, wrong)
    order, shipment_id = _order(given, wrong)
    customer = _customer(given, order, wrong)
    if wrong:
        raise Invalid(wrong)
    return {
        **made,
        **goods,
        "customer_id": customer.id if customer else "",
        "order_id": order.id if order else None,
        "shipment_id": shipment_id,
    }


def _goods(given: Mapping[str, Any], wrong: dict[str, list[str]]) -> dict[str, Any]:
    """Product, lot and serial number: as they are said, else as the scanned code has them."""
    hit = scanning.look_up(given["code"]) if given["code"] else None
    product = _product(given["product"]) if given["product"] else hit.product if hit else None
    if given["product"] and product is None:
        wrong["product"] = [_("There is no product “%(code)s”.", code=given["product"][:64])]
    elif product is None:
        field = "code" if given["code"] else "product"
        wrong[field] = [_("This code names no product of ours.") if given["code"] else _("This is required.")]
    lot_no = given["lot_no"] or (hit.said.lot_no if hit else "")
    lot = stock.find_lot(product.id, lot_no) if product is not None and lot_no else None
    return {
        "product_id": product.id if product else "",
        "lot_id": lot.id if lot else None,
        "lot_no": lot_no[:64],
        "serial_no": (given["serial_no"] or (hit.said.serial if hit else ""))[:64],
    }


def _product(name: str) -> Product | None:
    wanted = select(Product).where(or_(Product.id == name, Product.sku == name, Product.udi_di == name))
    return session().scalars(wanted.limit(1)).first()


def _order(given: Mapping[str, Any], wrong: dict[str, list[str]]) -> tuple[Order | None, str | None]:
    shipment = order = None
    try:
        shipment = shipments.get_shipment(given["shipment"]) if given["shipment"] else None
    except NotFound:
        wrong["shipment"] = [_("There is no shipment of that number.")]
    name = given["order"] or (shipment.order_id if shipment else "")
    try:
        order = orders.get_order(orders.id_of(name)) if name else None
    except OrderNotFound as refusal:
        wrong["order"] = [refusal.sentence()]
    if shipment is not None and order is not None and shipment.order_id != order.id:
        wrong["shipment"] = [_("This shipment is of another order.")]
    return order, shipment.id if shipment else None


def _customer(given: Mapping[str, Any], order: Order | None, wrong: dict[str, list[str]]) -> Customer | None:
    name = given["customer"]
    if not name:
        if order is None:
            wrong["customer"] = [_("Name the customer or the order.")]
            return None
        return session().get_one(Customer, order.customer_id)
    wanted = select(Customer).where(or_(Customer.id == name, Customer.code == name))
    found = session().scalars(wanted.limit(1)).first()
    if found is None:
        wrong["customer"] = [_("There is no customer %(customer)s.", customer=name[:64])]
    elif order is not None and order.customer_id != found.id:
        wrong["order"] = [_("This order is of another customer.")]
    return found
