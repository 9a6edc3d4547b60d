"""/complaints and /complaints/new: what customers complain of; recording one."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, menu
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.fields import loaded
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.vigilance import clocks, naming, queries, service, trends, wording
from app.vigilance.models import HARMS, STATUSES
from app.vigilance.pages.blueprint import bp
from app.vigilance.permissions import COMPLAINT_READ, COMPLAINT_RECORD
from app.vigilance.schemas import ComplaintGiven
from app.vigilance.settings import figures

menu.add(
    *(_l("Complaints"), "vigilance.list_complaints"),
    icon="message-circle",
    right=COMPLAINT_READ,
    section="quality",
    order=42,
)
FIELDS = (
    *("customer", "product", "lot_no", "serial_no", "code", "order", "shipment", "description", "aware_at", "harm"),
    *("jurisdiction", "reference"),
)


@bp.get("/complaints")
@requires(COMPLAINT_READ)
def list_complaints() -> str:
    """Complaints, the newest first, by state, harm and text."""
    choices = {name: request.args.get(name, "").strip()[:100] for name in ("q", "status", "harm")}
    choices["status"] = choices["status"] if choices["status"] in STATUSES else ""
    choices["harm"] = choices["harm"] if choices["harm"] in HARMS else ""
    return render_template(
        "vigilance/_complaints.html" if is_fragment() else "vigilance/complaints.html",
        page=paginate(queries.matching(choices), request.args.get("page", 1, type=int)),
        choices={name: value for name, value in choices.items() if value},
        statuses=[("", _("All")), *((code, str(wording.STATUSES[code])) for code in STATUSES)],
        harms=[("", _("All")), *((code, str(wording.HARMS[code])) for code in HARMS)],
        wording=wording,
        signals=trends.signals(),
        figures=figures(),
        now=clock.now(),
        decide_by=clocks.decide_by,
    )


@bp.get("/complaints/new")
@requires(COMPLAINT_RECORD)
def new_complaint() -> str:
    """The form; the address may fill it."""
    return _form({name: request.args.get(name, "")[:500] for name in FIELDS})


def _form(given: dict[str, str], refusal: DomainError | None = None) -> str:
    return render_template(
        "vigilance/complaint_new.html",
        given=given,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
        wording=wording,
    )


@bp.post("/complaints/new")
@requires(COMPLAINT_RECORD)
def record_complaint() -> str | BaseResponse:
    """Record it; quality is told."""
    given = {name: request.form.get(name, "")[:5000] for name in (*FIELDS, "sample_returned")}
    try:
        with session().begin_nested():
            wanted = {name: value for name, value in given.items() if value and name != "sample_returned"}
            wish = loaded(ComplaintGiven, {**wanted, "sample_returned": given["sample_returned"] == "1"})
            made = service.complain(current_actor(), naming.complaint_of(wish), "page")
    except (Invalid, Conflict) as error:
        return make_response(_form(given, error), error.status)
    flash(_("%(number)s is on record; quality has been told.", number=made.number), "success")
    return redirect(url_for("vigilance.show_complaint", complaint_id=made.id))
