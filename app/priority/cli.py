"""`flask priority rerank` ranks all open orders anew, now; `calibrate` proposes cut-offs of the bands."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.core import clock
from app.core.db import transaction
from app.core.errors import DomainError
from app.core.permissions import SYSTEM
from app.priority import bulk, calibration
from app.priority.queries import BANDS

priority = AppGroup("priority", help="Ranking of orders.")


@priority.command("rerank")
def rerank() -> None:
    """Rank all open orders anew, now, at once; where band or block change, jobs assess the order on record."""
    try:
        with transaction():
            done = bulk.rerank()
    except DomainError as error:
        raise click.ClickException(error.sentence()) from None
    click.echo(f"{done.seen} orders ranked: {done.moved} moved, {done.given} left to jobs.")


@priority.command("calibrate")
@click.option("--days", default=90, show_default=True, help="Orders submitted in the last so many days.")
@click.option("--draft", is_flag=True, help="Store the proposal as a draft, for a person to try and put into force.")
def calibrate(days: int, draft: bool) -> None:  # noqa: FBT001 - click gives it so
    """Propose cut-offs so that each band keeps within its share of lines, and show both."""
    try:
        with transaction():
            found = calibration.propose(clock.now() - timedelta(days=days))
            _show(found)
            if draft:
                version = calibration.draft(SYSTEM, found.proposed)
                click.echo(f"Stored as draft: version {version.number} of {version.rule_set}.")
    except DomainError as error:
        raise click.ClickException(error.sentence()) from None


def _show(found: calibration.Proposal) -> None:
    click.echo(f"{found.lines} lines. Cut-offs, lines and share per band:")
    click.echo("      present              proposed             at most")
    last = len(BANDS) - 1
    for place, band in enumerate(BANDS):
        columns = []
        for starts, lines in ((found.present, found.present_lines), (found.proposed, found.proposed_lines)):
            start = 0 if place == last else starts[place]
            columns.append(f"{start:>4} {lines[place]:>7} {100 * lines[place] / found.lines:>5.1f} %")
        most = "" if place == last else f"{found.allowed[place] / 10:g} %"
        click.echo(f"  {band}  {columns[0]}  {columns[1]}  {most}".rstrip())
    for band in found.beyond():
        click.echo(f"{band} stays beyond its share: rules put that many lines there whatever their score.")
