"""Customers and products as papers name them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from app.catalog.models import Customer, Licence, Product
from app.documents.content.parts import NOTHING, Both, Goods, Party


def party_of(customer: Customer, licences: Iterable[Licence] = ()) -> Party:
    """The customer; `licences`: those that the paper must name."""
    return Party(
        name=Both(zh=customer.name, en=customer.name_en or ""),
        code=customer.code,
        uscc=customer.uscc or "",
        address=customer.address,
        licences=tuple(one.number for one in licences),
    )


def storage_of(product: Product) -> Both:
    """How it is to be kept, as `2–8 °C`; nothing when that is not known."""
    low, high = product.storage_min_c, product.storage_max_c
    if low is None and high is None:
        return NOTHING
    told = f"{_degrees(low)}–{_degrees(high)} °C" if low is not None and high is not None else ""
    told = told or (f"≤ {_degrees(high)} °C" if high is not None else f"≥ {_degrees(low)} °C")
    return Both(zh=told, en=told)


def _degrees(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def goods_of(
    product: Product,
    quantity: int,
    *,
    lot: Any = None,
    serials: Iterable[str] = (),
    line_no: int = 0,
    place: str = "",
    unit_price: Decimal | None = None,
    amount: Decimal | None = None,
) -> Goods:
    """A line of goods; `lot` has lot_no, made_on and expires_on. Reads the product's registration."""
    registration = product.registration
    return Goods(
        sku=product.sku,
        name=Both(zh=product.name, en=product.name_en or ""),
        quantity=quantity,
        uom=product.uom,
        line_no=line_no,
        model=product.model,
        lot_no=lot.lot_no if lot is not None else "",
        serials=tuple(serials),
        made_on=lot.made_on if lot is not None else None,
        expires_on=lot.expires_on if lot is not None else None,
        registration_no=registration.number if registration is not None else "",
        registrant=registration.holder if registration is not None else "",
        manufacturer=product.manufacturer,
        udi_di=product.udi_di or "",
        storage=storage_of(product),
        place=place,
        implantable=product.implantable,
        unit_price=unit_price,
        amount=amount,
    )
