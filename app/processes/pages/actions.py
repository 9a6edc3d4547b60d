"""What an operator does to one instance, incident or job: fill in, see what would come of it, confirm.

One shape for all: GET shows the form; POST without `confirm` tries it out and shows what would change; POST with
`confirm` does it, if the instance is still as it was when it was tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.audit.service import record
from app.core import clock, jobs
from app.core.db import session
from app.core.errors import DomainError, Invalid, NotFound, StaleVersion
from app.core.i18n import LazyString, _, _l
from app.core.jobs import Job
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.cockpit import incidents, moving, naming, standing, trying, values
from app.processes.cockpit.batches import reason_faults
from app.processes.cockpit.standing import Standing
from app.processes.definitions import deployed
from app.processes.models import STATUS_NAMES, ProcessIncident, ProcessInstance
from app.processes.pages.blueprint import bp
from app.processes.permissions import PROCESS_OPERATE
from app.processes.world import SOURCE

MOVABLE = ("Task", "task", "Event", "Gateway", "Activity", "Process", "transaction")
Act = Callable[[], object]


@dataclass(frozen=True)
class Verb:
    """What can be done to an instance: how its page is called, what it does, how its button looks."""

    title: LazyString
    lead: LazyString
    tone: str
    done: LazyString


VERBS: dict[str, Verb] = {
    "suspend": Verb(
        _l("Suspend"),
        _l("Nothing goes on until it is resumed: timers and jobs wait, tasks cannot be completed."),
        "warning",
        _l("The instance is suspended."),
    ),
    "resume": Verb(
        _l("Resume"),
        _l("It goes on where it stopped. What became due meanwhile happens at once."),
        "primary",
        _l("The instance goes on."),
    ),
    "cancel": Verb(
        _l("Cancel the instance"),
        _l("It ends here, with its tasks, timers and called processes. This cannot be undone."),
        "danger",
        _l("The instance is cancelled."),
    ),
    "move": Verb(
        _l("Move tokens"),
        _l("Choose which tokens go away and where new ones begin. Click the diagram or use the lists."),
        "warning",
        _l("The tokens are moved."),
    ),
    "variable": Verb(
        _l("Set a variable"),
        _l("The new value counts from now on; what was decided with the old one stays decided."),
        "warning",
        _l("The variable is set."),
    ),
}


def why_not(verb: str, instance: ProcessInstance) -> str:
    """Why the verb cannot be used on the instance as it is; empty when it can."""
    if instance.status != "running":
        return _("It has ended (%(status)s); nothing about it can be changed.", status=STATUS_NAMES[instance.status])
    if verb == "suspend" and instance.suspended:
        return _("It is suspended already.")
    if verb == "resume" and not instance.suspended:
        return _("It is not suspended.")
    return ""


@bp.app_context_processor
def offered() -> dict[str, Any]:
    """What templates need for buttons: the verbs, and why one cannot be used."""
    return {"instance_verbs": VERBS, "why_not": why_not}


@bp.route("/processes/instances/<instance_id>/do/<verb>", methods=["GET", "POST"])
@requires(PROCESS_OPERATE)
def act(instance_id: str, verb: str) -> ResponseReturnValue:
    """One verb on one instance."""
    if verb not in VERBS:
        raise NotFound(verb=verb[:20])
    instance = queries.get_instance(instance_id)
    refused = why_not(verb, instance)
    given = _given()
    view = _View(
        instance, str(VERBS[verb].title), str(VERBS[verb].lead), VERBS[verb].tone, f"processes/act_{verb}.html"
    )
    if request.method == "GET" or refused:
        return _page(view, given, refused=refused, status=409 if refused and request.method == "POST" else 200)
    return _try_or_do(view, given, lambda: ACTS[verb](instance_id, given), str(VERBS[verb].done))


@dataclass(frozen=True)
class _View:
    """The page on which something is done."""

    instance: ProcessInstance
    title: str
    lead: str
    tone: str
    template: str
    incident: ProcessIncident | None = None
    job: Job | None = None
    back: str = ""


def _given() -> dict[str, Any]:
    """What the form or, at first, the address says."""
    source = request.form if request.method == "POST" else request.args
    found: dict[str, Any] = {name: source.get(name, "")[:200_000] for name in ("reason", "name", "type", "value")}
    found |= {name: source.get(name, "")[:200_000] for name in ("values", "way", "act", "due", "retries", "after")}
    found["cancel"] = source.getlist("cancel")[:200]
    found["start"] = [one for one in source.getlist("start")[:50] if one]
    found["remove"] = source.get("remove", "") == "1"
    return found


def _try_or_do(view: _View, given: dict[str, Any], do: Act, done: str) -> ResponseReturnValue:
    """Preview, or the deed itself. Refusals are shown above the form."""
    instance_id = view.instance.id
    try:
        faults = reason_faults(given["reason"])
        if faults:
            raise Invalid(faults)
        if "confirm" not in request.form:
            seen = f"{view.instance.version}.{view.instance.events}"
            return _page(view, given, change=trying.tried(instance_id, do), seen=seen)
        current = queries.get_instance(instance_id)
        stamp = f"{current.version}.{current.events}"
        if request.form.get("seen", "") != stamp:
            raise StaleVersion(seen=request.form.get("seen", "")[:20], current=stamp)
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            do()
    except DomainError as error:
        return _page(view, given, error=error, status=error.status)
    flash(done, "success")
    return redirect(view.back or url_for("processes.show_instance", instance_id=instance_id))


def _page(view: _View, given: dict[str, Any], *, status: int = 200, **more: Any) -> ResponseReturnValue:
    now = standing.standing_of(view.instance.id)
    page = render_template(
        view.template,
        view=view,
        instance=now.instance,
        standing=now,
        label=naming.labels_of([now.instance])[now.instance.id],
        given=given,
        named=lambda element: naming.element_of(now.instance.definition_id, element).text if element else "",
        **{"refused": "", "error": None, "change": None, "seen": "", **_extra(view, now, given), **more},
    )
    return page, status


def _extra(view: _View, now: Standing, given: dict[str, Any]) -> dict[str, Any]:
    """What single forms need beside the instance."""
    name = view.template.rpartition("/")[2]
    if name == "act_cancel.html":
        return {"holdings": trying.holdings(now)}
    if name == "act_move.html":
        return {"targets": _targets(now), "tokens": [one for one in now.tokens if one.state != "watching"]}
    if name == "act_variable.html":
        found = queries.variables_of(now.instance.id)
        known = given["name"] in found
        if known and request.method == "GET":
            given["type"] = values.type_of(found[given["name"]])
            given["value"] = values.written(found[given["name"]])
        current = values.written(found[given["name"]]) if known else None
        return {"types": values.TYPES, "known": known, "current": current}
    if view.incident is not None:
        kind = naming.element_of(now.instance.definition_id, view.incident.element_id).kind
        return {"explained": incidents.explained(view.incident, kind), "how": incidents.how(view.incident)}
    return {}


def _targets(now: Standing) -> list[naming.ElementName]:
    """Where a token can be put: every element but those that sit on another's edge."""
    elements = deployed(now.instance.definition_id).definition.elements
    found = [
        naming.element_of(now.instance.definition_id, name)
        for name, element in elements.items()
        if element.kind.endswith(MOVABLE) and element.kind != "boundaryEvent"
    ]
    return sorted(found, key=lambda one: one.text)


def _suspend(instance_id: str, given: dict[str, Any]) -> None:
    service.suspend(current_actor(), instance_id, given["reason"])


def _resume(instance_id: str, given: dict[str, Any]) -> None:
    service.resume(current_actor(), instance_id, given["reason"])


def _cancel(instance_id: str, given: dict[str, Any]) -> None:
    service.cancel_instance(current_actor(), instance_id, given["reason"])


def _move(instance_id: str, given: dict[str, Any]) -> None:
    now = standing.standing_of(instance_id)
    tokens = [int(text) for text in given["cancel"] if text.isascii() and text.isdigit() and len(text) < 12]
    known = {one.token for one in now.tokens}
    elements = deployed(now.instance.definition_id).definition.elements
    faults: dict[str, list[str]] = {}
    if not tokens and not given["start"]:
        faults["cancel"] = [_("Choose a token that goes away, or a place where one begins.")]
    if len(tokens) < len(given["cancel"]) or set(tokens) - known:
        faults["cancel"] = [_("A token you chose is no longer there. Look at the list again.")]
    if set(given["start"]) - set(elements):
        faults["start"] = [_("There is no such element.")]
    if faults:
        raise Invalid(faults)
    places: dict[str, Any] = {"start_after" if given["after"] == "1" else "start_before": given["start"]}
    service.move_token(current_actor(), instance_id, cancel=tokens, reason=given["reason"], **places)


def _variable(instance_id: str, given: dict[str, Any]) -> None:
    if given["remove"]:
        if given["name"] not in queries.variables_of(instance_id) or given["name"] in values.RESERVED:
            raise Invalid({"name": [_("There is no such variable.")]})
        service.set_variables(current_actor(), instance_id, {}, removed=[given["name"]], reason=given["reason"])
        return
    name, value = values.read(given)
    service.set_variables(current_actor(), instance_id, {name: value}, reason=given["reason"])


ACTS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "suspend": _suspend,
    "resume": _resume,
    "cancel": _cancel,
    "move": _move,
    "variable": _variable,
}


@bp.route("/processes/instances/<instance_id>/migrations/<migration_id>", methods=["GET", "POST"])
@requires(PROCESS_OPERATE)
def undo_migration(instance_id: str, migration_id: str) -> ResponseReturnValue:
    """Put an instance back to the version it was on, as long as nothing has gone on since."""
    instance = queries.get_instance(instance_id)
    row = moving.move_of(instance_id, migration_id)
    refused = moving.why_not_undone(row, instance)
    versions = {"old": deployed(row.from_definition).version, "new": deployed(row.to_definition).version}
    lead = _(
        "It goes back from version %(new)s to version %(old)s, with tasks, timers and values as they were.", **versions
    )
    back = url_for("processes.show_instance", instance_id=instance_id, tab="versions")
    view = _View(instance, _("Undo the move"), lead, "warning", "processes/act_undo.html", back=back)
    given = _given()
    if request.method == "GET" or refused:
        return _page(view, given, refused=refused, status=409 if refused and request.method == "POST" else 200)
    done = _("It is back on version %(old)s.", **versions)
    return _try_or_do(view, given, lambda: _undo(migration_id, given), done)


def _undo(migration_id: str, given: dict[str, Any]) -> None:
    service.undo_migration(current_actor(), migration_id, reason=given["reason"])


@bp.route("/processes/incidents/<incident_id>", methods=["GET", "POST"])
@requires(PROCESS_OPERATE)
def incident(incident_id: str) -> ResponseReturnValue:
    """What happened, why, and the three ways out: try again, skip, correct variables and try again."""
    found = incidents.get_incident(incident_id)
    instance = queries.get_instance(found.instance_id)
    explained = incidents.explained(found, naming.element_of(instance.definition_id, found.element_id).kind)
    view = _View(instance, str(explained.title), "", "primary", "processes/incident.html", incident=found)
    given = _given()
    refused = why_not("incident", instance)
    if found.resolved_at is not None:
        refused = _("This was dealt with already: %(how)s.", how=incidents.how(found))
    if request.method == "GET" or refused:
        return _page(view, given, refused=refused, status=409 if refused and request.method == "POST" else 200)
    return _try_or_do(view, given, lambda: _deal(incident_id, given), _("Done. See below how it went on."))


def _deal(incident_id: str, given: dict[str, Any]) -> None:
    way, reason = given["way"], given["reason"]
    if way == "retry":
        service.retry_incident(current_actor(), incident_id, reason)
    elif way == "skip":
        service.skip_incident(current_actor(), incident_id, values.read_object(given["values"]), reason)
    elif way == "edit":
        changed = values.read_object(given["values"])
        if not changed:
            raise Invalid({"values": [_("Write at least one variable.")]})
        service.retry_incident(current_actor(), incident_id, reason, variables=changed)
    else:
        raise Invalid({"way": [_("Choose what to do.")]})


@bp.route("/processes/instances/<instance_id>/jobs/<job_id>", methods=["GET", "POST"])
@requires(PROCESS_OPERATE)
def job(instance_id: str, job_id: str) -> ResponseReturnValue:
    """A job or timer: run it now, move it, give it attempts."""
    instance = queries.get_instance(instance_id)
    found = jobs.get(job_id)
    if (found.source_kind, found.source_id) != (SOURCE, instance_id):
        raise NotFound(job=job_id[:26])
    back = url_for("processes.show_instance", instance_id=instance_id, tab="jobs")
    view = _View(instance, _("Timer or job"), "", "primary", "processes/job.html", job=found, back=back)
    given = _given()
    if request.method == "GET":
        given |= {"act": given["act"] or "run", "due": _local_text(found.due_at), "retries": str(max(found.retries, 1))}
        return _page(view, given, refused=why_not("job", instance))
    return _try_or_do(view, given, lambda: _change(found, given), _("Done."))


def _local_text(moment: datetime) -> str:
    return clock.local(moment).strftime("%Y-%m-%dT%H:%M")


def _change(found: Job, given: dict[str, Any]) -> None:
    details: dict[str, Any] = {"job": found.id, "element": found.element_id or "", "reason": given["reason"]}
    if given["act"] == "run":
        outcome, fault = jobs.run_now(found.id)
        details |= {"act": "run", "outcome": str(outcome), "fault": fault or ""}
        if fault and "confirm" in request.form:
            flash(_("It failed again: %(fault)s", fault=fault[:300]), "danger")
    elif given["act"] == "due":
        details |= {"act": "due", "before": found.due_at.isoformat(), "after": _moment(given["due"]).isoformat()}
        jobs.set_due(found.id, _moment(given["due"]))
    elif given["act"] == "retries":
        details |= {"act": "retries", "before": found.retries, "after": _count(given["retries"])}
        jobs.set_retries(found.id, _count(given["retries"]))
    else:
        raise Invalid({"act": [_("Choose what to do.")]})
    record(current_actor(), "process:job", Subject("process", found.source_id), **details)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text[:40]).replace(tzinfo=clock.BUSINESS_ZONE)
    except (ValueError, OverflowError) as error:
        raise Invalid({"due": [_("This is not a date and time.")]}) from error


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4] or 0) <= 100 and len(text) <= 3):
        raise Invalid({"retries": [_("A whole number from 1 to 100.")]})
    return int(text)
