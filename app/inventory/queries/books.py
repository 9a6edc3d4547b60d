"""The ledger read, and whether the books are right: balances against the ledger, each lot's chain of hashes, the heads
of the chains against what the audit trail says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.audit.models import AuditEntry
from app.core.db import session
from app.inventory.ledger import hash_of
from app.inventory.models import ACTIVE, Balance, Holding, LedgerEntry, Place, Reservation

_columns = tuple(LedgerEntry.__table__.columns)


def ledger_of(lot_id: str) -> Select[Any]:
    """Rows (LedgerEntry, its source, its target: Place) of the lot, the latest first."""
    source, target = aliased(Place), aliased(Place)
    statement: Any = (
        select(LedgerEntry, source, target)
        .join(source, source.id == LedgerEntry.from_id)
        .join(target, target.id == LedgerEntry.to_id)
        .where(LedgerEntry.lot_id == lot_id)
        .order_by(LedgerEntry.seq.desc())
    )
    return statement  # type: ignore[no-any-return]


class Difference(NamedTuple):
    """A sum that is kept and is not what the ledger (or the reservations) sum to."""

    what: str
    """`on_hand`, `reserved` or `held`."""
    lot_id: str
    place_id: str
    owner: str
    kept: int
    true: int


def differences() -> list[Difference]:
    """Balances and holdings that are not what the ledger sums to, and reserved quantities that nothing explains."""
    entry = LedgerEntry
    moves = union_all(
        select(
            entry.lot_id, entry.from_id.label("place_id"), entry.from_owner.label("owner"), (-entry.quantity).label("n")
        ),
        select(entry.lot_id, entry.to_id.label("place_id"), entry.to_owner.label("owner"), entry.quantity.label("n")),
    ).subquery()
    keys = (moves.c.lot_id, moves.c.place_id, moves.c.owner)
    true = select(*keys, func.sum(moves.c.n).label("n")).group_by(*keys)
    sums: dict[tuple[str, str, str], int] = {row[:3]: int(row[3]) for row in session().execute(true)}
    reserved = select(Reservation.lot_id, Reservation.place_id, literal("own"), func.sum(Reservation.quantity)).where(
        Reservation.status == ACTIVE
    )
    kept = {
        row[:3]: int(row[3]) for row in session().execute(reserved.group_by(Reservation.lot_id, Reservation.place_id))
    }
    found: list[Difference] = []
    seen = set()
    for row in session().execute(select(Balance)).scalars():
        key = (row.lot_id, row.place_id, row.owner)
        seen.add(key)
        found += [Difference("on_hand", *key, row.on_hand, sums.get(key, 0))] * (row.on_hand != sums.get(key, 0))
        found += [Difference("reserved", *key, row.reserved, kept.get(key, 0))] * (row.reserved != kept.get(key, 0))
    for holding in session().execute(select(Holding)).scalars():
        key = (holding.lot_id, holding.place_id, holding.owner)
        seen.add(key)
        found += [Difference("held", *key, holding.quantity, sums.get(key, 0))] * (holding.quantity != sums.get(key, 0))
    found += [Difference("on_hand", *key, 0, number) for key, number in sums.items() if key not in seen and number]
    found += [Difference("reserved", *key, 0, number) for key, number in kept.items() if key not in seen and number]
    return found


class Broken(NamedTuple):
    """A row of the ledger, or a lot's chain, that is not as it was written."""

    lot_id: str
    seq: int
    what: str
    """`altered`: the row is not what its hash says; `missing`: the row before it is not there; `cut`: the trail knows
    of later rows."""


def broken_links(lot_id: str | None = None) -> Iterator[Broken]:
    """Check each row of the ledger (of one lot) by its hash and the row before, each chain against the trail."""
    statement = select(*_columns).order_by(LedgerEntry.lot_id, LedgerEntry.seq)
    if lot_id is not None:
        statement = statement.where(LedgerEntry.lot_id == lot_id)
    lot, seq, before = "", 0, ""
    heads: dict[str, tuple[int, str]] = {}
    rows = session().execute(statement.execution_options(yield_per=2000))
    for row in rows.mappings():
        if row["lot_id"] != lot:
            lot, seq, before = row["lot_id"], 0, ""
        if row["seq"] != seq + 1 or row["prev_hash"] != before:
            yield Broken(lot, row["seq"], "missing")
        if hash_of(row) != row["hash"]:
            yield Broken(lot, row["seq"], "altered")
        seq, before = row["seq"], row["hash"]
        heads[lot] = (seq, before)
    yield from _cut_chains(heads, lot_id)


def _cut_chains(heads: dict[str, tuple[int, str]], lot_id: str | None) -> Iterator[Broken]:
    """Chains that end before what the audit trail says was their head."""
    wanted = select(AuditEntry.subject_id, AuditEntry.details).where(AuditEntry.subject_kind == "lot")
    if lot_id is not None:
        wanted = wanted.where(AuditEntry.subject_id == lot_id)
    last: dict[str, int] = {}
    for subject_id, details in session().execute(wanted.execution_options(yield_per=2000)):
        said = details.get("ledger")
        if said:
            last[subject_id] = max(last.get(subject_id, 0), int(said[0]))
    for lot, seq in sorted(last.items()):
        if heads.get(lot, (0, ""))[0] < seq:
            yield Broken(lot, seq, "cut")
