"""`flask serve`, `flask worker`, `flask jobs`, `flask migrate`, `flask backup FILE`, `flask restore FILE`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext

from app.core import i18n, jobs
from app.core.errors import DomainError
from app.notifying import sources
from app.operate import backup as backups
from app.operate import certificates, first_start, schema, server, trusting
from config import Settings


@click.command("serve")
@click.option("--workers", default=server.WORKERS, show_default=True)
@click.option("--worker/--no-worker", default=True, help="Also run jobs and timers here (default), or elsewhere.")
@with_appcontext
def serve(workers: int, *, worker: bool) -> None:
    """Migrate, prepare on first start, print where to go, and serve until interrupted."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: Settings = app.config["SETTINGS"]
    if schema.migrate():
        click.echo("Database brought up to date.")
    first_start.prepare(settings, say=click.echo)
    encrypted, said, beside = _encrypt(settings) if settings.tls else (None, [], [])
    click.echo(f"\n  Youxu 有序 — {'https' if encrypted else 'http'}://localhost:{settings.port}\n")
    for line in [*first_start.people(settings), "", *said]:
        click.echo(f"  {line}")
    click.echo("\n  Ctrl-C stops the server.\n")
    sys.exit(server.serve(app, settings, workers, with_worker=worker, encrypted=encrypted, beside=beside))


def _encrypt(settings: Settings) -> tuple[certificates.Certificates, list[str], list[Callable[[], None]]]:
    """Certificates ready, what to print of them, the plain door to be run; e-mails lead to where phones go."""
    host = urlsplit(settings.public_url).hostname or ""
    made = certificates.ready(settings.data / "tls", "" if host == "localhost" else host)
    port = settings.port + 1 if settings.port < 65535 else settings.port - 1
    try:
        door = trusting.open_door(made, settings.port, port)
    except OSError as error:
        raise click.ClickException(f"Port {port}, for the certificate, cannot be used: {error}") from None
    if host == "localhost":
        sources.use(replace(settings, public_url=trusting.https_url(made.names[0], settings.port)))
    return made, trusting.lines(made, settings.port, port), [door.serve_forever]


@click.command("worker")
@click.option("--lanes", type=click.IntRange(1, 64), help="Threads that run jobs (default 4).")
@with_appcontext
def worker(lanes: int | None) -> None:
    """Run jobs, timers and periodic work until interrupted. `serve` starts one itself; more may run on other hosts."""
    settings: Settings = current_app.config["SETTINGS"]
    if schema.current() != schema.latest():
        raise click.ClickException("The database must be migrated first: flask migrate")
    server.share_metrics(settings, empty=False)
    server.work(settings, lanes)


@click.group("jobs")
def jobs_commands() -> None:
    """Jobs and timers."""


@jobs_commands.command("run-due")
@click.option("--limit", default=1000, show_default=True)
@with_appcontext
def run_due(limit: int) -> None:
    """Run what is due, here and now, one after the other."""
    click.echo(f"{jobs.run_due(limit)} jobs run.")


@click.command("migrate")
@click.argument("revision", default="head")
@with_appcontext
def migrate(revision: str) -> None:
    """Bring the database to REVISION (default: the newest)."""
    click.echo("Done." if schema.migrate(revision) else "Already there.")


@click.command("revision")
@click.argument("title")
@with_appcontext
def revision(title: str) -> None:
    """Draft the next migration from what the models have and the database lacks (developers only)."""
    click.echo(f"Written: {schema.draft_revision(title)} — read it before you commit it.")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def backup(file: Path) -> None:
    """Write everything into FILE (a ZIP), as of one moment."""
    counts = backups.backup(file)
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables written to {file}")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@with_appcontext
def restore(file: Path) -> None:
    """Load FILE into an empty database (another DATA or DATABASE_URL). All or nothing."""
    with i18n.reading("en"):
        try:
            counts = backups.restore(file)
        except DomainError as error:
            raise click.ClickException(error.sentence()) from None
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables restored. Now run: flask audit verify --full")
