"""Alembic's environment: runs inside the connection that `app.operate.schema` gives it."""

from alembic import context

from app.core.db import Base, Json, Scaled, UtcDateTime
from app.core.tables import load_all

PLAIN = {
    Scaled: "sa.BigInteger()",
    UtcDateTime: "sa.DateTime(timezone=True)",
    Json: 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")',
}


def render_item(kind, item, autogenerate_context):
    """Migrations name the database's types, not ours: ours may change, a migration that was shipped may not."""
    if kind == "type" and type(item) in PLAIN:
        if isinstance(item, Json):
            autogenerate_context.imports.add("from sqlalchemy.dialects import postgresql")
        return PLAIN[type(item)]
    return False


load_all()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_item=render_item,
    include_object=context.config.attributes.get("include_object"),
)
context.run_migrations()
