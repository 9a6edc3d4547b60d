"""What master data must satisfy beyond the form of its fields. Each check adds to `reasons` and never raises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from app.catalog.identifiers import BadIdentifier, check_di
from app.catalog.models import (
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    ProductPackage,
    Region,
    Registration,
    Supplier,
    TenderAward,
)
from app.core.db import session
from app.core.fields import LARGEST_QUANTITY
from app.core.i18n import _

Reasons = dict[str, list[str]]
Values = dict[str, Any]
DEEPEST = 20


def _taken(reasons: Reasons, field: str, *conditions: ColumnElement[bool], but: Any, key: Any) -> None:
    with session().no_autoflush:
        found = session().execute(select(key).where(*conditions).limit(2)).scalars().all()
    if any(other != but for other in found):
        reasons.setdefault(field, []).append(_("This is already in use."))


def _unknown(reasons: Reasons, field: str, key: Any, value: Any) -> bool:
    if value is None or session().execute(select(key).where(key == value)).scalar() is not None:
        return False
    reasons.setdefault(field, []).append(_("%(value)s is not known.", value=value))
    return True


def _all_known(reasons: Reasons, field: str, key: Any, values: Iterable[str]) -> None:
    wanted = list(values)
    known = set(session().execute(select(key).where(key.in_(wanted))).scalars())
    for position, value in enumerate(wanted):
        if value not in known:
            reasons[f"{field}.{position}"] = [_("%(value)s is not known.", value=value)]


def _period(values: Values, reasons: Reasons) -> None:
    if values["valid_to"] < values["valid_from"]:
        reasons.setdefault("valid_to", []).append(_("The end lies before the beginning."))


def product(existing: Product | None, values: Values, reasons: Reasons) -> None:
    """SKU and DI unique, check digits right, storage range in order; what an active product must have."""
    own = existing.id if existing else None
    _taken(reasons, "sku", Product.sku == values["sku"], but=own, key=Product.id)
    _device_identifier(values, reasons)
    if values["udi_di"] and "udi_di" not in reasons:
        _taken(reasons, "udi_di", Product.udi_di == values["udi_di"], but=own, key=Product.id)
    low, high = values["storage_min_c"], values["storage_max_c"]
    if low is not None and high is not None and low > high:
        reasons.setdefault("storage_max_c", []).append(_("Must not be below the lowest temperature."))
    _registration_of(values, reasons)
    if values["packages"]:
        _packages(own, values, reasons)
    if values["status"] == "active":
        _may_be_active(values, reasons)


def _device_identifier(values: Values, reasons: Reasons) -> None:
    if not values["udi_di"]:
        values["udi_di"] = values["issuer"] = None
        return
    try:
        values["udi_di"] = check_di(values["udi_di"], values["issuer"])
    except BadIdentifier as error:
        reasons["udi_di"] = [error.sentence()]


def _registration_of(values: Values, reasons: Reasons) -> None:
    if values["registration_id"] is None:
        return
    found = session().get(Registration, values["registration_id"])
    if found is None:
        reasons["registration_id"] = [_("%(value)s is not known.", value=values["registration_id"])]
    elif values["risk_class"] is not None and found.risk_class != values["risk_class"]:
        reasons["risk_class"] = [_("The registration is for class %(class_)s.", class_=found.risk_class)]


def _may_be_active(values: Values, reasons: Reasons) -> None:
    """The qualification of a product before its first trade (首营品种, 医疗器械经营质量管理规范, No. 153 of 2023)."""
    if values["risk_class"] is None:
        reasons.setdefault("risk_class", []).append(_("An active product needs a risk class."))
    if values["registration_id"] is None:
        reasons.setdefault("registration_id", []).append(_("An active product needs a registration certificate."))
    traced = values["lot_controlled"] or values["serial_controlled"]
    if (values["risk_class"] == 3 or values["implantable"]) and not traced:
        reasons.setdefault("lot_controlled", []).append(_("Class III and implants are traced by lot or serial number."))


def _packages(own: str | None, values: Values, reasons: Reasons) -> None:
    seen: set[str] = set()
    for position, row in enumerate(values["packages"]):
        field = f"packages.{position}.di"
        try:
            row["di"] = check_di(row["di"], values["issuer"] or "GS1")
        except BadIdentifier as error:
            reasons[field] = [error.sentence()]
            continue
        if row["di"] in seen or row["di"] == values["udi_di"]:
            reasons[field] = [_("This is already in use.")]
        same = (ProductPackage.di == row["di"], ProductPackage.kind == "package")
        _taken(reasons, field, *same, but=own, key=ProductPackage.product_id)
        seen.add(row["di"])
    sizes = base_quantities(values["udi_di"], values["packages"])
    if any(size > LARGEST_QUANTITY for size in sizes.values()):
        reasons.setdefault("packages", []).append(_("A package holds at most 1,000,000 base units."))
    if sizes.keys() != seen:
        reasons.setdefault("packages", []).append(
            _("Each package must contain the product or another of its packages.")
        )


def base_quantities(udi_di: str | None, packages: list[Values]) -> dict[str, int]:
    """Base units in each package, by its DI; a package whose content does not lead to the product is left out."""
    inside = {row["di"]: (row["contains_di"] or udi_di, row["quantity"]) for row in packages}
    sizes: dict[str, int] = {}
    for di in inside:
        at, size = di, 1
        for _step in range(DEEPEST):
            content, quantity = inside[at]
            size *= quantity
            if content == udi_di:
                sizes[di] = size
                break
            if content not in inside:
                break
            at = content
    return sizes


def customer(existing: Customer | None, values: Values, reasons: Reasons) -> None:
    """Code and USCC unique, region known."""
    own = existing.id if existing else None
    _taken(reasons, "code", Customer.code == values["code"], but=own, key=Customer.id)
    if values["uscc"]:
        _taken(reasons, "uscc", Customer.uscc == values["uscc"], but=own, key=Customer.id)
    _unknown(reasons, "region_code", Region.code, values["region_code"])


def registration(existing: Registration | None, values: Values, reasons: Reasons) -> None:
    """Number unique, period in order."""
    own = existing.id if existing else None
    _taken(reasons, "number", Registration.number == values["number"], but=own, key=Registration.id)
    _period(values, reasons)


def supplier(existing: Supplier | None, values: Values, reasons: Reasons) -> None:
    """Code and USCC unique, products known."""
    own = existing.id if existing else None
    _taken(reasons, "code", Supplier.code == values["code"], but=own, key=Supplier.id)
    if values["uscc"]:
        _taken(reasons, "uscc", Supplier.uscc == values["uscc"], but=own, key=Supplier.id)
    _all_known(reasons, "product_ids", Product.id, values["product_ids"])


def licence(existing: Licence | None, values: Values, reasons: Reasons) -> None:
    """Owner known, period in order; the number unique within its kind, but for the licence that it renews."""
    own = existing.id if existing else None
    _unknown(reasons, "customer_id", Customer.id, values["customer_id"])
    _unknown(reasons, "supplier_id", Supplier.id, values["supplier_id"])
    if values["customer_id"] and values["supplier_id"]:
        reasons.setdefault("supplier_id", []).append(_("A licence has one holder."))
    values["risk_classes"] = sorted(set(values["risk_classes"]))
    _period(values, reasons)
    renews = _renews(own, values, reasons) if values["succeeds_id"] else existing is not None
    same: list[ColumnElement[bool]] = [Licence.kind == values["kind"], Licence.number == values["number"]]
    if renews:  # authorities renew a licence under its number
        others = (
            Licence.customer_id.is_distinct_from(values["customer_id"]),
            Licence.supplier_id.is_distinct_from(values["supplier_id"]),
            Licence.valid_from == values["valid_from"],
        )
        same.append(or_(*others))
    _taken(reasons, "number", *same, but=own, key=Licence.id)


def _renews(own: str | None, values: Values, reasons: Reasons) -> bool:
    """True when what it renews is of the same holder and kind, ends earlier and is renewed by no other."""
    found = session().get(Licence, values["succeeds_id"])
    holder = (values["customer_id"], values["supplier_id"])
    if found is None or found.id == own or (found.customer_id, found.supplier_id) != holder:
        reasons["succeeds_id"] = [_("Must be a licence of the same holder.")]
        return False
    if found.kind != values["kind"] or found.valid_to >= values["valid_to"]:
        reasons["succeeds_id"] = [_("Must be of the same kind and end earlier.")]
    _taken(reasons, "succeeds_id", Licence.succeeds_id == found.id, but=own, key=Licence.id)
    return True


def authorisation(existing: Authorisation | None, values: Values, reasons: Reasons) -> None:
    """Number unique; grantee a distributor; products and regions known; period in order."""
    own = existing.id if existing else None
    _taken(reasons, "number", Authorisation.number == values["number"], but=own, key=Authorisation.id)
    if values["grantee_customer_id"] is not None:
        grantee = session().get(Customer, values["grantee_customer_id"])
        if grantee is None or grantee.kind != "distributor":
            reasons["grantee_customer_id"] = [_("Must be a distributor we know.")]
    _all_known(reasons, "product_ids", Product.id, values["product_ids"])
    _all_known(reasons, "region_codes", Region.code, values["region_codes"])
    _period(values, reasons)


def contract(existing: Contract | None, values: Values, reasons: Reasons) -> None:
    """Number unique, customer known, period in order."""
    own = existing.id if existing else None
    _taken(reasons, "number", Contract.number == values["number"], but=own, key=Contract.id)
    _unknown(reasons, "customer_id", Customer.id, values["customer_id"])
    _period(values, reasons)


def award(existing: TenderAward | None, values: Values, reasons: Reasons) -> None:
    """Number unique, for a known region or customer, each product once, period in order."""
    own = existing.id if existing else None
    _taken(reasons, "number", TenderAward.number == values["number"], but=own, key=TenderAward.id)
    if values["region_code"] is None and values["customer_id"] is None:
        reasons["region_code"] = [_("Name a region or a customer.")]
    _unknown(reasons, "region_code", Region.code, values["region_code"])
    _unknown(reasons, "customer_id", Customer.id, values["customer_id"])
    products = [row["product_id"] for row in values["lines"]]
    known = set(session().execute(select(Product.id).where(Product.id.in_(products))).scalars())
    for position, product_id in enumerate(products):
        if product_id not in known:
            reasons[f"lines.{position}.product_id"] = [_("%(value)s is not known.", value=product_id)]
        elif product_id in products[:position]:
            reasons[f"lines.{position}.product_id"] = [_("This is already in use.")]
    _period(values, reasons)


def region(existing: Region | None, values: Values, reasons: Reasons) -> None:
    """Code unique and, once given, fixed; half of the lane's days not above its 95 %."""
    own = existing.code if existing else None
    if existing is not None and values["code"] != existing.code:
        reasons["code"] = [_("The code of a region cannot be changed.")]
    _taken(reasons, "code", Region.code == values["code"], but=own, key=Region.code)
    if values["lane_days_p50"] > values["lane_days_p95"]:
        reasons["lane_days_p95"] = [_("Must not be below the usual number of days.")]
