"""papers: documents with versions, content and files; logistic units; prevented mis-shipments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TODAY = {"sqlite": "date('now')", "postgresql": "(now() AT TIME ZONE 'UTC')::date"}


def upgrade() -> None:
    _documents()
    _shipping()
    dialect = op.get_bind().dialect.name
    outlived = f"(OLD.retain_until IS NOT NULL AND OLD.retain_until < {TODAY[dialect]})"
    for table in ("documents", "document_files"):
        for statement in statements(table, dialect, outlived):
            op.execute(statement)
    for table in ("logistic_units", "prevented_misships"):
        for statement in statements(table, dialect):
            op.execute(statement)


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("retain_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("number", "version", name=op.f("uq_documents_number_version")),
    )
    op.create_index("ix_documents_subject", "documents", ["subject_kind", "subject_id", "kind"])
    op.create_index("ix_documents_made", "documents", ["made_at", "id"])
    op.create_table(
        "document_files",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("document_id", sa.String(26), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("retain_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_files_document_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_files")),
        sa.UniqueConstraint(
            "document_id", "language", "edition", name=op.f("uq_document_files_document_id_language_edition")
        ),
    )
    op.create_index(op.f("ix_document_files_document_id"), "document_files", ["document_id"])


def _shipping() -> None:
    op.create_table(
        "logistic_units",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("sscc", sa.String(18), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logistic_units")),
        sa.UniqueConstraint("sscc", name=op.f("uq_logistic_units_sscc")),
    )
    op.create_index("ix_logistic_units_subject", "logistic_units", ["subject_kind", "subject_id"])
    op.create_table(
        "prevented_misships",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("expected", JSON, nullable=False),
        sa.Column("scanned", sa.String(500), nullable=False),
        sa.Column("read", JSON, nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prevented_misships")),
    )
    op.create_index("ix_prevented_misships_at", "prevented_misships", ["at", "id"])
    op.create_index("ix_prevented_misships_subject", "prevented_misships", ["subject_kind", "subject_id"])


def downgrade() -> None:
    for table in ("prevented_misships", "logistic_units", "document_files", "documents"):
        op.drop_table(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
