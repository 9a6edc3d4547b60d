"""The pages and the API of moves by hand and of the three lists, in both languages."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from app.audit import queries as audit
from app.core import clock
from app.core.subject import Subject
from app.fulfilment import intake
from app.identity.models import SignInGuard
from app.priority import queries
from app.priority.overriding import Wish, set_override
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import PASSWORD, actor_for, bearer, make_user, sign_in
from tests.orders.factories import given_order

FORM = {"points": "80", "band": "", "cause": "clinical", "reason": "The clinic called", "hours": "24"}


@pytest.fixture
def world(client):
    found = make_world()
    sign_in(client, found.bob)
    client.set_cookie("language", "en")
    return found


def entered(world, **over):
    return intake.take_in(
        world.seller, given_order("direct", product=world.product, customer=world.hospital, **over)
    ).order


def later(**over):
    """An order that nobody hurries."""
    day, surgery = clock.today() + timedelta(days=60), clock.now() + timedelta(days=61)
    return {"requested_date": day.isoformat(), "surgery_at": surgery.isoformat(), **over}


@pytest.mark.parametrize("tongue", ["en", "zh_Hans"])
def test_every_page_renders_in_both_languages(tongue, client, world):
    order = entered(world)
    client.set_cookie("language", tongue)
    empty = {"en": "Nobody moved an order", "zh_Hans": "没有人工调整"}
    assert empty[tongue] in client.get("/priority/overrides").text
    set_override(world.desk, order.id, Wish(50, None, "clinical", "Anna rief an", 24))
    words = {"en": "Who comes first", "zh_Hans": "优先清单"}
    for address in (
        "/priority",
        "/priority?list=act&role=order_desk",
        "/priority?list=deliver&region=310000&tier=B&channel=direct&product=STENT-1",
        "/priority?list=need&page=2",
        "/priority?list=need&product=nothing",
        "/priority?list=nonsense&page=x",
        "/priority/overrides?days=30",
        f"/orders/{order.id}",
        f"/orders/{order.id}/override",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert words[tongue] in answer.text, address
        assert "Anna rief an" in answer.text or "overrides" not in address


def test_moving_an_order_on_its_page(client, world, tx):
    first, mine = entered(world, **later()), entered(world, **later())
    assert 'href="/orders/' + mine.id + '/override"' in client.get(f"/orders/{mine.id}").text
    page = client.get(f"/orders/{mine.id}/override/preview?points=80&band=&hours=24", headers={"HX-Request": "true"})
    assert "Moves from place 2 to 1." in page.text
    assert "1 order of P3" in page.text
    assert "password" not in page.text
    answer = client.post(f"/orders/{mine.id}/override", data=FORM)
    assert answer.status_code == 302
    shown = client.get(f"/orders/{mine.id}").text
    assert "Moved by hand until" in shown
    assert "The clinic called" in shown
    assert "From place 2 to 1." in shown
    assert queries.place_of(queries.standing_of(first.id)) == 2
    refused = client.post(f"/orders/{mine.id}/override", data=FORM)
    assert refused.status_code == 409
    assert "already moved by hand" in refused.text
    held = queries.override_of(mine.id)
    assert client.post(f"/priority/overrides/{held.id}/withdraw").status_code == 302
    assert queries.place_of(queries.standing_of(mine.id)) == 2
    assert client.post(f"/priority/overrides/{held.id}/withdraw").status_code == 409
    assert client.post("/priority/overrides/none/withdraw").status_code == 404


def test_faults_stand_beside_their_fields_and_the_input_is_kept(client, world):
    order = entered(world)
    answer = client.post(f"/orders/{order.id}/override", data={**FORM, "points": "abc", "hours": ""})
    assert answer.status_code == 422
    assert "Must be a whole number." in answer.text
    answer = client.post(f"/orders/{order.id}/override", data={**FORM, "points": "101", "hours": "49"})
    assert "Must lie between −100 and 100." in answer.text
    assert "Must lie between 1 and 48." in answer.text
    assert "The clinic called" in answer.text
    assert queries.override_of(order.id) is None
    assert client.get(f"/orders/{order.id}/override/preview?points=x").status_code == 200


def test_urgent_orders_give_way_only_against_a_password_and_wrong_ones_count(client, world, tx):
    entered(world, order_type="replacement", **later())
    mine = entered(world, **later())
    form = {**FORM, "points": "", "band": "P0"}
    answer = client.post(f"/orders/{mine.id}/override", data=form)
    assert answer.status_code == 422
    assert 'name="password"' in answer.text
    for _ in range(2):
        answer = client.post(f"/orders/{mine.id}/override", data={**form, "password": "wrong-wrong-wrong"})
        assert answer.status_code == 422
        assert "not your present password" in answer.text
    assert max(one.failures for one in tx.query(SignInGuard)) == 2
    assert queries.override_of(mine.id) is None
    assert client.post(f"/orders/{mine.id}/override", data={**form, "password": PASSWORD}).status_code == 302
    assert queries.override_of(mine.id).signed
    (told,) = [one for one in audit.entries_of(Subject("order", mine.id)) if one.action == "priority:override"]
    assert told.details["signed"] is True
    assert "password" not in str(told.details).lower()


def test_too_many_wrong_passwords_lock(client, world):
    entered(world, order_type="replacement", **later())
    mine = entered(world, **later())
    form = {**FORM, "band": "P0", "password": "wrong-wrong-wrong"}
    found = [client.post(f"/orders/{mine.id}/override", data=form).status_code for _ in range(7)]
    assert found[:5] == [422] * 5
    assert found[-1] == 429


def test_who_may(client, world):
    order = entered(world)
    sign_in(client, world.ann)
    assert client.get(f"/orders/{order.id}/override").status_code == 403
    assert client.post(f"/orders/{order.id}/override", data=FORM).status_code == 403
    assert client.get("/priority/overrides").status_code == 403
    assert "/override" not in client.get(f"/orders/{order.id}").text
    assert client.get("/priority").status_code == 200


def test_the_api(client, world):
    headers = bearer(world.bob)
    entered(world, order_type="replacement", **later())
    mine = entered(world, **later())
    address = f"/api/v1/orders/{mine.number}/override"
    body = {"band": "P0", "cause": "clinical", "reason": "The clinic called", "hours": 2}
    answer = client.post(address, json=body, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "SignatureNeeded")
    answer = client.post(address, json={**body, "password": "wrong-wrong-wrong"}, headers=headers)
    assert (answer.status_code, list(answer.json["error"]["details"]["fields"])) == (422, ["password"])
    assert client.post(address, json={**body, "hours": 49}, headers=headers).status_code == 422
    made = client.post(address, json={**body, "password": PASSWORD}, headers=headers)
    assert made.status_code == 201, made.json
    assert made.json["signed"] is True
    assert (made.json["place_before"], made.json["place_after"], made.json["passed_urgent"]) == (2, 1, 1)
    assert "password" not in made.json
    assert client.post(address, json={**body, "password": PASSWORD}, headers=headers).status_code == 409
    (listed,) = client.get(f"/api/v1/orders/{mine.id}/overrides", headers=headers).json
    assert listed["id"] == made.json["id"]
    assert listed["verdict"] is None
    ended = client.post(f"{address}/withdraw", headers=headers)
    assert ended.json["withdrawn_by"] == world.bob.id
    assert client.post(f"{address}/withdraw", headers=headers).status_code == 404
    sales = bearer(world.ann)
    assert client.post(address, json=body, headers=sales).status_code == 403


def test_lists_as_files(client, world):
    order = entered(world)
    for which, column in (("act", "Task"), ("deliver", "Ranked as"), ("need", "Need index")):
        answer = client.get(f"/priority/{which}.csv")
        rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert rows[0]["Order"] == order.number, which
        assert rows[0][column]
        assert rows[0]["Why"]
    assert len(client.get("/priority/need.csv?product=none").data.decode().splitlines()) == 1
    assert client.get("/priority/else.csv").status_code == 404


def test_the_lists_show_reasons_and_lead_to_all_of_them(client, world):
    order = entered(world)
    act = client.get("/priority").text
    assert "What each role does next" in act
    assert "Waits" not in act
    need = client.get("/priority?list=need").text
    assert "Includes a class III device" in need
    assert f"/orders/{order.id}#need" in need
    deliver = client.get("/priority?list=deliver").text
    assert "in stock" in deliver
    assert "No such product" in client.get("/priority?list=deliver&product=none").text
    assert "No order fits" in client.get("/priority?list=deliver&tier=S").text


def test_what_came_of_moves_is_counted(client, world, tx):
    boss = make_user(roles=("manager",), name="Mo")
    for verdict in ("better", "better", "worse", None):
        made = set_override(actor_for(boss), entered(world, **later()).id, Wish(50, None, "contract", "Penalty", 4))
        made.verdict = verdict
        made.findings = {"late": False, "late_without": verdict == "better", "moved": 1, "harmed": ["SO-9"]}
    tx.flush()
    page = client.get("/priority/overrides").text
    assert "Mo" in page
    assert "67 %" in page
    assert "33 %" in page
    assert "It was in time, and only because of this." in page
    assert "1 other order came late because of it: SO-9." in page
    assert "not known yet" in page
