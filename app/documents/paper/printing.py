"""Blocks → PDF: pages with foot lines, tables that go on with their head, signatures with their mark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from app.core.i18n import _, show_time
from app.documents.paper.blocks import Block, ByHand, Facts, Layout, Signing, Table, Text
from app.documents.paper.sheet import BAD, GOOD, GREY, INK, LINE, Sheet, leading

MARGIN, FOOT = 14.0, 16.0
SMALL, USUAL = 8.0, 9.5
LABEL = 42.0
"""Width of the names of facts, mm."""
TONES = {"": INK, "good": GOOD, "bad": BAD, "quiet": GREY}


@dataclass(frozen=True)
class Heading:
    """What stands at the top and the foot."""

    title: str
    number: str
    version: int
    made_at: datetime
    sha256: str
    across: bool = False


def print_paper(heading: Heading, layout: Layout) -> bytes:
    """The PDF; equal content gives equal bytes."""
    return _Press(heading).print(layout)


class _Press:
    """Writes blocks down the pages."""

    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.sheet = Sheet(f"{heading.title} {heading.number}", heading.made_at, across=heading.across)
        self.left, self.right = MARGIN, self.sheet.w - MARGIN
        self.limit = self.sheet.h - FOOT
        self.y = MARGIN

    def print(self, layout: Layout) -> bytes:
        self.sheet.foot = self._foot
        self.sheet.add_page()
        self._top()
        for block in layout:
            self._block(block)
        return bytes(self.sheet.output())

    def _top(self) -> None:
        one = self.heading
        self.y = self.sheet.put_lines([one.title], self.left, self.y, size=18)
        told = f"Youxu 有序 · {one.number} · {_('version %(version)s', version=one.version)} · {show_time(one.made_at)}"
        self.y = self.sheet.put_lines([told], self.left, self.y, size=9, colour=GREY) + 1.5
        self._rule()
        self.y += 2.5

    def _foot(self) -> None:
        one, y = self.heading, self.sheet.h - 11.5
        self.sheet.set_draw_color(*LINE)
        self.sheet.line(self.left, y - 1, self.right, y - 1)
        count = _("page %(page)s of %(pages)s", page=self.sheet.page_no(), pages="{nb}")
        told = f"{one.title} {one.number} · {_('version %(version)s', version=one.version)} · {count}"
        self.sheet.put_counted(told, self.left, y, size=7.5, colour=GREY)
        self.sheet.put(f"SHA-256 {one.sha256}", self.left, y + 4, size=6.5, colour=GREY)

    def _rule(self) -> None:
        self.sheet.set_draw_color(*INK)
        self.sheet.set_line_width(0.4)
        self.sheet.line(self.left, self.y, self.right, self.y)
        self.sheet.set_line_width(0.2)

    def _room(self, height: float) -> None:
        """A new page, unless so much fits below."""
        if self.y + height > self.limit and self.y > MARGIN:
            self.sheet.add_page()
            self.y = MARGIN

    def _block(self, block: Block) -> None:
        match block:
            case Facts():
                self._facts(block)
            case Table():
                self._table(block)
            case Text():
                self._text(block)
            case Signing():
                self._signing(block)
            case ByHand():
                self._by_hand(block)

    def _text(self, block: Text) -> None:
        size = 12.0 if block.heading else USUAL
        if block.heading:
            self.y += 1.5
            self._room(leading(size) * 3)
        for line in self.sheet.wrap(block.text, self.right - self.left, size):
            self._room(leading(size))
            self.y = self.sheet.put_lines([line], self.left, self.y, size=size, colour=TONES[block.tone])
        self.y += 1.5

    def _facts(self, block: Facts) -> None:
        rows = [(name, value) for name, value in block.rows if value]
        width = (self.right - self.left) / block.columns
        for start in range(0, len(rows), block.columns):
            self._fact_row(rows[start : start + block.columns], width, USUAL)
        self.y += 2

    def _fact_row(self, row: list[tuple[str, str]], width: float, size: float, left: float | None = None) -> None:
        label = min(LABEL, width * 0.4)
        names = [self.sheet.wrap(name, label - 3, size) for name, _value in row]
        values = [self.sheet.wrap(value, width - label - 3, size) for _name, value in row]
        lines = max(len(one) for one in (*names, *values))
        step = leading(size)
        done = 0
        while done < lines:
            self._room(step * min(2, lines - done))
            fit = max(1, int((self.limit - self.y) // step))
            for place in range(len(row)):
                x = (self.left if left is None else left) + place * width
                part = slice(done, done + fit)
                self.sheet.put_lines(names[place][part], x, self.y, size=size, colour=GREY)
                self.sheet.put_lines(values[place][part], x + label, self.y, size=size)
            self.y += step * min(fit, lines - done)
            done += fit

    def _table(self, block: Table) -> None:
        scale = (self.right - self.left) / sum(block.widths)
        widths = [one * scale for one in block.widths]
        self._table_row(block.head, widths, block, head=True)
        for row in block.rows:
            self._table_row(row, widths, block)
        self.y += 3

    def _table_row(self, row: tuple[str, ...], widths: list[float], block: Table, *, head: bool = False) -> None:
        size, step = SMALL + 0.5, leading(SMALL + 0.5)
        cells = [self.sheet.wrap(cell, width - 2.4, size) for cell, width in zip(row, widths, strict=True)]
        lines = max(len(cell) for cell in cells)
        if head:
            self._room(step * (lines + 3))
        done = 0
        while done < lines:
            fit = math.floor((self.limit - self.y - 2) / step)
            if not head and fit < min(lines - done, 4):  # a row is split only when it is longer than what is left of it
                self.sheet.add_page()
                self.y = MARGIN
                self._table_row(block.head, widths, block, head=True)
                fit = math.floor((self.limit - self.y - 2) / step)
            x = self.left
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
                self._cell(cell[done : done + fit], x, width, size, right=place in block.right, head=head)
                x += width
            self.y += step * min(fit, lines - done) + 2
            done += fit
            self.sheet.set_draw_color(*(INK if head else LINE))
            self.sheet.line(self.left, self.y, self.right, self.y)

    def _cell(self, lines: list[str], x: float, width: float, size: float, *, right: bool, head: bool) -> None:
        y = self.y + 1
        for line in lines:
            until = x + width - 2.2 if right else None
            self.sheet.put(line, x + 1.2, y, size=size, colour=GREY if head else INK, until=until)
            y += leading(size)

    def _signing(self, block: Signing) -> None:
        self._room(leading(USUAL) * (len(block.facts) + 5))
        top, page, inner = self.y, self.sheet.page, self.left + 4
        self.y = self.sheet.put_lines([block.name], inner, self.y, size=12)
        width = self.right - inner
        for row in block.facts:
            if row[1]:
                self._fact_row([row], width, USUAL, inner)
        for row in block.hashes:
            self._fact_row([row], width, 7.5, inner)
        colour = BAD if block.faults else GOOD if block.checked else LINE
        if block.checked:
            said = _("Valid: what was signed is unchanged.")
            said = f"{_('INVALID')}: {' '.join(block.faults)}" if block.faults else said
            lines = self.sheet.wrap(said, width, USUAL)
            self.y = self.sheet.put_lines(lines, inner, self.y, size=USUAL, colour=colour)
        self.sheet.set_draw_color(*colour)
        self.sheet.set_line_width(0.8)
        self.sheet.line(self.left + 1, top if self.sheet.page == page else MARGIN, self.left + 1, self.y)
        self.sheet.set_line_width(0.2)
        self.y += 4

    def _by_hand(self, block: ByHand) -> None:
        self._room(24)
        self.y += 12
        width = (self.right - self.left) / len(block.labels)
        self.sheet.set_draw_color(*INK)
        for place, label in enumerate(block.labels):
            x = self.left + place * width
            self.sheet.line(x, self.y, x + width - 6, self.y)
            self.sheet.put_lines(self.sheet.wrap(label, width - 6, SMALL), x, self.y + 1, size=SMALL, colour=GREY)
        self.y += 9
