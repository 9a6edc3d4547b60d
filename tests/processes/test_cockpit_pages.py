"""Pages of the cockpit: who may see and do what, previews before deeds, few statements, nothing hostile gets through."""

from __future__ import annotations

import re

import pytest

from app.audit.queries import entries_of
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.cockpit import batches, listing, messages, standing
from tests.hostile.html import faults_of
from tests.identity.factories import actor_for, make_user, sign_in
from tests.processes.cockpit_world import begin, deploy_all, deploy_later, keep_message

ATTACK = "<script>alert(1337)</script>\"'><img src=x onerror=alert(1337)>{{7*7}}"


@pytest.fixture
def operator(client, rules):
    deploy_all()
    deploy_later()
    user = make_user(roles=["operator", "manager"])
    sign_in(client, user)
    client.set_cookie("language", "en")
    return actor_for(user)


@pytest.fixture
def reader(client, operator):
    user = make_user(roles=["sales"])
    sign_in(client, user)
    return actor_for(user)


def addresses(instance, **more: str) -> list[str]:
    here = f"/processes/instances/{instance.id}"
    tabs = ("variables", "history", "jobs", "messages", "tasks", "calls", "incidents")
    return [
        *("/processes", f"/processes/{instance.key}", f"/processes/{instance.key}?version=1", "/processes/instances"),
        *(f"/processes/definitions/{instance.key}/{what}" for what in ("heat.json", "diagram.json", "elements/s")),
        *(f"{here}?tab={tab}" for tab in tabs),
        *(f"{here}/{what}" for what in ("stamp", "diagram.json", "elements/s")),
    ]


def acts(instance) -> list[str]:
    here = f"/processes/instances/{instance.id}"
    return [f"{here}/do/{verb}" for verb in ("suspend", "cancel", "move", "variable")]


def token_at(instance, element: str) -> int:
    return next(one.token for one in standing.standing_of(instance.id).places if one.element_id == element)


def preview(client, address: str, **form):
    """The form sent once: what would come of it. Answers the page and the stamp that confirming needs."""
    page = client.post(address, data={"reason": "because", **form})
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    return page, found.group(1) if found else ""


def confirmed(client, address: str, **form):
    page, seen = preview(client, address, **form)
    assert seen, page.text
    return client.post(address, data={"reason": "because", **form, "seen": seen, "confirm": "1"})


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("key", ["busy", "stuck", "later"])
def test_every_page_of_every_kind_of_instance_is_whole(client, operator, key, language):
    instance = begin(operator, key, ATTACK[:60], note=ATTACK, data={ATTACK: [ATTACK] * 60})
    client.set_cookie("language", language)
    for address in [*addresses(instance), *acts(instance)]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert faults_of(answer) == [], address


def test_who_only_reads_sees_everything_and_no_button(client, reader, operator):
    instance = begin(operator, "stuck", "R-1")
    for address in addresses(instance):
        assert client.get(address).status_code == 200, address
    page = client.get(f"/processes/instances/{instance.id}").text
    assert "You see this for information" in page
    assert "/do/" not in page
    assert f"/processes/incidents/{standing.open_incidents_of(instance.id)[0].id}" not in page
    assert 'name="instance"' not in client.get("/processes/instances").text


def test_who_only_reads_can_do_nothing(client, reader, operator):
    instance = begin(operator, "stuck", "R-1")
    (incident,) = standing.open_incidents_of(instance.id)
    refused = [*acts(instance), f"/processes/incidents/{incident.id}", "/processes/batches", "/processes/messages"]
    for address in refused:
        assert client.get(address).status_code == 403, address
    for address in [*acts(instance), "/processes/batches", "/processes/batches/check"]:
        assert client.post(address, data={"reason": "x", "confirm": "1"}).status_code == 403, address
    assert queries.get_instance(instance.id).status == "running"


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/processes", 11),
        ("/processes/busy", 18),
        ("/processes/definitions/busy/heat.json", 12),
        ("/processes/instances", 13),
        ("/processes/instances?process=busy&version=1&at=look&incident=no&text=", 16),
        ("/processes/instances/{id}", 19),
        ("/processes/instances/{id}?tab=history", 21),
        ("/processes/instances/{id}/diagram.json", 8),
        ("/processes/instances/{id}/stamp", 5),
    ],
)
def test_the_number_of_statements_does_not_grow(client, operator, statements, address, most):
    instance = begin(operator, "busy", "N-0")
    address = address.format(id=instance.id)
    client.get(address)
    statements.clear()
    client.get(address)
    few = len(statements)
    for n in range(12):
        begin(operator, "busy", f"N-{n + 1}")
        begin(operator, "stuck", f"S-{n + 1}")
    statements.clear()
    client.get(address)
    assert len(statements) <= few
    assert len(statements) <= most, "\n".join(statements)


@pytest.mark.each_database
def test_the_filter_stands_in_the_address_and_in_the_form(client, operator):
    begin(operator, "busy", "F-1")
    begin(operator, "stuck", "F-2")
    page = client.get("/processes/instances?process=busy&key=F-&sort=key&since=2026-11-23").text
    assert "F-1" in page
    assert "F-2" not in page
    assert 'value="busy" selected' in page
    assert 'name="since" value="2026-11-23"' in page
    assert "process=busy" in page[page.index("<thead>") :]
    assert "No instance matches" in client.get("/processes/instances?key=nothing").text


@pytest.mark.each_database
def test_a_long_list_has_pages(client, operator, monkeypatch):
    monkeypatch.setattr(listing, "SIZE", 2)
    for n in range(5):
        begin(operator, "stuck", f"L-{n}")
    page = client.get("/processes/instances?page=2&sort=key").text
    assert re.findall(r">(L-\d)</a>", page) == ["L-2", "L-3"]
    assert "Page 2 of 3" in page
    assert re.findall(r">(L-\d)</a>", client.get("/processes/instances?page=99&sort=key").text) == ["L-4"]


# --- acts


@pytest.mark.parametrize(
    ("verb", "column", "value"), [("suspend", "suspended", True), ("cancel", "status", "cancelled")]
)
def test_an_act_is_previewed_then_done_and_on_record(client, operator, verb, column, value):
    instance = begin(operator, "busy", "A-1")
    address = f"/processes/instances/{instance.id}/do/{verb}"
    page, seen = preview(client, address)
    assert page.status_code == 200
    assert "What would come of it" in page.text
    assert getattr(queries.get_instance(instance.id), column) != value
    done = client.post(address, data={"reason": "recall 7", "seen": seen, "confirm": "1"})
    assert done.status_code == 302
    assert getattr(queries.get_instance(instance.id), column) == value
    assert entries_of(Subject("process", instance.id))[-1].details["reason"] == "recall 7"


def test_without_a_reason_nothing_is_tried(client, operator):
    instance = begin(operator, "busy", "A-1")
    for form in ({"reason": " "}, {"reason": "", "confirm": "1", "seen": "1.1"}, {"reason": "x" * 1001}):
        answer = client.post(f"/processes/instances/{instance.id}/do/cancel", data=form)
        assert answer.status_code == 422
        assert 'id="f-reason-error"' in answer.text
    assert queries.get_instance(instance.id).status == "running"


def test_what_changed_since_the_preview_is_not_done(client, operator):
    instance = begin(operator, "busy", "A-1")
    address = f"/processes/instances/{instance.id}/do/cancel"
    _page, seen = preview(client, address)
    service.set_variables(operator, instance.id, {"n": 1}, reason="meanwhile")
    answer = client.post(address, data={"reason": "x", "seen": seen, "confirm": "1"})
    assert answer.status_code == 409
    assert "preview again" in answer.text
    assert queries.get_instance(instance.id).status == "running"


def test_what_is_not_possible_says_why(client, operator):
    instance = begin(operator, "busy", "A-1")
    service.cancel_instance(operator, instance.id, "x")
    for address in acts(instance):
        assert "It has ended (cancelled)" in client.get(address).text
        assert client.post(address, data={"reason": "x", "confirm": "1"}).status_code == 409
    assert client.get(f"/processes/instances/{instance.id}/do/explode").status_code == 404
    resumed = begin(operator, "busy", "A-2")
    assert "It is not suspended." in client.get(f"/processes/instances/{resumed.id}/do/resume").text


def test_tokens_are_moved_as_previewed(client, operator):
    instance = begin(operator, "busy", "M-1")
    form = {"cancel": str(token_at(instance, "look")), "start": "reminded"}
    address = f"/processes/instances/{instance.id}/do/move"
    page, _seen = preview(client, address, **form)
    change = page.text[page.text.index('class="change ') :]
    assert change.index("Goes away") < change.index("Look at it") < change.index("Comes") < change.index("Looked again")
    assert confirmed(client, address, **form).status_code == 302
    assert "reminded" in {one.element_id for one in standing.standing_of(instance.id).places}


@pytest.mark.parametrize(
    "form", [{}, {"cancel": "999"}, {"cancel": "x"}, {"start": "nowhere"}, {"start": ATTACK}, {"cancel": "²"}]
)
def test_a_move_without_sense_is_refused(client, operator, form):
    instance = begin(operator, "busy", "M-1")
    answer = client.post(f"/processes/instances/{instance.id}/do/move", data={"reason": "x", **form})
    assert answer.status_code == 422
    assert faults_of(answer) == []


def test_a_variable_is_set_changed_and_removed(client, operator):
    instance = begin(operator, "busy", "V-1", amount=1)
    address = f"/processes/instances/{instance.id}/do/variable"
    assert 'value="1"' not in client.get(f"{address}?name=amount").text.split("<textarea")[0]
    page, _seen = preview(client, address, name="amount", type="number", value="42")
    assert "<del" in page.text
    assert confirmed(client, address, name="amount", type="number", value="42").status_code == 302
    assert confirmed(client, address, name="who", type="json", value='{"a": [1]}').status_code == 302
    assert queries.variables_of(instance.id) | {"initiator": ""} == {"amount": 42, "who": {"a": [1]}, "initiator": ""}
    assert confirmed(client, address, name="amount", type="number", value="", remove="1").status_code == 302
    assert "amount" not in queries.variables_of(instance.id)
    assert client.get(f"/processes/instances/{instance.id}/variable.json?name=who").json == {"a": [1]}
    assert client.get(f"/processes/instances/{instance.id}/variable.json?name=no").status_code == 404


@pytest.mark.parametrize(
    ("form", "double"),
    [({"way": "edit", "values": '{"amount": 4}'}, 8), ({"way": "skip", "values": '{"double": 5}'}, 5)],
)
def test_the_ways_out_of_an_incident(client, operator, form, double):
    instance = begin(operator, "stuck", "I-1")
    (incident,) = standing.open_incidents_of(instance.id)
    address = f"/processes/incidents/{incident.id}"
    assert "there is no “amount”" in client.get(address).text
    page, _seen = preview(client, address, **form)
    assert "Check" in page.text[page.text.index('class="change ') :]
    assert confirmed(client, address, **form).status_code == 302
    assert queries.variables_of(instance.id)["double"] == double
    assert standing.open_incidents_of(instance.id) == []
    assert "This was dealt with already" in client.get(address).text
    assert client.post(address, data={"reason": "x", **form}).status_code == 409


def test_trying_again_without_a_cure_says_that_it_stays_stuck(client, operator):
    instance = begin(operator, "stuck", "I-2")
    (incident,) = standing.open_incidents_of(instance.id)
    page, _seen = preview(client, f"/processes/incidents/{incident.id}", way="retry")
    change = page.text[page.text.index('class="change ') :]
    assert change.count("there is no “amount”") == 2  # one goes, one comes


@pytest.mark.parametrize(
    "form", [{}, {"way": "edit"}, {"way": "edit", "values": "[1]"}, {"way": "skip", "values": '{"answers": 1}'}]
)
def test_a_way_out_that_is_none_is_refused(client, operator, form):
    instance = begin(operator, "stuck", "I-3")
    (incident,) = standing.open_incidents_of(instance.id)
    assert client.post(f"/processes/incidents/{incident.id}", data={"reason": "x", **form}).status_code == 422


def test_a_timer_is_moved_given_attempts_and_run(client, operator):
    instance = begin(operator, "busy", "J-1")
    (timer,) = standing.standing_of(instance.id).jobs
    address = f"/processes/instances/{instance.id}/jobs/{timer.id}"
    assert "2026-11-23T17:00" in client.get(address).text
    assert confirmed(client, address, act="due", due="2026-12-01T08:00").status_code == 302
    assert confirmed(client, address, act="retries", retries="7").status_code == 302
    (timer,) = standing.standing_of(instance.id).jobs
    assert (timer.due_at.isoformat(), timer.retries) == ("2026-12-01T00:00:00+00:00", 7)
    page, _seen = preview(client, address, act="run")
    assert "Looked again" in page.text[page.text.index('class="change ') :]
    assert confirmed(client, address, act="run").status_code == 302
    assert "reminded" in {one.element_id for one in standing.standing_of(instance.id).places}
    assert client.get(address).status_code == 404
    acts_told = [
        entry.details["act"] for entry in entries_of(Subject("process", instance.id)) if "act" in entry.details
    ]
    assert acts_told == ["due", "retries", "run"]


@pytest.mark.parametrize("form", [{"act": "due", "due": "soon"}, {"act": "retries", "retries": "1e9"}, {"act": "no"}])
def test_a_wrong_change_of_a_job_is_refused(client, operator, form):
    instance = begin(operator, "busy", "J-1")
    (timer,) = standing.standing_of(instance.id).jobs
    address = f"/processes/instances/{instance.id}/jobs/{timer.id}"
    assert client.post(address, data={"reason": "x", **form}).status_code == 422
    other = begin(operator, "busy", "J-2")
    assert client.get(f"/processes/instances/{other.id}/jobs/{timer.id}").status_code == 404


# --- batches and messages


def test_a_batch_from_the_list_to_its_results(client, operator):
    chosen = [begin(operator, "stuck", f"B-{n}").id for n in range(3)]
    page = client.post("/processes/batches/check", data={"verb": "suspend", "instance": chosen[:2]}).text
    seen = re.search(r'name="seen" value="([^"]+)"', page).group(1)
    form = {"verb": "suspend", "instance": chosen[:2], "seen": seen}
    assert client.post("/processes/batches", data=form).status_code == 422
    started = client.post("/processes/batches", data={**form, "reason": "recall"})
    assert started.status_code == 302
    page = client.get(started.headers["Location"]).text
    assert page.count("B-0") == page.count("B-1") == 1
    assert "B-2" not in page
    assert [queries.get_instance(one).suspended for one in chosen] == [True, True, False]
    assert "Suspend" in client.get("/processes/batches").text


def test_all_that_match_are_what_was_shown_or_nothing_is_done(client, operator):
    for n in range(3):
        begin(operator, "stuck", f"B-{n}")
    page = client.post("/processes/batches/check", data={"verb": "cancel", "all": "1", "process": "stuck"}).text
    assert "3 instances are chosen" in page
    seen = re.search(r'name="seen" value="([^"]+)"', page).group(1)
    late = begin(operator, "stuck", "B-late")
    form = {"verb": "cancel", "all": "1", "process": "stuck", "reason": "x", "seen": seen}
    answer = client.post("/processes/batches", data=form)
    assert answer.status_code == 409
    assert "4 instances are chosen" in answer.text
    assert queries.get_instance(late.id).status == "running"
    form["seen"] = re.search(r'name="seen" value="([^"]+)"', answer.text).group(1)
    assert client.post("/processes/batches", data=form).status_code == 302
    assert queries.get_instance(late.id).status == "cancelled"


def test_a_running_batch_shows_how_far_it_is_and_stops(client, operator, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    batch = batches.begin(operator, "suspend", [begin(operator, "stuck").id for _ in range(2)], "x")
    page = client.get(f"/processes/batches/{batch.id}").text
    assert f'data-live="/processes/batches/{batch.id}/stamp"' in page
    assert client.get(f"/processes/batches/{batch.id}/stamp").text == "running-0"
    assert client.post(f"/processes/batches/{batch.id}/stop").status_code == 302
    assert "stopped" in client.get(f"/processes/batches/{batch.id}").text
    assert client.post(f"/processes/batches/{batch.id}/stop").status_code == 409


def test_a_message_is_explained_and_delivered_again(client, operator):
    instance = begin(operator, "busy", "K-1")
    keep_message(operator, key="K-9", carrier=ATTACK)
    (kept,) = messages.page_of("waiting", "", "", 1).items
    page = client.get("/processes/messages?name=shipment.arrived&key=K-9")
    assert "Matched 0" in page.text
    assert "K-1" in page.text
    address = f"/processes/messages/{kept.id}"
    assert faults_of(client.get(address)) == []
    given = {"act": "deliver", "name": kept.name, "key": "K-9", "reason": "typo"}
    assert client.post(address, data=given).status_code == 409
    assert client.post(address, data={**given, "reason": ""}).status_code == 422
    assert client.post(address, data={**given, "key": "K-1"}).status_code == 302
    assert f"/processes/instances/{instance.id}" in client.get(address).text
    assert client.post(address, data={"act": "discard", "reason": "x"}).status_code == 409
    assert "Matched 1" not in client.get("/processes/messages?name=shipment.arrived&key=K-1").text


@pytest.mark.parametrize(
    "address",
    [
        *("/processes/nothing", "/processes/busy?version=9", "/processes/busy?version=%C2%B2", "/processes/messages/x"),
        *("/processes/instances/x", "/processes/instances/x/do/cancel", "/processes/incidents/x"),
        *("/processes/batches/x", "/processes/instances/x/jobs/y", "/processes/definitions/busy/elements/x"),
    ],
)
def test_what_is_not_there_is_not_found(client, operator, address):
    assert client.get(address).status_code == 404


def test_a_process_called_like_one_of_our_addresses_has_a_page(client, operator):
    deployed = queries.deployed(begin(operator, "stuck").definition_id)
    service.deploy(operator, deployed.definition.xml.replace(b'id="stuck"', b'id="messages"'))
    page = client.get("/processes").text
    assert 'href="/processes/definitions/messages"' in page
    assert "heat.json" in client.get("/processes/definitions/messages").text


def test_variables_are_shown_to_those_only_who_may_see_them(client, operator, reader):
    made = begin(operator, "busy", "K-1", secret="the price of the tender")
    service.set_variables(operator, made.id, {"secret": "the price of the other tender"}, reason="test")
    here = f"/processes/instances/{made.id}"
    for role in ("sales", "manager", "order_desk"):
        sign_in(client, make_user(roles=[role]))
        shown = client.get(f"{here}?tab=variables")
        assert shown.status_code == 200
        assert "Variables are not shown" in shown.text
        assert "process:variables" in shown.text
        for address in addresses(made):
            assert "tender" not in client.get(address).text, (role, address)
        assert client.get(f"{here}/variable.json?name=secret").status_code == 403
    for role in ("operator", "designer", "auditor", "admin"):
        sign_in(client, make_user(roles=[role]))
        assert "the price of the other tender" in client.get(f"{here}?tab=variables").text
        assert client.get(f"{here}/variable.json?name=secret").json == "the price of the other tender"
