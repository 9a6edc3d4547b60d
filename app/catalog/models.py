"""Master data as stored, with the rules that a record can check alone.

Validity periods are business dates, both ends included. An empty list of products, regions, classes or categories in
a scope means "all". Every record that people edit carries `version`, checked on each update.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.core.db import Base, Code, Id, JsonDict, JsonList, Moment, Money, Name, Ref, Scaled

PRODUCT_STATUSES = ("draft", "review", "active", "restricted", "discontinued")
"""`review`: its first-trade review (首营审核) is under way. Only an active one is traded."""
SUPPLIER_KINDS = ("manufacturer", "distributor", "carrier", "service")
CONTACT_PURPOSES = ("order", "recall", "quality", "finance")
PARTY_STATUSES = ("prospect", "qualifying", "active", "suspended", "blocked", "closed")
"""Of customers and suppliers; `active` is qualified, and the only one with which there is trade."""
CUSTOMER_KINDS = ("hospital", "distributor", "clinic")
CUSTOMER_TIERS = ("S", "A", "B", "C")
CUSTOMER_STATUSES = PARTY_STATUSES
LICENCE_KINDS = ("business", "practice", "trade", "filing", "production", "transport", "agent", "agreement")
TO_TRADE = ("business", "practice", "trade", "filing", "production")
"""Licences that allow trade; letters and agreements do not."""
CONTRACT_STATUSES = ("active", "suspended")
_PARTY_STATUS = "status IN ('prospect','qualifying','active','suspended','blocked','closed')"
COLD_CHAIN_LIMIT_C = Decimal(8)
"""A product to be kept at or below this needs the cold chain (指南 No. 154 of 2016: 2–8 °C refrigerated, frozen)."""
LAPSING_DAYS = 30
"""From so many days before its end a validity is shown as about to lapse."""


class Versioned:
    """A record that people edit: its version grows with each change, and an update of a stale one fails."""

    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[Moment]

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Period:
    """A validity period of business dates, both ends included."""

    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date, index=True)

    def valid_on(self, day: date) -> bool:
        """True when the day lies inside the period."""
        return self.valid_from <= day <= self.valid_to

    def standing(self, day: date) -> str:
        """`future`, `valid`, `lapsing` (its end is at most 30 days away) or `expired`, as seen on the day."""
        if day > self.valid_to:
            return "expired"
        if day < self.valid_from:
            return "future"
        return "lapsing" if self.valid_to - day <= timedelta(days=LAPSING_DAYS) else "valid"

    def days_left(self, day: date) -> int:
        """Days from the day to the last valid one; negative once expired."""
        return (self.valid_to - day).days


class Registration(Versioned, Period, Base):
    """A registration certificate (注册证) or class I filing (备案凭证) of a product family."""

    __tablename__ = "registrations"

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    holder: Mapped[Name]
    risk_class: Mapped[int]

    __table_args__ = (CheckConstraint("risk_class BETWEEN 1 AND 3", name="risk_class"),)


class Product(Versioned, Base):
    """What can be ordered. Temperatures in °C, quantities in base units, durations in days.

    `risk_class` is None while nobody has determined it (a device loaded from a foreign registry): such a product stays
    `draft` until it is qualified here (首营审核).
    """

    __tablename__ = "products"

    id: Mapped[Id]
    sku: Mapped[Code] = mapped_column(unique=True)
    udi_di: Mapped[str | None] = mapped_column(String(32), unique=True)
    issuer: Mapped[str | None] = mapped_column(String(8))
    """Issuing agency of the UDI-DI: GS1, HIBCC, ICCBBA."""
    name: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str | None] = mapped_column(String(300))
    brand: Mapped[str] = mapped_column(String(200), default="")
    model: Mapped[str] = mapped_column(String(200), default="")
    manufacturer: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(String(2000), default="")
    risk_class: Mapped[int | None]
    category_code: Mapped[str] = mapped_column(String(32), default="", index=True)
    implantable: Mapped[bool] = mapped_column(default=False)
    sterile: Mapped[bool] = mapped_column(default=False)
    life_supporting: Mapped[bool] = mapped_column(default=False)
    high_value: Mapped[bool] = mapped_column(default=False)
    needs_inspection: Mapped[bool] = mapped_column(default=False)
    storage_min_c: Mapped[Decimal | None] = mapped_column(Scaled(1))
    storage_max_c: Mapped[Decimal | None] = mapped_column(Scaled(1))
    shelf_life_days: Mapped[int | None]
    lot_controlled: Mapped[bool] = mapped_column(default=True)
    serial_controlled: Mapped[bool] = mapped_column(default=False)
    expiry_controlled: Mapped[bool] = mapped_column(default=True)
    uom: Mapped[str] = mapped_column(String(16), default="EA")
    list_price: Mapped[Money] = mapped_column(default=Decimal(0))
    registration_id: Mapped[str | None] = mapped_column(ForeignKey("registrations.id"), index=True)
    min_remaining_days: Mapped[int | None]
    substitution_group: Mapped[str | None] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16), default="draft", index=True)
    source: Mapped[str] = mapped_column(String(16), default="manual")
    source_data: Mapped[JsonDict] = mapped_column(default=dict)
    """What the source said that has no column here (FDA product codes, GMDN terms, storage texts)."""
    search_text: Mapped[str] = mapped_column(String(800), default="")

    packages: Mapped[list[ProductPackage]] = relationship(
        back_populates="product", order_by="ProductPackage.quantity", cascade="all, delete-orphan"
    )
    registration: Mapped[Registration | None] = relationship(lazy="select")

    __table_args__ = (
        CheckConstraint("risk_class BETWEEN 1 AND 3", name="risk_class"),
        CheckConstraint("storage_min_c <= storage_max_c", name="storage"),
        CheckConstraint("list_price >= 0", name="list_price"),
        CheckConstraint("status IN ('draft','review','active','restricted','discontinued')", name="status"),
        Index("ix_products_name", "name"),
        Index("ix_products_search", "search_text", "sku"),
    )

    @property
    def cold_chain(self) -> bool:
        """True when the product must be kept refrigerated or frozen."""
        return self.storage_max_c is not None and self.storage_max_c <= COLD_CHAIN_LIMIT_C


class ProductPackage(Base):
    """A further identifier of a product: a packaging level (`quantity` of `contains_di`), or another DI of the unit.

    `kind`: package, unit_of_use, secondary (another agency's DI), direct_marking, previous.
    `base_quantity` counts base units of the product in one such package.
    """

    __tablename__ = "product_packages"

    id: Mapped[Id]
    product_id: Mapped[Ref] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    di: Mapped[str] = mapped_column(String(32), index=True)
    issuer: Mapped[str] = mapped_column(String(8), default="GS1")
    kind: Mapped[str] = mapped_column(String(16), default="package")
    contains_di: Mapped[str | None] = mapped_column(String(32))
    quantity: Mapped[int] = mapped_column(default=1)
    base_quantity: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16), default="active")

    product: Mapped[Product] = relationship(back_populates="packages")

    __table_args__ = (
        UniqueConstraint("product_id", "di", "kind"),
        CheckConstraint("quantity >= 1 AND base_quantity >= 1", name="quantity"),
    )


class Region(Versioned, Base):
    """A delivery region: how long goods are under way (days, half and 95 % of the time) and whether kept cold."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[JsonDict]
    lane_days_p50: Mapped[int]
    lane_days_p95: Mapped[int]
    cold_lane: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (CheckConstraint("0 <= lane_days_p50 AND lane_days_p50 <= lane_days_p95", name="lane_days"),)


class Customer(Versioned, Base):
    """Who orders: a hospital, clinic or distributor, with tier, region and credit. `contacts` as a supplier's: the
    recall contact is told of recalls, by e-mail where one is known."""

    __tablename__ = "customers"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name] = mapped_column(index=True)
    name_en: Mapped[str | None] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    tier: Mapped[str] = mapped_column(String(1), default="B", index=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    address: Mapped[str] = mapped_column(String(300), default="")
    contacts: Mapped[JsonList] = mapped_column(default=list)
    credit_limit: Mapped[Money] = mapped_column(default=Decimal(0))
    credit_used: Mapped[Money] = mapped_column(default=Decimal(0))
    overdue_days: Mapped[int] = mapped_column(default=0)
    prepaid: Mapped[bool] = mapped_column(default=False)
    min_remaining_days: Mapped[int | None]
    cold_capable: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(16), default="active", index=True)
    """A new one is a prospect (`schemas.CustomerGiven`); who was there before the qualification stays qualified."""
    search_text: Mapped[str] = mapped_column(String(800), default="", index=True)

    region: Mapped[Region] = relationship(lazy="select")
    licences: Mapped[list[Licence]] = relationship(viewonly=True, order_by="Licence.valid_to.desc()")

    __table_args__ = (
        CheckConstraint("tier IN ('S','A','B','C')", name="tier"),
        CheckConstraint("kind IN ('hospital','distributor','clinic')", name="kind"),
        CheckConstraint(_PARTY_STATUS, name="status"),
        CheckConstraint("credit_limit >= 0 AND credit_used >= 0 AND overdue_days >= 0", name="credit"),
    )


class Supplier(Versioned, Base):
    """Who supplies goods or services to us: a maker, a distributor, a carrier.

    `contacts`: [{"name", "purpose", "phone", "email"}], the purpose one of CONTACT_PURPOSES (the recall contact answers
    day and night). `product_ids`: what it supplies; empty: whatever its licences cover.
    """

    __tablename__ = "suppliers"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name] = mapped_column(index=True)
    name_en: Mapped[str | None] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(300), default="")
    contacts: Mapped[JsonList] = mapped_column(default=list)
    product_ids: Mapped[JsonList] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(String(16), default="prospect", index=True)
    search_text: Mapped[str] = mapped_column(String(800), default="", index=True)

    __table_args__ = (
        CheckConstraint("kind IN ('manufacturer','distributor','carrier','service')", name="kind"),
        CheckConstraint(_PARTY_STATUS, name="status"),
    )

    def supplies(self, product_id: str) -> bool:
        """True when the product is among those it supplies."""
        return not self.product_ids or product_id in self.product_ids

    @property
    def recall_contact(self) -> bool:
        """True when somebody can be reached about a recall at any hour."""
        return any(one.get("purpose") == "recall" for one in self.contacts)


class Licence(Versioned, Period, Base):
    """A qualification of a customer, a supplier or of ours. Empty `risk_classes` or `category_codes` do not restrict
    the scope. A renewed one is a record of its own that names the former (`succeeds_id`)."""

    __tablename__ = "licences"

    id: Mapped[Id]
    owner_kind: Mapped[str] = mapped_column(String(8))
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"), index=True)
    supplier_id: Mapped[str | None] = mapped_column(ForeignKey("suppliers.id"), index=True)
    succeeds_id: Mapped[str | None] = mapped_column(ForeignKey("licences.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[Code] = mapped_column(index=True)
    risk_classes: Mapped[JsonList] = mapped_column(default=list)
    category_codes: Mapped[JsonList] = mapped_column(default=list)

    customer: Mapped[Customer | None] = relationship(lazy="select")
    supplier: Mapped[Supplier | None] = relationship(lazy="select")

    __table_args__ = (
        CheckConstraint("(owner_kind = 'customer') = (customer_id IS NOT NULL)", name="customer"),
        CheckConstraint("(owner_kind = 'supplier') = (supplier_id IS NOT NULL)", name="supplier"),
        UniqueConstraint("kind", "number", "valid_from"),
    )

    def covers(self, risk_class: int | None, category_code: str) -> bool:
        """True when the scope includes a product of that class and category; an unknown class only if unrestricted."""
        class_fits = not self.risk_classes or risk_class in self.risk_classes
        category_fits = not self.category_codes or any(
            category_code == code or category_code.startswith(f"{code}-") for code in self.category_codes
        )
        return class_fits and category_fits


class Authorisation(Versioned, Period, Base):
    """A letter of authorisation (授权书): these products may be sold in these regions by us, or by a distributor."""

    __tablename__ = "authorisations"

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    grantor: Mapped[str] = mapped_column(String(200), default="")
    grantee_customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"), index=True)
    """The distributor authorised; None when the authorisation is to us."""
    product_ids: Mapped[JsonList] = mapped_column(default=list)
    region_codes: Mapped[JsonList] = mapped_column(default=list)

    grantee: Mapped[Customer | None] = relationship(lazy="select")

    def covers(self, product_id: str, region_code: str) -> bool:
        """True when the product may be sold into the region under it (the period is a separate question)."""
        return (not self.product_ids or product_id in self.product_ids) and (
            not self.region_codes or region_code in self.region_codes
        )


class Contract(Versioned, Period, Base):
    """A supply contract: delivery promise in hours, penalty in percent of the value per day late."""

    __tablename__ = "contracts"

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    sla_hours: Mapped[int | None]
    penalty_pct_day: Mapped[Decimal | None] = mapped_column(Scaled(3))
    penalty_cap_pct: Mapped[Decimal | None] = mapped_column(Scaled(3))
    min_remaining_days: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(16), default="active")

    customer: Mapped[Customer] = relationship(lazy="select")


class TenderAward(Versioned, Period, Base):
    """A tender won (中标): price ceilings and committed volumes for a region or for one customer."""

    __tablename__ = "tender_awards"

    id: Mapped[Id]
    number: Mapped[Code] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(200), default="")
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"), index=True)
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.id"), index=True)

    lines: Mapped[list[TenderAwardLine]] = relationship(
        back_populates="award", order_by="TenderAwardLine.line_no", cascade="all, delete-orphan"
    )
    customer: Mapped[Customer | None] = relationship(lazy="select")

    __table_args__ = (CheckConstraint("region_code IS NOT NULL OR customer_id IS NOT NULL", name="scope"),)

    def line_for(self, product_id: str) -> TenderAwardLine | None:
        """The award's line of the product, if it was awarded."""
        return next((line for line in self.lines if line.product_id == product_id), None)


class TenderAwardLine(Base):
    """One product of an award: highest price per base unit, volume committed, volume ordered so far."""

    __tablename__ = "tender_award_lines"

    id: Mapped[Id]
    award_id: Mapped[Ref] = mapped_column(ForeignKey("tender_awards.id", ondelete="CASCADE"))
    line_no: Mapped[int] = mapped_column(default=1)
    product_id: Mapped[Ref] = mapped_column(ForeignKey("products.id"))
    price_ceiling: Mapped[Money]
    committed_qty: Mapped[int] = mapped_column(default=0)
    consumed_qty: Mapped[int] = mapped_column(default=0)

    award: Mapped[TenderAward] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship(lazy="select")

    __table_args__ = (
        UniqueConstraint("award_id", "product_id"),
        CheckConstraint("price_ceiling >= 0 AND committed_qty >= 0 AND consumed_qty >= 0", name="figures"),
    )


class AwardDraw(Base):
    """Base units of a product that a released order has drawn on an award; the award's lines hold the sums."""

    __tablename__ = "award_draws"

    order_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    line_id: Mapped[str] = mapped_column(
        ForeignKey("tender_award_lines.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0", name="figures"),)
