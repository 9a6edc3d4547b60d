"""suppliers, their licences and renewals; standings of parties and products; qualifications, scans of papers, warnings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
PARTY = "status IN ('prospect','qualifying','active','suspended','blocked','closed')"
STANDINGS = {
    "customers": ("status IN ('active','suspended','blocked')", PARTY),
    "products": (
        "status IN ('draft','active','restricted','discontinued')",
        "status IN ('draft','review','active','restricted','discontinued')",
    ),
}
"""Who and what was there stays as it is: `active` is qualified."""
OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=True),
        sa.Column("uscc", sa.String(18), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.Column("contacts", JSON, nullable=False),
        sa.Column("product_ids", JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("search_text", sa.String(800), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('manufacturer','distributor','carrier','service')", name=op.f("ck_suppliers_kind")
        ),
        sa.CheckConstraint(PARTY, name=op.f("ck_suppliers_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("code", name=op.f("uq_suppliers_code")),
        sa.UniqueConstraint("uscc", name=op.f("uq_suppliers_uscc")),
    )
    for name in ("name", "search_text", "status"):
        op.create_index(op.f(f"ix_suppliers_{name}"), "suppliers", [name])
    _standings(0, 1)
    with op.batch_alter_table("licences") as table:
        table.add_column(sa.Column("supplier_id", sa.String(26), nullable=True))
        table.add_column(sa.Column("succeeds_id", sa.String(26), nullable=True))
        table.drop_constraint(op.f("ck_licences_owner"), type_="check")
        table.drop_constraint(op.f("uq_licences_kind_number"), type_="unique")
        table.create_check_constraint(
            op.f("ck_licences_customer"), "(owner_kind = 'customer') = (customer_id IS NOT NULL)"
        )
        table.create_check_constraint(
            op.f("ck_licences_supplier"), "(owner_kind = 'supplier') = (supplier_id IS NOT NULL)"
        )
        table.create_foreign_key(op.f("fk_licences_supplier_id_suppliers"), "suppliers", ["supplier_id"], ["id"])
        table.create_foreign_key(op.f("fk_licences_succeeds_id_licences"), "licences", ["succeeds_id"], ["id"])
        table.create_unique_constraint(op.f("uq_licences_kind_number_valid_from"), ["kind", "number", "valid_from"])
        table.create_unique_constraint(op.f("uq_licences_succeeds_id"), ["succeeds_id"])
        table.create_index(op.f("ix_licences_supplier_id"), ["supplier_id"])
    _qualifications()


def _standings(old: int, new: int) -> None:
    """Another list of standings. SQLite would make the whole table anew, and with it lose what hangs on it; a check
    alone may be changed in the stored text (https://sqlite.org/lang_altertable.html, section 7)."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        for table, checks in STANDINGS.items():
            op.drop_constraint(op.f(f"ck_{table}_status"), table, type_="check")
            op.create_check_constraint(op.f(f"ck_{table}_status"), table, checks[new])
        return
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, checks in STANDINGS.items():
        changed = bind.exec_driver_sql(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0",
            (checks[old], checks[new], table, checks[old]),
        )
        if changed.rowcount != 1:
            raise RuntimeError(f"the check of {table}.status is not as it was made")
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _qualifications() -> None:
    op.create_table(
        "qualifications",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("about_kind", sa.String(16), nullable=False),
        sa.Column("about_id", sa.String(26), nullable=False),
        sa.Column("occasion", sa.String(8), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.String(26), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(26), nullable=True),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("audited_on", sa.Date, nullable=True),
        sa.Column("due_on", sa.Date, nullable=True),
        sa.Column("papers", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualifications")),
        sa.UniqueConstraint("number", name=op.f("uq_qualifications_number")),
    )
    op.create_index("ix_qualifications_about", "qualifications", ["about_kind", "about_id", "id"])
    op.create_index(
        "ix_qualifications_open",
        "qualifications",
        ["about_kind", "about_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "paper_scans",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("paper_kind", sa.String(16), nullable=False),
        sa.Column("paper_id", sa.String(26), nullable=False),
        sa.Column("paper_version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_id", sa.String(26), nullable=False),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("filed_by", sa.String(26), nullable=False),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("verified_by", sa.String(26), nullable=True),
        sa.ForeignKeyConstraint(
            ["content_id"], ["kept_contents.id"], name=op.f("fk_paper_scans_content_id_kept_contents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_scans")),
        sa.CheckConstraint("verified_by IS NULL OR verified_by <> filed_by", name=op.f("ck_paper_scans_four_eyes")),
    )
    op.create_index("ix_paper_scans_paper", "paper_scans", ["paper_kind", "paper_id"])
    op.create_table(
        "paper_warnings",
        sa.Column("paper_kind", sa.String(16), nullable=False),
        sa.Column("paper_id", sa.String(26), nullable=False),
        sa.Column("valid_to", sa.Date, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("paper_kind", "paper_id", "valid_to", "days", name=op.f("pk_paper_warnings")),
    )


def downgrade() -> None:
    former = op.get_bind().exec_driver_sql("SELECT succeeds_id FROM licences WHERE succeeds_id IS NOT NULL").scalars()
    renewed = sorted(former.all())
    op.execute("UPDATE licences SET succeeds_id = NULL")
    licences = sa.table("licences", sa.column("id"))
    op.execute(licences.delete().where(licences.c.id.in_(renewed)))
    op.execute("DELETE FROM licences WHERE owner_kind = 'supplier'")
    op.drop_table("paper_warnings")
    op.drop_table("paper_scans")
    op.drop_table("qualifications")
    with op.batch_alter_table("licences") as table:
        table.drop_index(op.f("ix_licences_supplier_id"))
        table.drop_constraint(op.f("uq_licences_succeeds_id"), type_="unique")
        table.drop_constraint(op.f("uq_licences_kind_number_valid_from"), type_="unique")
        table.drop_constraint(op.f("fk_licences_succeeds_id_licences"), type_="foreignkey")
        table.drop_constraint(op.f("fk_licences_supplier_id_suppliers"), type_="foreignkey")
        table.drop_constraint(op.f("ck_licences_supplier"), type_="check")
        table.drop_constraint(op.f("ck_licences_customer"), type_="check")
        table.drop_column("succeeds_id")
        table.drop_column("supplier_id")
        table.create_check_constraint(op.f("ck_licences_owner"), "(owner_kind = 'us') = (customer_id IS NULL)")
        table.create_unique_constraint(op.f("uq_licences_kind_number"), ["kind", "number"])
    op.execute("UPDATE customers SET status = 'suspended' WHERE status IN ('prospect', 'qualifying')")
    op.execute("UPDATE customers SET status = 'blocked' WHERE status = 'closed'")
    op.execute("UPDATE products SET status = 'draft' WHERE status = 'review'")
    _standings(1, 0)
    op.drop_table("suppliers")
