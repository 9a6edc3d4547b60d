"""Three-way merge of what parallel branches did to the variables since they split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import jsontext
from app.processes.engine.errors import MergeConflict

KEPT_BY_ENGINE = frozenset({"decisions", "answers", "answered", "_types"})
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


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that are not what they were."""
    return {key: value for key, value in after.items() if not _same(value, before.get(key, _ABSENT))}


def in_conflict(base: Mapping[str, Any], one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """The variables that two branches have changed so that no join could keep both changes."""
    return {
        key
        for key in one.keys() | other.keys()
        if key not in KEPT_BY_ENGINE
        and not _agree(base.get(key, _ABSENT), one.get(key, _ABSENT), other.get(key, _ABSENT))
    }


def _agree(before: Any, one: Any, other: Any) -> bool:
    if _same(one, other) or _same(one, before) or _same(other, before):
        return True
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    old = before if isinstance(before, dict) else {}
    return all(
        _agree(old.get(key, _ABSENT), one.get(key, _ABSENT), other.get(key, _ABSENT))
        for key in one.keys() | other.keys()
    )


def absorbed(base: Mapping[str, Any], changes: Mapping[str, Any], ended: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a scope (since `base`) with those of a token that has ended in it: the later wins, leaf by leaf.

    Where branches only end beside each other nothing joins them, so there is no conflict to tell.
    """
    result = dict(changes)
    for key, value in ended.items():
        before = base.get(key, _ABSENT)
        if value is before or _same(value, before):
            continue
        known = result.get(key, _ABSENT)
        result[key] = value if known is _ABSENT else _later(before, known, value)
    return result


def _later(before: Any, known: Any, value: Any) -> Any:
    if _same(value, before):
        return known
    if not (isinstance(known, dict) and isinstance(value, dict)):
        return value
    old = before if isinstance(before, dict) else {}
    result = dict(known)
    for key, inner in value.items():
        result[key] = _later(old.get(key, _ABSENT), known[key], inner) if key in known else inner
    return result


def handed(before: Mapping[str, Any], changes: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What another branch gets of the `changes` that one has made since both parted (then it was as `before`), leaf by
    leaf; what the other changed itself stays."""
    result = {}
    for key, value in changes.items():
        old, own = before.get(key, _ABSENT), other.get(key, _ABSENT)
        if _same(own, old):
            result[key] = value
        elif isinstance(value, dict) and isinstance(own, dict):
            known = old if isinstance(old, dict) else {}
            result[key] = {**own, **handed(known, difference(known, value), own)}
    return result


def _same(left: Any, right: Any) -> bool:
    """Equality without Python's `True == 1`, at any depth."""
    if left is right:
        return True
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, dict | list) or jsontext.canonical(left) == jsontext.canonical(right)
