"""/quality/inspections/<id>: one inspection, and what quality agrees about its supplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit import signatures
from app.audit.queries import latest_of
from app.audit.signatures import MEANINGS
from app.catalog.queries import supplier_codes_of
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.quality import history, panels, queries, supply
from app.quality.models import Inspection
from app.quality.pages.blueprint import bp
from app.quality.permissions import INSPECTION_AGREE, INSPECTION_READ
from app.tasks.queries import may_see, open_tasks_of


@bp.get("/quality/inspections/<inspection_id>")
@requires(INSPECTION_READ)
def show_inspection(inspection_id: str) -> str:
    """Plan, results, signatures and what happens now."""
    return _page(queries.get_inspection(inspection_id))


def _page(one: Inspection, wrong: Mapping[str, Sequence[str]] | None = None) -> str:
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
        history=latest_of(one.subject, limit=30),
        discontinued=one.severity == "discontinued" and bool(one.supplier_id),
        supplied=_supplied(one),
        wrong=wrong or {},
    )


def _supplied(one: Inspection) -> dict[str, Any] | None:
    """How lots of the product by this supplier are inspected, by the lots so far and this one."""
    if not one.supplier_id or one.origin not in history.ORIGINAL:
        return None
    facts, terms = history.counted(history.past_of(one, including=True)), supply.terms_of(one)
    return {
        "supplier": supplier_codes_of([one.supplier_id]).get(one.supplier_id, ""),
        "severity": facts["severity"],
        "score": facts["switching_score"],
        "since": None if terms is None else terms.reduced_since,
        "reason": "" if terms is None else terms.reduced_reason,
    }


@bp.post("/quality/inspections/<inspection_id>/reduced")
@requires(INSPECTION_AGREE)
def agree_reduced(inspection_id: str) -> BaseResponse | tuple[str, int]:
    """Reduced inspection is agreed for product and supplier, or, with `end`, not any more."""
    one, reason = queries.get_inspection(inspection_id), request.form.get("reason", "")
    ends = bool(request.form.get("end"))
    try:
        (supply.end_reduced if ends else supply.agree_reduced)(current_actor(), one, reason)
    except Invalid as error:
        return _page(one, error.details["fields"]), 422
    flash(
        _("Reduced inspection is not agreed any more: the next lot is on normal inspection.")
        if ends
        else _("Agreed: once the switching score is reached, the next lots are on reduced inspection."),
        "success",
    )
    return redirect(url_for("quality.show_inspection", inspection_id=one.id))


@bp.post("/quality/inspections/<inspection_id>/improved")
@requires(INSPECTION_AGREE)
def confirm_improvement(inspection_id: str) -> BaseResponse:
    """The supplier's improvement was found effective: acceptance resumes with the next lot, tightened."""
    one = queries.get_inspection(inspection_id)
    supply.confirm_improvement(current_actor(), one)
    flash(_("Confirmed: the next lot of this supplier is inspected again, tightened."), "success")
    return redirect(url_for("quality.show_inspection", inspection_id=one.id))
