"""/capa/<id>: problem, cause, actions, whether they helped; planning actions; the files that show them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.audit.signatures import MEANINGS, faults_of, signatures_of
from app.core import clock, kept
from app.core.db import session
from app.core.downloads import attachment
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.i18n import _, pick
from app.core.permissions import current_actor, requires
from app.documents.kinds import KINDS
from app.documents.queries import documents_of
from app.identity.roles import ROLES
from app.tasks.models import Task
from app.tasks.queries import candidates_of, may_see, open_tasks_of
from app.vigilance import capas, panels, papers, queries, wording
from app.vigilance.approving import approvers
from app.vigilance.models import PLANNING, Capa
from app.vigilance.pages.blueprint import bp
from app.vigilance.permissions import CAPA_READ, CAPA_RUN


@bp.app_template_global()
def capa_action_of(task: Task, capa: Capa) -> object:
    """Which action an open task is about."""
    return panels.action_of(task, capa)


@bp.app_template_global()
def capa_approvers(capa: Capa) -> object:
    """Who could approve its plan."""
    return approvers(current_actor(), open_tasks_of(capa.subject)) if capa.stage == PLANNING else None


bp.app_template_global("capa_is_early")(capas.is_early)


@bp.app_template_global()
def capa_wording() -> object:
    """What codes of CAPA are called."""
    return wording


@bp.get("/capa/<capa_id>")
@requires(CAPA_READ)
def show_capa(capa_id: str) -> str:
    """All of it."""
    return _page(queries.get_capa(capa_id))


def _page(capa: Capa, refusal: DomainError | None = None) -> str:
    actor, tasks, signed = current_actor(), open_tasks_of(capa.subject), signatures_of(capa.subject)
    groups = {
        one.id: [pick(ROLES.get(role, {"en": role, "zh": role})) for role in candidates_of(one.id)["group"]]
        for one in tasks
    }
    return render_template(
        "vigilance/capa.html",
        capa=capa,
        sheet=panels.sheet_of(capa),
        planning=capa.stage == PLANNING and capas.is_planned(tasks),
        approvers=approvers(actor, tasks) if capa.stage == PLANNING else None,
        tasks=tasks,
        groups=groups,
        may_open={one.id: may_see(actor, one) for one in tasks},
        signed=signed,
        faults=faults_of(signed),
        signature_meanings=MEANINGS,
        history=latest_of(capa.subject, limit=60),
        today=clock.today(),
        papers=documents_of(capa.subject),
        paper_kinds=KINDS,
        wording=wording,
        given=request.form,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )


def _done(capa_id: str, act: Callable[[Capa], str]) -> BaseResponse:
    capa = queries.get_capa(capa_id)
    try:
        with session().begin_nested():
            sentence = act(capa)
    except (Conflict, Invalid) as error:
        return make_response(_page(capa, error), error.status)
    flash(sentence, "success")
    return redirect(url_for("vigilance.show_capa", capa_id=capa.id))


@bp.post("/capa/<capa_id>/actions")
@requires(CAPA_RUN)
def plan_action(capa_id: str) -> BaseResponse:
    """One more thing to be done."""

    def act(capa: Capa) -> str:
        given = {name: request.form.get(name, "")[:2000] for name in ("kind", "text", "owner", "due_on")}
        made = capas.plan_action(current_actor(), capa, given)
        return _("Action %(number)s is planned.", number=made.number)

    return _done(capa_id, act)


@bp.post("/capa/<capa_id>/actions/<action_id>/remove")
@requires(CAPA_RUN)
def remove_action(capa_id: str, action_id: str) -> BaseResponse:
    """It is not to be done after all."""

    def act(capa: Capa) -> str:
        capas.remove_action(current_actor(), capa, queries.get_action(capa, action_id))
        return _("The action is removed from the plan.")

    return _done(capa_id, act)


@bp.get("/capa/<capa_id>/files/<evidence_id>")
@requires(CAPA_READ)
def show_evidence(capa_id: str, evidence_id: str) -> Response:
    """A file that was put to one of its tasks."""
    found = next((one for one in queries.files_of(queries.get_capa(capa_id)) if one.id == evidence_id), None)
    content = kept.content_of(found.content_id) if found is not None and found.content_id else None
    if found is None or content is None:
        raise NotFound(file=evidence_id[:26])
    return attachment(content, found.name or "attachment", found.kind)


@bp.post("/capa/<capa_id>/paper")
@requires(CAPA_RUN)
def print_capa(capa_id: str) -> BaseResponse:
    """Its record as a paper, as it stands now."""

    def act(capa: Capa) -> str:
        made = papers.issue_capa(current_actor(), capa)
        return _("%(number)s is on file as PDF in both languages.", number=made.number)

    return _done(capa_id, act)
