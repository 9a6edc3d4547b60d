"""Issuing, superseding and signing papers. A version never changes; a new one takes its place under the same number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.audit import signatures
from app.audit.models import Signature
from app.audit.service import exact, record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.documents import queries, retention
from app.documents.content.shapes import to_json
from app.documents.kinds import KINDS, Content
from app.documents.models import Document

ISSUE, SUPERSEDE = "document:issue", "document:supersede"


class Superseded(Conflict):
    """A newer version of the paper stands already."""

    message = _l("%(document)s has a newer version: %(current)s. Look at that one.")


def issue_document(actor: Actor, kind: str, subject: Subject, content: Content) -> Document:
    """Make a paper of a kind (`kinds.KINDS`) about the subject: number, hash, time of retention. Its PDFs are made when
    they are first wanted (`files.pdf_of`). Five statements."""
    known = KINDS[kind]
    return _store(actor, kind, subject, content, number=next_number(known.prefix), version=1, action=ISSUE)


def supersede(actor: Actor, document: Document, content: Content, *, reason: str) -> Document:
    """The next version under the same number. Raises Superseded unless `document` is the newest."""
    newest = queries.newest_version(document.number)
    if newest != document.version:
        raise Superseded(document=document.number, current=newest)
    return _store(
        actor,
        document.kind,
        document.subject,
        content,
        number=document.number,
        version=document.version + 1,
        reason=reason,
        action=SUPERSEDE,
    )


def _store(
    actor: Actor,
    kind: str,
    subject: Subject,
    content: Content,
    *,
    number: str,
    version: int,
    action: str,
    reason: str = "",
) -> Document:
    shape = KINDS[kind].shape
    if not isinstance(content, shape):
        raise TypeError(f"a document of kind {kind!r} holds a {shape.__name__}")
    told: dict[str, Any] = exact(to_json(content))
    now = clock.now()
    made = Document(
        id=new_id(),
        kind=kind,
        number=number,
        version=version,
        subject_kind=subject.kind,
        subject_id=subject.id,
        content=told,
        made_at=now,
        made_by=actor.id,
        made_by_name=exact(actor.name)[:200],
        reason=exact(reason)[:500],
        retain_until=retention.retain_until(clock.local_date(now), content.kept()),
    )
    made.sha256 = queries.fingerprint(made)
    session().add(made)
    session().flush()
    told_why = {"reason": made.reason} if reason else {}
    record(actor, action, subject, document=number, version=version, kind=kind, sha256=made.sha256, **told_why)
    return made


def sign_document(
    actor: Actor,
    document: Document,
    *,
    meaning: str,
    method: str,
    reason: str = "",
    on_behalf_of: tuple[str, str] | None = None,
) -> Signature:
    """Sign this version; the caller has had the actor prove who they are (`method`, see audit/signatures). The next PDF
    that is made bears it. Raises Superseded unless it is the newest."""
    newest = queries.newest_version(document.number)
    if newest != document.version:
        raise Superseded(document=document.number, current=newest)
    return signatures.sign(
        actor,
        Subject("document", document.id),
        manifest_of(document, reason),
        task_id="",
        meaning=meaning,
        method=method,
        on_behalf_of=on_behalf_of,
    )


def manifest_of(document: Document, reason: str) -> Mapping[str, Any]:
    """What a signature on the paper binds."""
    return {
        "document": {"number": document.number, "version": document.version, "sha256": document.sha256},
        "reason": reason,
    }
