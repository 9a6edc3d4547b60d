"""What moves an instance: completed tasks, finished work, errors; and its end from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.audit import signatures
from app.core import clock
from app.core.db import session
from app.core.errors import DomainError, NotFound
from app.core.i18n import _, _l
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.processes import engine, events, keeping, saving
from app.processes.definitions import deployed, for_call
from app.processes.engine import Arrive, Complete, Fail, Go, Report, SamePerson, Step, TokenNotReady, Wait
from app.processes.forms import refuse_wrong_answers
from app.processes.metrics import a_step
from app.processes.models import InstanceStatus, ProcessInstance, ProcessWait
from app.processes.queries import signature_at
from app.processes.saving import Loaded, NotRunning, Suspended
from app.processes.service import following
from app.processes.service.starting import begin, tell
from app.processes.world import SOURCE, World
from app.tasks import service as tasks
from app.tasks import standing_in
from app.tasks.models import Task


class SignatureNeeded(DomainError):
    """The diagram asks for an electronic signature of this task, and there is none."""

    message = _l("This needs your electronic signature: sign on the page of the task, or with “signature” in the API.")


DEEPEST_CALL = 20
MOST_CALLED = 2_500
"""Running instances that descend from one by calls: some processes call themselves twice."""
WORK = ("external", "trigger", "message", "call", "user", "signal", "timer", "conditional")
"""What `go_on_at` may end."""


@a_step
def act(actor: Actor, before: Loaded, command: Any, *, dealt_with: int | None = None) -> Step:
    """One step of a loaded instance: done, stored, and what follows from it is queued.

    Raises TokenNotReady, StaleDataError (a lost race), and whatever a gateway or a service step raises.
    """
    made = deployed(before.definition_id)
    world = World(actor, before.subject, before.id, clock.now(), business_key=before.business_key, depth=before.depth)
    after = engine.act(made.definition, before.state, command, world, called=before.called)
    saving.save(before, after, world, made, dealt_with=dealt_with)
    if after.completed:
        events.tell_of(events.ENDED[InstanceStatus.COMPLETED], made, world, before.super_instance_id)
    caller = (before.super_instance_id, before.super_token or 0) if before.super_instance_id else None
    following.queue(before.id, after, actor, caller)
    return after


@tasks.before_completing.register(SOURCE)
def hold(instance_id: str) -> None:
    """A task is about to be completed."""
    saving.hold(instance_id)


@tasks.on_completed.register(SOURCE)
def go_on(actor: Actor, task: Task, variables: Mapping[str, Any]) -> Step:
    """A person completed a task: the instance goes on in the same transaction. Answers what the step came to.

    Raises NotRunning, Suspended, TokenNotReady, FourEyes, SignatureNeeded, Invalid (the answers do not fit the form),
    StaleDataError (a lost race; the edge serves the request again), and whatever a gateway or a service step raises.
    """
    before = saving.load(task.source_id)
    made, token = deployed(before.definition_id), int(task.source_ref)
    meaning = signature_at(made, task.element_id)
    if meaning and not signatures.is_signed(task.id, actor.id, meaning):
        raise SignatureNeeded(task=task.id)
    answers = task.answers
    if answers is not None and task.form_key is not None and task.form_key in made.forms:
        refuse_wrong_answers(made.forms[task.form_key], answers)
    by = actor.id if task.on_behalf_of is None else f"{actor.id} {task.on_behalf_of}"
    try:
        after = act(actor, before, Complete(token, answers, by, variables=variables), dealt_with=token)
    except SamePerson:  # somebody was quicker with another task, which made this one somebody else's
        raise tasks.FourEyes(task=task.id) from None
    if after.barred:
        standing_in.bar(before.id, {str(one): people for one, people in after.barred.items()})
    following.follow()
    return after


def go_on_at(
    actor: Actor,
    instance_id: str,
    token: int,
    *,
    variables: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
) -> Step:
    """What a token waited for is done: an external task, a receive task, an event. Raises as `go_on` does."""
    before = saving.load(instance_id)
    after = act(actor, before, Go(token, WORK, variables or {}, local or {}))
    following.follow()
    return after


def event_came(  # noqa: PLR0917 - an event, and what it brings
    actor: Actor,
    instance_id: str,
    token: int,
    kinds: Sequence[str],
    variables: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
) -> Step:
    """An event that a token waited for has come. Raises as `go_on` does."""
    before = saving.load(instance_id)
    return act(actor, before, Arrive(token, tuple(kinds), variables or {}, local or {}))


def event_came_if_waiting(  # noqa: PLR0917 - as `event_came`
    actor: Actor,
    instance_id: str,
    token: int,
    event: tuple[str, str],
    variables: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
) -> bool:
    """An event (`message` or `signal`, and its name) for a token that was seen waiting; False when its instance went
    on, ended or was halted meanwhile. Raises what the step raises."""
    try:
        before = saving.load(instance_id)
    except (NotFound, NotRunning, Suspended):
        return False
    waits = select(ProcessWait.kind, ProcessWait.name).where(
        ProcessWait.instance_id == instance_id, ProcessWait.token == token
    )
    if session().execute(waits).one_or_none() != event:
        return False
    act(actor, before, Arrive(token, event[:1], variables or {}, local or {}))
    return True


def throw_error(
    actor: Actor,
    instance_id: str,
    token: int,
    code: str,
    *,
    message: str | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Step:
    """The work at a token came to an error of the diagram. Nobody catches it: an incident. Raises as `go_on` does."""
    before = saving.load(instance_id)
    after = act(actor, before, Fail(token, "error", code, message or "", variables or {}))
    following.follow()
    return after


def report(actor: Actor, instance_id: str, command: Report) -> Step:
    """A worker tells of its work, and the diagram may say that this is an error. Raises as `go_on` does."""
    after = act(actor, saving.load(instance_id), command)
    following.follow()
    return after


def escalate(actor: Actor, instance_id: str, token: int, code: str, variables: Mapping[str, Any] | None = None) -> Step:
    """The work at a token asks for attention; it goes on unless the diagram says otherwise. Raises as `go_on` does."""
    before = saving.load(instance_id)
    after = act(actor, before, Fail(token, "escalation", code, "", variables or {}))
    following.follow()
    return after


def cancel(actor: Actor, subject: Subject, *, reason: str) -> int:
    """End every running instance about the subject and cancel its tasks; answers how many there were."""
    running = saving.running_of(subject)
    for one in running:
        end(actor, one, reason)
    return len(running)


def end(actor: Actor, one: Loaded, reason: str) -> None:
    """End a running instance, and those it has called."""
    tasks.cancel_of(one.id, reason)
    saving.end(one, InstanceStatus.CANCELLED, actor, reason, clock.now())
    events.tell_of_end(one, InstanceStatus.CANCELLED)
    tell(actor, "process:cancel", one.id, one.subject, reason=reason)


@keeping.on_called_gone.register(SOURCE)
def end_called(instance_id: str, called_by: Sequence[int]) -> None:
    """What these tokens (or any, without) have called is not needed any more."""
    statement = select(ProcessInstance.id).where(
        ProcessInstance.super_instance_id == instance_id, ProcessInstance.status == InstanceStatus.RUNNING.value
    )
    if called_by:
        statement = statement.where(ProcessInstance.super_token.in_(called_by))
    for called in list(session().scalars(statement.order_by(ProcessInstance.id))):
        try:
            loaded = saving.load(called, halted=True)
        except NotRunning:  # it has ended meanwhile
            continue
        end(SYSTEM, loaded, str(_("The process that called it does not need it any more.")))


@following.consequence.register("call")
def call(actor: Actor, instance_id: str, wait: Wait) -> None:
    """A call activity: the called process begins. What cannot be called is an incident of the caller."""
    before, details = saving.load(instance_id, halted=True), wait.details
    made = None
    if before.depth >= DEEPEST_CALL:
        reason = _("more than %(limit)s processes call each other", limit=DEEPEST_CALL)
    elif following.count_call(before.root_id, _called_by) > MOST_CALLED:
        reason = _("more than %(limit)s called processes run for it", limit=MOST_CALLED)
    else:
        made = for_call(details, deployed(before.definition_id).deployment_id)
        reason = _("there is no process “%(key)s” in force", key=details["key"])
    if made is None:
        act(actor, before, engine.Park(wait.token, reason))
        return
    key = details["business_key"]
    begin(
        actor,
        made,
        None,
        details["variables"],
        actor.id,
        business_key=None if key is None else str(key)[:255],
        caller=before,
        token=wait.token,
    )


def _called_by(root_id: str) -> int:
    running = ProcessInstance.status == InstanceStatus.RUNNING.value
    statement = select(func.count()).select_from(ProcessInstance).where(ProcessInstance.root_id == root_id, running)
    return int(session().scalar(statement) or 0)


@following.consequence.register("returned")
def returned(actor: Actor, caller: tuple[str, int], variables: Mapping[str, Any]) -> None:
    """A called process has ended: its caller goes on."""
    _tell_caller(actor, caller, Go(caller[1], ("call",), variables, returned=True))


@following.consequence.register("error")
@following.consequence.register("escalation")
def escaped(actor: Actor, caller: tuple[str, int], thrown: Any) -> None:
    """An error or escalation that nobody caught in a called process comes to its caller."""
    command = Fail(caller[1], thrown.kind, thrown.name or None, thrown.message, thrown.variables, returned=True)
    _tell_caller(actor, caller, command)


def _tell_caller(actor: Actor, caller: tuple[str, int], command: Any) -> None:
    """Of several that were called at once one may have ended what the others are for: then they have nobody to tell."""
    try:
        act(actor, saving.load(caller[0], halted=True), command)
    except (NotRunning, TokenNotReady):
        return
