"""Labels as PDF, one a page: a lot or unit with its UDI as GS1 DataMatrix, a logistic unit with its SSCC as GS1-128.

Codes are drawn as rectangles, so they are sharp at every size of print. What is printed is read back in a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pystrich.code128 import Code128Data, Code128Encoder
from pystrich.datamatrix import DataMatrixData, DataMatrixEncoder
from pystrich.gs1 import GS1Fixed, GS1Variable

from app.catalog.udi import gs1
from app.catalog.udi.ais import KNOWN
from app.core.i18n import _
from app.documents.content.parts import Both
from app.documents.paper.sheet import GREY, INK, Sheet, leading

UNIT_SIZE, LOGISTIC_SIZE = (70.0, 40.0), (105.0, 148.0)
"""Millimetres: a label of a unit; A6 for a logistic unit."""
MODULE = 0.5
"""Millimetres of a square of DataMatrix (GS1: 0.396 to 0.990 in healthcare) and of the thinnest bar of GS1-128."""


@dataclass(frozen=True)
class UnitLabel:
    """What stands on a unit."""

    name: Both
    sku: str
    di: str
    """GTIN with 14 digits."""
    lot_no: str
    made_on: date | None = None
    expires_on: date | None = None
    serial: str = ""
    storage: str = ""

    def elements(self) -> tuple[gs1.Element, ...]:
        """The UDI. Raises BadUdi."""
        return gs1.device(
            di=self.di, lot_no=self.lot_no, serial=self.serial, made_on=self.made_on, expires_on=self.expires_on
        )


@dataclass(frozen=True)
class LogisticLabel:
    """What stands on a box or pallet."""

    sscc: str
    sender: str = ""
    ship_to: str = ""
    note: str = ""


def unit_labels(labels: Sequence[UnitLabel], made_at: datetime) -> bytes:
    """A page of 70 × 40 mm for each. Raises BadUdi."""
    sheet = Sheet(_("Labels"), made_at, size=UNIT_SIZE)
    for one in labels:
        sheet.add_page()
        _unit(sheet, one)
    return bytes(sheet.output())


def _unit(sheet: Sheet, one: UnitLabel) -> None:
    elements = one.elements()
    side = draw_matrix(sheet, elements, 3, 4)
    left, width = side + 5.5, UNIT_SIZE[0] - side - 8
    y = 2.5
    names = [one.name.zh] + ([one.name.en] if one.name.en and one.name.en != one.name.zh else [])
    for name, most in zip(names, (2, 1), strict=False):
        y = sheet.put_lines(_cut(sheet, name, width, 7, most), left, y, size=7)
    facts = [("REF", one.sku), ("LOT", one.lot_no), ("SN", one.serial)]
    facts += [(mark, f"{day:%Y-%m-%d}") for mark, day in (("MFG", one.made_on), ("EXP", one.expires_on)) if day]
    y += 0.4
    for mark, value in facts:
        if value:
            sheet.put(mark, left, y, size=6, colour=GREY)
            y = sheet.put_lines(_cut(sheet, value, width - 7, 6.5, 1), left + 7, y, size=6.5)
    sheet.put(one.storage, 3, side + 6, size=6.5)
    said = sheet.wrap(gs1.human(elements), UNIT_SIZE[0] - 6, 5.5)
    sheet.put_lines(said, 3, UNIT_SIZE[1] - 2 - leading(5.5) * len(said), size=5.5)


def _cut(sheet: Sheet, text: str, width: float, size: float, most: int) -> list[str]:
    """At most so many lines; an ellipsis where more was."""
    lines = sheet.wrap(text, width, size)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]


def logistic_labels(labels: Sequence[LogisticLabel], made_at: datetime) -> bytes:
    """A page of A6 for each."""
    sheet = Sheet(_("Labels"), made_at, size=LOGISTIC_SIZE)
    for one in labels:
        sheet.add_page()
        _logistic(sheet, one)
    return bytes(sheet.output())


def _logistic(sheet: Sheet, one: LogisticLabel) -> None:
    left, width, y = 8.0, LOGISTIC_SIZE[0] - 16, 8.0
    for name, value, size in (
        (_("Sender"), one.sender, 10),
        (_("Addressee"), one.ship_to, 13),
        (_("Note"), one.note, 9),
    ):
        if value:
            y = sheet.put_lines([name], left, y, size=7, colour=GREY)
            y = sheet.put_lines(_cut(sheet, value, width, size, 5), left, y, size=size) + 2
    sheet.set_draw_color(*INK)
    sheet.line(left, 84, left + width, 84)
    sheet.put("SSCC", left, 87, size=8, colour=GREY)
    sheet.put(one.sscc, left, 91, size=15)
    draw_bars(sheet, [("00", one.sscc)], 102, 32)
    said = gs1.human([("00", one.sscc)])
    sheet.put(said, (LOGISTIC_SIZE[0] - sheet.width_of(said, 9)) / 2, 136, size=9)


def draw_matrix(sheet: Sheet, elements: Sequence[gs1.Element], x: float, y: float) -> float:
    """A GS1 DataMatrix with its upper left corner there; answers its side in mm, without the quiet zone around it."""
    symbol = DataMatrixEncoder(DataMatrixData.gs1(*_fields(elements)), quiet_zone=0).get_rect_marks()
    sheet.set_fill_color(*INK)
    for left, top, width, height in symbol.marks:
        sheet.rect(x + left * MODULE, y + top * MODULE, width * MODULE, height * MODULE, style="F")
    return float(symbol.width * MODULE)


def draw_bars(sheet: Sheet, elements: Sequence[gs1.Element], y: float, height: float) -> None:
    """A GS1-128 across the middle of the page."""
    symbol = Code128Encoder(Code128Data.gs1(*_fields(elements))).get_rect_marks()
    first = min(mark[0] for mark in symbol.marks)
    last = max(mark[0] + mark[2] for mark in symbol.marks)
    x = (sheet.w - (last - first) * MODULE) / 2
    sheet.set_fill_color(*INK)
    for left, _top, width, _height in symbol.marks:
        sheet.rect(x + (left - first) * MODULE, y, width * MODULE, height, style="F")


def _fields(elements: Sequence[gs1.Element]) -> list[GS1Fixed | GS1Variable]:
    return [GS1Fixed(code, value) if KNOWN[code].known_length else GS1Variable(code, value) for code, value in elements]
