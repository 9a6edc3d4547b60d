"""Another consignee's carton is not packed, not taken by the carrier and not handed over; each is counted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.catalog.udi import gs1
from app.core import clock
from app.core.db import session
from app.shipping import dispatch, handling, service, shipments
from app.shipping.models import PreventedMisship
from tests.identity.factories import sign_in
from tests.shipping.world import make_dock

STRANGE = gs1.with_check_digit("10691234500000777")
pytestmark = pytest.mark.any_database


@pytest.fixture
def dock(tx, monkeypatch):
    monkeypatch.setattr(service, "_prefix", "6912345")
    return make_dock()


def packed(dock, **packing):
    _order, one = dock.release(quantity=1)
    dock.pick_all(one)
    dock.do("wang", one)
    dock.do("wang", one, **packing)
    return one


def prevented():
    return [(row.purpose, row.reason, row.product_id) for row in session().scalars(select(PreventedMisship))]


def test_a_wrong_carton_goes_nowhere(dock, client):
    mine, other = packed(dock), packed(dock)
    assert (len(mine.sscc), mine.sscc != other.sscc) == (18, True)
    wang = dock.flow.actor("wang")
    for code, reason in (
        (f"(00){other.sscc}", "wrong_carton"),
        (STRANGE, "unknown_carton"),
        ("(01)06912345000017(10)LOT1", "no_sscc"),
    ):
        with pytest.raises(service.ScanBlocked) as blocked:
            handling.pick_up(wang, mine, "A1", code)
        assert [fault.code for fault in blocked.value.faults] == [reason]
    assert mine.status == "packed"
    handling.pick_up(wang, mine, "A1", mine.sscc)
    with pytest.raises(service.ScanBlocked, match=other.number):
        handling.deliver(wang, mine, {"receiver": "Dr Chen", "carton": f"00{other.sscc}"})
    assert shipments.proof_of(mine) is None
    handling.deliver(wang, mine, {"receiver": "Dr Chen", "carton": f"(00){mine.sscc}"})
    assert mine.status == "delivered"
    _order, third = dock.release(quantity=1)
    dock.pick_all(third)
    with pytest.raises(service.ScanBlocked):
        dispatch.pack(wang, third, {"carton": mine.sscc}, clock.now())
    assert third.status != "packed"
    assert prevented() == [
        ("pickup", "wrong_carton", None),
        ("pickup", "unknown_carton", None),
        ("deliver", "wrong_carton", None),
        ("pack", "wrong_carton", None),
    ], "what says too little is stopped, not counted"
    sign_in(client, dock.flow.users["qa"])
    client.set_cookie("language", "en")
    listed = client.get("/scans/prevented").text
    for text in ("4 mis-shipments prevented", "Another consignee", f'/shipments/{mine.id}">{mine.number}', mine.sscc):
        assert text in listed


def test_without_an_sscc_of_ours_only_anothers_carton_is_stopped(dock, monkeypatch):
    other = packed(dock)
    monkeypatch.setattr(service, "_prefix", "")
    mine = packed(dock)
    assert mine.sscc == ""
    wang = dock.flow.actor("wang")
    with pytest.raises(service.ScanBlocked):
        handling.pick_up(wang, mine, "A1", other.sscc)
    handling.pick_up(wang, mine, "A1", STRANGE)
    assert mine.status == "in_transit"


def test_on_the_pages_it_is_scanned_where_one_was_given(dock, client):
    mine, other = packed(dock), packed(dock)
    sign_in(client, dock.flow.users["tao"])
    client.set_cookie("language", "en")
    page = f"/shipments/{mine.id}"
    answer = client.post(f"{page}/pickup", data={"vehicle": "A1"})
    assert (answer.status_code, "Scan the label of the carton." in answer.text) == (422, True)
    answer = client.post(f"{page}/pickup", data={"vehicle": "A1", "carton": other.sscc})
    assert (answer.status_code, other.number in answer.text, "Stop:" in answer.text) == (422, True, True)
    assert client.post(f"{page}/pickup", data={"vehicle": "A1", "carton": mine.sscc}).status_code == 302
    told = {"receiver": "Dr Chen", "agreed": "1"}
    assert "Scan the label of the carton." in client.post(f"{page}/deliver", data=told).text
    answer = client.post(f"{page}/deliver", data={**told, "carton": other.sscc})
    assert (answer.status_code, "Stop: do not hand it over." in answer.text) == (422, True)
    client.set_cookie("language", "zh_Hans")
    assert "他人货箱" in client.post(f"{page}/deliver", data={**told, "carton": other.sscc}).text
    assert client.post(f"{page}/deliver", data={**told, "carton": mine.sscc}).status_code == 302
    assert mine.status == "delivered"
