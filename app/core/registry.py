"""A table of functions by name that an earlier package declares and a later one fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


class NameTaken(RuntimeError):
    """Two functions were registered under one name."""


class Registry(Generic[Function]):
    """`step = Registry("step")`, then `@step.register("reserve_stock")` later, `step.get("reserve_stock")` to call."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._functions: dict[str, Function] = {}

    def register(self, name: str) -> Callable[[Function], Function]:
        """Decorator: the function answers to `name`. Raises NameTaken for a second one."""

        def keep(function: Function) -> Function:
            if name in self._functions:
                raise NameTaken(f"{self.what} {name!r} is registered twice")
            self._functions[name] = function
            return function

        return keep

    def get(self, name: str) -> Function:
        """The function of that name. Raises KeyError naming what is missing."""
        if name not in self._functions:
            raise KeyError(f"no {self.what} named {name!r}; there are {', '.join(sorted(self._functions)) or 'none'}")
        return self._functions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._functions))
