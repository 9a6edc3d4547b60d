"""The page of a draft: what it changes, what the lint and the scenarios say, what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.processes import service
from app.processes.cockpit import overview
from app.processes.designer import approving, comparing, drafts, governing, queries
from app.processes.designer.findings import findings_of_draft
from app.processes.designer.trying import Trial, try_draft
from app.processes.engine import graph_names
from app.processes.pages.blueprint import bp, definition_url, json_of
from app.processes.pages.designer import DRAFT, seen_revision, shared
from app.processes.permissions import PROCESS_APPROVE, PROCESS_DEPLOY, PROCESS_OPERATE, PROCESS_READ


@bp.get(DRAFT)
@requires(PROCESS_READ)
def show_draft(draft_id: str) -> str:
    """What a draft changes against the version in force, and what can be done with it."""
    return _page(draft_id)


def _page(draft_id: str, error: DomainError | None = None) -> str:
    draft = queries.get_draft(draft_id)
    trial, fault = _trial(draft_id)
    return render_template(
        "processes/designer/draft.html",
        **shared(draft, "draft"),
        findings=findings_of_draft(draft),
        trial=trial,
        trial_fault=fault,
        beside=comparing.beside(draft),
        error=error,
        given=request.form,
    )


def _trial(draft_id: str) -> tuple[Trial | None, str]:
    try:
        return try_draft(queries.get_draft(draft_id)), ""
    except DomainError as error:
        return None, error.sentence()


@bp.get(f"{DRAFT}/compare.json")
@requires(PROCESS_READ)
def compare_draft(draft_id: str) -> ResponseReturnValue:
    """Both diagrams: {"old": {"xml", "names", "version"} or null, "new": {…}}; old is what the draft began from."""
    draft = queries.get_draft(draft_id)
    base = queries.version_row(draft.base_id)
    old = None if base is None else {"xml": base.xml, "names": graph_names(base.xml.encode()), "version": base.version}
    return json_of({"old": old, "new": {"xml": draft.xml, "names": graph_names(draft.xml.encode())}})


def _doing(draft_id: str, act: Callable[[], Any]) -> ResponseReturnValue | None:
    """Do it; a refusal undoes all of it and shows the page again, with the reason."""
    try:
        with session().begin_nested():
            act()
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _page(draft_id, error), error.status
    return None


def _reason(name: str = "reason") -> str:
    return request.form.get(name, "").strip()[:1000]


def _here(draft_id: str) -> ResponseReturnValue:
    return redirect(url_for("processes.show_draft", draft_id=draft_id))


@bp.post(f"{DRAFT}/send")
@requires(PROCESS_DEPLOY)
def send_draft(draft_id: str) -> ResponseReturnValue:
    """Ask somebody else to look at it."""
    refused = _doing(draft_id, lambda: approving.send(current_actor(), draft_id, seen_revision(), _reason("note")))
    if refused:
        return refused
    flash(_("It is in review: somebody who did not write on it approves it or gives it back."), "success")
    return _here(draft_id)


@bp.post(f"{DRAFT}/take-back")
@requires(PROCESS_DEPLOY)
def take_draft_back(draft_id: str) -> ResponseReturnValue:
    """Write on it again."""
    refused = _doing(draft_id, lambda: approving.take_back(current_actor(), draft_id))
    return refused or _here(draft_id)


@bp.post(f"{DRAFT}/approve")
@requires(PROCESS_APPROVE)
def approve_draft(draft_id: str) -> ResponseReturnValue:
    """Agree to what others drew."""
    actor, seen = current_actor(), seen_revision()
    refused = _doing(
        draft_id, lambda: approving.approve(actor, draft_id, seen, _reason(), override=_reason("override"))
    )
    if refused:
        return refused
    flash(_("Approved. It can be put into force now."), "success")
    return _here(draft_id)


@bp.post(f"{DRAFT}/reject")
@requires(PROCESS_APPROVE)
def reject_draft(draft_id: str) -> ResponseReturnValue:
    """Give it back with what is to be changed."""
    refused = _doing(draft_id, lambda: approving.reject(current_actor(), draft_id, seen_revision(), _reason()))
    if refused:
        return refused
    flash(_("Given back with your words."), "success")
    return _here(draft_id)


@bp.post(f"{DRAFT}/live")
@requires(PROCESS_READ)
def put_draft_live(draft_id: str) -> ResponseReturnValue:
    """Put an approved draft into force: who draws and who approves may."""
    actor = current_actor()
    if not actor.may(PROCESS_APPROVE):
        actor.must(PROCESS_DEPLOY)
    refused = _doing(draft_id, lambda: approving.put_live(actor, draft_id, seen_revision()))
    if refused:
        return refused
    flash(_("It is in force. What runs goes on as before until it is moved."), "success")
    return _here(draft_id)


@bp.post(f"{DRAFT}/bring-up")
@requires(PROCESS_DEPLOY)
def bring_draft_up(draft_id: str) -> ResponseReturnValue:
    """Take what came into force since it was begun."""
    found: list[str] = []
    refused = _doing(draft_id, lambda: found.extend(approving.bring_up(current_actor(), draft_id, seen_revision())))
    if refused:
        return refused
    if found:
        names = ", ".join(found[:20])
        sentence = _n(
            "Brought up. %(num)s element was changed on both sides, the draft's stays: %(names)s",
            "Brought up. %(num)s elements were changed on both sides, the draft's stay: %(names)s",
            len(found),
            names=names,
        )
        flash(sentence, "warning")
    else:
        flash(_("Brought up to the version in force."), "success")
    return _here(draft_id)


@bp.post(f"{DRAFT}/discard")
@requires(PROCESS_DEPLOY)
def discard_draft(draft_id: str) -> ResponseReturnValue:
    """Give it up."""
    refused = _doing(draft_id, lambda: drafts.discard(current_actor(), draft_id, _reason()))
    if refused:
        return refused
    flash(_("Discarded. It can still be read."), "success")
    return redirect(url_for("processes.list_drafts"))


@bp.post(f"{DRAFT}/title")
@requires(PROCESS_DEPLOY)
def rename_draft(draft_id: str) -> ResponseReturnValue:
    """Call it otherwise."""
    refused = _doing(draft_id, lambda: drafts.rename(current_actor(), draft_id, request.form.get("title", "")))
    return refused or _here(draft_id)


@bp.post("/processes/definitions/<key>/governed")
@requires(PROCESS_APPROVE)
def govern(key: str) -> ResponseReturnValue:
    """From now on the process is changed by approved drafts only, or no more."""
    overview.versions_of(key)  # there is one
    governed, reason = request.form.get("governed") == "1", _reason()
    if not reason:
        raise Invalid({"reason": [_("Please give a reason.")]})
    governing.set_governed(current_actor(), key, governed=governed, reason=reason)
    flash(_("It is governed now.") if governed else _("It can be deployed directly now."), "success")
    return redirect(definition_url(key))


@bp.post("/processes/definitions/<key>/active")
@requires(PROCESS_OPERATE)
def set_active(key: str) -> ResponseReturnValue:
    """The version in force starts nothing new, or starts again; what runs goes on."""
    number, reason = request.form.get("version", ""), _reason()
    version = next((one for one in overview.versions_of(key) if str(one.number) == number), None)
    if version is None:
        raise Invalid({"version": [_("Choose a version.")]})
    if not reason:
        raise Invalid({"reason": [_("Please give a reason.")]})
    active = request.form.get("active") == "1"
    service.suspend_definition(current_actor(), version.id, suspended=not active, reason=reason)
    flash(_("It starts again.") if active else _("Nothing new is started; what runs goes on."), "success")
    return redirect(definition_url(key, version=version.number))


@bp.app_template_global()
def drafting_of(key: str, version_id: str) -> queries.Drafting:
    """For the page of a process."""
    return queries.drafting(key, version_id)
