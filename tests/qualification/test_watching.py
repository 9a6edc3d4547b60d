"""Day by day with a moved clock: warnings once each, re-approval once, no trade after the end, trade again after it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.catalog import service as catalog
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.subject import Subject
from app.qualification import queries, reading, watching
from app.qualification.models import PaperWarning, Qualification
from app.tasks import queries as tasks
from app.tasks.records import Notice, NoticeKind
from tests.catalog.factories import make_customer, make_licence, make_product, make_registration
from tests.conftest import NOON
from tests.qualification.world import give_papers, make_qualifying, make_supplier, supplier_subject

TODAY = date(2026, 11, 23)


@pytest.fixture
def world(tx):
    return make_qualifying()


def told():
    rows = session().scalars(select(Notice).where(Notice.kind == NoticeKind.EXPIRY))
    return sorted(row.user_id for row in rows)


def on_day(number):
    return clock.moved(NOON + timedelta(days=number))


def test_a_supplier_from_warning_to_lapse_to_renewal(world):
    supplier = make_supplier(status="active", uscc="9" * 18, product_ids=[make_product(risk_class=2).id])
    about = supplier_subject(supplier)
    give_papers(supplier, ("business", "agent"))
    give_papers(supplier, ("trade",), until=TODAY + timedelta(days=100))
    counts = {}
    for number in range(104):
        with on_day(number):
            done = watching.watch()
            assert watching.watch() == {"warned": 0, "started": 0, "suspended": 0}  # looking again changes nothing
        if any(done.values()):
            counts[number] = (done["warned"], done["started"], done["suspended"])
    assert counts == {10: (1, 1, 0), 40: (1, 0, 0), 70: (1, 0, 0), 101: (0, 0, 1)}
    rows = session().scalars(select(PaperWarning).order_by(PaperWarning.days))
    assert [row.days for row in rows] == [30, 60, 90]
    assert told() == sorted([world.users["pat"].id, world.users["pia"].id] * 3)
    (case,) = session().scalars(select(Qualification))
    assert (case.occasion, case.before, supplier.status) == ("renewal", "active", "suspended")
    with on_day(104):
        day = clock.today()
        assert [one.code for one in queries.why_not(about, day)] == ["status", "lapsed"]
        given = {"code": supplier.code, "name": supplier.name, "kind": "distributor", "status": "active"}
        with pytest.raises(Invalid):  # nobody brings it back by hand
            catalog.change_supplier(world.actor("pat"), supplier, given, seen_version=supplier.version)
        (former,) = [one.record for one in queries.file_of(about).papers if one.kind == "trade"]
        renewed = {"supplier_id": supplier.id, "kind": "trade", "number": former.number, "succeeds_id": former.id}
        period = {"valid_from": day.isoformat(), "valid_to": "2031-12-31"}
        with pytest.raises(Invalid):
            catalog.create_licence(world.actor("quin"), renewed | period | {"succeeds_id": None})
        catalog.create_licence(world.actor("quin"), renewed | period)
        assert tasks.open_tasks_of(case.subject)[0].element_id == "complete_papers"
        world.scan_all(case)
        world.answer("pat", case, "resubmit")
        world.answer("pia", case, "approve")
        world.answer("quin", case, "approve")
        world.answer("hedda", case, "approve")
        assert (supplier.status, queries.why_not(about, day)) == ("active", [])
        assert watching.watch() == {"warned": 0, "started": 0, "suspended": 0}


def test_customers_and_products_and_what_was_there_before(world):
    soon = TODAY + timedelta(days=20)
    lapsing = make_customer(licensed=False)
    make_licence(customer_id=lapsing.id, valid_to=soon)
    paperless = make_customer(licensed=False)
    gone = make_customer(licensed=False)
    make_licence(customer_id=gone.id, valid_to=TODAY - timedelta(days=1))
    covered = make_customer()
    make_licence(customer_id=covered.id, valid_to=TODAY - timedelta(days=1))
    registration = make_registration(valid_to=soon)
    one, other = (make_product(registration_id=registration.id) for _number in range(2))
    ours = make_licence(valid_to=soon)
    assert watching.watch() == {"warned": 3, "started": 3, "suspended": 1}
    assert watching.watch() == {"warned": 0, "started": 0, "suspended": 0}
    assert [one.status for one in (lapsing, paperless, gone, covered)] == ["active", "active", "suspended", "active"]
    shown, numbers = reading.expiring(clock.today())
    assert numbers == {90: 4, 60: 4, 30: 4}
    assert [row.ending.paper.id for row in shown if row.record is None] == [ours.id]
    with on_day(30):
        day = clock.today()
        product = Subject("product", one.id)
        assert [why.code for why in queries.why_not(product, day)] == ["lapsed"]
        assert queries.why_not(product, day, made_on=TODAY) == []  # made while the certificate was valid
        assert watching.watch()["suspended"] == 1  # the customer; the products may be sold off
        assert (one.status, other.status) == ("active", "active")


def test_receipts(world):
    good, other = make_product(risk_class=2, category_code="14-01"), make_product(risk_class=2, category_code="07")
    supplier = make_supplier(status="active", product_ids=[good.id])
    give_papers(supplier, ("business", "agent"))
    make_licence(owner_kind="supplier", supplier_id=supplier.id, kind="trade", category_codes=["14"])
    queries.refuse_receipt(good, supplier.id, TODAY)
    supplier.product_ids = []
    for product, code in ((other, "scope"), (make_product(status="draft", category_code="14"), "status")):
        with pytest.raises(queries.NotQualified) as refused:
            queries.refuse_receipt(product, supplier.id, TODAY)
        assert [one["code"] for one in refused.value.details["reasons"]][-1] == code
    supplier.product_ids = [good.id]
    with pytest.raises(queries.NotQualified):
        queries.refuse_receipt(other, supplier.id, TODAY)
    with pytest.raises(queries.NotQualified):
        queries.refuse_unqualified(Subject("supplier", make_supplier().id), TODAY)
    every = queries.standings("supplier", [supplier.id], TODAY)
    assert every == {supplier.id: []}
