"""The blueprint of the pages of rules, their place in the menu, and what they share: a version and who may do what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.core import menu
from app.core.i18n import _, _l, pick
from app.core.permissions import Actor, actor_or_none, current_actor
from app.decisions import queries
from app.decisions.askable import askable
from app.decisions.models import RuleSetVersion
from app.decisions.outcome import BANDS
from app.decisions.permissions import RULE_APPROVE, RULE_EDIT, RULE_READ
from app.decisions.publish import NoDraft, NoRuleFile
from app.decisions.simulation import runs
from app.decisions.studio import noting, overview
from app.decisions.terms import beside
from app.decisions.texts import is_table
from app.identity.roles import ROLES

bp = Blueprint("decisions", "app.decisions.pages")


def _waiting() -> str:
    """How many tested versions wait for who reads this."""
    actor = actor_or_none()
    count = queries.waiting_for(actor.id) if actor is not None and actor.may(RULE_APPROVE) else 0
    return str(count) if count else ""


menu.add(
    _l("Rules"),
    "decisions.list_rule_sets",
    icon="scale",
    right=RULE_READ,
    section="quality",
    order=60,
    badge=_waiting,
)

STATUS = {
    "draft": (_l("Draft"), "neutral"),
    "tested": (_l("Tested"), "info"),
    "approved": (_l("Approved"), "warning"),
    "active": (_l("In force"), "success"),
    "retired": (_l("Retired"), "neutral"),
    "discarded": (_l("Discarded"), "neutral"),
}
STEPS = ("draft", "tested", "approved", "active")
"""The way of a version, as the head of its pages draws it."""


def shared(version: RuleSetVersion, tab: str) -> dict[str, Any]:
    """What the head of every page of a version needs."""
    actor = current_actor()
    rule_set = queries.plan_of(version).rule_set
    return {
        "version": version,
        "rule_set": rule_set,
        "tab": tab,
        "steps": STEPS,
        "rule_status": STATUS,
        "owner": owner_name(rule_set.owner),
        "editing": version.is_draft and actor.may(RULE_EDIT),
        "own": is_own(actor, version),
        "drafts": [one for one in queries.drafts() if one.rule_set == version.rule_set and one.id != version.id],
        "may_approve": actor.may(RULE_APPROVE),
        "to_simulate": version.status in runs.SIMULATED,
        "simulated": runs.latest(version) if version.status in runs.SIMULATED else None,
        "notes": noting.notes_on(version),
    }


def is_own(actor: Actor, version: RuleSetVersion) -> bool:
    """The actor wrote on it."""
    return actor.id in {version.author_id, *version.editors}


def owner_name(code: str) -> str:
    """A role in the reader's words."""
    return pick(ROLES.get(code, code))


def draft(rule_set: str, number: int) -> RuleSetVersion:
    """A version that is still a draft. Raises NoDraft."""
    version = queries.numbered_version(rule_set, number)
    if not version.is_draft:
        raise NoDraft(number=number, rule_set=rule_set)
    return version


def rule_file_draft(rule_set: str, number: int) -> RuleSetVersion:
    """A draft that is a rule file, whose rules the forms can write. Raises NoDraft, NoRuleFile."""
    version = draft(rule_set, number)
    if is_table(version.body):
        raise NoRuleFile(rule_set=rule_set)
    return version


def seen_revision() -> int:
    """The revision of the draft that the page showed."""
    text = request.values.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def choices(version: RuleSetVersion) -> dict[str, Any]:
    """What the fields of rules and conditions offer."""
    rules = queries.plan_of(version).rule_set
    may_ask = askable(rules.id, rules.schema)
    nothing = ("", "–")
    return {
        "version": version,
        "rule_set": rules,
        "schema": rules.schema,
        "parameters": rules.parameters,
        "facts": overview.fact_choices(may_ask),
        "countable": [nothing, *((one.name, one.label) for one in overview.countable(may_ask))],
        "owners": [("", _("as the rule set")), *((code, pick(name)) for code, name in ROLES.items())],
        "factors": [(one.id, pick(one.name)) for one in rules.factors],
        "bands": [nothing, *((band, band) for band in BANDS)] if rules.bands else [],
        "routes": [nothing, *((route, route) for route in rules.routes)] if rules.routes else [],
        "roles": ROLES,
        "unit_name": beside,
    }
