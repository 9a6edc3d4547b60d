"""recalls: cases, their lots, the frozen scope, notices and replies"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
GROWING = ("recall_scopes", "recall_replies")
STATUSES = ("open", "closed")
LEVELS = ("class_i", "class_ii", "class_iii")
KINDS = ("stock", "reserved", "transit", "delivered", "consigned", "used", "kit")


def _id(name: str = "id", *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(26), nullable=null)


def _text(name: str, most: int, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(most), nullable=null)


def _moment(name: str, *, null: bool = True) -> sa.Column:
    return sa.Column(name, MOMENT, nullable=null)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "recall_cases",
        _id(),
        _text("number", 20),
        sa.Column("mock", sa.Boolean, nullable=False),
        _text("status", 10),
        _text("jurisdiction", 2),
        _text("source", 200),
        _text("hazard", 2000),
        _text("instructions", 2000),
        _text("severity", 10, null=True),
        _text("probability", 10, null=True),
        sa.Column("harm_occurred", sa.Boolean, nullable=False),
        _text("level", 10, null=True),
        _text("incident", 10, null=True),
        sa.Column("hours", sa.Integer),
        _text("check_level", 1, null=True),
        sa.Column("round", sa.Integer, nullable=False),
        _moment("opened_at", null=False),
        _id("opened_by"),
        _moment("scoped_at", null=False),
        _moment("decided_at"),
        _id("decided_by", null=True),
        _moment("due_at"),
        _moment("notified_at"),
        _moment("report_due_at"),
        _moment("reported_at"),
        _moment("located_at"),
        _moment("closed_at"),
        _id("closed_by", null=True),
        _text("reason", 2000),
        _key("recall_cases"),
        sa.UniqueConstraint("number", name=op.f("uq_recall_cases_number")),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_recall_cases_status")),
        sa.CheckConstraint("jurisdiction IN ('cn', 'eu', 'us')", name=op.f("ck_recall_cases_jurisdiction")),
        sa.CheckConstraint(f"level IN {LEVELS}", name=op.f("ck_recall_cases_level")),
        sa.CheckConstraint("check_level IN ('A', 'B', 'C', 'D', 'E')", name=op.f("ck_recall_cases_check_level")),
    )
    op.create_index(op.f("ix_recall_cases_status"), "recall_cases", ["status"])
    op.create_table(
        "recall_lots",
        _id(),
        _id("case_id"),
        _id("lot_id"),
        sa.Column("round", sa.Integer, nullable=False),
        _text("status_before", 16),
        _key("recall_lots"),
        _refers("recall_lots", "case_id", "recall_cases"),
        _refers("recall_lots", "lot_id", "lots"),
        sa.UniqueConstraint("case_id", "lot_id", name=op.f("uq_recall_lots_case_id_lot_id")),
    )
    op.create_index(op.f("ix_recall_lots_lot_id"), "recall_lots", ["lot_id"])
    op.create_table(
        "recall_scopes",
        _id(),
        _id("case_id"),
        sa.Column("round", sa.Integer, nullable=False),
        _text("kind", 10),
        _id("lot_id"),
        _text("place_code", 64),
        _text("customer_id", 64, null=True),
        sa.Column("distance", sa.Integer, nullable=False),
        _id("order_id", null=True),
        _id("order_line_id", null=True),
        sa.Column("picked", sa.Boolean, nullable=False),
        _id("kit_lot_id", null=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        _key("recall_scopes"),
        _refers("recall_scopes", "case_id", "recall_cases"),
        _refers("recall_scopes", "lot_id", "lots"),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_recall_scopes_kind")),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_recall_scopes_quantity")),
    )
    op.create_index("ix_recall_scopes_case", "recall_scopes", ["case_id", "id"])
    op.create_table(
        "recall_notices",
        _id(),
        _id("case_id"),
        _text("customer_id", 64),
        sa.Column("round", sa.Integer, nullable=False),
        _text("token_hash", 64, null=True),
        _text("email", 200),
        _id("document_id", null=True),
        _moment("due_at", null=False),
        _moment("made_at", null=False),
        _moment("sent_at"),
        _text("told_by", 8),
        sa.Column("reminders", sa.Integer, nullable=False),
        _moment("reminded_at"),
        _moment("escalated_at"),
        _moment("replied_at"),
        _moment("checked_at"),
        _id("checked_by", null=True),
        sa.Column("effective", sa.Boolean),
        _key("recall_notices"),
        _refers("recall_notices", "case_id", "recall_cases"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_recall_notices_token_hash")),
        sa.UniqueConstraint("case_id", "customer_id", name=op.f("uq_recall_notices_case_id_customer_id")),
    )
    op.create_index(op.f("ix_recall_notices_customer_id"), "recall_notices", ["customer_id"])
    op.create_table(
        "recall_replies",
        _id(),
        _id("notice_id"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("submission", 64),
        _moment("at", null=False),
        _text("person", 100),
        _id("recorded_by", null=True),
        sa.Column("counts", JSON, nullable=False),
        _text("note", 1000),
        _text("prev_hash", 64),
        _text("hash", 64),
        _key("recall_replies"),
        _refers("recall_replies", "notice_id", "recall_notices"),
        sa.UniqueConstraint("notice_id", "number", name=op.f("uq_recall_replies_notice_id_number")),
        sa.UniqueConstraint("notice_id", "submission", name=op.f("uq_recall_replies_notice_id_submission")),
    )
    for table in GROWING:
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in ("recall_replies", "recall_notices", "recall_scopes", "recall_lots", "recall_cases"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in GROWING:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
