"""Verbs on sources, their secrets and their events."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields
from sqlalchemy import select, update

from app.audit.service import record
from app.core import clock, ids, sealing
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from app.core.expressions import ExpressionInvalid, parse
from app.core.fields import Choice, Schema, Text, between
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.refusals import flat_fields
from app.core.subject import Subject
from app.identity import queries as people
from app.identity.models import User
from app.integration import signing
from app.integration.inbound.models import (
    AUTHENTICATIONS,
    FORMATS,
    SIGNATURE,
    HookEvent,
    HookSecret,
    HookSource,
    HookState,
)
from app.integration.inbound.receiving import PURPOSE, forget_doors

MOST_SECRETS = 5
MOST_MASKED = 50
MOST_AT_ONCE = 1000
AGAIN = (HookState.FAILED, HookState.DEAD, HookState.DISCARDED)
"""States from which an event may be replayed; a done one would be done twice."""
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")


class CannotReplay(Conflict):
    """It is done, or about to be."""

    message = _l("This event is %(state)s: only what failed, was given up or discarded can be replayed.")


class TooManySecrets(DomainError):
    """Old ones must be ended first."""

    message = _l("There are %(count)s secrets already. End one first.")


class SourceGiven(Schema):
    """A source as people enter it."""

    code = Text(least=1, most=64, required=True)
    name = Text(most=200, required=True)
    auth = Choice(AUTHENTICATIONS, required=True)
    format = Choice(FORMATS, required=True)
    id_path = Text(least=0, most=500, load_default="")
    key_path = Text(least=0, most=500, load_default="")
    acts_as = Text(most=26, required=True)
    wait_hours = fields.Integer(required=True, validate=between(1, 24 * 30))
    rate = fields.Integer(required=True, validate=between(1, 10_000))
    masked = fields.List(Text(most=200), load_default=list)


def create_source(actor: Actor, given: Mapping[str, Any]) -> HookSource:
    """A new source, without a secret yet. Raises Invalid."""
    values = _checked(actor, given, None)
    made = HookSource(id=ids.new_id(), active=True, created_at=clock.now(), created_by=actor.id, **values)
    session().add(made)
    session().flush()
    record(actor, "hook-source:create", subject_of(made.id), code=made.code, **_told(values))
    forget_doors()
    return made


def change_source(actor: Actor, source: HookSource, given: Mapping[str, Any], *, seen_version: int) -> None:
    """Change what may change: code and authentication stay. Raises Invalid, StaleVersion."""
    if source.version != seen_version:
        raise StaleVersion(seen=seen_version, current=source.version)
    fixed = {"code": source.code, "auth": source.auth}
    values = _checked(actor, {**given, **fixed}, source)
    before = {name: getattr(source, name) for name in values}
    for name, value in values.items():
        setattr(source, name, value)
    session().flush()
    diff = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    record(actor, "hook-source:change", subject_of(source.id), diff=diff)
    forget_doors()


def switch_source(actor: Actor, source: HookSource, *, on: bool) -> None:
    """Take events of it, or no more: then it looks as if it were not there."""
    if source.active != on:
        source.active = on
        session().flush()
        record(actor, "hook-source:switch", subject_of(source.id), on=on)
        forget_doors()


def new_secret(actor: Actor, source: HookSource, *, old_ends_in: timedelta | None = None) -> str:
    """A secret beside those there are, told once; with `old_ends_in` those end then. Raises TooManySecrets."""
    made, secret = make_secret(actor, source.id, signs=source.auth == SIGNATURE, old_ends_in=old_ends_in)
    record(actor, "hook-secret:create", subject_of(source.id), hint=made.hint, old_ends_in=str(old_ends_in or ""))
    forget_doors()
    return secret


def make_secret(
    actor: Actor, owner_id: str, *, signs: bool, old_ends_in: timedelta | None = None
) -> tuple[HookSecret, str]:
    """Store a new secret of an owner: sealed when it signs, else as its hash. Raises TooManySecrets."""
    now = clock.now()
    live = secrets_of(owner_id)
    if len(live) >= MOST_SECRETS:
        raise TooManySecrets(count=len(live))
    for old in live if old_ends_in is not None else ():
        until = now + (old_ends_in or timedelta(0))
        old.ends_at = until if old.ends_at is None else min(old.ends_at, until)
    secret = signing.new_secret() if signs else "yxh_" + secrets.token_urlsafe(32)
    made = HookSecret(
        id=ids.new_id(),
        owner_id=owner_id,
        sealed=sealing.seal(PURPOSE, signing.key_of(secret)) if signs else None,
        digest=None if signs else hashlib.sha256(secret.encode()).hexdigest(),
        hint=secret[:10],
        created_at=now,
        created_by=actor.id,
    )
    session().add(made)
    session().flush()
    return made, secret


def end_secret(actor: Actor, source: HookSource, secret_id: str) -> None:
    """From now on (in other server processes within two seconds) it opens nothing. Raises NotFound."""
    secret = find_secret(source.id, secret_id)
    secret.ends_at = clock.now()
    session().flush()
    record(actor, "hook-secret:end", subject_of(source.id), hint=secret.hint)
    forget_doors()


def find_secret(owner_id: str, secret_id: str) -> HookSecret:
    """The owner's secret. Raises NotFound."""
    found = session().get(HookSecret, secret_id)
    if found is None or found.owner_id != owner_id:
        raise NotFound(secret=secret_id)
    return found


def secrets_of(owner_id: str) -> list[HookSecret]:
    """Those that are good now, the newest first."""
    now = clock.now()
    wanted = select(HookSecret).where(HookSecret.owner_id == owner_id).order_by(HookSecret.id.desc())
    return [one for one in session().scalars(wanted) if one.ends_at is None or one.ends_at > now]


def replay(actor: Actor, wanted: Sequence[HookEvent]) -> int:
    """Carry failed events out again by the mapping that is active now; how many. Others are left as they are."""
    now = clock.now()
    again = [event for event in wanted if event.state in AGAIN][:MOST_AT_ONCE]
    for source_id in sorted({event.source_id for event in again}):
        mine = [event for event in again if event.source_id == source_id]
        source = session().get_one(HookSource, source_id)
        session().execute(
            update(HookEvent)
            .where(HookEvent.seq.in_([event.seq for event in mine]), HookEvent.state.in_(AGAIN))
            .values(
                state=HookState.RECEIVED,
                ready_at=now,
                expires_at=now + timedelta(hours=source.wait_hours),
                attempts=0,
                replays=HookEvent.replays + 1,
                fence=HookEvent.fence + 1,
                finished_at=None,
            )
            .execution_options(synchronize_session=False)
        )
        told = [event.event_id for event in mine[:20]]
        record(actor, "hook-event:replay", subject_of(source_id), count=len(mine), events=told)
    return len(again)


def replay_one(actor: Actor, event: HookEvent) -> None:
    """Raises CannotReplay."""
    if not replay(actor, [event]):
        raise CannotReplay(state=event.state)


def discard(actor: Actor, wanted: Sequence[HookEvent], reason: str) -> int:
    """Failed events that nobody will carry out: no alarm rings for them any more; how many. Raises Invalid."""
    if not reason.strip():
        raise Invalid({"reason": [_("Please give a reason.")]})
    gone = [event for event in wanted if event.state in (HookState.FAILED, HookState.DEAD, HookState.WAITING)]
    for event in gone[:MOST_AT_ONCE]:
        event.state, event.ready_at, event.fence = HookState.DISCARDED, None, event.fence + 1
        event.finished_at = clock.now()
    session().flush()
    for source_id in sorted({event.source_id for event in gone}):
        told = [event.event_id for event in gone if event.source_id == source_id][:20]
        record(actor, "hook-event:discard", subject_of(source_id), reason=reason.strip()[:500], events=told)
    return len(gone)


def wake_early(source_id: str) -> None:
    """What waited for an active mapping, or for anything else, is tried again now."""
    early = (HookEvent.source_id == source_id) & (HookEvent.state == HookState.WAITING)
    session().execute(
        update(HookEvent)
        .where(early, HookEvent.ready_at.is_not(None))
        .values(ready_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def subject_of(source_id: str) -> Subject:
    """Of the audit trail."""
    return Subject("hook-source", source_id)


def _checked(actor: Actor, given: Mapping[str, Any], source: HookSource | None) -> dict[str, Any]:
    try:
        values: dict[str, Any] = SourceGiven().load(dict(given))
    except ValidationError as error:
        raise Invalid(flat_fields(error.messages)) from error
    faults: dict[str, list[str]] = {}
    if source is None and not _CODE.match(values["code"]):
        faults["code"] = [_("Small letters, digits and dashes, as in lims-prod.")]
    elif source is None and session().scalar(select(HookSource.id).where(HookSource.code == values["code"])):
        faults["code"] = [_("This is already in use.")]
    for name in ("id_path", "key_path"):
        try:
            if values[name]:
                parse(values[name])
        except ExpressionInvalid as error:
            faults[name] = [error.sentence()]
    if len(values["masked"]) > MOST_MASKED:
        faults["masked"] = [_("At most %(most)s paths.", most=MOST_MASKED)]
    if source is None or source.acts_as != values["acts_as"]:
        faults |= _acts_as_faults(actor, values["acts_as"])
    if faults:
        raise Invalid(faults)
    return values


def _acts_as_faults(actor: Actor, user_id: str) -> dict[str, list[str]]:
    """Nobody may get more rights through a source than they have: only an administrator chooses any account."""
    user = session().get(User, user_id)
    if user is None or not user.active:
        return {"acts_as": [_("Choose an active account.")]}
    theirs = set(people.actor_of(user).roles)
    if "integration" not in theirs:
        return {"acts_as": [_("The account needs the role “integration”.")]}
    if "admin" not in actor.roles and not theirs <= actor.roles:
        return {"acts_as": [_("This account has roles that you have not: ask an administrator.")]}
    return {}


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("name", "auth", "format", "acts_as", "rate")}
