"""Where rule sets are used: each slice that decides by them tells here.

@uses.register("processes")
def gateways(rule_set: str) -> list[Use]: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.i18n import LazyString
from app.core.registry import Registry
from app.decisions.outcome import Texts


@dataclass(frozen=True)
class Use:
    """A place that asks a rule set: what it is called, what it belongs to, which version of that, in which state."""

    name: str | Texts | LazyString
    of: str | Texts | LazyString
    version: int | None = None
    in_force: bool = True
    pinned: int | None = None
    """The version of the rule set that it names."""
    endpoint: str = ""
    """The page where it can be seen, with its arguments."""
    arguments: dict[str, str | int] | None = None


uses: Registry[Callable[[str], list[Use]]] = Registry("use")


def uses_of(rule_set: str) -> list[Use]:
    """Every place that asks the rule set."""
    return [use for name in uses for use in uses.get(name)(rule_set)]
