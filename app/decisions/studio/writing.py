"""Values as one line of YAML, so that app.decisions.source reads back exactly what was given."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

_PLAIN = re.compile(r"[^\W\d_](?:[\w一-鿿 ./%()<>=+'（）、，。；：？！“”≥≤×–—-]*[\w一-鿿%)'）。”])?\Z")
"""Text that needs no quotes: begins with a letter, has nothing that YAML would read otherwise."""
_WORDS = frozenset({"true", "false", "null"})
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def as_yaml(value: Any) -> str:
    """The value in flow notation: `{en: Emergency, zh: 急救}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(str(key))}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    return _text(value) if isinstance(value, str) else _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(value: str) -> str:
    if _PLAIN.match(value) and value.lower() not in _WORDS and ": " not in value and " #" not in value:
        return value
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
