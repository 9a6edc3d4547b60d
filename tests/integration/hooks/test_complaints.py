"""A CRM tells of complaints by webhook: once under each number of its own; what is wrong is named by field."""

from __future__ import annotations

import pytest

from app.core.db import session
from app.vigilance.models import Complaint
from tests.integration.hooks.test_actions import rule
from tests.integration.hooks.world import make_sender
from tests.vigilance.world import make_vigilance

pytestmark = pytest.mark.any_database
NAMES = ("reference", "customer", "product", "lot_no", "harm", "aware_at")


def test_told_once_under_each_number(tx, client):
    world = make_vigilance()
    sender = make_sender(client, roles=("integration",))
    sender.map(
        rule("complaint.record", "complaint", description="data.what", **{name: f"data.{name}" for name in NAMES})
    )
    told = {"what": "bent", "reference": "CRM-1", "customer": "RH", "product": world.lot.product.sku}
    told |= {"lot_no": world.lot.lot_no, "harm": "possible", "aware_at": "2026-06-01T08:00:00+08:00"}
    first = sender.send("c1", told, "complaint")
    again = sender.send("c2", {**told, "what": "bent, says the CRM"}, "complaint")
    one = session().query(Complaint).one()
    assert (first.state, again.state) == ("done", "done"), first.fault
    assert (one.source, one.lot_id, one.harm, one.description) == ("hook", world.lot.id, "possible", "bent")
    assert "told before" in again.outcome["text"]["en"]
    for place, (over, field) in enumerate((({"product": "NONE"}, "product"), ({"harm": "some"}, "harm"))):
        wrong = sender.send(f"w{place}", {**told, **over, "reference": f"W-{place}"}, "complaint")
        assert (wrong.state, field in str(wrong.fault)) == ("failed", True), wrong.fault
