"""Registration certificates, licences, authorisations, contracts and tender awards: all have a validity period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.catalog import queries, service
from app.catalog.models import (
    LAPSING_DAYS,
    Authorisation,
    Contract,
    Customer,
    Licence,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.catalog.pages import forms, names
from app.catalog.pages.blueprint import bp
from app.catalog.pages.kinds import Kind, by_id, offer
from app.catalog.pages.listing import Column, Filter, Listing
from app.catalog.pages.names import Cell, badge, name_of, options, validity
from app.catalog.permissions import (
    AUTHORISATION_EDIT,
    AUTHORISATION_READ,
    AWARD_EDIT,
    AWARD_READ,
    CONTRACT_EDIT,
    CONTRACT_READ,
    LICENCE_EDIT,
    LICENCE_READ,
    REGISTRATION_EDIT,
    REGISTRATION_READ,
)
from app.core import clock
from app.core.db import session
from app.core.i18n import _, _l, listed, named, show_date, show_number
from app.core.permissions import requires

SUGGESTED = 20


def _matching(model: Any, *texts: Any) -> Callable[[str], Select[Any]]:
    """Records with the text in one of the columns, soonest end first."""

    def statement(q: str) -> Select[Any]:
        wanted: Select[Any] = select(model).order_by(model.valid_to, model.number)
        if not q.strip():
            return wanted
        pattern = queries.like(q)
        return wanted.where(or_(*(func.lower(text).like(pattern, escape="\\") for text in texts)))

    return statement


def _of_customers(model: Any, key: Any, *texts: Any) -> Callable[[str], Select[Any]]:
    """As `_matching`, also by the name and code of the customer."""

    def statement(q: str) -> Select[Any]:
        wanted: Select[Any] = select(model).outerjoin(Customer, Customer.id == key)
        wanted = wanted.order_by(model.valid_to, model.number)
        if not q.strip():
            return wanted
        pattern = queries.like(q)
        found = [func.lower(text).like(pattern, escape="\\") for text in texts]
        return wanted.where(or_(Customer.search_text.like(pattern, escape="\\"), *found))

    return statement


def _validity_filter(model: Any) -> Filter:
    def condition(code: str) -> ColumnElement[bool] | None:
        today = clock.today()
        soon = today + timedelta(days=LAPSING_DAYS)
        conditions: dict[str, ColumnElement[bool]] = {
            "valid": and_(model.valid_from <= today, model.valid_to >= today),
            "lapsing": and_(model.valid_from <= today, model.valid_to.between(today, soon)),
            "expired": model.valid_to < today,
            "future": model.valid_from > today,
        }
        return conditions.get(code)

    return Filter("validity", _l("Validity"), lambda: options(names.STANDING, _("All")), condition)


def _period_columns(model: Any) -> tuple[Column, ...]:
    return (
        Column(
            "from", _l("Valid from"), lambda f: Cell(show_date(f.valid_from), export=f.valid_from), model.valid_from
        ),
        Column("to", _l("Last valid day"), lambda f: Cell(show_date(f.valid_to), export=f.valid_to), model.valid_to),
        Column("validity", _l("Validity"), validity),
    )


def _number(model: Any) -> Column:
    return Column("number", _l("Number"), lambda found: Cell(found.number), model.number)


def _customer(found: Any) -> Cell:
    return Cell(named(found.customer) if found.customer else _("us"))


def _holder(found: Licence) -> Cell:
    return Cell(named(found.supplier)) if found.supplier else _customer(found)


def _all_or(values: list[Any]) -> Cell:
    return Cell(listed(values) if values else _("all"))


def _title(found: Any) -> str:
    return str(found.number)


REGISTRATIONS = Listing(
    key="registration",
    title=_l("Registration certificates"),
    lead=_l("A product may be sold if it was made while its certificate was valid."),
    search_hint=_l("Number or holder"),
    statement=_matching(Registration, Registration.number, Registration.holder),
    columns=(
        _number(Registration),
        Column("holder", _l("Holder"), lambda found: Cell(found.holder), Registration.holder),
        Column(
            "risk_class",
            _l("Risk class"),
            lambda found: Cell(name_of(names.RISK_CLASS, found.risk_class), export=found.risk_class),
            Registration.risk_class,
        ),
        *_period_columns(Registration),
    ),
    filters=(_validity_filter(Registration),),
    icon="file-certificate",
    new=_l("New registration certificate"),
    edit_right="registration:edit",
)

LICENCES = Listing(
    key="licence",
    title=_l("Licences"),
    lead=_l("Of customers, suppliers and ours. Orders to a customer without a valid licence are blocked."),
    search_hint=_l("Number or customer"),
    statement=lambda q: _of_customers(Licence, Licence.customer_id, Licence.number)(q).options(
        joinedload(Licence.customer), joinedload(Licence.supplier)
    ),
    columns=(
        _number(Licence),
        Column("kind", _l("Kind"), lambda found: Cell(name_of(names.LICENCE_KIND, found.kind)), Licence.kind),
        Column("customer", _l("Holder"), _holder),
        Column("risk_classes", _l("Risk classes"), lambda found: _all_or(found.risk_classes)),
        Column("category_codes", _l("Category codes"), lambda found: _all_or(found.category_codes)),
        *_period_columns(Licence)[1:],
    ),
    filters=(
        _validity_filter(Licence),
        Filter(
            "kind",
            _l("Kind"),
            lambda: options(names.LICENCE_KIND, _("All")),
            lambda code: Licence.kind == code if code in names.LICENCE_KIND else None,
        ),
        Filter(
            "owner",
            _l("Holder"),
            lambda: [("", _("All")), ("us", _("us")), ("customer", _("customers")), ("supplier", _("suppliers"))],
            lambda code: Licence.owner_kind == code,
        ),
    ),
    icon="license",
    new=_l("New licence"),
    edit_right="licence:edit",
)

AUTHORISATIONS = Listing(
    key="authorisation",
    title=_l("Authorisations"),
    lead=_l("Which products may be sold in which regions, by us and by distributors."),
    search_hint=_l("Number, grantor or distributor"),
    statement=lambda q: _of_customers(
        Authorisation, Authorisation.grantee_customer_id, Authorisation.number, Authorisation.grantor
    )(q).options(joinedload(Authorisation.grantee)),
    columns=(
        _number(Authorisation),
        Column("grantor", _l("Granted by"), lambda found: Cell(found.grantor), Authorisation.grantor),
        Column("grantee", _l("Granted to"), lambda found: Cell(named(found.grantee) if found.grantee else _("us"))),
        Column(
            "products",
            _l("Products"),
            lambda found: Cell(show_number(len(found.product_ids)) if found.product_ids else _("all")),
        ),
        Column("regions", _l("Regions"), lambda found: _all_or(found.region_codes)),
        *_period_columns(Authorisation)[1:],
    ),
    filters=(_validity_filter(Authorisation),),
    icon="certificate",
    new=_l("New authorisation"),
    edit_right="authorisation:edit",
)

CONTRACTS = Listing(
    key="contract",
    title=_l("Contracts"),
    lead=_l("Delivery promises and penalties; both raise an order's priority."),
    search_hint=_l("Number or customer"),
    statement=lambda q: _of_customers(Contract, Contract.customer_id, Contract.number)(q).options(
        joinedload(Contract.customer)
    ),
    columns=(
        _number(Contract),
        Column("customer", _l("Customer"), _customer),
        Column(
            "sla",
            _l("Delivery promise (hours)"),
            lambda found: Cell(show_number(found.sla_hours), export=found.sla_hours),
            Contract.sla_hours,
        ),
        Column(
            "penalty",
            _l("Penalty (% per day late)"),
            lambda found: Cell(show_number(found.penalty_pct_day), export=found.penalty_pct_day),
            Contract.penalty_pct_day,
        ),
        *_period_columns(Contract)[1:],
        Column("status", _l("Status"), lambda found: badge(names.CONTRACT_STATUS, found.status), Contract.status),
    ),
    filters=(_validity_filter(Contract),),
    icon="contract",
    new=_l("New contract"),
    edit_right="contract:edit",
)

AWARDS = Listing(
    key="award",
    title=_l("Tender awards"),
    lead=_l("Highest prices and committed volumes of tenders won."),
    search_hint=_l("Number, title or customer"),
    statement=lambda q: _of_customers(TenderAward, TenderAward.customer_id, TenderAward.number, TenderAward.title)(
        q
    ).options(joinedload(TenderAward.customer), selectinload(TenderAward.lines)),
    columns=(
        _number(TenderAward),
        Column("title", _l("Title"), lambda found: Cell(found.title), TenderAward.title),
        Column(
            "scope",
            _l("For"),
            lambda found: Cell(named(found.customer) if found.customer else (found.region_code or "")),
        ),
        Column("products", _l("Products"), lambda found: Cell(show_number(len(found.lines)), export=len(found.lines))),
        *_period_columns(TenderAward)[1:],
    ),
    filters=(_validity_filter(TenderAward),),
    icon="trophy",
    new=_l("New tender award"),
    edit_right="award:edit",
)


def _award_lines(award: TenderAward) -> dict[str, Any]:
    wanted = (
        select(TenderAwardLine)
        .where(TenderAwardLine.award_id == award.id)
        .options(joinedload(TenderAwardLine.product))
        .order_by(TenderAwardLine.line_no)
    )
    return {"award_lines": list(session().scalars(wanted))}


def _authorised(found: Authorisation) -> dict[str, Any]:
    return {"products": sorted(queries.products_of(found.product_ids).values(), key=lambda product: product.sku)}


offer(
    Kind(
        key="registration",
        listing=REGISTRATIONS,
        form=forms.REGISTRATION,
        get=queries.get_registration,
        create=service.create_registration,
        change=service.change_registration,
        title=_title,
        read=REGISTRATION_READ,
        edit=REGISTRATION_EDIT,
        place=(_l("Registration certificates"), 30),
        context=lambda found: {"products": queries.products_under(found.id)},
    )
)
offer(
    Kind(
        key="licence",
        listing=LICENCES,
        form=forms.LICENCE,
        get=by_id(Licence, "licence"),
        create=service.create_licence,
        change=service.change_licence,
        title=_title,
        read=LICENCE_READ,
        edit=LICENCE_EDIT,
        place=(_l("Licences"), 40),
    )
)
offer(
    Kind(
        key="authorisation",
        listing=AUTHORISATIONS,
        form=forms.AUTHORISATION,
        get=by_id(Authorisation, "authorisation"),
        create=service.create_authorisation,
        change=service.change_authorisation,
        title=_title,
        read=AUTHORISATION_READ,
        edit=AUTHORISATION_EDIT,
        place=(_l("Authorisations"), 50),
        context=_authorised,
    )
)
offer(
    Kind(
        key="contract",
        listing=CONTRACTS,
        form=forms.CONTRACT,
        get=by_id(Contract, "contract"),
        create=service.create_contract,
        change=service.change_contract,
        title=_title,
        read=CONTRACT_READ,
        edit=CONTRACT_EDIT,
        place=(_l("Contracts"), 60),
    )
)
offer(
    Kind(
        key="award",
        listing=AWARDS,
        form=forms.AWARD,
        get=by_id(TenderAward, "award"),
        create=service.create_award,
        change=service.change_award,
        title=lambda found: found.title or found.number,
        read=AWARD_READ,
        edit=AWARD_EDIT,
        place=(_l("Tender awards"), 70),
        context=_award_lines,
    )
)


@bp.get("/registrations/suggest")
@requires(REGISTRATION_READ)
def suggest_registrations() -> ResponseReturnValue:
    """At most 20 registration certificates for what somebody types."""
    found = session().scalars(REGISTRATIONS.statement(request.args.get("q", "")[:100]).limit(SUGGESTED))
    return jsonify([{"id": one.id, "value": one.number, "label": one.holder} for one in found])
