"""The service steps of bpmn/capa.bpmn, by name, and where its tasks stand in the inbox."""

from __future__ import annotations

from typing import Any

from app.core.subject import Subject
from app.processes.steps import StepCall, step, task_rank
from app.tasks.models import Rank
from app.vigilance import capas
from app.vigilance.models import Capa
from app.vigilance.queries import get_action, get_capa


@task_rank.register("capa")
def capa_rank(subject: Subject) -> Rank:
    """By its number: what waits longest comes first."""
    capa = get_capa(subject.id)
    return Rank(number=capa.number, submitted_at=capa.opened_at)


def _capa(call: StepCall) -> Capa:
    return get_capa(call.subject.id)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


@step.register("note_capa_plan")
def note_capa_plan(call: StepCall) -> dict[str, Any] | None:
    """Cause, criterion, day of the check. Raises Invalid without an action."""
    capas.propose(call.actor, _capa(call), call.answer)
    return None


@step.register("begin_capa_actions")
def begin_capa_actions(call: StepCall) -> dict[str, Any] | None:
    """What each owner is to do by when."""
    return capas.start_actions(call.actor, _capa(call))


@step.register("note_capa_action")
def note_capa_action(call: StepCall) -> dict[str, Any] | None:
    """What the owner did."""
    capa, planned = _capa(call), call.variables.get("action")
    action = get_action(capa, str(planned.get("id") if isinstance(planned, dict) else ""))
    capas.note_action(call.actor, action, capa, str(call.answer.get("evidence") or ""))
    return None


@step.register("ask_capa_check")
def ask_capa_check(call: StepCall) -> dict[str, Any] | None:
    """All actions are done."""
    capas.ask_check(_capa(call))
    return None


@step.register("note_capa_effect")
def note_capa_effect(call: StepCall) -> dict[str, Any] | None:
    """Whether they helped. Raises OwnsAction, Invalid before its day without a reason."""
    effective, early = call.answer.get("outcome") == "approve", str(call.answer.get("early") or "")
    capas.note_effect(call.actor, _capa(call), effective=effective, result=_reason(call), early=early)
    return None


@step.register("close_capa")
def close_capa(call: StepCall) -> dict[str, Any] | None:
    """Closed by somebody who owns no action. Raises OwnsAction."""
    capas.close(call.actor, _capa(call), _reason(call))
    return None


@step.register("drop_capa")
def drop_capa(call: StepCall) -> dict[str, Any] | None:
    """No action is needed."""
    capas.drop(call.actor, _capa(call), _reason(call))
    return None
