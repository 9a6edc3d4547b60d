"""Parameters, limits of groups and bands of a version: to be read, and in a draft to be changed."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.decisions import queries
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, rule_file_draft, seen_revision, shared
from app.decisions.permissions import RULE_EDIT, RULE_READ
from app.decisions.source import RuleFileInvalid
from app.decisions.studio import inputs, table
from app.decisions.terms import beside


@bp.get("/rules/<rule_set>/versions/<int:number>/settings")
@requires(RULE_READ)
def show_settings(rule_set: str, number: int) -> str:
    """Parameters with their source, limits, bands."""
    version = queries.numbered_version(rule_set, number)
    return _page(version, table.settings_shown(queries.plan_of(version).rule_set), {})


@bp.post("/rules/<rule_set>/versions/<int:number>/settings")
@requires(RULE_EDIT)
def save_settings(rule_set: str, number: int) -> Response | str:
    """Store what differs; what is wrong comes back at its field, and nothing is stored then."""
    version = rule_file_draft(rule_set, number)
    rules = queries.plan_of(version).rule_set
    given = {name: request.form.get(name, now) for name, now in table.settings_shown(rules).items()}
    try:
        errors = table.change_settings(current_actor(), version, seen_revision(), rules, given)
    except RuleFileInvalid as error:
        errors = {"form": error.in_form()}
    if errors:
        return _page(version, given, errors)
    flash(_("Saved."), "success")
    return redirect(url_for("decisions.show_settings", rule_set=rule_set, number=number))


def _page(version: RuleSetVersion, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "decisions/settings.html",
        **shared(version, "settings"),
        values=values,
        errors=errors,
        unit_name=beside,
        typed=inputs.typed,
    )
