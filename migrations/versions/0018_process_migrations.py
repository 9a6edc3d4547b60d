"""running instances taken to another version"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "process_migrations",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("instance_id", sa.String(26), nullable=False),
        sa.Column("from_definition", sa.String(26), nullable=False),
        sa.Column("to_definition", sa.String(26), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("state_before", sa.LargeBinary(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(26), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.String(26), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_process_migrations_instance_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_definition"], ["process_definitions.id"], name=op.f("fk_process_migrations_from_definition")
        ),
        sa.ForeignKeyConstraint(
            ["to_definition"], ["process_definitions.id"], name=op.f("fk_process_migrations_to_definition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_migrations")),
    )
    op.create_index(op.f("ix_process_migrations_instance_id"), "process_migrations", ["instance_id"])


def downgrade() -> None:
    op.drop_table("process_migrations")
