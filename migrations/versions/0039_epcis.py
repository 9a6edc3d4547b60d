"""EPCIS events of others, what they name, events declared wrong"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TABLES = ("epcis_events", "epcis_names", "epcis_errors")


def upgrade() -> None:
    op.create_table(
        "epcis_events",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.String(400), nullable=False),
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("event_at", MOMENT, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("context", JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("taken_by", sa.String(64), nullable=False),
        sa.Column("taken_by_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epcis_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_epcis_events_event_id")),
    )
    op.create_index("ix_epcis_events_taken", "epcis_events", ["taken_at", "id"])
    op.create_table(
        "epcis_names",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("di", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["epcis_events.id"], name=op.f("fk_epcis_names_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epcis_names")),
    )
    op.create_index(op.f("ix_epcis_names_event_id"), "epcis_names", ["event_id"])
    op.create_index("ix_epcis_names_number", "epcis_names", ["number", "kind"])
    op.create_table(
        "epcis_errors",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.String(400), nullable=False),
        sa.Column("entry_id", sa.String(26)),
        sa.Column("declared_at", MOMENT, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("comment", sa.String(500), nullable=False),
        sa.Column("corrective", JSON, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epcis_errors")),
        sa.UniqueConstraint("event_id", name=op.f("uq_epcis_errors_event_id")),
    )
    op.create_index("ix_epcis_errors_declared", "epcis_errors", ["declared_at"])
    for table in TABLES:
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in ("epcis_names", "epcis_events", "epcis_errors"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
