"""What happened to an instance, told again as a script: what it was given, what people, programs and partners did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from app.core import clock
from app.core.i18n import _
from app.core.intervals import Duration
from app.processes.designer.scenarios import Known, Script
from app.processes.engine import Call, Definition, Event, Receive, ServiceStep
from app.processes.models import InstanceStatus, ProcessEvent, ProcessInstance

BY_OPERATORS = ("moved", "migrated")
"""Lines of what no script can do."""
GOES_ON = (InstanceStatus.RUNNING.value, InstanceStatus.COMPLETED.value)
"""Nothing from outside ended it: on a draft that makes it last longer it would go on until now."""


@dataclass(frozen=True)
class Retold:
    """The script, in which each gateway decides as it did; `gap` says why it is not the whole story, in the reader's
    language, or is empty."""

    script: Script
    gap: str = ""
    calls: Mapping[str, bool] = field(default_factory=dict)
    """Call activities that were done: whether all that the called processes had at their end is known."""

    def anew(self, plans: Mapping[str, Any] = MappingProxyType({})) -> Script:
        """The script in which the gateways decide anew on the facts of then; `plans` (by rule set) decide instead of
        the rule sets in force."""
        given = {name: what for name, what in self.script.given.items() if name != "decisions"}
        known = self.script.known
        return replace(self.script, given=given, known=None if known is None else replace(known, plans=plans))


def path_of(lines: Iterable[ProcessEvent]) -> list[str]:
    """The elements in the order in which tokens came to them."""
    return [line.element_id for line in lines if line.kind == "entered" or line.flow_id is not None]


def retold(
    instance: ProcessInstance,
    lines: Iterable[ProcessEvent],
    definition: Definition,
    made: Sequence[Any],
    *,
    called: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
) -> Retold:
    """An instance's story until now, of its history; `made`: the decisions about its subject (id, as_of, facts);
    `called`: by token, the variables with which the process that it called ended."""
    telling = _Telling(definition, instance.started_at, made, called)
    for line in lines:
        telling.hear(line)
    if instance.status in GOES_ON:
        telling.acts += _pause(telling.before, clock.now())
    given: dict[str, Any] = {
        "at": instance.started_at.isoformat(),
        "initiator": instance.started_by,
        "steps": telling.steps,
        "decisions": telling.decisions,
        **telling.given,
    }
    moments = [(at, found) for _decision, at, found in made]
    known = Known(moments, visits=telling.visits)
    return Retold(Script(given, telling.acts, known), telling.gap, telling.calls)


class _Telling:
    """Hears the lines of history one after the other."""

    def __init__(
        self, definition: Definition, began: datetime, made: Sequence[Any], called: Mapping[int, Mapping[str, Any]]
    ) -> None:
        self.definition, self.before, self.called = definition, began, called
        self.calls: dict[str, bool] = {}
        self.facts = {decision: found for decision, _at, found in made}
        self.visits: dict[str, list[Any]] = {}
        self.decisions: dict[str, list[Any]] = {}
        self.steps: dict[str, list[Any]] = {}
        self.given: dict[str, Any] = {}
        self.acts: list[dict[str, Any]] = []
        self.gap = ""
        self._brought: dict[int | None, Mapping[str, Any]] = {}

    def hear(self, line: ProcessEvent) -> None:
        """One more line."""
        details = line.details or {}
        if line.kind == "started":
            self._begun(details)
        elif line.kind == "decided" and details.get("decision"):
            self.decisions.setdefault(line.element_id, []).append(details["decision"])
            self.visits.setdefault(line.element_id, []).append(self.facts.get(line.decision_id, {}))
        elif line.kind == "performed" and details.get("step"):
            self.steps.setdefault(details["step"], []).append(details.get("changed") or {})
        elif line.kind == "assigned" and line.element_id:
            self._brought[line.token] = details.get("variables") or {}
        elif line.kind in BY_OPERATORS or line.kind == "assigned":
            self.gap = self.gap or _("An operator changed it on its way.")
        act = self._act(line, details)
        if act is not None:
            self.acts += [*_pause(self.before, line.at), act]
            self.before = line.at

    def _begun(self, details: Mapping[str, Any]) -> None:
        if details.get("variables"):
            self.given["variables"] = details["variables"]
        if details.get("at"):
            self.given["start"] = details["at"]
        if details.get("left_out"):
            self.gap = _("What it was given at its start is not on record.")

    def _act(self, line: ProcessEvent, details: Mapping[str, Any]) -> dict[str, Any] | None:
        element = self.definition.elements.get(line.element_id)
        if line.kind == "completed":
            done = {"answer": line.element_id, "by": line.actor_id or line.element_id}
            if "variables" in details:
                return {**done, "variables": details["variables"]}
            return {**done, "with": details.get("answers") or {}}
        if line.kind == "fired":
            return self._came(element, details.get("variables") or self._brought.get(line.token) or {})
        if line.kind == "left" and not line.at_once:
            return self._done_outside(element, line)
        if line.kind == "caught" and isinstance(element, ServiceStep | Call):
            return self._failed(element, line, details.get("trigger"), details.get("code"))
        return None

    def _came(self, element: Any, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """A message, a signal, or a timer, which may have fired late."""
        if isinstance(element, Event) and element.trigger == "timer":
            return {"timer": element.id}
        if isinstance(element, Receive):
            named, kind = element.message, "message"
        elif isinstance(element, Event):
            named, kind = element.ref, "message" if element.trigger == "message" else "signal"
        else:
            return None
        if named is None:
            return None
        if not named.fixed:
            self.gap = self.gap or _("The name of a message was made of variables.")
        return {kind: named.text, "with": variables}

    def _done_outside(self, element: Any, line: ProcessEvent) -> dict[str, Any] | None:
        """What a program did, or a called process."""
        if isinstance(element, Call):
            return {"work": element.id, "with": self._brought_back(element, line)}
        outside = isinstance(element, ServiceStep | Event) and element.topic is not None
        if outside or (isinstance(element, Receive) and element.message is None):
            return {"work": element.id, "with": self._brought.pop(line.token, {})}
        return None

    def _brought_back(self, element: Call, line: ProcessEvent) -> Mapping[str, Any]:
        """What the process that the token called had at its end; the diagram takes of it what it wants."""
        found = None if line.token is None else self.called.get(line.token)
        self.calls[element.id] = self.calls.get(element.id, True) and found is not None
        return found or {}

    def _failed(
        self, element: ServiceStep | Call, line: ProcessEvent, trigger: Any, code: Any
    ) -> dict[str, Any] | None:
        if trigger != "error":
            self.gap = self.gap or _("What was reported on the way cannot be played again.")
        elif isinstance(element, Call):
            return {"fail": element.id, "code": code, "with": self._brought_back(element, line)}
        elif element.topic is not None:
            return {"fail": element.id, "code": code, "with": self._brought.pop(line.token, {})}
        elif element.step:
            self.steps.setdefault(element.step, []).append({"error": code or ""})
        return None


def _pause(before: datetime, at: datetime) -> list[dict[str, Any]]:
    lasting = Duration(microseconds=max(0, (at - before) // timedelta(microseconds=1)))
    return [{"wait": str(lasting)}] if lasting.microseconds else []
