"""The demo world loads whatever the day, with its stories."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.core import clock, db, jobs
from app.core.permissions import SYSTEM
from app.decisions import service as decisions
from app.demo import service as demo
from app.notifying import pushing
from app.processes import service as processes
from app.processes.designer import drafts, queries, replaying
from app.processes.models import ProcessInstance
from app.shipping.models import Shipment
from tests.conftest import build_schema, close_whole

DAYS = [datetime(2026, 11, 23, 1, tzinfo=UTC) + timedelta(days=day, hours=5 * day) for day in range(8)]


@pytest.mark.full
@pytest.mark.any_database
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_it_loads_on_each_day_with_every_story(app, settings, tmp_path, day):
    before = db._engine
    engine = db.connect(replace(settings, data=tmp_path, database_url=f"sqlite:///{tmp_path}/demo.db"))
    build_schema(engine)
    said = []
    try:
        with clock.moved(day):
            with db.transaction():
                decisions.seed(SYSTEM)
                processes.seed(SYSTEM)
                pushing.make_key()
            demo.load(new_password=lambda: "correct-horse-battery", say=said.append)
            with db.transaction(write=False):
                found = Counter(tuple(row) for row in db.session().execute(select(Shipment.status, Shipment.cold)))
        no_past_parts(day)
    finally:
        close_whole(engine)
        db._engine = before
    assert [line for line in said if "left out" in line] == []
    told = [("picking", False), ("packed", False), ("in_transit", True), ("delivered", False)]
    assert [story for story in told if not found[story]] == []


def no_past_parts(day: datetime) -> None:
    """What happened goes the same way through drafts that change nothing: at once, days later without a worker, and when
    one has caught up and fired late what was due."""
    with clock.moved(day), db.transaction():
        keys = list(db.session().scalars(select(ProcessInstance.key).distinct()))
        made = [drafts.begin(SYSTEM, key, "as it is").id for key in keys]
    assert {"approval", "shipment", "qc", "recall", "capa", "change", "qualification"} <= set(keys)
    for later, at_work in ((0, False), (5, False), (5, True)):
        with clock.moved(day + timedelta(days=later)):
            while at_work and jobs.run_due():
                pass
            with db.transaction(write=False):
                for draft in map(queries.get_draft, made):
                    for again in (False, True):
                        past = replaying.replay(draft, again=again)
                        assert past.played == past.same > 0, (draft.key, later, past.differences)
                        assert past.unplayed == [], (draft.key, later)
