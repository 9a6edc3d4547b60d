"""From notices to messages.

What somebody is told in a transaction becomes a job of that transaction; the job, after the commit, writes the messages
to be sent. So a notice that was rolled back is told to nobody, and one that was committed exactly once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from app.core import clock, ids, jobs
from app.core.db import session
from app.core.jobs import Job, NewJob
from app.core.permissions import Actor
from app.identity.models import User
from app.identity.queries import names_of
from app.notifying import wording
from app.notifying.models import Channel, Letter, LetterStatus, PushDevice
from app.notifying.sources import mail_server
from app.notifying.wishes import DIGEST, NOW, Wishes, wishes_of
from app.notifying.wording import News, Words
from app.tasks.models import Task
from app.tasks.notices import on_notified
from app.tasks.records import Notice

KEPT = timedelta(days=30)
"""How long a message is kept."""
AT_ONCE = 2000
GATHER, SEND_DIGEST = "notifying.gather", "notifying.digest"


@on_notified.register("notifying")
def gather_soon(notice_ids: Sequence[str]) -> None:
    """A job in the transaction that told somebody."""
    jobs.schedule([NewJob(GATHER, clock.now(), GATHER, notice_ids[0], payload={"notices": list(notice_ids)})])


@jobs.handler.register(GATHER)
def gather(job: Job) -> None:
    """Write a message for every notice that somebody wants to be told outside, or note it for their digest."""
    news = _unread(job.payload["notices"])
    users = _users(one.notice.user_id for one in news)
    wishes, devices = wishes_of(users), _devices(users)
    together: dict[str, list[str]] = defaultdict(list)
    for one in news:
        user = users.get(one.notice.user_id)
        if user is None:
            continue
        wished = wishes[user.id]
        way = wished.mail.get(one.notice.kind, NOW) if user.email else ""
        if way == NOW:
            write(user, Channel.MAIL, str(user.email), wording.letter(user, [one]), [one.notice.id])
        elif way == DIGEST:
            together[user.id].append(one.notice.id)
        if one.notice.kind in wished.push:
            for device in devices[user.id]:
                write(user, Channel.PUSH, device.id, wording.push(user, one), [one.notice.id])
    for user_id, found in together.items():
        _note(users[user_id], wishes[user_id], found)
    session().flush()


def write(user: User, channel: Channel, target: str, words: Words, notices: Sequence[str]) -> Letter:
    """A message that is sent after the commit; without a mail server an e-mail is only kept."""
    kept = channel == Channel.MAIL and mail_server() is None
    made = _blank(user, channel, target, notices)
    made.subject, made.text, made.html = words.subject, words.text, words.html
    made.status = LetterStatus.KEPT if kept else LetterStatus.WAITING
    made.ready_at = None if kept else clock.now()
    session().add(made)
    return made


def _blank(user: User, channel: Channel, target: str, notices: Sequence[str]) -> Letter:
    return Letter(
        id=ids.new_id(),
        user_id=user.id,
        channel=channel.value,
        target=target,
        language=wording.language_of(user),
        subject="",
        text="",
        html="",
        notice_ids=list(notices),
        attempts=0,
        created_at=clock.now(),
    )


def _note(user: User, wishes: Wishes, notices: Sequence[str]) -> None:
    """Into the digest that the user is to get next; the first notice begins one."""
    open_one = gathering_of(user.id, lock=True)
    if open_one is not None:
        open_one.notice_ids = [*open_one.notice_ids, *notices]
        return
    begun = _blank(user, Channel.MAIL, str(user.email), notices)
    begun.status = LetterStatus.GATHERING
    session().add(begun)
    session().flush()
    _plan(begun, wishes.next_digest(clock.now()))


def _plan(digest: Letter, at: datetime) -> None:
    jobs.schedule([NewJob(SEND_DIGEST, at, SEND_DIGEST, digest.id)])


def gathering_of(user_id: str, *, lock: bool = False) -> Letter | None:
    """The user's digest that still collects."""
    found = select(Letter).where(Letter.user_id == user_id, Letter.status == LetterStatus.GATHERING)
    return session().scalar(found.with_for_update() if lock else found)


def plan_anew(actor: Actor, wishes: Wishes) -> None:
    """The actor changed when digests come: the one that collects comes then too."""
    digest = gathering_of(actor.id, lock=True)
    if digest is not None:
        jobs.cancel_of(SEND_DIGEST, digest.id)
        _plan(digest, wishes.next_digest(clock.now()))


@jobs.handler.register(SEND_DIGEST)
def send_digest(job: Job) -> None:
    """Write the digest of what is still unread; without any it is dropped."""
    digest = session().get(Letter, job.source_id)
    if digest is None or digest.status != LetterStatus.GATHERING:
        return
    news, user = _unread(digest.notice_ids), _users([digest.user_id]).get(digest.user_id)
    if not news or user is None or not user.email:
        digest.status, digest.done_at = LetterStatus.DROPPED, clock.now()
        return
    words = wording.letter(user, news, digest=True)
    digest.target, digest.language = user.email, wording.language_of(user)
    digest.subject, digest.text, digest.html = words.subject, words.text, words.html
    digest.notice_ids = [one.notice.id for one in news]
    kept = mail_server() is None
    digest.status = LetterStatus.KEPT if kept else LetterStatus.WAITING
    digest.ready_at = None if kept else clock.now()


def _unread(notice_ids: Sequence[str]) -> list[News]:
    """Those not read yet, as they came, with tasks and names. Two statements."""
    found: Any = select(Notice, Task).outerjoin(Task, Task.id == Notice.task_id)
    rows = session().execute(found.where(Notice.id.in_(notice_ids), Notice.read_at.is_(None)).order_by(Notice.id))
    pairs = [(row[0], row[1]) for row in rows]
    names = names_of(str(notice.by_id) for notice, _task in pairs if notice.by_id)
    return [News(notice, task, names.get(str(notice.by_id), "Youxu")) for notice, task in pairs]


def _users(user_ids: Iterable[str]) -> dict[str, User]:
    """Those who may still sign in."""
    wanted = list(dict.fromkeys(user_ids))
    found = session().scalars(select(User).where(User.id.in_(wanted), User.active.is_(True)))
    return {user.id: user for user in found}


def _devices(user_ids: Iterable[str]) -> dict[str, list[PushDevice]]:
    found: dict[str, list[PushDevice]] = defaultdict(list)
    for device in session().scalars(select(PushDevice).where(PushDevice.user_id.in_(list(user_ids)))):
        found[device.user_id].append(device)
    return found


def try_out(actor: Actor) -> list[Letter]:
    """A trial message to the actor's own address and devices."""
    user = session().get_one(User, actor.id)
    mail, push = wording.trial(user)
    made = [write(user, Channel.MAIL, user.email, mail, [])] if user.email else []
    made += [write(user, Channel.PUSH, device.id, push, []) for device in _devices([user.id])[user.id]]
    session().flush()
    return made


def forget_old() -> int:
    """Delete messages past their time, a bounded number; how many."""
    old = select(Letter.id).where(Letter.created_at < clock.now() - KEPT, Letter.ready_at.is_(None))
    old = old.where(Letter.status != LetterStatus.GATHERING).limit(AT_ONCE)
    gone = session().execute(delete(Letter).where(Letter.id.in_(old)).execution_options(synchronize_session=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]
