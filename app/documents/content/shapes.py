"""Content as frozen dataclasses, to and from plain JSON: text, numbers, days, moments, tuples, nested."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from app.core.jsontext import plain

Shape = TypeVar("Shape")
_READ: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: int,
    bool: bool,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def to_json(content: Any) -> dict[str, Any]:
    """The content as stored: decimals, days and moments as text."""
    found: dict[str, Any] = plain(dataclasses.asdict(content))
    return found


def from_json(shape: type[Shape], value: dict[str, Any]) -> Shape:
    """The content again. Fields that a later version of the shape brought have their defaults."""
    known: Any = shape
    return shape(**{name: read(value[name]) for name, read in _fields(known) if name in value})


@cache
def _fields(shape: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = get_type_hints(shape)
    return tuple((one.name, _reader(hints[one.name])) for one in dataclasses.fields(shape))


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint in _READ:
        return _READ[hint]
    if dataclasses.is_dataclass(hint):
        return lambda value: from_json(hint, value)  # type: ignore[arg-type]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        each = _reader(inner[0])
        return lambda values: tuple(each(one) for one in values)
    if origin in (Union, types.UnionType):
        (known,) = (one for one in inner if one is not type(None))
        read = _reader(known)
        return lambda value: None if value is None else read(value)
    raise TypeError(f"{hint} cannot be stored in a document")
