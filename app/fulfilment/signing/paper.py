"""The signed record of an order on paper: the order, what was decided, every signature as it is checked now."""

from __future__ import annotations

from collections.abc import Sequence

from app.core import clock
from app.core.i18n import _, named, show_date, show_money, show_number
from app.documents.paper.blocks import Block, Facts, Signing, Table, Text
from app.documents.paper.printing import Heading, print_paper
from app.fulfilment.queries import OrderView
from app.fulfilment.signing.record import Shown
from app.orders.models import CHANNELS, ORDER_TYPES, STATUS_NAMES


def record_pdf(view: OrderView, shown: Sequence[Shown], fingerprint: str) -> bytes:
    """The signed record in the reader's language; the fingerprint of the whole record stands at the foot."""
    order = view.order
    head = (_("Line"), _("Product"), _("Quantity"), _("Amount"))
    rows = [
        (
            str(row.line.line_no),
            f"{named(row.product)} · {row.product.sku}",
            f"{show_number(row.line.quantity)} {row.product.uom}",
            show_money(row.line.amount, order.currency),
        )
        for row in view.lines
    ]
    layout: list[Block] = [
        Facts(
            (
                (_("Order"), f"{order.number} · {_('version %(version)s', version=order.version)}"),
                (_("Status"), str(STATUS_NAMES[order.status])),
                (_("Customer"), f"{named(view.customer)} ({view.customer.code})"),
                (_("Channel"), f"{CHANNELS[order.channel]} · {ORDER_TYPES[order.order_type]}"),
                (_("Requested date"), show_date(order.requested_date)),
                (_("Total"), show_money(order.total, order.currency)),
                (_("Band"), view.standing.band if view.standing else ""),
            )
        ),
        Table(head, tuple(rows), widths=(10, 100, 30, 38), right=(2, 3)),
        Text(_("Electronic signatures"), heading=True),
        *(_signing(one) for one in shown),
        *([] if shown else [Text(_("Nothing was signed electronically."), tone="quiet")]),
        Text(_("Fingerprint of the whole record (SHA-256):"), tone="quiet"),
        Text(fingerprint),
        Text(
            _(
                "The record as a file and the program that verifies it offline can be downloaded on the page of "
                "the order."
            ),
            tone="quiet",
        ),
    ]
    heading = Heading(
        title=_("Signed record"), number=order.number, version=order.version, made_at=clock.now(), sha256=fingerprint
    )
    return print_paper(heading, layout)


def _signing(one: Shown) -> Signing:
    return Signing(
        name=one.who,
        facts=(
            (_("Meaning"), one.meaning),
            (_("Task"), one.task),
            (_("Signed at"), f"{one.local}\n{one.utc}"),
            (_("Proved by"), one.method),
            (_("Reason"), one.reason),
            (_("Version of the order"), one.version),
            (_("Rules"), "\n".join(one.rules)),
            (_("Attachments"), "\n".join(one.attachments)),
        ),
        hashes=((_("What was signed"), one.signature.content_hash), (_("Signature"), one.signature.hash)),
        faults=tuple(one.faults),
    )
