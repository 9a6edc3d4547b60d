"""Papers of an order: the confirmation, and the pick list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.i18n import _, show_date, show_money, show_number
from app.documents.content.parts import (
    Both,
    Goods,
    Party,
    counted,
    dated,
    described,
    kept_of,
    party_facts,
    traced,
)
from app.documents.paper.blocks import ByHand, Facts, Layout, Table, Text
from app.documents.retention import Kept


@dataclass(frozen=True)
class Reserved:
    """What of a lot is kept for a line."""

    lot_no: str
    quantity: int
    expires_on: date | None = None


@dataclass(frozen=True)
class ConfirmedLine:
    """A line of an order with what is kept for it."""

    goods: Goods
    lots: tuple[Reserved, ...] = ()


@dataclass(frozen=True)
class OrderConfirmation:
    """订单确认书."""

    order_no: str
    order_version: int
    customer: Party
    region: Both
    channel: Both
    order_type: Both
    requested_on: date
    arrives_on: date | None
    currency: str
    total: Decimal
    lines: tuple[ConfirmedLine, ...]
    references: tuple[str, ...] = ()
    """Of the customer, contract, award, authorisation: as they are written."""

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return [Kept(lot.expires_on, line.goods.implantable) for line in self.lines for lot in line.lots] or kept_of(
            line.goods for line in self.lines
        )


def lay_out_confirmation(told: OrderConfirmation) -> Layout:
    """On A4 upright."""
    head = (_("Line"), _("Product"), _("Lots reserved"), _("Quantity"), _("Unit price"), _("Amount"))
    rows = [
        (
            str(line.goods.line_no),
            f"{described(line.goods)}\n{line.goods.registration_no}".strip(),
            "\n".join(_reserved(lot) for lot in line.lots) or "–",
            counted(line.goods),
            show_money(line.goods.unit_price, told.currency),
            show_money(line.goods.amount, told.currency),
        )
        for line in told.lines
    ]
    order = f"{told.order_no} · {_('version %(version)s', version=told.order_version)}"
    return [
        party_facts(_("Customer"), told.customer),
        Facts(
            (
                (_("Order"), order),
                (_("Region"), str(told.region)),
                (_("Channel"), f"{told.channel} · {told.order_type}"),
                (_("References"), "\n".join(told.references)),
                (_("Requested for"), show_date(told.requested_on)),
                (_("Expected arrival"), show_date(told.arrives_on)),
            ),
        ),
        Table(head, tuple(rows), widths=(12, 62, 42, 20, 24, 26), right=(3, 4, 5)),
        Text(f"{_('Total')}  {show_money(told.total, told.currency)}", heading=True),
        Text(
            _("This confirmation was made by the system when the order was released and cannot be changed."),
            tone="quiet",
        ),
    ]


def _reserved(lot: Reserved) -> str:
    until = f" ({_('expires %(day)s', day=show_date(lot.expires_on))})" if lot.expires_on else ""
    return f"{lot.lot_no}{until} × {show_number(lot.quantity)}"


@dataclass(frozen=True)
class PickList:
    """拣货单: what to take from where, in the order of the places."""

    order_nos: tuple[str, ...]
    customer: Party
    warehouse: Both
    goods: tuple[Goods, ...]
    pick_by: date | None = None
    note: str = ""

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of(self.goods)


def lay_out_pick_list(told: PickList) -> Layout:
    """On A4 upright, with a box to tick."""
    head = ("#", _("Storage place"), _("Product"), _("Lot / serial numbers"), _("Dates"), _("Quantity"), _("Picked"))
    rows = [
        (str(place), one.place or "–", described(one), traced(one), dated(one), counted(one), "□")
        for place, one in enumerate(told.goods, 1)
    ]
    return [
        Facts(
            (
                (_("Order"), "\n".join(told.order_nos)),
                (_("Customer"), f"{told.customer.name} ({told.customer.code})"),
                (_("Warehouse"), str(told.warehouse)),
                (_("Pick by"), show_date(told.pick_by)),
                (_("Note"), told.note),
            )
        ),
        Table(head, tuple(rows), widths=(8, 26, 60, 34, 30, 20, 12), right=(5,)),
        ByHand((_("Picked by, date"), _("Checked by a second person, date"))),
    ]
