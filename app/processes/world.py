"""What a step of a process asks of the rest of Youxu: decisions at gateways, service steps, tasks for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.core import intervals, jsontext
from app.core.errors import DomainError
from app.core.expressions import EXECUTION
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity.queries import user_id_of
from app.processes.deciding import decide_route
from app.processes.engine import Element, Opened, ServiceStep, UserWork, kept
from app.processes.steps import StepCall, step, subject_version, task_rank
from app.tasks.models import Rank
from app.tasks.service import NewTask

INITIATOR = "initiator"
SOURCE = "process"


class World:
    """The callbacks of one step. A rule set is asked once per step unless something has changed in between."""

    def __init__(
        self,
        actor: Actor,
        subject: Subject,
        instance_id: str,
        as_of: datetime,
        *,
        business_key: str | None = None,
        depth: int = 0,
    ) -> None:
        self.actor = actor
        self.subject = subject
        self.instance_id = instance_id
        self.as_of = as_of
        self.business_key = business_key
        self.depth = depth
        self.context: Mapping[str, Any] = {
            EXECUTION: {"processInstanceId": instance_id, "processBusinessKey": business_key}
        }
        self._decided: dict[bytes, dict[str, Any]] = {}

    def decide(self, element: Element, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of the element's rule set, small enough to be carried in the state."""
        answer = last_answer(variables)
        rule_set = str(getattr(element, "rule_set", ""))
        version = getattr(element, "rule_set_version", None)
        same = jsontext.canonical([rule_set, version, answer])
        found = self._decided.get(same)
        if found is None:
            pinned = {} if version is None else {"version": version}
            found = decide_route(rule_set, self.subject, answer, self.as_of, variables=variables, **pinned)
            if "result" not in found:  # a decision table also asks for variables, which change on the way
                self._decided[same] = found
        return found

    def perform(self, element: ServiceStep, variables: dict[str, Any], token: int) -> dict[str, Any] | None:
        """Run the registered step. It may change facts, so decisions made before it are not used after it."""
        self._decided.clear()
        return step.get(element.step)(
            StepCall(
                actor=self.actor,
                subject=self.subject,
                instance_id=self.instance_id,
                variables=variables,
                as_of=self.as_of,
                key=f"{self.instance_id}:{token}",
            )
        )

    def tasks_for(self, opened: Sequence[Opened]) -> list[NewTask]:
        """The tasks that people get for the user tasks that were reached."""
        if not opened:
            return []
        kind = self.subject.kind
        version = subject_version.get(kind)(self.subject) if kind in subject_version else None
        rank = task_rank.get(kind)(self.subject) if kind in task_rank else Rank(number=(self.business_key or "")[:40])
        return [self._task_for(one, version, rank) for one in opened]

    def _task_for(self, one: Opened, version: int | None, rank: Rank) -> NewTask:
        initiator = one.variables.get(INITIATOR)
        return NewTask(
            source=Subject(SOURCE, self.instance_id),
            source_ref=str(one.token),
            element_id=one.element.id,
            name={language: text[:200] for language, text in one.name.items()},
            subject=self.subject,
            subject_version=version,
            groups=groups_for(one),
            users=[user_of(name) for name in names_in(one.users)],
            assignee_id=_assignee(one, initiator),
            initiator_id=initiator,
            form_key=one.element.form_key,
            excluded=one.excluded,
            rank=rank,
            due_at=moment_of(one.due, self.as_of),
            sla=agreed_for(one.element),
            follow_up_at=moment_of(one.follow_up, self.as_of),
            priority=number_of(one.priority),
        )


def _assignee(one: Opened, initiator: str | None) -> str | None:
    if not one.assignee:
        return None
    return initiator if one.assignee == initiator else user_of(one.assignee)


def last_answer(variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last answer of a person on the way to here, as the fact kind `answer` has it; None before the first."""
    name = variables.get("answered")
    if name is None:
        return None
    given = kept(kept(variables, "answers"), str(name))
    return {"outcome": given.get("outcome"), "step": name}


def groups_for(one: Opened) -> list[str]:
    """Who is asked: the gateway's decision if the diagram says so and it names somebody, else the drawn groups."""
    element: UserWork = one.element
    drawn = list(names_in(one.groups))
    if element.assign_from is None:
        return drawn
    decision = kept(kept(one.variables, "decisions"), element.assign_from)
    if element.assign_step is not None:
        named = kept(decision, "assign_by_step").get(element.assign_step)
    else:
        named = decision.get("assign_groups")
    return list(named or drawn)


def agreed_for(element: UserWork) -> dict[str, str] | None:
    """How long the diagram says it may take, and who is asked then; None when it says nothing."""
    said = {"time": element.sla, "escalate_to": element.escalate_to}
    return {name: text for name, text in said.items() if text} or None


def names_in(values: Sequence[Any]) -> Iterator[str]:
    """Names of people or groups: texts, lists of texts, texts with commas."""
    for value in values:
        parts = value if isinstance(value, list) else str(value).split(",") if value is not None else ()
        yield from (str(part).strip()[:64] for part in parts if str(part).strip())


def user_of(name: Any) -> str:
    """The id of the user a diagram names by id or login; a name that nobody has stays as it is."""
    text = str(name).strip()
    return user_id_of(text) or text[:26]


def moment_of(value: Any, as_of: datetime) -> datetime | None:
    """A due date as diagrams write it: a moment, or a duration from now. None for what is neither."""
    if value in (None, ""):
        return None
    text = value if isinstance(value, datetime) else str(value).strip()
    try:
        if isinstance(text, str) and text.startswith("P"):
            return intervals.parse_duration(text).after(as_of)
        return intervals.parse_date(text)
    except DomainError:
        return None


def number_of(value: Any) -> int | None:
    """A priority as diagrams write it."""
    text = str(value).strip() if value is not None else ""
    digits = text.removeprefix("-")
    return max(-(2**31), min(int(text), 2**31 - 1)) if digits.isdecimal() and len(digits) <= 20 else None
