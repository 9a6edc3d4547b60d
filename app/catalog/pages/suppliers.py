"""Suppliers: list, one with licences, contact persons and products, edit, and suggestions while typing."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.catalog import queries, service
from app.catalog.models import Supplier
from app.catalog.pages import forms, names
from app.catalog.pages.blueprint import bp
from app.catalog.pages.kinds import Kind, offer
from app.catalog.pages.listing import Column, Filter, Listing
from app.catalog.pages.names import Cell, badge, name_of, options
from app.catalog.permissions import SUPPLIER_EDIT, SUPPLIER_READ
from app.core.db import session
from app.core.i18n import _, _l, named
from app.core.permissions import requires

SUGGESTED = 20

LISTING = Listing(
    key="supplier",
    title=_l("Suppliers"),
    lead=_l("Makers, distributors, carriers and service providers from whom we buy."),
    search_hint=_l("Code, name or credit code"),
    statement=queries.matching_suppliers,
    columns=(
        Column("code", _l("Code"), lambda found: Cell(found.code), Supplier.code),
        Column("name", _l("Supplier name"), lambda found: Cell(named(found), export=found.name), Supplier.name),
        Column("kind", _l("Kind"), lambda found: Cell(name_of(names.SUPPLIER_KIND, found.kind)), Supplier.kind),
        Column("uscc", _l("Unified social credit code"), lambda found: Cell(found.uscc or "")),
        Column("status", _l("Status"), lambda found: badge(names.SUPPLIER_STATUS, found.status), Supplier.status),
    ),
    extra=(
        Column("name_en", _l("English name"), lambda found: Cell(found.name_en or "")),
        Column("address", _l("Address"), lambda found: Cell(found.address)),
    ),
    filters=(
        Filter(
            "kind",
            _l("Kind"),
            lambda: options(names.SUPPLIER_KIND, _("All")),
            lambda code: Supplier.kind == code if code in names.SUPPLIER_KIND else None,
        ),
        Filter(
            "status",
            _l("Status"),
            lambda: options(names.SUPPLIER_STATUS, _("All")),
            lambda code: Supplier.status == code if code in names.SUPPLIER_STATUS else None,
        ),
    ),
    icon="building-store",
    new=_l("New supplier"),
    edit_right="supplier:edit",
)


def _related(supplier: Supplier) -> dict[str, Any]:
    return {
        "licences": queries.licences_of_supplier(supplier.id),
        "products": sorted(queries.products_of(supplier.product_ids).values(), key=lambda product: product.sku),
    }


offer(
    Kind(
        key="supplier",
        listing=LISTING,
        form=forms.SUPPLIER,
        get=queries.get_supplier,
        create=service.create_supplier,
        change=service.change_supplier,
        title=lambda found: found.name,
        read=SUPPLIER_READ,
        edit=SUPPLIER_EDIT,
        place=(_l("Suppliers"), 25),
        template="catalog/supplier.html",
        context=_related,
        defaults={"status": "prospect", "contacts": []},
    )
)


@bp.get("/suppliers/suggest")
@requires(SUPPLIER_READ)
def suggest_suppliers() -> ResponseReturnValue:
    """At most 20 suppliers for what somebody types."""
    text = request.args.get("q", "")[:100]
    found = session().scalars(queries.matching_suppliers(text).limit(SUGGESTED)) if text.strip() else ()
    return jsonify(
        [
            {
                "id": supplier.id,
                "value": supplier.code,
                "label": named(supplier),
                "hint": name_of(names.SUPPLIER_KIND, supplier.kind),
            }
            for supplier in found
        ]
    )
