"""Rows as columns: every value comes as it was stored, whatever characters it has, also when there are no rows."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
from sqlalchemy import select

from app.catalog.models import Customer, Product
from app.core.columns import micros, read
from tests.catalog.factories import make_customer, make_product

ODD = 'a "quoted" \\ back\nline\ttab, 引号“”, \u2028 \U0001f489 {"x": [1]} \\N'


def test_values_come_as_they_were_stored(tx):
    made = [make_customer(name=ODD, name_en=None, prepaid=True), make_customer(name="", prepaid=False, overdue_days=7)]
    moment = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)
    made[0].updated_at = moment
    asked = (Customer.id, Customer.name, Customer.name_en, Customer.prepaid, Customer.overdue_days)
    found = read(select(*asked, Customer.credit_limit, Customer.updated_at).order_by(Customer.id.desc()))
    assert found["id"].to_list() == sorted((one.id for one in made), reverse=True)
    row = found.row(by_predicate=pl.col("id") == made[0].id, named=True)
    assert (row["name"], row["name_en"], row["prepaid"]) == (ODD, None, True)
    assert (row["credit_limit"], row["updated_at"]) == (100_000_000, micros(moment))
    assert found.schema["overdue_days"] == pl.Int64


def test_no_rows_and_nothing_but_nulls(tx):
    make_product(udi_di=None)
    kinds = {"id": pl.String, "risk_class": pl.Int64, "implantable": pl.Boolean}
    none = read(select(Product.id, Product.risk_class, Product.implantable).where(Product.sku == "none"))
    assert (dict(none.schema), none.height) == (kinds, 0)
    assert read(select(Product.udi_di))["udi_di"].to_list() == [None]
