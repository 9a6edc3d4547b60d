"""The PDF of a document: printed when it is first wanted in a language, then kept and never printed again.

A signature on the document makes a new edition, which bears it. Printing takes a quarter of a second, most of it for
the font; so it is never done inside a step of a process, and outside a transaction where the caller can.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from app.audit import signatures
from app.core import clock, i18n
from app.core.db import session
from app.core.ids import new_id
from app.core.subject import Subject
from app.documents.content.shapes import from_json
from app.documents.content.signing import signature_blocks
from app.documents.kinds import KINDS
from app.documents.models import Document, DocumentFile
from app.documents.paper.blocks import Layout
from app.documents.paper.printing import Heading, print_paper


@dataclass(frozen=True)
class Draft:
    """What is to be printed; needs no database any more."""

    document: Document
    language: str
    edition: int
    heading: Heading
    layout: Layout


def kept(document: Document, language: str) -> DocumentFile | None:
    """The file of the present edition with its bytes, if it was printed. Two statements."""
    edition = len(signatures.signatures_of(Subject("document", document.id)))
    wanted = select(DocumentFile).where(
        DocumentFile.document_id == document.id, DocumentFile.language == language, DocumentFile.edition == edition
    )
    return session().scalars(wanted.options(undefer(DocumentFile.pdf))).first()


def draft(document: Document, language: str) -> Draft:
    """Lay the document out with the signatures on it, checked now."""
    kind = KINDS[document.kind]
    found = signatures.signatures_of(Subject("document", document.id))
    with i18n.reading(language):
        layout = [
            *kind.lay_out(from_json(kind.shape, document.content)),
            *signature_blocks(found, signatures.faults_of(found)),
        ]
        heading = Heading(
            title=str(kind.name),
            number=document.number,
            version=document.version,
            made_at=document.made_at,
            sha256=document.sha256,
            across=kind.across,
        )
    return Draft(document, language, len(found), heading, layout)


def printed(one: Draft) -> bytes:
    """The PDF of the draft. No statements."""
    with i18n.reading(one.language):
        return print_paper(one.heading, one.layout)


def keep(one: Draft, pdf: bytes) -> DocumentFile:
    """Store the file. Raises IntegrityError when somebody was faster: then that one counts (`kept`)."""
    made = DocumentFile(
        id=new_id(),
        document_id=one.document.id,
        language=one.language,
        edition=one.edition,
        pdf=pdf,
        sha256=hashlib.sha256(pdf).hexdigest(),
        made_at=clock.now(),
        retain_until=one.document.retain_until,
    )
    session().add(made)
    session().flush()
    return made


def pdf_of(document: Document, language: str) -> DocumentFile:
    """The file, printed and kept if it was not: for jobs and tests; pages print outside a transaction."""
    found = kept(document, language)
    if found is None:
        one = draft(document, language)
        found = keep(one, printed(one))
    return found


def files_of(document: Document) -> list[DocumentFile]:
    """What was printed, without the bytes, oldest first."""
    wanted = select(DocumentFile).where(DocumentFile.document_id == document.id)
    return list(session().scalars(wanted.order_by(DocumentFile.made_at, DocumentFile.id)))
