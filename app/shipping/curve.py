"""The temperature record of a transport as a picture: pure geometry, which a template makes an SVG of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.shipping.temperature import Reading, is_outside

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 472, 10, 150
MOST = 400
"""Points of the line: of more readings each stretch shows its lowest and its highest."""


@dataclass(frozen=True)
class Mark:
    """A line across the picture at a temperature."""

    celsius: Decimal
    y: float


@dataclass(frozen=True)
class Curve:
    """All that is drawn, in the units of a `WIDTH` × `HEIGHT` picture."""

    points: str
    """Of the line, as an SVG polyline wants them."""
    excursions: tuple[tuple[float, float], ...]
    """Readings outside the range, as x, y."""
    limits: tuple[Mark, ...]
    band: tuple[float, float]
    """Top and bottom of the range that is allowed."""
    begin: datetime
    end: datetime
    lowest: Decimal
    highest: Decimal
    count: int


def draw(readings: Sequence[Reading], low: Decimal | None, high: Decimal | None) -> Curve:
    """The picture of at least one reading."""
    told = sorted(readings, key=lambda one: one.at)
    begin, end = told[0].at, told[-1].at
    values = [one.celsius for one in told]
    shown = [*values, *(one for one in (low, high) if one is not None)]
    bottom, top = float(min(shown)) - 1, float(max(shown)) + 1
    span = max((end - begin).total_seconds(), 1)

    def x(at: datetime) -> float:
        return round(LEFT + (RIGHT - LEFT) * (at - begin).total_seconds() / span, 1)

    def y(celsius: Decimal | float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (float(celsius) - bottom) / (top - bottom), 1)

    drawn = list(_thinned(told))
    return Curve(
        points=" ".join(f"{x(one.at)},{y(one.celsius)}" for one in drawn),
        excursions=tuple((x(one.at), y(one.celsius)) for one in drawn if is_outside(one.celsius, low, high)),
        limits=tuple(Mark(one, y(one)) for one in (low, high) if one is not None),
        band=(TOP if high is None else y(high), BOTTOM if low is None else y(low)),
        begin=begin,
        end=end,
        lowest=min(values),
        highest=max(values),
        count=len(told),
    )


def _thinned(told: Sequence[Reading]) -> Iterator[Reading]:
    if len(told) <= MOST:
        yield from told
        return
    size = -(-len(told) * 2 // MOST)
    for start in range(0, len(told), size):
        part = told[start : start + size]
        low, high = min(part, key=lambda one: one.celsius), max(part, key=lambda one: one.celsius)
        yield from sorted({low, high}, key=lambda one: one.at)
