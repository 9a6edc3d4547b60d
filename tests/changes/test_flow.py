"""Changes of released orders from end to end: every way of deciding, holding, undoing and returning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.changes import service
from app.core import clock
from app.core.errors import Invalid, StaleVersion
from app.core.subject import Subject
from app.fulfilment import documents, intake
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import queries as orders
from app.processes import queries as instances
from app.tasks import queries as tasks
from app.tasks.refusing import FourEyes
from tests.changes.world import make_changing, run_jobs

pytestmark = [pytest.mark.usefixtures("tx"), pytest.mark.any_database]


@pytest.fixture
def flow(app):
    return make_changing()


def test_texts_only_go_through_by_themselves(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    assert order.status == "released"
    case = flow.ask(order, note="call at the back door")
    assert (case.status, case.number[:3]) == ("applied", "CR-")
    order = orders.get_order(order.id)
    assert (order.status, order.note, order.version) == ("released", "call at the back door", case.applied_version)
    assert flow.kept(order) == 5
    assert [one.version for one in documents.documents_of(order.id)] == [2, 1]
    with pytest.raises(Invalid):  # nothing differs
        flow.ask(order, note="call at the back door")


def test_less_is_reserved_anew_and_the_rest_is_free(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    case = flow.ask(order, quantity=2)
    assert flow.at(case) != []
    run_jobs()  # nobody waits for a hold: nothing is under way
    order = orders.get_order(order.id)
    assert (case.status, case.hold, flow.kept(order), order.lines[0].reserved) == ("applied", "nobody", 2, 2)
    assert {row.level for row in stock.reservations_of(order.id)} == {"firm"}
    assert stock.differences() == []
