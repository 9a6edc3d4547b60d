"""Order, order line, order version: what is stored, and the rules a record can check alone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.append_only import append_only
from app.core.db import Base, Code, Id, JsonDict, Moment, Money, Name, Ref
from app.core.errors import Conflict
from app.core.i18n import LazyString, _l

CHANNELS: dict[str, LazyString] = {
    "direct": _l("Direct sale"),
    "distributor": _l("Distributor"),
    "tender": _l("Hospital tender"),
}
ORDER_TYPES: dict[str, LazyString] = {
    "normal": _l("Normal"),
    "emergency": _l("Emergency"),
    "consignment": _l("Consignment fill"),
    "loaner": _l("Loaner"),
    "replacement": _l("Replacement"),
    "sample": _l("Sample"),
    "internal": _l("Internal use"),
}


class OrderStatus(StrEnum):
    """Where an order is. Whether it is blocked or waits for stock is not here: its standing and its tasks say so."""

    IN_APPROVAL = "in_approval"
    REWORK = "rework"
    RELEASED = "released"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


STATUS_NAMES: dict[str, LazyString] = {
    OrderStatus.IN_APPROVAL: _l("In approval"),
    OrderStatus.REWORK: _l("Returned for rework"),
    OrderStatus.RELEASED: _l("Released"),
    OrderStatus.REJECTED: _l("Rejected"),
    OrderStatus.CANCELLED: _l("Cancelled"),
    OrderStatus.WITHDRAWN: _l("Withdrawn"),
}

DELIVERIES: dict[str, LazyString] = {
    "partial": _l("Reserve what there is"),
    "complete": _l("Complete or not at all"),
}
"""How an order that lacks stock is allocated."""

OPEN = (OrderStatus.IN_APPROVAL, OrderStatus.REWORK)
"""An order in one of these may still be changed, cancelled or withdrawn."""

NEXT: dict[str, frozenset[str]] = {
    OrderStatus.IN_APPROVAL: frozenset(
        {
            OrderStatus.REWORK,
            OrderStatus.RELEASED,
            OrderStatus.REJECTED,
            OrderStatus.CANCELLED,
            OrderStatus.WITHDRAWN,
        }
    ),
    OrderStatus.REWORK: frozenset(
        {OrderStatus.IN_APPROVAL, OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.WITHDRAWN}
    ),
    OrderStatus.RELEASED: frozenset({OrderStatus.IN_APPROVAL, OrderStatus.CANCELLED}),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.WITHDRAWN: frozenset(),
}
"""The moves an order may make. What is released goes back or is cancelled by the change process only (`amending`)."""


class StatusNotAllowed(Conflict):
    """The order cannot go from its status to the wanted one."""

    message = _l("Order %(order)s is %(was)s; it cannot become %(wanted)s.")


class Order(Base):
    """What a customer asked for. Its own version counts every change of content or status."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        Index(
            "uq_orders_external_ref",
            "customer_id",
            "external_ref",
            unique=True,
            sqlite_where=text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
            postgresql_where=text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
        ),
        Index("ix_orders_submitted", "submitted_by", "submitted_at"),
        Index("ix_orders_status_number", "status", "number"),
        Index("ix_orders_customer_id_status_submitted_at", "customer_id", "status", "submitted_at"),
        *(
            Index(
                f"ix_orders_{name}",
                name,
                sqlite_where=text(f"{name} IS NOT NULL"),
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in ("contract_number", "authorisation_number", "tender_award_number")
        ),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    order_type: Mapped[str] = mapped_column(String(20))
    delivery: Mapped[str] = mapped_column(String(8), default="partial")
    """`complete`: it gets all of its stock or none, so that nothing half-reserved lies idle."""
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    external_ref: Mapped[Code | None]
    requested_date: Mapped[date]
    hospital_po: Mapped[Code | None]
    contract_number: Mapped[Code | None]
    authorisation_number: Mapped[Code | None]
    tender_award_number: Mapped[Code | None]
    surgery_at: Mapped[Moment | None]
    surgery_number: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    status: Mapped[str] = mapped_column(String(20), default=OrderStatus.IN_APPROVAL)
    version: Mapped[int] = mapped_column(default=1)
    submitted_at: Mapped[Moment]
    submitted_by: Mapped[str] = mapped_column(String(26))
    total: Mapped[Money]
    lines: Mapped[list[OrderLine]] = relationship(
        order_by="OrderLine.line_no", cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy reads it so

    @property
    def is_open(self) -> bool:
        """True while it may be changed, cancelled or withdrawn."""
        return self.status in OPEN

    def move_to(self, status: OrderStatus) -> None:
        """Change the status by a move that the table allows. Raises StatusNotAllowed."""
        if status not in NEXT[self.status]:
            raise StatusNotAllowed(
                order=self.number, was=str(STATUS_NAMES[self.status]), wanted=str(STATUS_NAMES[status])
            )
        self.status = status

    def renumber(self, lines: list[OrderLine]) -> None:
        """Take these lines, numbered from 1 in this order, and count the total anew."""
        self.lines[:] = lines
        for line_no, line in enumerate(lines, start=1):
            line.line_no = line_no
        self.total = sum((line.amount for line in lines), Decimal(0))


class OrderLine(Base):
    """One product of an order. `quantity` is in base units of the product, `unit_price` per base unit."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint("reserved >= 0 AND reserved <= quantity", name="reserved"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        Index("ix_order_lines_order_line", "order_id", "line_no"),
        Index(
            "ix_order_lines_waiting",
            "product_id",
            "order_id",
            sqlite_where=text("reserved < quantity"),
            postgresql_where=text("reserved < quantity"),
        ),
    )

    id: Mapped[Id]
    order_id: Mapped[str] = mapped_column(String(26), ForeignKey("orders.id"))
    line_no: Mapped[int]
    product_id: Mapped[Ref] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    ordered_quantity: Mapped[int]
    """As the customer wrote it, in `ordered_uom`."""
    ordered_uom: Mapped[str] = mapped_column(String(16), default="EA")
    ordered_as: Mapped[Code] = mapped_column(default="")
    """The identifier the customer wrote: SKU, UDI-DI or package DI."""
    unit_price: Mapped[Money]
    price_ceiling: Mapped[Money | None]
    reserved: Mapped[int] = mapped_column(default=0)

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price."""
        return self.quantity * self.unit_price


class OrderWords(Base):
    """What an open order is found by in lists of work; one row while it is open, so that a search reads no history."""

    __tablename__ = "order_words"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it so

    order_id: Mapped[str] = mapped_column(String(26), ForeignKey("orders.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[Ref]
    text: Mapped[str] = mapped_column(Text)
    """Number, references, customer and products by code and name, as `orders.queries.plain` writes them."""


class OrderVersion(Base):
    """An order as it was after one change; only ever added."""

    __tablename__ = "order_versions"
    __table_args__ = (UniqueConstraint("order_id", "version"),)

    id: Mapped[Id]
    order_id: Mapped[str] = mapped_column(String(26), ForeignKey("orders.id"))
    version: Mapped[int]
    at: Mapped[Moment]
    actor_id: Mapped[str] = mapped_column(String(26))
    actor_name: Mapped[Name]
    change: Mapped[str] = mapped_column(String(20))
    """The verb: create, change, amend, cancel, withdraw, rework, resume, reject, release."""
    diff: Mapped[JsonDict]
    """`{path: [before, after]}` of what changed; of a new order nothing."""
    snapshot: Mapped[JsonDict]


append_only(OrderVersion.__table__)


def snapshot_of(order: Order) -> dict[str, Any]:
    """Everything a reader needs to see the order as it is now, as plain JSON values."""
    kept = {name: getattr(order, name) for name in CONTENT}
    return {
        **{name: _plain(value) for name, value in kept.items()},
        "status": str(order.status),
        "total": format(order.total, "f"),
        "lines": [
            {"id": line.id, **{name: _plain(getattr(line, name)) for name in LINE_CONTENT}} for line in order.lines
        ],
    }


CONTENT = (
    "channel",
    "order_type",
    "delivery",
    "customer_id",
    "external_ref",
    "requested_date",
    "hospital_po",
    "contract_number",
    "authorisation_number",
    "tender_award_number",
    "surgery_at",
    "surgery_number",
    "note",
    "currency",
)
LINE_CONTENT = (
    "line_no",
    "product_id",
    "quantity",
    "ordered_quantity",
    "ordered_uom",
    "ordered_as",
    "unit_price",
    "price_ceiling",
)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
