"""/recalls and /recalls/new: what is under way, what was closed; opening one."""

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
from app.recalls import naming, queries, service, wording
from app.recalls.models import STATUSES
from app.recalls.pages.blueprint import bp
from app.recalls.permissions import RECALL_READ, RECALL_RUN
from app.recalls.schemas import RecallGiven

menu.add(_l("Recalls"), "recalls.list_recalls", icon="alert-octagon", right=RECALL_READ, section="quality", order=40)
FIELDS = ("lots", "jurisdiction", "source", "hazard", "instructions", "mock")


@bp.get("/recalls")
@requires(RECALL_READ)
def list_recalls() -> str:
    """Recalls and drills, the newest first."""
    wanted = request.args.get("status", "")
    status = wanted if wanted in STATUSES else None
    page = paginate(queries.matching(status), request.args.get("page", 1, type=int))
    return render_template(
        "recalls/list.html",
        page=page,
        status=status or "",
        counts=queries.counts_of([case.id for case in page.items]),
        statuses=[("", _("All")), *((code, str(wording.STATUSES[code])) for code in STATUSES)],
        wording=wording,
        now=clock.now(),
    )


@bp.get("/recalls/new")
@requires(RECALL_RUN)
def new_recall() -> str:
    """The form; the address may fill some of it already."""
    asked = {name: request.args.get(name, "")[:2000] for name in ("lots", "source", "hazard")}
    return _form({**asked, "jurisdiction": "cn"})


def _form(given: dict[str, str], refusal: DomainError | None = None) -> str:
    return render_template(
        "recalls/new.html",
        given=given,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
        wording=wording,
    )


@bp.post("/recalls/new")
@requires(RECALL_RUN)
def open_recall() -> str | BaseResponse:
    """Open it: from now on nothing of the lots leaves."""
    given = {name: request.form.get(name, "")[:5000] for name in FIELDS}
    try:
        with session().begin_nested():
            wanted = {name: given[name] for name in FIELDS[1:5]}
            lots = naming.lots_named(given["lots"])
            wish = loaded(RecallGiven, {**wanted, "lot_ids": lots, "mock": given["mock"] == "1"})
            made = service.open_case(current_actor(), wish)
    except (Invalid, Conflict) as error:
        return make_response(_form(given, error), error.status)
    flash(_("%(number)s is open.", number=made.number), "success")
    return redirect(url_for("recalls.show_recall", recall_id=made.id))
