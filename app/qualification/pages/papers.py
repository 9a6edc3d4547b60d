"""/papers/<kind>/<id>: the scans of a paper: file, look at, verify, remove."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core.db import session
from app.core.downloads import attachment
from app.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.core.templating import link
from app.identity.queries import names_of
from app.qualification import queries, scanning, wording
from app.qualification.filing import PAPER_MODELS, scans_of
from app.qualification.models import PaperScan
from app.qualification.pages.blueprint import bp
from app.qualification.permissions import QUALIFICATION_READ, SCAN_FILE, SCAN_VERIFY
from app.tasks.teamwork import LARGEST


def _render(paper: Subject, refusal: DomainError | None = None) -> str:
    record = scanning.paper_of(paper)
    scans = scans_of([paper]).get(paper, [])
    owners = queries.records_of(queries.owners_of(record)[:20])
    names = names_of([*(one.filed_by for one in scans), *(one.verified_by or "" for one in scans)])
    return render_template(
        "qualification/paper.html",
        paper=paper,
        record=record,
        scans=scans,
        owners=owners,
        names=names,
        kept={one.id: scanning.keep_until(one) for one in scans},
        wording=wording,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
        label=wording.PAPERS.get(getattr(record, "kind", paper.kind), paper.kind),
    )


def _paper(paper_kind: str, paper_id: str) -> Subject:
    if paper_kind not in PAPER_MODELS:
        raise NotFound(kind=paper_kind[:20])
    return Subject(paper_kind, paper_id)


@bp.get("/papers/<paper_kind>/<paper_id>")
@requires(QUALIFICATION_READ)
def show_paper(paper_kind: str, paper_id: str) -> str:
    """The scans of a licence, certificate or authorisation."""
    return _render(_paper(paper_kind, paper_id))


@bp.post("/papers/<paper_kind>/<paper_id>")
@requires(SCAN_FILE)
def file_scan(paper_kind: str, paper_id: str) -> Response | BaseResponse:
    """Put a scan on file."""
    paper = _paper(paper_kind, paper_id)

    def act() -> str:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid({"file": [_("Choose a file.")]})
        scanning.file_scan(current_actor(), paper, file.filename, file.read(LARGEST + 1))
        return _("The scan is on file. Somebody else verifies it.")

    return _done(paper, act)


@bp.post("/scans/<scan_id>/verify")
@requires(SCAN_VERIFY)
def verify_scan(scan_id: str) -> Response | BaseResponse:
    """It says what was entered."""

    def act() -> str:
        scanning.verify_scan(current_actor(), scan_id)
        return _("Verified.")

    back = link("fulfilment.show_task", task_id=request.form["task"][:26]) if request.form.get("task") else ""
    return _done(_of(scan_id).paper, act, back)


@bp.post("/scans/<scan_id>/remove")
@requires(SCAN_FILE)
def remove_scan(scan_id: str) -> Response | BaseResponse:
    """Take it off the file."""

    def act() -> str:
        scanning.remove_scan(current_actor(), scan_id)
        return _("The scan is gone; the audit trail keeps its digest.")

    return _done(_of(scan_id).paper, act)


@bp.get("/scans/<scan_id>")
@requires(QUALIFICATION_READ)
def show_scan(scan_id: str) -> Response:
    """Its bytes, to be saved: a browser never shows them as a page of ours."""
    found = _of(scan_id)
    return attachment(scanning.bytes_of(found), found.name or "scan", found.kind)


def _of(scan_id: str) -> PaperScan:
    return scanning.scan_of(scan_id)


def _done(paper: Subject, act: Any, back: str = "") -> Response | BaseResponse:
    try:
        with session().begin_nested():
            sentence = act()
    except (Conflict, Invalid, Forbidden) as error:
        return make_response(_render(paper, error), error.status)
    flash(sentence, "success")
    return redirect(back or url_for("qualification.show_paper", paper_kind=paper.kind, paper_id=paper.id))
