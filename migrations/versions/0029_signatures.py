"""electronic signatures; when a session last signed; drafts of answers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "signatures",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("meaning", sa.String(20), nullable=False),
        sa.Column("signer_id", sa.String(26), nullable=False),
        sa.Column("signer_login", sa.String(64), nullable=False),
        sa.Column("signer_name", sa.String(200), nullable=False),
        sa.Column("on_behalf_of", sa.String(26), nullable=True),
        sa.Column("on_behalf_of_name", sa.String(200), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("manifest", JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("entry_id", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
    )
    op.create_index("ix_signatures_subject", "signatures", ["subject_kind", "subject_id"])
    op.create_index(op.f("ix_signatures_task_id"), "signatures", ["task_id"])
    op.create_index(op.f("ix_signatures_at"), "signatures", ["at"])
    for statement in statements("signatures", op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table(
        "task_drafts",
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("form_hash", sa.String(64), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_drafts_task_id_tasks")),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_task_drafts")),
    )
    op.create_index("ix_task_drafts_user", "task_drafts", ["user_id", "saved_at"])
    op.add_column("user_sessions", sa.Column("signed_at", MOMENT, nullable=True))


def downgrade() -> None:
    op.drop_column("user_sessions", "signed_at")
    op.drop_table("task_drafts")
    op.drop_table("signatures")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS signatures_refuse()")
