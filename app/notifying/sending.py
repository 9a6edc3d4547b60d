"""Handing messages over, outside any transaction, in threads of the worker.

A message is claimed for a while (`ready_at` moves on, `attempts` grows) and handed over; then what came of it is
written. SMTP knows no ids by which a server would refuse a second copy, so *sending again* and *never twice* cannot
both be had: just before the content goes out, after the server has said that it wants it, `handed_at` is committed. A
worker that is killed before that moment leaves a message that is sent again; one that is killed between it and the
server's receipt (milliseconds) leaves an `unsure` one, which only a person sends again. The same holds for a connection
that breaks there. A push message may be sent twice: the device shows it once, by its tag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.db import in_transaction, session, transaction
from app.core.errors import Conflict, NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.notifying.models import Channel, Letter, LetterStatus
from app.notifying.permissions import LETTER_SEND
from app.notifying.sources import mail_server

LEASE = timedelta(minutes=2)
"""How long a worker has a message; each ends within seconds (timeouts of the connection)."""
BACKOFF = (60, 300, 900, 3600, 10800, 21600, 43200)
"""Seconds after the first, second … failure; then it has failed for good, a day later."""
AT_ONCE = 10
LONGEST_ERROR = 500


class NotSendable(Conflict):
    """It waits, was sent, or its device is gone."""

    message = _l("Only a message that was not sent, or may not have arrived, can be sent again.")


@dataclass(frozen=True)
class Claim:
    """A message in hand, as it was read; `turn` must still be the row's to write anything."""

    id: str
    turn: int
    target: str
    subject: str
    text: str
    html: str
    language: str


def claim(channel: Channel, limit: int = AT_ONCE) -> list[Claim]:
    """Take what is due, oldest first; one read when nothing is. Interrupted hand-overs become unsure here."""
    now = clock.now()
    due = select(Letter).where(Letter.channel == channel.value, Letter.ready_at <= now).order_by(Letter.ready_at)
    if not in_transaction():
        with transaction(write=False):
            if session().execute(due.with_only_columns(Letter.id).limit(1)).first() is None:
                return []
    taken = []
    with transaction():
        for letter in session().scalars(due.limit(limit).with_for_update(skip_locked=True)):
            if letter.handed_at is not None and channel == Channel.MAIL:
                _end(letter, LetterStatus.UNSURE, "The worker ended while the message was handed over.")
                continue
            letter.attempts += 1
            letter.ready_at = now + LEASE
            taken.append(_in_hand(letter))
    return taken


def _in_hand(letter: Letter) -> Claim:
    return Claim(letter.id, letter.attempts, letter.target, letter.subject, letter.text, letter.html, letter.language)


def hand_over(one: Claim) -> bool:
    """From this commit on the other side may have it; False when somebody else has the message now."""
    with transaction():
        letter = _mine(one)
        if letter is None:
            return False
        letter.handed_at = clock.now()
        return True


def sent(one: Claim) -> None:
    """The other side has it."""
    _finish(one, lambda letter: _end(letter, LetterStatus.SENT, None))


def failed(one: Claim, error: str) -> None:
    """It will never be taken."""
    _finish(one, lambda letter: _end(letter, LetterStatus.FAILED, error))


def unsure(one: Claim, error: str) -> None:
    """Nobody can know."""
    _finish(one, lambda letter: _end(letter, LetterStatus.UNSURE, error))


def later(one: Claim, error: str, *, wait: int = 0) -> None:
    """Not now: try again after a pause (at least `wait` seconds), or it has failed when that was the last time."""

    def put_off(letter: Letter) -> None:
        if letter.attempts > len(BACKOFF):
            return _end(letter, LetterStatus.FAILED, error)
        letter.handed_at, letter.error = None, error[:LONGEST_ERROR]
        letter.ready_at = clock.now() + timedelta(seconds=max(BACKOFF[letter.attempts - 1], min(wait, 86400)))
        return None

    _finish(one, put_off)


def _finish(one: Claim, write: Callable[[Letter], None]) -> None:
    with transaction():
        letter = _mine(one)
        if letter is not None:
            write(letter)


def _mine(one: Claim) -> Letter | None:
    found = select(Letter).where(Letter.id == one.id, Letter.attempts == one.turn, Letter.ready_at.is_not(None))
    return session().scalar(found.with_for_update())


def _end(letter: Letter, status: LetterStatus, error: str | None) -> None:
    letter.status, letter.done_at, letter.ready_at = status, clock.now(), None
    letter.error = error[:LONGEST_ERROR] if error else None


def get_letter(letter_id: str) -> Letter:
    """The message. Raises NotFound."""
    found = session().get(Letter, letter_id)
    if found is None:
        raise NotFound(letter=letter_id)
    return found


def send_again(actor: Actor, letter_id: str) -> Letter:
    """A person wants it sent (once more). Raises NotFound, NotSendable."""
    actor.must(LETTER_SEND)
    letter = get_letter(letter_id)
    session().refresh(letter, with_for_update=True)
    if letter.status not in (LetterStatus.FAILED, LetterStatus.UNSURE, LetterStatus.KEPT) or not letter.text:
        raise NotSendable(letter=letter_id)
    if letter.channel == Channel.MAIL and mail_server() is None:
        raise NoMailServer(letter=letter_id)
    was = letter.status
    letter.status, letter.ready_at, letter.handed_at, letter.done_at = LetterStatus.WAITING, clock.now(), None, None
    letter.attempts += 1
    session().flush()
    record(actor, "letter:again", Subject("user", letter.user_id), letter=letter.id, title=letter.subject, was=was)
    return letter


class NoMailServer(Conflict):
    """Nothing can be sent by e-mail."""

    message = _l("No mail server is set (SMTP_HOST), so this can only be shown.")
