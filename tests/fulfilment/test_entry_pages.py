"""Order entry, change, cancel, lists and export in the browser's clothes, in both languages."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from app.fulfilment import intake
from app.orders import queries as orders
from app.orders.models import Order
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import make_user, sign_in
from tests.orders.factories import given_order


@pytest.fixture
def world(client):
    found = make_world()
    sign_in(client, found.ann)
    client.set_cookie("language", "en")
    return found


def filled(**over):
    form = {
        "key": "form-1",
        "channel": "direct",
        "order_type": "normal",
        "customer": "H-0001",
        "requested_date": "2026-12-01",
        "surgery_at": "2026-12-02T08:00",
        "surgery_number": "OR-2026-1202",
        "external_ref": "",
        "note": "",
        "lines-0-product": "STENT-1",
        "lines-0-quantity": "2",
        "lines-0-uom": "EA",
        "lines-0-unit_price": "10.00",
    }
    return {**form, **over}


def number_of(tx):
    return tx.query(Order).count()


def given(world, channel="direct", **over):
    customer = world.distributor if channel == "distributor" else world.hospital
    return given_order(channel, **{"product": world.product, "customer": customer, **over})


@pytest.mark.parametrize("tongue", ["en", "zh_Hans"])
def test_every_page_renders_in_both_languages(tongue, client, world):
    client.set_cookie("language", tongue)
    order = intake.take_in(world.seller, given(world)).order
    blocked = intake.take_in(world.seller, given(world, "tender", tender_award_number="none")).order
    words = {"en": "New order", "zh_Hans": "新建订单"}
    for address in (
        "/orders",
        "/orders?blocked=1",
        "/orders?status=any&channel=direct&band=P3&q=SO&customer=H-0001",
        "/orders?customer=nobody",
        "/orders/mine",
        "/orders/new",
        "/orders/new?channel=tender&customer=H-0001",
        "/orders/upload",
        f"/orders/{order.id}/change",
        f"/orders/{order.id}/cancel",
        f"/orders/{blocked.id}/withdraw",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert words[tongue] in answer.text, address


def test_an_order_entered_is_shown_with_its_number(client, world, tx):
    answer = client.post("/orders/new", data=filled())
    assert answer.status_code == 302, answer.text
    order = tx.query(Order).one()
    assert answer.location == f"/orders/{order.id}"
    assert order.surgery_at.isoformat() == "2026-12-02T00:00:00+00:00"


def test_a_form_sent_twice_makes_one_order(client, world, tx):
    first = client.post("/orders/new", data=filled())
    assert client.post("/orders/new", data=filled()).location == first.location
    assert number_of(tx) == 1
    other = client.post("/orders/new", data=filled(note="another"))
    assert other.status_code == 422
    assert "Submitting again makes another order." in other.text


def test_every_fault_stands_beside_its_field_and_the_input_is_kept(client, world, tx):
    form = filled(customer="nobody", note="<b>keep</b>", **{"lines-0-quantity": "0", "lines-3-product": "NONE"})
    answer = client.post("/orders/new", data=form)
    assert answer.status_code == 422
    for field in ("customer", "lines-0-quantity", "lines-1-product", "lines-1-quantity", "lines-1-unit_price"):
        assert f'id="f-{field}-error"' in answer.text, field
    assert "&lt;b&gt;keep&lt;/b&gt;" in answer.text
    assert 'value="nobody"' in answer.text
    assert number_of(tx) == 0
    assert client.post("/orders/new", data=filled()).status_code == 302  # the key was not used up


def test_a_taken_reference_is_told_with_a_link(client, world):
    order = intake.take_in(world.seller, given(world, external_ref="PO-1")).order
    answer = client.post("/orders/new", data=filled(external_ref="PO-1"))
    assert answer.status_code == 409
    assert f'href="/orders/{order.id}"' in answer.text


def test_what_another_channels_section_holds_is_not_sent(client, world, tx):
    form = filled(channel="distributor", customer="D-0001", authorisation_number="AUTH-1", tender_award_number="x")
    assert client.post("/orders/new", data={**form, "lines-0-price_ceiling": "9"}).status_code == 302
    order = tx.query(Order).one()
    assert (order.surgery_number, order.tender_award_number) == (None, None)


def test_a_form_without_lines_and_one_with_strange_names(client, world):
    empty = {name: value for name, value in filled().items() if not name.startswith("lines-")}
    answer = client.post("/orders/new", data=empty)
    assert (answer.status_code, "An order needs at least one line." in answer.text) == (422, True)
    strange = {**filled(), "lines-x-product": "1", "lines-999999999-product": "1", "status": "released"}
    assert client.post("/orders/new", data=strange).status_code == 302


def test_a_change_starts_from_the_order_and_needs_its_version(client, world):
    order = intake.take_in(world.seller, given(world)).order
    seen = order.version
    page = client.get(f"/orders/{order.id}/change").text
    assert 'value="STENT-1"' in page
    assert 'value="2026-12-02T08:00"' in page
    form = filled(version=str(seen), note="later", requested_date="2026-12-09")
    assert client.post(f"/orders/{order.id}/change", data=form).location == f"/orders/{order.id}"
    assert orders.get_order(order.id).note == "later"
    stale = client.post(f"/orders/{order.id}/change", data=filled(version=str(seen), note="mine"))
    assert stale.status_code == 409
    assert "This was changed meanwhile" in stale.text
    assert ">mine</textarea>" in stale.text
    assert client.post(f"/orders/{order.id}/change", data=filled(version="x")).status_code == 422


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("withdraw", "withdrawn")])
def test_an_end_needs_a_reason(verb, status, client, world):
    order = intake.take_in(world.seller, given(world)).order
    address = f"/orders/{order.id}/{verb}"
    refused = client.post(address, data={"version": order.version, "reason": " "})
    assert (refused.status_code, "Please give a reason." in refused.text) == (422, True)
    assert client.post(address, data={"version": 99, "reason": "x"}).status_code == 409
    assert client.post(address, data={"version": order.version, "reason": "called off"}).status_code == 302
    assert orders.get_order(order.id).status == status


@pytest.mark.each_database
def test_the_list_is_ranked_and_blocked_orders_stand_apart(client, world):
    plain = intake.take_in(world.seller, given(world)).order
    urgent = intake.take_in(world.seller, given(world, order_type="emergency")).order
    blocked = intake.take_in(world.seller, given(world, "tender", tender_award_number="none")).order
    page = client.get("/orders").text
    assert page.index(urgent.number) < page.index(plain.number)
    assert blocked.number not in page
    apart = client.get("/orders?blocked=1").text
    assert blocked.number in apart
    assert plain.number not in apart


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_export_is_ranked_and_runs_nothing(kind, client, world):
    order = intake.take_in(world.seller, given(world, external_ref="=HYPERLINK(1)")).order
    sign_in(client, make_user(roles=("manager",)))
    answer = client.get(f"/orders/export.{kind}?channel=direct")
    assert answer.status_code == 200
    assert f"orders-2026-11-23.{kind}" in answer.headers["Content-Disposition"]
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    else:
        rows = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(answer.data)).active]
    assert rows[1][0] == order.number
    assert "'=HYPERLINK(1)" in rows[1]
    assert client.get("/orders/export.pdf").status_code == 404


def test_the_list_costs_the_same_however_many_orders(client, world, statements):
    def cost():
        statements.clear()
        assert client.get("/orders").status_code == 200
        return len(statements)

    intake.take_in(world.seller, given(world))
    few = cost()
    for _ in range(6):
        intake.take_in(world.seller, given(world))
    assert cost() == few
    assert few <= 14


def test_rights_are_asked(client, world):
    order = intake.take_in(world.seller, given(world)).order
    sign_in(client, make_user(roles=("warehouse",)))
    assert client.get("/orders").status_code == 200
    for address in (
        "/orders/new",
        "/orders/mine",
        f"/orders/{order.id}/change",
        f"/orders/{order.id}/cancel",
        "/orders/export.csv",
    ):
        assert client.get(address).status_code == 403, address
