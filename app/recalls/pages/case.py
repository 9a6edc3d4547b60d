"""/recalls/<id>: the clock, who answered what, the books, the orders that lost stock, the papers."""

from __future__ import annotations

from flask import render_template

from app.audit.queries import latest_of
from app.audit.signatures import MEANINGS, faults_of, signatures_of
from app.core.errors import DomainError
from app.core.i18n import pick
from app.core.permissions import current_actor, requires
from app.documents import queries as papers
from app.documents.kinds import KINDS as PAPER_KINDS
from app.identity.queries import names_of
from app.identity.roles import ROLES
from app.recalls import queries, reading, wording
from app.recalls.models import COUNTS, RecallCase
from app.recalls.pages.blueprint import bp
from app.recalls.permissions import RECALL_READ
from app.tasks.queries import candidates_of, may_see, open_tasks_of
from app.vigilance.queries import capas_about


@bp.get("/recalls/<recall_id>")
@requires(RECALL_READ)
def show_recall(recall_id: str) -> str:
    """All of a case."""
    return render(queries.get_case(recall_id))


def render(case: RecallCase, refusal: DomainError | None = None) -> str:
    """Its page; with what was wrong, when something was refused."""
    sheet = reading.sheet_of(case)
    actor, tasks, signed = current_actor(), open_tasks_of(case.subject), signatures_of(case.subject)
    people = {case.opened_by, case.decided_by or "", case.closed_by or "", *(one.assignee_id or "" for one in tasks)}
    groups = {
        one.id: [pick(ROLES.get(role, {"en": role, "zh": role})) for role in candidates_of(one.id)["group"]]
        for one in tasks
    }
    return render_template(
        "recalls/case.html",
        sheet=sheet,
        case=case,
        affected=reading.affected_by(case, sheet.scope),
        capas=capas_about("recall", case.id),
        papers=papers.documents_of(case.subject),
        paper_kinds=PAPER_KINDS,
        tasks=tasks,
        groups=groups,
        may_open={one.id: may_see(actor, one) for one in tasks},
        names=names_of([one for one in people if one]),
        signed=signed,
        faults=faults_of(signed),
        signature_meanings=MEANINGS,
        history=latest_of(case.subject),
        wording=wording,
        counts=COUNTS,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )
