"""The delivery note that travels with the goods (随货同行单): every field that GSP asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.i18n import _, show_date, show_number
from app.documents.content.parts import NOTHING, Both, Goods, Party, goods_table, kept_of, party_facts
from app.documents.paper.blocks import ByHand, Facts, Layout, Text
from app.documents.retention import Kept


@dataclass(frozen=True)
class DeliveryNote:
    """Who supplies what to whom, from which lots, how it is to be kept and carried."""

    supplier: Party
    customer: Party
    ship_to: str
    order_nos: tuple[str, ...]
    shipped_on: date
    goods: tuple[Goods, ...]
    carrier: str = ""
    vehicle: str = ""
    ssccs: tuple[str, ...] = ()
    transport: Both = NOTHING
    """Conditions on the way, with the devices that record them."""
    loggers: tuple[str, ...] = ()
    departed: str = ""
    """Time and temperature at departure, of cold chain."""
    note: str = ""

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of(self.goods)


def lay_out_delivery_note(told: DeliveryNote) -> Layout:
    """On A4 across."""
    pieces = sum(one.quantity for one in told.goods)
    return [
        party_facts(_("Supplier"), told.supplier),
        party_facts(_("Customer"), told.customer),
        Facts(
            (
                (_("Ship to"), told.ship_to),
                (_("Date of sale and shipment"), show_date(told.shipped_on)),
                (_("Order"), "\n".join(told.order_nos)),
                (_("Carrier"), "  ".join(one for one in (told.carrier, told.vehicle) if one)),
                (_("Logistic units (SSCC)"), "\n".join(told.ssccs)),
                (_("Transport conditions"), str(told.transport)),
                (_("Temperature recorders"), "\n".join(told.loggers)),
                (_("At departure"), told.departed),
                (_("Note"), told.note),
            ),
            columns=2,
        ),
        goods_table(told.goods),
        Text(
            _(
                "%(lines)s lines, %(pieces)s units in all.",
                lines=show_number(len(told.goods)),
                pieces=show_number(pieces),
            )
        ),
        ByHand((_("Checked at departure, date"), _("Carrier, date"), _("Received complete and undamaged, date"))),
    ]
