"""/capa and /capa/new: what is under way and what is late; opening one."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.fields import loaded
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.vigilance import capas, queries, trends, wording
from app.vigilance.approving import approvers
from app.vigilance.models import STAGES
from app.vigilance.pages.blueprint import bp
from app.vigilance.permissions import CAPA_READ, CAPA_RUN
from app.vigilance.schemas import CapaGiven
from app.vigilance.settings import figures

menu.add(_l("CAPA"), "vigilance.list_capas", icon="rotate", right=CAPA_READ, section="quality", order=44)
FIELDS = ("source_kind", "source", "problem")


@bp.get("/capa")
@requires(CAPA_READ)
def list_capas() -> str:
    """CAPA, the newest first; late actions stand out."""
    state = request.args.get("state", "")
    state = state if state in (*STAGES, "open", "overdue") else ""
    page = paginate(queries.capas({"state": state}), request.args.get("page", 1, type=int))
    choices = [("", _("All")), ("open", _("Not closed yet")), ("overdue", _("With late actions"))]
    return render_template(
        "vigilance/capas.html",
        page=page,
        state=state,
        states=[*choices, *((code, str(wording.STAGES[code])) for code in STAGES)],
        counts=queries.counts_of([one.id for one in page.items]),
        wording=wording,
        signals=trends.signals(),
        figures=figures(),
    )


@bp.get("/capa/new")
@requires(CAPA_RUN)
def new_capa() -> str:
    """The form; the address may say what it follows from."""
    return _form({name: request.args.get(name, "")[:2000] for name in FIELDS})


def _form(given: dict[str, str], refusal: DomainError | None = None) -> str:
    return render_template(
        "vigilance/capa_new.html",
        given=given,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
        approvers=approvers(current_actor()),
        wording=wording,
    )


@bp.post("/capa/new")
@requires(CAPA_RUN)
def open_capa() -> str | BaseResponse:
    """Open it: its process begins."""
    given = {name: request.form.get(name, "")[:5000] for name in FIELDS}
    try:
        with session().begin_nested():
            made = capas.begin_capa(current_actor(), loaded(CapaGiven, given))
    except (Invalid, Conflict) as error:
        return make_response(_form(given, error), error.status)
    flash(_("%(number)s is open.", number=made.number), "success")
    return redirect(url_for("vigilance.show_capa", capa_id=made.id))
