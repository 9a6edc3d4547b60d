"""What may lie in which zone: by the lot's status and by the temperatures of product and zone. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.errors import Conflict
from app.core.i18n import LazyString, _l
from app.inventory.models import HELD, INSPECTING, QUARANTINED, RECALLED, REJECTED, RELEASED
from app.inventory.places import (
    COLD,
    DISPATCH,
    FROZEN,
    KEEPS_CONDITION,
    QUALIFIED,
    QUARANTINE,
    RECALLED_GOODS,
    REJECTED_GOODS,
    RETURNS,
    Zone,
)

TAKES: dict[str, tuple[str, ...]] = {
    QUARANTINE: (QUARANTINED, INSPECTING, RELEASED, HELD),
    QUALIFIED: (RELEASED, HELD),
    COLD: (RELEASED, HELD),
    FROZEN: (RELEASED, HELD),
    DISPATCH: (RELEASED,),
    RETURNS: (QUARANTINED, INSPECTING, RELEASED, HELD, REJECTED, RECALLED),
    REJECTED_GOODS: (REJECTED,),
    RECALLED_GOODS: (RECALLED,),
}
"""Zone → statuses of the lots that may be put there. A second delivery of a released lot waits in 待验 too."""
HOME: dict[str, tuple[str, ...]] = {
    QUARANTINED: (QUARANTINE,),
    INSPECTING: (QUARANTINE,),
    RELEASED: (QUALIFIED, COLD, FROZEN),
    HELD: (QUALIFIED, COLD, FROZEN, QUARANTINE),
    REJECTED: (REJECTED_GOODS,),
    RECALLED: (RECALLED_GOODS,),
}
"""Lot status → zones where such goods belong; the first kind that keeps their temperature."""


class WrongZone(Conflict):
    """These goods may not be put there."""

    message = _l("Lot %(lot)s cannot be put into zone %(zone)s: %(why)s")


def why_not(zone: Zone, lot: Any, product: Any) -> LazyString | None:
    """Why the lot may not be put into the zone; None when it may."""
    if lot.status not in TAKES[zone.kind]:
        return _l("the zone is not for goods of this status.")
    if zone.kind in KEEPS_CONDITION and not keeps(zone, product):
        return _l("the zone does not keep the temperature of the product.")
    return None


def keeps(zone: Zone, product: Any) -> bool:
    """True when all temperatures of the zone are allowed for the product."""
    low, high = product.storage_min_c, product.storage_max_c
    if low is not None and (zone.min_c is None or zone.min_c < low):
        return False
    return not (high is not None and (zone.max_c is None or zone.max_c > high))


def home(zones: Iterable[Zone], status: str, product: Any) -> Zone | None:
    """The zone where goods of that status belong, the warmest that will do; None when no zone keeps them."""
    for kind in HOME.get(status, ()):
        fitting = [
            zone for zone in zones if zone.kind == kind and (kind not in KEEPS_CONDITION or keeps(zone, product))
        ]
        if fitting:
            return min(fitting, key=lambda zone: (zone.max_c is not None, -(zone.max_c or 0), zone.code))
    return None
