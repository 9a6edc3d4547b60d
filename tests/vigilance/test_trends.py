"""Signals: cases of one lot or product that add up are shown, and told of once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import session
from app.tasks.records import Notice
from app.vigilance import service, trends
from app.vigilance.models import Signal
from tests.identity.factories import sign_in
from tests.inventory.factories import make_lot
from tests.vigilance.world import make_vigilance

pytestmark = pytest.mark.any_database


@pytest.fixture
def world(tx):
    return make_vigilance()


def found():
    return {(one.kind, one.complaints, one.nonconformances) for one in session().query(Signal)}


def told():
    return session().query(Notice).filter_by(kind="signal").count()


def test_what_adds_up_is_told_once(world, client):
    one, two = world.complain(), world.complain()
    unfounded = world.complain()
    failed = service.raise_nonconformance(world.actor("rae"), unfounded, "major", 1, "open")
    service.raise_nonconformance(world.actor("rae"), one, "major", 1, "open")  # the same case as its complaint
    world.confirm(one)
    assert trends.watch() == (0, 0), "one confirmed, one that does not conform: no three"
    world.confirm(two)
    assert trends.watch() == (2, 0)
    assert found() == {("lot", 2, 1), ("product", 2, 1)}
    assert (told(), trends.watch(), told()) == (3, (0, 0), 3), "rae, rio and hedda, once"
    client.set_cookie("language", "en")
    sign_in(client, world.users["rae"])
    capa = world.capa(source_kind="signal", source=f"{world.lot.product.sku} {world.lot.lot_no}", problem="seals")
    assert (capa.lot_id, capa.source_id) == (world.lot.id, world.lot.id)
    for page in ("/risks/quality", "/complaints", "/capa"):
        text = client.get(page).text
        assert all(word in text for word in (world.lot.lot_no, "/recalls/new?lots=", "source_kind=signal", "all lots"))
    assert capa.number in client.get("/risks/quality").text
    with clock.moved(clock.now() + timedelta(days=91)):
        assert trends.watch() == (0, 2), "long ago"
    assert found() == set()
    assert failed.outcome == "open"


def test_of_a_product_by_lots(world):
    other = make_lot(world.lot.product, on_hand=5)
    for lot in (world.lot, other, other):
        world.confirm(world.complain(lot_no=lot.lot_no))
    assert trends.watch() == (1, 0)
    assert found() == {("product", 3, 0)}
