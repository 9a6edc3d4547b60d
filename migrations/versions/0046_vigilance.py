"""complaints, corrective and preventive actions, signals; nonconformances that no inspection raised"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATUSES = ("open", "investigating", "closed")
HARMS = ("none", "possible", "serious", "death")
CONCLUSIONS = ("confirmed", "unfounded", "undetermined", "duplicate")
STAGES = ("planning", "acting", "verifying", "closing", "closed", "dropped")
SOURCES = ("nonconformance", "complaint", "recall", "audit", "signal")
ACTIONS = ("corrective", "preventive")


def _id(name: str = "id", *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(26), nullable=null)


def _text(name: str, most: int, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(most), nullable=null)


def _moment(name: str, *, null: bool = True) -> sa.Column:
    return sa.Column(name, MOMENT, nullable=null)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _index(table: str, *columns: str, name: str = "") -> None:
    op.create_index(name or op.f(f"ix_{table}_{columns[0]}"), table, list(columns))


def upgrade() -> None:
    with op.batch_alter_table("nonconformances") as batch:
        batch.alter_column("inspection_id", existing_type=sa.String(26), nullable=True)
        batch.add_column(_id("complaint_id", null=True))
        batch.add_column(sa.Column("description", sa.String(2000), nullable=False, server_default=""))
        batch.add_column(_moment("settled_at"))
        batch.add_column(_id("settled_by", null=True))
        batch.add_column(sa.Column("reason", sa.String(2000), nullable=False, server_default=""))
        batch.create_check_constraint(
            op.f("ck_nonconformances_origin"), "inspection_id IS NOT NULL OR complaint_id IS NOT NULL"
        )
    _index("nonconformances", "complaint_id")
    op.add_column("recall_cases", sa.Column("no_capa", sa.String(2000), nullable=False, server_default=""))
    _complaints()
    _capas()
    op.create_table(
        "quality_signals",
        _text("kind", 8),
        _id("subject_id"),
        sa.Column("complaints", sa.Integer, nullable=False),
        sa.Column("nonconformances", sa.Integer, nullable=False),
        _moment("since", null=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", name=op.f("pk_quality_signals")),
        sa.CheckConstraint("kind IN ('product', 'lot')", name=op.f("ck_quality_signals_kind")),
    )


def _complaints() -> None:
    op.create_table(
        "complaints",
        _id(),
        _text("number", 20),
        _text("status", 14),
        _text("source", 8),
        _text("reference", 64),
        _id("customer_id"),
        _id("product_id"),
        _id("lot_id", null=True),
        _text("lot_no", 64),
        _text("serial_no", 64),
        _id("order_id", null=True),
        _id("shipment_id", null=True),
        _text("description", 4000),
        _moment("aware_at", null=False),
        _text("harm", 10),
        _text("jurisdiction", 2),
        sa.Column("sample_returned", sa.Boolean, nullable=False),
        _moment("recorded_at", null=False),
        _id("recorded_by"),
        _id("taken_by", null=True),
        sa.Column("reportable", sa.Boolean),
        _text("reportable_reason", 2000),
        _id("reportable_by", null=True),
        _moment("reportable_at"),
        _text("conclusion", 14, null=True),
        _text("finding", 4000),
        _moment("closed_at"),
        _id("closed_by", null=True),
        _key("complaints"),
        sa.UniqueConstraint("number", name=op.f("uq_complaints_number")),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_complaints_status")),
        sa.CheckConstraint(f"harm IN {HARMS}", name=op.f("ck_complaints_harm")),
        sa.CheckConstraint(f"conclusion IN {CONCLUSIONS}", name=op.f("ck_complaints_conclusion")),
        sa.CheckConstraint("(status = 'closed') = (conclusion IS NOT NULL)", name=op.f("ck_complaints_concluded")),
        *(_refers("complaints", f"{one}_id", f"{one}s") for one in ("customer", "product", "lot", "order", "shipment")),
    )
    for column in ("customer_id", "lot_id", "order_id"):
        _index("complaints", column)
    _index("complaints", "product_id", "aware_at", name="ix_complaints_product")
    referred = sa.text("reference <> ''")
    op.create_index(
        *("uq_complaints_reference", "complaints", ["customer_id", "reference"]),
        unique=True,
        sqlite_where=referred,
        postgresql_where=referred,
    )


def _capas() -> None:
    op.create_table(
        "capas",
        _id(),
        _text("number", 20),
        _text("stage", 10),
        _text("source_kind", 16),
        _id("source_id", null=True),
        _text("source_note", 200),
        _id("product_id", null=True),
        _id("lot_id", null=True),
        _text("problem", 4000),
        _text("root_cause", 4000),
        _text("criterion", 2000),
        sa.Column("check_on", sa.Date),
        _text("result", 4000),
        sa.Column("effective", sa.Boolean),
        _moment("opened_at", null=False),
        _id("opened_by"),
        _moment("closed_at"),
        _id("closed_by", null=True),
        _text("conclusion", 2000),
        _key("capas"),
        sa.UniqueConstraint("number", name=op.f("uq_capas_number")),
        sa.CheckConstraint(f"stage IN {STAGES}", name=op.f("ck_capas_stage")),
        sa.CheckConstraint(f"source_kind IN {SOURCES}", name=op.f("ck_capas_source_kind")),
        *(_refers("capas", f"{one}_id", f"{one}s") for one in ("product", "lot")),
    )
    for column in ("product_id", "lot_id"):
        _index("capas", column)
    _index("capas", "source_kind", "source_id", name="ix_capas_source")
    op.create_table(
        "capa_actions",
        _id(),
        _id("capa_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("kind", 10),
        _text("text", 2000),
        _id("owner_id"),
        sa.Column("due_on", sa.Date, nullable=False),
        _moment("done_at"),
        _id("done_by", null=True),
        _text("evidence", 4000),
        _key("capa_actions"),
        _refers("capa_actions", "capa_id", "capas"),
        _refers("capa_actions", "owner_id", "users"),
        sa.CheckConstraint(f"kind IN {ACTIONS}", name=op.f("ck_capa_actions_kind")),
    )
    _index("capa_actions", "capa_id")
    _index("capa_actions", "due_on", name="ix_capa_actions_due")


def downgrade() -> None:
    for table in ("quality_signals", "capa_actions", "capas", "complaints"):
        op.drop_table(table)
    op.drop_column("recall_cases", "no_capa")
    op.execute("DELETE FROM nonconformances WHERE inspection_id IS NULL")
    op.drop_index(op.f("ix_nonconformances_complaint_id"), "nonconformances")
    with op.batch_alter_table("nonconformances") as batch:
        batch.drop_constraint(op.f("ck_nonconformances_origin"), type_="check")
        for column in ("reason", "settled_by", "settled_at", "description", "complaint_id"):
            batch.drop_column(column)
        batch.alter_column("inspection_id", existing_type=sa.String(26), nullable=False)
