"""The text of a version, for experts: shown with its lines, in a draft edited with completion and errors in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.decisions import publish, queries, service
from app.decisions.askable import askable, refuse_unanswerable
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT, RULE_READ
from app.decisions.profiles import resolve
from app.decisions.source import RuleFileInvalid
from app.decisions.studio.completion import words_of

TEXT = "/rules/<rule_set>/versions/<int:number>/text"


@bp.get(TEXT)
@requires(RULE_READ)
def show_text(rule_set: str, number: int) -> str:
    """The YAML of a version."""
    version = queries.numbered_version(rule_set, number)
    return _page(version, version.body)


@bp.post(TEXT)
@requires(RULE_EDIT)
def save_text(rule_set: str, number: int) -> Response | str:
    """Store the text of a draft if it compiles; else it comes back with what is wrong, and nothing is stored."""
    version = draft(rule_set, number)
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        service.save_draft(current_actor(), version, seen_revision(), text=text)
    except RuleFileInvalid as error:
        return _page(version, text, error.sentence())
    flash(_("Saved."), "success")
    return redirect(url_for("decisions.show_text", rule_set=rule_set, number=number))


@bp.post(f"{TEXT}/check")
@requires(RULE_EDIT)
def check_text(rule_set: str, number: int) -> dict[str, Any]:
    """What is wrong with a text as it is being written: {"problems": [{"line", "message"}]}. Nothing is stored."""
    draft(rule_set, number)
    try:
        text = request.form.get("text", "").replace("\r\n", "\n")
        plan, _schema = publish.compiled(resolve(text))
        refuse_unanswerable(plan, f"{rule_set}.yaml")
    except RuleFileInvalid as error:
        return {"problems": [{"line": error.details["line"], "message": error.in_form()}]}
    if plan.rule_set.id != rule_set:
        return {"problems": [{"line": 1, "message": _("The rule set must stay “%(name)s”.", name=rule_set)}]}
    return {"problems": []}


def _page(version: RuleSetVersion, text: str, error: str = "") -> str:
    rule_set = queries.plan_of(version).rule_set
    offered = replace(rule_set, schema=askable(rule_set.id, rule_set.schema))
    return render_template(
        "decisions/text.html", **shared(version, "text"), text=text, error=error, words=words_of(offered)
    )
