"""The qualification from end to end: papers, four eyes, signatures, audit, every way back and out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.audit import signatures
from app.catalog import service as catalog
from app.core import clock
from app.core.subject import Subject
from app.qualification import queries, scanning, service
from app.tasks.refusing import FourEyes
from tests.catalog.factories import make_customer, make_product, make_registration
from tests.qualification.world import PDF, give_papers, make_qualifying, make_supplier, supplier_subject

DAY = date(2026, 11, 23)


@pytest.fixture
def world(tx):
    return make_qualifying()


def test_a_supplier_of_implants_from_nothing_to_qualified(world):
    stent = make_product(implantable=True)
    supplier = make_supplier(kind="manufacturer", product_ids=[stent.id], uscc="9" * 18)
    about = supplier_subject(supplier)
    assert [one.code for one in queries.why_not(about, DAY)] == ["status", "missing", "missing", "missing"]
    case = world.begin("pat", about)
    assert (supplier.status, world.at(case)) == ("qualifying", ["complete_papers"])
    with pytest.raises(service.AlreadyUnderWay):
        world.begin("pia", about)
    give_papers(supplier, ("business", "production", "agent"))
    world.answer("pat", case, "resubmit")
    assert world.at(case) == ["complete_papers"]  # no scans yet
    world.scan_all(case, verified_by=None)
    world.answer("pat", case, "resubmit")
    assert world.at(case) == ["review"]
    with pytest.raises(FourEyes):
        world.answer("pat", case, "approve")
    world.answer("pia", case, "approve")
    world.answer("quin", case, "approve")
    assert world.at(case) == ["quality_review"]  # nobody has verified the scans
    for paper in service.file_of(about).papers:
        with pytest.raises(scanning.OwnScan):
            scanning.verify_scan(world.actor("pat"), paper.scans[0].id)
        scanning.verify_scan(world.actor("quin"), paper.scans[0].id)
    world.answer("quin", case, "approve")
    assert world.at(case) == ["site_audit"]
    world.answer("qora", case, "approve", audited_on="2026-11-20", findings="two minor ones")
    assert (world.at(case), case.audited_on) == (["head_approval"], date(2026, 11, 20))
    world.answer("hedda", case, "approve")
    assert (supplier.status, case.status, case.occasion, case.due_on) == (
        "active",
        "approved",
        "first",
        date(2029, 1, 1),
    )
    assert queries.why_not(about, DAY) == []
    signed = signatures.signatures_of(case.subject)
    assert sorted(one.meaning for one in signed) == ["approval", "review", "review"]
    assert not any(signatures.faults_of(signed).values())
    queries.refuse_receipt(stent, supplier.id, DAY)
    assert len(case.papers) == 3


def test_each_way_back_and_out(world):
    plain = make_product(risk_class=2, registration_id=make_registration(risk_class=2).id)
    supplier = make_supplier(product_ids=[plain.id], uscc="9" * 18)
    give_papers(supplier)
    case = world.begin("pat", supplier_subject(supplier))
    world.scan_all(case)
    world.answer("pat", case, "resubmit")
    world.answer("pia", case, "rework")
    world.answer("pat", case, "resubmit")
    world.answer("pia", case, "approve")
    world.answer("quin", case, "rework")
    assert world.at(case) == ["complete_papers"]
    world.answer("pat", case, "resubmit")
    world.answer("pia", case, "approve")
    world.answer("quin", case, "approve")
    assert world.at(case) == ["head_approval"]
    with pytest.raises(FourEyes):
        world.answer("quin", case, "approve")
    world.answer("qora", case, "rework")
    world.answer("pat", case, "cancel")
    assert (case.status, supplier.status) == ("withdrawn", "prospect")
    again = world.begin("pat", supplier_subject(supplier))
    world.answer("pat", again, "resubmit")
    world.answer("pia", again, "reject")
    assert (again.status, supplier.status) == ("rejected", "blocked")


def test_a_customer_and_a_product(world):
    customer = make_customer(status="prospect", uscc="9" * 18)
    case = world.begin("sal", Subject("customer", customer.id))
    world.scan_all(case, by="sal")
    world.answer("sal", case, "resubmit")
    world.answer("sue", case, "approve")
    world.answer("quin", case, "approve")
    world.answer("qora", case, "approve")
    assert customer.status == "active"
    product = make_product(status="draft")
    about = Subject("product", product.id)
    case = world.begin("pat", about)
    assert (product.status, [one.code for one in queries.why_not(about, DAY)]) == ("review", ["status"])
    world.scan_all(case)
    world.answer("pat", case, "resubmit")
    world.answer("pia", case, "approve")
    world.answer("quin", case, "reject")
    assert product.status == "draft"


def test_the_last_guard_and_what_lapses_meanwhile(world):
    customer = make_customer(licensed=False, status="prospect", uscc="9" * 18)
    about = Subject("customer", customer.id)
    from_, until = DAY - timedelta(days=400), DAY + timedelta(days=3)
    catalog.create_licence(
        world.actor("quin"),
        {
            "customer_id": customer.id, "kind": "practice", "number": "P-1",
            "valid_from": from_.isoformat(), "valid_to": until.isoformat(),
        },
    )  # fmt: skip
    case = world.begin("sal", about)
    world.scan_all(case, by="sal")
    world.answer("sal", case, "resubmit")
    world.answer("sue", case, "approve")
    world.answer("quin", case, "approve")
    with clock.moved(clock.now() + timedelta(days=4)), pytest.raises(service.PapersIncomplete):
        world.answer("qora", case, "approve")
    assert customer.status == "qualifying"


def test_scans_are_checked_kept_and_of_the_data_as_they_are(world):
    supplier = make_supplier()
    give_papers(supplier, ("business",))
    (paper,) = service.file_of(supplier_subject(supplier)).papers
    pat, quin = world.actor("pat"), world.actor("quin")
    for name, content in (("x.exe", b"MZ"), ("x.pdf", b"MZ"), ("x.docx", b"PK\x03\x04"), ("x.pdf", b"")):
        with pytest.raises(scanning.FileRefused):
            scanning.file_scan(pat, paper.subject, name, content)
    scan = scanning.file_scan(pat, paper.subject, "../../licence.pdf", PDF)
    assert (scan.name, scanning.bytes_of(scan)) == ("licence.pdf", PDF)
    scanning.remove_scan(pat, scan.id)  # nothing rests on it yet
    scan = scanning.file_scan(pat, paper.subject, "licence.pdf", PDF)
    scanning.verify_scan(quin, scan.id)
    with pytest.raises(scanning.MustBeKept):
        scanning.remove_scan(pat, scan.id)
    licence = paper.record
    given = {"supplier_id": supplier.id, "kind": "business", "valid_from": "2024-01-01", "valid_to": "2029-12-31"}
    catalog.change_licence(quin, licence, {**given, "number": licence.number}, seen_version=licence.version)
    (paper,) = service.file_of(supplier_subject(supplier)).papers
    assert not paper.is_verified
    with clock.moved(clock.now() + timedelta(days=366 * 9)):
        scanning.remove_scan(pat, scan.id)
