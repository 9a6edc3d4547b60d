"""Fetching and locking: which tasks a worker may have now, and giving them to exactly one.

On PostgreSQL rows that another fetch is taking are skipped; on SQLite there is one writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, update

from app.core import clock
from app.core.db import session
from app.processes.external import reading
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessInstance

LONGEST_LOCK = 100 * 366 * 86_400_000
"""Milliseconds; a longer one would lead out of the calendar."""
CHUNK = 100
MOST_LOOKED_AT = 2000
"""Tasks whose variables one fetch looks at."""


@dataclass(frozen=True)
class Topic:
    """What a worker wants of one topic. None: any."""

    name: str
    lock_ms: int
    business_key: str | None = None
    definition_ids: Sequence[str] | None = None
    definition_keys: Sequence[str] | None = None
    version_tag: str | None = None
    equal: Mapping[str, Any] | None = None
    """Variables of the instance that must have these values."""

    def condition(self) -> ColumnElement[bool]:
        """What of it the database can tell."""
        found = [ExternalTask.topic == self.name]
        if self.business_key is not None:
            found.append(ExternalTask.business_key == self.business_key)
        if self.definition_ids is not None:
            found.append(ExternalTask.definition_id.in_(self.definition_ids))
        if self.definition_keys is not None:
            found.append(ExternalTask.definition_key.in_(self.definition_keys))
        if self.version_tag is not None:
            found.append(ExternalTask.version_tag == self.version_tag)
        return and_(*found)

    def fits(self, task: ExternalTask) -> bool:
        """The same of a row."""
        return (
            task.topic == self.name
            and self.business_key in (None, task.business_key)
            and (self.definition_ids is None or task.definition_id in self.definition_ids)
            and (self.definition_keys is None or task.definition_key in self.definition_keys)
            and self.version_tag in (None, task.version_tag)
        )


@dataclass(frozen=True)
class Fetch:
    """One request of a worker. `created` sorts by age: "asc" (also without), "desc"."""

    worker: str
    most: int
    topics: Sequence[Topic]
    by_priority: bool = False
    created: str | None = None


def fetchable() -> ColumnElement[bool]:
    """The condition that a task may be given away now; needs the instance joined."""
    return and_(
        or_(ExternalTask.lock_expires_at.is_(None), ExternalTask.lock_expires_at <= clock.now()),
        or_(ExternalTask.retries.is_(None), ExternalTask.retries > 0),
        reading.not_suspended(),
    )


def joined(*columns: Any) -> Select[Any]:
    """External tasks with their instances."""
    return select(*columns or (ExternalTask,)).join(ProcessInstance, ProcessInstance.id == ExternalTask.instance_id)


def is_anything_for(fetch: Fetch) -> bool:
    """Whether a fetch might find something; only reads, so it takes no turn to write."""
    return session().scalar(_wanted(fetch, ExternalTask.id).limit(1)) is not None


def topics_with_work(names: Sequence[str]) -> set[str]:
    """Those of the topics in which something is to be fetched now. One statement for all who wait."""
    statement = joined(ExternalTask.topic).where(ExternalTask.topic.in_(names), fetchable()).distinct()
    return set(session().scalars(statement))


def fetch_and_lock(fetch: Fetch) -> list[tuple[ExternalTask, Topic]]:
    """Lock up to `most` tasks for the worker, each for as long as its topic says; with the topic that wanted it."""
    taken: list[tuple[ExternalTask, Topic]] = []
    if fetch.most < 1 or not fetch.topics:
        return taken
    for task, topic in _candidates(fetch):
        taken.append((task, topic))
        if len(taken) == fetch.most:
            break
    now = clock.now()
    for lock_ms in {topic.lock_ms for _task, topic in taken}:
        until = now + timedelta(milliseconds=min(lock_ms, LONGEST_LOCK))
        mine = [task for task, topic in taken if topic.lock_ms == lock_ms]
        session().execute(
            update(ExternalTask)
            .where(ExternalTask.id.in_([task.id for task in mine]))
            .values(worker_id=fetch.worker, lock_expires_at=until)
            .execution_options(synchronize_session=False)
        )
        for task in mine:
            task.worker_id, task.lock_expires_at = fetch.worker, until
    return taken


def _wanted(fetch: Fetch, *columns: Any) -> Select[Any]:
    return joined(*columns).where(or_(false(), *(topic.condition() for topic in fetch.topics)), fetchable())


def _candidates(fetch: Fetch) -> Iterator[tuple[ExternalTask, Topic]]:
    order: list[Any] = [ExternalTask.priority.desc()] if fetch.by_priority else []
    by_age = (ExternalTask.created_at, ExternalTask.id)
    order += [column.desc() for column in by_age] if fetch.created == "desc" else by_age
    statement = (
        _wanted(fetch)
        .order_by(*order)
        .with_for_update(of=ExternalTask, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    looks_inside = any(topic.equal for topic in fetch.topics)
    size = max(CHUNK, fetch.most) if looks_inside else fetch.most
    for start in range(0, MOST_LOOKED_AT if looks_inside else 1, size):
        rows = list(session().scalars(statement.limit(size).offset(start)))
        variables = reading.variables_of_many({row.instance_id for row in rows}) if looks_inside else {}
        for row in rows:
            topic = next((one for one in fetch.topics if _is_wanted(one, row, variables)), None)
            if topic is not None:
                session().expunge(row)  # a copy: only the statement above stores anything
                yield row, topic
        if len(rows) < size:
            return


def _is_wanted(topic: Topic, row: ExternalTask, variables: Mapping[str, Mapping[str, Any]]) -> bool:
    if not topic.fits(row):
        return False
    found = variables.get(row.instance_id, {})
    return all(name in found and _same(found[name], value) for name, value in (topic.equal or {}).items())


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
