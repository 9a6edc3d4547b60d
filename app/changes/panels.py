"""What the page of a task shows of a change request, and what a signature on it binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.changes.models import ChangeRequest
from app.changes.queries import get_change
from app.changes.reading import view_of
from app.core.db import session
from app.core.subject import Subject
from app.orders.models import snapshot_of
from app.tasks.showing import Shown, shown_subject, signed_subject, still_stored

STORED = ("number", "kind", "wanted", "reason")
"""Of what is signed, what never changes afterwards."""


@shown_subject.register("change")
def change_shown(subject: Subject) -> Shown:
    """The request with what it would come to."""
    view = view_of(get_change(subject.id))
    return Shown(
        number=view.case.number,
        title=view.order.number,
        template="changes/_task.html",
        endpoint="changes.show_change",
        arguments={"change_id": view.case.id},
        context=view,
    )


@signed_subject.register("change")
def change_content(subject: Subject) -> dict[str, Any]:
    """What is wanted, of which version of the order, and all that it was said to come to."""
    view = view_of(get_change(subject.id))
    case = view.case
    return {
        "number": case.number,
        "kind": case.kind,
        "order": view.order.number,
        "base_version": case.base_version,
        "order_as_it_is": snapshot_of(view.order),
        "wanted": case.wanted,
        "diff": case.diff,
        "reason": case.reason,
        "what_if": case.what_if,
    }


@still_stored.register("change")
def requests_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether what was asked for is stored as it was signed; what it comes to is worked out anew at times. One
    statement."""
    columns = (ChangeRequest.number, ChangeRequest.kind, ChangeRequest.wanted, ChangeRequest.reason)
    wanted = select(*columns).where(ChangeRequest.number.in_({one["number"] for one in contents}))
    found = {row.number: row._asdict() for row in session().execute(wanted)}
    return [found.get(one["number"]) == {name: one[name] for name in STORED} for one in contents]
