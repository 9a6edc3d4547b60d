"""What the page of a task shows of an inspection, and what a signature on it binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.catalog.models import Product
from app.core.db import session
from app.core.i18n import named
from app.core.subject import Subject
from app.identity.queries import names_of
from app.inventory.models import Lot
from app.quality.characteristics import Characteristic, asked_of
from app.quality.demand import Waits, waiting_for
from app.quality.models import Inspection, Nonconformance
from app.quality.queries import get_inspection, nonconformance_of
from app.tasks.models import Task
from app.tasks.showing import Shown, in_lists, shown_subject, signed_subject, still_stored


@dataclass(frozen=True)
class Sheet:
    """An inspection with what is asked, what was found and what waits for it: its page and its tasks show it."""

    one: Inspection
    lot: Lot
    asked: list[Characteristic]
    nonconformance: Nonconformance | None
    waits: Waits | None
    names: dict[str, str]


def sheet_of(one: Inspection) -> Sheet:
    """All of it. At most eight statements."""
    people = [one.tester_id, one.reviewer_id, one.decided_by, one.checks.get("by"), *(r["by"] for r in one.results)]
    waits = waiting_for({one.product_id}) if one.is_open else {}
    return Sheet(
        one=one,
        lot=one.lot,
        asked=asked_of(one),
        nonconformance=nonconformance_of(one.id),
        waits=waits.get(one.product_id),
        names=names_of([str(person) for person in people if person]),
    )


@shown_subject.register("inspection")
def inspection_shown(subject: Subject) -> Shown:
    """The inspection with its lot, plan and results."""
    one = get_inspection(subject.id)
    return Shown(
        number=one.number,
        title=f"{named(one.lot.product)} · {one.lot.lot_no}",
        template="quality/_sheet.html",
        endpoint="quality.show_inspection",
        arguments={"inspection_id": one.id},
        context=sheet_of(one),
    )


@in_lists.register("inspection")
def inspections_in_lists(several: Sequence[Task]) -> dict[str, str]:
    """The product and its lot. One statement."""
    columns = (Inspection.id, Lot.lot_no, Product.name, Product.name_en)
    rows = session().execute(
        select(*columns)
        .join(Lot, Lot.id == Inspection.lot_id)
        .join(Product, Product.id == Inspection.product_id)
        .where(Inspection.id.in_({task.subject_id for task in several}))
    )
    told = {row.id: f"{named(row)} · {row.lot_no}" for row in rows}
    return {task.id: told.get(task.subject_id, "") for task in several}


@signed_subject.register("inspection")
def inspection_content(subject: Subject) -> dict[str, Any]:
    """The lot, the receiving check, the plan and every result with its values."""
    one = get_inspection(subject.id)
    return {
        "number": one.number,
        "lot": [one.lot_id, one.lot.lot_no],
        "quantity": one.quantity,
        "checks": one.checks,
        "route": one.route,
        "plan": one.plan,
        "results": one.results,
        "found": one.found,
    }


@still_stored.register("inspection")
def results_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """An inspection names no files: nothing of it can be lost apart from itself."""
    return [True for _content in contents]
