"""Reads: rule sets, versions, decisions."""

from __future__ import annotations

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.subject import Subject
from app.decisions.compile import Plan
from app.decisions.explain import Fired, NotFired, why, why_not
from app.decisions.facts import Facts, from_json
from app.decisions.models import Decision, RuleSetPointer, RuleSetVersion


class NoSuchRuleSet(NotFound):
    """No version of that rule set is in force."""

    message = _l("There is no rule set “%(rule_set)s” in force.")


class NoSuchDecision(NotFound):
    """There is no decision of that id."""

    message = _l("There is no such decision.")


def active_version(rule_set: str) -> RuleSetVersion:
    """The version in force. Raises NoSuchRuleSet."""
    statement = select(RuleSetVersion).join(RuleSetPointer, RuleSetPointer.version_id == RuleSetVersion.id)
    found = session().scalar(statement.where(RuleSetPointer.rule_set == rule_set))
    if found is None:
        raise NoSuchRuleSet(rule_set=rule_set)
    return found


def in_force_or(other: RuleSetVersion) -> RuleSetVersion:
    """The version in force of the other's rule set; the other when none is."""
    pointer = session().get(RuleSetPointer, other.rule_set)
    return get_version(pointer.version_id) if pointer else other


def rule_sets() -> list[RuleSetVersion]:
    """The versions in force, by name of the rule set."""
    statement = select(RuleSetVersion).join(RuleSetPointer, RuleSetPointer.version_id == RuleSetVersion.id)
    return list(session().scalars(statement.order_by(RuleSetVersion.rule_set)))


def versions_of(rule_set: str) -> list[RuleSetVersion]:
    """All versions, newest first."""
    statement = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set)
    return list(session().scalars(statement.order_by(RuleSetVersion.number.desc())))


def versions_once_in_force() -> list[tuple[str, int]]:
    """(rule set, number) of every version that is or was in force."""
    statement = select(RuleSetVersion.rule_set, RuleSetVersion.number)
    return [
        (name, number) for name, number in session().execute(statement.where(RuleSetVersion.activated_at.is_not(None)))
    ]


def get_version(version_id: str) -> RuleSetVersion:
    """A version by id. Raises NoSuchRuleSet."""
    found = session().get(RuleSetVersion, version_id)
    if found is None:
        raise NoSuchRuleSet(rule_set=version_id)
    return found


def lock_version(version_id: str) -> RuleSetVersion:
    """A version as it is now, held against other writers until the transaction ends. Raises NoSuchRuleSet."""
    found = session().get(RuleSetVersion, version_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NoSuchRuleSet(rule_set=version_id)
    return found


def numbered_version(rule_set: str, number: int) -> RuleSetVersion:
    """A version by rule set and number. Raises NoSuchRuleSet."""
    statement = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set, RuleSetVersion.number == number)
    found = session().scalar(statement) if number < 2**31 else None
    if found is None:
        raise NoSuchRuleSet(rule_set=f"{rule_set} {number}")
    return found


def drafts() -> list[RuleSetVersion]:
    """Versions that wait to be put into force, the newest first."""
    statement = select(RuleSetVersion).where(RuleSetVersion.status.in_(("draft", "tested", "approved")))
    return list(session().scalars(statement.order_by(RuleSetVersion.created_at.desc(), RuleSetVersion.id.desc())))


def waiting_for(user_id: str) -> int:
    """How many tested versions wait for the approval of that user, who wrote on none of them. One statement."""
    found = select(RuleSetVersion.author_id, RuleSetVersion.editors).where(RuleSetVersion.status == "tested")
    return sum(user_id not in {author, *editors} for author, editors in session().execute(found))


def plan_of(version: RuleSetVersion) -> Plan:
    """The version, read and checked. Raises VersionAltered."""
    return version.plan()


def get_decision(decision_id: str) -> Decision:
    """A decision by id. Raises NoSuchDecision."""
    found = session().get(Decision, decision_id)
    if found is None:
        raise NoSuchDecision(id=decision_id)
    return found


def decisions_of(subject: Subject, limit: int = 50) -> list[Decision]:
    """The decisions about a subject, newest first."""
    statement = select(Decision).where(Decision.subject_kind == subject.kind, Decision.subject_id == subject.id)
    return list(session().scalars(statement.order_by(Decision.made_at.desc(), Decision.id.desc()).limit(limit)))


def version_of(decision: Decision) -> RuleSetVersion:
    """The version a decision was made with."""
    statement = select(RuleSetVersion).where(
        RuleSetVersion.rule_set == decision.rule_set, RuleSetVersion.sha256 == decision.version_hash
    )
    found = session().scalar(statement)
    if found is None:
        raise NoSuchRuleSet(rule_set=decision.rule_set)
    return found


def not_fired(decision: Decision) -> list[NotFired]:
    """The rules that did not fire in a decision, each with the first condition that failed."""
    plan = plan_of(version_of(decision))
    return why_not(plan, facts_of(decision, plan), clock.local_date(decision.as_of))


def fired(decision: Decision) -> list[Fired]:
    """The rules that fired in a decision, in order, each with its conditions and the facts that met them."""
    plan = plan_of(version_of(decision))
    return why(plan, facts_of(decision, plan), clock.local_date(decision.as_of))


def facts_of(decision: Decision, plan: Plan) -> Facts:
    """The facts a decision was made on."""
    return from_json(decision.facts, plan.rule_set.schema)
