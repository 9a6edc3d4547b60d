"""what each released order has drawn on its tender award; until now nothing was counted"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

COUNTED = """
INSERT INTO award_draws (order_id, line_id, quantity)
SELECT o.id, a.id, SUM(l.quantity)
FROM orders o
JOIN tender_awards t ON t.number = o.tender_award_number
JOIN order_lines l ON l.order_id = o.id
JOIN tender_award_lines a ON a.award_id = t.id AND a.product_id = l.product_id
WHERE o.status = 'released'
GROUP BY o.id, a.id
"""
SUMMED = """
UPDATE tender_award_lines SET consumed_qty =
  COALESCE((SELECT SUM(d.quantity) FROM award_draws d WHERE d.line_id = tender_award_lines.id), 0)
"""


def upgrade() -> None:
    op.create_table(
        "award_draws",
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("line_id", sa.String(26), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_award_draws_figures")),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["tender_award_lines.id"],
            name=op.f("fk_award_draws_line_id_tender_award_lines"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("order_id", "line_id", name=op.f("pk_award_draws")),
    )
    op.create_index(op.f("ix_award_draws_line_id"), "award_draws", ["line_id"])
    op.execute(COUNTED)
    op.execute(SUMMED)


def downgrade() -> None:
    op.drop_table("award_draws")
    op.execute("UPDATE tender_award_lines SET consumed_qty = 0")
