"""What a run asks of the world, and what a step came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.processes.engine.elements import Element, ServiceStep, UserWork


class Callbacks(Protocol):
    """What a run asks of the world."""

    as_of: datetime
    """The moment of the step."""
    context: Mapping[str, Any]
    """What expressions see beside the variables: ids of the instance."""
    depth: int
    """How many instances call each other above this one."""

    def decide(self, element: Element, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of the element's rule set, kept as `decisions.<element>` (so keep it small). Only reads."""

    def perform(self, element: ServiceStep, variables: dict[str, Any], token: int) -> dict[str, Any] | None:
        """Do the service step with a copy of the variables; what it answers is merged into the variables. A step that
        is tried again has the same token."""


@dataclass(slots=True)
class Happening:
    """One line of history: `entered`, or instead of it `decided` and `performed` when that was at once; `left` when
    that was in a later step; `completed` (a person's task), `fired`, `caught`, `thrown`, `uncaught`, `fault`, `ended`.
    `flow` is the way a token came, so it is set once per visit."""

    kind: str
    element: str
    flow: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    token: int | None = None
    at_once: bool = False
    """The token came and left in the same step."""


@dataclass(slots=True)
class Opened:
    """A user task that a token has reached. `excluded`: who may not do it (four eyes)."""

    token: int
    element: UserWork
    variables: Mapping[str, Any]
    excluded: tuple[str, ...] = ()
    assignee: Any = None
    users: tuple[Any, ...] = ()
    groups: tuple[Any, ...] = ()
    due: Any = None
    follow_up: Any = None
    priority: Any = None
    name: Mapping[str, str] = field(default_factory=dict)
    """By language."""

    @classmethod
    def of(cls, task: Any, said: Mapping[str, Any], excluded: tuple[str, ...]) -> Opened:
        """The task at a token, with what the diagram says of it."""
        return cls(
            task.id,
            task.element,
            task.variables,
            excluded,
            said.get("assignee"),
            tuple(said.get("users", ())),
            tuple(said.get("groups", ())),
            said.get("due"),
            said.get("follow_up"),
            said.get("priority"),
            said.get("name") or task.element.name,
        )


@dataclass(slots=True)
class Wait:
    """Something else a token waits for since this step. `details` by kind: timer {"due"}; message, signal {"name"};
    external {"topic", "priority"}; job {"phase", "retries"}; call {"key", "variables", …}; fault, join, … {}."""

    token: int
    element: Element
    kind: str
    details: Mapping[str, Any]


@dataclass(slots=True)
class Gone:
    """What a token waited for and does no more. `alive`: it waits for something else now."""

    kind: str
    element: str
    alive: bool


@dataclass(frozen=True)
class Thrown:
    """What left the instance: `message` and `signal` by name; `error` and `escalation` by code, to the caller."""

    kind: str
    name: str
    message: str
    variables: Mapping[str, Any]
    token: int
    business_key: str | None = None
    """What a signal starts gets it."""


@dataclass(frozen=True)
class Fault:
    """A token that is parked, and why."""

    token: int
    element: str
    code: str
    reason: str
    details: Mapping[str, Any]


@dataclass(slots=True)
class Step:
    """What a step came to."""

    state: bytes
    completed: bool
    opened: tuple[Opened, ...]
    waits: tuple[Wait, ...]
    gone: Mapping[int, Gone]
    """By token."""
    happenings: tuple[Happening, ...]
    thrown: tuple[Thrown, ...] = ()
    faults: tuple[Fault, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    """The variables at the end; empty before."""
    barred: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Tasks that were open before and are still, by token → who may not do them since this step."""
