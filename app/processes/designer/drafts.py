"""Drafts: begun from a version, a file or nothing; saved; branched; given up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete

from app.audit.service import record
from app.core import clock, ids, jsontext
from app.core.db import session
from app.core.errors import Conflict, Invalid, StaleVersion
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes.definitions import ProcessNotFound, deployed, in_force
from app.processes.designer import governing, queries
from app.processes.designer.models import DraftRevision, DraftVisit, ProcessDraft
from app.processes.designer.remarks import with_remarks
from app.processes.designer.scenarios import read_scenarios
from app.processes.engine import as_text, processes_in

KEPT_REVISIONS = 50
_KEY = re.compile(r"[A-Za-z_][\w.-]{0,63}\Z", re.ASCII)
STATUS_NAMES: dict[str, LazyString] = {
    "draft": _l("Draft"),
    "review": _l("In review"),
    "approved": _l("Approved"),
    "live": _l("Live"),
    "discarded": _l("Discarded"),
}


class NoDraft(Conflict):
    """What was sent for review is written again only after it came back."""

    message = _l("This draft is not open for changes: it is “%(status)s”.")


class OtherProcess(Conflict):
    """A draft stays one of its process."""

    message = _l("The diagram is of the process “%(found)s”, the draft of “%(key)s”: keep the id of the process.")


def begin(actor: Actor, key: str, title: str, *, version: int | None = None) -> ProcessDraft:
    """A draft with diagram, forms and scenarios of a version (default: the one in force). Raises ProcessNotFound."""
    made = in_force(key) if version is None else deployed(queries.version_id(key, version))
    xml = made.definition.xml.decode()
    return _store(actor, key, title, xml, forms=made.forms, scenarios=governing.scenarios_of(key), base_id=made.id)


def begin_with(actor: Actor, xml: bytes, title: str, *, forms: Mapping[str, Any] | None = None) -> ProcessDraft:
    """A draft with a diagram that was made elsewhere; where its process is in force, it is compared to that. Raises
    DiagramRefused, Invalid."""
    text = as_text(xml)
    keys = processes_in(text.encode())
    if not keys:
        raise Invalid({"file": [_("The diagram has no process that can be run.")]})
    if not is_key(keys[0]):
        raise Invalid({"file": [_("The id of a process has at most %(limit)s letters.", limit=64)]})
    try:
        base = in_force(keys[0])
    except ProcessNotFound:
        return _store(actor, keys[0], title, text, forms=forms or {})
    kept = {**base.forms, **(forms or {})}
    found = governing.scenarios_of(keys[0])
    return _store(actor, keys[0], title, text, forms=kept, scenarios=found, base_id=base.id)


def save(actor: Actor, draft_id: str, revision: int, xml: bytes) -> ProcessDraft:
    """Write the diagram again, with the comments it had; one that says the same stays as it is.

    Raises NoDraft, StaleVersion (somebody saved meanwhile), DiagramRefused (it cannot be read), OtherProcess.
    """
    held = hold(draft_id, revision)
    text = as_text(xml)
    keys = processes_in(text.encode())
    if keys and keys[0] != held.key:
        raise OtherProcess(found=keys[0][:64], key=held.key)
    text = with_remarks(held.xml, text)
    if text != held.xml:
        held.xml = text
        note_change(actor, held)
    return held


def save_scenarios(actor: Actor, draft_id: str, revision: int, text: str) -> ProcessDraft:
    """Write the scenarios again. Raises NoDraft, StaleVersion, ScenariosInvalid."""
    held = hold(draft_id, revision)
    read_scenarios(text)
    if text != held.scenarios:
        held.scenarios = text
        note_change(actor, held)
    return held


def save_form(actor: Actor, draft_id: str, revision: int, key: str, schema: Mapping[str, Any]) -> ProcessDraft:
    """Write a form of the draft again, or add it. Raises NoDraft, StaleVersion, Invalid."""
    held = hold(draft_id, revision)
    if not is_key(key):
        raise Invalid({"key": [_("A name of letters, digits, “_” and “-”, at most %(limit)s.", limit=64)]})
    forms = {**held.forms, key: jsontext.plain(dict(schema))}
    if forms != held.forms:
        held.forms = forms
        note_change(actor, held)
    return held


def rename(actor: Actor, draft_id: str, title: str) -> None:
    """Call it otherwise. Raises NoDraft."""
    held = queries.lock_draft(draft_id)
    _refuse_closed(held)
    held.title = titled(title)
    held.changed_by, held.changed_at = actor.name, clock.now()
    session().flush()


def branch(actor: Actor, draft_id: str, xml: bytes, title: str) -> ProcessDraft:
    """What somebody drew becomes a draft of its own, beside the one it was drawn in. Raises DiagramRefused,
    OtherProcess."""
    other = queries.get_draft(draft_id)
    text = as_text(xml)
    keys = processes_in(text.encode())
    if keys and keys[0] != other.key:
        raise OtherProcess(found=keys[0][:64], key=other.key)
    return _store(
        actor,
        other.key,
        title,
        with_remarks(other.xml, text),
        forms=other.forms,
        scenarios=other.scenarios,
        base_id=other.base_id,
        branched_from=other.id,
    )


def discard(actor: Actor, draft_id: str, reason: str) -> None:
    """Give it up; it stays to be read. Raises NoDraft."""
    held = queries.lock_draft(draft_id)
    if held.status in ("live", "discarded"):
        raise NoDraft(status=str(STATUS_NAMES[held.status]))
    held.status, held.note = "discarded", reason
    forget_revisions(held.id)
    told(actor, "process-draft:discard", held, reason=reason)


def visit(actor: Actor, draft_id: str, *, changing: bool) -> None:
    """The actor has it open (still), with or without changes that are not saved. Raises NoSuchDraft."""
    queries.get_draft(draft_id)
    row = session().get(DraftVisit, (draft_id, actor.id))
    if row is None:
        row = DraftVisit(draft_id=draft_id, user_id=actor.id, name=actor.name)
        session().add(row)
    row.seen_at, row.changing = clock.now(), changing
    session().flush()


def hold(draft_id: str, revision: int) -> ProcessDraft:
    """A draft to be written, if nobody did since that revision. Raises NoDraft, StaleVersion."""
    held = queries.lock_draft(draft_id)
    _refuse_closed(held)
    if held.revision != revision:
        raise StaleVersion(seen=revision, current=held.revision)
    return held


def _refuse_closed(held: ProcessDraft) -> None:
    if not held.is_draft:
        raise NoDraft(status=str(STATUS_NAMES[held.status]))


def note_change(actor: Actor, held: ProcessDraft) -> None:
    """It was written: the next revision, who did it, and that it was not approved like this."""
    held.revision += 1
    held.changed_at, held.changed_by = clock.now(), actor.name
    held.override = ""
    if actor.id not in held.editors:
        held.editors = [*held.editors, actor.id]
    keep_revision(held)
    told(actor, "process-draft:save", held)


def keep_revision(held: ProcessDraft) -> None:
    """Keep what was saved, and not too many of them."""
    session().add(
        DraftRevision(
            draft_id=held.id,
            revision=held.revision,
            xml=held.xml,
            saved_at=held.changed_at,
            saved_by=held.changed_by,
        )
    )
    session().flush()
    old = (DraftRevision.draft_id == held.id) & (DraftRevision.revision <= held.revision - KEPT_REVISIONS)
    session().execute(delete(DraftRevision).where(old))


def forget_revisions(draft_id: str) -> None:
    """Nobody will merge into it any more."""
    session().flush()
    session().execute(delete(DraftRevision).where(DraftRevision.draft_id == draft_id))
    session().execute(delete(DraftVisit).where(DraftVisit.draft_id == draft_id))


def told(actor: Actor, action: str, held: ProcessDraft, **details: Any) -> None:
    """An entry of the audit trail."""
    session().flush()
    said = {name: value for name, value in details.items() if value not in (None, "")}
    record(actor, action, Subject("process-draft", held.id), process=held.key, revision=held.revision, **said)


def titled(text: str) -> str:
    """A title as it is kept. Raises Invalid when it is empty."""
    found = " ".join(text.split())[:200]
    if not found:
        raise Invalid({"title": [_("This is required.")]})
    return found


def _store(
    actor: Actor,
    key: str,
    title: str,
    xml: str,
    *,
    forms: Mapping[str, Any],
    scenarios: str = "",
    base_id: str | None = None,
    branched_from: str | None = None,
) -> ProcessDraft:
    now = clock.now()
    made = ProcessDraft(
        id=ids.new_id(),
        key=key,
        title=titled(title),
        xml=xml,
        forms=jsontext.plain(dict(forms)),
        scenarios=scenarios,
        status="draft",
        revision=1,
        base_id=base_id,
        branched_from=branched_from,
        author_id=actor.id,
        author_name=actor.name,
        editors=[actor.id],
        created_at=now,
        changed_at=now,
        changed_by=actor.name,
        note="",
        override="",
    )
    session().add(made)
    session().flush()
    keep_revision(made)
    told(actor, "process-draft:begin", made, base=base_id, branched_from=branched_from)
    return made


def is_key(text: str) -> bool:
    """Whether it can be the id of a process, or the name of a form."""
    return _KEY.match(text) is not None
