"""/quality/inspections/<id>: one inspection, and what quality confirms of its supplier."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit import signatures
from app.audit.queries import entries_of
from app.audit.signatures import MEANINGS
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.quality import panels, queries, service
from app.quality.pages.blueprint import bp
from app.quality.permissions import INSPECTION_AGREE, INSPECTION_READ
from app.tasks.queries import may_see, open_tasks_of


@bp.get("/quality/inspections/<inspection_id>")
@requires(INSPECTION_READ)
def show_inspection(inspection_id: str) -> str:
    """Plan, results, signatures and what happens now."""
    one = queries.get_inspection(inspection_id)
    tasks = open_tasks_of(one.subject)
    actor = current_actor()
    signed = signatures.signatures_of(one.subject)
    return render_template(
        "quality/inspection.html",
        on=panels.sheet_of(one),
        tasks=tasks,
        may_open={task.id: may_see(actor, task) for task in tasks},
        signed=signed,
        faults=signatures.faults_of(signed),
        signature_meanings=MEANINGS,
        history=entries_of(one.subject, limit=30),
        discontinued=one.severity == "discontinued" and bool(one.supplier_id),
    )


@bp.post("/quality/inspections/<inspection_id>/improved")
@requires(INSPECTION_AGREE)
def confirm_improvement(inspection_id: str) -> BaseResponse:
    """The supplier's improvement was found effective: acceptance resumes with the next lot, tightened."""
    one = queries.get_inspection(inspection_id)
    service.confirm_improvement(current_actor(), one)
    flash(_("Confirmed: the next lot of this supplier is inspected again, tightened."), "success")
    return redirect(url_for("quality.show_inspection", inspection_id=one.id))
