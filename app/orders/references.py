"""What the texts in orders refer to: customers by id or code, products by id, SKU, UDI-DI or package DI, contracts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from app.catalog import queries as catalog
from app.catalog.models import Contract, Customer, Product, ProductPackage
from app.core.db import session

AT_ONCE = 400
"""Texts per statement, well below SQLite's limit of bound values."""


@dataclass(frozen=True)
class Found:
    """A product, and how many base units the identifier stands for (None: one base unit, not a package)."""

    product: Product
    contains: int | None = None
    inner: bool = False
    """The identifier names a part of the base unit (unit-of-use DI), which cannot be ordered alone."""

    def package_sizes(self) -> list[int]:
        """Base units in each kind of package sold of the product, without repeats."""
        sold = (p for p in self.product.packages if p.kind == "package" and p.status == "active")
        return sorted({package.base_quantity for package in sold})


class References:
    """Looks each text up once, however many orders name it; `learn` does so for many with few statements."""

    def __init__(self) -> None:
        self._products: dict[str, Found | None] = {}
        self._customers: dict[str, Customer | None] = {}
        self._contracts: dict[str, Contract | None] = {}

    def product(self, text: str) -> Found | None:
        """The product the text identifies, if any."""
        if text not in self._products:
            self.learn_products([text])
        return self._products[text]

    def customer(self, text: str) -> Customer | None:
        """The customer of that id or code, if any."""
        if text not in self._customers:
            self.learn_customers([text])
        return self._customers[text]

    def contract(self, number: str) -> Contract | None:
        """The contract of that number, if any."""
        if number not in self._contracts:
            self._contracts[number] = catalog.find_contract(number)
        return self._contracts[number]

    def learn_customers(self, texts: Iterable[str]) -> None:
        """Look these customers up."""
        for wanted in _portions(texts, self._customers):
            found = session().scalars(select(Customer).where(or_(Customer.id.in_(wanted), Customer.code.in_(wanted))))
            known: dict[str, Customer] = {}
            for customer in found:
                known[customer.code] = customer
                known.setdefault(customer.id, customer)
            self._customers.update({text: known.get(text) for text in wanted})

    def learn_products(self, texts: Iterable[str]) -> None:
        """Look these products up. A GTIN whose leading zeros a spreadsheet ate is completed to 14 digits."""
        for wanted in _portions(texts, self._products):
            spelled = {text: (text, text.zfill(14)) if _is_short_gtin(text) else (text,) for text in wanted}
            known = _products_called({way for ways in spelled.values() for way in ways})
            for text, ways in spelled.items():
                self._products[text] = next((known[way] for way in ways if way in known), None)


def _portions(texts: Iterable[str], known: dict[str, Any]) -> Iterable[list[str]]:
    new = sorted(set(texts) - set(known))
    return (new[start : start + AT_ONCE] for start in range(0, len(new), AT_ONCE))


def _is_short_gtin(text: str) -> bool:
    return 8 <= len(text) < 14 and text.isascii() and text.isdecimal()


def _products_called(names: set[str]) -> dict[str, Found]:
    """Products by every given name that is theirs; the product's own names come before those of packages."""
    called: dict[str, Found] = {}
    own = select(Product).where(or_(Product.id.in_(names), Product.sku.in_(names), Product.udi_di.in_(names)))
    for product in session().scalars(own):
        for name in (product.sku, product.udi_di, product.id):
            if name in names:
                called[str(name)] = Found(product)
    rest = names - set(called)
    if not rest:
        return called
    packages = (
        select(ProductPackage, Product)
        .join(Product)
        .where(ProductPackage.di.in_(rest), ProductPackage.status == "active")
        .order_by(ProductPackage.id)
    )
    for package, product in session().execute(packages):
        contains = package.base_quantity if package.kind == "package" else None
        called.setdefault(package.di, Found(product, contains, inner=package.kind == "unit_of_use"))
    return called
