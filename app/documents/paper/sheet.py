"""A page with our font. fpdf2 embeds the glyphs that are used of Noto Sans SC, so that a paper is some 20 KB and reads
the same everywhere. Text is wrapped here: fpdf2's own tables measure every cell several times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files

from fpdf import FPDF

FONT = files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
INK, GREY, LINE, GOOD, BAD = (17, 17, 17), (95, 95, 95), (190, 190, 190), (15, 92, 61), (165, 29, 29)
POINT = 0.3528
"""Millimetres."""
_BREAK_AFTER = frozenset(" -/,;·)")
_NOT_FIRST = frozenset("，。、；：？！）》」』】〉…,.;:?!)]}%")
"""Signs that never begin a line."""
_NOT_LAST = frozenset("（《「『【〈([{")


class Sheet(FPDF):
    """Paper of a size with our font. `made_at` stands in the file, so that the same content gives the same bytes."""

    def __init__(
        self, title: str, made_at: datetime, *, across: bool = False, size: str | tuple[float, float] = "A4"
    ) -> None:
        super().__init__(orientation="landscape" if across else "portrait", format=size)
        self.add_font("noto", fname=str(FONT))
        self.set_font("noto", size=10)
        self.set_auto_page_break(False)
        self.set_title(title)
        self.set_author("Youxu 有序")
        self.set_creation_date(made_at)
        self.foot: Callable[[], None] = lambda: None
        """Writes the foot of each page; `{nb}` stands for the number of pages."""
        self._widths: dict[str, float] = {}

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        self.foot()

    def width_of(self, text: str, size: float) -> float:
        """Millimetres that the text takes at that size (points)."""
        return sum(self._width(one) for one in text) * size

    def _width(self, character: str) -> float:
        found = self._widths.get(character)
        if found is None:
            self.set_font("noto", size=10)
            found = self._widths[character] = self.get_string_width(character) / 10
        return found

    def wrap(self, text: str, width: float, size: float) -> list[str]:
        """The text in lines that fit; long words and Chinese break anywhere, but for signs that begin no line."""
        return [line for paragraph in clean(text).split("\n") for line in self._broken(paragraph, width, size)]

    def _broken(self, text: str, width: float, size: float) -> Iterator[str]:
        start, good, used = 0, 0, 0.0
        place = 0
        while place < len(text):
            used += self._width(text[place]) * size
            if used > width and place > start:
                stop = good if good > start else place
                yield text[start:stop].rstrip()
                start = place = stop
                while start < len(text) and text[start] == " ":
                    start = place = start + 1
                good, used = start, 0.0
                continue
            place += 1
            if _may_break(text[place - 1], text[place : place + 1]):
                good = place
        yield text[start:]

    def put(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float,
        colour: tuple[int, int, int] = INK,
        until: float | None = None,
    ) -> None:
        """One line with its upper left corner there; with `until`, flush with that x."""
        if not text:
            return
        self.set_font("noto", size=size)
        self.set_text_color(*colour)
        left = x if until is None else until - self.width_of(text, size)
        self.text(left, y + size * POINT, text)

    def put_counted(self, text: str, x: float, y: float, *, size: float, colour: tuple[int, int, int]) -> None:
        """One line in which `{nb}` becomes the number of pages."""
        self.set_font("noto", size=size)
        self.set_text_color(*colour)
        self.set_xy(x - self.c_margin, y)
        self.cell(0, size * POINT * 1.2, clean(text))

    def put_lines(
        self, lines: Sequence[str], x: float, y: float, *, size: float, colour: tuple[int, int, int] = INK
    ) -> float:
        """Lines below each other; answers the y below them."""
        for line in lines:
            self.put(line, x, y, size=size, colour=colour)
            y += leading(size)
        return y


def leading(size: float) -> float:
    """Millimetres from line to line."""
    return size * POINT * 1.4


def clean(text: str) -> str:
    """The text without what a page cannot show."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between the two."""
    free = before in _BREAK_AFTER or _stands_alone(before) or (bool(after) and _stands_alone(after))
    return free and after not in _NOT_FIRST and before not in _NOT_LAST


def _stands_alone(character: str) -> bool:
    """Chinese and what is set like it."""
    return "\u2e80" <= character <= "\uffef"
