"""Verbs on master data. Each validates what it is given (`Invalid` names every wrong field), writes the audit entry of
what changed, and refuses an edit of a version that is no longer current (`StaleVersion`).

`given` maps field names of `schemas.…Given` to text or typed values. A change replaces the whole record: fields left
out take their defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError

from app.audit.service import record
from app.catalog import checks, schemas
from app.catalog.checks import base_quantities
from app.catalog.drawing import draw_on_award
from app.catalog.identifiers import BadIdentifier, check_di, check_uscc
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
    TenderAwardLine,
)
from app.catalog.permissions import TAKE_OVER
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid, StaleVersion
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.refusals import flat_fields
from app.core.registry import Registry
from app.core.subject import Subject

__all__ = ["BadIdentifier", "base_quantities", "check_di", "check_uscc", "draw_on_award"]

Given = Mapping[str, Any]
Record = TypeVar("Record", bound=Any)
RESTED = ("suspended", "restricted")
BY_QUALIFICATION = ("active", "qualifying", "review")
"""Standings that only the qualification gives, or who takes over what was qualified before."""
Check = Callable[[Any, dict[str, Any], dict[str, list[str]]], None]


class BelowConsumed(Conflict):
    """A line that orders have already drawn on cannot be taken out of the award."""

    message = _l("Orders have already drawn on %(product)s under this award: its line cannot be removed.")


class NotQualified(Conflict):
    """There is no trade with it, or of it: why stands in the sentence."""

    message = _l("%(what)s is not qualified: %(why)s")


ready_to_trade: Registry[Callable[[Subject], list[str]]] = Registry("check of papers")
"""By kind of subject: why its papers do not let it be traded today, in the reader's language; none if they do."""


def create_product(actor: Actor, given: Given) -> Product:
    """A new product: on sale only by qualification, or when it was before. Raises Invalid."""
    values = _checked(schemas.ProductGiven(), given, checks.product, None)
    _refuse_unqualified(actor, values, None)
    made = Product(id=new_id(), source="manual", source_data={})
    return _created(actor, made, values, _put_product)


def change_product(actor: Actor, product: Product, given: Given, *, seen_version: int) -> Product:
    """Replace what is known of a product. Raises Invalid, StaleVersion."""
    return _changed(actor, product, given, seen_version, (schemas.ProductGiven(), checks.product, _put_product))


def create_customer(actor: Actor, given: Given) -> Customer:
    """A new customer, a prospect unless it was qualified before. Raises Invalid."""
    values = _checked(schemas.CustomerGiven(), given, checks.customer, None)
    _refuse_unqualified(actor, values, None)
    return _created(actor, Customer(id=new_id()), values, _put_party)


def change_customer(actor: Actor, customer: Customer, given: Given, *, seen_version: int) -> Customer:
    """Replace what is known of a customer. Raises Invalid, StaleVersion."""
    return _changed(actor, customer, given, seen_version, (schemas.CustomerGiven(), checks.customer, _put_party))


def create_supplier(actor: Actor, given: Given) -> Supplier:
    """A new supplier, a prospect unless it was qualified before. Raises Invalid."""
    values = _checked(schemas.SupplierGiven(), given, checks.supplier, None)
    _refuse_unqualified(actor, values, None)
    return _created(actor, Supplier(id=new_id()), values, _put_party)


def change_supplier(actor: Actor, supplier: Supplier, given: Given, *, seen_version: int) -> Supplier:
    """Replace what is known of a supplier. Raises Invalid, StaleVersion."""
    return _changed(actor, supplier, given, seen_version, (schemas.SupplierGiven(), checks.supplier, _put_party))


def set_standing(actor: Actor, found: Record, status: str, reason: str) -> Record:
    """A customer, supplier or product is traded from now on, or not any more: qualification and its lapse say so."""
    before = found.status
    if before != status:
        found.status, found.updated_at = status, clock.now()
        session().flush()
        subject = subject_of(found)
        record(actor, f"{subject.kind}:standing", subject, before=before, now=status, reason=reason)
    return found


def _refuse_unqualified(actor: Actor, values: Mapping[str, Any], existing: Any) -> None:
    """Nobody makes something tradable by editing a field. What only rested comes back if its papers are in order."""
    wanted, before = values.get("status"), getattr(existing, "status", None)
    if wanted not in BY_QUALIFICATION or wanted == before or actor.may(TAKE_OVER):
        return
    if wanted != "active" or before not in RESTED:
        raise Invalid({"status": [_("Only the qualification makes it so: start it on the page of the record.")]})
    subject = subject_of(existing)
    reasons = ready_to_trade.get(subject.kind)(subject) if subject.kind in ready_to_trade else []
    if reasons:
        raise Invalid({"status": reasons})


def create_registration(actor: Actor, given: Given) -> Registration:
    """A new registration certificate. Raises Invalid."""
    values = _checked(schemas.RegistrationGiven(), given, checks.registration, None)
    return _created(actor, Registration(id=new_id()), values, _put)


def change_registration(actor: Actor, found: Registration, given: Given, *, seen_version: int) -> Registration:
    """Replace a registration certificate. Raises Invalid, StaleVersion."""
    return _changed(actor, found, given, seen_version, (schemas.RegistrationGiven(), checks.registration, _put))


def create_licence(actor: Actor, given: Given) -> Licence:
    """A new licence: the customer's, the supplier's, or ours without both. Raises Invalid."""
    values = _checked(schemas.LicenceGiven(), given, checks.licence, None)
    return _created(actor, Licence(id=new_id()), values, _put_licence)


def change_licence(actor: Actor, licence: Licence, given: Given, *, seen_version: int) -> Licence:
    """Replace a licence. Raises Invalid, StaleVersion."""
    return _changed(actor, licence, given, seen_version, (schemas.LicenceGiven(), checks.licence, _put_licence))


def create_authorisation(actor: Actor, given: Given) -> Authorisation:
    """A new authorisation: to a distributor, or to us without `grantee_customer_id`. Raises Invalid."""
    values = _checked(schemas.AuthorisationGiven(), given, checks.authorisation, None)
    return _created(actor, Authorisation(id=new_id()), values, _put)


def change_authorisation(actor: Actor, found: Authorisation, given: Given, *, seen_version: int) -> Authorisation:
    """Replace an authorisation. Raises Invalid, StaleVersion."""
    return _changed(actor, found, given, seen_version, (schemas.AuthorisationGiven(), checks.authorisation, _put))


def create_contract(actor: Actor, given: Given) -> Contract:
    """A new contract. Raises Invalid."""
    values = _checked(schemas.ContractGiven(), given, checks.contract, None)
    return _created(actor, Contract(id=new_id()), values, _put)


def change_contract(actor: Actor, contract: Contract, given: Given, *, seen_version: int) -> Contract:
    """Replace a contract. Raises Invalid, StaleVersion."""
    return _changed(actor, contract, given, seen_version, (schemas.ContractGiven(), checks.contract, _put))


def create_award(actor: Actor, given: Given) -> TenderAward:
    """A new tender award with its lines. Raises Invalid."""
    values = _checked(schemas.AwardGiven(), given, checks.award, None)
    return _created(actor, TenderAward(id=new_id()), values, _put_award)


def change_award(actor: Actor, award: TenderAward, given: Given, *, seen_version: int) -> TenderAward:
    """Replace a tender award; volumes already drawn are kept. Raises Invalid, StaleVersion, BelowConsumed."""
    return _changed(actor, award, given, seen_version, (schemas.AwardGiven(), checks.award, _put_award))


def create_region(actor: Actor, given: Given) -> Region:
    """A new delivery region. Raises Invalid."""
    values = _checked(schemas.RegionGiven(), given, checks.region, None)
    return _created(actor, Region(), values, _put)


def change_region(actor: Actor, region: Region, given: Given, *, seen_version: int) -> Region:
    """Replace a region's name and lane. Raises Invalid, StaleVersion."""
    return _changed(actor, region, given, seen_version, (schemas.RegionGiven(), checks.region, _put))


def _checked(schema: Schema, given: Given, check: Check, existing: Any) -> dict[str, Any]:
    try:
        values: dict[str, Any] = schema.load(dict(given))
    except ValidationError as error:
        raise Invalid(flat_fields(error.messages)) from error
    reasons: dict[str, list[str]] = {}
    check(existing, values, reasons)
    if reasons:
        raise Invalid(reasons)
    return values


def _created(
    actor: Actor, made: Record, values: dict[str, Any], put: Callable[[Any, dict[str, Any]], dict[str, Any]]
) -> Record:
    made.updated_at = clock.now()
    put(made, values)
    session().add(made)
    session().flush()
    subject = subject_of(made)
    record(actor, f"{subject.kind}:create", subject, given={name: _plain(value) for name, value in values.items()})
    return made


def _changed(
    actor: Actor,
    found: Record,
    given: Given,
    seen_version: int,
    how: tuple[Schema, Check, Callable[[Any, dict[str, Any]], dict[str, Any]]],
) -> Record:
    schema, check, put = how
    if seen_version != found.version:
        raise StaleVersion(seen=seen_version, current=found.version)
    values = _checked(schema, given, check, found)
    if isinstance(found, Product | Customer | Supplier):
        _refuse_unqualified(actor, values, found)
    with session().no_autoflush:
        changes = put(found, values)
    if changes:
        found.updated_at = clock.now()
        session().flush()
        subject = subject_of(found)
        record(actor, f"{subject.kind}:change", subject, changes=changes, version=found.version)
    return found


def subject_of(found: Any) -> Subject:
    """What the audit trail calls the record."""
    kind = {"TenderAward": "award"}.get(type(found).__name__, type(found).__name__.lower())
    return Subject(kind, found.code if isinstance(found, Region) else found.id)


def _put(found: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Set the values; answers `{name: [before, after]}` of those that differ."""
    changes: dict[str, Any] = {}
    for name, value in values.items():
        before = getattr(found, name)
        if before != value:
            setattr(found, name, value)
            changes[name] = [_plain(before), _plain(value)]
    return changes


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _put_product(product: Product, values: dict[str, Any]) -> dict[str, Any]:
    packages = values.pop("packages", None)
    changes = _put(product, values)
    if packages is not None:
        changes |= _put_packages(product, packages)
    product.search_text = product_search_text(
        (product.sku, product.udi_di, product.name, product.name_en, product.brand, product.model),
        [package.di for package in product.packages],
    )
    return changes


def _put_packages(product: Product, given: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {package.di: package for package in product.packages if package.kind == "package"}
    before = sorted([di, package.contains_di, package.quantity] for di, package in kept.items())
    sizes = base_quantities(product.udi_di, given)
    for di, package in kept.items():
        if di not in sizes:
            product.packages.remove(package)
    for row in given:
        if row["di"] not in kept:
            kept[row["di"]] = ProductPackage(id=new_id(), di=row["di"], issuer=product.issuer or "GS1", kind="package")
            product.packages.append(kept[row["di"]])
        package = kept[row["di"]]
        package.contains_di = row["contains_di"] or product.udi_di
        package.quantity, package.base_quantity = row["quantity"], sizes[row["di"]]
    after = sorted([row["di"], row["contains_di"] or product.udi_di, row["quantity"]] for row in given)
    return {} if before == after else {"packages": [before, after]}


def product_search_text(texts: tuple[str | None, ...], package_dis: list[str]) -> str:
    """What a search of products looks through; the SKU comes first, so that its beginning is the text's."""
    return " ".join(filter(None, (*texts, *package_dis))).lower()[:800]


def _put_party(party: Customer | Supplier, values: dict[str, Any]) -> dict[str, Any]:
    changes = _put(party, values)
    texts = (party.code, party.uscc, party.name, party.name_en)
    party.search_text = " ".join(filter(None, texts)).lower()[:800]
    return changes


def _put_licence(licence: Licence, values: dict[str, Any]) -> dict[str, Any]:
    kind = "customer" if values["customer_id"] else "supplier" if values["supplier_id"] else "us"
    return _put(licence, values | {"owner_kind": kind})


def _put_award(award: TenderAward, values: dict[str, Any]) -> dict[str, Any]:
    lines = values.pop("lines")
    changes = _put(award, values)
    kept = {line.product_id: line for line in award.lines}
    before = _award_figures(award)
    wanted = {row["product_id"] for row in lines}
    for product_id, line in kept.items():
        if product_id not in wanted:
            if line.consumed_qty:
                raise BelowConsumed(product=line.product.sku)
            award.lines.remove(line)
    for number, row in enumerate(lines, start=1):
        if row["product_id"] not in kept:
            kept[row["product_id"]] = TenderAwardLine(id=new_id(), product_id=row["product_id"], consumed_qty=0)
            award.lines.append(kept[row["product_id"]])
        line = kept[row["product_id"]]
        line.line_no, line.price_ceiling, line.committed_qty = number, row["price_ceiling"], row["committed_qty"]
    after = _award_figures(award)
    if before != after:
        changes["lines"] = [before, after]
    return changes


def _award_figures(award: TenderAward) -> list[list[Any]]:
    return [[line.product_id, str(line.price_ceiling), line.committed_qty] for line in award.lines]
