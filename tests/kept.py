"""Rows that many tests begin with: made once in a process by the service that makes them, put in again from then on.

What making them tells besides (audit trail, events) is there only the first time; tests of that call the service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, select

from app.core import db


class Kept:
    """Rows of these tables, in an order in which they can be inserted, as `make` leaves them."""

    def __init__(self, make: Callable[[], Any], *models: type[db.Base]) -> None:
        self.make, self.tables = make, [model.__table__ for model in models]
        self.rows: list[list[dict[str, Any]]] = []

    def put(self) -> None:
        """Have the rows in the running transaction, whose tables are still empty."""
        session = db.session()
        if self.rows:
            for table, rows in zip(self.tables, self.rows, strict=True):
                if rows:
                    session.execute(insert(table), rows)
            return
        self.make()
        session.flush()
        self.rows = [[dict(row) for row in session.execute(select(table)).mappings()] for table in self.tables]
