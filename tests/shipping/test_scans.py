"""Scanned goods: what is blocked, why, and that it stays on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.audit.queries import entries_of
from app.catalog import udi
from app.catalog.udi import gs1
from app.core import clock, db, i18n
from app.core.db import session
from app.core.subject import Subject
from app.shipping import queries, service
from app.shipping.checking import REASON_NAMES, REASONS, Expected, Known, LotKnown, judge
from app.shipping.models import PreventedMisship
from tests.catalog.factories import make_product
from tests.identity.factories import actor_for, make_user, sign_in
from tests.inventory.factories import make_lot

DI, UNTIL, DAY = "06912345000017", date(2028, 6, 30), date(2026, 11, 25)
ORDER = Subject("order", "0" * 26)
PICK = Expected("pick", ORDER, "p", "GLOVE-1", DAY, lots=("L1", "L2"))
LOT = LotKnown("L1", "released", UNTIL)
KNOWN = Known("p", "GLOVE-1", lot_controlled=True, lot=LOT)


def label(**over):
    given = {"di": DI, "lot_no": "L1", "expires_on": UNTIL, **over}
    return udi.read(gs1.element_string(gs1.device(**given), prefix="]d2"))


RECEIVE = replace(PICK, purpose="receive", lots=())
EACH = replace(KNOWN, serial_controlled=True)
CASES = {
    "right": ([], PICK, label(), KNOWN),
    "last day": ([], replace(PICK, day=UNTIL), label(), KNOWN),
    "unreadable": (["unreadable"], PICK, udi.read("]d201069123450000"), Known()),
    "an order's": (["foreign"], PICK, udi.read("SO-2026-000123"), Known()),
    "a page's": (["foreign"], PICK, udi.read("https://youxu.example/orders/1"), Known()),
    "a carton's": (["carton_label"], PICK, udi.read(f"]C100{gs1.with_check_digit('00691234500000001')}"), Known()),
    "nobody's": (["unknown_product"], PICK, label(), Known()),
    "other product": (["wrong_product"], PICK, label(), replace(KNOWN, product_id="q", sku="VALVE-1")),
    "other lot": (["wrong_lot"], PICK, label(lot_no="L3"), replace(KNOWN, lot=replace(LOT, lot_no="L3"))),
    "lot begins alike": (["wrong_lot"], PICK, label(lot_no="L12"), replace(KNOWN, lot=None)),
    "no lot": (["no_lot"], PICK, udi.read(DI), replace(KNOWN, lot=None)),
    "lot not here": (["unknown_lot"], replace(PICK, lots=()), label(lot_no="L9"), replace(KNOWN, lot=None)),
    "expired": (["expired"], replace(PICK, day=UNTIL + timedelta(days=1)), label(), KNOWN),
    "too little left": (["expired"], replace(PICK, day=UNTIL, spare_days=1), label(), KNOWN),
    "other dates": (["other_dates"], PICK, label(expires_on=date(2029, 1, 1)), KNOWN),
    "day 00": ([], PICK, udi.read(f"(01){DI}(17)280600(10)L1"), KNOWN),
    **{
        status: ([status], PICK, label(), replace(KNOWN, lot=replace(LOT, status=status)))
        for status in ("quarantined", "held", "recalled", "rejected")
    },
    "recalled and expired": (
        ["recalled", "expired"],
        replace(PICK, day=date(2030, 1, 1)),
        label(),
        replace(KNOWN, lot=replace(LOT, status="recalled")),
    ),
    "no serial": (["no_serial"], PICK, label(), EACH),
    "a carton comes in": ([], RECEIVE, label(), EACH),
    "serial": ([], replace(PICK, serials=frozenset({"S1"})), label(serial="S1"), EACH),
    "other serial": (["unknown_serial"], replace(PICK, serials=frozenset({"S1"})), label(serial="S2"), EACH),
    "twice": (["duplicate_serial"], replace(PICK, taken=frozenset({"S1"})), label(serial="S1"), EACH),
    "new lot comes in": ([], RECEIVE, label(lot_no="NEW"), replace(KNOWN, lot=None)),
    "expired lot comes in": (
        ["expired"],
        RECEIVE,
        label(lot_no="NEW", expires_on=date(2026, 1, 1)),
        replace(KNOWN, lot=None),
    ),
    "waiting lot comes in": ([], RECEIVE, label(), replace(KNOWN, lot=replace(LOT, status="quarantined"))),
    "recalled comes in": (["recalled"], RECEIVE, label(), replace(KNOWN, lot=replace(LOT, status="recalled"))),
    "recalled comes back": (
        [],
        replace(PICK, purpose="return"),
        label(),
        replace(KNOWN, lot=replace(LOT, status="recalled")),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_blocked_and_why(case):
    wanted, expected, said, known = CASES[case]
    faults = judge(expected, said, known)
    assert [one.code for one in faults] == wanted
    for one in faults:
        for language in i18n.LANGUAGES:
            with i18n.reading(language):
                assert one.sentence()
                assert "%(" not in one.sentence()


def test_every_reason_has_a_name():
    assert REASONS.keys() == REASON_NAMES.keys()


def test_a_blocked_scan_is_on_record_though_all_else_is_undone(live):
    with db.transaction():
        product = make_product(udi_di=DI)
        other = make_product(sku="OTHER", udi_di="06912345000024")
        lot = make_lot(product, lot_no="L1", expires_on=UNTIL)
        actor = actor_for(make_user(roles=("warehouse",), name="Wei"))
    expected = replace(PICK, product_id=product.id, lots=("L1",))
    good, bad = label().text, label(di=other.udi_di).text
    with db.transaction():
        said, known = service.check_scan(actor, expected, good)
        assert (said.lot_no, known.lot.lot_no) == ("L1", lot.lot_no)

    def pick() -> None:
        with db.transaction():
            session().execute(text("DELETE FROM users"))  # what the refusal must undo
            service.check_scan(actor, expected, bad)

    with pytest.raises(service.ScanBlocked) as blocked:
        pick()
    assert "OTHER" in blocked.value.sentence()
    assert blocked.value.details["reasons"][0]["code"] == "wrong_product"
    with pytest.raises(service.ScanBlocked), db.transaction(write=False):
        service.check_scan(actor, replace(expected, lots=("L2",)), good)
    with db.transaction():
        rows = {one.reason: one for one in session().scalars(select(PreventedMisship))}
        assert rows.keys() == {"wrong_product", "wrong_lot"}
        row = rows["wrong_product"]
        assert (row.actor_name, row.purpose, row.read["di"]) == ("Wei", "pick", other.udi_di)
        assert row.expected["lots"] == ["L1"]
        assert [one.action for one in entries_of(ORDER)] == ["scan:prevent"] * 2
        assert session().scalar(text("SELECT count(*) FROM users")) == 1
        assert queries.prevented_by_reason(since=clock.today()) == {"wrong_product": 1, "wrong_lot": 1}
        with pytest.raises(DatabaseError, match="append-only"), session().begin_nested():
            session().execute(text("DELETE FROM prevented_misships"))


@pytest.mark.any_database
def test_the_box_fills_the_form_or_says_why_not(tx, client):
    product, other = make_product(udi_di=DI, sku="GLOVE-1"), make_product(sku="OTHER", udi_di="06912345000024")
    sign_in(client, make_user(roles=("warehouse",)))
    client.set_cookie("language", "en")
    page = client.get(f"/stock/{product.id}").get_data(as_text=True)
    assert f'data-scan-check="/stock/{product.id}/scan"' in page

    def scanned(code):
        return client.post(f"/stock/{product.id}/scan", data={"code": code}, headers={"Accept": "application/json"})

    right = scanned(label(made_on=date(2026, 6, 1), serial="S1").text)
    assert right.json["fields"] == {"lot_no": "L1", "serial": "S1", "made_on": "2026-06-01", "expires_on": "2028-06-30"}
    wrong = scanned(label(di=other.udi_di).text)
    assert (wrong.status_code, wrong.json["error"]["code"]) == (422, "ScanBlocked")
    assert "Wrong product: this is OTHER, expected is GLOVE-1" in wrong.json["error"]["message"]
    for hostile in ("", "\x1d", "(01", "<script>", "0" * 4000, DI[:-1], "SO-1", "(01)06999999999997(10)<script>"):
        assert scanned(hostile).status_code == 422
    listed = client.get("/scans/prevented?days=7").get_data(as_text=True)
    assert "2 mis-shipments prevented" in listed, "what says too little, or of something else, is stopped, not counted"
    assert "Wrong product" in listed
    assert "&lt;script&gt;" in listed
    assert "OTHER" not in client.get("/scans/prevented?reason=unknown_product").get_data(as_text=True).split("tbody")[1]
    assert "阻止错发 2 次" in client.get("/scans/prevented?lang=zh_Hans").get_data(as_text=True)


def test_hibc_is_found_with_and_without_its_check_character(tx):
    made = make_product(sku="H1", udi_di="A99912345", issuer="HIBCC")
    checked = make_product(sku="H2", udi_di=udi.hibc.with_check_character("A99912346"), issuer="HIBCC")
    for product, di in ((made, "A99912345"), (checked, "A99912346")):
        code = udi.hibc.build(udi.hibc.Hibc(lic="A999", pcn=di[4:-1], unit=di[-1], lot_no="L1"))
        assert queries.known_of(udi.read(code)).product_id == product.id
