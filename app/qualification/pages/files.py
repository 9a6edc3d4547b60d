"""/qualifications/<kind>/<id>: the file of a party or product, and the start of its qualification."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.signatures import MEANINGS
from app.core import clock
from app.core.errors import NotFound
from app.core.i18n import _, pick
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.identity.roles import ROLES
from app.qualification import queries, reading, service, wording
from app.qualification.filing import File
from app.qualification.pages.blueprint import bp
from app.qualification.permissions import QUALIFICATION_READ, QUALIFICATION_START
from app.tasks.queries import candidates_of, may_see


def file_or_404(about_kind: str, about_id: str) -> File:
    """The file. Raises NotFound."""
    found = queries.file_of(Subject(about_kind, about_id))
    if found is None:
        raise NotFound(kind=about_kind[:20], id=about_id[:26])
    return found


@bp.get("/qualifications/<about_kind>/<about_id>")
@requires(QUALIFICATION_READ)
def show_file(about_kind: str, about_id: str) -> str:
    """What is on file, what is missing and why, who signed, what comes next."""
    found = file_or_404(about_kind, about_id)
    shown = reading.file_shown(found, clock.today())
    actor = current_actor()
    groups = {
        task.id: [pick(ROLES.get(role, {"en": role, "zh": role})) for role in candidates_of(task.id)["group"]]
        for task in shown.tasks
    }
    return render_template(
        "qualification/file.html",
        shown=shown,
        found=found,
        label=queries.label_of(found),
        groups=groups,
        may_open={task.id: may_see(actor, task) for task in shown.tasks},
        wording=wording,
        signature_meanings=MEANINGS,
        can_start=found.open_case is None and found.record.status not in service.ENDED,
    )


@bp.post("/qualifications/<about_kind>/<about_id>")
@requires(QUALIFICATION_START)
def start_qualification(about_kind: str, about_id: str) -> BaseResponse:
    """Begin the qualification; the actor is the applicant."""
    actor = current_actor()
    made = service.start(actor, Subject(about_kind, about_id), applicant=actor.id)
    flash(_("Qualification %(number)s has begun.", number=made.number), "success")
    return redirect(url_for("qualification.show_file", about_kind=about_kind, about_id=about_id))
