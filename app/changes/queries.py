"""Reading change requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, or_, select

from app.audit.queries import subject_labels
from app.changes.models import ChangeRequest
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.orders.models import Order


class ChangeNotFound(NotFound):
    """There is no such change request."""

    message = _l("There is no change request %(change)s.")


def get_change(change_id: str) -> ChangeRequest:
    """The request of that id. Raises ChangeNotFound."""
    found = session().get(ChangeRequest, change_id)
    if found is None:
        raise ChangeNotFound(change=change_id)
    return found


def open_of(order_id: str) -> ChangeRequest | None:
    """The open request about the order, if there is one."""
    wanted = select(ChangeRequest).where(ChangeRequest.order_id == order_id, ChangeRequest.status == "open")
    return session().scalars(wanted).one_or_none()


def changes_of(order_id: str) -> list[ChangeRequest]:
    """Every request about the order, the newest first."""
    wanted = select(ChangeRequest).where(ChangeRequest.order_id == order_id).order_by(ChangeRequest.id.desc())
    return list(session().scalars(wanted))


def matching(text: str = "", status: str = "", kind: str = "") -> Select[Any]:
    """Requests, the newest first, by number of theirs or of their order."""
    wanted = select(ChangeRequest).order_by(ChangeRequest.id.desc())
    if status:
        wanted = wanted.where(ChangeRequest.status == status)
    if kind:
        wanted = wanted.where(ChangeRequest.kind == kind)
    if text:
        some = f"%{text.strip().upper()}%"
        named = select(Order.id).where(Order.number.like(some))
        wanted = wanted.where(or_(ChangeRequest.number.like(some), ChangeRequest.order_id.in_(named)))
    return wanted


@subject_labels.register("change")
def numbers_of(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the requests that exist, by id."""
    rows = session().execute(select(ChangeRequest.id, ChangeRequest.number).where(ChangeRequest.id.in_(set(ids))))
    return {row.id: row.number for row in rows}
