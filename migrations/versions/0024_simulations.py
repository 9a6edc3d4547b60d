"""simulations of rules before they count; the last decisions of a rule set found by an index"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rule_simulations",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("rule_set", sa.String(64), nullable=False),
        sa.Column("version_id", sa.String(26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("active_number", sa.Integer(), nullable=False),
        sa.Column("active_sha256", sa.String(64), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("fault", sa.String(500), nullable=False),
        sa.Column("started_by", sa.String(26), nullable=False),
        sa.Column("started_by_name", sa.String(200), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("stamps", JSON, nullable=False),
        sa.Column("found", JSON, nullable=True),
        sa.Column("moves", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["rule_set_versions.id"],
            name=op.f("fk_rule_simulations_version_id_rule_set_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_simulations")),
    )
    op.create_index("ix_rule_simulations_version", "rule_simulations", ["version_id", "id"])
    under_way = sa.text("status IN ('waiting', 'running')")
    op.create_index(
        "uq_rule_simulations_under_way",
        "rule_simulations",
        ["started_by"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.create_index("ix_decisions_rule_set", "decisions", ["rule_set", "id"])


def downgrade() -> None:
    op.drop_index("ix_decisions_rule_set", table_name="decisions")
    op.drop_table("rule_simulations")
