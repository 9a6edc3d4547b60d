"""Rule sets and versions to be read: in words, side by side, their history, and where they and their facts are used."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.audit import queries as audit
from app.core.errors import NotFound
from app.core.permissions import requires
from app.core.subject import Subject
from app.decisions import queries
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import STATUS, bp, owner_name, shared
from app.decisions.pages.dmn import table_page
from app.decisions.permissions import RULE_READ
from app.decisions.schema import shipped_schema
from app.decisions.studio import compare, overview
from app.decisions.tables import parameters_of, rows_of
from app.decisions.terms import type_name, unit_name
from app.decisions.texts import is_table
from app.decisions.uses import Use, uses_of


@bp.get("/rules")
@requires(RULE_READ)
def list_rule_sets() -> str:
    """Every rule set with the version in force and versions that wait."""
    active, waiting = queries.rule_sets(), queries.drafts()
    plans = {version.rule_set: queries.plan_of(version).rule_set for version in active}
    owners = {name: owner_name(rule_set.owner) for name, rule_set in plans.items()}
    return render_template(
        "decisions/list.html",
        versions=active,
        plans=plans,
        owners=owners,
        waiting=waiting,
        tables={version.rule_set for version in (*active, *waiting) if is_table(version.body)},
        rule_status=STATUS,
    )


@bp.get("/rules/<rule_set>")
@requires(RULE_READ)
def show_rule_set(rule_set: str) -> str:
    """The version in force, rule by rule."""
    return _shown(queries.active_version(rule_set))


@bp.get("/rules/<rule_set>/versions/<int:number>")
@requires(RULE_READ)
def show_version(rule_set: str, number: int) -> str:
    """A version, rule by rule; a draft can be edited here."""
    return _shown(queries.numbered_version(rule_set, number))


@bp.get("/rules/<rule_set>/history")
@requires(RULE_READ)
def show_history(rule_set: str) -> str:
    """All versions, and who did what with them, when and why."""
    versions = queries.versions_of(rule_set)
    if not versions:
        raise queries.NoSuchRuleSet(rule_set=rule_set)
    entries = audit.latest_of(Subject("rule_set", rule_set))
    return render_template(
        "decisions/history.html",
        **shared(queries.in_force_or(versions[0]), "history"),
        versions=versions,
        entries=entries,
    )


@bp.get("/rules/<rule_set>/compare")
@requires(RULE_READ)
def compare_versions(rule_set: str) -> str:
    """Two versions side by side: `old` and `new` are their numbers."""
    versions = queries.versions_of(rule_set)
    if not versions:
        raise queries.NoSuchRuleSet(rule_set=rule_set)
    new = queries.numbered_version(rule_set, _number("new", versions[0].number))
    old = queries.numbered_version(rule_set, _number("old", new.based_on or queries.in_force_or(versions[-1]).number))
    return render_template(
        "decisions/compare.html",
        **shared(new, "history"),
        old=old,
        versions=versions,
        changes=compare.changes(queries.plan_of(old).rule_set, queries.plan_of(new).rule_set),
        text=compare.text_changes(old.body, new.body),
        cases=compare.text_changes(old.cases, new.cases),
    )


@bp.get("/rules/<rule_set>/uses")
@requires(RULE_READ)
def show_uses(rule_set: str) -> str:
    """Where the rule set is asked, and which facts it asks for."""
    version = queries.active_version(rule_set)
    plan = queries.plan_of(version)
    facts = {name: overview.rules_using(plan.rule_set, name) for name in _facts_of(version)}
    return render_template(
        "decisions/uses.html",
        **shared(version, "uses"),
        uses=[(use, _address(use)) for use in uses_of(rule_set)],
        facts=facts,
        schema=plan.rule_set.schema,
    )


@bp.get("/rules/facts")
@requires(RULE_READ)
def list_facts() -> str:
    """Every fact that rules may ask for."""
    used = {name for version in queries.rule_sets() for name in _facts_of(version)}
    return render_template(
        "decisions/facts.html", schema=shipped_schema(), used=used, type_name=type_name, unit_name=unit_name
    )


@bp.get("/rules/facts/<name>")
@requires(RULE_READ)
def show_fact(name: str) -> str:
    """A kind of fact or one attribute (`kind.attribute`): what it is, and which rules use it."""
    schema = shipped_schema()
    kind_name, _dot, attribute_name = name.partition(".")
    kind = schema.kinds.get(kind_name)
    attribute = kind.attributes.get(attribute_name) if kind and attribute_name else None
    if kind is None or (attribute_name and attribute is None):
        raise NotFound(what=name)
    versions = [*queries.rule_sets(), *queries.drafts()]
    found = [(version, overview.rules_using(queries.plan_of(version).rule_set, name)) for version in versions]
    return render_template(
        "decisions/fact.html",
        kind=kind,
        attribute=attribute,
        name=name,
        found=[(version, rules) for version, rules in found if rules],
        rule_status=STATUS,
        type_name=type_name,
        unit_name=unit_name,
    )


def _address(use: Use) -> str:
    arguments: dict[str, Any] = dict(use.arguments or {})
    return url_for(use.endpoint, **arguments) if use.endpoint else ""


def _facts_of(version: RuleSetVersion) -> list[str]:
    rules = queries.plan_of(version).rule_set.rules
    return sorted(set().union(*(overview.facts_used(rule) for rule in rules)))


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def _shown(version: RuleSetVersion) -> str:
    plan = queries.plan_of(version)
    if plan.table is not None:
        return table_page(version, plan.table)
    rule_set = plan.rule_set
    return render_template(
        "decisions/rule_set.html",
        **shared(version, "rules"),
        rows=rows_of(rule_set),
        parameters=parameters_of(rule_set),
        tested=overview.tested(version),
    )


def back_to(version: RuleSetVersion) -> Response:
    """The page of a version."""
    return redirect(url_for("decisions.show_version", rule_set=version.rule_set, number=version.number))
