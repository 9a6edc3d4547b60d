"""Decision tables: uploaded as DMN, shown as the table they are, downloaded, replaced while a draft."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import DomainError
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.decisions import queries, service
from app.decisions.dmn.offered import offered_facts
from app.decisions.dmn.table import DecisionTable
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT, RULE_READ
from app.decisions.source import RuleFileInvalid
from app.decisions.studio.table_form import POLICIES, TYPES, TableForm
from app.decisions.texts import is_table

FILE = "/rules/<rule_set>/versions/<int:number>/file"


@bp.get("/rules/new-table")
@requires(RULE_EDIT)
def new_table() -> str:
    """The forms of a new table: an empty one of a few choices, or a DMN file."""
    return new_page()


@bp.post("/rules/new-table")
@requires(RULE_EDIT)
def upload_table() -> Response | str:
    """Store an uploaded table as a draft; what is wrong is told with its line, and nothing is stored."""
    try:
        made = service.submit(current_actor(), uploaded(), file_name(), cases="[]")
    except DomainError as error:
        return new_page(error=error.sentence())
    flash(_("Stored as a draft. Test it, then somebody else approves it."), "success")
    return redirect(url_for("decisions.show_version", rule_set=made.rule_set, number=made.number))


@bp.post(FILE)
@requires(RULE_EDIT)
def replace_table(rule_set: str, number: int) -> Response:
    """Store an uploaded table as the new text of a draft."""
    version = draft(rule_set, number)
    seen = seen_revision()
    try:
        saved = service.save_draft(current_actor(), version, seen, text=uploaded())
    except RuleFileInvalid as error:
        flash(error.sentence(), "danger")
    else:
        flash(_("Saved.") if saved.revision != seen else _("Nothing changed."), "success")
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


def new_page(form: TableForm | None = None, error: str = "") -> str:
    """The page of a new table, the form filled in as it was sent; `error` is about the file."""
    return render_template(
        "decisions/new_table.html",
        form=form or TableForm(),
        error=error,
        facts=offered_facts(),
        policies=list(POLICIES.items()),
        types=list(TYPES.items()),
    )


def uploaded() -> str:
    """The file's text. Raises RuleFileInvalid when there is none or it is no text."""
    given = request.files.get("file")
    try:
        text = given.read().decode("utf-8-sig") if given else ""
    except UnicodeDecodeError:
        text = ""
    if not is_table(text):
        raise RuleFileInvalid(file=file_name(), line=1, reason=_("choose a DMN file (XML in UTF-8)"))
    return text


def file_name() -> str:
    """Of the file that was sent."""
    given = request.files.get("file")
    return (given.filename if given and given.filename else "decision.dmn")[:80]
