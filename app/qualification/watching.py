"""Validity watched from day to day: warnings before a paper lapses, re-approval, and no trade once it has.

A warning is a notice to whoever has the open task of the qualification that the first warning starts. Each is given
once for a paper, its end and its number of days (`PaperWarning`), so that looking again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from app.audit.service import record
from app.catalog.models import Customer, Licence, Product, Registration, Supplier
from app.catalog.service import set_standing
from app.core import clock, i18n
from app.core.db import session
from app.core.i18n import _, show_date
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import profiles
from app.identity.models import User
from app.qualification import service
from app.qualification.filing import File, file_of, files_of, paper_subject
from app.qualification.models import PaperWarning
from app.qualification.queries import paper_reasons
from app.qualification.wording import PAPERS
from app.tasks.notices import notify, people_of
from app.tasks.queries import open_tasks_of
from app.tasks.records import NoticeKind

LOOKED_AT, AT_ONCE = 5000, 25
"""Papers looked at in one turn, and how many warnings and suspensions it gives: the next turn gives the others."""


def thresholds() -> list[int]:
    """Days before the end of validity at which there is a warning, the earliest first."""
    names = ("paper_warning_first", "paper_warning_second", "paper_warning_last")
    return sorted((profiles.number(name) for name in names), reverse=True)


def reached(left: int, days: Iterable[int]) -> int | None:
    """The smallest of these numbers of days that is reached with so many days left; None before the first."""
    return min((one for one in days if left <= one), default=None)


@dataclass(frozen=True)
class Ending:
    """A paper that lapses soon, or has, and the party or product that needs it."""

    paper: Any
    kind: str
    about: Subject
    warned: tuple[int, ...] = ()


def watch() -> dict[str, int]:
    """Warn, start re-approvals, suspend what has lapsed; how many of each. Done as the system."""
    counts = {"warned": 0, "started": 0, "suspended": 0}
    today, days = clock.today(), thresholds()
    for one in ending(today, days[0]):
        at = reached((one.paper.valid_to - today).days, days)
        if at is None or at in one.warned or counts["warned"] == AT_ONCE:
            continue
        counts["started"] += _ensure_renewal(one.about)
        _warn(one, at, today)
        counts["warned"] += 1
    for found in lapsed(today)[:AT_ONCE]:
        counts["suspended"] += _suspend(found, today)
    return counts


def ending(today: date, within: int) -> list[Ending]:
    """Papers of parties and products in trade that end within so many days and that nothing renews, with the warnings
    given for this end: those first that end first. Five statements."""
    limit = today + timedelta(days=within)
    found = [*_licences(Licence.valid_to.between(today, limit)), *_registrations(today, limit)]
    found.sort(key=lambda one: (one.paper.valid_to, one.paper.id, one.about))
    given = _given({one.paper.id for one in found})
    return [Ending(one.paper, one.kind, one.about, given.get((one.paper.id, one.paper.valid_to), ())) for one in found]


def _licences(condition: ColumnElement[bool]) -> Iterator[Ending]:
    later = aliased(Licence)
    renewed = exists().where(later.succeeds_id == Licence.id)
    for model, key in ((Supplier, Licence.supplier_id), (Customer, Licence.customer_id)):
        wanted = (
            select(Licence, model.id)
            .join(model, model.id == key)
            .where(condition, ~renewed, model.status == "active")
            .order_by(Licence.valid_to, Licence.id)
            .limit(LOOKED_AT)
        )
        for licence, owner in session().execute(wanted):
            yield Ending(licence, licence.kind, Subject(model.__name__.lower(), owner))


def _registrations(today: date, limit: date) -> Iterator[Ending]:
    wanted = (
        select(Registration, Product.id)
        .join(Product, Product.registration_id == Registration.id)
        .where(and_(Registration.valid_to.between(today, limit), Product.status == "active"))
        .order_by(Registration.valid_to, Registration.id)
        .limit(LOOKED_AT)
    )
    for registration, product in session().execute(wanted):
        yield Ending(registration, "registration", Subject("product", product))


def _given(papers: set[str]) -> dict[tuple[str, date], tuple[int, ...]]:
    found: dict[tuple[str, date], tuple[int, ...]] = {}
    if papers:
        for row in session().scalars(select(PaperWarning).where(PaperWarning.paper_id.in_(sorted(papers)))):
            key = (row.paper_id, row.valid_to)
            found[key] = (*found.get(key, ()), row.days)
    return found


def _ensure_renewal(about: Subject) -> int:
    """Start the re-approval, unless it runs."""
    found = file_of(about)
    if found is None or found.open_case is not None:
        return 0
    service.start(SYSTEM, about)
    return 1


def _warn(one: Ending, days: int, today: date) -> None:
    paper = paper_subject(one.paper)
    key = (paper.kind, paper.id, one.paper.valid_to, days)
    if session().get(PaperWarning, key) is None:  # one certificate of several products is warned of for each
        session().add(
            PaperWarning(
                paper_kind=paper.kind, paper_id=paper.id, valid_to=one.paper.valid_to, days=days, at=clock.now()
            )
        )
        session().flush()
        left = (one.paper.valid_to - today).days
        record(SYSTEM, f"{paper.kind}:warn", paper, days=days, left=left, valid_to=one.paper.valid_to.isoformat())
    found = file_of(one.about)
    if found is not None and found.open_case is not None:
        _tell(found, one)


def _tell(found: File, one: Ending) -> None:
    """A notice to those who have, or could take, the open task, each in their language."""
    case = found.open_case
    for task in open_tasks_of(case.subject) if case is not None else ():
        people = people_of(task)
        rows = session().execute(select(User.id, User.locale).where(User.id.in_(people)))
        languages = {row.id: row.locale for row in rows}
        for language in sorted({languages.get(user) or i18n.DEFAULT for user in people}):
            with i18n.reading(language):
                text = _(
                    "%(paper)s %(number)s is valid until %(day)s.",
                    paper=PAPERS.get(one.kind, one.kind),
                    number=one.paper.number,
                    day=show_date(one.paper.valid_to),
                )
            told = [user for user in people if (languages.get(user) or i18n.DEFAULT) == language]
            notify(SYSTEM, NoticeKind.EXPIRY, task.id, told, text)


def lapsed(today: date) -> list[File]:
    """Parties in trade of which a paper that they need has lapsed without another in its place. What never was on file
    suspends nobody: who was qualified before Youxu stays so until the next re-approval."""
    owners: dict[str, set[str]] = {"supplier": set(), "customer": set()}
    for one in _licences(Licence.valid_to < today):
        owners[one.about.kind].add(one.about.id)
    found = [one for kind, ids in owners.items() for one in files_of(kind, ids).values()]
    return [one for one in found if "lapsed" in {reason.code for reason in paper_reasons(one, today, verified=False)}]


def _suspend(found: File, today: date) -> int:
    ended = [need for need in found.needs if need.state(today, verified=False) == "lapsed"]
    last = [max(need.papers, key=lambda one: one.record.valid_to).record for need in ended]
    reason = ", ".join(f"{one.number} ({one.valid_to})" for one in last)  # stored, so in no language
    set_standing(SYSTEM, found.record, service.RESTS[found.about.kind], reason)
    _ensure_renewal(found.about)
    return 1
