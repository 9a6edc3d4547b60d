"""The edit forms of master data, and the values of a stored record in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from app.catalog import identifiers, queries
from app.catalog.models import Licence
from app.catalog.pages import names
from app.catalog.pages.inputs import (
    Form,
    Group,
    Input,
    Rows,
    customer_id,
    licence_id,
    product_id,
    registration_id,
    skus,
    supplier_id,
)
from app.catalog.pages.names import options
from app.core.db import session
from app.core.i18n import LazyString, _, _l, pick

PRODUCT_SUGGEST = "/products/suggest?q="
CUSTOMER_SUGGEST = "/customers/suggest?q="
NAME = {"maxlength": 200}
CODE = {"maxlength": 64, "autocomplete": "off", "spellcheck": "false"}


def region_options() -> list[tuple[str, str]]:
    """All regions, and none."""
    return [("", "–"), *((found.code, f"{pick(found.name)} ({found.code})") for found in queries.regions())]


def _number() -> Input:
    return Input("number", _l("Number"), required=True, attrs=CODE)


def _period() -> Group:
    return Group(
        _l("Validity"),
        (
            Input("valid_from", _l("Valid from"), "date", required=True),
            Input("valid_to", _l("Last valid day"), "date", required=True),
        ),
    )


def _contacts(hint: LazyString) -> Rows:
    return Rows(
        "contacts",
        _l("Contact persons"),
        (
            Input("name", _l("Name"), attrs={"maxlength": 100}),
            Input("purpose", _l("Purpose"), "select", options=lambda: options(names.CONTACT_PURPOSE, "–")),
            Input("phone", _l("Telephone"), attrs={"maxlength": 40}),
            Input("email", _l("E-mail"), attrs={"maxlength": 200}),
        ),
        add=_l("Add a contact person"),
        hint=hint,
    )


PRODUCT = Form(
    (
        Group(
            _l("What it is"),
            (
                Input("sku", _l("SKU"), required=True, attrs=CODE),
                Input("name", _l("Product name"), required=True, attrs={"maxlength": 300}),
                Input("name_en", _l("English name"), attrs={"maxlength": 300}),
                Input("brand", _l("Brand"), attrs=NAME),
                Input("model", _l("Model"), attrs=NAME),
                Input("manufacturer", _l("Manufacturer"), attrs=NAME),
                Input("udi_di", _l("UDI-DI"), hint=_l("GTIN: 8 to 14 digits with check digit."), attrs=CODE),
                Input(
                    "issuer",
                    _l("Issuing agency"),
                    "select",
                    options=lambda: [(code, code) for code in identifiers.ISSUERS],
                ),
                Input("uom", _l("Base unit"), attrs={"maxlength": 16}),
                Input("list_price", _l("List price (CNY)"), "decimal"),
                Input("description", _l("Description"), "textarea", wide=True, attrs={"maxlength": 2000}),
            ),
        ),
        Group(
            _l("Regulation"),
            (
                Input(
                    "status",
                    _l("Status"),
                    "select",
                    options=lambda: options(names.PRODUCT_STATUS),
                    hint=_l("On sale needs a risk class and a registration certificate."),
                ),
                Input(
                    "risk_class", _l("Risk class"), "select", options=lambda: options(names.RISK_CLASS, _("not known"))
                ),
                Input(
                    "category_code", _l("Category code"), hint=_l("Of the device catalogue, such as 13-07."), attrs=CODE
                ),
                Input(
                    "registration_id",
                    _l("Registration certificate"),
                    resolve=registration_id,
                    suggest="/registrations/suggest?q=",
                    attrs=CODE,
                ),
                Input("implantable", _l("Implant"), "checkbox"),
                Input("sterile", _l("Sterile"), "checkbox"),
                Input("life_supporting", _l("Life-supporting"), "checkbox"),
                Input("high_value", _l("High value"), "checkbox"),
                Input("needs_inspection", _l("Needs an inspection report"), "checkbox"),
            ),
        ),
        Group(
            _l("Storage and traceability"),
            (
                Input("storage_min_c", _l("Lowest temperature (°C)"), "decimal"),
                Input("storage_max_c", _l("Highest temperature (°C)"), "decimal"),
                Input("shelf_life_days", _l("Shelf life (days)"), "number"),
                Input("min_remaining_days", _l("Least remaining shelf life on arrival (days)"), "number"),
                Input("substitution_group", _l("Substitution group"), attrs=CODE),
                Input("lot_controlled", _l("Traced by lot"), "checkbox"),
                Input("serial_controlled", _l("Traced by serial number"), "checkbox"),
                Input("expiry_controlled", _l("Has an expiry date"), "checkbox"),
            ),
        ),
    ),
    Rows(
        "packages",
        _l("Packaging levels"),
        (
            Input("di", _l("Package DI"), attrs=CODE),
            Input("contains_di", _l("Contains DI"), hint=_l("Empty: the product itself."), attrs=CODE),
            Input("quantity", _l("How many"), "number"),
        ),
        add=_l("Add a packaging level"),
    ),
)

CUSTOMER = Form(
    (
        Group(
            _l("Who they are"),
            (
                Input("code", _l("Code"), required=True, attrs=CODE),
                Input("name", _l("Customer name"), required=True, attrs=NAME),
                Input("name_en", _l("English name"), attrs=NAME),
                Input("uscc", _l("Unified social credit code"), attrs={"maxlength": 18, "autocomplete": "off"}),
                Input("kind", _l("Kind"), "select", options=lambda: options(names.CUSTOMER_KIND)),
                Input("tier", _l("Tier"), "select", options=lambda: options(names.TIER)),
                Input("region_code", _l("Region"), "select", required=True, options=region_options),
                Input("status", _l("Status"), "select", options=lambda: options(names.CUSTOMER_STATUS)),
                Input("address", _l("Address"), wide=True, attrs={"maxlength": 300}),
            ),
        ),
        Group(
            _l("Credit and delivery"),
            (
                Input("credit_limit", _l("Credit limit (CNY)"), "decimal"),
                Input("credit_used", _l("Credit used (CNY)"), "decimal"),
                Input("overdue_days", _l("Overdue (days)"), "number"),
                Input("min_remaining_days", _l("Least remaining shelf life on arrival (days)"), "number"),
                Input("prepaid", _l("Pays in advance"), "checkbox"),
                Input("cold_capable", _l("Can receive the cold chain"), "checkbox"),
            ),
        ),
    ),
    _contacts(_l("The recall contact gets the notice of a recall by e-mail; without an address somebody must phone.")),
)

SUPPLIER = Form(
    (
        Group(
            _l("Who they are"),
            (
                Input("code", _l("Code"), required=True, attrs=CODE),
                Input("name", _l("Supplier name"), required=True, attrs=NAME),
                Input("name_en", _l("English name"), attrs=NAME),
                Input("uscc", _l("Unified social credit code"), attrs={"maxlength": 18, "autocomplete": "off"}),
                Input("kind", _l("Kind"), "select", options=lambda: options(names.SUPPLIER_KIND)),
                Input("status", _l("Status"), "select", options=lambda: options(names.SUPPLIER_STATUS)),
                Input("address", _l("Address"), wide=True, attrs={"maxlength": 300}),
                Input(
                    "product_ids",
                    _l("Products supplied"),
                    "codes",
                    resolve=product_id,
                    wide=True,
                    hint=_l("One SKU a line. Empty: whatever its licences cover."),
                    attrs={"rows": 4},
                ),
            ),
        ),
    ),
    _contacts(_l("A maker or distributor names somebody who answers about recalls at any hour.")),
)

REGISTRATION = Form(
    (
        Group(
            _l("Registration certificate"),
            (
                _number(),
                Input("holder", _l("Holder"), required=True, attrs=NAME),
                Input("risk_class", _l("Risk class"), "select", options=lambda: options(names.RISK_CLASS)),
            ),
        ),
        _period(),
    )
)

LICENCE = Form(
    (
        Group(
            _l("Licence"),
            (
                Input("kind", _l("Kind"), "select", options=lambda: options(names.LICENCE_KIND)),
                _number(),
                Input(
                    "customer_id",
                    _l("Customer"),
                    resolve=customer_id,
                    suggest=CUSTOMER_SUGGEST,
                    hint=_l("Customer and supplier empty: the licence is ours."),
                    attrs=CODE,
                ),
                Input(
                    "supplier_id",
                    _l("Supplier"),
                    resolve=supplier_id,
                    suggest="/suppliers/suggest?q=",
                    attrs=CODE,
                ),
                Input(
                    "succeeds_id",
                    _l("Renews licence number"),
                    resolve=licence_id,
                    hint=_l("The former licence of the same holder and kind; the warnings about it end."),
                    attrs=CODE,
                ),
                Input("risk_classes", _l("Risk classes"), "codes", hint=_l("Such as 2 3. Empty: all.")),
                Input("category_codes", _l("Category codes"), "codes", hint=_l("Such as 13 14-01. Empty: all.")),
            ),
        ),
        _period(),
    )
)

AUTHORISATION = Form(
    (
        Group(
            _l("Authorisation"),
            (
                _number(),
                Input("grantor", _l("Granted by"), attrs=NAME),
                Input(
                    "grantee_customer_id",
                    _l("Granted to (distributor)"),
                    resolve=customer_id,
                    suggest=CUSTOMER_SUGGEST,
                    hint=_l("Empty: the authorisation is to us."),
                    attrs=CODE,
                ),
                Input("region_codes", _l("Region codes"), "codes", hint=_l("Separated by blanks. Empty: all.")),
                Input(
                    "product_ids",
                    _l("Products"),
                    "codes",
                    resolve=product_id,
                    wide=True,
                    hint=_l("One SKU a line. Empty: all."),
                ),
            ),
        ),
        _period(),
    )
)

CONTRACT = Form(
    (
        Group(
            _l("Contract"),
            (
                _number(),
                Input(
                    "customer_id",
                    _l("Customer"),
                    required=True,
                    resolve=customer_id,
                    suggest=CUSTOMER_SUGGEST,
                    attrs=CODE,
                ),
                Input("status", _l("Status"), "select", options=lambda: options(names.CONTRACT_STATUS)),
                Input("sla_hours", _l("Delivery promise (hours)"), "number"),
                Input("penalty_pct_day", _l("Penalty (% per day late)"), "decimal"),
                Input("penalty_cap_pct", _l("Highest penalty (%)"), "decimal"),
                Input("min_remaining_days", _l("Least remaining shelf life on arrival (days)"), "number"),
            ),
        ),
        _period(),
    )
)

AWARD = Form(
    (
        Group(
            _l("Tender award"),
            (
                _number(),
                Input("title", _l("Title"), attrs=NAME),
                Input("region_code", _l("Region"), "select", options=region_options),
                Input(
                    "customer_id",
                    _l("Customer"),
                    resolve=customer_id,
                    suggest=CUSTOMER_SUGGEST,
                    hint=_l("Only if the award is for one customer."),
                    attrs=CODE,
                ),
            ),
        ),
        _period(),
    ),
    Rows(
        "lines",
        _l("Products awarded"),
        (
            Input("product_id", _l("Product"), resolve=product_id, suggest=PRODUCT_SUGGEST, attrs=CODE),
            Input("price_ceiling", _l("Highest price (CNY)"), "decimal"),
            Input("committed_qty", _l("Committed volume"), "number"),
        ),
        add=_l("Add a product"),
    ),
)


def values_of(found: Any, form: Form) -> dict[str, Any]:
    """The stored record as its form shows it."""
    values = {one.name: _shown(found, one) for group in form.groups for one in group.inputs}
    if form is PRODUCT:
        values["packages"] = [
            {"di": row.di, "contains_di": row.contains_di or "", "quantity": row.quantity}
            for row in found.packages
            if row.kind == "package"
        ]
    if form in (CUSTOMER, SUPPLIER):
        values["contacts"] = list(found.contacts)
    if form is AWARD:
        values["lines"] = [
            {"product_id": row.product.sku, "price_ceiling": row.price_ceiling, "committed_qty": row.committed_qty}
            for row in found.lines
        ]
    return values


def _shown(found: Any, one: Input) -> Any:
    if one.name in ("zh", "en"):
        return found.name[one.name]
    value = getattr(found, one.name)
    if value in (None, "", []):
        return ""
    if one.name in _CODES:
        return _CODES[one.name](value)
    return value.isoformat() if isinstance(value, date) else value


_CODES: dict[str, Callable[[Any], str]] = {
    "product_ids": skus,
    "customer_id": lambda found: queries.get_customer(found).code,
    "grantee_customer_id": lambda found: queries.get_customer(found).code,
    "supplier_id": lambda found: queries.get_supplier(found).code,
    "succeeds_id": lambda found: session().get_one(Licence, found).number,
    "registration_id": lambda found: queries.get_registration(found).number,
    "risk_classes": lambda found: " ".join(map(str, found)),
    "category_codes": " ".join,
    "region_codes": " ".join,
}
"""How stored ids and lists are written in a field."""
