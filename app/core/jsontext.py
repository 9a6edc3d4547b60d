"""JSON text: fast (orjson), and canonical where it is hashed."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import orjson
from markupsafe import Markup

DEEPEST = 64
"""Levels of lists and objects in JSON from outside: far more than any of our shapes has."""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Markup):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "__html__") or type(value).__name__ == "LazyString":
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any) -> str:
    """JSON text; decimals as text, moments in ISO 8601."""
    return orjson.dumps(value, default=_plain).decode()


def pretty(value: Any) -> str:
    """JSON text for people to read."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2).decode()


def loads(text: str | bytes) -> Any:
    """The value of JSON text. Raises ValueError."""
    return orjson.loads(text)


def strict(text: str | bytes) -> Any:
    """The value of JSON text from outside. Raises ValueError also for a name given twice in one object (which of the
    two would count?) and for nesting deeper than DEEPEST."""
    value = orjson.loads(text)  # first: it bounds depth and knows no NaN, no lone surrogates, only UTF-8
    _refuse_deep(value)
    json.loads(text, object_pairs_hook=_refuse_twice)
    return value


def _refuse_deep(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [child for one in inner for child in (one.values() if isinstance(one, dict) else one)]


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _value in pairs}) < len(pairs):
        raise ValueError("a name is there twice")


def canonical(value: Any) -> bytes:
    """One byte form for equal values: keys sorted, no spaces. Integers beyond 53 bits are refused (TypeError)."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def digest(value: Any) -> str:
    """SHA-256, in hex, of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: Any) -> Any:
    """The value as JSON knows it: decimals and dates become text. For snapshots that are stored and compared."""
    return orjson.loads(canonical(value))
