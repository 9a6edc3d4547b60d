"""Values as the language sees them: their kinds, when two are equal, how they are written, how large they may be."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core import jsontext

LARGEST = 10**30
"""Results beyond ± this are refused, so that no expression can make numbers grow without end."""
LONGEST_TEXT = 20_000
"""Characters of a text that an expression makes."""
HEAVIEST = 100_000
"""Size of a list or object that an expression or script makes: its values and the characters of its texts together."""

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    ((int, Decimal, float), "number"),
    (str, "text"),
    (datetime, "moment"),
    (date, "date"),
    ((list, tuple), "list"),
    (Mapping, "object"),
)
_SCALARS = frozenset((int, float, bool, type(None), Decimal))
_PLAIN = frozenset((int, float, bool, type(None), str))
_TRUTHS = {"true": True, "false": False}


class Unlike(Exception):
    """Two values that cannot be compared."""


class TooLong(Exception):
    """A text or list that is longer than the language makes."""


def kind_of(value: Any) -> str:
    """The kind of a value: null, bool, number, text, moment, date, list, object."""
    if value is None:
        return "null"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


def exact(value: Any) -> Any:
    """Floats (from JSON) by their shortest decimal form, so that 0.1 is 0.1; what is no finite number is null."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return value


def same(left: Any, right: Any) -> bool:
    """Equal and of one kind (Java's `equals`)."""
    left, right = exact(left), exact(right)
    return kind_of(left) == kind_of(right) and bool(left == right)


def among(value: Any, options: Collection[Any]) -> bool:
    """Whether one of the options is the `same`. A list of a hundred thousand is gone through at the speed of C."""
    value = exact(value)
    if value not in options and not (isinstance(value, Decimal) and float(value) in options):
        return False  # what Python finds equal is more than what we find equal: 1 is True there
    return any(same(value, option) for option in options)


def equal(left: Any, right: Any) -> bool:
    """`left == right`. Null is equal to null only; '5' is equal to 5 and 'true' to true, as in JUEL.

    Raises Unlike for any other two kinds: JUEL would fail or answer by accident.
    """
    if left is None or right is None:
        return left is right
    if type(left) is type(right):
        return bool(left == right)
    kinds = kind_of(left), kind_of(right)
    if kinds[0] == kinds[1]:
        return bool(left == right)
    if kinds[0] == "text":
        return equal(right, left)
    if kinds == ("bool", "text") and right in _TRUTHS:
        return bool(left is _TRUTHS[right])
    if kinds == ("number", "text") and (number := as_number(right)) is not None:
        return bool(left == number)
    raise Unlike


def as_number(text: str) -> int | Decimal | None:
    """The number that a text spells in full (`-12.50`), or None; never more than 30 characters."""
    stripped = text.strip()
    digits = stripped.removeprefix("-")
    if not digits or len(digits) > 30 or not digits.isascii() or not digits[0].isdigit() or not digits[-1].isdigit():
        return None
    try:
        return int(stripped) if digits.isdigit() else Decimal(stripped) if set(digits) <= set("0123456789.") else None
    except InvalidOperation:
        return None


def text_of(value: Any) -> str:
    """The value written out: null as nothing, decimals without exponent, lists and objects as JSON. Raises TooLong."""
    value = exact(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        if not -LARGEST < value < LARGEST:
            raise TooLong
        return bounded(plain_digits(value))
    if isinstance(value, str):
        return bounded(value)
    if isinstance(value, date):
        return value.isoformat()
    weigh(value)
    return bounded(jsontext.dumps(as_json(value)))


def plain_digits(value: int | Decimal) -> str:
    """Digits without an exponent and without idle zeros: 12.50 is 12.5. Raises TooLong beyond 60 places."""
    if isinstance(value, int):
        return str(value)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -60:
        raise TooLong
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def bounded(text: str) -> str:
    """The text, if it is not too long. Raises TooLong."""
    if len(text) > LONGEST_TEXT:
        raise TooLong
    return text


def weigh(value: Any, most: int = HEAVIEST) -> None:
    """Count values and characters of texts. Stops, and raises TooLong, once there are more than `most` or more than
    jsontext.DEEPEST levels.

    What is there twice counts twice, as it will when it is stored: a list of lists of one list cannot hide its size.
    """
    left, waiting = most, [(value, 1)]
    while waiting:
        here, level = waiting.pop()
        left -= 1
        inner: Collection[Any] = ()
        if isinstance(here, str):
            left -= len(here)
        elif isinstance(here, Mapping):
            inner = here.values()
            left -= sum(len(str(key)) for key in here) if len(inner) <= left else 0
        elif isinstance(here, list | tuple):
            inner = here
        if left < len(inner) or (inner and level >= jsontext.DEEPEST):
            raise TooLong
        scalars = sum(type(one) in _SCALARS for one in inner)
        left -= scalars
        if scalars < len(inner):
            waiting.extend((one, level + 1) for one in inner if type(one) not in _SCALARS)


def as_json(value: Any) -> Any:
    """The value as a process variable holds it: decimals as JSON numbers, moments and dates as ISO 8601 text.

    A decimal becomes an int when it is whole, else a float. A float keeps 15 digits: what has more loses its tail.
    """
    if isinstance(value, Decimal):
        return _json_number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: one if type(one) in _PLAIN else as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [one if type(one) in _PLAIN else as_json(one) for one in value]
    return value


def _json_number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    is_whole = abs(value) < LARGEST and value == value.to_integral_value()
    return int(value) if is_whole else float(value)
