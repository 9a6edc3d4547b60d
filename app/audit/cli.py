"""`flask audit verify [--full]`, `flask audit seal`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.exc import IntegrityError

from app.audit import bundles, queries, seals
from app.audit.verify import Finding, Verification, verify
from app.core import i18n
from app.core.db import transaction
from app.core.subject import Subject

audit = AppGroup("audit", help="The audit trail.")


@audit.command("verify")
@click.option("--full", is_flag=True, help="Check every entry, not only those of the last seal and after.")
def verify_command(*, full: bool) -> None:
    """Check the trail. Names every row that is wrong; exit code 1 when there is one."""
    with i18n.reading("en"), transaction(write=False):
        result = verify(full=full)
        click.echo(summary(result))
        for finding in result.findings:
            click.echo(line(finding))
    if result.found > len(result.findings):
        click.echo(f"… and {result.found - len(result.findings)} more")
    if not result.ok:
        raise SystemExit(1)


@audit.command("seal")
def seal_command() -> None:
    """Seal all entries that no seal covers yet."""
    try:
        with transaction():
            made = seals.seal()
    except IntegrityError:
        raise click.ClickException("Another seal was made at the same moment. Nothing was changed.") from None
    click.echo(f"Seal {made.seq} over {made.entries} entries: {made.hash}" if made else "Nothing new to seal.")


@audit.command("export")
@click.argument("kind")
@click.argument("subject_id")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="File; without it to the screen.")
@click.option("--verifier", is_flag=True, help="Put the program that verifies it offline beside the file.")
def export_command(kind: str, subject_id: str, target: Path | None, *, verifier: bool) -> None:
    """The signed record of a subject (order ID) as a JSON file that `verify_record.py` checks offline."""
    with i18n.reading("en"), transaction(write=False):
        subject = Subject(kind, subject_id)
        label = queries.labels_by_id(kind, [subject_id]).get(subject_id, "")
        try:
            made = bundles.bundle(subject, label)
        except bundles.NothingSigned as error:
            raise click.ClickException(error.sentence()) from None
    if target is None:
        click.echo(bundles.as_file(made).decode(), nl=False)
        return
    target.write_bytes(bundles.as_file(made))
    click.echo(f"{target}: fingerprint {made['fingerprint']}")
    if verifier:
        click.echo(shutil.copy(bundles.VERIFIER, target.parent))


def summary(result: Verification) -> str:
    """One line on what was checked."""
    reach = "the whole trail" if result.full or not result.since_seal else f"seal {result.since_seal} and after"
    verdict = "in order" if result.ok else f"{result.found} WRONG"
    more = "" if result.full or not result.since_seal else " (--full checks all)"
    checked = f"{result.entries} entries, {result.seals} seals, {result.signatures} signatures"
    return f"Checked {reach}: {checked}: {verdict}{more}"


def line(finding: Finding) -> str:
    """One line per finding: which row, what is wrong, the hashes."""
    if finding.kind == "count":
        return f"  {finding.sentence()} There are {finding.stored}, expected {finding.computed}."
    if finding.fault is not None:
        return f"  {finding.subject_kind} {finding.subject_id}, signature {finding.field}: {finding.sentence()}"
    if finding.subject_kind:
        row = f"{finding.subject_kind} {finding.subject_id} #{finding.subject_seq}"
        row += f" (entry {finding.entry_id})" if finding.entry_id else ""
    else:
        row = f"seal {finding.seal_seq}"
    hashes = f" [{finding.field}: stored {finding.stored}, expected {finding.computed}]" if finding.field else ""
    return f"  {row}: {finding.sentence()}{hashes}"
