"""What operators do to running instances. Each says why, and is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.registry import Registry
from app.processes import keeping, saving
from app.processes.engine import ENGINE_NAMES, Assign, Happening, Move, Retry, Step
from app.processes.models import ProcessIncident
from app.processes.service import following, kept
from app.processes.service.going_on import act
from app.processes.service.going_on import end as end_instance
from app.processes.service.starting import tell
from app.processes.service.working import FAILED
from app.processes.world import SOURCE

retry_of: Registry[Callable[[Actor, ProcessIncident], object]] = Registry("retry of an incident")
"""By kind of incident, for those that other packages cause."""


class IncidentResolved(Conflict):
    """Somebody else has dealt with it."""

    message = _l("This incident has been resolved already.")


def suspend(actor: Actor, instance_id: str, reason: str) -> None:
    """Halt an instance: its tasks, timers, messages and jobs wait until it is resumed."""
    before = saving.load(instance_id, halted=True)
    if before.suspended:
        return
    line = Happening("suspended", "", None, {"reason": reason})
    saving.note(before, line, actor, clock.now(), suspended=True)
    jobs.suspend_of(SOURCE, instance_id)
    tell(actor, "process:suspend", instance_id, before.subject, reason=reason)


def resume(actor: Actor, instance_id: str, reason: str = "") -> None:
    """Let a suspended instance go on; what was due meanwhile is done now."""
    before = saving.load(instance_id, halted=True)
    if not before.suspended:
        return
    saving.note(before, Happening("resumed", "", None, {"reason": reason}), actor, clock.now(), suspended=False)
    jobs.resume_of(SOURCE, instance_id)
    tell(actor, "process:resume", instance_id, before.subject, reason=reason)
    kept.look_again(actor, instance_id)


def cancel_instance(actor: Actor, instance_id: str, reason: str) -> None:
    """End an instance and those it has called. Raises NotFound, NotRunning."""
    saving.hold_with_called(instance_id)
    end_instance(actor, saving.load(instance_id, halted=True), reason)


def set_variables(
    actor: Actor,
    instance_id: str,
    variables: Mapping[str, Any],
    *,
    removed: Sequence[str] = (),
    token: int | None = None,
    reason: str | None = None,
) -> Step:
    """Set or remove variables of an instance; with a token only there, until its activity ends.

    Raises NotFound, NotRunning, TokenNotReady, Invalid (a name that the engine keeps, a value that JSON cannot say).
    """
    _refuse_kept({**variables, **dict.fromkeys(removed)})
    before = saving.load(instance_id, halted=True)
    after = act(actor, before, Assign(variables, tuple(removed), token, reason or ""))
    told = {"set": sorted(variables), "removed": sorted(removed), "token": token, "reason": reason}
    tell(actor, "process:set-variables", instance_id, before.subject, **told)
    following.follow()
    return after


def _refuse_kept(names: Mapping[str, Any]) -> None:
    kept = sorted(name for name in names if name in ENGINE_NAMES)
    if kept:
        raise Invalid({name: [_("The engine keeps this variable itself.")] for name in kept})


def move_token(
    actor: Actor,
    instance_id: str,
    *,
    cancel: Sequence[int] = (),
    start_before: Sequence[str] = (),
    start_after: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    reason: str,
) -> Step:
    """End tokens, and put others before or behind elements. Raises NotFound, NotRunning, TokenNotReady, EngineFault,
    Invalid (as `set_variables`)."""
    _refuse_kept(variables or {})
    before = saving.load(instance_id, halted=True)
    command = Move(tuple(cancel), tuple(start_before), tuple(start_after), variables or {})
    after = act(actor, before, command)
    told = {"cancel": list(cancel), "before": list(start_before), "after": list(start_after), "reason": reason}
    tell(actor, "process:move", instance_id, before.subject, **told)
    following.follow()
    return after


def get_incident(incident_id: str) -> ProcessIncident:
    """The incident, open or resolved. Raises NotFound."""
    statement = select(ProcessIncident).where(ProcessIncident.id == incident_id)
    found = session().scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(incident=incident_id)
    return found


def retry_incident(actor: Actor, incident_id: str, reason: str, variables: Mapping[str, Any] | None = None) -> None:
    """Try again where it failed, with variables set first if any are given. Raises NotFound, IncidentResolved."""
    incident = _open_incident(incident_id)
    if variables:
        set_variables(actor, incident.instance_id, variables, reason=reason)
        incident = _open_incident(incident_id)
    if incident.kind == FAILED:
        jobs.set_retries(str(incident.job_id), 1)
        keeping.resolve_incidents(incident.instance_id, [incident.token], how=reason or "retry", by=actor.id)
        tell_incident(actor, "process:retry", incident, reason)
    elif incident.kind in retry_of:
        retry_of.get(incident.kind)(actor, incident)
        tell_incident(actor, "process:retry", incident, reason)
    else:
        _take_up(actor, incident, Retry(incident.token), "process:retry", reason)


def skip_incident(actor: Actor, incident_id: str, variables: Mapping[str, Any], reason: str) -> None:
    """Count the work as done, with these values. Raises NotFound, IncidentResolved."""
    incident = _open_incident(incident_id)
    _take_up(actor, incident, Retry(incident.token, variables, skip=True), "process:skip", reason)


def _take_up(actor: Actor, incident: ProcessIncident, command: Retry, action: str, reason: str) -> None:
    before = saving.load(incident.instance_id, halted=True)
    keeping.resolve_incidents(incident.instance_id, [incident.token], how=reason or action, by=actor.id)
    act(actor, before, command)
    tell_incident(actor, action, incident, reason)
    following.follow()


def tell_incident(actor: Actor, action: str, incident: ProcessIncident, reason: str) -> None:
    """An entry of the audit trail."""
    before = saving.subject_of(incident.instance_id)
    tell(actor, action, incident.instance_id, before, incident=incident.id, element=incident.element_id, reason=reason)


def _open_incident(incident_id: str) -> ProcessIncident:
    saving.hold(get_incident(incident_id).instance_id)
    found = get_incident(incident_id)
    if found.resolved_at is not None:
        raise IncidentResolved(incident=incident_id)
    return found
