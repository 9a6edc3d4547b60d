"""What is done to an engine and what must be seen: tables that read at a glance.

    Scenario("two branches meet", DIAGRAM, [
        start(),
        expect(tasks="a b"),
        complete("a"), expect(tasks="b", joined="j"),
        complete("b"), expect(ended=True),
    ])

`expect` looks at the instance that the scenario started (or, with `of=KEY`, at all instances of that definition
together) and compares exactly what it is given; what is not given is not looked at.
- tasks: ids of elements with open user tasks, with repetitions, in any order
- waits: "kind:element" of everything else that waits: message signal timer condition external job call
- due: {element: moment} of timers, ISO, UTC
- variables: {name: value} of the process instance (names not given are free; value ABSENT: there must be none)
- incidents: ids of elements that stand still because of a fault
- instances: how many there are, finished ones included (with `of`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ABSENT = object()
NOON = "2026-11-23T04:00:00Z"
"""Where the clock of a scenario stands at its start."""


@dataclass(frozen=True)
class Start:
    variables: dict[str, Any]
    key: str | None
    business_key: str | None
    refused: bool
    """True: the start itself must be refused (nothing begins)."""


@dataclass(frozen=True)
class Complete:
    element: str
    variables: dict[str, Any]
    where: dict[str, Any]
    """Local variables by which to choose among several open tasks of the element."""


@dataclass(frozen=True)
class Message:
    name: str
    business_key: str | None
    variables: dict[str, Any]
    correlation: dict[str, Any]
    to: int
    """How many receivers there must be; 0: the engine says that nobody waits."""


@dataclass(frozen=True)
class Signal:
    name: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class Time:
    by: str
    """ISO 8601 duration."""


@dataclass(frozen=True)
class Jobs:
    """Run every job that is due, and those that they make due."""


@dataclass(frozen=True)
class External:
    topic: str
    outcome: str
    """complete, failure (no retries left) or error."""
    code: str | None
    variables: dict[str, Any]
    where: dict[str, Any]


@dataclass(frozen=True)
class ErrorAt:
    """A BPMN error or escalation reported by who works on a user task."""

    kind: str
    element: str
    code: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class Assign:
    variables: dict[str, Any]


@dataclass(frozen=True)
class Retry:
    """Retry the incident at an element, after setting variables."""

    element: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class Cancel:
    """An operator cancels the instance."""


@dataclass(frozen=True)
class Expect:
    of: str | None = None
    tasks: str | None = None
    waits: str | None = None
    due: dict[str, str] | None = None
    variables: dict[str, Any] | None = None
    ended: bool | None = None
    incidents: str | None = None
    instances: int | None = None
    joined: str | None = None
    """Elements at which tokens wait for others (joins), with repetitions."""
    locals: dict[str, list[Any]] | None = None
    """{"element.name": values} of local variables of the open tasks of an element, in any order."""
    details: dict[str, Any] | None = None
    """{"element.attribute": value} of an open task: name, assignee, candidates, due, priority, description."""
    business_keys: list[str | None] | None = None


Step = Start | Complete | Message | Signal | Time | Jobs | External | ErrorAt | Assign | Retry | Cancel | Expect


@dataclass(frozen=True)
class Scenario:
    name: str
    diagrams: bytes | Sequence[bytes]
    steps: Sequence[Step]
    doubt: str = ""
    """Where products differ, or the specification is silent: whose answer this is."""

    @property
    def files(self) -> Sequence[bytes]:
        return [self.diagrams] if isinstance(self.diagrams, bytes) else self.diagrams


@dataclass(frozen=True)
class Refusal:
    """A diagram that must not be deployed, and the element that the refusal must name."""

    name: str
    diagram: bytes
    element: str | None


@dataclass
class Suite:
    """The scenarios of one subject."""

    title: str
    scenarios: list[Scenario] = field(default_factory=list)

    def __call__(self, name: str, diagrams: bytes | Sequence[bytes], *steps: Step, doubt: str = "") -> None:
        self.scenarios.append(Scenario(name, diagrams, steps, doubt))


def start(key: str | None = None, *, business_key: str | None = None, refused: bool = False, **variables: Any) -> Start:
    return Start(variables, key, business_key, refused)


def complete(element: str, where: dict[str, Any] | None = None, **variables: Any) -> Complete:
    return Complete(element, variables, where or {})


def message(
    name: str,
    *,
    to: int = 1,
    business_key: str | None = None,
    correlation: dict[str, Any] | None = None,
    **variables: Any,
) -> Message:
    return Message(name, business_key, variables, correlation or {}, to)


def signal(name: str, **variables: Any) -> Signal:
    return Signal(name, variables)


def time(by: str) -> Time:
    return Time(by)


def jobs() -> Jobs:
    return Jobs()


def done(topic: str = "work", where: dict[str, Any] | None = None, **variables: Any) -> External:
    """A worker completes one external task of the topic."""
    return External(topic, "complete", None, variables, where or {})


def failed(topic: str = "work") -> External:
    return External(topic, "failure", None, {}, {})


def errs(code: str, topic: str = "work", where: dict[str, Any] | None = None, **variables: Any) -> External:
    """A worker reports a BPMN error."""
    return External(topic, "error", code, variables, where or {})


def task_error(element: str, code: str, **variables: Any) -> ErrorAt:
    return ErrorAt("error", element, code, variables)


def task_escalation(element: str, code: str, **variables: Any) -> ErrorAt:
    return ErrorAt("escalation", element, code, variables)


def assign(**variables: Any) -> Assign:
    return Assign(variables)


def retry(element: str, **variables: Any) -> Retry:
    return Retry(element, variables)


def cancel() -> Cancel:
    return Cancel()


def expect(of: str | None = None, **given: Any) -> Expect:
    return Expect(of=of, **given)
