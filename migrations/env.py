"""Alembic's environment: runs inside the connection that `app.operate.schema.migrate` gives it."""

from alembic import context

from app.core.db import Base
from app.core.tables import load_all

load_all()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
