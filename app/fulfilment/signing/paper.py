"""Papers as PDF: the order confirmation as it was kept, and the signed record, each with its signatures.

fpdf2 embeds the glyphs that are used of Noto Sans SC, so that a paper is some 20 KB and reads the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from fpdf import FPDF
from fpdf.enums import VAlign, XPos, YPos
from fpdf.fonts import FontFace
from lxml import html

from app.core import clock
from app.core.i18n import _, named, show_date, show_money, show_number
from app.fulfilment.models import OrderDocument
from app.fulfilment.queries import OrderView
from app.fulfilment.signing.record import Shown, local_text
from app.orders.models import CHANNELS, ORDER_TYPES, STATUS_NAMES

FONT = files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
INK, GREY, LINE, GOOD, BAD = (17, 17, 17), (95, 95, 95), (190, 190, 190), (15, 92, 61), (165, 29, 29)


class _Paper(FPDF):
    """An A4 page with our font and a line at the foot."""

    def __init__(self, title: str, number: str) -> None:
        super().__init__(format="A4")
        self.foot = f"{title} {number}"
        self.add_font("noto", fname=str(FONT))
        self.set_font("noto", size=10)
        self.set_margins(16, 14)
        self.set_auto_page_break(True, margin=18)
        self.set_title(self.foot)
        self.set_author("Youxu 有序")
        self.set_creation_date(clock.now())
        self.add_page()

    def footer(self) -> None:
        self.set_y(-13)
        self.write_line(f"{self.foot} · {self.page_no()}/{{nb}}", size=8, colour=GREY)

    def write_line(self, text: str, *, size: float = 10, colour: tuple[int, int, int] = INK, gap: float = 0) -> None:
        """A paragraph across the page."""
        self.set_font("noto", size=size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, clean(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(gap)

    def write_facts(self, facts: Sequence[tuple[str, Any]], size: float = 9.5) -> None:
        """Names and values in two columns; what has no value is left out."""
        for name, value in facts:
            if value in (None, ""):
                continue
            self.set_font("noto", size=size)
            self.set_text_color(*GREY)
            top = self.get_y()
            self.multi_cell(44, 5, clean(name), new_x=XPos.RIGHT, new_y=YPos.TOP, align="L")
            self.set_text_color(*INK)
            bottom = max(top + 5, self.get_y() + 5)
            self.multi_cell(0, 5, clean(str(value)), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
            self.set_y(max(bottom, self.get_y()) if self.get_y() >= top else self.get_y())

    def write_table(self, rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int] = ()) -> None:
        """A table whose first row is its head; columns in `right` are numbers."""
        self.set_font("noto", size=9)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        align = tuple("RIGHT" if place in right else "LEFT" for place in range(len(widths)))
        with self.table(
            col_widths=tuple(widths),
            text_align=align,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(color=GREY),
            line_height=5,
            padding=1,
            v_align=VAlign.T,
        ) as table:
            for row in rows:
                table.row([clean(cell) for cell in row])
        self.ln(3)


def clean(text: str) -> str:
    """The text without what a page cannot show."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)


def record_pdf(view: OrderView, shown: Sequence[Shown], fingerprint: str) -> bytes:
    """The signed record of an order in the reader's language: the order, what was decided, every signature."""
    order = view.order
    paper = _Paper(_("Signed record"), order.number)
    paper.write_line(_("Signed record"), size=18)
    paper.write_line(f"Youxu 有序 · {order.number} · {local_text(clock.now())}", size=9, colour=GREY, gap=3)
    paper.write_facts(
        [
            (_("Order"), f"{order.number} · {_('version %(version)s', version=order.version)}"),
            (_("Status"), str(STATUS_NAMES[order.status])),
            (_("Customer"), f"{named(view.customer)} ({view.customer.code})"),
            (_("Channel"), f"{CHANNELS[order.channel]} · {ORDER_TYPES[order.order_type]}"),
            (_("Requested date"), show_date(order.requested_date)),
            (_("Total"), show_money(order.total, order.currency)),
            (_("Band"), view.standing.band if view.standing else ""),
        ]
    )
    paper.ln(2)
    head = [_("Line"), _("Product"), _("Quantity"), _("Amount")]
    rows = [
        [
            str(row.line.line_no),
            f"{named(row.product)} · {row.product.sku}",
            f"{show_number(row.line.quantity)} {row.product.uom}",
            show_money(row.line.amount, order.currency),
        ]
        for row in view.lines
    ]
    paper.write_table([head, *rows], (10, 100, 30, 38), right=(2, 3))
    _write_signatures(paper, shown)
    paper.write_line(_("Fingerprint of the whole record (SHA-256):"), size=8, colour=GREY)
    paper.write_line(fingerprint, size=8)
    paper.write_line(
        _("The record as a file and the program that verifies it offline can be downloaded on the page of the order."),
        size=8,
        colour=GREY,
    )
    return bytes(paper.output())


def _write_signatures(paper: _Paper, shown: Sequence[Shown]) -> None:
    paper.write_line(_("Electronic signatures"), size=13, gap=1)
    if not shown:
        paper.write_line(_("Nothing was signed electronically."), colour=GREY, gap=2)
    for one in shown:
        _write_signature(paper, one)


def _write_signature(paper: _Paper, one: Shown) -> None:
    if paper.will_page_break(48):
        paper.add_page()
    top = paper.get_y()
    paper.set_left_margin(20)
    paper.set_y(top + 2)
    paper.write_line(one.who, size=13)
    paper.write_facts(
        [
            (_("Meaning"), one.meaning),
            (_("Task"), one.task),
            (_("Signed at"), f"{one.local}\n{one.utc}"),
            (_("Proved by"), one.method),
            (_("Reason"), one.reason),
            (_("Version of the order"), one.version),
            (_("Rules"), "\n".join(one.rules)),
            (_("Attachments"), "\n".join(one.attachments)),
        ]
    )
    paper.write_facts(
        [(_("What was signed"), one.signature.content_hash), (_("Signature"), one.signature.hash)], size=7.5
    )
    if one.valid:
        paper.write_line(_("Valid: what was signed is unchanged."), size=9.5, colour=GOOD)
    else:
        paper.write_line(_("INVALID") + ": " + " ".join(one.faults), size=9.5, colour=BAD)
    paper.set_draw_color(*(GOOD if one.valid else BAD))
    paper.set_line_width(0.8)
    paper.line(17, top + 2, 17, paper.get_y())
    paper.set_line_width(0.2)
    paper.set_left_margin(16)
    paper.ln(4)


def confirmation_pdf(document: OrderDocument, shown: Sequence[Shown]) -> bytes:
    """The order confirmation as it was kept, in its own language, with the signatures of the order below it."""
    page = html.document_fromstring(document.html.replace("<br>", "\n"))
    title = _text(page.find(".//h1"))
    paper = _Paper(title, document.number)
    paper.write_line(title, size=18)
    paper.write_line(f"Youxu 有序 · {document.number} · {local_text(document.made_at)}", size=9, colour=GREY, gap=3)
    paper.write_facts([(_text(dt), _text(dt.getnext())) for dt in page.iter("dt")])
    paper.ln(2)
    rows = [[_text(cell) for cell in row] for row in page.iter("tr")]
    total = rows.pop() if len(rows[-1]) != len(rows[0]) else None
    paper.write_table(rows, (12, 62, 44, 20, 24, 26), right=(3, 4, 5))
    if total is not None:
        paper.write_line("  ".join(total), size=11, gap=3)
    _write_signatures(paper, shown)
    paper.write_line(f"{_text(page.find('.//footer'))}", size=8, colour=GREY)
    paper.write_line(f"SHA-256 {document.sha256}", size=8)
    return bytes(paper.output())


def _text(element: Any) -> str:
    """The text of an element, each line without its outer spaces."""
    if element is None:
        return ""
    lines = (" ".join(line.split()) for line in element.text_content().split("\n"))
    return "\n".join(line for line in lines if line)
