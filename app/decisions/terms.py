"""What types and units are called, in the reader's language: the one place for pages, forms and refusals."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

TYPES: dict[str, LazyString] = {
    "int": _l("a whole number"),
    "decimal": _l("a decimal number"),
    "bool": _l("true or false"),
    "date": _l("a date"),
    "enum": _l("one of a list"),
    "text": _l("text"),
}
_UNITS: dict[str, LazyString] = {
    "": _l("no unit"),
    "fen": _l("money in CNY"),
    "permille": _l("per cent"),
    "day": _l("days"),
    "wday": _l("working days"),
    "hour": _l("hours"),
    "unit": _l("units"),
    "count": _l("a count"),
    "class": _l("class"),
    "score": _l("points"),
    "date": _l("date"),
}
_BESIDE: dict[str, LazyString | str] = {
    **{unit: _UNITS[unit] for unit in ("day", "wday", "hour", "unit", "class", "score")},
    "fen": _l("CNY"),
    "permille": "%",
}
SIGNS: dict[str, tuple[str, ...]] = {
    "fen": ("CNY", "元", "¥", "￥"),
    "permille": ("%", "％"),
    "day": ("days", "day", "天"),
    "wday": ("working days", "working day", "个工作日", "工作日"),
    "hour": ("hours", "hour", "h", "小时"),
    "unit": ("units", "unit", "件"),
    "score": ("points", "point", "分"),
}
"""What may be typed with a number of the unit, in either language."""


def type_name(code: str) -> str:
    """A type of facts and parameters."""
    return str(TYPES[code])


def unit_name(code: str | None) -> str:
    """A unit, as a sentence or a table names it."""
    return str(_UNITS[code or ""])


def beside(code: str) -> str:
    """What stands beside a number that is typed; nothing where the number says it all."""
    return str(_BESIDE.get(code, ""))
