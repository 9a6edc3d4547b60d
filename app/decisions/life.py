"""What becomes of a tested version: approved by another person, in force now or at a date, retired, put back, given up.

Which version is in force stands in one row per rule set (`RuleSetPointer`), which every decision reads in its own
transaction: a switch counts for all workers at once, and a decision is of exactly one version.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from app.audit import service as audit
from app.core import clock, jobs
from app.core.db import info, session
from app.core.errors import Conflict, DomainError, Forbidden, NotFound, StaleVersion
from app.core.i18n import _l
from app.core.jobs import Job, NewJob
from app.core.permissions import SYSTEM, Actor
from app.core.registry import Registry
from app.core.subject import Subject
from app.decisions import queries
from app.decisions.models import RuleSetPointer, RuleSetVersion

POINTERS = "decisions.pointers"
on_moved: Registry[Callable[[Actor, RuleSetVersion], None]] = Registry("reaction to the state of a version")
"""Told of a version that a person tested, approved, put into force or gave up."""
JOB = "rules-activate"
SOURCE = "rule_set"
log = structlog.get_logger()


class NotTried(Conflict):
    """Only a version that passed its trial may come into force."""

    message = _l("Version %(number)s of “%(rule_set)s” has not been tried yet.")


class NotApproved(Conflict):
    """Only what another person approved may come into force."""

    message = _l("Version %(number)s of “%(rule_set)s” has not been approved yet.")


class AlreadyDecided(Conflict):
    """Somebody else was there first."""

    message = _l("Version %(number)s of “%(rule_set)s” cannot be approved any more: it is “%(status)s”%(by)s.")


class OwnVersion(Forbidden):
    """Who wrote a version may neither approve it nor put it into force."""

    message = _l("You wrote on this version: somebody else must approve it and put it into force.")


class NotOpen(Conflict):
    """What is or was in force is not discarded."""

    message = _l("Version %(number)s of “%(rule_set)s” is or was in force: it cannot be discarded.")


class NoWayBack(NotFound):
    """There is no version to put back into force."""

    message = _l("Before this version no other was in force.")


class ReasonMissing(DomainError):
    """A step back is explained to those who come later."""

    message = _l("Please give a reason.")


class NoMoment(DomainError):
    """What was given as a moment is none."""

    message = _l("Please give a date and a time.")


class DateMissed(DomainError):
    """A date that is past."""

    message = _l("The date lies in the past.")


def approve(actor: Actor, version: RuleSetVersion, note: str = "") -> RuleSetVersion:
    """Agree to a tested version that others wrote. Raises NotTried, OwnVersion, AlreadyDecided."""
    held = queries.lock_version(version.id)
    if held.status == "draft":
        raise NotTried(number=held.number, rule_set=held.rule_set)
    if held.status != "tested":
        by = f" ({held.approved_by})" if held.approved_by else ""
        raise AlreadyDecided(number=held.number, rule_set=held.rule_set, status=held.status, by=by)
    _refuse_own(actor, held)
    held.status, held.approved_at, held.approved_by = "approved", clock.now(), actor.name
    session().flush()
    _record(actor, "rule:approve", held, reason=note)
    tell_moved(actor, held)
    return held


def activate(actor: Actor, version: RuleSetVersion, *, at: datetime | None = None, reason: str = "") -> RuleSetVersion:
    """Put an approved version into force, now or at a moment to come. Raises NotTried, NotApproved, OwnVersion,
    DateMissed."""
    held = queries.lock_version(version.id)
    if held.tested_at is None:
        raise NotTried(number=held.number, rule_set=held.rule_set)
    if actor.kind != "system":
        _refuse_own(actor, held)
        if held.status != "approved":
            raise NotApproved(number=held.number, rule_set=held.rule_set)
    _forget_date(held)
    if at is None:
        put_in_force(actor, held, reason=reason)
    else:
        _set_date(actor, held, at, reason)
    return held


def take_back_date(actor: Actor, version: RuleSetVersion) -> None:
    """An approved version that waits for its date waits for a person instead."""
    held = queries.lock_version(version.id)
    if held.due_at is not None:
        _forget_date(held)
        session().flush()
        _record(actor, "rule:unschedule", held)


def roll_back(actor: Actor, rule_set: str, *, seen: int, reason: str, to: int | None = None) -> RuleSetVersion:
    """Put the version before the one in force (or an earlier one, `to`) back. `seen`: the one in force as the actor
    saw it. Raises StaleVersion, NoWayBack, ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    pointer = session().get(RuleSetPointer, rule_set, with_for_update=True, populate_existing=True)
    if pointer is None:
        raise queries.NoSuchRuleSet(rule_set=rule_set)
    if pointer.number != seen:
        raise StaleVersion(seen=seen, current=pointer.number)
    back = to if to is not None else queries.get_version(pointer.version_id).replaced
    version = None if back is None else queries.numbered_version(rule_set, back)
    if version is None or version.status != "retired":
        raise NoWayBack
    put_in_force(actor, queries.lock_version(version.id), reason=reason, action="rule:roll-back")
    return version


def discard(actor: Actor, version: RuleSetVersion, reason: str = "") -> None:
    """Give up a version that never came into force. It stays to be read. Raises NotOpen."""
    held = queries.lock_version(version.id)
    if held.status not in ("draft", "tested", "approved"):
        raise NotOpen(number=held.number, rule_set=held.rule_set)
    _forget_date(held)
    held.status = "discarded"
    session().flush()
    _record(actor, "rule:discard", held, reason=reason)
    tell_moved(actor, held)


def put_in_force(actor: Actor, version: RuleSetVersion, *, reason: str = "", action: str = "rule:activate") -> None:
    """From the next transaction on this version decides; the one before is retired."""
    pointer = session().get(RuleSetPointer, version.rule_set, with_for_update=True, populate_existing=True)
    before = None
    if pointer is None:
        pointer = RuleSetPointer(rule_set=version.rule_set)
        session().add(pointer)
    elif pointer.version_id != version.id:
        before = pointer.number
        queries.get_version(pointer.version_id).status = "retired"
    if version.activated_at is None:
        version.replaced = before
    pointer.version_id, pointer.number, pointer.sha256 = version.id, version.number, version.sha256
    version.status, version.activated_at, version.activated_by = "active", clock.now(), actor.name
    version.due_at = None
    session().flush()
    forget_pointers()
    _record(actor, action, version, before=before, reason=reason)


def tell_moved(actor: Actor, version: RuleSetVersion) -> None:
    """Tell those who registered of it; what the program does by itself is told to nobody."""
    if actor.kind != "system":
        for name in on_moved:
            on_moved.get(name)(actor, version)


def forget_pointers() -> None:
    """Make this transaction ask again which versions are in force."""
    info().pop(POINTERS, None)


@jobs.handler.register(JOB)
def come_into_force(job: Job) -> None:
    """The date of an approved version has come. A version that was decided on otherwise meanwhile is left alone."""
    version = queries.lock_version(job.source_ref)
    if version.status != "approved":
        log.warning("rules.date_passed_over", rule_set=version.rule_set, version=version.number, status=version.status)
        return
    put_in_force(SYSTEM, version, reason=str(job.payload.get("reason", "")))


def _set_date(actor: Actor, version: RuleSetVersion, at: datetime, reason: str) -> None:
    if at <= clock.now():
        raise DateMissed
    jobs.schedule(
        [NewJob(JOB, at, SOURCE, version.rule_set, version.id, name=version.name, payload={"reason": reason})]
    )
    version.due_at = at
    session().flush()
    _record(actor, "rule:schedule", version, at=at.isoformat(), reason=reason)


def _forget_date(version: RuleSetVersion) -> None:
    jobs.cancel_of(SOURCE, version.rule_set, [version.id])
    version.due_at = None


def _refuse_own(actor: Actor, version: RuleSetVersion) -> None:
    if actor.kind != "system" and actor.id in {version.author_id, *version.editors}:
        raise OwnVersion


def _record(actor: Actor, action: str, version: RuleSetVersion, **details: Any) -> None:
    told = {name: value for name, value in details.items() if value not in (None, "")}
    subject = Subject("rule_set", version.rule_set)
    audit.record(actor, action, subject, version=version.number, sha256=version.sha256, **told)
