"""What a diagram's elements say, read once from its attributes; shared by every instance, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.core.expressions import Expression
from app.processes.engine.values import Value


@dataclass(frozen=True)
class Out:
    """A sequence flow that leaves an element; `condition` None: always."""

    flow: str
    target: str
    condition: Expression | None = None


@dataclass(frozen=True)
class Loop:
    """How often an activity is done: `standard` (while a condition holds), else one instance per item or number."""

    standard: bool = False
    sequential: bool = True
    cardinality: Value | None = None
    collection: Value | None = None
    item: str | None = None
    """Variable that holds the item within an instance."""
    index: str | None = None
    """The variable that counts the instances, beside loopCounter."""
    until: Expression | None = None
    """Completion condition of multi-instances."""
    again: Expression | None = None
    """Condition of a standard loop."""
    test_before: bool = False
    maximum: int | None = None
    result: str | None = None
    """Variable that collects what each instance leaves in `result_item`."""
    result_item: str | None = None
    before: bool = False
    after: bool = False
    """A job comes before, after each instance."""


@dataclass(frozen=True)
class Parameter:
    """One input or output: the name it gets, and its value."""

    name: str
    value: Value
    local: bool = False
    """Passed to or from another instance: only among the activity's own variables."""


@dataclass(frozen=True)
class Element:
    """An element that tokens visit. `kind` is the BPMN name, `name` {"en", "zh"}, `scope` the subprocess it is in."""

    id: str
    kind: str
    name: Mapping[str, str]
    scope: str | None = None
    outs: tuple[Out, ...] = ()
    default: str | None = None
    """Id of the default flow."""
    comes_by: tuple[str, ...] = ()
    """Ids of the flows that lead here."""
    boundaries: tuple[str, ...] = ()
    before: bool = False
    after: bool = False
    """Asynchronous: a job comes before, after."""
    retries: str | None = None
    """Retry cycle of those jobs (`R3/PT10M`)."""
    loop: Loop | None = None
    inputs: tuple[Parameter, ...] = ()
    outputs: tuple[Parameter, ...] = ()
    handler: str | None = None
    """Activity that compensates this one."""
    for_compensation: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
    """camunda:property extension elements."""

    @cached_property
    def plain(self) -> bool:
        """Nothing around the work: no loop, jobs, mappings, boundary events."""
        return not (self.loop or self.before or self.after or self.inputs or self.outputs or self.boundaries)

    @cached_property
    def unconditional(self) -> bool:
        """Tokens leave along all flows, whatever the variables are."""
        return self.default is None and all(out.condition is None for out in self.outs)


@dataclass(frozen=True)
class Event(Element):
    """A start, end, boundary, intermediate catch or throw event."""

    trigger: str = "none"
    """none, message, timer, signal, error, escalation, conditional, compensate, cancel, terminate, link"""
    interrupting: bool = True
    attached: str | None = None
    ref: Value | None = None
    """Name of the message or signal, code of the error or escalation (None: any), name of the link."""
    timer: str | None = None
    """date, duration, cycle"""
    when: Value | None = None
    condition: Expression | None = None
    variable: str | None = None
    """The only variable at whose changes a condition is looked at again."""
    variable_events: frozenset[str] = frozenset()
    """Kinds of change (create, update) at which it is; empty: all."""
    code_variable: str | None = None
    message_variable: str | None = None
    message: Value | None = None
    """What an error that is thrown tells (camunda:errorMessage)."""
    activity: str | None = None
    """What a compensation throw compensates; None: everything done in its scope."""
    topic: Value | None = None
    """A message throw that an external worker does."""
    priority: Value | None = None
    """Of its external task."""
    payload: tuple[Parameter, ...] = ()
    """Variables that a signal takes along (camunda:in)."""
    takes_all: str = ""
    """All of them: `all`, or `local` for the event's own only."""
    business_key: Value | None = None
    """That of the processes which a signal starts."""
    initiator: str | None = None


@dataclass(frozen=True)
class UserWork(Element):
    """A user task."""

    form_key: str | None = None
    groups: tuple[Value, ...] = ()
    users: tuple[Value, ...] = ()
    assignee: Value | None = None
    due: Value | None = None
    follow_up: Value | None = None
    priority: Value | None = None
    title: Mapping[str, Value] | None = None
    """The name, if it holds expressions: by language."""
    documentation: str = ""
    four_eyes: tuple[str, ...] = ()
    """User tasks whose last doers may not do this one, `${initiator}`, or itself (see `persons`)."""
    assign_from: str | None = None
    """Id of the gateway whose decision names the groups."""
    assign_step: str | None = None
    signature: str = ""
    """What whoever completes it signs it as (a code of `Known.meanings`); empty: it needs no signature."""
    sla: str | None = None
    """How long it may take (`core.workdays.agreed`)."""
    escalate_to: str | None = None
    """The group that is asked too when that is over."""


@dataclass(frozen=True)
class Raised:
    """An error that work comes to where an expression holds when its worker reports (camunda:errorEventDefinition)."""

    code: str
    when: Expression


@dataclass(frozen=True)
class ServiceStep(Element):
    """A service, send, script or business rule task: exactly one of `step`, `topic`, `result`, `script`, `rule_set`,
    or (send task) a message."""

    step: str = ""
    topic: Value | None = None
    priority: Value | None = None
    expression: Value | None = None
    script: Any = None
    rule_set: str | None = None
    rule_set_version: int | None = None
    """The version that decides whatever is in force; None: the one in force."""
    mapping: str | None = None
    """How the answer of a decision table becomes `result`: one of `decided.MAPPINGS`; None: the whole decision does."""
    message: Value | None = None
    result: str | None = None
    """Variable that takes the value of `expression`, `script`, or the decision."""
    errors: tuple[Raised, ...] = ()
    """What an external task may come to; the first that holds."""


@dataclass(frozen=True)
class Receive(Element):
    """A receive task; without a message it waits to be told to go on."""

    message: Value | None = None


@dataclass(frozen=True)
class Scope(Element):
    """An embedded subprocess, event subprocess or transaction."""

    by_event: bool = False
    transaction: bool = False
    start: str | None = None
    """Its none start event (embedded), or the event that triggers it."""
    watches: tuple[str, ...] = ()
    """Start events of event subprocesses directly inside."""


@dataclass(frozen=True)
class Call(Element):
    """A call activity."""

    called: Value | None = None
    binding: str = "latest"
    version: Value | None = None
    business_key: Value | None = None
    all_in: str = ""
    all_out: str = ""
    """`all`: every variable; `local`: from or to the activity's own only."""
    ins: tuple[Parameter, ...] = ()
    outs_: tuple[Parameter, ...] = ()
    """Values are evaluated among the variables of the called instance."""


@dataclass(frozen=True)
class Gateway(Element):
    """A gateway. Choosing ones may name a rule set, whose outcome their conditions read as `decision`."""

    rule_set: str | None = None
    rule_set_version: int | None = None

    @property
    def diverging(self) -> bool:
        """More than one way out."""
        return len(self.outs) > 1
