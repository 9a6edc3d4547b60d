"""What the panel beside a diagram offers: the names that a diagram may use here, with what people call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.audit.signatures import MEANINGS
from app.core.db import session
from app.core.i18n import pick
from app.decisions import queries as decisions
from app.identity.roles import ROLES
from app.processes.models import ProcessRelease
from app.processes.steps import step


def offered(forms: Mapping[str, Any]) -> dict[str, Any]:
    """{"ruleSets": [{"id", "name", "routes"}], "steps": [name], "forms": [key], "groups" and "meanings" (of
    signatures): [{"id", "name"}], "processes": [key]}; one statement and one per rule set's version that
    was not read yet."""
    return {
        "ruleSets": [_rule_set(version) for version in decisions.rule_sets()],
        "steps": list(step),
        "forms": sorted(forms),
        "meanings": [{"id": code, "name": str(name)} for code, name in MEANINGS.items()],
        "groups": [{"id": code, "name": pick(name)} for code, name in ROLES.items()],
        "processes": list(session().scalars(select(ProcessRelease.key).order_by(ProcessRelease.key))),
    }


def _rule_set(version: Any) -> dict[str, Any]:
    rules = decisions.plan_of(version).rule_set
    return {"id": version.rule_set, "name": pick(rules.name), "routes": list(rules.routes or ())}
