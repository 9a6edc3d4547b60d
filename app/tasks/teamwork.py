"""Working on a task together: put off, hand over, delegate, urge, copy, say, attach. Who may is decided here.

Whoever has a task may put it off, hand it over or delegate it, to people who could take it themselves, so that neither
four eyes nor the groups are got round. Who may see a task may comment on it and copy people in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import func, insert, select

from app.audit.service import record
from app.core import clock, kept
from app.core.db import session
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.identity.queries import names_of
from app.tasks import managing, notices
from app.tasks.models import Task, TaskAttachment, TaskComment, TaskExtra, TaskStatus
from app.tasks.naming import active_users, mentions_in, people_named
from app.tasks.notices import notify, people_of
from app.tasks.permissions import TASK_MANAGE
from app.tasks.queries import candidates_of, get_task, may_see
from app.tasks.records import NoticeKind, TaskCopy

URGE_PAUSE = timedelta(hours=4)
"""Somebody may urge again about the same task after this long."""
FARTHEST = timedelta(days=366)
MOST_COPIED, MOST_FILES = 20, 20
LONGEST = 4000
"""Characters of a comment."""
LARGEST = 5 * 1024 * 1024
"""Bytes of an attachment."""
MAGIC: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".pdf": ("application/pdf", (b"%PDF-",)),
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    ".txt": ("text/plain", ()),
    ".csv": ("text/csv", ()),
}
"""Ending → type, and how such a file begins (text: anything that is UTF-8)."""


class NotHolder(Forbidden):
    """Only who has the task may do this with it."""

    message = _l("Only who has the task can do this. Take it first.")


class NotForYou(Forbidden):
    """The actor may not see the task."""

    message = _l("This task is for other people.")


class CannotTake(Conflict):
    """The person is not one of those who may do the task."""

    message = _l("%(who)s cannot take this task: it is for other people, or four eyes are needed.")


class NotYours(Forbidden):
    """Somebody else's order, comment or file."""

    message = _l("Only who submitted the order can urge.")


class UrgedLately(TooMany):
    """The same person urged a short while ago."""

    message = _l("You have urged already. You can do it again in %(minutes)s minutes.")


class NotDelegated(Conflict):
    """There is nobody to give the task back to."""

    message = _l("This task was not delegated to you.")


class FileRefused(Invalid):
    """The attachment is too large, of a kind that is not taken, or not what its name says."""


class TooManyFiles(Conflict):
    """A task has a bounded number of attachments."""

    message = _l("A task can have %(most)s attachments at most.")


def open_for(actor: Actor, task_id: str) -> Task:
    """The open task the actor has. Raises NotFound, TaskClosed, NotHolder."""
    task = managing.open_task_of(task_id)
    if task.assignee_id != actor.id:
        raise NotHolder(task=task_id)
    return task


def seen_by(actor: Actor, task_id: str) -> Task:
    """The task, if the actor may see it. Raises NotFound, NotForYou."""
    task = get_task(task_id)
    if not may_see(actor, task):
        raise NotForYou(task=task_id)
    return task


def put_off(actor: Actor, task_id: str, until: datetime | None) -> None:
    """It leaves the list of who has it until then; None brings it back. Its due time runs on.

    Raises NotFound, TaskClosed, NotHolder, Invalid (`follow_up_at`: not within a year from now).
    """
    open_for(actor, task_id)
    now = clock.now()
    if until is not None and not now < until <= now + FARTHEST:
        raise Invalid({"follow_up_at": [_("Choose a moment within the next year.")]})
    managing.describe(actor, task_id, {"follow_up_at": until}, due_at=None, name=None)


def hand_over(actor: Actor, task_id: str, user_id: str) -> None:
    """Somebody else has it now; who may manage tasks does it with anybody's.

    Raises NotFound, TaskClosed, NotHolder, CannotTake, FourEyes.
    """
    task = managing.open_task_of(task_id)
    if task.assignee_id != actor.id and not actor.may(TASK_MANAGE):
        raise NotHolder(task=task_id)
    _refuse_unless_taker(task, user_id)
    extra = managing.extra_of(task_id)
    if extra is not None and extra.follow_up_at is not None:
        managing.describe(actor, task_id, {"follow_up_at": None}, due_at=None, name=None)
    managing.assign(actor, task_id, user_id)
    notify(actor, NoticeKind.ASSIGN, task_id, [user_id])


def delegate(actor: Actor, task_id: str, user_id: str) -> None:
    """Somebody else does it, and it comes back. Raises as `hand_over` does."""
    task = open_for(actor, task_id)
    _refuse_unless_taker(task, user_id)
    extra = managing.extra_of(task_id)
    if extra is not None and extra.delegation != "pending" and extra.owner_id not in (None, actor.id):
        managing.set_owner(actor, task_id, actor.id)  # an owner of before: it must come back to who asks now
    managing.delegate(actor, task_id, user_id)
    notify(actor, NoticeKind.DELEGATE, task_id, [user_id])


def resolve(actor: Actor, task_id: str) -> None:
    """What was delegated to the actor is done: back to its owner.

    Raises NotFound, TaskClosed, NotHolder, NotDelegated.
    """
    open_for(actor, task_id)
    extra = managing.extra_of(task_id)
    if extra is None or extra.delegation != "pending" or extra.owner_id in (None, actor.id):
        raise NotDelegated(task=task_id)
    managing.resolve(actor, task_id)
    notify(actor, NoticeKind.RESOLVE, task_id, [str(extra.owner_id)])


def _refuse_unless_taker(task: Task, user_id: str) -> None:
    if user_id == task.assignee_id or user_id not in notices.candidates(task.id):
        who = names_of([user_id]) if user_id.isascii() and user_id.isalnum() else {}
        raise CannotTake(who=who.get(user_id, _("This person")))


def urge(actor: Actor, task_id: str) -> list[str]:
    """Ask those who should do it to hurry; answers whom.

    Raises NotFound, NotForYou, TaskClosed, NotYours (neither submitted nor managed by the actor), UrgedLately (429).
    """
    task = _locked(actor, task_id)
    if actor.id != task.initiator_id and not actor.may(TASK_MANAGE):
        raise NotYours(task=task_id)
    last = notices.last_of(NoticeKind.URGE, task_id, actor.id)
    left = (last + URGE_PAUSE - clock.now()) if last else timedelta()
    if left > timedelta():
        seconds = int(left.total_seconds()) + 1
        raise UrgedLately(retry_after=seconds, minutes=-(-seconds // 60))
    told = notify(actor, NoticeKind.URGE, task_id, people_of(task))
    record(actor, "task:urge", task.subject, task=task_id, element=task.element_id, told=told)
    return told


def _locked(actor: Actor, task_id: str) -> Task:
    """The open task the actor may see; nobody else changes it until the transaction ends."""
    session().execute(select(Task.id).where(Task.id == task_id).with_for_update())
    seen_by(actor, task_id)
    return managing.open_task_of(task_id)


def copy_to(actor: Actor, task_id: str, logins: Sequence[str], text: str | None = None) -> list[str]:
    """Let people read the task and tell them; answers the ids of those who were not copied in before.

    Raises NotFound, NotForYou, Invalid (`to`: nobody, too many, unknown logins).
    """
    task = seen_by(actor, task_id)
    return _copy(actor, task, list(people_named(logins, "to", MOST_COPIED).values()), NoticeKind.COPY, text)


def let_read(actor: Actor, task: Task, users: Sequence[str]) -> list[str]:
    """They may read the task, with its comments and files; answers those who could not before. Not recorded here."""
    had = set(session().scalars(select(TaskCopy.user_id).where(TaskCopy.task_id == task.id)))
    fresh = [user for user in users if user not in had and user != actor.id]
    if fresh:
        same = {"task_id": task.id, "by_id": actor.id, "at": clock.now()}
        session().execute(insert(TaskCopy), [{**same, "user_id": user} for user in fresh])
    return fresh


def _copy(actor: Actor, task: Task, users: Sequence[str], kind: NoticeKind, text: str | None) -> list[str]:
    fresh = let_read(actor, task, users)
    if fresh:
        record(actor, "task:copy", task.subject, task=task.id, element=task.element_id, to=fresh)
    notify(actor, kind, task.id, fresh if kind == NoticeKind.COPY else users, text)
    return fresh


def say(actor: Actor, task_id: str, message: str) -> TaskComment:
    """Comment on a task; who is mentioned (@login) is told, and copied in when they could not see it.

    Raises NotFound, NotForYou, Invalid (`message`).
    """
    task, said = seen_by(actor, task_id), message.strip()
    if not said or len(said) > LONGEST or "\x00" in said:
        raise Invalid({"message": [_("Write 1 to %(most)s characters.", most=LONGEST)]})
    made = managing.comment(actor, task, said)
    mentioned = mentions_in(said)
    users = list(active_users(mentioned[:MOST_COPIED]).values()) if mentioned else []
    users = [user for user in users if user != actor.id]
    if users:
        told = {task.assignee_id, task.initiator_id, *notices.candidates(task.id)}
        _copy(actor, task, [user for user in users if user not in told], NoticeKind.MENTION, said)
        notify(actor, NoticeKind.MENTION, task.id, [user for user in users if user in told], said)
    return made


def attach(actor: Actor, task_id: str, name: str, content: bytes) -> TaskAttachment:
    """Put a file to an open task. Who was only copied in cannot.

    Raises NotFound, NotForYou, TaskClosed, NotHolder, TooManyFiles, FileRefused (`file`).
    """
    task = _locked(actor, task_id)
    if not _takes_part(actor, task):
        raise NotHolder(task=task_id)
    kind = kind_of(name, content)
    have = session().scalar(select(func.count()).select_from(TaskAttachment).where(TaskAttachment.task_id == task_id))
    if (have or 0) >= MOST_FILES:
        raise TooManyFiles(most=MOST_FILES)
    given = {"name": plain_name(name), "kind": kind, "content_id": kept.keep(actor, content)}
    return managing.attach(actor, task, given)


def kind_of(name: str, content: bytes) -> str:
    """The type of a file that may be attached. Raises FileRefused."""
    ending = PurePath(name).suffix.lower()
    if not content:
        raise FileRefused({"file": [_("The file is empty.")]})
    if len(content) > LARGEST:
        raise FileRefused({"file": [_("The file is larger than %(most)s MiB.", most=LARGEST // 1024**2)]})
    if ending not in MAGIC:
        raise FileRefused(
            {"file": [_("Files of this kind are not taken. Take one of: %(kinds)s", kinds=" ".join(MAGIC))]}
        )
    kind, begins = MAGIC[ending]
    if not (content.startswith(begins) if begins else _is_text(content)):
        raise FileRefused(
            {"file": [_("The content is not what the name “%(name)s” says.", name=plain_name(name)[:80])]}
        )
    return kind


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False


def plain_name(name: str) -> str:
    """The last part of a file's name, without what a system could mistake for a place or an order."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(one if one.isprintable() and one not in '<>:"|?*' else "_" for one in last)[-200:]


def detach(actor: Actor, task_id: str, attachment_id: str) -> None:
    """Take an attachment away that the actor put there; who may manage tasks takes any. Raises NotFound, TaskClosed,
    NotHolder."""
    task, found = _locked(actor, task_id), attachment_of(task_id, attachment_id)
    if found.user_id != actor.id and not actor.may(TASK_MANAGE):
        raise NotHolder(task=task_id)
    managing.detach(actor, task, attachment_id)


def attachment_of(task_id: str, attachment_id: str) -> TaskAttachment:
    """An attachment of that task. Raises NotFound."""
    found = session().get(TaskAttachment, attachment_id)
    if found is None or found.task_id != task_id:
        raise NotFound(attachment=attachment_id)
    return found


def files_of(task_id: str) -> list[TaskAttachment]:
    """The attachments of a task, oldest first. One statement."""
    found: list[TaskAttachment] = _of(TaskAttachment, task_id, 1000)
    return found


def _takes_part(actor: Actor, task: Task) -> bool:
    if actor.id in (task.assignee_id, task.initiator_id) or actor.may(TASK_MANAGE):
        return True
    return actor.id in notices.candidates(task.id)


@dataclass(frozen=True)
class Together:
    """What the page of a task shows of working on it together."""

    extra: TaskExtra | None
    comments: list[TaskComment]
    files: list[TaskAttachment]
    copies: list[TaskCopy]
    names: dict[str, str]
    takers: dict[str, str]
    """Who could have it instead: id → name."""
    holds: bool
    can_manage: bool
    can_urge: bool
    can_attach: bool
    delegated_by: str | None
    """Name of who gets the task back, when it was delegated to the reader."""
    most_shown: int = 200


def together(actor: Actor, task: Task) -> Together:
    """All of it, for somebody who may see the task. A bounded number of statements."""
    is_open = task.status == TaskStatus.OPEN
    holds, manages = is_open and task.assignee_id == actor.id, actor.may(TASK_MANAGE)
    extra = managing.extra_of(task.id)
    comments = _of(TaskComment, task.id, Together.most_shown)
    files, copies = files_of(task.id), _of(TaskCopy, task.id, 1000)
    could = notices.candidates(task.id) if is_open else []
    owner = extra.owner_id if extra else None
    names = names_of(
        [*(one.user_id for one in (*comments, *files, *copies)), *could, owner or "", task.assignee_id or ""]
    )
    back = bool(holds and extra and extra.delegation == "pending" and owner not in (None, actor.id))
    return Together(
        extra=extra,
        comments=comments,
        files=files,
        copies=copies,
        names=names,
        takers={user: names.get(user, user) for user in could if user != task.assignee_id},
        holds=holds,
        can_manage=is_open and manages,
        can_urge=is_open and (actor.id == task.initiator_id or manages),
        can_attach=is_open and (manages or actor.id in (task.assignee_id, task.initiator_id) or actor.id in could),
        delegated_by=names.get(str(owner)) if back else None,
    )


def _of(model: Any, task_id: str, most: int) -> list[Any]:
    """The newest rows of a task, oldest first."""
    order = model.at.desc(), *(column.desc() for column in model.__table__.primary_key.columns)
    found = session().scalars(select(model).where(model.task_id == task_id).order_by(*order).limit(most))
    return list(found)[::-1]


def groups_asked(task_id: str) -> bool:
    """True when a task can be given back to a group."""
    return bool(candidates_of(task_id)["group"])
