"""manual overrides; the score an order is ranked by apart from its newest one; the need index"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
LAST = ("promise_rank", "requested_date", "submitted_at", "number")


def upgrade() -> None:
    op.drop_index("ix_order_standings_rank", table_name="order_standings")
    whole = {"nullable": False, "server_default": "0"}
    op.add_column("order_standings", sa.Column("ranked_score", sa.Integer(), **whole))
    op.add_column("order_standings", sa.Column("plain_band", sa.String(2), nullable=True))
    op.add_column("order_standings", sa.Column("plain_score", sa.Integer(), nullable=True))
    op.add_column("order_standings", sa.Column("need_score", sa.Integer(), **whole))
    op.add_column("order_standings", sa.Column("need", JSON, nullable=False, server_default="[]"))
    op.execute("UPDATE order_standings SET ranked_score = score")
    if op.get_bind().dialect.name == "postgresql":  # SQLite can only do it by copying the table
        for name in ("ranked_score", "need_score", "need"):
            op.alter_column("order_standings", name, server_default=None)
    op.create_index(
        "ix_order_standings_rank", "order_standings", ["blocked", "band", sa.text("ranked_score DESC"), *LAST]
    )
    op.create_index(
        "ix_order_standings_need",
        "order_standings",
        [sa.text("need_score DESC"), "requested_date", "submitted_at", "number"],
    )
    make_overrides()


def make_overrides() -> None:
    op.create_table(
        "order_overrides",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("band", sa.String(2), nullable=True),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("set_by", sa.String(26), nullable=False),
        sa.Column("set_by_name", sa.String(200), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(26), nullable=True),
        sa.Column("place_before", sa.Integer(), nullable=True),
        sa.Column("place_after", sa.Integer(), nullable=True),
        sa.Column("band_before", sa.String(2), nullable=False),
        sa.Column("band_after", sa.String(2), nullable=False),
        sa.Column("score_before", sa.Integer(), nullable=False),
        sa.Column("score_after", sa.Integer(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("passed", JSON, nullable=False),
        sa.Column("passed_count", sa.Integer(), nullable=False),
        sa.Column("passed_urgent", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=True),
        sa.Column("judged_at", MOMENT, nullable=True),
        sa.Column("findings", JSON, nullable=False),
        sa.CheckConstraint("points BETWEEN -100 AND 100", name=op.f("ck_order_overrides_points")),
        sa.CheckConstraint("band IS NULL OR band IN ('P0', 'P1', 'P2', 'P3')", name=op.f("ck_order_overrides_band")),
        sa.CheckConstraint("points <> 0 OR band IS NOT NULL", name=op.f("ck_order_overrides_says_something")),
        sa.CheckConstraint("until > starts_at", name=op.f("ck_order_overrides_until")),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('better', 'same', 'worse')", name=op.f("ck_order_overrides_verdict")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_overrides_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_overrides")),
    )
    op.create_index("ix_order_overrides_order_id", "order_overrides", ["order_id"])
    op.create_index("ix_order_overrides_starts_at", "order_overrides", ["starts_at"])
    partial("uq_order_overrides_in_force", "order_id", "ended_at IS NULL", unique=True)
    partial("ix_order_overrides_unjudged", "judged_at", "verdict IS NULL", unique=False)


def partial(name: str, column: str, where: str, *, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "order_overrides", [column], unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def downgrade() -> None:
    op.drop_table("order_overrides")
    op.drop_index("ix_order_standings_need", table_name="order_standings")
    op.drop_index("ix_order_standings_rank", table_name="order_standings")
    for name in ("need", "need_score", "plain_score", "plain_band", "ranked_score"):
        op.drop_column("order_standings", name)
    op.create_index("ix_order_standings_rank", "order_standings", ["blocked", "band", sa.text("score DESC"), *LAST])
