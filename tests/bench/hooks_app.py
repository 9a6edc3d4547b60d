"""The application with one more route, which does one INSERT and a commit: the ceiling of the same stack."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table, Text, insert

from app import create_app
from app.core import ids
from app.core.permissions import public
from app.core.prepared import Prepared
from app.core.web import in_transaction, needs_no_database
from config import Settings

ROWS = Table("bench_rows", MetaData(), Column("id", String(26), primary_key=True), Column("body", Text))
_INSERT = Prepared(insert(ROWS), "id", "body")

app = create_app(Settings.from_env())


@app.post("/hooks/bench/insert")
@public
@needs_no_database
def insert_one() -> tuple[str, int]:
    """One row."""
    in_transaction(lambda: _INSERT.run({"id": ids.new_id(), "body": "x" * 200}), write=True)
    return "{}", 202
