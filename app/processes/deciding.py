"""Asking a rule set at a gateway, and what of its outcome travels with the token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.subject import Subject
from app.decisions import queries
from app.decisions import service as decisions
from app.decisions.outcome import Outcome
from app.processes.facts import deciding_on


def decide_route(
    rule_set: str,
    subject: Subject,
    answer: dict[str, Any] | None,
    as_of: datetime,
    *,
    version: int | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Decide about the subject, with the version the diagram pins, else the one in force; the whole decision is stored
    by id, this much goes into the instance. Decision tables may ask for the variables."""
    with deciding_on(answer):
        made = decisions.decide(rule_set, subject, as_of=as_of, version=version, variables=variables)
    found = carried(made.id, made.result)
    return {**found, "result": made.result.result} if made.of_table else found


def carried(decision_id: str, outcome: Outcome) -> dict[str, Any]:
    """What conditions and assignments read: route, band, score, people, tags. Reasons stay with the decision."""
    found = {
        "id": decision_id,
        "route": outcome.route,
        "band": outcome.band,
        "score": outcome.score,
        "blocked": bool(outcome.blocks),
        "tags": list(outcome.tags),
    }
    people = {"assign_groups": list(outcome.assign_groups), "assign_by_step": dict(outcome.assign_by_step)}
    return {**found, **{name: value for name, value in people.items() if value}}


def rule_set_names() -> frozenset[str]:
    """The rule sets that are in force."""
    return frozenset(version.rule_set for version in queries.rule_sets())


def rule_set_versions() -> frozenset[tuple[str, int]]:
    """The versions that a diagram may pin: those that are or were in force."""
    return frozenset(queries.versions_once_in_force())
