"""Versions of a source's mapping: one draft at a time, then active; the one before is retired."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from app.audit.service import record
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound, StaleVersion
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.integration.inbound import mapping
from app.integration.inbound.models import ACTIVE, DRAFT, RETIRED, HookMapping, HookSource
from app.integration.inbound.service import subject_of, wake_early

LONGEST_SAMPLE = 200_000
EMPTY: dict[str, Any] = {
    "rules": [{"name": "", "when": "", "action": "", "fields": {}, "variables": {}}],
    "otherwise": mapping.IGNORE,
}


class NoDraft(Conflict):
    """There is nothing to put into force."""

    message = _l("There is no draft of the mapping. Save one first.")


def versions_of(source_id: str) -> list[HookMapping]:
    """The newest first."""
    wanted = select(HookMapping).where(HookMapping.source_id == source_id).order_by(HookMapping.version.desc())
    return list(session().scalars(wanted.limit(100)))


def get_mapping(source_id: str, version: int) -> HookMapping:
    """Raises NotFound."""
    wanted = select(HookMapping).where(HookMapping.source_id == source_id, HookMapping.version == version)
    found = session().scalar(wanted)
    if found is None:
        raise NotFound(version=version)
    return found


def current(source_id: str) -> HookMapping | None:
    """What a designer works on: the draft, else the active one."""
    wanted = select(HookMapping).where(HookMapping.source_id == source_id, HookMapping.status.in_((DRAFT, ACTIVE)))
    return session().scalars(wanted.order_by(HookMapping.version.desc())).first()


def active(source_id: str) -> HookMapping | None:
    """The one in force."""
    wanted = select(HookMapping).where(HookMapping.source_id == source_id, HookMapping.status == ACTIVE)
    return session().scalars(wanted).first()


def save_draft(actor: Actor, source: HookSource, body: Any, sample: str, *, seen: int | None) -> HookMapping:
    """Keep the draft; `seen` is the revision of the draft it was made from (None: there was none).

    Raises Invalid with every fault, StaleVersion.
    """
    checked = mapping.checked(body)
    if len(sample) > LONGEST_SAMPLE:
        raise Invalid({"sample": [_("At most %(most)s characters.", most=LONGEST_SAMPLE)]})
    now = clock.now()
    wanted = select(HookMapping).where(HookMapping.source_id == source.id, HookMapping.status == DRAFT)
    draft = session().scalar(wanted)
    if (None if draft is None else draft.revision) != seen:
        raise StaleVersion(seen=seen or 0, current=0 if draft is None else draft.revision)
    if draft is None:
        last = session().scalar(select(func.max(HookMapping.version)).where(HookMapping.source_id == source.id))
        draft = HookMapping(
            id=ids.new_id(),
            source_id=source.id,
            version=(last or 0) + 1,
            status=DRAFT,
            created_at=now,
            created_by=actor.id,
            body=checked,
            sample=sample,
            changed_at=now,
        )
        session().add(draft)
    draft.body, draft.sample, draft.changed_at = checked, sample, now
    session().flush()
    record(actor, "hook-mapping:save", subject_of(source.id), version=draft.version)
    return draft


def activate(actor: Actor, source: HookSource, *, despite: str = "") -> HookMapping:
    """Put the draft into force, `despite` what failed in its dry run; what came early is tried again.

    Raises NoDraft.
    """
    wanted = select(HookMapping).where(HookMapping.source_id == source.id, HookMapping.status == DRAFT)
    draft = session().scalar(wanted.with_for_update())
    if draft is None:
        raise NoDraft
    mapping.checked(draft.body)
    session().execute(
        update(HookMapping)
        .where(HookMapping.source_id == source.id, HookMapping.status == ACTIVE)
        .values(status=RETIRED)
        .execution_options(synchronize_session=False)
    )
    draft.status, draft.activated_at, draft.activated_by = ACTIVE, clock.now(), actor.id
    session().flush()
    wake_early(source.id)
    told = {"despite": despite[:1000]} if despite else {}
    record(actor, "hook-mapping:activate", subject_of(source.id), version=draft.version, **told)
    return draft
