"""processes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_tables()
    for table in ("process_definitions", "process_events"):
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def create_tables() -> None:
    op.create_table(
        "process_definitions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("forms", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deployed_by", sa.String(length=26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_definitions")),
        sa.UniqueConstraint("hash", name=op.f("uq_process_definitions_hash")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_process_definitions_key_version")),
    )
    op.create_table(
        "process_instances",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("definition_id", sa.String(length=26), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.String(length=26), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_process_instances_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instances")),
    )
    op.create_index(op.f("ix_process_instances_definition_id"), "process_instances", ["definition_id"], unique=False)
    op.create_index(
        "ix_process_instances_key_status", "process_instances", ["key", "status", "started_at"], unique=False
    )
    op.create_index(op.f("ix_process_instances_started_by"), "process_instances", ["started_by"], unique=False)
    op.create_index(
        "ix_process_instances_subject", "process_instances", ["subject_kind", "subject_id", "started_at"], unique=False
    )
    op.create_index(
        "uq_process_instances_running",
        "process_instances",
        ["subject_kind", "subject_id", "key"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "process_releases",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("definition_id", sa.String(length=26), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_process_releases_definition_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_process_releases")),
    )
    op.create_table(
        "process_events",
        sa.Column("instance_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("element_id", sa.String(length=100), nullable=False),
        sa.Column("flow_id", sa.String(length=100), nullable=True),
        sa.Column("actor_id", sa.String(length=26), nullable=True),
        sa.Column("decision_id", sa.String(length=26), nullable=True),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_process_events_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "seq", name=op.f("pk_process_events")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("process_events")
    op.drop_table("process_releases")
    op.drop_index(
        "uq_process_instances_running",
        table_name="process_instances",
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index("ix_process_instances_subject", table_name="process_instances")
    op.drop_index(op.f("ix_process_instances_started_by"), table_name="process_instances")
    op.drop_index("ix_process_instances_key_status", table_name="process_instances")
    op.drop_index(op.f("ix_process_instances_definition_id"), table_name="process_instances")
    op.drop_table("process_instances")
    op.drop_table("process_definitions")
