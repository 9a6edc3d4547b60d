"""What an order costs does not grow with what was before it."""

from __future__ import annotations

from tests.plans import walks
from tests.shipping.world import make_dock


def test_from_release_to_signature_no_growing_table_is_walked(tx):
    dock = make_dock()
    with walks() as found:
        _order, shipment = dock.release()
        dock.pick_all(shipment)
        dock.do("wang", shipment)
        dock.do("wang", shipment)
        dock.say("shipment.pickup", shipment, vehicle="沪A12345")
        dock.deliver(shipment)
    assert found == {}
