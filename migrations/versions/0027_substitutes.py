"""substitutes: who stands in for whom, and the tasks done so"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IN_FORCE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "substitutions",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("substitute_id", sa.String(26), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("process_key", sa.String(64), nullable=True),
        sa.Column("role", sa.String(40), nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("set_by", sa.String(26), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(26), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_substitutions_user_id_users")),
        sa.ForeignKeyConstraint(["substitute_id"], ["users.id"], name=op.f("fk_substitutions_substitute_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitutions")),
    )
    op.create_index("ix_substitutions_user", "substitutions", ["user_id", "last_day"])
    for name, columns in (
        ("ix_substitutions_substitute", ["substitute_id", "last_day"]),
        ("ix_substitutions_days", ["last_day", "first_day"]),
    ):
        op.create_index(name, "substitutions", columns, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)
    op.create_table(
        "task_stand_ins",
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("substitute_id", sa.String(26), nullable=False),
        sa.Column("principal_id", sa.String(26), nullable=False),
        sa.Column("taken_from", sa.String(26), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_stand_ins_task_id_tasks")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_stand_ins")),
    )
    op.create_index("ix_task_stand_ins_principal_id", "task_stand_ins", ["principal_id"])


def downgrade() -> None:
    op.drop_table("task_stand_ins")
    op.drop_table("substitutions")
