"""Starts at a time that fail for good: an incident without an instance, seen, told and tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import do_due, session
from app.core.outbox import WaitingEvent
from app.core.permissions import SYSTEM
from app.processes import queries, service
from app.processes.cockpit import overview
from app.processes.metrics import incidents_open
from app.processes.steps import step
from tests.conformance import shapes as s
from tests.conftest import NOON
from tests.identity.factories import make_user, sign_in
from tests.processes.plays import steps

EVERY_HOUR = s.diagram("hourly", s.start("s", s.every("R/PT1H")), steps("test_hourly"), s.end(), "s -> w -> e")
broken_now = [True]


@step.register("test_hourly")
def hourly(_call):
    if broken_now[0]:
        raise RuntimeError("the other system is away")
    return {}


@pytest.fixture
def given_up(tx):
    """A start at a time that has failed three times."""
    broken_now[0] = True
    service.deploy(SYSTEM, EVERY_HOUR)
    moment = NOON + timedelta(hours=1)
    for _ in range(3):
        with clock.moved(moment):
            assert jobs.run_due() == 1
        moment += timedelta(minutes=10)
    (job,) = queries.stuck_starts()
    with clock.moved(moment):
        yield job


def told(kind):
    do_due()
    wanted = select(WaitingEvent).where(WaitingEvent.type == f"youxu.incident.{kind}")
    return [(row.subject_id, row.data["process"]) for row in session().scalars(wanted)]


def test_a_start_at_a_time_that_fails_for_good_is_an_incident(given_up, client):
    assert "the other system is away" in given_up.error
    assert overview.open_incidents() == 1
    assert incidents_open() == 1
    assert told("raised") == [(given_up.id, "hourly")]
    sign_in(client, make_user(roles=["operator"]))
    client.set_cookie("language", "en")
    page = client.get("/processes").text
    assert "the other system is away" in page
    address = f"/processes/starts/{given_up.id}/retry"
    assert address in page
    assert client.post(address, data={"reason": ""}).status_code == 422
    sign_in(client, make_user(roles=["designer"]))
    assert client.post(address, data={"reason": "r"}).status_code == 403
    assert "the other system is away" in client.get("/processes").text
    assert address not in client.get("/processes").text


def test_it_can_be_tried_again_and_then_goes_on_as_before(given_up, client):
    sign_in(client, make_user(roles=["operator"]))
    broken_now[0] = False
    address = f"/processes/starts/{given_up.id}/retry"
    assert client.post(address, data={"reason": "it is back"}).status_code == 302
    assert told("resolved") == [(given_up.id, "hourly")]
    assert (queries.stuck_starts(), overview.open_incidents(), incidents_open()) == ([], 0, 0)
    assert jobs.run_due() == 1
    (job,) = jobs.jobs_of("process-start", "hourly")
    assert job.retries == jobs.RETRIES
    assert job.due_at > clock.now()
    assert client.post(address, data={"reason": "twice"}).status_code == 404


def test_another_version_in_force_is_a_way_out_too(given_up):
    service.deploy(SYSTEM, EVERY_HOUR.replace(b"PT1H", b"PT2H"))
    assert told("resolved") == [(given_up.id, "hourly")]
    assert queries.stuck_starts() == []
