"""zones, bins and places outside; the ledger between places as a chain of hashes; serials; levels of reservations; kits"""

from __future__ import annotations

import hashlib
from datetime import UTC, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from app.core.append_only import statements
from app.core.ids import new_id
from app.inventory import guards

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATUSES = "'quarantined','released','held','recalled','rejected'"
ZONES = (
    ("QUA", "quarantine", 15, 25),
    ("STO", "qualified", 15, 25),
    ("DIS", "dispatch", 15, 25),
    ("RET", "returns", 15, 25),
    ("REJ", "rejected", None, None),
    ("REC", "recall", None, None),
)
COLD_ZONES = tuple(
    (f"{code}-{name}", kind, low, high)
    for name, keeping, low, high in (("2-8", "cold", 2, 8), ("FRZ", "frozen", -25, -15))
    for code, kind in (("QUA", "quarantine"), ("STO", keeping), ("DIS", "dispatch"), ("RET", "returns"))
)
HOME = {
    "quarantined": ("quarantine",),
    "released": ("qualified", "cold", "frozen"),
    "held": ("qualified", "cold", "frozen"),
    "rejected": ("rejected",),
    "recalled": ("recall",),
}


def upgrade() -> None:
    bind = op.get_bind()
    old_ledger = _rows(bind, "SELECT * FROM stock_ledger ORDER BY at, id")
    old_balances = _rows(bind, "SELECT * FROM stock_balances")
    kept = _rows(bind, "SELECT id, lot_id, warehouse_id, status FROM reservations")
    _drop_ledger(bind)
    _make_places()
    _widen_lots()
    _make_books()
    bins = _lay_out(bind)
    _write_books(bind, old_ledger, old_balances, bins)
    _place_reservations(bind, kept, bins)
    for statement in statements("stock_ledger", bind.dialect.name) + statements("kit_contents", bind.dialect.name):
        op.execute(statement)
    for made in (guards.lots, guards.reservations, guards.ledger):
        for statement in made(bind.dialect.name):
            if "_allowed" in statement:  # of 0042
                continue
            op.execute(sa.text(statement.replace(":", r"\:")))


def _rows(bind: Any, statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in bind.execute(sa.text(statement)).mappings()]


def _drop_ledger(bind: Any) -> None:
    op.drop_table("stock_balances")
    op.drop_table("stock_ledger")
    if bind.dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS stock_ledger_refuse()")


def _make_places() -> None:
    kinds = "'quarantine', 'qualified', 'dispatch', 'rejected', 'returns', 'cold', 'frozen', 'recall'"
    op.create_table(
        "zones",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("warehouse_id", sa.String(26), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("min_c", sa.BigInteger),
        sa.Column("max_c", sa.BigInteger),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_zones_kind")),
        sa.CheckConstraint("min_c <= max_c", name=op.f("ck_zones_temperature")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_zones_warehouse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zones")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_zones_warehouse_id_code")),
    )
    op.create_index(op.f("ix_zones_warehouse_id"), "zones", ["warehouse_id"])
    kinds = "'bin', 'supplier', 'customer', 'consignment', 'transit', 'used', 'scrap', 'count', 'kit', 'assembly'"
    op.create_table(
        "places",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("zone_id", sa.String(26)),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_places_kind")),
        sa.CheckConstraint("(kind = 'bin') = (zone_id IS NOT NULL)", name=op.f("ck_places_zone")),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name=op.f("fk_places_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("kind", "holder_id", "code", name=op.f("uq_places_kind_holder_id_code")),
    )
    op.create_index(op.f("ix_places_holder_id"), "places", ["holder_id"])
    op.create_index(op.f("ix_places_zone_id"), "places", ["zone_id"])


def _widen_lots() -> None:
    new = "'quarantined', 'inspecting', 'released', 'held', 'recalled', 'rejected'"
    with op.batch_alter_table("lots") as lots:
        lots.add_column(sa.Column("serialised", sa.Boolean, nullable=False, server_default=sa.false()))
        lots.drop_constraint(op.f("ck_lots_status"), type_="check")
        lots.create_check_constraint(op.f("ck_lots_status"), f"status IN ({new})")
    with op.batch_alter_table("lots") as lots:
        lots.alter_column("serialised", server_default=None)
    with op.batch_alter_table("reservations") as reservations:
        reservations.add_column(sa.Column("place_id", sa.String(26)))
        reservations.add_column(sa.Column("level", sa.String(8), nullable=False, server_default="soft"))
        reservations.drop_constraint(op.f("ck_reservations_status"), type_="check")
        reservations.create_check_constraint(
            op.f("ck_reservations_status"), "status IN ('active', 'released', 'shipped')"
        )
        reservations.create_check_constraint(op.f("ck_reservations_level"), "level IN ('soft', 'firm', 'hard')")
    with op.batch_alter_table("reservations") as reservations:
        reservations.alter_column("level", server_default=None)


def _make_books() -> None:
    op.create_table(
        "serials",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("serial_no", sa.String(64), nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("place_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_serials_product_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_serials_lot_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_serials_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_serials")),
        sa.UniqueConstraint("product_id", "serial_no", name=op.f("uq_serials_product_id_serial_no")),
    )
    for name in ("serial_no", "lot_id", "place_id"):
        op.create_index(op.f(f"ix_serials_{name}"), "serials", [name])
    op.create_table(
        "stock_ledger",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("from_id", sa.String(26), nullable=False),
        sa.Column("to_id", sa.String(26), nullable=False),
        sa.Column("from_owner", sa.String(26), nullable=False),
        sa.Column("to_owner", sa.String(26), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("serial_id", sa.String(26)),
        sa.Column("order_id", sa.String(26)),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_ledger_quantity")),
        sa.CheckConstraint("serial_id IS NULL OR quantity = 1", name=op.f("ck_stock_ledger_serial")),
        sa.CheckConstraint("from_id <> to_id OR from_owner <> to_owner", name=op.f("ck_stock_ledger_places")),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_stock_ledger_{name}"))
            for name, table in (
                ("lot_id", "lots"),
                ("from_id", "places"),
                ("to_id", "places"),
                ("serial_id", "serials"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_ledger")),
        sa.UniqueConstraint("lot_id", "seq", name=op.f("uq_stock_ledger_lot_id_seq")),
    )
    for name, column in (("order", "order_id"), ("serial", "serial_id")):
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_stock_ledger_{name}", "stock_ledger", [column], postgresql_where=some)
    op.create_index("ix_stock_ledger_document", "stock_ledger", ["document"])
    op.create_table(
        "stock_balances",
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("place_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(26), nullable=False),
        sa.Column("warehouse_id", sa.String(26), nullable=False),
        sa.Column("pickable", sa.Boolean, nullable=False),
        sa.Column("on_hand", sa.Integer, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_balances_covered")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_balances_lot_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_stock_balances_place_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_balances_warehouse_id")),
        sa.PrimaryKeyConstraint("lot_id", "place_id", "owner", name=op.f("pk_stock_balances")),
    )
    op.create_table(
        "stock_holdings",
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("place_id", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(26), nullable=False),
        sa.Column("boundless", sa.Boolean, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.CheckConstraint("boundless OR quantity >= 0", name=op.f("ck_stock_holdings_quantity")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_holdings_lot_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_stock_holdings_place_id")),
        sa.PrimaryKeyConstraint("lot_id", "place_id", "owner", name=op.f("pk_stock_holdings")),
    )
    op.create_index("ix_stock_holdings_place", "stock_holdings", ["place_id"])
    op.create_table(
        "kit_contents",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("kit_lot_id", sa.String(26), nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_kit_contents_quantity")),
        sa.ForeignKeyConstraint(["kit_lot_id"], ["lots.id"], name=op.f("fk_kit_contents_kit_lot_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_kit_contents_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_contents")),
    )
    for name in ("kit_lot_id", "lot_id"):
        op.create_index(op.f(f"ix_kit_contents_{name}"), "kit_contents", [name])
    op.create_table(
        "kit_parts",
        sa.Column("kit_product_id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_kit_parts_quantity")),
        sa.CheckConstraint("kit_product_id <> product_id", name=op.f("ck_kit_parts_other")),
        sa.ForeignKeyConstraint(["kit_product_id"], ["products.id"], name=op.f("fk_kit_parts_kit_product_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_kit_parts_product_id")),
        sa.PrimaryKeyConstraint("kit_product_id", "product_id", name=op.f("pk_kit_parts")),
    )


def _lay_out(bind: Any) -> dict[tuple[str, str], str]:
    """Give each warehouse its zones and bins; answers the bin of each lot in each warehouse."""
    zones: dict[str, list[dict[str, Any]]] = {}
    for warehouse in _rows(bind, "SELECT id, cold FROM warehouses"):
        here = zones.setdefault(warehouse["id"], [])
        for code, kind, low, high in ZONES + (COLD_ZONES if warehouse["cold"] else ()):
            zone = {
                "id": new_id(),
                "warehouse_id": warehouse["id"],
                "code": code,
                "kind": kind,
                "min_c": None if low is None else low * 10,
                "max_c": None if high is None else high * 10,
            }
            place = {"id": new_id(), "kind": "bin", "holder_id": warehouse["id"], "code": code, "zone_id": zone["id"]}
            _insert(bind, "zones", [zone])
            _insert(bind, "places", [place])
            here.append({**zone, "bin": place["id"]})
    lots = _rows(
        bind,
        "SELECT lots.id, lots.status, storage_min_c, storage_max_c FROM lots JOIN products ON products.id = product_id",
    )
    return {(lot["id"], key): _bin_for(lot, here) for lot in lots for key, here in zones.items()}


def _bin_for(lot: dict[str, Any], zones: list[dict[str, Any]]) -> str:
    """The bin for the lot's status that keeps its temperature; where there is none, the first of that kind."""
    of_kind = [zone for kind in HOME[lot["status"]] for zone in zones if zone["kind"] == kind]
    fitting = [zone for zone in of_kind if zone["kind"] in ("rejected", "recall") or _keeps(zone, lot)]
    return str((fitting or of_kind)[0]["bin"])


def _keeps(zone: dict[str, Any], lot: dict[str, Any]) -> bool:
    low, high = lot["storage_min_c"], lot["storage_max_c"]
    cool = low is None or (zone["min_c"] is not None and zone["min_c"] >= low)
    return cool and (high is None or (zone["max_c"] is not None and zone["max_c"] <= high))


def _insert(bind: Any, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = list(rows[0])
        columns, values = ", ".join(names), ", ".join(f":{name}" for name in names)
        bind.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), rows)  # noqa: S608 - constants


def _write_books(
    bind: Any, ledger: list[dict[str, Any]], balances: list[dict[str, Any]], bins: dict[tuple[str, str], str]
) -> None:
    """The old movements between accounts as movements between places; what was only reserved moved nowhere."""
    if not ledger:
        return
    outside = {kind: new_id() for kind in ("supplier", "customer", "scrap", "count")}
    _insert(
        bind,
        "places",
        [{"id": key, "kind": kind, "holder_id": "", "code": "", "zone_id": None} for kind, key in outside.items()],
    )
    heads: dict[str, tuple[int, str]] = {}
    held: dict[tuple[str, str], int] = {}
    made = []
    for row in ledger:
        ends = [
            bins[row["lot_id"], row["warehouse_id"]] if account in ("stock", "reserved") else outside[account]
            for account in (row["source"], row["target"])
        ]
        if ends[0] == ends[1]:
            continue
        kinds = {"supplier": "receipt", "count": "count", "customer": "return", "scrap": "move"}
        leaving = {"supplier": "return", "count": "count", "customer": "ship", "scrap": "scrap"}
        kind = kinds[row["source"]] if row["source"] in outside else leaving[row["target"]]
        made.append(_chained(row, kind, ends, heads))
        for key, sign in zip(ends, (-1, 1), strict=True):
            if key in outside.values():
                held[row["lot_id"], key] = held.get((row["lot_id"], key), 0) + sign * row["quantity"]
    _insert_ledger(bind, made)
    names = {key: kind for kind, key in outside.items()}
    rows = [
        {
            "lot_id": lot,
            "place_id": key,
            "owner": "own",
            "boundless": names[key] in ("supplier", "count"),
            "quantity": number,
        }
        for (lot, key), number in held.items()
    ]
    _insert(bind, "stock_holdings", rows)
    pickable = {
        row["id"]
        for row in _rows(
            bind,
            "SELECT places.id FROM places JOIN zones ON zones.id = zone_id "
            "WHERE zones.kind IN ('qualified', 'cold', 'frozen')",
        )
    }
    _insert(
        bind,
        "stock_balances",
        [
            {
                "lot_id": row["lot_id"],
                "place_id": bins[row["lot_id"], row["warehouse_id"]],
                "owner": "own",
                "warehouse_id": row["warehouse_id"],
                "pickable": bins[row["lot_id"], row["warehouse_id"]] in pickable,
                "on_hand": row["on_hand"],
                "reserved": row["reserved"],
            }
            for row in balances
        ],
    )


def _chained(row: dict[str, Any], kind: str, ends: list[str], heads: dict[str, tuple[int, str]]) -> dict[str, Any]:
    at = row["at"]
    if isinstance(at, str):
        at = _moment(at)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    seq, before = heads.get(row["lot_id"], (0, ""))
    made = {
        "id": row["id"],
        "at": at,
        "day": (at + timedelta(hours=8)).date(),  # the business day, in Asia/Shanghai
        "lot_id": row["lot_id"],
        "seq": seq + 1,
        "kind": kind,
        "from_id": ends[0],
        "to_id": ends[1],
        "from_owner": "own",
        "to_owner": "own",
        "quantity": row["quantity"],
        "serial_id": None,
        "order_id": row["order_id"],
        "document": row["document"],
        "reason": row["reason"],
        "actor_id": row["actor_id"],
        "prev_hash": before,
    }
    made["hash"] = hashlib.sha256(
        orjson.dumps(made, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    ).hexdigest()
    heads[row["lot_id"]] = (seq + 1, made["hash"])
    return made


def _moment(text: str) -> Any:
    return sa.DateTime().dialect_impl(op.get_bind().dialect).result_processor(op.get_bind().dialect, None)(text)


def _insert_ledger(bind: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        table = sa.table(
            "stock_ledger",
            *(
                sa.column(
                    name,
                    {"at": MOMENT, "day": sa.Date()}.get(
                        name, sa.Integer() if name in ("seq", "quantity") else sa.String()
                    ),
                )
                for name in rows[0]
            ),
        )
        bind.execute(sa.insert(table), rows)


def _place_reservations(bind: Any, kept: list[dict[str, Any]], bins: dict[tuple[str, str], str]) -> None:
    for row in kept:
        bind.execute(
            sa.text("UPDATE reservations SET place_id = :place WHERE id = :id"),
            {"place": bins[row["lot_id"], row["warehouse_id"]], "id": row["id"]},
        )
    with op.batch_alter_table("reservations") as reservations:
        reservations.alter_column("place_id", existing_type=sa.String(26), nullable=False)
        reservations.create_foreign_key(op.f("fk_reservations_place_id"), "places", ["place_id"], ["id"])
    bind.execute(
        sa.text(
            "UPDATE reservations SET level = 'firm' WHERE status = 'active' AND order_id IN "
            "(SELECT id FROM orders WHERE status = 'released')"
        )
    )


def downgrade() -> None:
    bind = op.get_bind()
    ledger = _rows(
        bind,
        "SELECT l.*, a.kind AS from_kind, a.holder_id AS from_holder, b.kind AS to_kind, b.holder_id AS to_holder "
        "FROM stock_ledger l JOIN places a ON a.id = l.from_id JOIN places b ON b.id = l.to_id ORDER BY l.lot_id, l.seq",
    )
    balances = _rows(
        bind,
        "SELECT lot_id, warehouse_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM stock_balances "
        "GROUP BY lot_id, warehouse_id",
    )
    for table in ("kit_parts", "kit_contents", "stock_holdings", "stock_balances", "stock_ledger", "serials"):
        op.drop_table(table)
    _drop_guards(bind)
    _narrow_lots(bind)
    op.drop_table("places")
    op.drop_table("zones")
    _make_old_books()
    _insert(
        bind,
        "stock_balances",
        [{**row, "on_hand": int(row["on_hand"]), "reserved": int(row["reserved"])} for row in balances],
    )
    rows = [made for row in ledger for made in _old_rows(row)]
    rows += [
        _old_row(
            {**_NOTHING, "id": new_id(), "at": "2000-01-01 00:00:00+00:00", **row, "quantity": int(row["reserved"])},
            "stock",
            "reserved",
        )
        for row in balances
        if row["reserved"]
    ]
    _insert(bind, "stock_ledger", rows)
    for statement in statements("stock_ledger", bind.dialect.name):
        op.execute(statement)


_NOTHING: dict[str, Any] = {"order_id": None, "document": "", "reason": "", "actor_id": "system"}


def _drop_guards(bind: Any) -> None:
    names = {"reservations": ("reservations_fit",), "lots": ("lots_kept", "lots_recalled")}
    if bind.dialect.name == "postgresql":
        for table, triggers in names.items():
            for name in triggers:
                op.execute(f"DROP TRIGGER {name} ON {table}")
                op.execute(f"DROP FUNCTION {name}()")
        for name in ("stock_ledger_fit", "stock_ledger_refuse", "kit_contents_refuse"):
            op.execute(f"DROP FUNCTION IF EXISTS {name}()")
        return
    for triggers in names.values():
        for name in triggers:
            op.execute(f"DROP TRIGGER {name}")


def _narrow_lots(bind: Any) -> None:
    bind.execute(sa.text("UPDATE lots SET status = 'quarantined' WHERE status = 'inspecting'"))
    bind.execute(sa.text("UPDATE reservations SET status = 'released' WHERE status = 'shipped'"))
    with op.batch_alter_table("lots") as lots:
        lots.drop_constraint(op.f("ck_lots_status"), type_="check")
        lots.create_check_constraint(op.f("ck_lots_status"), f"status IN ({STATUSES})")
        lots.drop_column("serialised")
    with op.batch_alter_table("reservations") as reservations:
        reservations.drop_constraint(op.f("fk_reservations_place_id"), type_="foreignkey")
        reservations.drop_constraint(op.f("ck_reservations_level"), type_="check")
        reservations.drop_constraint(op.f("ck_reservations_status"), type_="check")
        reservations.create_check_constraint(op.f("ck_reservations_status"), "status IN ('active','released')")
        reservations.drop_column("place_id")
        reservations.drop_column("level")


def _make_old_books() -> None:
    op.create_table(
        "stock_balances",
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("warehouse_id", sa.String(26), nullable=False),
        sa.Column("on_hand", sa.Integer, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_balances_covered")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_balances_lot_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_balances_warehouse_id")),
        sa.PrimaryKeyConstraint("lot_id", "warehouse_id", name=op.f("pk_stock_balances")),
    )
    op.create_table(
        "stock_ledger",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("warehouse_id", sa.String(26), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("target", sa.String(16), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("order_id", sa.String(26)),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_ledger_quantity")),
        sa.CheckConstraint("source <> target", name=op.f("ck_stock_ledger_accounts")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_ledger_lot_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_ledger_warehouse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_ledger")),
    )
    op.create_index(op.f("ix_stock_ledger_lot_id"), "stock_ledger", ["lot_id"])
    op.create_index(op.f("ix_stock_ledger_order_id"), "stock_ledger", ["order_id"])


def _old_rows(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The movement between accounts that this was: what came into a warehouse, or went out of it."""
    accounts = {"supplier": "supplier", "scrap": "scrap", "count": "count", "kit": "count", "assembly": "count"}
    source, target = (accounts.get(row[f"{end}_kind"], "customer") for end in ("from", "to"))
    made = []
    if row["from_kind"] == row["to_kind"] == "bin" and row["from_holder"] == row["to_holder"]:
        return []
    if row["from_kind"] == "bin":
        other = target if row["to_kind"] != "bin" else "count"
        made.append(_old_row({**row, "warehouse_id": row["from_holder"]}, "stock", other))
    if row["to_kind"] == "bin":
        other = source if row["from_kind"] != "bin" else "count"
        made.append(_old_row({**row, "id": new_id(), "warehouse_id": row["to_holder"]}, other, "stock"))
    return made


def _old_row(row: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    names = ("id", "at", "lot_id", "warehouse_id", "quantity", "order_id", "document", "reason", "actor_id")
    return {**{name: row[name] for name in names}, "source": source, "target": target}
