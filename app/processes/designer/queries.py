"""Reads: drafts, who has one open, what a version came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, or_, select
from sqlalchemy.orm import defer

from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.paging import Page, paginate
from app.processes.designer.models import OPEN, DraftRevision, DraftVisit, ProcessDraft, ProcessKey
from app.processes.models import ProcessDefinition
from app.processes.models import ProcessDefinitionFlags as Flags

LATELY = timedelta(seconds=70)
"""Who was heard of within this time has the draft open; a page tells of itself every 20 seconds."""

_LIGHT = (defer(ProcessDraft.xml), defer(ProcessDraft.forms), defer(ProcessDraft.scenarios))
"""For lists: without what makes a draft large."""


class NoSuchDraft(NotFound):
    """There is no draft of that id."""

    message = _l("There is no such draft of a process.")


def get_draft(draft_id: str) -> ProcessDraft:
    """A draft by id. Raises NoSuchDraft."""
    found = session().get(ProcessDraft, draft_id)
    if found is None:
        raise NoSuchDraft(id=draft_id[:26])
    return found


def lock_draft(draft_id: str) -> ProcessDraft:
    """A draft as it is now, held until the transaction ends. Raises NoSuchDraft."""
    found = session().get(ProcessDraft, draft_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NoSuchDraft(id=draft_id[:26])
    return found


def drafts(*, number: int = 1, size: int = 50) -> Page[ProcessDraft]:
    """All drafts, the open ones first, then by their last change."""
    first = case((ProcessDraft.status.in_(OPEN), 0), else_=1)
    return paginate(
        select(ProcessDraft).options(*_LIGHT).order_by(first, ProcessDraft.changed_at.desc(), ProcessDraft.id),
        number,
        size,
    )


def waiting_for(user_id: str) -> int:
    """How many drafts wait for the review of that user, who wrote on none of them. One statement."""
    found = select(ProcessDraft.editors).where(ProcessDraft.status == "review")
    return sum(user_id not in editors for editors in session().scalars(found))


def open_drafts(key: str, *, but: str = "") -> list[ProcessDraft]:
    """The drafts of a process that are not decided yet, the latest first, at most 20."""
    statement = (
        select(ProcessDraft)
        .options(*_LIGHT)
        .where(ProcessDraft.key == key, ProcessDraft.status.in_(OPEN), ProcessDraft.id != but)
    )
    return list(session().scalars(statement.order_by(ProcessDraft.changed_at.desc()).limit(20)))


@dataclass(frozen=True)
class Drafting:
    """How a version of a process is changed: is the process governed, does the version start anything, the open drafts
    of the process, the draft it came from (if it did)."""

    governed: bool
    active: bool
    drafts: list[ProcessDraft]
    origin: ProcessDraft | None


def drafting(key: str, version_id: str) -> Drafting:
    """Two statements."""
    governed = select(ProcessKey.governed).where(ProcessKey.key == key).scalar_subquery()
    suspended = select(Flags.suspended).where(Flags.definition_id == version_id).scalar_subquery()
    settled = session().execute(select(governed.label("governed"), suspended.label("suspended"))).one()
    which = or_(ProcessDraft.status.in_(OPEN), ProcessDraft.version_id == version_id)
    statement = select(ProcessDraft).options(*_LIGHT)
    found = session().scalars(
        statement.where(ProcessDraft.key == key, which).order_by(ProcessDraft.id.desc()).limit(30)
    )
    rows = list(found)
    origin = next((one for one in rows if one.version_id == version_id), None)
    opened = [one for one in rows if one.status in OPEN]
    return Drafting(bool(settled.governed), not settled.suspended, opened, origin)


def draft_of(version_id: str) -> ProcessDraft | None:
    """The draft that a version came from; None for one that was deployed otherwise."""
    statement = select(ProcessDraft).where(ProcessDraft.version_id == version_id)
    return session().scalars(statement.order_by(ProcessDraft.id.desc()).limit(1)).first()


def revision_of(draft_id: str, revision: int) -> DraftRevision | None:
    """A draft as it was saved; None when that is not kept (any more)."""
    return session().get(DraftRevision, (draft_id, revision))


def others_at(draft_id: str, user_id: str) -> list[DraftVisit]:
    """Who else has the draft open, by name."""
    statement = select(DraftVisit).where(
        DraftVisit.draft_id == draft_id,
        DraftVisit.user_id != user_id,
        DraftVisit.seen_at > clock.now() - LATELY,
    )
    return list(session().scalars(statement.order_by(DraftVisit.name)))


def version_row(version_id: str | None) -> Any:
    """(id, key, version, name, xml, forms) of a version; None when there is none."""
    if version_id is None:
        return None
    columns = (
        *(ProcessDefinition.id, ProcessDefinition.key, ProcessDefinition.version, ProcessDefinition.name),
        *(ProcessDefinition.xml, ProcessDefinition.forms),
    )
    return session().execute(select(*columns).where(ProcessDefinition.id == version_id)).one_or_none()


def version_id(key: str, number: int) -> str:
    """The id of a version of a process. Raises NotFound."""
    statement = select(ProcessDefinition.id).where(ProcessDefinition.key == key, ProcessDefinition.version == number)
    found = session().scalar(statement) if number < 2**31 else None
    if found is None:
        raise NotFound(version=str(number)[:20])
    return found
