"""Decision tables: uploaded as DMN, shown as the table they are, downloaded, replaced while a draft."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import DomainError
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.decisions import queries, service
from app.decisions.dmn.table import DecisionTable
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT, RULE_READ
from app.decisions.source import RuleFileInvalid
from app.decisions.texts import is_table

FILE = "/rules/<rule_set>/versions/<int:number>/file"


@bp.get("/rules/new-table")
@requires(RULE_EDIT)
def new_table() -> str:
    """The form that takes a DMN file."""
    return render_template("decisions/new_table.html", error="")


@bp.post("/rules/new-table")
@requires(RULE_EDIT)
def upload_table() -> Response | str:
    """Store an uploaded table as a draft; what is wrong is told with its line, and nothing is stored."""
    try:
        made = service.submit(current_actor(), _uploaded(), _file_name(), cases="[]")
    except DomainError as error:
        return render_template("decisions/new_table.html", error=error.sentence())
    flash(_("Stored as a draft. Test it, then somebody else approves it."), "success")
    return redirect(url_for("decisions.show_version", rule_set=made.rule_set, number=made.number))


@bp.post(FILE)
@requires(RULE_EDIT)
def replace_table(rule_set: str, number: int) -> Response:
    """Store an uploaded table as the new text of a draft."""
    version = draft(rule_set, number)
    try:
        service.save_draft(current_actor(), version, seen_revision(), text=_uploaded())
    except RuleFileInvalid as error:
        flash(error.sentence(), "danger")
    else:
        flash(_("Saved."), "success")
    return redirect(url_for("decisions.show_version", rule_set=rule_set, number=number))


@bp.get(FILE)
@requires(RULE_READ)
def download_file(rule_set: str, number: int) -> FlaskResponse:
    """The text of a version as it was stored: DMN or YAML."""
    version = queries.numbered_version(rule_set, number)
    ending, kind = ("dmn", "application/xml") if is_table(version.body) else ("yaml", "application/yaml")
    answer = FlaskResponse(version.body, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{version.rule_set}-{number}.{ending}"'
    return answer


def table_page(version: RuleSetVersion, table: DecisionTable) -> str:
    """A version as the table it is."""
    return render_template("decisions/dmn.html", **shared(version, "rules"), table=table)


def _uploaded() -> str:
    """The file's text. Raises RuleFileInvalid when there is none or it is no text."""
    given = request.files.get("file")
    try:
        text = given.read().decode("utf-8-sig") if given else ""
    except UnicodeDecodeError:
        text = ""
    if not is_table(text):
        raise RuleFileInvalid(file=_file_name(), line=1, reason=_("choose a DMN file (XML in UTF-8)"))
    return text


def _file_name() -> str:
    given = request.files.get("file")
    return (given.filename if given and given.filename else "decision.dmn")[:80]
