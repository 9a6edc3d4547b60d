"""/nonconformances/<id>: one nonconformance, where it comes from, what became of the goods."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.identity.queries import names_of
from app.quality import nonconforming, wording
from app.quality.models import Nonconformance
from app.quality.permissions import INSPECTION_READ
from app.quality.queries import get_nonconformance
from app.vigilance.pages.blueprint import bp
from app.vigilance.permissions import COMPLAINT_WORK
from app.vigilance.queries import capas_about, numbers_of


@bp.get("/nonconformances/<nonconformance_id>")
@requires(INSPECTION_READ)
def show_nonconformance(nonconformance_id: str) -> str:
    """All of it."""
    return _page(get_nonconformance(nonconformance_id))


def _page(one: Nonconformance, refusal: DomainError | None = None) -> str:
    return render_template(
        "vigilance/nonconformance.html",
        one=one,
        complaint=numbers_of([one.complaint_id]).get(one.complaint_id) if one.complaint_id else None,
        capas=capas_about("nonconformance", one.id),
        names=names_of([person for person in (one.raised_by, one.settled_by) if person]),
        history=latest_of(one.subject, limit=30),
        wording=wording,
        dispositions={code: wording.DISPOSITIONS[code] for code in nonconforming.DISPOSITIONS},
        given=request.form,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )


@bp.post("/nonconformances/<nonconformance_id>/settle")
@requires(COMPLAINT_WORK)
def settle_nonconformance(nonconformance_id: str) -> BaseResponse:
    """What becomes of the goods."""
    one = get_nonconformance(nonconformance_id)
    try:
        with session().begin_nested():
            said = request.form.get("disposition", "")[:24], request.form.get("reason", "")[:2000]
            nonconforming.settle(current_actor(), one, *said)
    except (Conflict, Invalid) as error:
        return make_response(_page(one, error), error.status)
    flash(_("%(number)s is settled.", number=one.number), "success")
    return redirect(url_for("vigilance.show_nonconformance", nonconformance_id=one.id))
