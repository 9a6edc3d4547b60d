"""process engine: waits, incidents, messages, starts, deployments, calls"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_tables()
    op.add_column("process_definitions", sa.Column("version_tag", sa.String(100), nullable=True))
    op.add_column("process_definitions", sa.Column("deployment_id", sa.String(26), nullable=True))
    op.create_index(op.f("ix_process_definitions_deployment_id"), "process_definitions", ["deployment_id"])
    op.add_column("process_events", sa.Column("token", sa.Integer(), nullable=True))
    add_filled("process_events", sa.Column("at_once", sa.Boolean(), nullable=False, server_default=sa.true()))
    for column in (
        sa.Column("business_key", sa.String(255), nullable=True),
        sa.Column("super_instance_id", sa.String(26), nullable=True),
        sa.Column("super_token", sa.Integer(), nullable=True),
    ):
        op.add_column("process_instances", column)
    for column in (
        sa.Column("root_id", sa.String(26), nullable=False, server_default=""),
        sa.Column("depth", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("suspended", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        add_filled("process_instances", column)
    op.execute("UPDATE process_instances SET root_id = id")
    for name in ("business_key", "super_instance_id", "root_id"):
        op.create_index(op.f(f"ix_process_instances_{name}"), "process_instances", [name])


def add_filled(table: str, column: sa.Column) -> None:
    """A column that may not be null; the default that fills it stays behind only where it cannot be dropped."""
    op.add_column(table, column)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(table, column.name, server_default=None)


def create_tables() -> None:
    op.create_table(
        "process_deployments",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(255), nullable=True),
        sa.Column("source", sa.String(255), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_deployments")),
    )
    op.create_table(
        "process_definition_flags",
        sa.Column("definition_id", sa.String(26), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_process_definition_flags_definition_id")
        ),
        sa.PrimaryKeyConstraint("definition_id", name=op.f("pk_process_definition_flags")),
    )
    op.create_table(
        "process_starts",
        sa.Column("definition_id", sa.String(26), nullable=False),
        sa.Column("element_id", sa.String(100), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_process_starts_definition_id")
        ),
        sa.PrimaryKeyConstraint("definition_id", "element_id", name=op.f("pk_process_starts")),
    )
    op.create_index("ix_process_starts_kind_name", "process_starts", ["kind", "name"])
    op.create_index("ix_process_starts_key", "process_starts", ["key"])
    op.create_table(
        "process_waits",
        sa.Column("instance_id", sa.String(26), nullable=False),
        sa.Column("token", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("element_id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("business_key", sa.String(255), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_process_waits_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "token", name=op.f("pk_process_waits")),
    )
    op.create_index("ix_process_waits_name", "process_waits", ["kind", "name", "business_key"])
    op.create_table(
        "process_incidents",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("instance_id", sa.String(26), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("job_id", sa.String(26), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by", sa.String(26), nullable=True),
        sa.Column("how", sa.String(500), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_process_incidents_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_incidents")),
    )
    op.create_index("ix_process_incidents_instance", "process_incidents", ["instance_id", "resolved_at"])
    still_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "ix_process_incidents_open",
        "process_incidents",
        ["created_at"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "process_messages",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("sender_id", sa.String(255), nullable=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("business_key", sa.String(255), nullable=True),
        sa.Column("correlation", JSON, nullable=False),
        sa.Column("variables", JSON, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("instance_id", sa.String(26), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_messages")),
        sa.UniqueConstraint("sender_id", name=op.f("uq_process_messages_sender_id")),
    )
    kept = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_process_messages_kept",
        "process_messages",
        ["name", "business_key"],
        sqlite_where=kept,
        postgresql_where=kept,
    )
    op.create_index("ix_process_messages_received", "process_messages", ["received_at"])


def downgrade() -> None:
    for name in ("business_key", "super_instance_id", "root_id"):
        op.drop_index(op.f(f"ix_process_instances_{name}"), "process_instances")
    for name in ("business_key", "super_instance_id", "super_token", "root_id", "depth", "suspended"):
        op.drop_column("process_instances", name)
    op.drop_column("process_events", "token")
    op.drop_column("process_events", "at_once")
    op.drop_index(op.f("ix_process_definitions_deployment_id"), "process_definitions")
    op.drop_column("process_definitions", "version_tag")
    op.drop_column("process_definitions", "deployment_id")
    for table in (
        "process_messages",
        "process_incidents",
        "process_waits",
        "process_starts",
        "process_definition_flags",
    ):
        op.drop_table(table)
    op.drop_table("process_deployments")
