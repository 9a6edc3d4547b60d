"""What listens to the release of an order starts about its shipment, in the transaction of the release."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.orders import queries as orders
from app.processes import queries as processes
from app.processes import service as process_verbs
from app.shipping import shipments
from tests.fulfilment.flow_world import make_flow

LISTENS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
<message id="m" name="order.released"/><process id="dispatched" isExecutable="true">
<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><userTask id="look"/><endEvent id="e"/>
<sequenceFlow id="s-look" sourceRef="s" targetRef="look"/><sequenceFlow id="look-e" sourceRef="look" targetRef="e"/>
</process></definitions>"""


@pytest.fixture
def flow(tx):
    return make_flow()


def about(order):
    """Status and business key of what runs, or ran, about the order, by key of the process."""
    found = processes.instances_of(Subject("order", order.id))
    for shipment in shipments.shipments_of(order.id):
        found += processes.instances_of(Subject("shipment", shipment.id))
    return {one.key: (one.status, one.business_key) for one in found}


def test_a_release_starts_what_listens_and_only_about_released_orders(flow):
    process_verbs.deploy(SYSTEM, LISTENS)
    waiting = flow.submit()
    assert "dispatched" not in about(waiting)
    order = flow.decide("bob", waiting, "approve")
    assert orders.get_order(order.id).status == "released"
    assert about(order)["approval"][0] == "completed"
    assert about(order)["dispatched"] == ("running", order.number)


def test_a_refused_order_starts_nothing(flow):
    process_verbs.deploy(SYSTEM, LISTENS)
    order = flow.decide("bob", flow.submit(), "reject", "Not wanted")
    assert "dispatched" not in about(order)
