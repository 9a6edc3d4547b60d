"""/api/v1/events: what happens to orders, tasks, processes and incidents, as other systems read it."""

from __future__ import annotations

import jsonschema_rs
import pytest

from app.core import outbox
from app.core.permissions import SYSTEM
from app.processes import service as processes
from tests.conformance import shapes as s
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import bearer, make_user

FEED = "/api/v1/events"


@pytest.fixture
def ask(client):
    """Asks as a program with the right to read events; the relay has numbered what there is."""
    reader = bearer(make_user(roles=["integration"]))

    def get(query="", path=FEED, status=200):
        while outbox.number():
            pass
        answer = client.get(f"{path}{query}", headers=reader)
        assert answer.status_code == status, answer.text
        return answer.json

    return get


@pytest.fixture
def flow(tx):
    return make_flow()


def short(page, *kinds):
    """Types without their prefix, of the kinds of subject if any are named."""
    names = [one["type"].removeprefix("youxu.") for one in page["items"]]
    return [name for name in names if not kinds or name.startswith(kinds)]


def test_only_who_has_the_right_may_read(client, tx):
    assert client.get(FEED).status_code == 401
    assert client.get(FEED, headers=bearer(make_user(roles=["sales"]))).status_code == 403
    other = make_user(roles=["integration"])
    assert client.get(FEED, headers=bearer(other, ["order:read"])).status_code == 403
    assert client.get(FEED, headers=bearer(other, ["events:read"])).status_code == 200
    assert client.get(f"{FEED}/catalogue", headers=bearer(make_user(roles=["sales"]))).status_code == 403


def test_the_life_of_an_order(flow, ask):
    order = flow.submit()
    first = ask()
    assert short(first) == ["order.created", "process.started", "task.opened"]
    made = first["items"][0]
    assert {name: made[name] for name in made if name not in ("id", "time")} == {
        "specversion": "1.0",
        "source": "urn:youxu",
        "type": "youxu.order.created",
        "subject": f"order/{order.id}",
        "datacontenttype": "application/json",
        "sequence": "0000000000000001",
        "partitionkey": order.number,
        "data": {"number": order.number, "version": 1, "status": "in_approval", "channel": order.channel},
    }
    assert made["time"] == "2026-11-23T04:00:00Z"
    flow.decide("bob", order, "approve")
    rest = ask(f"?after={first['next']}")
    shipped = ["process.started", "shipment.planned", "shipment.to_pick", "task.opened"]
    assert short(rest) == ["task.completed", "order.released", *shipped, "process.ended"]
    assert {one["partitionkey"] for one in (*first["items"], *rest["items"])} == {order.number}
    assert (rest["next"], rest["last"], rest["oldest"]) == (10, 10, 1)
    assert ask("?type=youxu.order.released")["items"] == [rest["items"][1]]
    assert short(ask("?type=youxu.order.released&type=youxu.task.opened&limit=1")) == ["task.opened"]
    assert rest["items"][0]["data"] == {
        "element": "approve",
        "status": "completed",
        "about_kind": "order",
        "about_id": order.id,
        "source_kind": "process",
        "source_id": rest["items"][-1]["subject"].removeprefix("process/"),
        "completed_by": flow.users["bob"].id,
        "on_behalf_of": None,
    }


def test_orders_that_do_not_make_it(flow, ask):
    from app.fulfilment import intake

    changed = flow.submit()
    intake.change(flow.actor("ann"), changed.id, {"note": "soon"}, seen_version=changed.version)
    assert short(ask(), "order", "task", "process") == [
        *("order.created", "process.started", "task.opened"),
        *("order.changed", "task.closed", "process.ended", "process.started", "task.opened"),
    ]
    at = ask()["next"]
    intake.cancel(flow.actor("ann"), changed.id, reason="no", seen_version=changed.version)
    assert short(ask(f"?after={at}")) == ["order.cancelled", "task.closed", "process.ended"]
    at = ask()["next"]
    withdrawn = flow.submit()
    flow.decide("bob", withdrawn, "rework", "look again")
    intake.withdraw(flow.actor("ann"), withdrawn.id, reason="no", seen_version=withdrawn.version)
    rejected = flow.submit()
    flow.decide("bob", rejected, "reject", "never")
    assert short(ask(f"?after={at}"), "order") == [
        *("order.created", "order.returned", "order.withdrawn", "order.created", "order.rejected"),
    ]


def test_an_order_that_is_blocked_and_no_longer(flow, ask, monkeypatch):
    order = flow.submit()
    from app.priority import events

    standing = type("S", (), {"blocked": True, "number": order.number, "order_version": 1, "order_id": order.id})
    standing.decision_id = standing.gate_decision_id = "d"
    at = ask()["next"]
    for blocked, was in ((True, False), (True, True), (False, True), (False, False)):
        standing.blocked = blocked
        events.tell_of_block(standing, was=was)
    assert short(ask(f"?after={at}")) == ["order.blocked", "order.unblocked"]


def test_an_incident_is_raised_and_resolved(tx, ask):
    who = SYSTEM
    diagram = s.diagram("stuck", s.start(), s.compute("c", "${missing + 1}", "y"), s.end(), "s -> c -> e")
    processes.deploy(who, diagram)
    made = processes.start_definition(who, processes.deploy(who, diagram).id, business_key="B-1")
    (raised,) = ask("?type=youxu.incident.raised")["items"]
    assert raised["partitionkey"] == "B-1"
    assert raised["data"] == {"process": "stuck", "instance": made.id, "element": "c", "kind": "fault"}
    processes.retry_incident(who, raised["subject"].removeprefix("incident/"), "mended", {"missing": 1})
    page = ask(f"?after={int(raised['sequence'])}")
    assert short(page, "incident", "process") == ["incident.resolved", "process.ended"]
    assert page["items"][0]["subject"] == raised["subject"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=99999999999999999999", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("type=youxu.nothing", "type"),
    ],
)
def test_wrong_parameters_are_named(ask, query, field):
    error = ask(f"?{query}", status=422)["error"]
    assert error["code"] == "Invalid"
    assert any(name.startswith(field) for name in error["details"]["fields"])


def test_a_position_that_was_never_given_is_refused(ask):
    error = ask("?after=7", status=422)["error"]
    assert (error["code"], error["details"]) == ("NotYetGiven", {"after": 7, "last": 0})


def test_a_reader_that_comes_too_late_is_told_where_the_feed_begins(flow, ask):
    from datetime import timedelta

    from app.core import clock
    from app.core.outbox import forgetting

    flow.submit()
    assert ask()["last"] == 3
    with clock.moved(clock.now() + timedelta(days=31)):
        forgetting.forget()
    error = ask("?after=0", status=410)["error"]
    assert error["code"] == "EventsForgotten"
    assert error["details"] == {"after": 0, "oldest": 4}
    assert ask("?after=3")["items"] == []


def test_the_catalogue_describes_every_type_in_both_languages(ask):
    items = ask(path=f"{FEED}/catalogue")["items"]
    ours = [one for one in items if not one["type"].startswith("youxu.test.")]
    assert {one["type"] for one in ours} >= {
        *(f"youxu.order.{verb}" for verb in ("created", "changed", "released", "cancelled", "withdrawn", "blocked")),
        *("youxu.order.unblocked", "youxu.task.opened", "youxu.task.completed", "youxu.process.started"),
        *("youxu.process.ended", "youxu.process.cancelled", "youxu.incident.raised", "youxu.incident.resolved"),
    }
    for one in ours:
        jsonschema_rs.meta.validate(one["dataschema"])
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one["description"]["zh"]), one["type"]
        assert one["description"]["en"].isascii()
