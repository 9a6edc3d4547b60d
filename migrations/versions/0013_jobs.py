"""jobs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("source_kind", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("source_ref", sa.String(length=64), nullable=False),
        sa.Column("element_id", sa.String(length=255), nullable=True),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("backoff", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("locked_by", sa.String(length=26), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_details", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("definition_id", sa.String(length=26), nullable=True),
        sa.Column("definition_key", sa.String(length=255), nullable=True),
        sa.CheckConstraint("(ready_at IS NULL) = (suspended OR retries <= 0)", name=op.f("ck_jobs_ready")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_ready_at_id", "jobs", ["ready_at", "id"], unique=False)
    op.create_index("ix_jobs_source_kind_source_id", "jobs", ["source_kind", "source_id"], unique=False)
    op.create_index(
        "ix_jobs_locked",
        "jobs",
        ["source_kind", "source_id"],
        unique=False,
        sqlite_where=sa.text("locked_until IS NOT NULL"),
        postgresql_where=sa.text("locked_until IS NOT NULL"),
    )
    op.create_index(op.f("ix_jobs_definition_id"), "jobs", ["definition_id"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_index(op.f("ix_jobs_definition_id"), table_name="jobs")
    op.drop_index("ix_jobs_locked", table_name="jobs")
    op.drop_index("ix_jobs_source_kind_source_id", table_name="jobs")
    op.drop_index("ix_jobs_ready_at_id", table_name="jobs")
    op.drop_table("jobs")
