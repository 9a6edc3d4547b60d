"""Two PCs at once, on real commits."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
from sqlalchemy import func, select

from app.core.db import session, transaction
from app.core.subject import Subject
from app.documents import queries as documents
from app.inventory import queries as stock
from app.inventory.models import Lot, Warehouse
from app.quality import queries
from app.quality.models import Inspection
from tests.fulfilment.test_intake_races import at_once
from tests.quality.world import make_quality


@pytest.fixture
def world(live):
    with transaction():
        return make_quality()


def test_two_testers_at_once(app, world):
    with transaction():
        one = world.receive(100)
        world.check(one)
        task = world.task(one).id
    answers = {"sampled": 13, "defective": 0, "measured": "mass: 0.5"}
    form = {"answers": orjson.dumps(answers).decode()}
    got = at_once(app, world.flow.users["quin"], [lambda c: c.post(f"/tasks/{task}/complete", data=form)] * 2)
    assert Counter(answer.status_code for answer in got) == {302: 1, 409: 1}
    with transaction(write=False):
        one = queries.get_inspection(one.id)
        assert (len(one.results), one.found["sampled"], world.at(one)) == (1, 13, ["review"])


def test_recalled_and_tested_at_once(app, world):
    with transaction():
        one = world.receive(100)
        world.check(one)
        task, lot = world.task(one).id, one.lot_id
        version = session().get_one(Lot, lot).version
    answers = {"sampled": 13, "defective": 0, "measured": "mass: 0.5"}
    recall = {"status": "recalled", "reason": "notice", "seen_version": version}
    at_once(
        app,
        world.flow.users["quin"],
        [
            lambda c: c.post(f"/tasks/{task}/complete", data={"answers": orjson.dumps(answers).decode()}),
            lambda c: c.post(f"/lots/{lot}/status", data=recall),
        ],
    )
    with transaction(write=False):
        one = queries.get_inspection(one.id)
        lot = session().get_one(Lot, lot)
        stopped = lot.status == "recalled"
        assert (one.state == "stopped") == stopped
        assert world.at(one) == ([] if stopped else ["review"])
        assert documents.documents_of(Subject("lot", lot.id)) == []
        assert stock.differences() == []


def test_two_deliveries_of_a_lot_at_once_make_one_inspection(app, world):
    with transaction():
        first = world.receive(10)
        world.answer(
            "wanda", first, counted=10, package="ok", label="ok", udi="ok", certificate="ok", temperature="none"
        )
        given = {"lot_no": first.lot.lot_no, "made_on": "2026-06-01", "expires_on": "2028-06-01", "quantity": "5"}
        form = {**given, "warehouse": session().get_one(Warehouse, first.warehouse_id).code}
        product = first.product_id
    got = at_once(app, world.flow.users["wanda"], [lambda c: c.post(f"/stock/{product}/receive", data=form)] * 3)
    assert [answer.status_code for answer in got] == [302] * 3
    with transaction(write=False):
        assert session().scalar(select(func.count()).select_from(Inspection)) == 1
        assert queries.get_inspection(first.id).quantity == 25
