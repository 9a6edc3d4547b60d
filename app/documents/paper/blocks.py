"""What a paper consists of, in the reader's language; `printing.py` makes the PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Names with values; those without a value are left out. In two columns where both fit."""

    rows: tuple[tuple[str, str], ...]
    columns: int = 1


@dataclass(frozen=True)
class Table:
    """A table whose head stands on each page again. Widths in mm; the columns in `right` are numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True)
class Text:
    """A paragraph, or with `heading` the title of what follows."""

    text: str
    heading: bool = False
    tone: str = ""
    """Empty, `good`, `bad` or `quiet`."""


@dataclass(frozen=True)
class Signing:
    """An electronic signature as people read it."""

    name: str
    facts: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]
    faults: tuple[str, ...] = ()
    checked: bool = True
    """Whether it was checked when the paper was printed; otherwise it is only told of."""


@dataclass(frozen=True)
class ByHand:
    """Lines on which people sign by hand, side by side: what each is for."""

    labels: tuple[str, ...]


Block = Facts | Table | Text | Signing | ByHand
Layout = Sequence[Block]
