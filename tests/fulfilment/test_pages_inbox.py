"""Inbox, task page and order page, as a browser asks for them."""

from __future__ import annotations

import hashlib
import json

import pytest

from app.core import clock
from app.core.ids import new_id
from app.fulfilment.models import OrderDocument
from app.orders import queries as orders
from app.tasks import queries as tasks
from tests.catalog.factories import make_customer
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import sign_in

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def flow(tx):
    return make_flow()


def as_person(client, flow, name):
    sign_in(client, flow.users[name])
    client.set_cookie("language", "en")
    return client


def text(response):
    return response.get_data(as_text=True)


def test_inbox_shows_what_waits_and_why(client, flow):
    order = flow.submit()
    page = text(as_person(client, flow, "bob").get("/inbox"))
    assert order.number in page
    assert flow.world.hospital.name_en in page
    assert "data-live" in page
    nothing = text(as_person(client, flow, "other").get("/inbox?tab=groups"))
    assert "Nothing waits for your groups." in nothing
    assert order.number not in nothing


@pytest.mark.parametrize("tab", ["mine", "groups", "all", "submitted", "done", "nonsense"])
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_every_tab_in_both_languages(client, flow, tab, language):
    order = flow.submit()
    flow.decide("bob", order, "approve")
    flow.submit()
    for name in ("ann", "bob", "boss"):
        response = as_person(client, flow, name).get(f"/inbox?tab={tab}&lang={language}")
        assert response.status_code == 200
        assert client.get(f"/inbox?tab={tab}&lang={language}&page=0", headers=FRAGMENT).status_code == 200
    assert ("待办" if language == "zh_Hans" else "Inbox") in text(response)


def test_nobody_is_offered_what_is_for_others(client, flow):
    task = flow.task(flow.submit())
    take = f"/tasks/{task.id}/claim"
    assert take in text(as_person(client, flow, "bob").get("/inbox?tab=groups"))
    seen = text(as_person(client, flow, "boss").get("/inbox?tab=all"))
    assert f"/tasks/{task.id}" in seen
    assert take not in seen


def test_claim_and_release_from_the_list(client, flow):
    task = flow.task(flow.submit())
    as_person(client, flow, "bob")
    taken = client.post(f"/tasks/{task.id}/claim?tab=groups", headers=FRAGMENT)
    assert taken.status_code == 200
    assert tasks.get_task(task.id).assignee_id == flow.users["bob"].id
    lost = as_person(client, flow, "desk2").post(f"/tasks/{task.id}/claim", headers=FRAGMENT)
    assert lost.status_code == 409
    assert lost.headers["HX-Retarget"] == "#notices"
    assert "Bob has this task already." in text(lost)
    as_person(client, flow, "bob").post(f"/tasks/{task.id}/release?tab=mine", headers=FRAGMENT)
    assert tasks.get_task(task.id).assignee_id is None


def test_stamp_changes_with_the_inbox(client, flow):
    as_person(client, flow, "bob")
    before = text(client.get("/inbox/stamp"))
    flow.submit()
    assert text(client.get("/inbox/stamp")) != before


def decide(client, task, version, **answers):
    return client.post(
        f"/tasks/{task.id}/complete",
        data={"seen_version": version, "outcome": answers.pop("outcome", ""), "answers": json.dumps(answers)},
    )


def test_deciding_tells_what_happened_and_offers_the_next(client, flow):
    order, following = flow.submit(), flow.submit()
    task = flow.task(order)
    as_person(client, flow, "bob")
    page = text(client.get(f"/tasks/{task.id}"))
    assert "Return for rework" in page
    assert "Includes a class III device" in page, "the trace of the gateway"
    done = decide(client, task, order.version, outcome="approve")
    assert done.status_code == 302
    after = text(client.get(done.headers["Location"]))
    assert "Released: the goods are reserved" in after
    assert f"/tasks/{flow.task(following).id}" in after


def test_a_missing_reason_keeps_what_was_written(client, flow):
    order = flow.submit()
    task = flow.task(order)
    refused = decide(as_person(client, flow, "bob"), task, order.version, outcome="reject", reason=" ")
    assert refused.status_code == 422
    assert "Please give a reason." in text(refused)
    assert orders.get_order(order.id).status == "in_approval"
    assert tasks.get_task(task.id).status == "open"


def test_a_changed_order_shows_what_changed(client, flow):
    from app.fulfilment import intake

    order = flow.submit(quantity=2)
    seen = order.version
    line = {"product": "STENT-1", "quantity": 3, "unit_price": "100.00"}
    intake.change(flow.actor("ann"), order.id, {"lines": [line]}, seen_version=seen)
    refused = decide(as_person(client, flow, "bob"), flow.task(order), seen, outcome="approve")
    assert refused.status_code == 409
    page = text(refused)
    assert "This was changed meanwhile" in page
    assert "Line 1 · Quantity" in page
    assert "<del>2</del>" in page
    assert "<ins>3</ins>" in page


def test_four_eyes_are_explained(client, flow):
    order = flow.submit(product=flow.valuable, unit_price="60000.00")
    flow.decide("both", order, "approve")
    task = flow.task(order)
    page = text(as_person(client, flow, "both").get(f"/tasks/{task.id}"))
    assert "Two different people must approve" in page
    assert 'id="decision"' not in page
    assert decide(client, task, orders.version_of(order.id), outcome="approve").status_code == 403


def test_what_is_decided_stands_above_the_form_and_who_refuses_is_asked_for_the_reason_first(client, flow):
    task = flow.task(flow.submit(quantity=3))
    page = text(as_person(client, flow, "bob").get(f"/tasks/{task.id}?lang=en"))
    glance = page[page.index("at-a-glance") : page.index('id="decision"')]
    assert "× 3" in glance
    assert "Class III" in glance
    buttons = {one.split('"')[0]: "data-needs" in one.split(">")[0] for one in page.split('name="outcome" value="')[1:]}
    assert buttons == {"approve": False, "rework": True, "reject": True}


def test_a_stranger_sees_no_task(client, flow):
    task = flow.task(flow.submit())
    assert as_person(client, flow, "other").get(f"/tasks/{task.id}").status_code == 403
    assert client.get("/tasks/none").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_order_page(client, flow, language):
    order = flow.submit()
    page = text(as_person(client, flow, "ann").get(f"/orders/{order.id}?lang={language}"))
    for part in (order.number, 'data-island="diagram"', 'data-island="waterfall"', "STENT-1", "S14c"):
        assert part in page
    assert ("等待" if language == "zh_Hans" else "Waits for Order desk to take the task “Approve”") in page
    stamp = text(client.get(f"/orders/{order.id}/stamp"))
    flow.decide("bob", order, "approve")
    assert text(client.get(f"/orders/{order.id}/stamp")) != stamp
    part = client.get(f"/orders/{order.id}?lang={language}", headers=FRAGMENT)
    assert "<html" not in text(part)
    assert "SHA-256" in text(part)
    paper = client.get(f"/orders/{order.id}/confirmation?lang={language}", follow_redirects=True)
    assert order.number in text(paper)
    assert client.get("/orders/none").status_code == 404


def test_blocks_come_first_with_basis_and_remedy(client, flow):
    order = flow.submit(customer=make_customer(code="H-NONE", licensed=False))
    page = text(as_person(client, flow, "qa").get(f"/tasks/{flow.task(order).id}"))
    assert page.index("What unblocks it") < page.index("Contributions to the score")
    assert "GSP for medical devices" in page
    assert text(client.get(f"/orders/{order.id}/confirmation")).count("released") == 1


def test_html_in_texts_is_shown_as_text(client, flow):
    order = flow.submit(note="<script>alert(1)</script>")
    flow.decide("bob", order, "rework", "<b>bold</b>")
    page = text(as_person(client, flow, "ann").get(f"/orders/{order.id}"))
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;bold" in page


@pytest.mark.each_database
def test_search(client, flow):
    order = flow.submit(external_ref="PO-77_x")
    as_person(client, flow, "bob")
    for words in (order.number, order.number[3:].lower(), "po-77_X", "STENT-1", "00643169007222", "H-0001"):
        found = text(client.get("/search", query_string={"q": words}))
        assert "Nothing found." not in found, words
    assert "Nothing found." in text(client.get("/search?q=%25%25"))
    assert client.get("/search").status_code == 200


def test_the_submitter_reads_what_was_asked(client, flow):
    order = flow.decide("bob", flow.submit(), "rework", "Only one, please")
    page = text(as_person(client, flow, "ann").get(f"/tasks/{flow.task(order).id}"))
    assert "Bob asks:" in page
    assert "Only one, please" in page
    assert f"/orders/{order.id}/change" in page


def test_a_confirmation_that_was_kept_as_a_page_stays_as_it_was(client, flow, tx):
    order = flow.submit(product=flow.plain)
    given = {"order_version": 1, "kind": "order_confirmation", "number": "OC-2025-000001", "made_at": clock.now()}
    for code in ("en", "zh_Hans"):
        html = f"<h1>kept {code}</h1>"
        tx.add(
            OrderDocument(
                id=new_id(),
                order_id=order.id,
                language=code,
                html=html,
                sha256=hashlib.sha256(html.encode()).hexdigest(),
                made_by="system",
                **given,
            )
        )
    tx.flush()
    page = text(as_person(client, flow, "ann").get(f"/orders/{order.id}"))
    assert "OC-2025-000001" in page
    kept = client.get(f"/orders/{order.id}/confirmation?number=OC-2025-000001&language=en")
    assert text(kept) == "<h1>kept en</h1>"
    assert client.get(f"/orders/{order.id}/confirmation?number=OC-1").status_code == 404
