"""Recall scope said a second time: recursive SQL over the raw rows of the ledger and the places, nothing else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, text

from app.core.db import session

_BOOKS = """
  moves(lot_id, place_id, n) AS (
    SELECT lot_id, from_id, -quantity FROM stock_ledger UNION ALL SELECT lot_id, to_id, quantity FROM stock_ledger),
  stands(lot_id, place_id, n) AS (SELECT lot_id, place_id, sum(n) FROM moves GROUP BY lot_id, place_id
    HAVING sum(n) <> 0),
  boxed(lot_id, kit_lot_id, n) AS (
    SELECT stands.lot_id, places.holder_id, stands.n FROM stands JOIN places ON places.id = stands.place_id
    WHERE places.kind = 'kit'),
  touched(lot_id) AS (
    SELECT CAST(id AS VARCHAR) FROM lots WHERE id IN :lots
    UNION SELECT boxed.kit_lot_id FROM touched JOIN boxed ON boxed.lot_id = touched.lot_id)"""
_STANDS = f"""WITH RECURSIVE {_BOOKS}
  SELECT stands.lot_id, places.kind, places.holder_id, places.code, stands.n FROM stands
  JOIN touched ON touched.lot_id = stands.lot_id JOIN places ON places.id = stands.place_id"""
_BOXED = f"""WITH RECURSIVE {_BOOKS}
  SELECT boxed.lot_id, boxed.kit_lot_id, boxed.n FROM boxed JOIN touched ON touched.lot_id = boxed.lot_id"""
_REACHED = f"""WITH RECURSIVE {_BOOKS},
  legs(lot_id, source, target) AS (
    SELECT DISTINCT ledger.lot_id,
      CASE WHEN source.kind IN ('customer', 'consignment', 'used') THEN source.holder_id END, target.holder_id
    FROM stock_ledger AS ledger JOIN touched ON touched.lot_id = ledger.lot_id
    JOIN places AS source ON source.id = ledger.from_id JOIN places AS target ON target.id = ledger.to_id
    WHERE target.kind IN ('customer', 'consignment', 'used')),
  reach(lot_id, customer_id, level) AS (
    SELECT lot_id, target, 1 FROM legs WHERE source IS NULL
    UNION SELECT legs.lot_id, legs.target, reach.level + 1 FROM reach JOIN legs
      ON legs.lot_id = reach.lot_id AND legs.source = reach.customer_id AND legs.target <> reach.customer_id
    WHERE reach.level < :deepest)
  SELECT lot_id, customer_id, min(level) FROM reach GROUP BY lot_id, customer_id"""
_CAME = f"""WITH RECURSIVE {_BOOKS}
  SELECT ledger.lot_id, sum(CASE WHEN source.kind = 'supplier' THEN quantity ELSE 0 END)
  FROM stock_ledger AS ledger JOIN touched ON touched.lot_id = ledger.lot_id
  JOIN places AS source ON source.id = ledger.from_id GROUP BY ledger.lot_id"""


def _ask(statement: str, lot_ids: Collection[str], **given: Any) -> set[tuple[Any, ...]]:
    wanted = text(statement).bindparams(bindparam("lots", expanding=True))
    rows = session().execute(wanted, {"lots": list(lot_ids), **given})
    return {tuple(int(value) if not isinstance(value, str) else value for value in row) for row in rows}


def stands(lot_ids: Collection[str]) -> set[tuple[Any, ...]]:
    """(lot, kind of place, holder, code, base units) of the lots and of the kits that hold them."""
    return _ask(_STANDS, lot_ids)


def boxed(lot_ids: Collection[str]) -> set[tuple[Any, ...]]:
    """(lot, kit lot, base units)."""
    return _ask(_BOXED, lot_ids)


def reached(lot_ids: Collection[str], deepest: int = 9) -> set[tuple[Any, ...]]:
    """(lot, customer, by how many hands)."""
    return _ask(_REACHED, lot_ids, deepest=deepest)


def came_in(lot_ids: Collection[str]) -> set[tuple[Any, ...]]:
    """(lot, base units received)."""
    return _ask(_CAME, lot_ids)
