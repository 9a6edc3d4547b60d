"""The tests beside the rules: each case with what was expected and what came, in a draft their text to be changed."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.decisions import queries, service
from app.decisions.facts import FactsInvalid
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, choices, draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT, RULE_READ
from app.decisions.source import RuleFileInvalid
from app.decisions.studio import case_form, condition_form, overview


@bp.get("/rules/<rule_set>/versions/<int:number>/cases")
@requires(RULE_READ)
def show_cases(rule_set: str, number: int) -> str:
    """Every case, decided now by this version."""
    version = queries.numbered_version(rule_set, number)
    return _page(version, version.cases)


@bp.post("/rules/<rule_set>/versions/<int:number>/cases")
@requires(RULE_EDIT)
def save_cases(rule_set: str, number: int) -> Response | str:
    """Store the cases of a draft; they are run at once."""
    version = draft(rule_set, number)
    text = request.form.get("cases", "").replace("\r\n", "\n")
    try:
        service.save_draft(current_actor(), version, seen_revision(), cases=text)
    except RuleFileInvalid as error:
        return _page(version, text, error.sentence())
    failed = len(overview.tested(version).failed)
    if failed:
        flash(_("Saved. Cases that do not come out as expected: %(count)s.", count=failed), "warning")
    else:
        flash(_("Saved. Every case comes out as expected."), "success")
    return redirect(url_for("decisions.show_cases", rule_set=rule_set, number=number))


@bp.post("/rules/<rule_set>/versions/<int:number>/new-case")
@requires(RULE_EDIT)
def add_case(rule_set: str, number: int) -> Response | str:
    """A test by picking: the facts that differ; expected is what comes out now."""
    version = draft(rule_set, number)
    plan = queries.plan_of(version)
    name = request.form.get("name", "").strip()[:200]
    keys = [key for key in request.form.getlist("row") if key.isalnum()]
    picked = [condition_form.read(key, request.form.getlist, plan.rule_set.schema) for key in keys]
    if not name:
        return _page(version, version.cases, _("A test needs a name."), picked)
    try:
        line = case_form.case_text(name, picked, plan)
        if line is None:
            return _page(version, version.cases, _("Some fields are not right."), picked)
        text = version.cases.rstrip("\n") + ("\n" if version.cases.strip() else "") + line
        service.save_draft(current_actor(), version, seen_revision(), cases=text)
    except (RuleFileInvalid, FactsInvalid) as error:
        return _page(version, version.cases, error.sentence(), picked)
    flash(_("The test is added. It expects what came out just now: look whether that is right."), "success")
    return redirect(url_for("decisions.show_cases", rule_set=rule_set, number=number))


def _page(version: RuleSetVersion, text: str, error: str = "", picked: Sequence[condition_form.Condition] = ()) -> str:
    rule_set = queries.plan_of(version).rule_set
    tested = overview.tested(version)
    return render_template(
        "decisions/cases.html",
        **{**choices(version), **shared(version, "cases")},
        picked=picked or [condition_form.Condition("0")],
        name=request.form.get("name", ""),
        tested=tested,
        text=text,
        error=error,
        facts_in_words=overview.facts_in_words,
        expected_in_words=overview.expected_in_words,
        untested=[rule for rule in rule_set.rules if not tested.firing(rule.id)],
    )
