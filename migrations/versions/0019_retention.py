"""history ends lawfully: purges on record, and the guard of process_events knows them"""

import sqlalchemy as sa
from alembic import op

from app.core.append_only import statements
from app.processes.models import is_purged, purge_guard

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "process_purges",
        sa.Column("instance_id", sa.String(26), nullable=False),
        sa.Column("root_id", sa.String(26), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("definition_id", sa.String(26), nullable=False),
        sa.Column("subject_kind", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kept_until", MOMENT, nullable=False),
        sa.Column("purged_at", MOMENT, nullable=False),
        sa.Column("purged_by", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_process_purges")),
    )
    dialect = op.get_bind().dialect.name
    for statement in (*statements("process_purges", dialect), *purge_guard(dialect)):
        op.execute(statement)
    guard_events(is_purged(dialect))


def downgrade() -> None:
    guard_events(None)
    op.drop_table("process_purges")
    if op.get_bind().dialect.name == "postgresql":
        for function in ("process_purges_refuse", "process_purges_check"):
            op.execute(f"DROP FUNCTION IF EXISTS {function}()")


def guard_events(but_for: str | None) -> None:
    """Replace what refuses a DELETE of history."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER process_events_no_delete")
        op.execute(statements("process_events", "sqlite", but_for)[1])
    else:
        op.execute(statements("process_events", "postgresql", but_for)[0])
