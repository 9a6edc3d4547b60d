"""Where open tasks stand: in the order of work, and at which element of their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import bindparam, select, update

from app.core import clock, columns
from app.core.db import flush, session
from app.core.prepared import Prepared
from app.core.subject import Subject
from app.core.updating import UpdateEach
from app.tasks import ladder
from app.tasks.agreed import due_at
from app.tasks.models import HIGHEST_SCORE, NO_PROMISE, Rank, Task, TaskExtra, TaskStatus

_tasks: Any = Task.__table__
_extras: Any = TaskExtra.__table__


def move_to(source_id: str, source_ref: str, element_id: str, name: dict[str, str], form_key: str | None) -> None:
    """An open task is another element of its source now; who has it and who may do it stays."""
    which = (_tasks.c.source_id == source_id) & (_tasks.c.source_ref == source_ref)
    statement = update(_tasks).where(which, _tasks.c.status == TaskStatus.OPEN.value)
    session().execute(statement.values(element_id=element_id, name=name, form_key=form_key, changed_at=clock.now()))


_OPEN_OF = Prepared(
    select(_tasks.c.id, _tasks.c.band, _tasks.c.created_at, _tasks.c.due_at, _extras.c.own_due, _extras.c.sla)
    .select_from(_tasks.outerjoin(_extras, _extras.c.task_id == _tasks.c.id))
    .where(
        _tasks.c.subject_kind == bindparam("kind"),
        _tasks.c.subject_id == bindparam("id"),
        _tasks.c.status == TaskStatus.OPEN.value,
    )
    .order_by(_tasks.c.id)
)


def rerank(subject: Subject, rank: Rank) -> int:
    """Put the subject's open tasks where they stand now; answers how many. The due time follows the band,
    unless the diagram or somebody has named one."""
    flush()
    now, rows, later = clock.now(), [], []
    for id_, band, created, due, own, sla in _OPEN_OF.rows({"kind": subject.kind, "id": subject.id}):
        due_now = due if own or band == rank.band else _due_in_other_band(due, sla, created, rank.band)
        rows.append({"id": id_, "due_at": due_now, "changed_at": now, **rank_columns(rank)})
        later += [id_] if due_now != due else []
    if rows:
        _PLACE.run(rows)
        ladder.moved(later)
    return len(rows)


def _due_in_other_band(due: datetime, sla: dict[str, Any] | None, opened: datetime, band: str | None) -> datetime:
    """Counted from the opening; but what becomes more urgent has the shorter time from now on, and none is late only
    because it did."""
    found = due_at(sla, opened, band)
    return found if found >= due else min(due, max(found, due_at(sla, clock.now(), band)))


def rerank_within_band(kind: str, ranks: Mapping[str, Rank]) -> None:
    """Put the open tasks of several subjects of a kind, by their ids, where they stand now. The band must be as it was:
    the due time stays, so that nothing of the tasks need be read."""
    flush()
    now = clock.now()
    rows = [
        {"subject_id": id_, "changed_at": now, "score": to.score, "promise_days": to.promise_days, "rank_key": to.key()}
        for id_, to in ranks.items()
    ]
    _WITHIN_BAND.run(rows, kind=kind)


def rerank_in_bulk(kind: str, ranks: pl.DataFrame) -> None:
    """`rerank_within_band` of many. One row per subject: `subject_id`, and the fields of Rank (dates and moments as
    numbers, see `core.columns`)."""
    requested = columns.day_of(pl.col("requested_date")).dt.strftime("%Y-%m-%d")
    key = pl.concat_str(
        [
            pl.when("blocked").then(pl.lit("1")).otherwise(pl.lit("0")),
            pl.col("band").fill_null("P9"),
            (HIGHEST_SCORE - pl.col("score").clip(-HIGHEST_SCORE, HIGHEST_SCORE)).cast(pl.String).str.zfill(6),
            pl.col("promise_days").fill_null(NO_PROMISE).clip(upper_bound=NO_PROMISE).cast(pl.String).str.zfill(4),
            requested.fill_null("9999-99-99"),
            (pl.col("submitted_at") // 1_000_000).cast(pl.String).str.zfill(11),
            pl.col("number").str.slice(0, 40),
        ],
        separator="|",
    )
    now = pl.lit(clock.now(), dtype=pl.Datetime("us", "UTC"))
    rows = ranks.select("subject_id", "score", "promise_days", rank_key=key, changed_at=now)
    rows = rows.sort("rank_key")  # as the index that all of them move in: a fifth of the time less on SQLite
    of_kind = f"t.subject_kind = '{kind}' AND t.status = '{TaskStatus.OPEN.value}'"
    columns.write("tasks", rows, key="subject_id", also=of_kind)


_PLACED = ("due_at", "changed_at", *(each.name for each in fields(Rank)), "rank_key")
_IS_OPEN = _tasks.c.status == TaskStatus.OPEN.value
_PLACE = UpdateEach(_tasks, _PLACED, "id", _IS_OPEN)
_MOVED = ("changed_at", "score", "promise_days", "rank_key")
_WITHIN_BAND = UpdateEach(_tasks, _MOVED, "subject_id", _IS_OPEN, _tasks.c.subject_kind == bindparam("kind"))


def rank_columns(rank: Rank) -> dict[str, Any]:
    """The columns of a task that say where it stands."""
    return {**vars(rank), "rank_key": rank.key()}
