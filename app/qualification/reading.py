"""The file of a party or product, and lists of what ends, as pages show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.audit import signatures
from app.audit.models import AuditEntry, Signature
from app.audit.queries import latest_of
from app.catalog.models import Licence
from app.core.db import session
from app.core.i18n import pick
from app.core.subject import Subject
from app.identity.queries import names_of
from app.qualification.filing import File, Need, Paper
from app.qualification.models import Qualification
from app.qualification.queries import Why, reasons_of, records_of, sentence_of
from app.qualification.watching import Ending, ending, thresholds
from app.qualification.wording import paper_names
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of

HISTORY = 30


@dataclass(frozen=True)
class NeedShown:
    """A need with how it stands on the day: `state` as `Need.state` with verification, `why` in words when not met."""

    need: Need
    names: str
    state: str
    why: str
    source: str
    paper: Paper | None
    """What meets it, or comes nearest."""


def needs_shown(found: File, on: date) -> list[NeedShown]:
    """Each need of the file on the day."""
    return [_need(need, on) for need in found.needs]


def _need(need: Need, on: date) -> NeedShown:
    state = need.state(on, verified=True)
    nearest = need.best(on, verified=True) or need.best(on, verified=False) or next(iter(need.papers), None)
    why = "" if state == "met" else sentence_of(need, state)
    return NeedShown(need, paper_names(need.any_of), state, why, pick(dict(need.source)), nearest)


@dataclass(frozen=True)
class FileShown:
    """What the page of a file shows."""

    file: File
    needs: list[NeedShown]
    reasons: list[Why]
    """Why there is no trade today."""
    others: list[Paper]
    """Papers beside those that are needed."""
    tasks: list[Task]
    signed: list[Signature]
    faults: Mapping[str, Sequence[Any]]
    history: list[AuditEntry]
    names: dict[str, str]
    due: date | None
    """The next day on which a paper that is needed will have lapsed."""


def file_shown(found: File, today: date) -> FileShown:
    """A bounded number of statements."""
    case = found.open_case
    needed = {id(paper) for need in found.needs for paper in need.papers}
    signed = _signatures(found.cases)
    until = found.met_until(today)
    people = [scan.filed_by for paper in found.papers for scan in paper.scans]
    people += [scan.verified_by for paper in found.papers for scan in paper.scans if scan.verified_by]
    people += [user for one in found.cases for user in (one.started_by, one.decided_by or "")]
    tasks = open_tasks_of(case.subject) if case is not None else []
    return FileShown(
        file=found,
        needs=needs_shown(found, today),
        reasons=reasons_of(found, today),
        others=[paper for paper in found.papers if id(paper) not in needed],
        tasks=tasks,
        signed=signed,
        faults=signatures.faults_of(signed) if signed else {},
        history=latest_of(found.about, limit=HISTORY),
        names=names_of([*people, *(task.assignee_id or "" for task in tasks)]),
        due=until + timedelta(days=1) if until else None,
    )


def _signatures(cases: Sequence[Qualification]) -> list[Signature]:
    if not cases:
        return []
    wanted = (
        select(Signature)
        .where(Signature.subject_kind == "qualification", Signature.subject_id.in_([one.id for one in cases]))
        .order_by(Signature.id.desc())
        .limit(HISTORY)
    )
    return list(session().scalars(wanted))


@dataclass(frozen=True)
class EndingShown:
    """A paper that ends soon, with whose it is (`record`; None: ours)."""

    ending: Ending
    record: Any
    left: int
    case: Qualification | None


def expiring(today: date) -> tuple[list[EndingShown], dict[int, int]]:
    """Papers that end within the first threshold, ours too, the first to end first; and how many end within each
    threshold. A bounded number of statements."""
    days = thresholds()
    found = [*ending(today, days[0]), *_ours(today, days[0])]
    found.sort(key=lambda one: (one.paper.valid_to, one.paper.number, one.about))
    cases = _open_cases({one.about for one in found})
    records = records_of({one.about for one in found})
    shown = [
        EndingShown(one, records.get(one.about), (one.paper.valid_to - today).days, cases.get(one.about))
        for one in found
    ]
    counts = Counter(at for one in shown for at in days if one.left <= at)
    return shown, {at: counts[at] for at in days}


def _ours(today: date, within: int) -> list[Ending]:
    limit = today + timedelta(days=within)
    wanted = select(Licence).where(Licence.owner_kind == "us", Licence.valid_to.between(today, limit))
    return [Ending(one, one.kind, Subject("us", "")) for one in session().scalars(wanted)]


def _open_cases(abouts: set[Subject]) -> dict[Subject, Qualification]:
    ids = sorted({one.id for one in abouts if one.id})
    if not ids:
        return {}
    wanted = select(Qualification).where(Qualification.status == "open", Qualification.about_id.in_(ids))
    return {one.about: one for one in session().scalars(wanted)}
