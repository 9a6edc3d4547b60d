"""What the rest of Youxu knows of a diagram's elements, read from its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.expressions import Expression


@dataclass(frozen=True)
class Element:
    """An element that tokens visit. `kind` is the BPMN name, `name` {"en", "zh"}."""

    id: str
    kind: str
    name: Mapping[str, str]


@dataclass(frozen=True)
class UserWork(Element):
    """A user task."""

    form_key: str | None = None
    groups: tuple[str, ...] = ()
    to_initiator: bool = False
    four_eyes: str | None = None
    """Id of the user task whose last doer may not do this one."""
    assign_from: str | None = None
    """Id of the gateway whose decision names the groups."""
    assign_step: str | None = None


@dataclass(frozen=True)
class ServiceStep(Element):
    """A service task: the name of the function that does it."""

    step: str = ""


@dataclass(frozen=True)
class Gateway(Element):
    """A gateway. `conditions` are (flow id, expression) in the order of drawing; diverging ones name a rule set."""

    rule_set: str | None = None
    diverging: bool = False
    default_flow: str | None = None
    conditions: tuple[tuple[str, Expression], ...] = field(default=())
