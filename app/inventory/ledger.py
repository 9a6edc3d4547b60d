"""Posting to the ledger and to what it sums to: the only code that changes a quantity.

A fixed number of Core statements, however many movements there are. Whoever posts holds the rows of the lots, which are
locked here in the order of their ids, as everywhere; so a lot's movements come one after the other, and its hash chain
has no forks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, tuple_, update

from app.core import clock, jsontext
from app.core.changing import changing
from app.core.conflicts import insert_into
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.inventory.models import Balance, Holding, LedgerEntry, Lot, Serial
from app.inventory.places import BOUNDLESS, OWN, PICKABLE, Place

_ledger: Any = LedgerEntry.__table__
_balance: Any = Balance.__table__
_holding: Any = Holding.__table__
_of_balance = (
    (_balance.c.lot_id == bindparam("of_lot"))
    & (_balance.c.place_id == bindparam("at_place"))
    & (_balance.c.owner == bindparam("of_owner"))
)
_ADD = (
    update(_balance)
    .where(_of_balance)
    .values(
        on_hand=_balance.c.on_hand + bindparam("more_on_hand"),
        reserved=_balance.c.reserved + bindparam("more_reserved"),
    )
)
_KEEP = update(_balance).where(_of_balance).values(reserved=_balance.c.reserved + bindparam("more_reserved"))
_HOLD = (
    update(_holding)
    .where(
        _holding.c.lot_id == bindparam("of_lot"),
        _holding.c.place_id == bindparam("at_place"),
        _holding.c.owner == bindparam("of_owner"),
    )
    .values(quantity=_holding.c.quantity + bindparam("more"))
)


class SerialElsewhere(Conflict):
    """A unit named by its serial number is not where the movement begins."""

    message = _l("Not all of these serial numbers of lot %(lot)s lie there.")


class Movement(NamedTuple):
    """A quantity of a lot that goes from one place to another. `serial_ids` name the units of a serialised lot; `kept`:
    it is reserved where it lies, and stays so where it goes, if that is a bin."""

    kind: str
    lot_id: str
    source: Place
    target: Place
    quantity: int
    owner: str = OWN
    new_owner: str | None = None
    serial_ids: tuple[str, ...] = ()
    kept: bool = False
    order_id: str | None = None
    document: str = ""
    reason: str = ""


class Head(NamedTuple):
    """The last link of a lot's chain: its number and hash."""

    seq: int
    hash: str


Key = tuple[str, str, str]
"""Lot, place, owner."""


def post(actor: Actor, movements: Sequence[Movement]) -> dict[str, Head]:
    """Write the movements and bring what they sum to up to date; answers the new head of each lot's chain.

    Raises Invalid or SerialElsewhere for wrong serial numbers, IntegrityError when a bin would go below nought or below
    what is reserved of it, or when what may not leave would: the database is the last guard. `Balance` and `Serial`
    objects loaded before are stale after it.
    """
    if not movements:
        return {}
    lot_ids = sorted({movement.lot_id for movement in movements})
    serialised = _lock(lot_ids)
    heads = heads_of(lot_ids)
    rows: list[dict[str, Any]] = []
    for movement in movements:
        _check_serials(movement, serialised=serialised[movement.lot_id])
        rows += _entries(actor, movement, heads)
    session().execute(insert(_ledger), rows)
    _add_up(movements)
    for movement in movements:
        _move_serials(movement)
    return heads


def _lock(lot_ids: Sequence[str]) -> dict[str, bool]:
    """Which of the lots are serialised; their rows locked."""
    wanted = select(Lot.id, Lot.serialised).where(Lot.id.in_(lot_ids)).order_by(Lot.id)
    return {row.id: row.serialised for row in session().execute(wanted.with_for_update(key_share=True))}


def heads_of(lot_ids: Collection[str]) -> dict[str, Head]:
    """The last link of each lot's chain; lots without a movement are left out."""
    last = (
        select(LedgerEntry.lot_id, func.max(LedgerEntry.seq))
        .where(LedgerEntry.lot_id.in_(lot_ids))
        .group_by(LedgerEntry.lot_id)
    )
    wanted = select(LedgerEntry.lot_id, LedgerEntry.seq, LedgerEntry.hash).where(
        tuple_(LedgerEntry.lot_id, LedgerEntry.seq).in_(last)
    )
    return {row.lot_id: Head(row.seq, row.hash) for row in session().execute(wanted)}


def _check_serials(movement: Movement, *, serialised: bool) -> None:
    named = len(set(movement.serial_ids))
    if serialised and named != movement.quantity:
        raise Invalid({"serials": [_("Name each unit by its serial number.")]})
    if named and (not serialised or named != len(movement.serial_ids)):
        raise Invalid({"serials": [_("Each unit is named once, and only where serial numbers are kept.")]})


def _entries(actor: Actor, movement: Movement, heads: dict[str, Head]) -> list[dict[str, Any]]:
    """The rows of a movement, one for each serial; `heads` moves on."""
    at, day = clock.now(), clock.today()
    rows = []
    units: Iterable[tuple[str | None, int]] = [(one, 1) for one in movement.serial_ids] or [(None, movement.quantity)]
    for serial_id, quantity in units:
        head = heads.get(movement.lot_id, Head(0, ""))
        row: dict[str, Any] = {
            "id": new_id(),
            "at": at,
            "day": day,
            "lot_id": movement.lot_id,
            "seq": head.seq + 1,
            "kind": movement.kind,
            "from_id": movement.source.id,
            "to_id": movement.target.id,
            "from_owner": movement.owner,
            "to_owner": movement.new_owner or movement.owner,
            "quantity": quantity,
            "serial_id": serial_id,
            "order_id": movement.order_id,
            "document": movement.document[:64],
            "reason": movement.reason[:500],
            "actor_id": actor.id,
            "prev_hash": head.hash,
        }
        row["hash"] = hash_of(row)
        heads[movement.lot_id] = Head(head.seq + 1, row["hash"])
        rows.append(row)
    return rows


def hash_of(row: Any) -> str:
    """The hash of a row, by column: all its other columns."""
    return jsontext.digest({name: value for name, value in row.items() if name != "hash"})


def _add_up(movements: Sequence[Movement]) -> None:
    inside: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    outside: dict[Key, int] = defaultdict(int)
    places: dict[str, Place] = {}
    for movement in movements:
        ends = ((movement.source, movement.owner, -1), (movement.target, movement.new_owner or movement.owner, 1))
        for place, owner, sign in ends:
            places[place.id] = place
            key = (movement.lot_id, place.id, owner)
            if place.inside:
                inside[key][0] += sign * movement.quantity
                inside[key][1] += sign * movement.quantity if movement.kept else 0
            else:
                outside[key] += sign * movement.quantity
    _open(inside, outside, places)
    if inside:
        changes = [
            {**_at(key), "more_on_hand": on_hand, "more_reserved": reserved}
            for key, (on_hand, reserved) in sorted(inside.items())
        ]
        session().execute(_ADD, changes, execution_options=changing({"lot_id": key[0]} for key in inside))
    if outside:
        session().execute(_HOLD, [{**_at(key), "more": more} for key, more in sorted(outside.items())])


def _at(key: Key) -> dict[str, str]:
    return dict(zip(("of_lot", "at_place", "of_owner"), key, strict=True))


def _open(inside: Iterable[Key], outside: Iterable[Key], places: Mapping[str, Place]) -> None:
    """Make the rows that are not there yet, with nothing in them."""
    bins = [
        {
            **dict(zip(("lot_id", "place_id", "owner"), key, strict=True)),
            "warehouse_id": places[key[1]].holder_id,
            "pickable": key[2] == OWN and places[key[1]].zone_kind in PICKABLE,
            "on_hand": 0,
            "reserved": 0,
        }
        for key in sorted(inside)
    ]
    if bins:
        statement = insert_into(_balance).on_conflict_do_nothing()
        session().execute(statement, bins, execution_options=changing([]))  # nothing lies there yet
    held = [
        {
            **dict(zip(("lot_id", "place_id", "owner"), key, strict=True)),
            "boundless": places[key[1]].kind in BOUNDLESS,
            "quantity": 0,
        }
        for key in sorted(outside)
    ]
    if held:
        session().execute(insert_into(_holding).on_conflict_do_nothing(), held)


def _move_serials(movement: Movement) -> None:
    if not movement.serial_ids:
        return
    there = (Serial.lot_id == movement.lot_id, Serial.place_id == movement.source.id, Serial.owner == movement.owner)
    moved: Any = session().execute(
        update(Serial)
        .where(Serial.id.in_(movement.serial_ids), *there)
        .values(place_id=movement.target.id, owner=movement.new_owner or movement.owner)
    )
    if moved.rowcount != len(movement.serial_ids):
        lot = session().get(Lot, movement.lot_id)
        raise SerialElsewhere(lot=lot.lot_no if lot else movement.lot_id)


def keep(changes: Mapping[Key, int]) -> None:
    """Reserve more (or less, below nought) of what lies in bins. Raises IntegrityError beyond what is on hand."""
    if changes:
        rows = [{**_at(key), "more_reserved": more} for key, more in sorted(changes.items())]
        session().execute(_KEEP, rows, execution_options=changing({"lot_id": key[0]} for key in changes))
