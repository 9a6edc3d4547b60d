"""Decision tables edited in place: a new one from a few choices, a draft's written again, checked as one types."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.core.web import in_transaction, opens_own_transactions
from app.decisions import publish, queries, service
from app.decisions.dmn.offered import oddities_of, offered_facts
from app.decisions.dmn.reading import faults_of, read_table
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, draft, seen_revision, shared
from app.decisions.pages.dmn import file_name, new_page, uploaded
from app.decisions.permissions import RULE_EDIT
from app.decisions.publish import NoDecisionTable, NoDraft
from app.decisions.source import RuleFileInvalid
from app.decisions.studio import table_form
from app.decisions.texts import is_table

TABLE = "/rules/<rule_set>/versions/<int:number>/table"


@bp.post("/rules/new-table/empty")
@requires(RULE_EDIT)
def make_table() -> Response | str:
    """Store an empty table of the chosen columns as a draft, and open it; what is wrong comes back at its field."""
    form = table_form.read(request.form.get, request.form)
    if not form.errors and queries.versions_of(form.key):
        form.wrong("key", _("There is a rule set of this id: change that one."))
    if form.errors:
        return new_page(form)
    try:
        made = service.submit(current_actor(), table_form.table_of(form), f"{form.key}.dmn", cases="[]")
    except RuleFileInvalid as error:
        form.wrong("form", error.details["reason"])
        return new_page(form)
    return redirect(url_for("decisions.edit_table", rule_set=made.rule_set, number=made.number))


@bp.get(TABLE)
@requires(RULE_EDIT)
def edit_table(rule_set: str, number: int) -> Response | str:
    """The table of a draft in its editor; of what cannot be edited the page of the version, which says why."""
    try:
        version = table_draft(rule_set, number)
    except (NoDraft, NoDecisionTable) as error:
        flash(error.sentence(), "warning")
        return redirect(url_for("decisions.show_version", rule_set=rule_set, number=number))
    return render_template("decisions/table.html", **shared(version, "rules"), facts=offered_facts())


@bp.post(TABLE)
@requires(RULE_EDIT)
def save_table(rule_set: str, number: int) -> Any:
    """Store the table, sent as a file, if it compiles: {"revision", "changed", "odd": [cell]}. Else 422 with what is
    wrong, {"problems": [cell]}, and nothing is stored; a cell is {"row", "column", "message"}, 0 where it has none."""
    version = table_draft(rule_set, number)
    seen, text = seen_revision(), ""
    try:
        text = uploaded()
        saved = service.save_draft(current_actor(), version, seen, text=text)
    except RuleFileInvalid as error:
        return {"problems": _problems(error, text)}, 422
    return {"revision": saved.revision, "changed": saved.revision != seen, "odd": _odd(saved.body)}


@bp.post(f"{TABLE}/check")
@opens_own_transactions
@requires(RULE_EDIT)
def check_table(rule_set: str, number: int) -> dict[str, Any]:
    """What would be wrong with a table, sent as a file, if it were stored: {"problems": [cell], "odd": [cell]}.

    Nobody waits to write meanwhile: to prove things of the largest table takes seconds."""
    in_transaction(lambda: table_draft(rule_set, number), write=False)
    text = ""
    try:
        text = uploaded()
        publish.compiled(text, file_name())
    except RuleFileInvalid as error:
        return {"problems": _problems(error, text), "odd": []}
    return {"problems": [], "odd": _odd(text)}


def table_draft(rule_set: str, number: int) -> RuleSetVersion:
    """A draft that is a decision table. Raises NoDraft, NoDecisionTable."""
    version = draft(rule_set, number)
    if not is_table(version.body):
        raise NoDecisionTable(rule_set=rule_set)
    return version


def _problems(error: RuleFileInvalid, text: str) -> list[dict[str, Any]]:
    """All cells that are wrong, not only the first."""
    found = (faults_of(text) if text else []) or [error]
    return [_cell(_row_of(one), one.details.get("column", 0), one.details["reason"]) for one in found]


def _row_of(error: RuleFileInvalid) -> int:
    number = str(error.details["rule"]).removeprefix("row")
    return int(number) if number.isdecimal() else 0


def _odd(text: str) -> list[dict[str, Any]]:
    return [_cell(one.row, one.column, one.reason) for one in oddities_of(read_table(text))]


def _cell(row: int, column: int, reason: str) -> dict[str, Any]:
    message = _("Rule %(rule)s: %(reason)s", rule=row, reason=reason) if row else reason
    return {"row": row, "column": column, "message": message}
