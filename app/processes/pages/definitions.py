"""Definitions: the list, one with its heatmap and versions, its diagram as data."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid, NotFound
from app.core.i18n import _, show_number
from app.core.permissions import current_actor, requires
from app.processes import queries, service
from app.processes.cockpit import heat as heating
from app.processes.cockpit import naming, overview
from app.processes.cockpit.heat import Heat
from app.processes.cockpit.overview import Version
from app.processes.definitions import deployed
from app.processes.pages.blueprint import bp, json_of, may_operate, span
from app.processes.permissions import PROCESS_OPERATE, PROCESS_READ


@bp.get("/processes")
@requires(PROCESS_READ)
def list_definitions() -> str:
    """Every process, what runs of it and what is stuck."""
    return render_template(
        "processes/definitions.html",
        definitions=overview.overview(),
        starts=queries.stuck_starts(),
        operating=may_operate(),
    )


@bp.post("/processes/starts/<job_id>/retry")
@requires(PROCESS_OPERATE)
def retry_start(job_id: str) -> ResponseReturnValue:
    """A start at a time that was given up is tried again, now."""
    reason = request.form.get("reason", "").strip()[:1000]
    if not reason:
        raise Invalid({"reason": [_("Please give a reason.")]})
    service.retry_start(current_actor(), job_id, reason)
    flash(_("It is tried again now."), "success")
    return redirect(url_for("processes.list_definitions"))


@bp.get("/processes/<key>")
@requires(PROCESS_READ)
def show_definition(key: str) -> str:
    """One process: heatmap, numbers, versions."""
    versions = overview.versions_of(key)
    chosen = _chosen(versions)
    heat = heating.heat_of(chosen.id)
    return render_template(
        "processes/definition.html",
        made=deployed(chosen.id),
        versions=versions,
        chosen=chosen,
        heat=heat,
        rows=_rows(chosen.id, heat),
        people=naming.people_of(version.deployed_by for version in versions),
        days=heating.DAYS,
        sample=heating.SAMPLE,
        lines=heating.LINES,
    )


@bp.get("/processes/definitions/<key>")
@requires(PROCESS_READ)
def show_definition_too(key: str) -> str:
    """The same for keys that are words of our own addresses ("messages")."""
    return show_definition(key)


@bp.get("/processes/definitions/<key>/diagram.json")
@requires(PROCESS_READ)
def definition_diagram(key: str) -> ResponseReturnValue:
    """The diagram in force, or of a `version`."""
    wish = request.args.get("version", "")
    if not wish:
        return json_of(queries.definition_state(key))
    found = {str(number): one for number, one in overview.version_numbers(key).items()}
    if wish not in found:
        raise NotFound(version=wish[:20])
    return json_of(queries.diagram_of(deployed(found[wish])))


@bp.get("/processes/definitions/<key>/heat.json")
@requires(PROCESS_READ)
def definition_heat(key: str) -> ResponseReturnValue:
    """The diagram of a version with its numbers, as the viewer wants them."""
    chosen = _chosen(overview.versions_of(key))
    heat = heating.heat_of(chosen.id)
    return json_of({**queries.diagram_of(deployed(chosen.id)), "heat": _metrics(heat)})


@bp.get("/processes/definitions/<key>/elements/<element_id>")
@requires(PROCESS_READ)
def definition_element(key: str, element_id: str) -> str:
    """The numbers of one element, beside the diagram."""
    chosen = _chosen(overview.versions_of(key))
    if element_id not in deployed(chosen.id).definition.elements:
        raise NotFound(element=element_id)
    heat = heating.heat_of(chosen.id)
    return render_template(
        "processes/_definition_element.html",
        key=key,
        chosen=chosen,
        element=naming.element_of(chosen.id, element_id),
        tokens=heat.tokens.get(element_id, 0),
        visits=heat.visits.get(element_id, 0),
        stay=heat.stays.get(element_id),
    )


def _chosen(versions: list[Version]) -> Version:
    """The version of the address, else the one in force, else the newest. Raises NotFound."""
    wish = request.args.get("version", "")
    if wish:
        found = [version for version in versions if str(version.number) == wish]
        if not found:
            raise NotFound(version=wish[:20])
        return found[0]
    return next((version for version in versions if version.in_force), versions[0])


def _rows(definition_id: str, heat: Heat) -> list[dict[str, Any]]:
    """The numbers of every element that has some, the fullest and slowest first. What instances did on another version
    before they were moved here is left out where this one has no such element."""
    ids = {*heat.tokens, *heat.visits, *heat.stays} & set(deployed(definition_id).definition.elements)
    rows = [
        {
            "element": naming.element_of(definition_id, element),
            "tokens": heat.tokens.get(element, 0),
            "visits": heat.visits.get(element, 0),
            "stay": heat.stays.get(element),
        }
        for element in ids
    ]
    return sorted(rows, key=_fullest, reverse=True)


def _fullest(row: dict[str, Any]) -> tuple[int, int, int, str]:
    return row["tokens"], row["stay"].median if row["stay"] else 0, row["visits"], row["element"].id


def _metrics(heat: Heat) -> list[dict[str, Any]]:
    """[{"key", "label", "values": {element: number}, "texts": {element: text}}] for the viewer's switch."""
    counts = (("tokens", _("Tokens now"), heat.tokens), ("visits", _("Visits"), heat.visits))
    times = (
        ("median", _("Half stay less than"), {name: stay.median for name, stay in heat.stays.items()}),
        ("p90", _("Nine of ten stay less than"), {name: stay.p90 for name, stay in heat.stays.items()}),
    )
    return [
        *(
            {"key": key, "label": label, "values": values, "texts": _texts(values, show_number)}
            for key, label, values in counts
        ),
        *(
            {"key": key, "label": label, "values": values, "texts": _texts(values, span)}
            for key, label, values in times
        ),
    ]


def _texts(values: dict[str, int], say: Any) -> dict[str, str]:
    return {name: say(value) for name, value in values.items()}
