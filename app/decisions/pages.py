"""Pages: the rule sets in words, their versions, and the trace of a decision."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.core import menu
from app.core.i18n import _, _l, pick
from app.core.permissions import current_actor, requires
from app.decisions import queries, service
from app.decisions.facts import from_json
from app.decisions.models import RuleSetVersion
from app.decisions.permissions import RULE_PUBLISH, RULE_READ
from app.decisions.tables import fact_tables, parameters_of, rows_of
from app.identity.roles import ROLES

bp = Blueprint("decisions", __name__)
menu.add(_l("Rules"), "decisions.list_rule_sets", icon="scale", right=RULE_READ, section="quality", order=60)

STATUS = {
    "draft": (_l("Draft"), "neutral"),
    "tested": (_l("Tried"), "info"),
    "active": (_l("In force"), "success"),
    "retired": (_l("Retired"), "neutral"),
}


@bp.get("/rules")
@requires(RULE_READ)
def list_rule_sets() -> str:
    """Every rule set with the version in force and drafts that wait."""
    active = queries.rule_sets()
    plans = {version.rule_set: queries.plan_of(version).rule_set for version in active}
    return render_template(
        "decisions/list.html", versions=active, plans=plans, waiting=queries.drafts(), rule_status=STATUS
    )


@bp.get("/rules/<rule_set>")
@requires(RULE_READ)
def show_rule_set(rule_set: str) -> str:
    """The version in force, rule by rule."""
    return _shown(queries.active_version(rule_set))


@bp.get("/rules/<rule_set>/versions/<int:number>")
@requires(RULE_READ)
def show_version(rule_set: str, number: int) -> str:
    """A version, rule by rule."""
    return _shown(queries.numbered_version(rule_set, number))


@bp.post("/rules/<rule_set>/versions/<int:number>/activate")
@requires(RULE_PUBLISH)
def activate_version(rule_set: str, number: int) -> Response:
    """Try a draft in a process of its own, then put it into force."""
    actor = current_actor()
    version = queries.numbered_version(rule_set, number)
    if version.tested_at is None:
        service.try_version(actor, version)
    service.activate(actor, version)
    flash(_("Version %(number)s of “%(rule_set)s” is in force.", number=number, rule_set=rule_set), "success")
    return redirect(url_for("decisions.show_rule_set", rule_set=rule_set))


@bp.get("/decisions/<decision_id>")
@requires(RULE_READ)
def show_decision(decision_id: str) -> str:
    """The trace: blocks, contributions, route, what did not fire and why, the facts used."""
    decision = queries.get_decision(decision_id)
    plan = queries.plan_of(queries.version_of(decision))
    facts = from_json(decision.facts, plan.rule_set.schema)
    return render_template(
        "decisions/show.html",
        decision=decision,
        outcome=decision.result,
        rule_set=plan.rule_set,
        missed=queries.not_fired(decision),
        tables=fact_tables(facts, plan.rule_set.schema),
    )


def _shown(version: RuleSetVersion) -> str:
    rule_set = queries.plan_of(version).rule_set
    return render_template(
        "decisions/rule_set.html",
        version=version,
        rule_set=rule_set,
        rows=rows_of(rule_set),
        parameters=parameters_of(rule_set),
        owner=pick(ROLES.get(rule_set.owner, rule_set.owner)),
        versions=queries.versions_of(version.rule_set),
        rule_status=STATUS,
    )
