"""A payload as a tree of fields, each with the expression that reads it: what the designer clicks to insert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 300
"""Fields shown of one payload."""
_PLAIN = re.compile(r"[A-Za-z一-鿿][A-Za-z0-9_一-鿿]*\Z")
_WORDS = frozenset(
    (
        *("and", "or", "not", "in", "between", "empty", "true", "false", "null", "eq", "ne", "lt", "le", "gt", "ge"),
        *("div", "mod", "event", "data", "item", "execution"),
    )
)


@dataclass(frozen=True)
class Leaf:
    """A field: how deep, its name, what it holds in short, the expression. `in_list`: it reads an item of a list."""

    depth: int
    name: str
    value: str
    path: str
    is_list: bool = False
    in_list: bool = False


def leaves(scope: Mapping[str, Any]) -> list[Leaf]:
    """Every field of `event` and `data`, at most MOST."""
    found: list[Leaf] = []
    for name, value in scope.items():
        _walk(found, 0, name, name, value, in_list=False)
    return found


def _walk(found: list[Leaf], depth: int, name: str, path: str, value: Any, *, in_list: bool) -> None:
    if len(found) >= MOST or depth > 20:
        return
    found.append(Leaf(depth, name, _short(value), path, isinstance(value, list), in_list))
    if isinstance(value, dict):
        for inner, one in value.items():
            _walk(found, depth + 1, inner, f"{path}{_step(inner)}", one, in_list=in_list)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner, one in value[0].items():
            _walk(found, depth + 1, inner, f"item{_step(inner)}", one, in_list=True)


def _step(name: str) -> str:
    if _PLAIN.match(name) and name not in _WORDS:
        return f".{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return f"[{len(value)}]"
    text = {True: "true", False: "false", None: "null"}.get(value, str(value)) if not isinstance(value, str) else value
    return text if len(text) <= 40 else f"{text[:40]}…"


def masked(value: Any, paths: list[str]) -> Any:
    """The value with what these paths name replaced: `data.patient.name`, `data.lines.*.note`."""
    for path in paths:
        value = _mask(value, path.split("."))
    return value


def _mask(value: Any, steps: list[str]) -> Any:
    if not steps:
        return "•••"
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        return {name: _mask(one, rest) if step in ("*", name) else one for name, one in value.items()}
    if isinstance(value, list):
        return [_mask(one, rest) if step in ("*", str(place)) else one for place, one in enumerate(value)]
    return value
