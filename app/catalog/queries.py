"""Reads of master data. `get_…` raises NotFound; `find_…` answers None."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import selectinload

from app.audit.queries import subject_labels
from app.catalog.models import (
    Authorisation,
    AwardDraw,
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
from app.core.db import session
from app.core.errors import NotFound

GOODS_FROM = ("manufacturer", "distributor")
"""Kinds of suppliers that goods come from; the others supply services."""


def get_product(product_id: str) -> Product:
    """The product. Raises NotFound."""
    found = session().get(Product, product_id)
    if found is None:
        raise NotFound(product=product_id)
    return found


def products_of(ids: Iterable[str]) -> dict[str, Product]:
    """The products of these ids that exist, by id; one statement."""
    found = session().scalars(select(Product).where(Product.id.in_(set(ids))))
    return {product.id: product for product in found}


def units_of(product: Product) -> dict[str, int]:
    """Base units in each unit of measure of the product: its own (1) and its packages, by DI. Whole numbers."""
    packages = {package.di: package.base_quantity for package in product.packages if package.kind == "package"}
    return {**packages, product.uom: 1}


def find_product(text: str) -> Product | None:
    """The product whose SKU, UDI-DI or package DI is exactly the text."""
    wanted = text.strip()
    if not wanted:
        return None
    direct = select(Product).where(or_(Product.sku == wanted, Product.udi_di == wanted)).limit(1)
    found = session().scalars(direct).first()
    if found is not None:
        return found
    by_package = (
        select(Product).join(ProductPackage).where(ProductPackage.di == wanted).order_by(ProductPackage.id).limit(1)
    )
    return session().scalars(by_package).first()


def get_customer(customer_id: str) -> Customer:
    """The customer. Raises NotFound."""
    found = session().get(Customer, customer_id)
    if found is None:
        raise NotFound(customer=customer_id)
    return found


def customers_of(ids: Iterable[str]) -> dict[str, Customer]:
    """The customers of these ids that exist, by id; one statement."""
    found = session().scalars(select(Customer).where(Customer.id.in_(set(ids))))
    return {customer.id: customer for customer in found}


def regions_of(customer_ids: Iterable[str]) -> dict[str, str]:
    """Region of each of the customers, by id."""
    rows = session().execute(select(Customer.id, Customer.region_code).where(Customer.id.in_(set(customer_ids))))
    return {row.id: row.region_code for row in rows}


def find_customer(code: str) -> Customer | None:
    """The customer of that code."""
    return session().scalars(select(Customer).where(Customer.code == code.strip())).first()


def get_supplier(supplier_id: str) -> Supplier:
    """The supplier. Raises NotFound."""
    found = session().get(Supplier, supplier_id)
    if found is None:
        raise NotFound(supplier=supplier_id)
    return found


def find_supplier(code: str) -> Supplier | None:
    """The supplier of that code."""
    return session().scalars(select(Supplier).where(Supplier.code == code.strip())).first()


def find_licence(number: str) -> Licence | None:
    """The licence of that number; of a renewed one the newest."""
    wanted = select(Licence).where(Licence.number == number.strip()).order_by(Licence.valid_to.desc())
    return session().scalars(wanted).first()


def get_registration(registration_id: str) -> Registration:
    """The registration certificate. Raises NotFound."""
    found = session().get(Registration, registration_id)
    if found is None:
        raise NotFound(registration=registration_id)
    return found


def find_registration(number: str) -> Registration | None:
    """The registration certificate of that number."""
    return session().scalars(select(Registration).where(Registration.number == number.strip())).first()


def products_under(registration_id: str, limit: int = 200) -> list[Product]:
    """Products that are sold under the registration certificate, by SKU."""
    wanted = select(Product).where(Product.registration_id == registration_id).order_by(Product.sku).limit(limit)
    return list(session().scalars(wanted))


def licences_of(customer_id: str) -> list[Licence]:
    """The customer's licences, the one that lasts longest first."""
    wanted = select(Licence).where(Licence.customer_id == customer_id).order_by(Licence.valid_to.desc(), Licence.number)
    return list(session().scalars(wanted))


def licences_of_supplier(supplier_id: str) -> list[Licence]:
    """The supplier's licences, the one that lasts longest first."""
    wanted = select(Licence).where(Licence.supplier_id == supplier_id).order_by(Licence.valid_to.desc(), Licence.number)
    return list(session().scalars(wanted))


def our_licences() -> list[Licence]:
    """Our own licences, the one that lasts longest first."""
    wanted = select(Licence).where(Licence.owner_kind == "us").order_by(Licence.valid_to.desc(), Licence.number)
    return list(session().scalars(wanted))


def authorisations_for(
    customer_id: str | None, product_id: str, region_code: str, on_date: date
) -> list[Authorisation]:
    """Authorisations of the grantee (None: us) that cover the product in the region on the day."""
    grantee = (
        Authorisation.grantee_customer_id.is_(None)
        if customer_id is None
        else Authorisation.grantee_customer_id == customer_id
    )
    wanted = (
        select(Authorisation)
        .where(grantee, Authorisation.valid_from <= on_date, Authorisation.valid_to >= on_date)
        .order_by(Authorisation.number)
    )
    return [found for found in session().scalars(wanted) if found.covers(product_id, region_code)]


def authorisations_of(customer_id: str | None) -> list[Authorisation]:
    """Every authorisation of the grantee (None: us), the one that lasts longest first."""
    wanted = (
        select(Authorisation)
        .where(
            Authorisation.grantee_customer_id.is_(None)
            if customer_id is None
            else Authorisation.grantee_customer_id == customer_id
        )
        .order_by(Authorisation.valid_to.desc(), Authorisation.number)
    )
    return list(session().scalars(wanted))


def find_authorisation(number: str) -> Authorisation | None:
    """The authorisation of that number."""
    return session().scalars(select(Authorisation).where(Authorisation.number == number.strip())).first()


def find_award(number: str) -> TenderAward | None:
    """The tender award of that number, with its lines."""
    wanted = select(TenderAward).where(TenderAward.number == number.strip()).options(selectinload(TenderAward.lines))
    return session().scalars(wanted).first()


def find_contract(number: str) -> Contract | None:
    """The contract of that number."""
    return session().scalars(select(Contract).where(Contract.number == number.strip())).first()


def contracts_of(customer_id: str) -> list[Contract]:
    """The customer's contracts, the one that lasts longest first."""
    wanted = select(Contract).where(Contract.customer_id == customer_id).order_by(Contract.valid_to.desc())
    return list(session().scalars(wanted))


def region(code: str) -> Region:
    """The region. Raises NotFound."""
    found = session().get(Region, code)
    if found is None:
        raise NotFound(region=code)
    return found


def regions() -> list[Region]:
    """All regions by code."""
    return list(session().scalars(select(Region).order_by(Region.code)))


def like(text: str) -> str:
    """The text, lower case, as a pattern that matches it anywhere, its own wildcards escaped by a backslash."""
    escaped = text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def matching_products(q: str) -> Select[Product]:
    """Products with the text in SKU, any identifier, name, brand or model; SKU or DI beginning with it come first."""
    pattern = like(q)
    begins = pattern[1:]
    return (
        select(Product)
        .where(Product.search_text.like(pattern, escape="\\"))
        .order_by(case((Product.search_text.like(begins, escape="\\"), 0), else_=1), Product.sku)
    )


def matching_customers(q: str) -> Select[Customer]:
    """Customers with the text in code, name or USCC; a code beginning with it comes first."""
    pattern = like(q)
    begins = pattern[1:]
    return (
        select(Customer)
        .where(Customer.search_text.like(pattern, escape="\\"))
        .order_by(case((Customer.search_text.like(begins, escape="\\"), 0), else_=1), Customer.code)
    )


def suppliers_of(product_id: str) -> list[Supplier]:
    """Active suppliers of the product, by code; one that names no products supplies whatever its licences cover."""
    found = session().scalars(select(Supplier).where(Supplier.status == "active").order_by(Supplier.code))
    return [one for one in found if one.kind in GOODS_FROM and (not one.product_ids or product_id in one.product_ids)]


def matching_suppliers(q: str) -> Select[Supplier]:
    """Suppliers with the text in code, name or USCC; a code beginning with it comes first."""
    pattern = like(q)
    begins = pattern[1:]
    return (
        select(Supplier)
        .where(Supplier.search_text.like(pattern, escape="\\"))
        .order_by(case((Supplier.search_text.like(begins, escape="\\"), 0), else_=1), Supplier.code)
    )


def search_products(q: str, limit: int = 20) -> list[Product]:
    """The best matches for what somebody types; none for an empty text."""
    return list(session().scalars(matching_products(q).limit(limit))) if q.strip() else []


def search_customers(q: str, limit: int = 20) -> list[Customer]:
    """The best matches for what somebody types; none for an empty text."""
    return list(session().scalars(matching_customers(q).limit(limit))) if q.strip() else []


@subject_labels.register("product")
def skus_of(ids: Iterable[str]) -> dict[str, str]:
    """The SKUs of the products that exist, by id."""
    rows = session().execute(select(Product.id, Product.sku).where(Product.id.in_(set(ids))))
    return {row.id: row.sku for row in rows}


@subject_labels.register("customer")
def codes_of(ids: Iterable[str]) -> dict[str, str]:
    """The codes of the customers that exist, by id."""
    rows = session().execute(select(Customer.id, Customer.code).where(Customer.id.in_(set(ids))))
    return {row.id: row.code for row in rows}


@subject_labels.register("supplier")
def supplier_codes_of(ids: Iterable[str]) -> dict[str, str]:
    """The codes of the suppliers that exist, by id."""
    rows = session().execute(select(Supplier.id, Supplier.code).where(Supplier.id.in_(set(ids))))
    return {row.id: row.code for row in rows}


def drawn_on_award(order_id: str, award_id: str) -> int:
    """Base units that the order has drawn on the award so far."""
    wanted = (
        select(func.coalesce(func.sum(AwardDraw.quantity), 0))
        .join(TenderAwardLine, TenderAwardLine.id == AwardDraw.line_id)
        .where(AwardDraw.order_id == order_id, TenderAwardLine.award_id == award_id)
    )
    return session().scalar(wanted) or 0
