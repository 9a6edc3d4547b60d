"""Telling people of tasks, and of what waits for their review, in the application: a row per person, read or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.core import clock, ids
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import LazyString, _l, listed, pick
from app.core.paging import Page, paginate
from app.core.permissions import Actor, Permission
from app.core.registry import Registry
from app.identity.queries import names_of, users_with_role
from app.tasks.models import Task
from app.tasks.queries import candidates_of
from app.tasks.records import Notice, NoticeKind

KEPT = timedelta(days=60)
"""How long a notice is kept."""
AT_ONCE = 5000
LONGEST = 500
"""Characters of a notice's text."""
on_notified: Registry[Callable[[Sequence[str]], None]] = Registry("reaction to notices")
"""Told the ids of new notices, in the transaction that made them."""

WORDS: dict[str, LazyString] = {
    NoticeKind.REMIND: _l("Half of the time has passed"),
    NoticeKind.ESCALATE: _l("Not done in time: escalated"),
    NoticeKind.URGE: _l("%(who)s asks to hurry"),
    NoticeKind.COPY: _l("%(who)s wants you to know of it"),
    NoticeKind.MENTION: _l("%(who)s mentioned you"),
    NoticeKind.ASSIGN: _l("%(who)s gave it to you"),
    NoticeKind.DELEGATE: _l("%(who)s asks you to do it for them"),
    NoticeKind.RESOLVE: _l("%(who)s did what you asked for; it is yours again"),
    NoticeKind.ADD: _l("%(who)s asks you to approve it too"),
    NoticeKind.ANSWER: _l("%(who)s answered what you asked"),
    NoticeKind.BACK: _l("What you put off is back"),
    NoticeKind.START: _l("What was to wait until now can be done"),
    NoticeKind.REVIEW: _l("%(who)s asks for your review"),
    NoticeKind.EXPIRY: _l("A paper lapses soon"),
    NoticeKind.CHANGE: _l("An order that concerns you was changed"),
    NoticeKind.RISK: _l("Orders may come late"),
    NoticeKind.GONE: _l("What your task waited for has come: it goes on without you"),
    NoticeKind.COMPLAINT: _l("A complaint came in"),
    NoticeKind.SIGNAL: _l("Complaints and nonconformances add up"),
    NoticeKind.LATE: _l("A shipment is late"),
}


@dataclass(frozen=True)
class Told:
    """A notice as it is shown: what, who caused it, about which task or what else."""

    notice: Notice
    task: Task | None
    who: str

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        return str(WORDS[self.notice.kind]) % {"who": self.who}

    @property
    def about(self) -> str:
        """The task and its number, or what else it is about, in the reader's language."""
        return about(self.notice, self.task)


def about(notice: Notice, task: Task | None) -> str:
    """What a notice is about, in the reader's language."""
    said = (pick(notice.title or {}),) if task is None else (pick(task.name), task.number)
    return listed(part for part in said if part)


def notify(by: Actor, kind: NoticeKind, task_id: str, users: Iterable[str], text: str | None = None) -> list[str]:
    """Tell these users (never who causes it); answers whom. One statement, and those of `on_notified`."""
    return _tell(by, users, text, {"task_id": task_id, "path": None, "title": None, "kind": kind.value})


def ask_for_review(by: Actor, right: Permission, path: str, title: dict[str, str], but: Iterable[str]) -> list[str]:
    """Tell everybody who has the right, but not these users, that what has this page waits for them; answers whom.
    What was said of it before has been settled."""
    settle(path)
    wrote = set(but)
    users = [user.id for role in sorted(right.roles) for user in users_with_role(role) if user.id not in wrote]
    return _tell(by, users, None, {"task_id": None, "path": path, "title": title, "kind": NoticeKind.REVIEW.value})


def tell_of_page(
    by: Actor,
    path: str,
    title: dict[str, str],
    users: Iterable[str],
    text: str | None = None,
    *,
    kind: NoticeKind = NoticeKind.CHANGE,
) -> list[str]:
    """Tell these users of what has happened and has this page; answers whom."""
    return _tell(by, users, text, {"task_id": None, "path": path, "title": title, "kind": kind.value})


def tell_of_risks(by: Actor, path: str, count: int, users: Iterable[str]) -> list[str]:
    """Tell these users that so many more orders may come late, on this page; answers whom."""
    title = {"en": f"{count} new" if count > 1 else "one new", "zh": f"新增{count}个订单"}
    return _tell(by, users, None, {"task_id": None, "path": path, "title": title, "kind": NoticeKind.RISK.value})


def settle(path: str) -> None:
    """What has this page waits for nobody any more: what was said of it is read."""
    statement = update(Notice).where(Notice.path == path, Notice.read_at.is_(None)).values(read_at=clock.now())
    session().execute(statement.execution_options(synchronize_session=False))


def _tell(by: Actor, users: Iterable[str], text: str | None, what: dict[str, Any]) -> list[str]:
    cause = None if by.kind == "system" else by.id
    told = [user for user in dict.fromkeys(users) if user and user != by.id]
    if told:
        words = (text or "").replace("\x00", "").strip()[:LONGEST] or None
        same = {**what, "by_id": cause, "at": clock.now(), "read_at": None}
        rows = [{"id": ids.new_id(), "user_id": user, "text": words, **same} for user in told]
        session().execute(insert(Notice), rows)
        for name in on_notified:
            on_notified.get(name)([str(row["id"]) for row in rows])
    return told


def people_of(task: Task) -> list[str]:
    """Who should do the task: whoever has it, else everybody who may take it."""
    return [task.assignee_id] if task.assignee_id else candidates(task.id)


def candidates(task_id: str, groups: Sequence[str] | None = None) -> list[str]:
    """Ids of the people who may take it (of these groups only, if given); four eyes keep out whom they keep out."""
    asked = candidates_of(task_id)
    wanted = asked["group"] if groups is None else groups
    users = [] if groups is not None else asked["user"]
    found = [*users, *(user.id for group in wanted for user in users_with_role(group))]
    return [user for user in dict.fromkeys(found) if user not in asked["excluded"]]


def notices_of(user_id: str, *, number: int = 1, size: int = 50) -> Page[Told]:
    """A user's notices, the newest first. Three statements."""
    found: Any = select(Notice, Task).outerjoin(Task, Task.id == Notice.task_id).where(Notice.user_id == user_id)
    page = paginate(found.order_by(Notice.id.desc()).execution_options(populate_existing=True), number, size)
    pairs = [(row[0], row[1]) for row in page.items]
    names = names_of(str(notice.by_id) for notice, _task in pairs if notice.by_id)
    told = [Told(notice, task, names.get(str(notice.by_id), "Youxu")) for notice, task in pairs]
    return Page(told, page.number, page.size, page.total)


def unread(user_id: str) -> int:
    """How many notices the user has not read. One statement, by an index of what is unread."""
    which = (Notice.user_id == user_id) & Notice.read_at.is_(None)
    return session().scalar(select(func.count()).select_from(Notice).where(which)) or 0


def read(user_id: str, *, until: str | None = None, task_id: str | None = None) -> int:
    """The user has seen their notices: all, up to an id, or those about a task; how many were new."""
    which = [Notice.user_id == user_id, Notice.read_at.is_(None)]
    if until is not None:
        which.append(Notice.id <= until)
    if task_id is not None:
        which.append(Notice.task_id == task_id)
    statement = update(Notice).where(*which).values(read_at=clock.now())
    return int(session().execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def open_one(user_id: str, notice_id: str) -> str:
    """The user has seen this one, which is about no task; answers the page of what it is about. Raises NotFound."""
    found = session().get(Notice, notice_id)
    if found is None or found.user_id != user_id or found.path is None:
        raise NotFound(notice=notice_id)
    found.read_at = found.read_at or clock.now()
    return found.path


def last_of(kind: NoticeKind, task_id: str, by_id: str) -> datetime | None:
    """When somebody last told others so of a task."""
    which = (Notice.task_id == task_id, Notice.kind == kind.value, Notice.by_id == by_id)
    return session().scalar(select(func.max(Notice.at)).where(*which))


def forget_old() -> int:
    """Delete notices past their time, a bounded number; how many."""
    old = select(Notice.id).where(Notice.at < clock.now() - KEPT).limit(AT_ONCE)
    gone = session().execute(delete(Notice).where(Notice.id.in_(old)).execution_options(synchronize_session=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]
