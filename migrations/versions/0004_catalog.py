"""catalog"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "regions",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("lane_days_p50", sa.Integer(), nullable=False),
        sa.Column("lane_days_p95", sa.Integer(), nullable=False),
        sa.Column("cold_lane", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("0 <= lane_days_p50 AND lane_days_p50 <= lane_days_p95", name=op.f("ck_regions_lane_days")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("risk_class", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("risk_class BETWEEN 1 AND 3", name=op.f("ck_registrations_risk_class")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("number", name=op.f("uq_registrations_number")),
    )
    op.create_index(op.f("ix_registrations_valid_to"), "registrations", ["valid_to"], unique=False)
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(length=1), nullable=False),
        sa.Column("region_code", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=False),
        sa.Column("credit_used", sa.BigInteger(), nullable=False),
        sa.Column("overdue_days", sa.Integer(), nullable=False),
        sa.Column("prepaid", sa.Boolean(), nullable=False),
        sa.Column("min_remaining_days", sa.Integer(), nullable=True),
        sa.Column("cold_capable", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("search_text", sa.String(length=800), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('hospital','distributor','clinic')", name=op.f("ck_customers_kind")),
        sa.CheckConstraint("status IN ('active','suspended','blocked')", name=op.f("ck_customers_status")),
        sa.CheckConstraint("tier IN ('S','A','B','C')", name=op.f("ck_customers_tier")),
        sa.CheckConstraint(
            "credit_limit >= 0 AND credit_used >= 0 AND overdue_days >= 0", name=op.f("ck_customers_credit")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_customers_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("code", name=op.f("uq_customers_code")),
        sa.UniqueConstraint("uscc", name=op.f("uq_customers_uscc")),
    )
    op.create_index(op.f("ix_customers_name"), "customers", ["name"], unique=False)
    op.create_index(op.f("ix_customers_region_code"), "customers", ["region_code"], unique=False)
    op.create_index(op.f("ix_customers_search_text"), "customers", ["search_text"], unique=False)
    op.create_index(op.f("ix_customers_status"), "customers", ["status"], unique=False)
    op.create_index(op.f("ix_customers_tier"), "customers", ["tier"], unique=False)
    op.create_table(
        "products",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("udi_di", sa.String(length=32), nullable=True),
        sa.Column("issuer", sa.String(length=8), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=True),
        sa.Column("brand", sa.String(length=200), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("manufacturer", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("risk_class", sa.Integer(), nullable=True),
        sa.Column("category_code", sa.String(length=32), nullable=False),
        sa.Column("implantable", sa.Boolean(), nullable=False),
        sa.Column("sterile", sa.Boolean(), nullable=False),
        sa.Column("life_supporting", sa.Boolean(), nullable=False),
        sa.Column("high_value", sa.Boolean(), nullable=False),
        sa.Column("needs_inspection", sa.Boolean(), nullable=False),
        sa.Column("storage_min_c", sa.BigInteger(), nullable=True),
        sa.Column("storage_max_c", sa.BigInteger(), nullable=True),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("lot_controlled", sa.Boolean(), nullable=False),
        sa.Column("serial_controlled", sa.Boolean(), nullable=False),
        sa.Column("expiry_controlled", sa.Boolean(), nullable=False),
        sa.Column("uom", sa.String(length=16), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.Column("registration_id", sa.String(length=26), nullable=True),
        sa.Column("min_remaining_days", sa.Integer(), nullable=True),
        sa.Column("substitution_group", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("search_text", sa.String(length=800), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('draft','active','restricted','discontinued')", name=op.f("ck_products_status")),
        sa.CheckConstraint("list_price >= 0", name=op.f("ck_products_list_price")),
        sa.CheckConstraint("risk_class BETWEEN 1 AND 3", name=op.f("ck_products_risk_class")),
        sa.CheckConstraint("storage_min_c <= storage_max_c", name=op.f("ck_products_storage")),
        sa.ForeignKeyConstraint(["registration_id"], ["registrations.id"], name=op.f("fk_products_registration_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
        sa.UniqueConstraint("udi_di", name=op.f("uq_products_udi_di")),
    )
    op.create_index(op.f("ix_products_category_code"), "products", ["category_code"], unique=False)
    op.create_index("ix_products_name", "products", ["name"], unique=False)
    op.create_index(op.f("ix_products_registration_id"), "products", ["registration_id"], unique=False)
    op.create_index("ix_products_search", "products", ["search_text", "sku"], unique=False)
    op.create_index(op.f("ix_products_status"), "products", ["status"], unique=False)
    op.create_index(op.f("ix_products_substitution_group"), "products", ["substitution_group"], unique=False)
    op.create_table(
        "authorisations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("grantor", sa.String(length=200), nullable=False),
        sa.Column("grantee_customer_id", sa.String(length=26), nullable=True),
        sa.Column("product_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("region_codes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grantee_customer_id"], ["customers.id"], name=op.f("fk_authorisations_grantee_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisations")),
        sa.UniqueConstraint("number", name=op.f("uq_authorisations_number")),
    )
    op.create_index(
        op.f("ix_authorisations_grantee_customer_id"), "authorisations", ["grantee_customer_id"], unique=False
    )
    op.create_index(op.f("ix_authorisations_valid_to"), "authorisations", ["valid_to"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("sla_hours", sa.Integer(), nullable=True),
        sa.Column("penalty_pct_day", sa.BigInteger(), nullable=True),
        sa.Column("penalty_cap_pct", sa.BigInteger(), nullable=True),
        sa.Column("min_remaining_days", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_contracts_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("number", name=op.f("uq_contracts_number")),
    )
    op.create_index(op.f("ix_contracts_customer_id"), "contracts", ["customer_id"], unique=False)
    op.create_index(op.f("ix_contracts_valid_to"), "contracts", ["valid_to"], unique=False)
    op.create_table(
        "licences",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("owner_kind", sa.String(length=8), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("risk_classes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("category_codes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("(owner_kind = 'us') = (customer_id IS NULL)", name=op.f("ck_licences_owner")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_licences_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licences")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_licences_kind_number")),
    )
    op.create_index(op.f("ix_licences_customer_id"), "licences", ["customer_id"], unique=False)
    op.create_index(op.f("ix_licences_number"), "licences", ["number"], unique=False)
    op.create_index(op.f("ix_licences_valid_to"), "licences", ["valid_to"], unique=False)
    op.create_table(
        "product_packages",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("product_id", sa.String(length=26), nullable=False),
        sa.Column("di", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("contains_di", sa.String(length=32), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("base_quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.CheckConstraint("quantity >= 1 AND base_quantity >= 1", name=op.f("ck_product_packages_quantity")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_packages_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_packages")),
        sa.UniqueConstraint("product_id", "di", "kind", name=op.f("uq_product_packages_product_id_di_kind")),
    )
    op.create_index(op.f("ix_product_packages_di"), "product_packages", ["di"], unique=False)
    op.create_index(op.f("ix_product_packages_product_id"), "product_packages", ["product_id"], unique=False)
    op.create_table(
        "tender_awards",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("region_code", sa.String(length=16), nullable=True),
        sa.Column("customer_id", sa.String(length=26), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("region_code IS NOT NULL OR customer_id IS NOT NULL", name=op.f("ck_tender_awards_scope")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tender_awards_customer_id")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_tender_awards_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_awards")),
        sa.UniqueConstraint("number", name=op.f("uq_tender_awards_number")),
    )
    op.create_index(op.f("ix_tender_awards_customer_id"), "tender_awards", ["customer_id"], unique=False)
    op.create_index(op.f("ix_tender_awards_region_code"), "tender_awards", ["region_code"], unique=False)
    op.create_index(op.f("ix_tender_awards_valid_to"), "tender_awards", ["valid_to"], unique=False)
    op.create_table(
        "tender_award_lines",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("award_id", sa.String(length=26), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=26), nullable=False),
        sa.Column("price_ceiling", sa.BigInteger(), nullable=False),
        sa.Column("committed_qty", sa.Integer(), nullable=False),
        sa.Column("consumed_qty", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "price_ceiling >= 0 AND committed_qty >= 0 AND consumed_qty >= 0",
            name=op.f("ck_tender_award_lines_figures"),
        ),
        sa.ForeignKeyConstraint(
            ["award_id"], ["tender_awards.id"], name=op.f("fk_tender_award_lines_award_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_tender_award_lines_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_award_lines")),
        sa.UniqueConstraint("award_id", "product_id", name=op.f("uq_tender_award_lines_award_id_product_id")),
    )
    op.create_index(op.f("ix_tender_award_lines_award_id"), "tender_award_lines", ["award_id"], unique=False)
    op.create_index(op.f("ix_tender_award_lines_product_id"), "tender_award_lines", ["product_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_tender_award_lines_product_id"), table_name="tender_award_lines")
    op.drop_index(op.f("ix_tender_award_lines_award_id"), table_name="tender_award_lines")
    op.drop_table("tender_award_lines")
    op.drop_index(op.f("ix_tender_awards_valid_to"), table_name="tender_awards")
    op.drop_index(op.f("ix_tender_awards_region_code"), table_name="tender_awards")
    op.drop_index(op.f("ix_tender_awards_customer_id"), table_name="tender_awards")
    op.drop_table("tender_awards")
    op.drop_index(op.f("ix_product_packages_product_id"), table_name="product_packages")
    op.drop_index(op.f("ix_product_packages_di"), table_name="product_packages")
    op.drop_table("product_packages")
    op.drop_index(op.f("ix_licences_valid_to"), table_name="licences")
    op.drop_index(op.f("ix_licences_number"), table_name="licences")
    op.drop_index(op.f("ix_licences_customer_id"), table_name="licences")
    op.drop_table("licences")
    op.drop_index(op.f("ix_contracts_valid_to"), table_name="contracts")
    op.drop_index(op.f("ix_contracts_customer_id"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index(op.f("ix_authorisations_valid_to"), table_name="authorisations")
    op.drop_index(op.f("ix_authorisations_grantee_customer_id"), table_name="authorisations")
    op.drop_table("authorisations")
    op.drop_index(op.f("ix_products_substitution_group"), table_name="products")
    op.drop_index(op.f("ix_products_status"), table_name="products")
    op.drop_index("ix_products_search", table_name="products")
    op.drop_index(op.f("ix_products_registration_id"), table_name="products")
    op.drop_index("ix_products_name", table_name="products")
    op.drop_index(op.f("ix_products_category_code"), table_name="products")
    op.drop_table("products")
    op.drop_index(op.f("ix_customers_tier"), table_name="customers")
    op.drop_index(op.f("ix_customers_status"), table_name="customers")
    op.drop_index(op.f("ix_customers_search_text"), table_name="customers")
    op.drop_index(op.f("ix_customers_region_code"), table_name="customers")
    op.drop_index(op.f("ix_customers_name"), table_name="customers")
    op.drop_table("customers")
    op.drop_index(op.f("ix_registrations_valid_to"), table_name="registrations")
    op.drop_table("registrations")
    op.drop_table("regions")
