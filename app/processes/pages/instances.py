"""Instances: the list, one with its panels, its diagram as data, one element of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.core import clock, web
from app.core.errors import NotFound
from app.core.i18n import pick
from app.core.permissions import requires
from app.processes import queries
from app.processes.cockpit import history, incidents, listing, moving, naming, overview, standing, values
from app.processes.cockpit.batches import LISTED, VERBS
from app.processes.cockpit.standing import Standing
from app.processes.cockpit.waiting import WATCHING
from app.processes.definitions import deployed
from app.processes.models import STATUS_NAMES, ProcessInstance
from app.processes.pages.blueprint import age, bp, json_of, may_operate, may_see_variables, one_of, page_number
from app.processes.permissions import PROCESS_READ, PROCESS_VARIABLES
from app.tasks.models import STATUS_NAMES as TASK_STATUS_NAMES

TABS = ("variables", "history", "jobs", "messages", "tasks", "calls", "incidents", "versions")
TONES = {"running": "info", "completed": "success", "cancelled": "neutral", "superseded": "neutral", "failed": "danger"}


@bp.get("/processes/instances")
@requires(PROCESS_READ)
def list_instances() -> str:
    """The instances of a filter; the list alone when the page asks for it again."""
    wanted = listing.Wanted.read(request.args)
    page = listing.page_of(wanted, page_number())
    template = "processes/_instances.html" if web.is_fragment() else "processes/instances.html"
    return render_template(
        template,
        page=page,
        wanted=wanted,
        chosen=wanted.address(),
        counted=listing.COUNTED,
        processes={key: pick(name) or key for key, name in overview.definition_keys().items()},
        versions=[(str(one), str(one)) for one in overview.version_numbers(wanted.process)] if wanted.process else [],
        elements=_elements(wanted),
        states=STATUS_NAMES,
        tones=TONES,
        verbs={verb: VERBS[verb] for verb in LISTED},
        operating=may_operate(),
        now=clock.now(),
        age=age,
    )


def _elements(wanted: listing.Wanted) -> dict[str, str]:
    """The elements of the chosen process where tokens can wait, to choose from."""
    if not wanted.process:
        return {wanted.at: wanted.at} if wanted.at else {}
    numbers = overview.version_numbers(wanted.process)
    if not numbers:
        return {}
    made = deployed(numbers.get(int(wanted.version or 0), next(iter(numbers.values()))))
    found = {
        name: pick(element.name) or name
        for name, element in made.definition.elements.items()
        if element.kind.endswith(("Task", "task", "Event", "Activity")) and element.kind not in (*WATCHING, "endEvent")
    }
    return {**({wanted.at: wanted.at} if wanted.at else {}), **dict(sorted(found.items(), key=lambda pair: pair[1]))}


@bp.get("/processes/instances/<instance_id>")
@requires(PROCESS_READ)
def show_instance(instance_id: str) -> str:
    """One instance: where it is, what is wrong, one panel of details."""
    now = standing.standing_of(instance_id)
    tab = one_of("tab", TABS, "history" if not now.running else "variables")
    template = "processes/_instance.html" if web.is_fragment() else "processes/instance.html"
    return render_template(
        template,
        standing=now,
        instance=now.instance,
        made=deployed(now.instance.definition_id),
        label=naming.labels_of([now.instance])[now.instance.id],
        about=naming.page_of(now.instance.subject),
        status=STATUS_NAMES[now.instance.status],
        tone=TONES[now.instance.status],
        tab=tab,
        counts=_counts(now),
        started_by=naming.people_of([now.instance.started_by]).get(now.instance.started_by, "–"),
        caller=_caller(now.instance),
        named=lambda element: naming.element_of(now.instance.definition_id, element).text if element else "",
        explained=lambda one: incidents.explained(
            one, naming.element_of(now.instance.definition_id, one.element_id).kind
        ),
        operating=may_operate(),
        lasted=age(now.instance.ended_at or clock.now(), now.instance.started_at),
        stamp=standing.stamp_of(instance_id),
        **PANELS[tab](now),
    )


def _counts(now: Standing) -> dict[str, int]:
    return {
        "jobs": len(now.jobs) + len(now.externals),
        "messages": len(now.waits),
        "tasks": len(now.tasks),
        "calls": len(now.called),
        "incidents": len(now.incidents),
    }


def _caller(instance: ProcessInstance) -> ProcessInstance | None:
    return queries.get_instance(instance.super_instance_id) if instance.super_instance_id else None


def _variables(now: Standing) -> dict[str, Any]:
    if not may_see_variables():
        return {"hidden": True}
    found = queries.variables_of(now.instance.id)
    scopes = [
        (token, [values.shown(name, value) for name, value in sorted(local.items())])
        for token, local in standing.locals_of(now)
    ]
    return {
        "variables": [
            values.shown(name, value) for name, value in sorted(found.items()) if name not in values.RESERVED
        ],
        "reserved": [values.shown(name, value) for name, value in sorted(found.items()) if name in values.RESERVED],
        "scopes": scopes,
    }


def _history(now: Standing) -> dict[str, Any]:
    text = request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    events = standing.events_before(now.instance.id, before)
    shown = events[: standing.LINES]
    lines = history.told(now.instance.definition_id, shown)
    whole = len(events) == len(shown)
    lines = history.with_acts(now.instance.definition_id, now.instance.id, lines, newest=before is None, oldest=whole)
    return {
        "lines": _readable(lines),
        "older": None if whole else shown[-1].seq,
        "before": before,
    }


def _readable(lines: list[history.Line]) -> list[history.Line]:
    """The lines, without the values of variables for who may not see them."""
    return lines if may_see_variables() else [replace(line, deltas=[]) for line in lines]


def _tasks(now: Standing) -> dict[str, Any]:
    found = standing.tasks_of(now.instance.id)
    people = naming.people_of(person for one in found for person in (one.assignee_id, one.completed_by))
    return {"tasks": found, "people": people, "task_states": TASK_STATUS_NAMES}


def _calls(_now: Standing) -> dict[str, Any]:
    return {"states": STATUS_NAMES, "tones": TONES}


def _incidents(now: Standing) -> dict[str, Any]:
    found = standing.resolved_incidents_of(now.instance.id)
    people = naming.people_of(one.resolved_by for one in found)
    return {"resolved": found, "people": people, "how": incidents.how}


def _versions(now: Standing) -> dict[str, Any]:
    moves = moving.moves_of(now.instance)
    people = naming.people_of(person for row, _why in moves for person in (row.by, row.undone_by))
    return {"moves": moves, "people": people, "number_of": lambda definition: deployed(definition).version}


def _nothing(_now: Standing) -> dict[str, Any]:
    return {}


PANELS = {
    "variables": _variables,
    "history": _history,
    "jobs": _nothing,
    "messages": _nothing,
    "tasks": _tasks,
    "calls": _calls,
    "incidents": _incidents,
    "versions": _versions,
}


@bp.get("/processes/instances/<instance_id>/variable.json")
@requires(PROCESS_VARIABLES)
def variable(instance_id: str) -> Response:
    """The whole value of a variable (`name`), however large; without a name all of them."""
    found = queries.variables_of(queries.get_instance(instance_id).id)
    name = request.args.get("name")
    if name is None:
        return jsonify(found)
    if name not in found:
        raise NotFound(variable=name[:100])
    return jsonify(found[name])


@bp.get("/processes/instances/<instance_id>/stamp")
@requires(PROCESS_READ)
def instance_stamp(instance_id: str) -> Response:
    """A text that changes whenever the page would."""
    return Response(standing.stamp_of(instance_id), mimetype="text/plain")


@bp.get("/processes/instances/<instance_id>/diagram.json")
@requires(PROCESS_READ)
def instance_diagram(instance_id: str) -> ResponseReturnValue:
    """The diagram of an instance with its tokens, what failed, and the way they took."""
    return json_of(standing.diagram_of(instance_id))


@bp.get("/processes/instances/<instance_id>/elements/<element_id>")
@requires(PROCESS_READ)
def instance_element(instance_id: str, element_id: str) -> str:
    """What is at one element of an instance now, and what was, beside the diagram."""
    now = standing.standing_of(instance_id)
    if element_id not in deployed(now.instance.definition_id).definition.elements:
        raise NotFound(element=element_id[:100])
    events = standing.events_at(instance_id, element_id)
    here = now.at(element_id)
    return render_template(
        "processes/_instance_element.html",
        standing=here,
        instance=now.instance,
        element=naming.element_of(now.instance.definition_id, element_id),
        lines=_readable(history.told(now.instance.definition_id, events)),
        explained=lambda one: incidents.explained(one, naming.element_of(now.instance.definition_id, element_id).kind),
        people=naming.people_of(one.assignee_id for one in here.tasks),
        operating=may_operate(),
    )
