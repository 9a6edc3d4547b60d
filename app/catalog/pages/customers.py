"""Customers: list, one with licences, authorisations and contracts, edit, and suggestions while typing."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload

from app.catalog import queries, service
from app.catalog.models import Customer
from app.catalog.pages import forms, names
from app.catalog.pages.blueprint import bp
from app.catalog.pages.kinds import Kind, offer
from app.catalog.pages.listing import Column, Filter, Listing
from app.catalog.pages.names import Cell, Names, badge, name_of, options
from app.catalog.permissions import CUSTOMER_EDIT, CUSTOMER_READ
from app.core.i18n import _, _l, named, pick, show_money
from app.core.permissions import requires

SUGGESTED = 20


def _is(column: Any, known: Names) -> Any:
    def condition(code: str) -> ColumnElement[bool] | None:
        return column == code if code in known else None

    return condition


def _region(code: str) -> ColumnElement[bool] | None:
    return Customer.region_code == code


LISTING = Listing(
    key="customer",
    title=_l("Customers"),
    lead=_l("Hospitals, clinics and distributors, with tier, region and credit."),
    search_hint=_l("Code, name or credit code"),
    statement=lambda q: queries.matching_customers(q).options(joinedload(Customer.region)),
    columns=(
        Column("code", _l("Code"), lambda found: Cell(found.code), Customer.code),
        Column("name", _l("Customer name"), lambda found: Cell(named(found), export=found.name), Customer.name),
        Column("kind", _l("Kind"), lambda found: Cell(name_of(names.CUSTOMER_KIND, found.kind)), Customer.kind),
        Column("tier", _l("Tier"), lambda found: Cell(found.tier), Customer.tier),
        Column("region", _l("Region"), lambda found: Cell(pick(found.region.name)), Customer.region_code),
        Column(
            "credit_limit",
            _l("Credit limit"),
            lambda found: Cell(show_money(found.credit_limit), export=found.credit_limit),
            Customer.credit_limit,
        ),
        Column("status", _l("Status"), lambda found: badge(names.CUSTOMER_STATUS, found.status), Customer.status),
    ),
    extra=(
        Column("name_en", _l("English name"), lambda found: Cell(found.name_en or "")),
        Column("uscc", _l("Unified social credit code"), lambda found: Cell(found.uscc or "")),
        Column("address", _l("Address"), lambda found: Cell(found.address)),
        Column("credit_used", _l("Credit used"), lambda found: Cell("", export=found.credit_used)),
        Column("overdue_days", _l("Overdue (days)"), lambda found: Cell("", export=found.overdue_days)),
    ),
    filters=(
        Filter(
            "kind",
            _l("Kind"),
            lambda: options(names.CUSTOMER_KIND, _("All")),
            _is(Customer.kind, names.CUSTOMER_KIND),
        ),
        Filter("tier", _l("Tier"), lambda: options(names.TIER, _("All")), _is(Customer.tier, names.TIER)),
        Filter("region", _l("Region"), forms.region_options, _region),
        Filter(
            "status",
            _l("Status"),
            lambda: options(names.CUSTOMER_STATUS, _("All")),
            _is(Customer.status, names.CUSTOMER_STATUS),
        ),
    ),
    icon="building-hospital",
    new=_l("New customer"),
    edit_right="customer:edit",
)


def _related(customer: Customer) -> dict[str, Any]:
    return {
        "licences": queries.licences_of(customer.id),
        "authorisations": queries.authorisations_of(customer.id) if customer.kind == "distributor" else [],
        "contracts": queries.contracts_of(customer.id),
    }


offer(
    Kind(
        key="customer",
        listing=LISTING,
        form=forms.CUSTOMER,
        get=queries.get_customer,
        create=service.create_customer,
        change=service.change_customer,
        title=lambda found: found.name,
        read=CUSTOMER_READ,
        edit=CUSTOMER_EDIT,
        place=(_l("Customers"), 20),
        template="catalog/customer.html",
        context=_related,
        defaults={"tier": "B", "status": "prospect", "contacts": []},
    )
)


@bp.get("/customers/suggest")
@requires(CUSTOMER_READ)
def suggest_customers() -> ResponseReturnValue:
    """At most 20 customers for what somebody types."""
    found = queries.search_customers(request.args.get("q", "")[:100], SUGGESTED)
    return jsonify(
        [
            {
                "id": customer.id,
                "value": customer.code,
                "label": named(customer),
                "hint": f"{name_of(names.CUSTOMER_KIND, customer.kind)} · {customer.tier} · {customer.region_code}",
                "code": customer.code,
                "name": named(customer),
                "kind": customer.kind,
            }
            for customer in found
        ]
    )
