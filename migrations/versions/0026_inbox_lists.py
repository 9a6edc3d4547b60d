"""open orders found by their words; open tasks by due time; filters of the inbox kept by people"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    op.create_table(
        "order_words",
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.String(26), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_words_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_words")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_words_customer_id", "order_words", ["customer_id"])
    op.create_index("ix_tasks_open_due", "tasks", ["due_at", "id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
    op.create_table(
        "inbox_filters",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.Column("role", sa.String(64), nullable=True),
        sa.Column("opens_first", sa.Boolean(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_filters")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_inbox_filters_owner_id_name")),
    )
    op.create_index("ix_inbox_filters_role", "inbox_filters", ["role"])
    fill_words()


def fill_words() -> None:
    """Those of the orders that are open now."""
    connection = op.get_bind()
    found: dict[str, list[str | None]] = {}
    heads = {}
    is_open = "o.status IN ('in_approval', 'rework')"
    for row in connection.execute(
        sa.text(
            "SELECT o.id, o.channel, o.customer_id, o.number, o.external_ref, o.hospital_po, o.surgery_number,"  # noqa: S608 - ours
            " o.contract_number, o.tender_award_number, c.code, c.name, c.name_en"
            f" FROM orders o JOIN customers c ON c.id = o.customer_id WHERE {is_open}"
        )
    ):
        heads[row[0]], found[row[0]] = row[1:3], list(row[3:])
    for row in connection.execute(
        sa.text(
            "SELECT o.id, p.sku, p.name, p.name_en FROM orders o JOIN order_lines l ON l.order_id = o.id"  # noqa: S608 - ours
            f" JOIN products p ON p.id = l.product_id WHERE {is_open} ORDER BY o.id, l.line_no"
        )
    ):
        found[row[0]] += row[1:]
    rows = [
        {"order_id": order_id, "channel": heads[order_id][0], "customer_id": heads[order_id][1], "text": plain(texts)}
        for order_id, texts in found.items()
    ]
    table = sa.table("order_words", *map(sa.column, ("order_id", "channel", "customer_id", "text")))
    for start in range(0, len(rows), 5_000):
        connection.execute(table.insert(), rows[start : start + 5_000])


def plain(texts: list[str | None]) -> str:
    whole = unicodedata.normalize("NFKC", " ".join(filter(None, texts))).casefold()
    return " ".join(whole.split())[:4_000]


def downgrade() -> None:
    op.drop_table("inbox_filters")
    op.drop_index("ix_tasks_open_due", table_name="tasks")
    op.drop_table("order_words")
