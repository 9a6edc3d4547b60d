"""/qualifications and /qualifications/expiring: what is under way, what was decided, what ends soon."""

from __future__ import annotations

from flask import render_template, request

from app.core import clock, menu
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import requires
from app.core.web import is_fragment
from app.qualification import queries, reading, wording
from app.qualification.models import KINDS, STATUSES, Qualification
from app.qualification.pages.blueprint import bp
from app.qualification.permissions import QUALIFICATION_READ

menu.add(
    _l("Qualification"),
    "qualification.list_qualifications",
    icon="shield-check",
    right=QUALIFICATION_READ,
    section="master",
    order=5,
)


@bp.get("/qualifications")
@requires(QUALIFICATION_READ)
def list_qualifications() -> str:
    """Qualifications, the newest first, by kind, state and text."""
    choices = {name: request.args.get(name, "").strip()[:100] for name in ("q", "kind", "status")}
    statement = queries.matching(choices["q"])
    if choices["kind"] in KINDS:
        statement = statement.where(Qualification.about_kind == choices["kind"])
    if choices["status"] in STATUSES:
        statement = statement.where(Qualification.status == choices["status"])
    page = paginate(statement, request.args.get("page", 1, type=int))
    return render_template(
        "qualification/_rows.html" if is_fragment() else "qualification/list.html",
        page=page,
        choices={name: value for name, value in choices.items() if value},
        records=queries.records_of(one.about for one in page.items),
        wording=wording,
        kinds=[("", _("All")), *((code, str(wording.KINDS[code])) for code in KINDS)],
        statuses=[("", _("All")), *((code, str(wording.STATUSES[code])) for code in STATUSES)],
    )


@bp.get("/qualifications/expiring")
@requires(QUALIFICATION_READ)
def list_expiring() -> str:
    """Papers that end within the first threshold of the profile, the first to end first."""
    shown, counts = reading.expiring(clock.today())
    within = request.args.get("within", type=int)
    return render_template(
        "qualification/expiring.html",
        shown=[one for one in shown if within not in counts or one.left <= (within or 0)],
        counts=counts,
        within=within if within in counts else None,
        wording=wording,
    )
