"""How long the history of ended processes is kept, and how it lawfully ends.

`process_events` only grows: no UPDATE, and no DELETE but of an instance that has a row in `process_purges`. That row
(who, when, under what policy, how many lines, their digest) only grows too and stays for ever, and the database takes
it for none but an ended instance whose end lies at least MINIMUM_YEARS back. So what is deleted is deleted on record,
as a whole, in one transaction with the audit trail, and never early, whatever the application does.

The subject says how long (`steps.kept_years`): a kind of subject that does not is kept for ever. Of a process about
nothing but itself the diagram says it, by `camunda:historyTimeToLive`; without it, it is kept for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import and_, delete, insert, or_, select

from app.core import clock, intervals, jsontext
from app.core.db import Base, session
from app.core.errors import Conflict, DomainError, NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.processes.definitions import deployed
from app.processes.models import MINIMUM_YEARS, InstanceStatus, ProcessEvent, ProcessInstance, ProcessPurge
from app.processes.service.starting import tell
from app.processes.steps import kept_years
from app.processes.world import SOURCE
from app.tasks import service as tasks

LOOKED_AT = 200
"""Ended processes that one run of the periodic work looks at."""
_events: Any = ProcessEvent.__table__
_instances: Any = ProcessInstance.__table__


class KeptStill(Conflict):
    """The law or the policy wants it kept."""

    message = _l("The history of this process must be kept (until %(until)s).")


@dataclass(frozen=True)
class Policy:
    """Years that history is kept at least by law, and by choice; whether it is deleted by itself afterwards."""

    minimum_years: int
    years: int
    automatic: bool

    def __post_init__(self) -> None:
        if self.minimum_years < MINIMUM_YEARS or self.years < self.minimum_years:
            raise ValueError(f"history is kept for at least {MINIMUM_YEARS} years, and not below minimum_years")


@cache
def policy() -> Policy:
    """What `retention.yaml` says. Raises ValueError when it is below the minimum."""
    said = yaml.safe_load(Path(__file__).with_name("retention.yaml").read_text(encoding="utf-8"))
    return Policy(said["minimum_years"], said["years"], said["automatic"])


def years_after(moment: datetime, years: int) -> datetime:
    """The same day so many years later (1 March for 29 February)."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def kept_until(instance: ProcessInstance, root: ProcessInstance | None = None) -> datetime | None:
    """Until when its history is kept; None: for ever, or it has not ended. What another has called is kept as the
    outermost one's subject wants it, or longer."""
    about = root or instance
    ended = instance.ended_at
    if ended is None:
        return None
    lives = _time_to_live(instance.definition_id)
    wanted = [years_after(ended, policy().years), *([] if lives is None else [ended + lives])]
    if about.subject_kind != SOURCE:
        years = kept_years.get(about.subject_kind)(about.subject) if about.subject_kind in kept_years else None
        return None if years is None else max(*wanted, years_after(ended, years))
    return None if _time_to_live(about.definition_id) is None else max(wanted)


def _time_to_live(definition_id: str) -> timedelta | None:
    """What the diagram says: days, or a duration; None for nothing, and for what is neither."""
    text = (deployed(definition_id).definition.history_time_to_live or "").strip()
    if text.isdecimal():
        return timedelta(days=min(int(text), 100_000))
    try:
        return timedelta(seconds=float(intervals.parse_duration(text).mean) / intervals.SECOND) if text else None
    except (DomainError, OverflowError):
        return None


def purge(actor: Actor, root_id: str) -> int:
    """Delete an ended process, what it called, their history and tasks; how many instances. Raises KeptStill,
    NotFound (also for what another has called: it goes with that)."""
    whole = list(
        session().scalars(
            select(ProcessInstance)
            .where(ProcessInstance.root_id == root_id)
            .order_by(ProcessInstance.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    now = clock.now()
    root = next((one for one in whole if one.id == root_id), None)
    if root is None:
        raise NotFound(instance=root_id)
    untils = [(one, kept_until(one, root)) for one in whole]
    for one, until in untils:
        if until is None or until > now:
            raise KeptStill(instance=one.id, until="—" if until is None else until.date().isoformat())
    for one, until in untils:
        _put_on_record(actor, one, until or now, now)
    names = [one.id for one in whole]
    for one in whole:
        session().expunge(one)
    _delete(names)
    return len(names)


def _put_on_record(actor: Actor, one: ProcessInstance, until: datetime, now: datetime) -> None:
    lines, digest = _digest(one.id)
    row = {
        "instance_id": one.id,
        "root_id": one.root_id,
        "key": one.key,
        "definition_id": one.definition_id,
        "subject_kind": one.subject_kind,
        "subject_id": one.subject_id,
        "status": one.status,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "lines": lines,
        "digest": digest,
        "kept_until": until,
        "purged_at": now,
        "purged_by": actor.id,
    }
    session().execute(insert(ProcessPurge), row)
    told = {"lines": lines, "digest": digest, "ended": one.ended_at, "kept_until": until}
    tell(actor, "process:purge", one.id, one.subject, **told)


def _digest(instance_id: str) -> tuple[int, str]:
    """How many lines of history, and the SHA-256 of all of them in order: who has a copy can prove that it is whole."""
    wanted = select(_events).where(_events.c.instance_id == instance_id).order_by(_events.c.seq)
    rows = [jsontext.plain(dict(row)) for row in session().execute(wanted).mappings()]
    return len(rows), jsontext.digest(rows)


def _delete(names: Sequence[str]) -> None:
    """Everything that refers to the instances, then these."""
    tasks.forget_of(SOURCE, names)
    for table in reversed(Base.metadata.sorted_tables):
        for column in table.columns:
            if any(key.column is _instances.c.id for key in column.foreign_keys):
                session().execute(delete(table).where(column.in_(names)))
    session().execute(delete(_instances).where(_instances.c.id.in_(names)))


@dataclass
class Round:
    """Goes through the ended processes, a few at a time, and begins anew when it has seen all."""

    after: tuple[datetime, str] | None = None

    def due(self) -> Iterator[str]:
        """Roots among the next few whose history may go; what they called is looked at when they are purged."""
        kinds = [SOURCE, *kept_years]
        old = years_after(clock.now(), -policy().years)
        statement = select(ProcessInstance).where(
            ProcessInstance.super_instance_id.is_(None),
            ProcessInstance.status != InstanceStatus.RUNNING.value,
            ProcessInstance.ended_at <= old,
            ProcessInstance.subject_kind.in_(kinds),
        )
        if self.after is not None:
            moment, last = self.after
            later = and_(ProcessInstance.ended_at == moment, ProcessInstance.id > last)
            statement = statement.where(or_(ProcessInstance.ended_at > moment, later))
        ordered = statement.order_by(ProcessInstance.ended_at, ProcessInstance.id).limit(LOOKED_AT)
        found = list(session().scalars(ordered))
        full = len(found) == LOOKED_AT and found[-1].ended_at is not None
        self.after = (found[-1].ended_at, found[-1].id) if full and found[-1].ended_at else None
        for one in found:
            until = kept_until(one)
            if until is not None and until <= clock.now():
                yield one.id


_round = Round()


def purge_due(actor: Actor) -> int:
    """Purge what is due among the next few ended processes; how many instances. For the periodic work."""
    return sum(purge_if_due(actor, root) for root in list(_round.due()))


def purge_if_due(actor: Actor, root_id: str) -> int:
    """As `purge`, but what must be kept (for something it called, say) is left: 0."""
    try:
        with session().begin_nested():
            return purge(actor, root_id)
    except KeptStill:
        return 0
