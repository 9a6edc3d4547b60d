"""requests to change or cancel an order that is on its way"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    op.create_table(
        "change_requests",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("wanted", JSON, nullable=False),
        sa.Column("diff", JSON, nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("requested_by", sa.String(26), nullable=False),
        sa.Column("what_if", JSON, nullable=False),
        sa.Column("assessed_at", MOMENT),
        sa.Column("notice", JSON, nullable=False),
        sa.Column("hold", sa.String(10), nullable=False),
        sa.Column("rma_number", sa.String(20)),
        sa.Column("outcome", sa.String(1000), nullable=False),
        sa.Column("applied_version", sa.Integer),
        sa.Column("closed_at", MOMENT),
        sa.Column("closed_by", sa.String(26)),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_change_requests_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_change_requests_number")),
        sa.UniqueConstraint("rma_number", name=op.f("uq_change_requests_rma_number")),
    )
    op.create_index("ix_change_requests_order", "change_requests", ["order_id", "id"])
    op.create_index(
        "ix_change_requests_open",
        "change_requests",
        ["order_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_change_requests_status", "change_requests", ["status", "number"])


def downgrade() -> None:
    op.drop_table("change_requests")
