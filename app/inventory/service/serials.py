"""Units known by their serial numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import insert, select

from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.ids import new_id
from app.inventory.models import Lot, Place, Serial


def make_serials(lot: Lot, numbers: Sequence[str], source: Place, owner: str) -> tuple[str, ...]:
    """Make the units of a serialised lot known, still at their source; answers their ids. Raises Invalid."""
    if not numbers or not lot.serialised:
        return ()  # a wrong number of serials is refused when the movement is posted
    if len(set(numbers)) != len(numbers):
        raise Invalid({"serials": [_("A serial number is there twice.")]})
    taken = session().scalars(
        select(Serial.serial_no).where(Serial.product_id == lot.product_id, Serial.serial_no.in_(numbers)).limit(5)
    )
    if known := sorted(taken):
        raise Invalid({"serials": [_("Already known: %(serials)s.", serials=", ".join(known))]})
    rows = [
        {
            "id": new_id(),
            "product_id": lot.product_id,
            "serial_no": number,
            "lot_id": lot.id,
            "place_id": source.id,
            "owner": owner,
        }
        for number in numbers
    ]
    session().execute(insert(Serial), rows)
    return tuple(row["id"] for row in rows)


def numbers_at(lot: Lot, places: Collection[str]) -> set[str]:
    """Serial numbers of the lot's units at these places."""
    wanted = select(Serial.serial_no).where(Serial.lot_id == lot.id, Serial.place_id.in_(places))
    return set(session().scalars(wanted))


def serials_at(lot: Lot, numbers: Sequence[str], places: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the lot's units numbered so, by the place where each lies.

    Raises Invalid for none, and when one of the numbers is not at these places.
    """
    wanted = (
        select(Serial.place_id, Serial.id)
        .where(Serial.lot_id == lot.id, Serial.place_id.in_(places), Serial.serial_no.in_(numbers))
        .order_by(Serial.serial_no)
    )
    by_place: dict[str, list[str]] = defaultdict(list)
    for place_id, serial_id in session().execute(wanted):
        by_place[place_id].append(serial_id)
    if not numbers or sum(map(len, by_place.values())) != len(numbers):
        raise Invalid({"serials": [_("Name each unit by its serial number.")]})
    return {place: tuple(units) for place, units in by_place.items()}


def serial_ids(lot: Lot, numbers: Sequence[str], place: Place) -> tuple[str, ...]:
    """Ids of the units numbered so that lie at the place; none for a lot without serial numbers. Raises Invalid."""
    if not lot.serialised:
        return ()
    return serials_at(lot, numbers, [place.id]).get(place.id, ())
