"""A diagram run without the world: the real engine over a state that is kept nowhere. The clock is a number that is
moved, service steps answer what the script says, decisions are given or made of the facts of the script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.core import clock, intervals
from app.core.errors import DomainError
from app.core.expressions import EXECUTION
from app.core.i18n import _, _l, pick
from app.decisions import service as decisions
from app.processes import engine
from app.processes.deciding import carried
from app.processes.designer.scenarios import Script
from app.processes.engine import (
    Arrive,
    Complete,
    Definition,
    Element,
    Fail,
    Go,
    Hear,
    Opened,
    Report,
    ServiceStep,
    Step,
    Wait,
)
from app.processes.forms import refuse_wrong_answers
from app.processes.world import INITIATOR, last_answer

MORNING = "2026-11-23T09:00"
"""A Monday."""
REQUESTER = "requester"
MOST_STEPS = 2000
"""Timers fired, jobs run and calls answered in one play."""
BY_ITSELF = {"scope", "loop", "events", "compensation", "join"}


UNSAID = {"id": "sandbox", "blocked": False, "tags": [], "band": None, "score": 0, "route": None}
"""Of a decision that the script gives."""


class CannotPlay(DomainError):
    """What the script wants to do cannot be done where the process stands."""

    message = _l("%(act)s: %(reason)s")


@dataclass(frozen=True)
class Waiting:
    """What is open: a user task or something else a token waits for."""

    token: int
    kind: str
    element: Element
    details: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


class Stage:
    """The callbacks of the engine: a world that the script tells."""

    depth = 0

    def __init__(self, script: Script) -> None:
        self.given, self.known = script.given, script.known
        self.as_of: datetime = moment(script.given.get("at", MORNING))
        self.context: Mapping[str, Any] = {EXECUTION: {"processInstanceId": "sandbox", "processBusinessKey": "sandbox"}}
        self._visits: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    def decide(self, element: Element, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the script says for this visit; else what the rule set says of its facts."""
        visit = self._asked[element.id] = self._asked.get(element.id, 0) + 1
        told = self._told("decisions", element.id)
        if told is not None:
            return {**UNSAID, **(told if isinstance(told, dict) else {"route": told})}
        rule_set, version = str(getattr(element, "rule_set", "")), getattr(element, "rule_set_version", None)
        answer = last_answer(variables)
        facts = {**self.given.get("facts", {}), **({"answer": answer} if answer else {})}
        known = None if self.known is None else self.known.at(element.id, visit, self.as_of)
        plan = None if self.known is None else self.known.plans.get(rule_set)
        try:
            outcome = decisions.suppose(rule_set, facts, as_of=self.as_of, version=version, known=known, plan=plan)
        except DomainError as error:
            raise engine.EngineFault(element.id, error.sentence()) from None
        return carried("sandbox", outcome)

    def perform(self, element: ServiceStep, variables: dict[str, Any], token: int) -> dict[str, Any] | None:
        """The step is not done; it answers what the script says."""
        del variables, token
        found = self._told("steps", element.step)
        if isinstance(found, dict) and "error" in found:
            raise engine.BpmnError(str(found["error"]))
        return found if isinstance(found, dict) else None

    def called(self, element: str) -> dict[str, Any] | None:
        """What a called process brings back; None: the script does not say."""
        found = self._told("calls", element)
        return found if isinstance(found, dict) else None

    def _told(self, part: str, name: str) -> Any:
        found = self.given.get(part, {}).get(name)
        if not isinstance(found, list):
            return found
        place = self._visits[name] = self._visits.get(name, 0) + 1
        return found[min(place, len(found)) - 1] if found else None


def by_the_clock(_timer: Waiting) -> bool:
    """No timer is held back: each fires when it is due."""
    return False


class Play:
    """One run of a script. `path` are the elements in the order in which tokens came to them. The timers that `held`
    says wait for the act that fires them, however long they are due. Once the way has left `beside`, another way, no
    timer fires any more: what would follow is of no interest."""

    def __init__(
        self,
        definition: Definition,
        script: Script,
        forms: Mapping[str, Any],
        held: Callable[[Waiting], bool] = by_the_clock,
        beside: Sequence[str] | None = None,
    ) -> None:
        self.definition, self.script, self.forms, self.held, self.beside = definition, script, forms, held, beside
        self.stage = Stage(script)
        self.path: list[str] = []
        self.flows: set[str] = set()
        self.elements: set[str] = set()
        self.faults: list[tuple[str, str]] = []
        self.open: dict[int, Waiting] = {}
        self.timers: set[tuple[str, datetime]] = set()
        """Of each timer that was set: its element, when it was due."""
        self.ended = False
        self.variables: Mapping[str, Any] = {}
        self._state = b""
        self._steps = 0

    def run(self) -> Play:
        """Begin and do everything. Raises CannotPlay, naming the act."""
        given = self.script.given
        values = {**engine.from_outside(given.get("variables", {})), INITIATOR: given.get("initiator", REQUESTER)}
        start = given.get("start")
        if start is not None and start not in self.definition.elements:
            raise CannotPlay(act="start", reason=_("There is no such element: “%(name)s”.", name=start[:60]))
        for element, told in given.get("decisions", {}).items():
            self._refuse_undecidable(element, told if isinstance(told, list) else [told])
        self._took(engine.begin(self.definition, values, self.stage, at=start))
        for act in self.script.acts:
            self.do(act)
        if not self.ended:
            self.variables = engine.variables(self.definition, self._state)
        return self

    def _refuse_undecidable(self, element: str, told: Sequence[Any]) -> None:
        """What is told instead of a rule set must be told of an element that asks one, and be a route it has."""
        rule_set = getattr(self.definition.elements.get(element), "rule_set", None)
        if not rule_set:
            raise CannotPlay(act="decisions", reason=_("No rules are asked at “%(name)s”.", name=element[:60]))
        plan = decisions.plan_in_force(str(rule_set))
        routes = plan.rule_set.routes if plan else ()
        said = [one["route"] if isinstance(one, Mapping) and "route" in one else one for one in told]
        for route in said:
            if routes and isinstance(route, str) and route not in routes:
                raise CannotPlay(
                    act=f"decisions {element}"[:100],
                    reason=_(
                        "“%(name)s” is no route of its rules. There are: %(routes)s.",
                        name=route[:60],
                        routes=", ".join(routes),
                    ),
                )

    @property
    def ends(self) -> list[str]:
        """The end events that were reached."""
        return [name for name in self.path if self.definition.elements[name].kind == "endEvent"]

    @property
    def waits(self) -> list[str]:
        """Elements where something is waited for, in alphabetical order."""
        return sorted({one.element.id for one in self.open.values() if one.kind not in BY_ITSELF})

    def called(self, element: Any) -> str:
        """What people call an element, in the reader's language; what has no name, or is none, by its id."""
        found = self.definition.elements.get(str(element))
        return (pick(found.name) if found is not None else "") or str(element)

    def do(self, act: Mapping[str, Any]) -> None:
        """Do one act of the script. Raises CannotPlay."""
        kind = next(name for name in ("answer", "wait", "timer", "message", "signal", "work", "fail") if name in act)
        try:
            getattr(self, f"_{kind}")(str(act[kind]), act)
        except DomainError as error:
            if isinstance(error, CannotPlay):
                raise
            raise CannotPlay(act=f"{kind} {act[kind]}"[:100], reason=_said(error)) from None

    def _answer(self, element: str, act: Mapping[str, Any]) -> None:
        one, answers = self._waiting(element, "user"), act.get("with", {})
        by = str(act.get("by", element)).replace(" ", "_")[:60]
        if "variables" in act:  # a program did it, which fills in no form
            self._act(Complete(one.token, None, by, act["variables"]))
            return
        schema = self.forms.get(str(getattr(one.element, "form_key", None)))
        if schema is not None:
            refuse_wrong_answers(schema, answers)
        self._act(Complete(one.token, answers, by))

    def _work(self, element: str, act: Mapping[str, Any]) -> None:
        kinds = ("external", "trigger", "call", "fault")
        one, values = self._waiting(element, *kinds), act.get("with", {})
        if one.kind == "external" and isinstance(one.element, ServiceStep) and one.element.errors:
            self._act(Report(one.token, {"errorMessage": None, "errorDetails": None}, values))
            if one.token not in self.open:
                return
        self._act(Go(one.token, kinds, values, returned=one.kind == "call"))

    def _fail(self, element: str, act: Mapping[str, Any]) -> None:
        one, values = self._waiting(element, "external", "call", "job"), act.get("with", {})
        returned = one.kind == "call" and bool(values)
        self._act(Fail(one.token, "error", act.get("code"), variables=values, returned=returned))

    def _message(self, name: str, act: Mapping[str, Any]) -> None:
        found = [one for one in self.open.values() if one.kind == "message" and one.details.get("name") == name]
        if not found:
            raise CannotPlay(act=f"message {name}", reason=_("Nothing waits for it."))
        self._act(Arrive(found[0].token, ("message",), act.get("with", {})))

    def _signal(self, name: str, act: Mapping[str, Any]) -> None:
        self._act(Hear(name, act.get("with", {})))

    def _wait(self, duration: str, act: Mapping[str, Any]) -> None:
        """Move the clock on, firing what becomes due in between, each at its moment."""
        del act
        until = intervals.parse_duration(duration).after(self.stage.as_of)
        while not self.ended and not self._left():
            due = [(one.details["due"], one.token) for one in self._timers() if not self.held(one)]
            if not due or min(due)[0] > until:
                break
            at, token = min(due)
            self._count(self.open[token])
            self.stage.as_of = max(at, self.stage.as_of)
            self._act(Arrive(token, ("timer",)))
        self.stage.as_of = until

    def _left(self) -> bool:
        if self.beside is None:
            return False
        return len(self.path) > len(self.beside) or self.path != list(self.beside[: len(self.path)])

    def _timer(self, element: str, act: Mapping[str, Any]) -> None:
        """A timer that was held back fires now; where there is none the script has nothing to say."""
        del act
        held = [one for one in self._timers() if one.element.id == element and self.held(one)]
        if held:
            self._act(Arrive(min(held, key=lambda one: (one.details["due"], one.token)).token, ("timer",)))

    def _timers(self) -> list[Waiting]:
        return [one for one in self.open.values() if one.kind == "timer"]

    def _waiting(self, element: str, *kinds: str) -> Waiting:
        found = [one for one in self.open.values() if one.element.id == element and one.kind in kinds]
        if not found:
            raise CannotPlay(act=element[:60], reason=_("Nothing waits there."))
        return found[0]

    def _act(self, command: Any) -> None:
        self._took(engine.act(self.definition, self._state, command, self.stage))

    def _took(self, step: Step) -> None:
        """Note what came of a step; jobs are run and told calls answered at once."""
        self._note(step)
        while not self.ended:
            following = next((one for one in self.open.values() if self._goes_by_itself(one)), None)
            if following is None:
                return
            self._count(following)
            self._note(engine.act(self.definition, self._state, self._at_once(following), self.stage))

    def _count(self, one: Waiting) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise CannotPlay(act=one.element.id, reason=_("It goes round and round."))

    def _goes_by_itself(self, one: Waiting) -> bool:
        calls = self.script.given.get("calls", {})
        return one.kind == "job" or (one.kind == "call" and isinstance(calls.get(one.element.id), dict | list))

    def _at_once(self, one: Waiting) -> Go:
        if one.kind == "job":
            return Go(one.token, ("job",))
        return Go(one.token, ("call",), self.stage.called(one.element.id) or {}, returned=True)

    def _note(self, step: Step) -> None:
        self._state, self.ended = step.state, step.completed
        for line in step.happenings:
            if line.element in self.definition.elements:
                self.elements.add(line.element)
                if line.kind == "entered" or line.flow is not None:
                    self.path.append(line.element)
            if line.flow is not None:
                self.flows.add(line.flow)
        self.faults += [(one.element, one.reason) for one in step.faults]
        for token in step.gone:
            self.open.pop(token, None)
        for task in step.opened:
            self.open[task.token] = _user(task)
        for wait in step.waits:
            self.open[wait.token] = _other(wait)
            if wait.kind == "timer":
                self.timers.add((wait.element.id, wait.details["due"]))
        if step.completed:
            self.open.clear()
            self.variables = step.variables


def _user(task: Opened) -> Waiting:
    return Waiting(task.token, "user", task.element, {"name": dict(task.name), "groups": task.groups}, task.variables)


def _other(wait: Wait) -> Waiting:
    return Waiting(wait.token, wait.kind, wait.element, wait.details)


def _said(error: DomainError) -> str:
    fields = error.details.get("fields")
    told = [f"{name}: {reason}" for name, reasons in fields.items() for reason in reasons] if fields else []
    return "; ".join([error.sentence(), *told])


def moment(text: str) -> datetime:
    """A moment as scripts write it, in the house's zone. Raises CannotPlay."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=clock.BUSINESS_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CannotPlay(act="at", reason=_("This is no moment: “%(written)s”.", written=text[:40])) from None
