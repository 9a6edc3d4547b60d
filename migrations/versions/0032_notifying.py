"""how people want to be told of notices, their devices, messages by mail and push, the key of web push"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notice_wishes",
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("mail", JSON, nullable=False),
        sa.Column("push", JSON, nullable=False),
        sa.Column("digest", sa.String(8), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notice_wishes_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_wishes")),
    )
    op.create_table(
        "push_devices",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("endpoint_hash", sa.String(64), nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(32), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_push_devices_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_devices")),
        sa.UniqueConstraint("endpoint_hash", name=op.f("uq_push_devices_endpoint_hash")),
    )
    op.create_index(op.f("ix_push_devices_user_id"), "push_devices", ["user_id"])
    op.create_table(
        "push_keys",
        sa.Column("id", sa.String(8), nullable=False),
        sa.Column("public", sa.String(100), nullable=False),
        sa.Column("private", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_keys")),
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("notice_ids", JSON, nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("handed_at", MOMENT, nullable=True),
        sa.Column("error", sa.String(500), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_letters_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index("ix_letters_user", "letters", ["user_id", "id"])
    op.create_index(op.f("ix_letters_created_at"), "letters", ["created_at"])
    ready, gathering = sa.text("ready_at IS NOT NULL"), sa.text("status = 'gathering'")
    op.create_index("ix_letters_ready", "letters", ["channel", "ready_at"], sqlite_where=ready, postgresql_where=ready)
    op.create_index(
        "ix_letters_gathering",
        "letters",
        ["user_id"],
        unique=True,
        sqlite_where=gathering,
        postgresql_where=gathering,
    )


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind IN ('notifying.gather', 'notifying.digest')")
    op.drop_table("letters")
    op.drop_table("push_keys")
    op.drop_table("push_devices")
    op.drop_table("notice_wishes")
