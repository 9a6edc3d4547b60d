"""external tasks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_contents",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_contents")),
    )
    op.create_table(
        "deployed_definitions",
        sa.Column("definition_id", sa.String(length=26), nullable=False),
        sa.Column("deployment_id", sa.String(length=26), nullable=False),
        sa.Column("resource", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_deployed_definitions_definition_id")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["process_deployments.id"], name=op.f("fk_deployed_definitions_deployment_id")
        ),
        sa.PrimaryKeyConstraint("definition_id", "deployment_id", name=op.f("pk_deployed_definitions")),
    )
    op.create_index("ix_deployed_definitions_deployment", "deployed_definitions", ["deployment_id"], unique=False)
    op.create_table(
        "deployment_resources",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("deployment_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["process_deployments.id"], name=op.f("fk_deployment_resources_deployment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_resources")),
        sa.UniqueConstraint("deployment_id", "name", name=op.f("uq_deployment_resources_deployment_id_name")),
    )
    op.create_index(
        op.f("ix_deployment_resources_deployment_id"), "deployment_resources", ["deployment_id"], unique=False
    )
    op.create_table(
        "deployment_withdrawals",
        sa.Column("deployment_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["process_deployments.id"], name=op.f("fk_deployment_withdrawals_deployment_id")
        ),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_deployment_withdrawals")),
    )
    op.create_table(
        "task_attachments",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("task_id", sa.String(length=26), nullable=False),
        sa.Column("source_id", sa.String(length=26), nullable=False),
        sa.Column("user_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=100), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("content_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_attachments_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_attachments")),
    )
    op.create_index(op.f("ix_task_attachments_source_id"), "task_attachments", ["source_id"], unique=False)
    op.create_index(op.f("ix_task_attachments_task_id"), "task_attachments", ["task_id"], unique=False)
    op.create_table(
        "task_comments",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("task_id", sa.String(length=26), nullable=False),
        sa.Column("source_id", sa.String(length=26), nullable=False),
        sa.Column("user_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_comments_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_comments")),
    )
    op.create_index(op.f("ix_task_comments_source_id"), "task_comments", ["source_id"], unique=False)
    op.create_index(op.f("ix_task_comments_task_id"), "task_comments", ["task_id"], unique=False)
    op.create_table(
        "task_extras",
        sa.Column("task_id", sa.String(length=26), nullable=False),
        sa.Column("owner_id", sa.String(length=26), nullable=True),
        sa.Column("delegation", sa.String(length=8), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent_id", sa.String(length=26), nullable=True),
        sa.Column("variables", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_extras_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_extras")),
    )
    op.create_index(op.f("ix_task_extras_owner_id"), "task_extras", ["owner_id"], unique=False)
    op.create_index(op.f("ix_task_extras_parent_id"), "task_extras", ["parent_id"], unique=False)
    op.create_table(
        "external_tasks",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("instance_id", sa.String(length=26), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.String(length=100), nullable=False),
        sa.Column("definition_id", sa.String(length=26), nullable=False),
        sa.Column("definition_key", sa.String(length=64), nullable=False),
        sa.Column("version_tag", sa.String(length=100), nullable=True),
        sa.Column("business_key", sa.String(length=255), nullable=True),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("worker_id", sa.String(length=255), nullable=True),
        sa.Column("lock_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sa.String(length=666), nullable=True),
        sa.Column("error_details", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_external_tasks_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_tasks")),
        sa.UniqueConstraint("instance_id", "token", name=op.f("uq_external_tasks_instance_id_token")),
    )
    op.create_index("ix_external_tasks_definition", "external_tasks", ["definition_id"], unique=False)
    op.create_index("ix_external_tasks_topic", "external_tasks", ["topic", "created_at", "id"], unique=False)
    op.create_index("ix_external_tasks_worker", "external_tasks", ["worker_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_external_tasks_worker", table_name="external_tasks")
    op.drop_index("ix_external_tasks_topic", table_name="external_tasks")
    op.drop_index("ix_external_tasks_definition", table_name="external_tasks")
    op.drop_table("external_tasks")
    op.drop_index(op.f("ix_task_extras_parent_id"), table_name="task_extras")
    op.drop_index(op.f("ix_task_extras_owner_id"), table_name="task_extras")
    op.drop_table("task_extras")
    op.drop_index(op.f("ix_task_comments_task_id"), table_name="task_comments")
    op.drop_index(op.f("ix_task_comments_source_id"), table_name="task_comments")
    op.drop_table("task_comments")
    op.drop_index(op.f("ix_task_attachments_task_id"), table_name="task_attachments")
    op.drop_index(op.f("ix_task_attachments_source_id"), table_name="task_attachments")
    op.drop_table("task_attachments")
    op.drop_table("deployment_withdrawals")
    op.drop_index(op.f("ix_deployment_resources_deployment_id"), table_name="deployment_resources")
    op.drop_table("deployment_resources")
    op.drop_index("ix_deployed_definitions_deployment", table_name="deployed_definitions")
    op.drop_table("deployed_definitions")
    op.drop_table("kept_contents")
