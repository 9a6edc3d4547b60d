"""Papers: what they say, that they never change, how long they are kept, who may open them."""

from __future__ import annotations

import hashlib
from datetime import date

import pypdfium2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.audit import signatures
from app.audit.queries import entries_of
from app.core import clock, i18n
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import profiles
from app.documents import files, queries, retention, service
from app.documents.content.shapes import from_json, to_json
from app.documents.kinds import KINDS
from app.documents.models import Document
from app.documents.paper.printing import Heading, print_paper
from app.documents.retention import Kept, Terms
from tests.documents.samples import AT, goods, samples
from tests.identity.factories import actor_for, make_user, sign_in

SUBJECT = Subject("order", "0" * 26)
CHINA = Terms(after_expiry=2, at_least=5, implants=None)


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_says_all_of_it(kind):
    known, content = KINDS[kind], samples()[kind]
    assert from_json(known.shape, to_json(content)) == content
    both = kind == "delivery_note"  # a second language takes as long again, and says the same
    for language, title in (("zh_Hans", "有序"), ("en", str(known.name)))[not both :]:
        with i18n.reading(language):
            heading = Heading(str(known.name), f"{known.prefix}-2026-000001", 3, AT, "ab" * 32, known.across)
            pdf = print_paper(heading, known.lay_out(content))
            if kind == "delivery_note":
                assert pdf == print_paper(heading, known.lay_out(content)), "the same bytes for the same content"
        said = "".join(pages(pdf)).replace("\r\n", "")
        assert title in said
        assert "ab" * 32 in said
        assert len(pdf) < 80_000, "only the glyphs that are used"
        if kind in ("delivery_note", "recall_notice"):
            assert all(part in said for part in ("L0001", "SN000002", "2029-05-31", "06912345000017", "MHV-27A"))
    if kind == "delivery_note":
        for part in (
            "国械注准20263130001",
            "示范心血管器械股份有限公司",
            "苏药监械生产许20260009号",
            "沪浦药监械经营许20260001号",
        ):
            assert part in said


def test_two_hundred_lines_go_on_page_after_page_with_their_head():
    content = samples(200)["delivery_note"]
    kind = KINDS["delivery_note"]
    with i18n.reading("zh_Hans"):
        said = pages(print_paper(Heading("随货同行单", "DN-1", 1, AT, "ab" * 32, across=True), kind.lay_out(content)))
    assert len(said) > 20
    for place, page in enumerate(said, 1):
        assert f"第 {place} 页，共 {len(said)} 页" in page
        assert "批号／序列号" in page
    lots = [lot for page in said for lot in (f"L{number:04d}" for number in range(1, 201)) if lot in page]
    assert lots == [f"L{number:04d}" for number in range(1, 201)], "each once, in order"
    with i18n.reading("en"):  # one row longer than a page
        long = samples()["delivery_note"].__class__(
            **{**vars(content), "goods": (goods(serials=tuple(f"SER{number:05d}" for number in range(150))),)}
        )
        said = "".join(pages(print_paper(Heading("D", "DN-1", 1, AT, "", across=True), kind.lay_out(long))))
    assert all(f"SER{number:05d}" in said for number in range(150))


def test_versions_stand_beside_each_other_and_are_on_record(tx):
    first = service.issue_document(SYSTEM, "delivery_note", SUBJECT, samples()["delivery_note"])
    assert (first.number, first.version) == (f"DN-{clock.today().year}-000001", 1)
    second = service.supersede(SYSTEM, first, samples(2)["delivery_note"], reason="one line more")
    assert (second.number, second.version) == (first.number, 2)
    with pytest.raises(service.Superseded):
        service.supersede(SYSTEM, first, samples()["delivery_note"], reason="too late")
    other = service.issue_document(SYSTEM, "pick_list", SUBJECT, samples()["pick_list"])
    assert other.number.startswith("PL-")
    assert queries.latest_of(SUBJECT, "delivery_note") is second
    assert [one.action for one in entries_of(SUBJECT)] == ["document:issue", "document:supersede", "document:issue"]
    assert queries.altered([first, second, other]) == set()
    with pytest.raises(TypeError):
        service.issue_document(SYSTEM, "pick_list", SUBJECT, samples()["delivery_note"])


def test_a_file_is_printed_once_and_a_signature_makes_a_new_edition(tx, monkeypatch):
    qa = actor_for(make_user(roles=("qa_ra",), name="Quentin"))
    made = service.issue_document(SYSTEM, "certificate", SUBJECT, samples()["certificate"])
    plain = files.pdf_of(made, "en")
    assert hashlib.sha256(plain.pdf).hexdigest() == plain.sha256
    monkeypatch.setattr(files, "print_paper", lambda *_: pytest.fail("printed again"))
    assert files.pdf_of(made, "en") is plain
    monkeypatch.undo()
    service.sign_document(qa, made, meaning="release", method="password", reason="all tests passed")
    signed = files.pdf_of(made, "en")
    assert (plain.edition, signed.edition) == (0, 1)
    said = "".join(pages(signed.pdf))
    for part in (
        "Quentin",
        "Release for distribution",
        "all tests passed",
        "password, within",
        "Valid: what was signed",
    ):
        assert part in said
    assert "INVALID" not in said


def test_what_is_altered_past_the_server_is_found(tx):
    qa = actor_for(make_user(roles=("qa_ra",)))
    made = service.issue_document(SYSTEM, "certificate", SUBJECT, samples()["certificate"])
    service.sign_document(qa, made, meaning="release", method="password")
    unprotect(tx, "documents")
    tx.execute(
        text("UPDATE documents SET reason = 'x'")
    )  # not covered by the hash, but refused by the trigger otherwise
    assert queries.altered([made]) == set()
    changed = {**made.content, "report_no": "IR-0"}
    tx.execute(Document.__table__.update().values(content=changed))
    tx.expire_all()
    assert queries.altered([made]) == {made.id}
    (signature,) = signatures.signatures_of(Subject("document", made.id))
    (fault,) = signatures.faults_of([signature])[signature.id]
    assert (fault.kind, fault.part) == ("content", "document")
    assert "INVALID" in "".join(pages(files.pdf_of(made, "en").pdf))


def unprotect(tx, table: str) -> None:
    if tx.get_bind().dialect.name == "sqlite":
        tx.execute(text(f"DROP TRIGGER {table}_no_update"))
    else:
        tx.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def test_how_long_papers_are_kept():
    day = date(2026, 11, 23)
    assert retention.retain_until(day, [], CHINA) == date(2031, 11, 23)
    assert retention.retain_until(day, [Kept(date(2028, 2, 29), False)], CHINA) == date(2031, 11, 23)
    assert retention.retain_until(day, [Kept(date(2030, 6, 1), False), Kept(None, False)], CHINA) == date(2032, 6, 1)
    assert retention.retain_until(day, [Kept(date(2028, 1, 1), True)], CHINA) is None
    assert retention.retain_until(date(2024, 2, 29), [], CHINA) == date(2029, 3, 1)
    assert profiles.retention_terms() == CHINA
    profiles.use("eu")
    try:
        assert retention.retain_until(day, [Kept(None, True)], profiles.retention_terms()) == date(2041, 11, 23)
        profiles.use("us")
        assert profiles.retention_terms() is None, "what no source says is kept for ever"
    finally:
        profiles.use("cn")


def test_nothing_is_deleted_before_its_time(tx):
    made = service.issue_document(SYSTEM, "certificate", SUBJECT, samples()["certificate"])
    assert made.retain_until == date(2031, 11, 23)
    files.pdf_of(made, "en")
    content = samples()["certificate"]
    implant = content.__class__(**{**vars(content), "goods": goods(implantable=True)})
    assert service.issue_document(SYSTEM, "certificate", SUBJECT, implant).retain_until is None
    for statement in (
        "DELETE FROM document_files",
        "DELETE FROM documents",
        "UPDATE documents SET retain_until = '2000-01-01'",
        "UPDATE document_files SET sha256 = ''",
    ):
        with pytest.raises(DatabaseError, match="append-only"), tx.begin_nested():
            tx.execute(text(statement))
    unprotect(tx, "documents")
    old = date(2001, 1, 1)
    tx.execute(Document.__table__.insert().values({**row_of(made), "id": "1" * 26, "number": "X", "retain_until": old}))
    assert tx.execute(text("DELETE FROM documents WHERE number = 'X'")).rowcount == 1


def row_of(document: Document) -> dict[str, object]:
    return {column.name: getattr(document, column.name) for column in Document.__table__.columns}


@pytest.mark.any_database
def test_on_the_pages(tx, client):
    made = service.issue_document(SYSTEM, "delivery_note", SUBJECT, samples()["delivery_note"])
    hidden = service.issue_document(SYSTEM, "certificate", Subject("lot", "0" * 26), samples()["certificate"])
    sign_in(client, make_user(roles=("designer",)))  # may see orders, not stock
    listed = client.get("/documents?lang=en").get_data(as_text=True)
    assert made.number in listed
    assert hidden.number not in listed
    assert made.number not in client.get("/documents?kind=pick_list&q=DN").get_data(as_text=True)
    assert client.get(f"/documents/{hidden.id}").status_code == 404
    assert client.get(f"/documents/{hidden.id}/en.pdf").status_code == 404
    assert client.get(f"/documents/{made.id}/xx.pdf").status_code == 404
    for language in ("en", "zh_Hans"):
        answer = client.get(f"/documents/{made.id}/{language}.pdf")
        assert answer.data.startswith(b"%PDF-1.")
        assert answer.headers["X-Document-SHA256"] == hashlib.sha256(answer.data).hexdigest()
        assert client.get(f"/documents/{made.id}/{language}.pdf").data == answer.data
    page = client.get(f"/documents/{made.id}?lang=en").get_data(as_text=True)
    assert made.sha256 in page
    assert "Not opened yet" not in page
