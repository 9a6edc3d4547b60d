"""The list for today: of each task why it is on it and what to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass

from app.core import clock
from app.core.i18n import _, language, show_ago, show_time
from app.core.permissions import Actor
from app.fulfilment.queries import InboxRow
from app.tasks.lists import URGENT, day_end


@dataclass(frozen=True)
class TodayRow:
    """A task for today. `reasons`: sentences, at least one, the due time first."""

    row: InboxRow
    reasons: str
    following: str


def today_row(actor: Actor, row: InboxRow) -> TodayRow:
    """The row with its reasons and its next step."""
    between = " " if language() == "en" else ""
    return TodayRow(row, between.join(_reasons(row)), _following(actor, row))


def _reasons(row: InboxRow) -> list[str]:
    task, found = row.task, []
    if task.due_at < clock.now():
        found.append(_("Overdue: it was due %(when)s.", when=show_ago(task.due_at)))
    elif task.due_at < day_end():
        found.append(_("Due today, %(when)s.", when=show_time(task.due_at)[-5:]))
    if task.band in URGENT:
        why = row.why.rstrip(".。")
        found.append(
            _("Band %(band)s: %(why)s.", band=task.band, why=why) if why else _("Band %(band)s.", band=task.band)
        )
    return found


def _following(actor: Actor, row: InboxRow) -> str:
    task = row.task
    if task.blocked:
        return _("Open it: it says what unblocks the order.")
    if task.initiator_id == actor.id:
        return _("Change your order or withdraw it.")
    return _("Decide: you have it.") if task.assignee_id == actor.id else _("Take it and decide.")
