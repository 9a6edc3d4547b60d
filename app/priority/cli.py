"""`flask priority rerank`: assess every open order again, now."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.core import clock
from app.core.db import transaction
from app.core.permissions import SYSTEM
from app.priority import service

priority = AppGroup("priority", help="Ranking of orders.")


@priority.command("rerank")
@click.option("--minutes", default=0, show_default=True, help="Only orders not assessed for so many minutes.")
def rerank(minutes: int) -> None:
    """Assess open orders again, in batches of a transaction each."""
    before = clock.now() - timedelta(minutes=minutes)
    done, more = 0, True
    while more:
        with transaction():
            count = service.reassess_open(SYSTEM, before=before)
        done, more = done + count, count == service.BATCH
    click.echo(f"{done} orders assessed.")
