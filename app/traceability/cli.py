"""`flask stock verify`: whether the books of stock are right."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.core import i18n
from app.core.db import transaction
from app.inventory import queries
from app.traceability.flows import places_of

stock = AppGroup("stock", help="The stock ledger.")
MOST = 200
"""Rows named; the rest is counted."""


@stock.command("verify")
@click.option("--lot", "lot_id", default=None, help="Only the chain of this lot (its id).")
def verify_command(lot_id: str | None) -> None:
    """Check every chain of hashes and every sum. Names what is wrong; exit code 1 when anything is."""
    with i18n.reading("en"), transaction(write=False):
        broken = [f"  lot {one.lot_id} entry {one.seq}: {one.what}" for one in queries.broken_links(lot_id)]
        found = [one for one in queries.differences() if lot_id in (None, one.lot_id)]
        places = places_of(one.place_id for one in found)
        wrong = broken + [
            f"  lot {one.lot_id} at {_place(places.get(one.place_id), one.place_id)}, owner {one.owner}: "
            f"{one.what} is {one.kept}, the rows sum to {one.true}"
            for one in found
        ]
    verdict = f"{len(wrong)} WRONG" if wrong else "in order"
    click.echo(f"Checked {'lot ' + lot_id if lot_id else 'the whole stock ledger'}: {verdict}")
    for line in wrong[:MOST]:
        click.echo(line)
    if len(wrong) > MOST:
        click.echo(f"… and {len(wrong) - MOST} more")
    if wrong:
        raise SystemExit(1)


def _place(place: object, place_id: str) -> str:
    kind, holder, code = (getattr(place, name, "") for name in ("kind", "holder_id", "code"))
    return " ".join(filter(None, (kind or "place", code or holder or place_id)))
