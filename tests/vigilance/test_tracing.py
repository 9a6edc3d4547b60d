"""Complaints, nonconformances and CAPA stand in the chains of what they are about, and of nothing else."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.inventory.ledger import Movement, post
from app.inventory.queries import bins_of
from app.vigilance import service
from tests.catalog.factories import make_customer
from tests.identity.factories import bearer, sign_in
from tests.inventory.factories import make_lot
from tests.vigilance.world import make_vigilance

pytestmark = pytest.mark.any_database


@pytest.fixture
def world(tx):
    return make_vigilance()


def test_of_lots_and_customers(world, client):
    other = make_customer(code="RO")
    home = inventory.home_bin(bins_of(world.lot.id)[0].warehouse, world.lot)
    for customer in (world.hospital, other):
        target = inventory.outside("customer", customer.id)
        post(SYSTEM, [Movement("ship", world.lot.id, home, target, 3)])
    one = world.complain(harm="possible")
    found = service.raise_nonconformance(world.actor("rae"), one, "major", 2, "open")
    capa = world.capa(source_kind="complaint", source=one.number)
    theirs = world.complain(customer="RO", lot_no="")
    elsewhere = make_lot(world.lot.product, on_hand=5)
    numbers = {"complaint": one.number, "nonconformance": found.number, "capa": capa.number}
    headers = bearer(world.users["rae"])

    def steps(kind, key):
        answer = client.get(f"/api/v1/trace/{kind}/{key}", headers=headers)
        assert answer.status_code == 200, answer.json
        return {step["code"]: step["document"] for step in answer.json["steps"] if step["code"] in numbers}

    assert steps("lot", world.lot.id) == numbers
    assert steps("customer", world.hospital.id) == numbers
    assert steps("customer", other.id)["complaint"] == theirs.number, "not what others complain of"
    assert steps("lot", elsewhere.id) == {}
    client.set_cookie("language", "zh_Hans")
    sign_in(client, world.users["rae"])
    page = client.get(f"/trace/lot/{world.lot.id}").text
    assert all(text in page for text in (f"/complaints/{one.id}", f"/capa/{capa.id}", "待受理", "纠正预防措施"))
