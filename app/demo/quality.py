"""Two stories of quality control: a lot that an urgent order waits for, half way; one that does not conform."""

from __future__ import annotations

from datetime import timedelta

from app.catalog import queries as catalog
from app.core import clock
from app.core.permissions import Actor
from app.demo.answering import answer
from app.demo.master import World, quantity_of
from app.inventory import service as inventory
from app.quality import queries
from app.quality.characteristics import asked_of
from app.quality.demand import waiting_for
from app.quality.models import Inspection

IN_ORDER = {"package": "ok", "label": "ok", "udi": "ok", "certificate": "ok"}


def tell(team: dict[str, Actor], world: World) -> None:
    """What the most urgent order lacks has come as far as the test; a lot with weak pouches waits for a decision."""
    waits = waiting_for({product.id for product in world.products})
    if waits:
        now = clock.now()
        wanted = min(waits, key=lambda one: ((waits[one].surgery_at or now) <= now, waits[one].first.band, one))
        _checked(team, world, wanted, waits[wanted].units + 20, "Q1")
    torn = next(one for one in world.products if one.id not in waits and one.sterile and not one.cold_chain)
    one = _checked(team, world, torn.id, 120, "Q2")
    values = "\n".join(
        f"{asked.code}: {'1.2 1.7' if asked.code == 'seal' else '0.01 -0.02'}" for asked in asked_of(one)
    )
    answer(team["qa"], one.subject, sampled=one.plan["size"], defective=0, measured=values, instrument="FT-03")
    answer(team["qa2"], one.subject, outcome="approve", reason="封口强度低于限值，结果属实")


def _checked(team: dict[str, Actor], world: World, product_id: str, quantity: int, batch: str) -> Inspection:
    """A delivery of the product that the warehouse found in order."""
    product = catalog.get_product(product_id)
    made_on = clock.today() - timedelta(days=30)
    given = {
        "lot_no": f"{made_on:%y%m%d}{product.sku[-3:]}{batch}",
        "made_on": made_on.isoformat(),
        "expires_on": (made_on + timedelta(days=product.shelf_life_days or 1095)).isoformat(),
        "document": f"RC-{batch}",
        "supplier": next((one.id for one in catalog.suppliers_of(product.id)), ""),
        **quantity_of(product, quantity, f"{batch}{made_on:%y%m%d}"),
    }
    site = next(place for place in world.warehouses if place.cold)
    lot = inventory.receive(team["warehouse"], product, site, given)
    one = queries.open_of_lot(lot.id)
    assert one is not None  # noqa: S101 - the diagram is in force
    temperature = "complete" if product.cold_chain else "none"
    answer(team["warehouse"], one.subject, **IN_ORDER, counted=quantity, temperature=temperature)
    return one
