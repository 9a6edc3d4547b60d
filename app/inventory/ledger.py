"""Posting to the ledger and to the balance it sums to: the only code that changes a quantity.

Core statements: two per movement, however many sessions and objects there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.changing import changing
from app.core.db import session
from app.core.ids import new_id
from app.core.permissions import Actor
from app.inventory.models import INSIDE, RESERVED, Balance, LedgerEntry

_ledger: Any = LedgerEntry.__table__
_balance: Any = Balance.__table__
_ADD = (
    update(_balance)
    .where(_balance.c.lot_id == bindparam("of_lot"), _balance.c.warehouse_id == bindparam("in_warehouse"))
    .values(
        on_hand=_balance.c.on_hand + bindparam("more_on_hand"),
        reserved=_balance.c.reserved + bindparam("more_reserved"),
    )
)


class Movement(NamedTuple):
    """A quantity of a lot in a warehouse that goes from one account to another."""

    lot_id: str
    warehouse_id: str
    source: str
    target: str
    quantity: int
    order_id: str | None = None
    document: str = ""
    reason: str = ""


def post(actor: Actor, movements: Sequence[Movement]) -> None:
    """Write the movements and bring the balances up to date.

    The caller holds the row locks. Raises IntegrityError when a balance would go below nought or reserved above what
    is on hand: the database is the last guard. `Balance` objects loaded before are stale after it.
    """
    if not movements:
        return
    at = clock.now()
    rows = [{"id": new_id(), "at": at, "actor_id": actor.id, **movement._asdict()} for movement in movements]
    session().execute(insert(_ledger), rows)
    changes: dict[tuple[str, str], list[int]] = {}
    for movement in movements:
        change = changes.setdefault((movement.lot_id, movement.warehouse_id), [0, 0])
        change[0] += movement.quantity * ((movement.target in INSIDE) - (movement.source in INSIDE))
        change[1] += movement.quantity * ((movement.target == RESERVED) - (movement.source == RESERVED))
    session().execute(  # through the session: who remembers quantities is told so
        _ADD,
        [
            {"of_lot": lot, "in_warehouse": warehouse, "more_on_hand": on_hand, "more_reserved": reserved}
            for (lot, warehouse), (on_hand, reserved) in sorted(changes.items())
        ],
        execution_options=changing({"lot_id": lot} for lot, _warehouse in changes),
    )


def open_balance(lot_id: str, warehouse_id: str) -> None:
    """Make the balance row of the lot in the warehouse unless there is one."""
    make = postgresql.insert if session().get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = make(_balance).values(lot_id=lot_id, warehouse_id=warehouse_id, on_hand=0, reserved=0)
    session().execute(statement.on_conflict_do_nothing(), execution_options=changing([]))  # nothing lies there yet
