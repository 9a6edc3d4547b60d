"""What a step of a process asks of the rest of Youxu: decisions at gateways, service steps, tasks for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.core import jsontext
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes.deciding import decide_route
from app.processes.engine import Gateway, Opened, ServiceStep, UserWork
from app.processes.steps import StepCall, step, subject_version, task_rank
from app.tasks.models import Rank
from app.tasks.service import NewTask

INITIATOR = "initiator"
SOURCE = "process"


class World:
    """The callbacks of one step. A rule set is asked once per step unless something has changed in between."""

    def __init__(self, actor: Actor, subject: Subject, instance_id: str, as_of: datetime) -> None:
        self.actor = actor
        self.subject = subject
        self.instance_id = instance_id
        self.as_of = as_of
        self._decided: dict[bytes, dict[str, Any]] = {}

    def decide(self, gateway: Gateway, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of the gateway's rule set, small enough to be carried in the state."""
        answer = last_answer(variables)
        same = jsontext.canonical([gateway.rule_set, answer])
        if same not in self._decided:
            self._decided[same] = decide_route(str(gateway.rule_set), self.subject, answer, self.as_of)
        return self._decided[same]

    def perform(self, element: ServiceStep, variables: dict[str, Any]) -> dict[str, Any] | None:
        """Run the registered step. It may change facts, so decisions made before it are not used after it."""
        self._decided.clear()
        return step.get(element.step)(
            StepCall(
                actor=self.actor,
                subject=self.subject,
                instance_id=self.instance_id,
                variables=variables,
                as_of=self.as_of,
            )
        )

    def tasks_for(self, opened: Sequence[Opened]) -> list[NewTask]:
        """The tasks that people get for the user tasks that were reached."""
        if not opened:
            return []
        kind = self.subject.kind
        version = subject_version.get(kind)(self.subject) if kind in subject_version else None
        rank = task_rank.get(kind)(self.subject) if kind in task_rank else Rank()
        return [self._task_for(one, version, rank) for one in opened]

    def _task_for(self, one: Opened, version: int | None, rank: Rank) -> NewTask:
        initiator = one.variables.get(INITIATOR)
        return NewTask(
            source=Subject(SOURCE, self.instance_id),
            source_ref=str(one.token),
            element_id=one.element.id,
            name=dict(one.element.name),
            subject=self.subject,
            subject_version=version,
            groups=groups_for(one),
            assignee_id=initiator if one.element.to_initiator else None,
            initiator_id=initiator,
            form_key=one.element.form_key,
            excluded=[one.excluded] if one.excluded else [],
            rank=rank,
        )


def last_answer(variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last answer of a person on the way to here, as the fact kind `answer` has it; None before the first."""
    name = variables.get("answered")
    if name is None:
        return None
    given = variables.get("answers", {}).get(name, {})
    return {"outcome": given.get("outcome"), "step": name}


def groups_for(one: Opened) -> list[str]:
    """Who is asked: the gateway's decision if the diagram says so and it names somebody, else the drawn groups."""
    element: UserWork = one.element
    if element.assign_from is None:
        return list(element.groups)
    decision = one.variables.get("decisions", {}).get(element.assign_from, {})
    if element.assign_step is not None:
        named = decision.get("assign_by_step", {}).get(element.assign_step)
    else:
        named = decision.get("assign_groups")
    return list(named or element.groups)
