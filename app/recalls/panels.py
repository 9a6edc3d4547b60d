"""What the page of a task shows of a recall, and what a signature on it binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.core.subject import Subject
from app.recalls import queries
from app.recalls.models import RecallCase, RecallReply
from app.recalls.reading import sheet_of
from app.tasks.models import Task
from app.tasks.showing import Shown, in_lists, shown_subject, signed_subject, still_stored
from app.vigilance.sources import Source, capa_source


@shown_subject.register("recall")
def recall_shown(subject: Subject) -> Shown:
    """The case with its lots, consignees and books."""
    case = queries.get_case(subject.id)
    return Shown(
        number=case.number,
        title=case.hazard[:200],
        template="recalls/_task.html",
        endpoint="recalls.show_recall",
        arguments={"recall_id": case.id},
        context=sheet_of(case),
    )


@in_lists.register("recall")
def recalls_in_lists(several: Sequence[Task]) -> dict[str, str]:
    """The hazard. One statement."""
    columns = select(RecallCase.id, RecallCase.hazard).where(RecallCase.id.in_({task.subject_id for task in several}))
    told = {row.id: row.hazard[:120] for row in session().execute(columns)}
    return {task.id: told.get(task.subject_id, "") for task in several}


@signed_subject.register("recall")
def recall_content(subject: Subject) -> dict[str, Any]:
    """The case, its lots, whom it tells and every answer by its hash."""
    case = queries.get_case(subject.id)
    replies = queries.replies_of(case)
    return {
        "number": case.number,
        "mock": case.mock,
        "level": case.level,
        "hazard": case.hazard,
        "lots": queries.lot_ids_of(case),
        "consignees": [one.customer_id for one in queries.notices_of(case)],
        "replies": {reply.id: reply.hash for several in replies.values() for reply in several},
    }


@still_stored.register("recall")
def replies_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether every answer that was signed is stored as it was. One statement."""
    wanted = sorted({name for content in contents for name in content["replies"]})
    rows = session().scalars(select(RecallReply).where(RecallReply.id.in_(wanted))) if wanted else ()
    sums = {one.id: queries.fingerprint(one) for one in rows}
    return [all(sums.get(name) == digest for name, digest in one["replies"].items()) for one in contents]


@capa_source.register("recall")
def source_of_capa(name: str) -> Source:
    """The recall, with its lot when it has one."""
    case = queries.get_case(name)
    lots = list(queries.lots_of(case).values())
    products = {lot.product_id for lot in lots}
    return Source(
        id=case.id,
        number=case.number,
        problem=case.hazard,
        product_id=products.pop() if len(products) == 1 else None,
        lot_id=lots[0].id if len(lots) == 1 else None,
    )
