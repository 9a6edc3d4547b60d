"""What a scenario needs of an engine. `youxu.py` binds it to the service layer; another engine could be bound as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Refused(Exception):
    """The engine would not take a diagram; `elements` names what is wrong, with the reasons."""

    def __init__(self, elements: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' / '.join(reasons)}" for name, reasons in elements.items()))
        self.elements = elements


class NobodyWaits(Exception):
    """A message met no receiver."""


@dataclass(frozen=True)
class OpenTask:
    id: str
    instance: str
    element: str
    token: int
    locals: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    """name, assignee, candidate_groups, candidate_users, due, follow_up, priority, description, form_key"""


@dataclass(frozen=True)
class Waiting:
    """Something else that an instance waits for. `kind`: message signal timer condition external job call
    trigger."""

    kind: str
    element: str
    token: int
    name: str = ""
    due: str | None = None
    """ISO, UTC, of timers."""


@dataclass(frozen=True)
class OpenWork:
    """An external task."""

    id: str
    instance: str
    element: str
    token: int
    topic: str
    locals: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """A live token. `kind` is the element's, as in the diagram; scopes are those that hold others."""

    token: int
    element: str
    kind: str
    state: str
    scope: bool = False


@dataclass(frozen=True)
class View:
    """An instance as it stands."""

    id: str
    key: str
    business_key: str | None
    ended: bool
    tasks: Sequence[OpenTask]
    waits: Sequence[Waiting]
    incidents: Sequence[str]
    joined: Sequence[str]
    tokens: Sequence[Token]
    variables: dict[str, Any]


class Engine(Protocol):
    """Every verb is one transaction; jobs run only when `run_jobs` or `pass_time` is called."""

    def deploy(self, xml: bytes) -> None:
        """Deploy and release. Raises Refused."""

    def start(self, key: str, variables: dict[str, Any], business_key: str | None) -> str:
        """Answers the instance's id."""

    def instances(self, key: str | None = None) -> list[str]:
        """All there are since the scenario began, oldest first."""

    def view(self, instance: str) -> View: ...

    def complete_task(self, task: OpenTask, variables: dict[str, Any]) -> None: ...

    def task_error(self, task: OpenTask, kind: str, code: str, variables: dict[str, Any]) -> None:
        """kind: error or escalation."""

    def correlate(
        self,
        name: str,
        business_key: str | None,
        correlation: dict[str, Any],
        variables: dict[str, Any],
        *,
        to_all: bool,
    ) -> int:
        """How many got it. Raises NobodyWaits."""

    def signal(self, name: str, variables: dict[str, Any]) -> None: ...

    def pass_time(self, duration: str) -> None:
        """Move the clock by an ISO duration and run what falls due."""

    def run_jobs(self) -> None:
        """Run what is due now, until nothing is."""

    def work(self) -> list[OpenWork]:
        """Open external tasks, oldest first."""

    def finish_work(self, work: OpenWork, outcome: str, code: str | None, variables: dict[str, Any]) -> None:
        """outcome: complete, failure (no retries left) or error (a BPMN error with the code)."""

    def trigger(self, instance: str, token: int, variables: dict[str, Any]) -> None:
        """Tell a receive task without message to go on."""

    def assign(self, instance: str, variables: dict[str, Any]) -> None: ...

    def retry(self, instance: str, element: str) -> None:
        """Retry the open incident at an element."""

    def cancel(self, instance: str) -> None: ...
