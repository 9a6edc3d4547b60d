"""what is promised is kept in days, not as a day that is another each midnight"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

NO_PROMISE = 9999
RANK = ("blocked", "band", sa.text("ranked_score DESC"), "promise_rank", "requested_date", "submitted_at", "number")
BEFORE = 13
"""Where the promise begins in the text of a task's rank."""


def upgrade() -> None:
    op.drop_index("ix_order_standings_rank", "order_standings")
    op.drop_index("ix_order_standings_assessed_at", "order_standings")
    op.add_column("order_standings", sa.Column("promise_days", sa.Integer, nullable=True))
    op.add_column("tasks", sa.Column("promise_days", sa.Integer, nullable=True))
    for table, moment in (("order_standings", "assessed_at"), ("tasks", "changed_at")):
        op.execute(f"UPDATE {table} SET promise_days = {_days(moment)} WHERE promise_date IS NOT NULL")  # noqa: S608
    shown = "CASE WHEN promise_days IS NULL THEN '9999' ELSE substr('000' || promise_days, -4) END"
    if op.get_bind().dialect.name == "postgresql":
        shown = "CASE WHEN promise_days IS NULL THEN '9999' ELSE lpad(promise_days::text, 4, '0') END"
    _rewrite_keys(shown, behind=BEFORE + 10)
    op.drop_column("order_standings", "promise_rank")
    op.drop_column("order_standings", "promise_date")
    op.drop_column("tasks", "promise_date")
    op.add_column(
        "order_standings", sa.Column("promise_rank", sa.Integer, nullable=False, server_default=str(NO_PROMISE))
    )
    op.execute("UPDATE order_standings SET promise_rank = promise_days WHERE promise_days IS NOT NULL")
    op.create_index("ix_order_standings_rank", "order_standings", RANK)


def downgrade() -> None:
    op.drop_index("ix_order_standings_rank", "order_standings")
    op.add_column("order_standings", sa.Column("promise_date", sa.Date, nullable=True))
    op.add_column("tasks", sa.Column("promise_date", sa.Date, nullable=True))
    for table, moment in (("order_standings", "assessed_at"), ("tasks", "changed_at")):
        op.execute(f"UPDATE {table} SET promise_date = {_day(moment)} WHERE promise_days IS NOT NULL")  # noqa: S608
    shown = "coalesce(CAST(promise_date AS varchar(10)), '9999-99-99')"
    _rewrite_keys(shown, behind=BEFORE + 4)
    op.drop_column("order_standings", "promise_rank")
    op.drop_column("order_standings", "promise_days")
    op.drop_column("tasks", "promise_days")
    op.add_column("order_standings", sa.Column("promise_rank", sa.Date, nullable=False, server_default="9999-12-31"))
    op.execute("UPDATE order_standings SET promise_rank = promise_date WHERE promise_date IS NOT NULL")
    op.create_index("ix_order_standings_rank", "order_standings", RANK)
    op.create_index("ix_order_standings_assessed_at", "order_standings", ["assessed_at"])


def _rewrite_keys(shown: str, *, behind: int) -> None:
    key = f"substr(rank_key, 1, {BEFORE - 1}) || {shown} || substr(rank_key, {behind})"
    op.execute(f"UPDATE tasks SET rank_key = {key}")  # noqa: S608


def _days(moment: str) -> str:
    """From the business day on which it was reckoned, by Shanghai's clocks: elsewhere tonight's check puts it right."""
    if op.get_bind().dialect.name == "postgresql":
        return f"greatest(promise_date - CAST({moment} AT TIME ZONE 'Asia/Shanghai' AS date), 0)"
    return f"max(CAST(julianday(promise_date) - julianday(date({moment}, '+8 hours')) AS integer), 0)"


def _day(moment: str) -> str:
    if op.get_bind().dialect.name == "postgresql":
        return f"CAST({moment} AT TIME ZONE 'Asia/Shanghai' AS date) + promise_days"
    return f"date({moment}, '+8 hours', '+' || promise_days || ' days')"
