"""Scans of papers: filed by one person, verified by another, kept as long as the profile says."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from app.audit.service import record
from app.core import clock, kept
from app.core.db import session
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.i18n import _, _l, show_date
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.decisions import profiles
from app.qualification.filing import PAPER_MODELS
from app.qualification.models import PaperScan
from app.tasks.teamwork import FileRefused, kind_of, plain_name

TAKEN = ("application/pdf", "image/jpeg", "image/png")
MOST = 20
"""Scans of one paper."""


class OwnScan(Forbidden):
    """Four eyes: who filed a scan does not verify it."""

    message = _l("You filed this scan yourself: somebody else has to verify it.")


class OutdatedScan(Conflict):
    """The data were edited since it was filed."""

    message = _l("The paper was edited since this scan was filed: file the scan that belongs to it.")


class MustBeKept(Conflict):
    """A paper on which something was decided is kept."""

    message = _l("This scan must be kept until %(day)s.")


class TooManyScans(Conflict):
    """A paper has a bounded number of scans."""

    message = _l("A paper can have %(most)s scans at most.")


def paper_of(paper: Subject) -> Any:
    """The licence, certificate or authorisation. Raises NotFound."""
    model = PAPER_MODELS.get(paper.kind)
    found = session().get(model, paper.id) if model is not None else None
    if found is None:
        raise NotFound(**{paper.kind if model else "kind": paper.id if model else paper.kind})
    return found


def scan_of(scan_id: str) -> PaperScan:
    """The scan. Raises NotFound."""
    found = session().get(PaperScan, scan_id)
    if found is None:
        raise NotFound(scan=scan_id)
    return found


def file_scan(actor: Actor, paper: Subject, name: str, content: bytes) -> PaperScan:
    """File a scan (PDF, JPEG, PNG; at most 5 MiB) of the paper as its data are now.

    Raises NotFound, TooManyScans, FileRefused (`file`).
    """
    of = paper_of(paper)
    kind = kind_of(name, content)
    if kind not in TAKEN:
        raise FileRefused({"file": [_("Scans are taken as PDF, JPEG or PNG.")]})
    have = select(func.count()).select_from(PaperScan)
    have = have.where(PaperScan.paper_kind == paper.kind, PaperScan.paper_id == paper.id)
    if (session().scalar(have) or 0) >= MOST:
        raise TooManyScans(most=MOST)
    content_id = kept.keep(actor, content)
    made = PaperScan(
        id=new_id(),
        paper_kind=paper.kind,
        paper_id=paper.id,
        paper_version=of.version,
        name=plain_name(name),
        kind=kind,
        size=len(content),
        sha256=kept.sums_of([content_id])[content_id],
        content_id=content_id,
        filed_at=clock.now(),
        filed_by=actor.id,
    )
    session().add(made)
    session().flush()
    record(actor, f"{paper.kind}:scan", paper, name=made.name, sha256=made.sha256, version=made.paper_version)
    return made


def verify_scan(actor: Actor, scan_id: str) -> PaperScan:
    """The scan says what was entered of the paper. Raises NotFound, OwnScan, OutdatedScan."""
    found = scan_of(scan_id)
    if found.filed_by == actor.id:
        raise OwnScan(scan=scan_id)
    if found.paper_version != paper_of(found.paper).version:
        raise OutdatedScan(scan=scan_id)
    if found.verified_at is None:
        found.verified_at, found.verified_by = clock.now(), actor.id
        session().flush()
        record(actor, f"{found.paper_kind}:scan-verify", found.paper, name=found.name, sha256=found.sha256)
    return found


def keep_until(found: PaperScan) -> date | None:
    """Until when it may not be removed; None for one that nobody has verified: nothing rests on it."""
    if found.verified_at is None:
        return None
    last: date = paper_of(found.paper).valid_to
    year = last.year + profiles.number("papers_kept_years")
    return last.replace(year=year, day=28) if (last.month, last.day) == (2, 29) else last.replace(year=year)


def remove_scan(actor: Actor, scan_id: str) -> None:
    """Take away a scan filed by mistake, or past its time; the trail keeps its digest. Raises NotFound, MustBeKept."""
    found = scan_of(scan_id)
    until = keep_until(found)
    if until is not None and clock.today() <= until:
        raise MustBeKept(day=show_date(until), until=until.isoformat())
    session().delete(found)
    session().flush()
    content = session().get(kept.KeptContent, found.content_id)
    if content is not None:
        session().delete(content)
    session().flush()
    record(actor, f"{found.paper_kind}:scan-remove", found.paper, name=found.name, sha256=found.sha256)


def bytes_of(found: PaperScan) -> bytes:
    """What was filed. Raises NotFound."""
    content = kept.content_of(found.content_id)
    if content is None:
        raise NotFound(scan=found.id)
    return content
