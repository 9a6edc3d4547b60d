"""Rule sets and the process in force, people, and master data of which orders can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.permissions import SYSTEM, Actor
from app.identity.models import User
from app.processes import service as processes
from app.processes.designer.models import ProcessKey
from app.processes.models import ProcessDefinition, ProcessRelease, ProcessStart
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_customer,
    make_licence,
    make_product,
    make_registration,
)
from tests.decisions.factories import seed
from tests.identity.factories import actor_for, make_user
from tests.kept import Kept

DIAGRAMS = Kept(lambda: processes.seed(SYSTEM), ProcessDefinition, ProcessRelease, ProcessStart, ProcessKey)


@dataclass
class World:
    """Ann sells, Bob is at the order desk."""

    ann: User
    bob: User
    seller: Actor
    desk: Actor
    product: Any
    hospital: Any
    distributor: Any


def make_world() -> World:
    """Everything an order needs to be taken in; nothing blocks an order of the product in any channel."""
    seed()
    DIAGRAMS.put()
    ann = make_user(roles=("sales",), name="Ann")
    bob = make_user(roles=("order_desk",), name="Bob")
    make_licence()
    make_authorisation()
    product = make_product(sku="STENT-1", udi_di="00643169007222", registration_id=make_registration().id)
    hospital = make_customer(code="H-0001")
    distributor = make_customer(code="D-0001", kind="distributor")
    make_authorisation(grantee_customer_id=distributor.id, number="AUTH-1")
    make_award([(product, "120.00", 1000)], number="TB-1")
    return World(ann, bob, actor_for(ann), actor_for(bob), product, hospital, distributor)
