"""Decisions explained: stored ones and what would be decided now; as text; what if; made again to the letter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock
from app.core.errors import NotFound
from app.core.permissions import requires
from app.core.subject import Subject
from app.decisions import explain, queries, report, service, vocabulary, whatif
from app.decisions.compile import Plan
from app.decisions.facts import Facts, FactsInvalid
from app.decisions.models import RuleSetVersion
from app.decisions.outcome import Outcome
from app.decisions.pages import subjects
from app.decisions.pages.blueprint import STATUS, bp
from app.decisions.permissions import RULE_READ
from app.decisions.tables import fact_tables, spoken_language
from app.decisions.terms import beside
from app.decisions.texts import is_table

NEAREST = 8
"""Of the rules that nearly fired so many are told at once."""

bp.add_app_template_filter(vocabulary.route_words, "route_words")
bp.add_app_template_filter(vocabulary.asked_words, "asked_words")
bp.add_app_template_filter(vocabulary.effect_words, "effect_words")


@bp.get("/decisions/<decision_id>")
@requires(RULE_READ)
def show_decision(decision_id: str) -> str:
    """The trace: blocks, contributions, route, what fired and what did not and why, the facts used."""
    return _explained(decision_id)


@bp.get("/decisions/<decision_id>/replay")
@requires(RULE_READ)
def replay_decision(decision_id: str) -> str:
    """The decision made again from its stored facts by its own version: the same to the letter, or what differs."""
    return _explained(decision_id, replay=service.replay(queries.get_decision(decision_id)))


@bp.get("/decisions/<decision_id>/text")
@requires(RULE_READ)
def decision_text(decision_id: str) -> Response:
    """The same as plain text, to be kept."""
    response = make_response(report.decision_text(queries.get_decision(decision_id)))
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="decision-{decision_id}.txt"'
    return response


@bp.get("/decisions/about/<kind>/<subject_id>")
@requires(RULE_READ)
def list_decisions(kind: str, subject_id: str) -> str:
    """Every decision about one subject, and what the rule sets that can would say now."""
    subject = _known(kind, subject_id)
    active = queries.rule_sets()
    return render_template(
        "decisions/about.html",
        about=subjects.named(subject),
        decisions=queries.decisions_of(subject, limit=200),
        answering=subjects.answering(subject, clock.now()),
        names={version.rule_set: version.name for version in active},
        tables={version.rule_set for version in active if is_table(version.body)},
    )


@bp.get("/rules/<rule_set>/explain/<kind>/<subject_id>")
@requires(RULE_READ)
def explain_now(rule_set: str, kind: str, subject_id: str) -> str | BaseResponse:
    """What the version in force would decide about a subject now. Nothing is stored."""
    version = queries.active_version(rule_set)
    plan, moment = queries.plan_of(version), clock.now()
    subject = _known(kind, subject_id)
    try:
        facts = subjects.facts_now(plan, subject, moment)
    except FactsInvalid as error:
        flash(error.sentence(), "warning")
        return redirect(url_for("decisions.list_decisions", kind=kind, subject_id=subject_id))
    outcome = whatif.outcome_of(plan, facts, clock.local_date(moment))
    return render_template(
        "decisions/show.html",
        decision=None,
        about=subjects.named(subject),
        version=version,
        outcome=outcome,
        **_reasons(plan, facts, moment),
    )


def _known(kind: str, subject_id: str) -> Subject:
    subject = Subject(kind, subject_id)
    if not subjects.exists(subject):
        raise NotFound(what=f"{kind} {subject_id}")
    return subject


@bp.get("/decisions/<decision_id>/what-if")
@requires(RULE_READ)
def what_if(decision_id: str) -> str:
    """The facts of a decision as fields, and what the rules say about them."""
    decision = queries.get_decision(decision_id)
    own = queries.version_of(decision)
    plan = queries.plan_of(own)
    facts = queries.facts_of(decision, plan)
    return render_template(
        "decisions/what_if.html",
        decision=decision,
        about=subjects.named(Subject(decision.subject_kind, decision.subject_id)),
        rule_set=plan.rule_set,
        own=own,
        versions=[one for one in queries.versions_of(decision.rule_set) if one.status != "discarded"],
        rule_status=STATUS,
        tables=whatif.fields_of(plan, facts, spoken_language()),
        unit_name=beside,
        **_tried(plan, decision.result, decision.result),
    )


@bp.post("/decisions/<decision_id>/what-if")
@requires(RULE_READ)
def try_what_if(decision_id: str) -> str:
    """What the rules say about the facts as they are in the form. Nothing is stored."""
    decision = queries.get_decision(decision_id)
    own = queries.version_of(decision)
    plan = queries.plan_of(own)
    given = whatif.read(plan, queries.facts_of(decision, plan), request.form.get)
    if given.errors:
        return render_template("decisions/_what_if.html", errors=given.errors, labels=given.labels)
    chosen = queries.plan_of(_chosen(own))
    day = clock.local_date(decision.as_of)
    outcome = whatif.outcome_of(chosen, given.facts, day)
    return render_template("decisions/_what_if.html", **_tried(chosen, decision.result, outcome))


def _chosen(own: RuleSetVersion) -> RuleSetVersion:
    text = request.form.get("version", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else own.number
    return queries.numbered_version(own.rule_set, number)


def _tried(plan: Plan, before: Outcome, after: Outcome) -> dict[str, Any]:
    return {
        "errors": {},
        "outcome": after,
        "difference": whatif.difference(before, after),
        "rules": plan.by_id,
        "before": before,
    }


def _explained(decision_id: str, replay: service.Replay | None = None) -> str:
    decision = queries.get_decision(decision_id)
    version = queries.version_of(decision)
    plan = queries.plan_of(version)
    return render_template(
        "decisions/show.html",
        decision=decision,
        about=subjects.named(Subject(decision.subject_kind, decision.subject_id)),
        version=version,
        outcome=decision.result,
        replay=replay,
        **_reasons(plan, queries.facts_of(decision, plan), decision.as_of),
    )


def _reasons(plan: Plan, facts: Facts, moment: datetime) -> dict[str, Any]:
    day = clock.local_date(moment)
    missed = explain.why_not(plan, facts, day)
    nearly = sorted((rule for rule in missed if rule.nearly), key=lambda rule: rule.distance)
    return {
        "rule_set": plan.rule_set,
        "as_of": moment,
        "fired": explain.why(plan, facts, day),
        "nearly": nearly[:NEAREST],
        "less_nearly": nearly[NEAREST:],
        "missed": [rule for rule in missed if not rule.nearly],
        "tables": fact_tables(facts, plan.rule_set.schema),
    }
