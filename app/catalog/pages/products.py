"""Products: list, one, edit, and suggestions while typing."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import joinedload

from app.catalog import queries, service
from app.catalog.models import Product
from app.catalog.pages import forms, names
from app.catalog.pages.blueprint import bp
from app.catalog.pages.kinds import Kind, offer
from app.catalog.pages.listing import Column, Filter, Listing
from app.catalog.pages.names import Cell, badge, name_of, options
from app.catalog.permissions import PRODUCT_EDIT, PRODUCT_READ
from app.core.i18n import _, _l, named, show_money
from app.core.permissions import requires

SUGGESTED = 20


def _statement(q: str) -> Select[Any]:
    return queries.matching_products(q).options(joinedload(Product.registration))


def _registration(product: Product) -> Cell:
    if product.registration is None:
        return Cell(_("none"), "warning", "")
    return names.validity(product.registration)


def _status(code: str) -> ColumnElement[bool] | None:
    return Product.status == code if code in names.PRODUCT_STATUS else None


def _risk_class(code: str) -> ColumnElement[bool] | None:
    if code == "none":
        return Product.risk_class.is_(None)
    return Product.risk_class == int(code) if code in names.RISK_CLASS else None


def _storage(code: str) -> ColumnElement[bool] | None:
    return Product.storage_max_c <= 8 if code == "cold" else None


LISTING = Listing(
    key="product",
    title=_l("Products"),
    lead=_l("Everything that can be ordered, with its identifiers and registration."),
    search_hint=_l("SKU, UDI, package DI or name"),
    statement=_statement,
    columns=(
        Column("sku", _l("SKU"), lambda found: Cell(found.sku), Product.sku),
        Column("name", _l("Product name"), lambda found: Cell(named(found), export=found.name), Product.name),
        Column("udi_di", _l("UDI-DI"), lambda found: Cell(found.udi_di or ""), Product.udi_di),
        Column(
            "risk_class",
            _l("Risk class"),
            lambda found: Cell(name_of(names.RISK_CLASS, found.risk_class), export=found.risk_class),
            Product.risk_class,
        ),
        Column(
            "list_price",
            _l("List price"),
            lambda found: Cell(show_money(found.list_price or None), export=found.list_price),
            Product.list_price,
        ),
        Column("registration", _l("Registration"), _registration),
        Column("status", _l("Status"), lambda found: badge(names.PRODUCT_STATUS, found.status), Product.status),
    ),
    extra=(
        Column("name_en", _l("English name"), lambda found: Cell(found.name_en or "")),
        Column("manufacturer", _l("Manufacturer"), lambda found: Cell(found.manufacturer)),
        Column("model", _l("Model"), lambda found: Cell(found.model)),
        Column("category_code", _l("Category code"), lambda found: Cell(found.category_code)),
        Column(
            "number",
            _l("Registration certificate"),
            lambda found: Cell(found.registration.number if found.registration else ""),
        ),
        Column("low", _l("Lowest temperature (°C)"), lambda found: Cell("", export=found.storage_min_c)),
        Column("high", _l("Highest temperature (°C)"), lambda found: Cell("", export=found.storage_max_c)),
    ),
    filters=(
        Filter("status", _l("Status"), lambda: options(names.PRODUCT_STATUS, _("All")), _status),
        Filter(
            "risk_class",
            _l("Risk class"),
            lambda: [*options(names.RISK_CLASS, _("All")), ("none", _("not known"))],
            _risk_class,
        ),
        Filter("storage", _l("Storage"), lambda: [("", _("All")), ("cold", _("Cold chain"))], _storage),
    ),
    icon="box",
    new=_l("New product"),
    edit_right="product:edit",
)

offer(
    Kind(
        key="product",
        listing=LISTING,
        form=forms.PRODUCT,
        get=queries.get_product,
        create=service.create_product,
        change=service.change_product,
        title=lambda found: found.name,
        read=PRODUCT_READ,
        edit=PRODUCT_EDIT,
        place=(_l("Products"), 10),
        template="catalog/product.html",
        defaults={"uom": "EA", "lot_controlled": True, "expiry_controlled": True, "status": "draft"},
    )
)


@bp.get("/products/suggest")
@requires(PRODUCT_READ)
def suggest_products() -> ResponseReturnValue:
    """At most 20 products for what somebody types in an order line."""
    found = queries.search_products(request.args.get("q", "")[:100], SUGGESTED)
    return jsonify(
        [
            {
                "id": product.id,
                "value": product.sku,
                "label": named(product),
                "hint": " · ".join(
                    filter(None, (product.udi_di, product.model, name_of(names.RISK_CLASS, product.risk_class)))
                ),
                "sku": product.sku,
                "name": named(product),
                "udi": product.udi_di,
                "uom": product.uom,
                "price": format(product.list_price, "f"),
            }
            for product in found
        ]
    )
