"""Reads of papers, and whether they are still what was made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import aliased

from app.audit.models import AuditEntry, Signature
from app.audit.queries import subject_labels
from app.audit.signatures import stored_otherwise
from app.core import jsontext
from app.core.db import session
from app.core.errors import NotFound
from app.core.subject import Subject
from app.documents.models import Document

RECORDED = ("document:issue", "document:supersede")


def get_document(document_id: str) -> Document:
    """The document. Raises NotFound."""
    found = session().get(Document, document_id)
    if found is None:
        raise NotFound(document=document_id)
    return found


def documents_of(subject: Subject, kind: str = "") -> list[Document]:
    """The papers about the subject (of that kind), the newest first; superseded versions included."""
    wanted = select(Document).where(Document.subject_kind == subject.kind, Document.subject_id == subject.id)
    if kind:
        wanted = wanted.where(Document.kind == kind)
    return list(session().scalars(wanted.order_by(Document.made_at.desc(), Document.version.desc(), Document.number)))


def latest_of(subject: Subject, kind: str) -> Document | None:
    """The newest paper of that kind about the subject. One statement."""
    wanted = select(Document).where(
        Document.subject_kind == subject.kind, Document.subject_id == subject.id, Document.kind == kind
    )
    return session().scalars(wanted.order_by(Document.made_at.desc(), Document.version.desc()).limit(1)).first()


def versions_of(number: str) -> list[Document]:
    """Every version under that number, the newest first."""
    return list(session().scalars(select(Document).where(Document.number == number).order_by(Document.version.desc())))


def newest_version(number: str) -> int:
    """The highest version under that number; 0 when there is none."""
    return int(session().scalar(select(func.max(Document.version)).where(Document.number == number)) or 0)


def newest_list(kinds: Collection[str], *, kind: str = "", q: str = "") -> Select[Any]:
    """The newest version of each paper about subjects of these kinds, newest first, to be paged; `kind` of paper, `q`
    the beginning of a number."""
    later = aliased(Document)
    newer = select(later.id).where(later.number == Document.number, later.version > Document.version).exists()
    wanted: Any = select(Document).where(Document.subject_kind.in_(kinds), ~newer)
    if kind:
        wanted = wanted.where(Document.kind == kind)
    if q:
        escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        wanted = wanted.where(Document.number.like(f"{escaped}%", escape="\\"))
    listed: Select[Any] = wanted.order_by(Document.made_at.desc(), Document.id.desc())
    return listed


def fingerprint(document: Document) -> str:
    """SHA-256 over kind, number, version, subject and content."""
    covered = {
        "kind": document.kind,
        "number": document.number,
        "version": document.version,
        "subject": [document.subject_kind, document.subject_id],
        "content": document.content,
    }
    return jsontext.digest(covered)


def altered(documents: Sequence[Document]) -> set[str]:
    """Ids of those that are not what the audit trail says was made. One statement, however many they are."""
    subjects = {(one.subject_kind, one.subject_id) for one in documents}
    if not subjects:
        return set()
    recorded = select(AuditEntry.details).where(
        tuple_(AuditEntry.subject_kind, AuditEntry.subject_id).in_(subjects), AuditEntry.action.in_(RECORDED)
    )
    made = {
        (told.get("document"), told.get("version")): told.get("sha256") for told in session().scalars(recorded).all()
    }
    return {one.id for one in documents if not fingerprint(one) == one.sha256 == made.get((one.number, one.version))}


@stored_otherwise.register("document")
def signed_otherwise(signatures: Sequence[Signature]) -> dict[str, list[str]]:
    """For each signature the part `document`, when that is not stored as it was signed."""
    wanted = select(Document).where(Document.id.in_({one.subject_id for one in signatures}))
    found = {one.id: one for one in session().scalars(wanted.execution_options(populate_existing=True))}
    changed = altered(list(found.values()))
    return {one.id: [] if _stands(one, found, changed) else ["document"] for one in signatures}


def _stands(signature: Signature, found: Mapping[str, Document], changed: set[str]) -> bool:
    document, told = found.get(signature.subject_id), signature.manifest.get("document")
    return (
        document is not None
        and document.id not in changed
        and isinstance(told, dict)
        and (told.get("number"), told.get("version"), told.get("sha256"))
        == (document.number, document.version, document.sha256)
    )


@subject_labels.register("document")
def labels(ids: Collection[str]) -> dict[str, str]:
    """Numbers of documents, by id."""
    rows = session().execute(select(Document.id, Document.number).where(Document.id.in_(ids)))
    return {row.id: row.number for row in rows}
