"""/documents: papers, their versions and files."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from sqlalchemy.exc import IntegrityError

from app.audit import signatures
from app.audit.queries import labels_by_id
from app.core import menu, web
from app.core.downloads import attachment
from app.core.errors import NotFound
from app.core.i18n import LANGUAGES, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.documents import files, queries
from app.documents.kinds import KINDS
from app.documents.models import Document, DocumentFile
from app.documents.permissions import DOCUMENT_READ, may_read, readable_kinds
from app.documents.showing import shown_signatures

bp = Blueprint("documents", __name__)
menu.add(_l("Papers"), "documents.list_documents", icon="file-text", right=DOCUMENT_READ, section="quality", order=40)


@bp.get("/documents")
@requires(DOCUMENT_READ)
def list_documents() -> str:
    """The newest version of each paper that the reader may see; found by kind and number."""
    kind, q = request.args.get("kind", ""), request.args.get("q", "").strip()[:64]
    kind = kind if kind in KINDS else ""
    wanted = queries.newest_list(readable_kinds(current_actor()), kind=kind, q=q)
    page = paginate(wanted, request.args.get("page", 1, type=int))
    choices = {name: value for name, value in {"q": q, "kind": kind}.items() if value}
    return render_template(
        "documents/_list.html" if web.is_fragment() else "documents/list.html",
        page=page,
        choices=choices,
        kinds=KINDS,
        labels=_labels(page.items),
    )


def _labels(documents: list[Document]) -> dict[tuple[str, str], str]:
    """What people call the subjects; one statement per kind."""
    by_kind: dict[str, set[str]] = {}
    for one in documents:
        by_kind.setdefault(one.subject_kind, set()).add(one.subject_id)
    return {(kind, key): label for kind, ids in by_kind.items() for key, label in labels_by_id(kind, ids).items()}


@bp.get("/documents/<document_id>")
@requires(DOCUMENT_READ)
def show_document(document_id: str) -> str:
    """One version: what it is about, its hash, signatures, files, other versions."""
    document = _readable(document_id)
    found = signatures.signatures_of(Subject("document", document.id))
    return render_template(
        "documents/document.html",
        document=document,
        kind=KINDS[document.kind],
        versions=queries.versions_of(document.number),
        files=files.files_of(document),
        altered=document.id in queries.altered([document]),
        signatures=shown_signatures(found),
        label=_labels([document]).get((document.subject_kind, document.subject_id), ""),
    )


@bp.get("/documents/<document_id>/<language>.pdf")
@web.opens_own_transactions
@requires(DOCUMENT_READ)
def download(document_id: str, language: str) -> Response:
    """The PDF in that language; printed and kept the first time, outside any transaction."""
    if language not in LANGUAGES:
        raise NotFound(language=language)
    found = web.in_transaction(lambda: _kept_or_draft(document_id, language), write=False)
    if isinstance(found, files.Draft):
        found = _keep(found, files.printed(found))
    number, version, pdf, sha256 = found
    response = attachment(pdf, f"{number}-v{version}-{language}.pdf", "application/pdf")
    response.headers["X-Document-SHA256"] = sha256
    return response


File = tuple[str, int, bytes, str]


def _kept_or_draft(document_id: str, language: str) -> File | files.Draft:
    document = _readable(document_id)
    found = files.kept(document, language)
    return files.draft(document, language) if found is None else _as_file(document, found)


def _as_file(document: Document, found: DocumentFile) -> File:
    return document.number, document.version, found.pdf, found.sha256


def _keep(one: files.Draft, pdf: bytes) -> File:
    document = one.document

    def store() -> File:
        there = files.kept(document, one.language)
        return _as_file(document, there if there is not None else files.keep(one, pdf))

    try:
        return web.in_transaction(store, write=True)
    except IntegrityError:  # it was signed or printed by others again and again meanwhile
        raise NotFound(document=document.id) from None


def _readable(document_id: str) -> Document:
    document = queries.get_document(document_id)
    if not may_read(current_actor(), document.subject):
        raise NotFound(document=document_id)
    return document
