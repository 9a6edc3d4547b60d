"""webhooks in and out: sources, secrets, mappings, events; subscriptions, deliveries, attempts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def only(where: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


OPEN = only("ready_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "hook_attempts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("delivery_id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("millis", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(40), nullable=False),
        sa.Column("excerpt", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_attempts")),
    )
    op.create_index(op.f("ix_hook_attempts_delivery_id"), "hook_attempts", ["delivery_id"])
    op.create_table(
        "hook_deliveries",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("subscription_id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.String(26), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(40), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_hook_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_hook_deliveries_id")),
        sa.UniqueConstraint("subscription_id", "event_id", name=op.f("uq_hook_deliveries_subscription_id_event_id")),
    )
    op.create_index("ix_hook_deliveries_dead", "hook_deliveries", ["seq"], **only("state = 'dead'"))
    op.create_index("ix_hook_deliveries_ready", "hook_deliveries", ["subscription_id", "seq", "ready_at"], **OPEN)
    op.create_index("ix_hook_deliveries_subscription_id_id", "hook_deliveries", ["subscription_id", "id"])
    # last: as long as PostgreSQL has not counted the rows, of two that seem equal it takes the younger
    op.create_index("ix_hook_deliveries_key", "hook_deliveries", ["subscription_id", "key", "seq"], **OPEN)
    op.create_table(
        "hook_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("source_id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("clashes", sa.Integer(), nullable=False),
        sa.Column("mapping_version", sa.Integer(), nullable=True),
        sa.Column("outcome", JSON, nullable=True),
        sa.Column("fault", JSON, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_hook_events")),
        sa.UniqueConstraint("id", name=op.f("uq_hook_events_id")),
        sa.UniqueConstraint("source_id", "event_id", "origin", name=op.f("uq_hook_events_source_id_event_id_origin")),
    )
    op.create_index("ix_hook_events_key", "hook_events", ["source_id", "key", "seq"], **OPEN)
    op.create_index("ix_hook_events_odd", "hook_events", ["state", "seq"], **only("state NOT IN ('received', 'done')"))
    op.create_index("ix_hook_events_ready", "hook_events", ["seq", "ready_at"], **OPEN)
    op.create_index("ix_hook_events_source_id_id", "hook_events", ["source_id", "id"])
    op.create_table(
        "hook_mappings",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("source_id", sa.String(26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(26), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("activated_at", MOMENT, nullable=True),
        sa.Column("activated_by", sa.String(26), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_mappings")),
        sa.UniqueConstraint("source_id", "version", name=op.f("uq_hook_mappings_source_id_version")),
    )
    op.create_table(
        "hook_refusals",
        sa.Column("source_id", sa.String(26), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("last_address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "hour", "reason", name=op.f("pk_hook_refusals")),
    )
    op.create_table(
        "hook_secrets",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner_id", sa.String(26), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(26), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_secrets")),
    )
    op.create_index(op.f("ix_hook_secrets_owner_id"), "hook_secrets", ["owner_id"])
    op.create_table(
        "hook_sources",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("auth", sa.String(12), nullable=False),
        sa.Column("format", sa.String(12), nullable=False),
        sa.Column("id_path", sa.String(500), nullable=False),
        sa.Column("key_path", sa.String(500), nullable=False),
        sa.Column("acts_as", sa.String(26), nullable=False),
        sa.Column("wait_hours", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("masked", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_sources")),
        sa.UniqueConstraint("code", name=op.f("uq_hook_sources_code")),
    )
    op.create_table(
        "hook_subscriptions",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("types", JSON, nullable=False),
        sa.Column("filter", sa.String(500), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fed_to", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", MOMENT, nullable=True),
        sa.Column("ended_because", sa.String(40), nullable=False),
        sa.Column("last_ok_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_subscriptions")),
    )


def downgrade() -> None:
    op.drop_table("hook_subscriptions")
    op.drop_table("hook_sources")
    op.drop_table("hook_secrets")
    op.drop_table("hook_refusals")
    op.drop_table("hook_mappings")
    op.drop_table("hook_events")
    op.drop_table("hook_deliveries")
    op.drop_table("hook_attempts")
