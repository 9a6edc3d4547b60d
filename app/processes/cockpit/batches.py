"""One verb on many instances. Each item stands or falls by itself; a long batch goes on as a job, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.audit.service import record
from app.core import clock, ids, jobs
from app.core.db import is_lost_race, session
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.i18n import LANGUAGES, LazyString, _, _l, reading
from app.core.jobs import Job, NewJob
from app.core.paging import Page
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity import queries as people
from app.processes import service
from app.processes.cockpit import incidents
from app.processes.cockpit.models import BatchStatus, ItemStatus, ProcessBatch, ProcessBatchItem
from app.processes.models import InstanceStatus, ProcessInstance
from app.processes.permissions import PROCESS_OPERATE
from app.processes.queries import get_instance
from app.processes.service import following

MOST = 10_000
"""Instances of one batch."""
AT_ONCE = 25
"""A batch no longer than this is done in the request; also how many items a job does in one transaction."""
JOB = "process-batch"
REASON = 1000
log = structlog.get_logger()

VERBS: dict[str, LazyString] = {
    "retry": _l("Try incidents again"),
    "suspend": _l("Suspend"),
    "resume": _l("Resume"),
    "cancel": _l("Cancel"),
    "migrate": _l("Move to another version"),
    "undo": _l("Undo the move"),
}
NEEDS = {"migrate": {"from", "to", "mapping"}, "undo": {"batch"}}
LISTED = ("retry", "suspend", "resume", "cancel")
"""Those that can be chosen in the list of instances; the others begin elsewhere."""


class NothingToDo(Conflict):
    """The verb would change nothing about this instance."""

    message = _l("There is nothing to do: %(why)s")


class BatchEnded(Conflict):
    """The batch is finished or stopped already."""

    message = _l("This batch has ended already.")


def begin(  # noqa: PLR0917 - a verb, what it is done to, and what it needs
    actor: Actor,
    verb: str,
    instance_ids: Sequence[str],
    reason: str,
    params: Mapping[str, Any] | None = None,
    notes: Mapping[str, Mapping[str, Any]] | None = None,
) -> ProcessBatch:
    """Start a batch; one of at most AT_ONCE items has its results at once. Raises Invalid.

    `params` are the same for all: migrate {"from", "to", "mapping"}, undo {"batch"}. `notes`, by instance: undo
    {"migration"}.
    """
    wanted = list(dict.fromkeys(instance_ids))
    _check(verb, wanted, reason, params or {})
    batch = ProcessBatch(
        id=ids.new_id(),
        verb=verb,
        reason=reason.strip(),
        params=dict(params or {}),
        status=BatchStatus.RUNNING.value,
        total=len(wanted),
        done=0,
        skipped=0,
        failed=0,
        created_at=clock.now(),
        created_by=actor.id,
    )
    session().add(batch)
    session().flush()
    waiting, given = ItemStatus.WAITING.value, notes or {}
    rows = [
        {"batch_id": batch.id, "seq": seq, "instance_id": one, "status": waiting, "message": dict(given.get(one, {}))}
        for seq, one in enumerate(wanted, 1)
    ]
    session().execute(insert(ProcessBatchItem), rows)
    record(
        actor, "process-batch:start", _subject(batch), verb=verb, count=len(wanted), reason=batch.reason, **batch.params
    )
    if len(wanted) <= AT_ONCE:
        _work(batch, actor)
    else:
        jobs.schedule([NewJob(JOB, clock.now(), JOB, batch.id)])
    return batch


def _check(verb: str, wanted: Sequence[str], reason: str, params: Mapping[str, Any]) -> None:
    faults: dict[str, list[str]] = {}
    if verb not in VERBS or NEEDS.get(verb, set()) - set(params):
        faults["verb"] = [_("Choose what to do.")]
    if not wanted:
        faults["instances"] = [_("Choose at least one instance.")]
    if len(wanted) > MOST:
        faults["instances"] = [_("At most %(most)s instances can be chosen.", most=MOST)]
    faults |= reason_faults(reason)
    if faults:
        raise Invalid(faults)


def reason_faults(reason: str) -> dict[str, list[str]]:
    """What is wrong with a reason, as fields of an Invalid."""
    if not reason.strip():
        return {"reason": [_("Say why; it is kept in the history.")]}
    if len(reason) > REASON or "\x00" in reason:
        return {"reason": [_("At most %(most)s letters, none of which is unprintable.", most=REASON)]}
    return {}


def _subject(batch: ProcessBatch) -> Subject:
    return Subject("process-batch", batch.id)


@jobs.handler.register(JOB)
def work(job: Job) -> datetime | None:
    """Do the next items; more of them are left when this answers a moment."""
    batch = get_batch(job.source_id)
    actor = people.actor_of(people.get_user(batch.created_by))
    if batch.status != BatchStatus.RUNNING:
        return None
    if not actor.may(PROCESS_OPERATE):
        _end(batch, BatchStatus.STOPPED)
        return None
    _work(batch, actor)
    return clock.now() if batch.status == BatchStatus.RUNNING else None


@jobs.on_exhausted.register(JOB)
def give_up(job: Job, error: str) -> None:
    """It cannot be gone on with: what is left stays undone, and the batch says that it stopped."""
    log.error("batch.given_up", batch=job.source_id, error=error)
    _end(get_batch(job.source_id), BatchStatus.STOPPED)
    session().flush()


def _work(batch: ProcessBatch, actor: Actor) -> None:
    first = batch.seen + 1
    for item in _items(batch.id, first, AT_ONCE):
        status, message = _one(actor, batch, item)
        values = {"status": status.value, "message": message, "at": clock.now()}
        mine = (ProcessBatchItem.batch_id == batch.id, ProcessBatchItem.seq == item.seq)
        session().execute(update(ProcessBatchItem).where(*mine).values(values))
        counter = {ItemStatus.DONE: "done", ItemStatus.SKIPPED: "skipped"}.get(status, "failed")
        setattr(batch, counter, getattr(batch, counter) + 1)
    if batch.seen >= batch.total:
        _end(batch, BatchStatus.FINISHED)
    session().flush()


def _items(batch_id: str, first: int, count: int) -> list[Any]:
    columns = (ProcessBatchItem.seq, ProcessBatchItem.instance_id, ProcessBatchItem.message)
    mine = select(*columns).where(ProcessBatchItem.batch_id == batch_id, ProcessBatchItem.seq >= first)
    return list(session().execute(mine.order_by(ProcessBatchItem.seq).limit(count)))


def _end(batch: ProcessBatch, status: BatchStatus) -> None:
    batch.status, batch.finished_at = status.value, clock.now()


def _one(actor: Actor, batch: ProcessBatch, item: Any) -> tuple[ItemStatus, dict[str, Any]]:
    """Do the verb in a savepoint of its own; what came of it, and why in both languages."""
    try:
        with session().begin_nested():
            given = {**batch.params, **item.message}
            done = DO[batch.verb](actor, get_instance(item.instance_id), batch.reason, given)
            session().flush()
    except NothingToDo as error:
        return ItemStatus.SKIPPED, _words(error)
    except DomainError as error:
        following.forget()
        return ItemStatus.FAILED, _words(error)
    except Exception as error:  # one instance that cannot be helped must not stop the others
        if is_lost_race(error) and not isinstance(error, IntegrityError):
            raise  # nobody shall see a lock as a failure: the whole piece is done again
        following.forget()
        log.warning("batch.item_failed", batch=batch.id, instance=item.instance_id, exc_info=error)
        return ItemStatus.FAILED, {"en": f"{type(error).__name__}: {error}"[:300]}
    return ItemStatus.DONE, dict(done or {})


def _words(error: DomainError) -> dict[str, str]:
    said = {}
    for code in LANGUAGES:
        with reading(code):
            said["zh" if code.startswith("zh") else code] = error.sentence()
    return said


Do = Callable[[Actor, ProcessInstance, str, Mapping[str, Any]], Mapping[str, Any] | None]


def _retry(actor: Actor, instance: ProcessInstance, reason: str, _params: Mapping[str, Any]) -> None:
    stuck = incidents.open_of([instance.id]).get(instance.id, [])
    if not stuck:
        raise NothingToDo(why=_l("there is no open incident"))
    for incident_id in stuck:
        service.retry_incident(actor, incident_id, reason)


def _suspend(actor: Actor, instance: ProcessInstance, reason: str, _params: Mapping[str, Any]) -> None:
    _must_run(instance)
    if instance.suspended:
        raise NothingToDo(why=_l("it is suspended already"))
    service.suspend(actor, instance.id, reason)


def _resume(actor: Actor, instance: ProcessInstance, reason: str, _params: Mapping[str, Any]) -> None:
    _must_run(instance)
    if not instance.suspended:
        raise NothingToDo(why=_l("it is not suspended"))
    service.resume(actor, instance.id, reason)


def _cancel(actor: Actor, instance: ProcessInstance, reason: str, _params: Mapping[str, Any]) -> None:
    _must_run(instance)
    service.cancel_instance(actor, instance.id, reason)


def _must_run(instance: ProcessInstance) -> None:
    if instance.status != InstanceStatus.RUNNING:
        raise NothingToDo(why=_l("it has ended"))


def _migrate(actor: Actor, instance: ProcessInstance, reason: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    _must_run(instance)
    if instance.definition_id != params["from"]:
        raise NothingToDo(why=_l("it is on another version by now"))
    done = service.migrate(actor, instance.id, params["to"], params["mapping"], reason=reason)
    return {"migration": done}


def _undo(actor: Actor, _instance: ProcessInstance, reason: str, params: Mapping[str, Any]) -> None:
    service.undo_migration(actor, params["migration"], reason=reason)


DO: dict[str, Do] = {
    "retry": _retry,
    "suspend": _suspend,
    "resume": _resume,
    "cancel": _cancel,
    "migrate": _migrate,
    "undo": _undo,
}


def stop(actor: Actor, batch_id: str) -> None:
    """What is not done yet stays undone. Raises NotFound, BatchEnded."""
    batch = get_batch(batch_id)
    if batch.status != BatchStatus.RUNNING:
        raise BatchEnded
    _end(batch, BatchStatus.STOPPED)
    jobs.cancel_of(JOB, batch.id)
    record(actor, "process-batch:stop", _subject(batch), done=batch.seen, total=batch.total)
    session().flush()


def get_batch(batch_id: str) -> ProcessBatch:
    """The batch as it is stored. Raises NotFound."""
    wanted = select(ProcessBatch).where(ProcessBatch.id == batch_id).execution_options(populate_existing=True)
    found = session().execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound(batch=batch_id)
    return found


def latest(count: int = 50) -> list[ProcessBatch]:
    """The latest batches. One statement."""
    return list(session().scalars(select(ProcessBatch).order_by(ProcessBatch.created_at.desc()).limit(count)))


def items_of(batch: ProcessBatch, number: int, *, failed: bool, size: int = 100) -> Page[ProcessBatchItem]:
    """A page of its items in order, or only those that failed. One statement; the counts are the batch's."""
    mine = select(ProcessBatchItem).where(ProcessBatchItem.batch_id == batch.id)
    total = batch.total
    if failed:
        mine, total = mine.where(ProcessBatchItem.status == ItemStatus.FAILED.value), batch.failed
    number = min(max(number, 1), max(1, -(-total // size)))
    found = session().scalars(
        mine.order_by(ProcessBatchItem.seq)
        .limit(size)
        .offset((number - 1) * size)
        .execution_options(populate_existing=True)
    )
    return Page(list(found), number, size, total)
