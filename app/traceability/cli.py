"""`flask stock verify`: whether the books of stock are right. `flask epcis`: events in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from app.core import i18n, jsontext
from app.core.db import transaction
from app.core.errors import DomainError, Invalid
from app.core.permissions import SYSTEM
from app.inventory import queries
from app.orders.queries import id_of
from app.traceability import exporting, finding, service
from app.traceability.exporting import Wanted
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


epcis = AppGroup("epcis", help="EPCIS 2.0 events.")


@epcis.command("export")
@click.option("--lot", default="", help="Of this lot (its number).")
@click.option("--order", default="", help="Of this order (its number).")
@click.option("--since", type=click.DateTime(), default=None, help="Recorded or declared wrong from then on (UTC).")
@click.option("--until", type=click.DateTime(), default=None, help="And before then (UTC).")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_command(lot: str, order: str, since: datetime | None, until: datetime | None, folder: Path) -> None:
    """Write our ledger as EPCIS documents of at most 1000 movements into the folder: epcis-0001.jsonld and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    with i18n.reading("en"), transaction(write=False):
        found = [one.start.id for one in finding.find(lot) if one.start.kind == "lot"] if lot else [""]
        if len(found) != 1:
            raise click.ClickException(f"{len(found)} lots have the number {lot}")
        since, until = (one.replace(tzinfo=UTC) if one else None for one in (since, until))
        try:
            wanted = Wanted(found[0], id_of(order) if order else "", since, until)
        except DomainError as error:
            raise click.ClickException(error.sentence()) from None
        for number, document in enumerate(exporting.pages(wanted), 1):
            (folder / f"epcis-{number:04d}.jsonld").write_text(jsontext.pretty(document))
    click.echo(f"{number} documents in {folder}")


@epcis.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(file: Path) -> None:
    """Take an EPCIS document of others in. The same document twice changes nothing."""
    try:
        document = jsontext.strict(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} is no JSON: {error}") from None
    try:
        with i18n.reading("en"), transaction():
            done = service.take_in(SYSTEM, document)
    except Invalid as error:
        lines = [f"  {path}: {' '.join(reasons)}" for path, reasons in error.details["fields"].items()]
        raise click.ClickException("\n".join([f"{file} was not taken in:", *lines])) from None
    told = f"{len(done.taken)} new, {len(done.known)} known already, {len(done.declared)} declared wrong"
    click.echo(f"{file}: {told}")
