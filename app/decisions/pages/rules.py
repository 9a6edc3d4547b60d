"""The table view: rules of a draft edited in place, one form per rule, one row per condition (htmx)."""

from __future__ import annotations

from collections.abc import Callable

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from app.core import ids
from app.core.permissions import current_actor, requires
from app.decisions import queries
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, choices, rule_file_draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT
from app.decisions.source import RuleFileInvalid
from app.decisions.studio import condition_form, overview, rule_form, table
from app.decisions.studio.rule_form import RuleForm
from app.decisions.tables import rows_of

RULES = "/rules/<rule_set>/versions/<int:number>/rules"


@bp.get(f"{RULES}/<rule>")
@requires(RULE_EDIT)
def rule_row(rule_set: str, number: int, rule: str) -> str:
    """A rule as a row to be read."""
    return _row(queries.numbered_version(rule_set, number), rule)


@bp.get(f"{RULES}/<rule>/form")
@requires(RULE_EDIT)
def rule_fields(rule_set: str, number: int, rule: str) -> str:
    """A rule as a form in the place of its row."""
    version = rule_file_draft(rule_set, number)
    rules = queries.plan_of(version).rule_set
    return _form(version, rule_form.shown(table.rule_data(version, rule), rules), rule)


@bp.post(f"{RULES}/<rule>/form")
@requires(RULE_EDIT)
def save_rule(rule_set: str, number: int, rule: str) -> str:
    """Store the rule; what is wrong comes back at its field, and nothing is stored then."""
    version = rule_file_draft(rule_set, number)
    rules = queries.plan_of(version).rule_set
    before = table.rule_data(version, rule)
    form = rule_form.read(request.form.getlist, rules, before)
    wanted = rule_form.rule_of(form, rules, before)
    if wanted is None:
        return _form(version, form, rule)
    try:
        table.change_rule(current_actor(), version, seen_revision(), rule, wanted)
    except RuleFileInvalid as error:
        form.errors["form"] = error.in_form()
        return _form(version, form, rule)
    return _row(version, str(wanted["id"]), fresh=True)


@bp.get("/rules/<rule_set>/versions/<int:number>/new-rule")
@requires(RULE_EDIT)
def new_rule_fields(rule_set: str, number: int) -> str:
    """The form of a rule that is to be written."""
    version = rule_file_draft(rule_set, number)
    return _form(version, rule_form.empty_form(queries.plan_of(version).rule_set), "")


@bp.post("/rules/<rule_set>/versions/<int:number>/new-rule")
@requires(RULE_EDIT)
def add_rule(rule_set: str, number: int) -> str | Response:
    """Store a new rule behind the one named by `after`."""
    version = rule_file_draft(rule_set, number)
    rules = queries.plan_of(version).rule_set
    form = rule_form.read(request.form.getlist, rules)
    wanted = rule_form.rule_of(form, rules)
    if wanted is None:
        return _form(version, form, "")
    try:
        table.add_rule(current_actor(), version, seen_revision(), wanted, request.form.get("after") or None)
    except RuleFileInvalid as error:
        form.errors["form"] = error.in_form()
        return _form(version, form, "")
    return _whole_list(version, fresh=str(wanted["id"]))


@bp.get("/rules/<rule_set>/versions/<int:number>/condition")
@requires(RULE_EDIT)
def condition_fields(rule_set: str, number: int) -> str:
    """The fields of one condition, fitting the fact and the operator picked so far; without `row` an empty one."""
    version = rule_file_draft(rule_set, number)
    rules = queries.plan_of(version).rule_set
    key = request.args.get("row", "")[:20]
    condition = (
        condition_form.read(key, request.args.getlist, rules.schema)
        if key.isalnum()
        else condition_form.Condition(ids.new_id()[-8:])
    )
    return render_template("decisions/_condition.html", condition=condition, first=False, **choices(version))


@bp.post(f"{RULES}/<rule>/copy")
@requires(RULE_EDIT)
def copy_rule(rule_set: str, number: int, rule: str) -> Response:
    """The rule once more, switched off."""
    made: list[str] = []

    def copy(version: RuleSetVersion) -> None:
        rules = queries.plan_of(version).rule_set
        made.append(table.copy_rule(current_actor(), version, seen_revision(), rule, rules))

    return _done(rule_set, number, copy, lambda: made[0])


@bp.post(f"{RULES}/<rule>/switch")
@requires(RULE_EDIT)
def switch_rule(rule_set: str, number: int, rule: str) -> Response:
    """Switch the rule off (`off=1`) or on."""
    off = request.form.get("off") == "1"
    return _done(
        rule_set,
        number,
        lambda version: table.switch_rule(current_actor(), version, seen_revision(), rule, off=off),
        lambda: rule,
    )


@bp.post(f"{RULES}/<rule>/delete")
@requires(RULE_EDIT)
def delete_rule(rule_set: str, number: int, rule: str) -> Response:
    """Delete the rule from the draft."""
    return _done(rule_set, number, lambda version: table.remove_rule(current_actor(), version, seen_revision(), rule))


@bp.post(f"{RULES}/<rule>/move")
@requires(RULE_EDIT)
def move_rule(rule_set: str, number: int, rule: str) -> Response:
    """Put the rule before the one named by `before`; last when that is empty."""
    before = request.form.get("before") or None
    return _done(
        rule_set,
        number,
        lambda version: table.move_rule(current_actor(), version, seen_revision(), rule, before),
        lambda: rule,
    )


def _done(
    rule_set: str, number: int, act: Callable[[RuleSetVersion], None], fresh: Callable[[], str] = lambda: ""
) -> Response:
    """The whole list after an act on a draft."""
    version = rule_file_draft(rule_set, number)
    act(version)
    return _whole_list(version, fresh=fresh())


def _whole_list(version: RuleSetVersion, fresh: str = "") -> Response:
    page = render_template(
        "decisions/_rules.html",
        **shared(version, "rules"),
        rows=rows_of(queries.plan_of(version).rule_set),
        tested=overview.tested(version),
        fresh=fresh,
        swapped=True,
    )
    response = make_response(page)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#rules", "outerHTML"
    return response


def _row(version: RuleSetVersion, rule: str, *, fresh: bool = False) -> str:
    rows = rows_of(queries.plan_of(version).rule_set)
    place = next((at for at, row in enumerate(rows) if row.rule.id == rule), None)
    if place is None:
        raise table.NoSuchRule(rule=rule)
    return render_template(
        "decisions/_rule_row.html",
        **shared(version, "rules"),
        row=rows[place],
        above=rows[place - 1].rule.id if place else None,
        below=rows[place + 2].rule.id if place + 2 < len(rows) else "",
        last=place + 1 == len(rows),
        tested=overview.tested(version),
        fresh=rule if fresh else "",
        swapped=fresh,
    )


def _form(version: RuleSetVersion, form: RuleForm, rule: str) -> str:
    return render_template("decisions/_rule_form.html", form=form, rule=rule, **choices(version))
