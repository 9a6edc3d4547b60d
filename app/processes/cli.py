"""`flask history purge [--yes]`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.core import i18n
from app.core.db import transaction
from app.core.permissions import SYSTEM
from app.processes import retention

history = AppGroup("history", help="The history of processes.")


@history.command("purge")
@click.option("--yes", is_flag=True, help="Delete. Without it only what could be deleted is told.")
def purge_command(*, yes: bool) -> None:
    """Delete the history of processes that ended so long ago that neither law nor policy wants it (retention.yaml)."""
    looked, count = retention.Round(), 0
    with i18n.reading("en"):
        while True:
            with transaction(write=yes):
                due = list(looked.due())
                count += sum(retention.purge_if_due(SYSTEM, root) for root in due) if yes else len(due)
            if looked.after is None:
                break
    click.echo(f"{count} process instances deleted." if yes else f"{count} processes could be deleted (--yes does it).")
