"""What operators see and do, on the real engine: heatmap, lists, previews, batches, messages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, jobs
from app.core.errors import Invalid
from app.identity import queries as people
from app.processes import queries, service
from app.processes.cockpit import (
    batches,
    heat,
    history,
    incidents,
    listing,
    messages,
    overview,
    standing,
    trying,
    values,
)
from app.tasks import service as inbox
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.processes.cockpit_world import begin, deploy_all, deploy_later, keep_message


@pytest.fixture
def operator(tx, rules):
    deploy_all()
    deploy_later()
    return actor_for(make_user(roles=["operator", "manager"]))


def found(**wanted: str) -> list[str]:
    page = listing.page_of(listing.Wanted.read(wanted), 1)
    assert page.total == len(page.items)
    return [row.label for row in page.items]


def task_at(instance, element):
    return next(one for one in standing.tasks_of(instance.id) if one.element_id == element)


# --- reads


def test_a_waiting_token_of_each_kind_is_counted_where_it_is(operator):
    instance = begin(operator, "busy", "A-1")
    begin(operator, "busy", "A-2")
    seen = heat.heat_of(instance.definition_id)
    assert seen.tokens == {"look": 2, "arrive": 2, "machine": 2, "call": 2}
    assert seen.visits["split"] == 2
    assert seen.instances == 2
    now = standing.standing_of(instance.id)
    assert sorted(one.element_id for one in now.places) == ["arrive", "call", "look", "machine"]
    assert standing.diagram_of(instance.id)["tokens"] == {"look": 1, "arrive": 1, "machine": 1, "call": 1}


def test_a_token_that_failed_shows_its_reason(operator):
    stuck = begin(operator, "stuck", "S-1")
    state = standing.diagram_of(stuck.id)
    assert "amount" in state["failed"]["reckon"]
    (row,) = listing.page_of(listing.Wanted(incident="yes"), 1).items
    assert (row.label, row.incidents) == ("S-1", 1)
    assert "amount" in row.incident
    (process,) = [one for one in overview.overview() if one.key == "stuck"]
    assert (process.running, process.stuck, process.version) == (1, 1, 1)


def test_times_are_median_and_ninth_tenth_of_finished_stays(operator):
    hours = [1, 2, 3, 4, 5, 6, 7, 8, 9, 40]
    started = [begin(operator, "stuck", f"T-{n}", amount=n) for n in hours]
    for instance, wait in zip(started, hours, strict=True):
        with clock.moved(NOON + timedelta(hours=wait)):
            inbox.complete(operator, task_at(instance, "check").id, {})
    stay = heat.heat_of(started[0].definition_id).stays["check"]
    assert (stay.count, stay.median, stay.p90, stay.longest) == (10, 5 * 3600, 9 * 3600, 40 * 3600)


def test_what_began_before_the_window_is_left_out(operator):
    with clock.moved(NOON - timedelta(days=heat.DAYS + 1)):
        old = begin(operator, "stuck", "old", amount=1)
    seen = heat.heat_of(old.definition_id)
    assert (seen.instances, seen.visits) == (0, {})
    assert seen.tokens == {"check": 1}


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        ({"process": "busy"}, ["B-2", "B-1"]),
        ({"process": "busy", "sort": "started"}, ["B-1", "B-2"]),
        ({"process": "busy", "version": "1", "sort": "-key"}, ["B-2", "B-1"]),
        ({"process": "busy", "version": "2"}, []),
        ({"key": "B-"}, ["B-2", "B-1"]),
        ({"at": "machine"}, ["B-2", "B-1"]),
        ({"at": "call"}, ["B-2", "B-1"]),
        ({"at": "nowhere"}, []),
        ({"incident": "yes"}, ["S-1"]),
        ({"text": "there is no"}, ["S-1"]),
        ({"text": "%"}, []),
        ({"process": "stuck", "incident": "no"}, []),
        ({"state": "suspended"}, ["B-1"]),
        ({"state": "cancelled"}, ["gone"]),
        ({"process": "busy", "since": "2026-11-23", "until": "2026-11-23"}, ["B-1"]),
        ({"process": "busy", "since": "2026-11-24"}, ["B-2"]),
    ],
)
def test_the_list_is_filtered_and_sorted(operator, wanted, labels):
    first = begin(operator, "busy", "B-1")
    service.suspend(operator, first.id, "wait")
    begin(operator, "stuck", "S-1")
    service.cancel_instance(operator, begin(operator, "stuck", "gone").id, "not wanted")
    with clock.moved(NOON + timedelta(days=1)):
        begin(operator, "busy", "B-2")
    assert found(**wanted) == labels


def test_counting_stops_at_the_limit(operator, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 2)
    for n in range(4):
        begin(operator, "stuck", f"N-{n}")
    assert listing.page_of(listing.Wanted(), 1).total == 3


def test_history_tells_what_changed_and_what_operators_did(operator):
    instance = begin(operator, "stuck", "H-1")
    (incident,) = standing.open_incidents_of(instance.id)
    service.retry_incident(operator, incident.id, "amount was missing", {"amount": 21})
    events = standing.events_before(instance.id, None)
    lines = history.told(instance.definition_id, events)
    (performed,) = [line for line in lines if line.title == "Performed “Reckon”"]
    assert [(one.name, one.after) for one in performed.deltas] == [("double", "42")]
    acts = history.with_acts(instance.definition_id, instance.id, lines, newest=True, oldest=True)
    assert {("An operator tried again at “Reckon”", "amount was missing")} <= {
        (line.title, line.reason) for line in acts
    }


def change_of(instance, title="Variables set"):
    lines = history.told(instance.definition_id, standing.events_before(instance.id, None))
    line = next(one for one in lines if one.title == title)
    return line.reason, line.actor, [(one.name, one.before, one.after) for one in line.deltas]


def test_history_tells_what_an_operator_set_before_and_after(operator):
    instance = begin(operator, "busy", "H-2", amount=1, note="old", same="x")
    service.set_variables(
        operator, instance.id, {"amount": 2, "new": [1], "same": "x"}, removed=["note", "never"], reason="corrected"
    )
    reason, who, deltas = change_of(instance)
    assert (reason, who) == ("corrected", people.get_user(operator.id).name)
    assert deltas == [("amount", "1", "2"), ("new", "", "[1]"), ("note", "old", "")]
    lines = history.told(instance.definition_id, standing.events_before(instance.id, None))
    whole = history.with_acts(instance.definition_id, instance.id, lines, newest=True, oldest=True)
    assert [one.title for one in whole].count("Variables set") == 1


def test_history_tells_local_values_at_their_place(operator):
    instance = begin(operator, "busy", "H-3")
    token = next(one.token for one in standing.standing_of(instance.id).places if one.element_id == "look")
    service.set_variables(operator, instance.id, {"n": 1}, token=token, reason="first")
    service.set_variables(operator, instance.id, {"n": 2}, token=token, reason="second")
    assert change_of(instance) == ("second", people.get_user(operator.id).name, [("n", "1", "2")])
    assert standing.events_at(instance.id, "look")[0].kind == "assigned"


def test_what_the_engine_keeps_is_not_in_the_delta_and_large_values_are_cut(operator):
    instance = begin(operator, "busy", "H-4")
    with pytest.raises(Invalid):
        service.set_variables(operator, instance.id, {"decisions": {"x": 1}}, reason="x")
    service.set_variables(operator, instance.id, {"_types": {"n": {"type": "Long"}}, "n": 1, "big": "y" * 99_999})
    event = next(one for one in standing.events_before(instance.id, None) if one.kind == "assigned")
    assert sorted(event.details["after"]) == ["big", "n"]
    assert len(event.details["after"]["big"]) == 2001
    assert queries.variables_of(instance.id)["big"] == "y" * 99_999


def test_a_value_that_a_branch_has_changed_is_the_one_before(operator):
    instance = begin(operator, "busy", "H-5", amount=1)
    task = task_at(instance, "look")
    inbox.complete(operator, task.id, None, variables={"amount": 5}, for_others=True)
    service.set_variables(operator, instance.id, {"amount": 6}, reason="x")
    assert change_of(instance)[2] == [("amount", "5", "6")]


# --- previews


def test_a_preview_tells_what_would_come_and_changes_nothing(operator):
    instance = begin(operator, "busy", "P-1")
    before = standing.standing_of(instance.id)
    token = next(one.token for one in before.tokens if one.element_id == "look" and one.state == "waiting")

    def move() -> None:
        service.move_token(operator, instance.id, cancel=[token], start_before=["reminded"], reason="try")

    change = trying.tried(instance.id, move)
    assert [(one.kind, one.text) for one in change.gone] == [("job", "Remind"), ("task", "Look at it")]
    assert [(one.kind, one.text) for one in change.come] == [("task", "Looked again")]
    assert not change.ends
    after = standing.standing_of(instance.id)
    assert (after.instance.version, after.instance.events) == (before.instance.version, before.instance.events)
    assert [one.id for one in after.tasks] == [one.id for one in before.tasks]
    move()
    assert {one.element_id for one in standing.standing_of(instance.id).places} == {
        *("arrive", "machine", "call", "reminded")
    }


def test_a_preview_of_the_end_names_everything_that_ends(operator):
    instance = begin(operator, "busy", "P-2")
    change = trying.tried(instance.id, lambda: service.cancel_instance(operator, instance.id, "x"))
    assert change.ends
    assert {one.kind for one in change.gone} == {"task", "job", "wait", "external", "called"}
    assert queries.get_instance(instance.id).status == "running"


def test_a_refused_preview_leaves_everything_as_it_was(operator):
    instance = begin(operator, "stuck", "P-3")
    with pytest.raises(service.TokenNotReady):
        trying.tried(instance.id, lambda: service.move_token(operator, instance.id, cancel=[999], reason="x"))
    assert standing.open_incidents_of(instance.id) != []


# --- batches


def results(batch) -> list[tuple[str, str]]:
    return [(item.status, item.message.get("en", "")) for item in batches.items_of(batch, 1, failed=False).items]


def test_each_item_of_a_batch_has_its_own_result(operator):
    running, suspended = begin(operator, "busy", "1"), begin(operator, "busy", "2")
    service.suspend(operator, suspended.id, "x")
    gone = begin(operator, "stuck", "3")
    service.cancel_instance(operator, gone.id, "x")
    batch = batches.begin(operator, "suspend", [running.id, suspended.id, gone.id, "nobody"], "maintenance")
    assert (batch.status, batch.done, batch.skipped, batch.failed) == ("finished", 1, 2, 1)
    assert results(batch) == [
        ("done", ""),
        ("skipped", "There is nothing to do: it is suspended already"),
        ("skipped", "There is nothing to do: it has ended"),
        ("failed", "Not found."),
    ]
    assert queries.get_instance(running.id).suspended
    assert [item.status for item in batches.items_of(batch, 1, failed=True).items] == ["failed"]


def test_a_batch_tries_incidents_again_after_the_cause_is_gone(operator):
    stuck = [begin(operator, "stuck", f"R-{n}") for n in range(3)]
    service.set_variables(operator, stuck[1].id, {"amount": 4}, reason="known now")
    batch = batches.begin(operator, "retry", [one.id for one in stuck], "amount is known")
    assert (batch.done, batch.failed) == (3, 0)
    assert [len(standing.open_incidents_of(one.id)) for one in stuck] == [1, 0, 1]
    again = batches.begin(operator, "retry", [stuck[1].id], "again")
    assert results(again) == [("skipped", "There is nothing to do: there is no open incident")]


def test_a_long_batch_goes_on_as_a_job_and_can_be_stopped(operator, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    ids = [begin(operator, "stuck", f"L-{n}").id for n in range(5)]
    batch = batches.begin(operator, "cancel", ids, "recall")
    assert (batch.status, batch.seen) == ("running", 0)
    jobs.run_due(limit=1)
    batch = batches.get_batch(batch.id)
    assert (batch.status, batch.seen) == ("running", 2)
    batches.stop(operator, batch.id)
    jobs.run_due()
    batch = batches.get_batch(batch.id)
    assert (batch.status, batch.done) == ("stopped", 2)
    assert [queries.get_instance(one).status for one in ids] == ["cancelled"] * 2 + ["running"] * 3
    with pytest.raises(batches.BatchEnded):
        batches.stop(operator, batch.id)


def test_a_long_batch_finishes_by_itself(operator, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    ids = [begin(operator, "stuck", f"F-{n}").id for n in range(5)]
    batch = batches.begin(operator, "suspend", ids, "x")
    for _round in range(4):
        jobs.run_due()
    batch = batches.get_batch(batch.id)
    assert (batch.status, batch.done, batch.finished_at) == ("finished", 5, NOON)


def test_a_batch_of_somebody_who_lost_the_right_stops(operator, tx, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    user = make_user(roles=["operator"])
    ids = [begin(operator, "stuck", f"W-{n}").id for n in range(2)]
    batch = batches.begin(actor_for(user), "cancel", ids, "x")
    user.roles = ["sales"]
    tx.flush()
    jobs.run_due()
    assert batches.get_batch(batch.id).status == "stopped"
    assert queries.get_instance(ids[0]).status == "running"


@pytest.mark.parametrize(
    ("verb", "ids", "reason", "field"),
    [("explode", ["x"], "r", "verb"), ("cancel", [], "r", "instances"), ("cancel", ["x"], " ", "reason")],
)
def test_a_batch_without_sense_is_refused(operator, verb, ids, reason, field):
    with pytest.raises(Invalid) as refused:
        batches.begin(operator, verb, ids, reason)
    assert list(refused.value.details["fields"]) == [field]


# --- messages


def test_the_diagnosis_tells_who_waits_and_who_nearly_does(operator):
    begin(operator, "busy", "K-1")
    begin(operator, "busy", "K-2")
    assert len(messages.diagnosed("shipment.arrived", "").matched) == 2
    exact = messages.diagnosed("shipment.arrived", "K-1")
    assert ([one.label for one in exact.matched], [one.label for one in exact.near]) == (["K-1"], ["K-2"])
    missed = messages.diagnosed("shipment.arrived", "K-9")
    assert (missed.matched, {one.label for one in missed.near}) == ([], {"K-1", "K-2"})
    assert messages.diagnosed("shipment.lost", "K-1").others == ["shipment.arrived"]


def test_a_buffered_message_is_delivered_to_the_chosen_one(operator):
    keep_message(operator, key="K-9", carrier="SF")
    instance = begin(operator, "busy", "K-1")
    (kept,) = messages.page_of("waiting", "", "", 1).items
    with pytest.raises(service.NoMatch):
        messages.correlate_again(operator, kept.id, name=kept.name, key="K-9", instance_id=None, reason="x")
    messages.correlate_again(operator, kept.id, name=kept.name, key="K-9", instance_id=instance.id, reason="x")
    assert messages.state_of(messages.get_message(kept.id)) == "delivered"
    assert queries.variables_of(instance.id)["carrier"] == "SF"
    with pytest.raises(messages.NotBuffered):
        messages.discard(operator, kept.id, "x")


def test_a_discarded_message_reaches_nobody(operator):
    keep_message(operator, key="K-5")
    (kept,) = messages.page_of("waiting", "", "", 1).items
    messages.discard(operator, kept.id, "wrong")
    instance = begin(operator, "busy", "K-5")
    assert "arrive" in {one.element_id for one in standing.standing_of(instance.id).places}
    assert [one.id for one in messages.page_of("expired", "", "", 1).items] == [kept.id]


# --- values


@pytest.mark.parametrize(
    "value", ["text", "", "two\nlines", 12, -1.5, True, False, None, [1, {"a": None}], {"b": "审批"}, {}]
)
def test_a_value_that_is_shown_in_a_form_comes_back_the_same(value):
    given = {"name": "x", "type": values.type_of(value), "value": values.written(value)}
    name, read = values.read(given)
    assert (name, read, type(read)) == ("x", value, type(value))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "1x", "type": "text", "value": ""}, "name"),
        ({"name": "decisions", "type": "text", "value": ""}, "name"),
        ({"name": "x", "type": "number", "value": "true"}, "value"),
        ({"name": "x", "type": "number", "value": "NaN"}, "value"),
        ({"name": "x", "type": "boolean", "value": "1"}, "value"),
        ({"name": "x", "type": "json", "value": '{"a":1,"a":2}'}, "value"),
        ({"name": "x", "type": "no", "value": "1"}, "value"),
        ({"name": "x", "type": "text", "value": "a\x00"}, "value"),
    ],
)
def test_a_wrong_value_is_refused_by_field(given, field):
    with pytest.raises(Invalid) as refused:
        values.read(given)
    assert list(refused.value.details["fields"]) == [field]


def test_what_an_incident_means_depends_on_what_failed(operator):
    later = begin(operator, "later", fail_at=0)
    for hours in range(4):
        with clock.moved(NOON + timedelta(hours=hours)):
            jobs.run_due()
    (failed,) = standing.open_incidents_of(later.id)
    assert failed.kind == "failedJob"
    assert str(incidents.explained(failed).title) == "A service step failed"
    stuck = begin(operator, "stuck")
    (fault,) = standing.open_incidents_of(stuck.id)
    assert str(incidents.explained(fault).title) == "The process cannot go on here"
    assert str(incidents.explained(fault, "callActivity").title) == "The called process could not be used"
