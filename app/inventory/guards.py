"""What the database itself refuses, whoever writes: keeping or shipping what may not leave, and un-recalling a lot.

The services ask the same questions before, in words; these triggers are the last guard, and on PostgreSQL they take the
lot's row in share mode, so that blocking a lot and shipping it cannot pass each other unseen.
"""

from __future__ import annotations

LEAVING = "('transit', 'customer', 'consignment', 'used')"
_MAY_LEAVE = """
    SELECT 1 FROM lots JOIN products ON products.id = lots.product_id
    WHERE lots.id = NEW.lot_id AND lots.status = 'released'
      AND (lots.expires_on IS NULL OR lots.expires_on >= NEW.{day})
      AND (NOT products.needs_inspection OR lots.report_no IS NOT NULL)"""
_PICKABLE = """
    SELECT 1 FROM stock_balances
    WHERE lot_id = NEW.lot_id AND place_id = NEW.place_id AND owner = 'own' AND pickable"""
_LEAVES = f"""
    EXISTS (SELECT 1 FROM places WHERE id = NEW.from_id AND kind IN ('bin', 'consignment'))
    AND EXISTS (SELECT 1 FROM places WHERE id = NEW.to_id AND kind IN {LEAVING})"""  # noqa: S608 - constants
_FORBIDDEN = """
    EXISTS (SELECT 1 FROM lots WHERE id = NEW.lot_id AND conditional
      AND (only_until < NEW.{day} OR NOT EXISTS (
        SELECT 1 FROM lot_customers
        WHERE lot_customers.lot_id = NEW.lot_id AND lot_customers.customer_id IN ({whom}))))"""
_WHOSE_ORDER = "SELECT customer_id FROM orders WHERE id = NEW.order_id"
_WHOSE_PLACE = "SELECT holder_id FROM places WHERE id = NEW.to_id"
_KEPT = "EXISTS (SELECT 1 FROM reservations WHERE lot_id = NEW.id AND status = 'active')"

_GUARDS: dict[str, tuple[str, str, str, str]] = {
    # name: (table, event, condition under which it is refused, what it says)
    "reservations_fit": (
        "reservations",
        "INSERT",
        f"NEW.status = 'active' AND NOT (EXISTS ({_MAY_LEAVE.format(day='arrives_on')}) AND EXISTS ({_PICKABLE}))",
        "only released, unexpired stock in a bin to pick from can be reserved",
    ),
    "stock_ledger_fit": (
        "stock_ledger",
        "INSERT",
        f"{_LEAVES} AND NOT EXISTS ({_MAY_LEAVE.format(day='day')})",
        "only released, unexpired stock can leave",
    ),
    "reservations_allowed": (
        "reservations",
        "INSERT",
        f"NEW.status = 'active' AND {_FORBIDDEN.format(day='arrives_on', whom=_WHOSE_ORDER)}",
        "the lot was released for other customers only, or until an earlier day",
    ),
    "stock_ledger_allowed": (
        "stock_ledger",
        "INSERT",
        f"{_LEAVES} AND {_FORBIDDEN.format(day='day', whom=f'{_WHOSE_ORDER} UNION {_WHOSE_PLACE}')}",
        "the lot was released for other customers only, or until an earlier day",
    ),
    "lots_kept": (
        "lots",
        "UPDATE OF status",
        f"NEW.status <> 'released' AND {_KEPT}",
        "a lot with active reservations must stay released",
    ),
    "lots_recalled": (
        "lots",
        "UPDATE OF status",
        "OLD.status = 'recalled' AND NEW.status <> 'recalled'",
        "a recalled lot stays recalled",
    ),
}
_LOCKS = {"reservations", "stock_ledger"}


def _of(table: str, dialect: str) -> list[str]:
    made = []
    for name, (guarded, event, condition, text) in _GUARDS.items():
        if guarded != table:
            continue
        if dialect == "sqlite":
            made.append(
                f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
            )
            continue
        lock = "PERFORM 1 FROM lots WHERE id = NEW.lot_id FOR SHARE; " if table in _LOCKS else ""
        made += [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock}"
            f"IF {condition} THEN RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; "
            "RETURN NEW; END $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    return made


def lots(dialect: str) -> list[str]:
    """A lot with active reservations stays released; a recalled one stays recalled."""
    return _of("lots", dialect)


def reservations(dialect: str) -> list[str]:
    """Only what may leave is kept, and only where goods are picked."""
    return _of("reservations", dialect)


def ledger(dialect: str) -> list[str]:
    """Only what may leave leaves."""
    return _of("stock_ledger", dialect)
