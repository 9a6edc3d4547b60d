"""Where goods can be: bins in the zones of our warehouses, and the places outside that the ledger needs.

Every movement goes from one place to another, so the sum over all places of a lot is nought. A place outside that gives
more than it got (a supplier, a stock count, the making of a kit) may stand below nought; nothing else may.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Code, Id, JsonDict, Ref, Scaled

BIN = "bin"
SUPPLIER, CUSTOMER, CONSIGNMENT, TRANSIT, USED = "supplier", "customer", "consignment", "transit", "used"
SCRAP, COUNT, KIT, ASSEMBLY = "scrap", "count", "kit", "assembly"
OUTSIDE = (SUPPLIER, CUSTOMER, CONSIGNMENT, TRANSIT, USED, SCRAP, COUNT, KIT, ASSEMBLY)
"""`consignment`: ours still, at a customer; `transit`: on a shipment; `used`: implanted or consumed; `kit`: inside the
units of a kit lot; `count`: the other side of a stock count; `assembly`: where kit units come from."""
BOUNDLESS = (SUPPLIER, COUNT, ASSEMBLY)
"""Places that may give more than they got."""

QUARANTINE, QUALIFIED, DISPATCH, REJECTED_GOODS = "quarantine", "qualified", "dispatch", "rejected"
RETURNS, COLD, FROZEN, RECALLED_GOODS = "returns", "cold", "frozen", "recall"
ZONE_KINDS = (QUARANTINE, QUALIFIED, DISPATCH, REJECTED_GOODS, RETURNS, COLD, FROZEN, RECALLED_GOODS)
"""待验 合格 发货 不合格 退货 冷藏 冷冻 召回."""
PICKABLE = (QUALIFIED, COLD, FROZEN)
"""Zones from which goods are allocated and picked."""
KEEPS_CONDITION = (QUARANTINE, QUALIFIED, DISPATCH, RETURNS, COLD, FROZEN)
"""Zones whose goods may yet be sold, so that their temperature matters."""
OWN = "own"
"""Owner of what is ours; else the id of the supplier whose goods lie with us (寄售)."""


class Warehouse(Base):
    """A site where stock lies."""

    __tablename__ = "warehouses"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[JsonDict]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    cold: Mapped[bool] = mapped_column(default=False)

    zones: Mapped[list[Zone]] = relationship(back_populates="warehouse", order_by="Zone.code")


class Zone(Base):
    """A part of a warehouse for goods in one state, kept between two temperatures (°C; None: not controlled)."""

    __tablename__ = "zones"

    id: Mapped[Id]
    warehouse_id: Mapped[Ref] = mapped_column(ForeignKey("warehouses.id"))
    code: Mapped[Code]
    kind: Mapped[str] = mapped_column(String(16))
    min_c: Mapped[Decimal | None] = mapped_column(Scaled(1))
    max_c: Mapped[Decimal | None] = mapped_column(Scaled(1))

    warehouse: Mapped[Warehouse] = relationship(back_populates="zones")

    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        CheckConstraint(f"kind IN {ZONE_KINDS}", name="kind"),
        CheckConstraint("min_c <= max_c", name="temperature"),
    )


class Place(Base):
    """A bin in a zone, or a place outside. `holder_id` says whose: a bin's warehouse, a place outside's party, kit lot
    or shipment; empty for nobody's."""

    __tablename__ = "places"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    holder_id: Mapped[str] = mapped_column(String(64), default="", index=True)
    code: Mapped[Code] = mapped_column(default="")
    zone_id: Mapped[str | None] = mapped_column(ForeignKey("zones.id"), index=True)

    zone: Mapped[Zone | None] = relationship(lazy="joined")

    __table_args__ = (
        UniqueConstraint("kind", "holder_id", "code"),
        CheckConstraint(f"kind IN {(BIN, *OUTSIDE)}", name="kind"),
        CheckConstraint("(kind = 'bin') = (zone_id IS NOT NULL)", name="zone"),
    )

    @property
    def inside(self) -> bool:
        """True for a bin of ours."""
        return self.kind == BIN

    @property
    def zone_kind(self) -> str:
        """Kind of the zone of a bin; empty outside."""
        return self.zone.kind if self.zone else ""
