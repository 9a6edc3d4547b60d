"""`flask import gudid FILE.xml.gz`: loads devices as products and prints what became of them."""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import AppGroup

from app.core import clock
from app.core.db import transaction
from app.core.errors import DomainError
from app.core.i18n import _
from app.core.permissions import SYSTEM
from app.imports.gudid import Device, devices
from app.imports.service import Summary, load_gudid

commands = AppGroup("import", help="Load data made elsewhere.")
GZIP_MAGIC = b"\x1f\x8b"


@commands.command("gudid")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
def gudid(file: Path) -> None:
    """Load the devices of a GUDID XML file (plain or .gz) as products; running it again changes nothing."""
    began = clock.ticks()
    try:
        with file.open("rb") as raw:
            sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
            raw.seek(0)
            with _bar(file) as bar, transaction():
                found = _told(devices(_plain(raw)), raw, bar)
                summary = load_gudid(SYSTEM, found, file_name=file.name, sha256=sha256)
    except DomainError as error:
        raise click.ClickException(error.sentence()) from error
    show(summary, clock.ticks() - began)


def _bar(file: Path) -> Any:
    return click.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr, show_pos=False)


def _plain(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(2)
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if magic == GZIP_MAGIC else raw  # type: ignore[return-value]


def _told(found: Iterator[Device], raw: IO[bytes], bar: Any) -> Iterator[Device]:
    """The devices, while the bar follows how much of the file was read."""
    shown = 0
    for number, device in enumerate(found):
        if number % 100 == 0:
            bar.update(raw.tell() - shown)
            shown = raw.tell()
        yield device
    bar.update(raw.tell() - shown)


def show(summary: Summary, seconds: float) -> None:
    """Print the summary: one line per number, then each refused identifier with its reason."""
    labels = {
        "new": _("New products"),
        "changed": _("Changed products"),
        "unchanged": _("Unchanged products"),
        "kept": _("Kept as entered by hand"),
        "refused": _("Refused devices"),
        "packages": _("Packages and further identifiers"),
        "refused_identifiers": _("Refused identifiers"),
    }
    width = max(len(label) for label in labels.values())
    for name, number in summary.counts.items():
        click.echo(f"{labels[name]:<{width}}  {number:>7}")
    click.echo(f"{_('Seconds'):<{width}}  {seconds:>7.1f}")
    for refusal in summary.refusals:
        click.echo(f"  {refusal.identifier} ({refusal.kind}): {refusal.reason}")
