"""Rows of a model without a session: the same columns and the same methods, nothing that could be written back.

    _REGION = Plain(Region, "code lane_days_p50 cold_lane")
    region = _REGION.made(row)          # a row of `select(*_REGION.columns)`

For who reads many rows again and again and only counts with them: to load an object that follows its changes costs ten
times as much, and so does each look at one of its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Any, Generic, TypeVar, cast

M = TypeVar("M")


class Plain(Generic[M]):
    """How rows of a model with these columns are read."""

    def __init__(self, model: type[M], names: str) -> None:
        table: Any = model.__table__  # type: ignore[attr-defined]
        self.names = tuple(names.split())
        self.columns = [table.c[name] for name in self.names]
        self._kind: Any = type(f"Plain{model.__name__}", (), {**_methods(model), "__setattr__": _refuse})

    def made(self, row: Sequence[Any], **more: Any) -> M:
        """The row as the model shows it; `more`: what it refers to. Only the columns named are there."""
        thing = self._kind()
        vars(thing).update(zip(self.names, row, strict=True), **more)
        return cast("M", thing)


def _methods(model: type) -> dict[str, Any]:
    return {
        name: what
        for kind in reversed(model.__mro__)
        for name, what in vars(kind).items()
        if isinstance(what, FunctionType | property) and not name.startswith("_")
    }


def _refuse(thing: object, name: str, _value: object) -> None:
    raise AttributeError(f"{type(thing).__name__}.{name} is only read")
