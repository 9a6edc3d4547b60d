"""Verbs of the qualification: start it, and what its process decides. Scans of papers: `scanning`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.catalog.service import set_standing
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, NotFound
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import service as processes
from app.qualification.filing import MODELS, File, file_of
from app.qualification.models import Qualification
from app.qualification.queries import label_of, paper_reasons

PROCESS = "qualification"
ENDED = ("closed", "discontinued")
UNDER_WAY = {"supplier": "qualifying", "customer": "qualifying", "product": "review"}
REFUSED = {"supplier": "blocked", "customer": "blocked", "product": "draft"}
RESTS = {"supplier": "suspended", "customer": "suspended", "product": "restricted"}
"""Standing while it is qualified for the first time, after a refusal then, and after a later refusal or a lapse."""


class AlreadyUnderWay(Conflict):
    """There is one qualification of a party or product at a time."""

    message = _l("%(what)s is under qualification already (%(number)s).")


class NoLongerTraded(Conflict):
    """A closed party or discontinued product is not qualified anew."""

    message = _l("%(what)s is no longer traded: it cannot be qualified.")


class PapersIncomplete(Conflict):
    """The last guard of an approval."""

    message = _l("%(what)s cannot be approved: %(why)s")


def start(actor: Actor, about: Subject, *, applicant: str | None = None) -> Qualification:
    """Begin the qualification, first or again, and its process; `applicant` (a user id) completes the papers, else
    whoever of the group that asks for it takes the task.

    Raises NotFound, AlreadyUnderWay, NoLongerTraded.
    """
    _lock(about)
    found = _file(about)
    if found.open_case is not None:
        raise AlreadyUnderWay(what=label_of(found), number=found.open_case.number)
    if found.record.status in ENDED:
        raise NoLongerTraded(what=label_of(found))
    traded = found.record.status in ("active", RESTS[about.kind])
    made = Qualification(
        id=new_id(),
        number=next_number("QF"),
        about_kind=about.kind,
        about_id=about.id,
        occasion="renewal" if traded else "first",
        status="open",
        before=found.record.status,
        started_at=clock.now(),
        started_by=actor.id,
    )
    session().add(made)
    session().flush()
    record(actor, f"{about.kind}:qualify", about, number=made.number, occasion=made.occasion)
    processes.start(
        actor, PROCESS, made.subject, variables={"applicant": applicant}, business_key=made.number, started_by=actor.id
    )
    return made


def _lock(about: Subject) -> None:
    """Nobody else starts one at the same time."""
    model = MODELS.get(about.kind)
    if model is None:
        raise NotFound(kind=about.kind[:20])
    if session().execute(select(model.id).where(model.id == about.id).with_for_update()).scalar() is None:
        raise NotFound(kind=about.kind[:20], id=about.id[:26])


def _file(about: Subject) -> File:
    found = file_of(about)
    if found is None:
        raise NotFound(kind=about.kind[:20], id=about.id[:26])
    return found


def take_up(actor: Actor, case: Qualification) -> None:
    """The process begins: what is new is under qualification; what is traded stays so meanwhile."""
    if case.occasion == "first":
        found = _file(case.about)
        set_standing(actor, found.record, UNDER_WAY[case.about_kind], case.number)


def note_audit(case: Qualification, answer: dict[str, Any]) -> None:
    """The site audit that was passed: its day as answered, else today."""
    try:
        case.audited_on = date.fromisoformat(str(answer.get("audited_on") or "")[:10])
    except ValueError:
        case.audited_on = clock.today()
    session().flush()


def approve(actor: Actor, case: Qualification, reason: str) -> None:
    """Qualified, on the papers as they are now: all on file, valid today and verified. Raises PapersIncomplete."""
    found, today = _file(case.about), clock.today()
    faults = paper_reasons(found, today, verified=True)
    if faults:
        raise PapersIncomplete(what=label_of(found), why=_("; ").join(one.sentence for one in faults))
    until = found.met_until(today)
    case.papers, case.due_on = snapshot_of(found, today), until + timedelta(days=1) if until else None
    _close(actor, case, "approved", reason)
    set_standing(actor, found.record, "active", case.number)
    due = case.due_on.isoformat() if case.due_on else None
    record(actor, f"{case.about_kind}:qualified", case.about, number=case.number, papers=case.papers, due=due)


def reject(actor: Actor, case: Qualification, reason: str) -> None:
    """Refused: there is no trade with it."""
    found = _file(case.about)
    standing = REFUSED[case.about_kind] if case.occasion == "first" else RESTS[case.about_kind]
    _close(actor, case, "rejected", reason)
    set_standing(actor, found.record, standing, reason or case.number)
    record(actor, f"{case.about_kind}:unqualified", case.about, number=case.number, reason=reason)


def withdraw(actor: Actor, case: Qualification, reason: str) -> None:
    """Given up by the applicant: it stands as before."""
    found = _file(case.about)
    _close(actor, case, "withdrawn", reason)
    if case.occasion == "first":
        set_standing(actor, found.record, case.before, case.number)
    record(actor, f"{case.about_kind}:withdrawn", case.about, number=case.number, reason=reason)


def _close(actor: Actor, case: Qualification, status: str, reason: str) -> None:
    case.status, case.reason = status, reason[:2000]
    case.decided_at, case.decided_by = clock.now(), actor.id
    session().flush()


def snapshot_of(found: File, on: date) -> dict[str, Any]:
    """The papers that meet the needs on the day, by what they are: number, end, version and digests of the scans."""
    best = [need.best(on, verified=False) for need in found.needs]
    return {
        f"{one.subject.kind}:{one.subject.id}": {
            "kind": one.kind,
            "number": one.record.number,
            "valid_to": one.record.valid_to.isoformat(),
            "version": one.record.version,
            "scans": sorted(scan.sha256 for scan in one.scans if scan.paper_version == one.record.version),
        }
        for one in best
        if one is not None
    }
