"""/changes and /changes/<id>: what is being decided, what was, and what each came to."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.audit import signatures
from app.changes import queries, reading, service, wording
from app.changes.models import KINDS, STATUSES
from app.changes.pages.blueprint import bp
from app.changes.permissions import CHANGE_ASK, CHANGE_READ
from app.core import menu
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.identity.queries import names_of

menu.add(
    _l("Change requests"), "changes.list_changes", icon="arrows-exchange", right=CHANGE_READ, section="orders", order=45
)


@bp.get("/changes")
@requires(CHANGE_READ)
def list_changes() -> str:
    """Change requests, the newest first, by number, kind and state."""
    choices = {name: request.args.get(name, "").strip()[:100] for name in ("q", "kind", "status")}
    kind = choices["kind"] if choices["kind"] in KINDS else ""
    status = choices["status"] if choices["status"] in STATUSES else ""
    page = paginate(queries.matching(choices["q"], status, kind), request.args.get("page", 1, type=int))
    return render_template(
        "changes/_rows.html" if is_fragment() else "changes/list.html",
        page=page,
        choices={name: value for name, value in choices.items() if value},
        orders=reading.numbers_of(page.items),
        names=names_of(one.requested_by for one in page.items),
        wording=wording,
        kinds=[("", _("All")), *((code, str(wording.KINDS[code])) for code in KINDS)],
        statuses=[("", _("All")), *((code, str(wording.STATUSES[code])) for code in STATUSES)],
    )


@bp.get("/changes/<change_id>")
@requires(CHANGE_READ)
def show_change(change_id: str) -> str:
    """A request: what is wanted, what it comes to, who decides, what was done."""
    view = reading.view_of(queries.get_change(change_id))
    signed = signatures.signatures_of(view.case.subject)
    return render_template(
        "changes/change.html",
        view=view,
        happenings=reading.history_of(view.case),
        signed=signed,
        faults=signatures.faults_of(signed),
        meanings=signatures.MEANINGS,
        may_withdraw=view.case.status == "open"
        and view.case.requested_by == current_actor().id
        and view.case.rma_number is None,
    )


@bp.post("/changes/<change_id>/withdraw")
@requires(CHANGE_ASK)
def withdraw_change(change_id: str) -> ResponseReturnValue:
    """Take one's own request back."""
    case = service.withdraw(current_actor(), change_id)
    flash(_("%(number)s is taken back; the order stays as it is.", number=case.number), "success")
    return redirect(url_for("changes.show_change", change_id=case.id))
