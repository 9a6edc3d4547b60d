"""Three-way merge of what parallel branches did to the variables since they split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import jsontext
from app.processes.engine.errors import MergeConflict

KEPT_BY_ENGINE = frozenset({"decisions", "answers", "answered"})
"""Variables that the engine writes: there the later branch wins, entry by entry."""

_ABSENT: Any = object()


def merged(element: str, base: Mapping[str, Any], branches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The base with the changes of all branches (earlier arrived first). Lists and plain values are one leaf each.

    Raises MergeConflict when two branches changed the same leaf to different values.
    """
    return _merge(element, "", base, branches)


def _merge(element: str, path: str, base: Mapping[str, Any], branches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in dict.fromkeys([*base, *(key for branch in branches for key in branch)]):
        before = base.get(key, _ABSENT)
        changed = [value for branch in branches if not _same(value := branch.get(key, _ABSENT), before)]
        value = _resolve(element, f"{path}.{key}".lstrip("."), before, changed)
        if value is not _ABSENT:
            result[key] = value
    return result


def _resolve(element: str, path: str, before: Any, changed: list[Any]) -> Any:
    if not changed:
        return before
    first = changed[0]
    if all(_same(value, first) for value in changed[1:]):
        return first
    if all(isinstance(value, dict) for value in changed):
        return _merge(element, path, before if isinstance(before, dict) else {}, changed)
    if path.partition(".")[0] in KEPT_BY_ENGINE:
        return changed[-1]
    raise MergeConflict(element, path)


def _same(left: Any, right: Any) -> bool:
    """Equality without Python's `True == 1`, at any depth."""
    if left is right:
        return True
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, dict | list) or jsontext.canonical(left) == jsontext.canonical(right)
