"""process drafts: diagrams that are drawn, reviewed and approved before they come into force"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OF_DRAFT = {"columns": ["draft_id"], "refcolumns": ["process_drafts.id"]}


def _of_draft(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(**OF_DRAFT, name=op.f(f"fk_{table}_draft_id_process_drafts"))


def upgrade() -> None:
    op.create_table(
        "process_drafts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("forms", JSON, nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base_id", sa.String(26), nullable=True),
        sa.Column("branched_from", sa.String(26), nullable=True),
        sa.Column("author_id", sa.String(64), nullable=False),
        sa.Column("author_name", sa.String(200), nullable=False),
        sa.Column("editors", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("override", sa.String(1000), nullable=False),
        sa.Column("version_id", sa.String(26), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_drafts")),
    )
    op.create_index("ix_process_drafts_key", "process_drafts", ["key", "status"])
    op.create_index("ix_process_drafts_version", "process_drafts", ["version_id"])
    op.create_table(
        "process_draft_revisions",
        sa.Column("draft_id", sa.String(26), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False),
        _of_draft("process_draft_revisions"),
        sa.PrimaryKeyConstraint("draft_id", "revision", name=op.f("pk_process_draft_revisions")),
    )
    op.create_table(
        "process_draft_visits",
        sa.Column("draft_id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("changing", sa.Boolean(), nullable=False),
        _of_draft("process_draft_visits"),
        sa.PrimaryKeyConstraint("draft_id", "user_id", name=op.f("pk_process_draft_visits")),
    )
    op.create_table(
        "process_keys",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("governed", sa.Boolean(), nullable=False),
        sa.Column("scenarios", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_process_keys")),
    )


def downgrade() -> None:
    for table in ("process_keys", "process_draft_visits", "process_draft_revisions", "process_drafts"):
        op.drop_table(table)
