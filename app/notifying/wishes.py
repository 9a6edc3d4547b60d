"""How somebody wants to be told: by which way, of which kind of notice, at once or together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor
from app.notifying.models import NoticeWish
from app.tasks.records import NoticeKind

NOW, DIGEST, NONE = "now", "digest", "none"
WAYS: dict[str, LazyString] = {NOW: _l("at once"), DIGEST: _l("in a digest"), NONE: _l("not at all")}
HOURLY, DAILY = "hourly", "daily"
RHYTHMS: dict[str, LazyString] = {HOURLY: _l("every hour"), DAILY: _l("once a day")}
HOUR = 8

KINDS: dict[str, LazyString] = {
    NoticeKind.ASSIGN.value: _l("A task is given to me"),
    NoticeKind.DELEGATE.value: _l("Somebody asks me to do their task"),
    NoticeKind.RESOLVE.value: _l("What I asked for is done"),
    NoticeKind.URGE.value: _l("I am urged"),
    NoticeKind.MENTION.value: _l("I am mentioned"),
    NoticeKind.ESCALATE.value: _l("A task was not done in time"),
    NoticeKind.REMIND.value: _l("Half of the time has passed"),
    NoticeKind.COPY.value: _l("I am copied in"),
    NoticeKind.BACK.value: _l("A task I put off is back"),
    NoticeKind.START.value: _l("A task that was to wait can be done"),
    NoticeKind.REVIEW.value: _l("A draft waits for my review"),
    NoticeKind.EXPIRY.value: _l("A paper lapses soon"),
    NoticeKind.CHANGE.value: _l("An order that concerns me is changed"),
    NoticeKind.RISK.value: _l("Orders that I can help may come late"),
    NoticeKind.GONE.value: _l("A task of mine goes on without me"),
    NoticeKind.COMPLAINT.value: _l("A customer complains of goods"),
    NoticeKind.SIGNAL.value: _l("Complaints and nonconformances of goods add up"),
    NoticeKind.LATE.value: _l("A shipment is not fetched, or does not arrive"),
}
"""Kinds of notices as their reader thinks of them."""
CALM = (NoticeKind.REMIND, NoticeKind.COPY)
"""Those that by themselves can wait for a digest."""


@dataclass(frozen=True)
class Wishes:
    """What somebody wished, complete."""

    mail: Mapping[str, str] = field(default_factory=lambda: {kind: DIGEST if kind in CALM else NOW for kind in KINDS})
    push: frozenset[str] = frozenset(KINDS) - {NoticeKind.COPY}
    digest: str = DAILY
    hour: int = HOUR

    def next_digest(self, after: datetime) -> datetime:
        """When the digest that is begun then is sent."""
        local = clock.local(after)
        if self.digest == HOURLY:
            return after + timedelta(hours=1)
        due = local.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return due if due > local else due + timedelta(days=1)


DEFAULT = Wishes()


def wishes_of(user_ids: Iterable[str]) -> dict[str, Wishes]:
    """By user; those who never said have the default. One statement."""
    wanted = list(dict.fromkeys(user_ids))
    found = session().scalars(select(NoticeWish).where(NoticeWish.user_id.in_(wanted)))
    said = {row.user_id: _of(row) for row in found}
    return {user: said.get(user, DEFAULT) for user in wanted}


def _of(row: NoticeWish) -> Wishes:
    return Wishes({**DEFAULT.mail, **row.mail}, frozenset(row.push), row.digest, row.hour)


def wish(actor: Actor, *, mail: Mapping[str, str], push: Sequence[str], digest: str, hour: int | None) -> Wishes:
    """The actor's own wish, from now on. Raises Invalid."""
    wrong: dict[str, list[str]] = {}
    for kind, way in mail.items():
        if kind not in KINDS or way not in WAYS:
            wrong[f"mail-{kind}"[:60]] = [_("Choose one of the list.")]
    if set(push) - set(KINDS):
        wrong["push"] = [_("Choose one of the list.")]
    if digest not in RHYTHMS:
        wrong["digest"] = [_("Choose one of the list.")]
    if hour is None or not 0 <= hour <= 23:
        wrong["hour"] = [_("Must be a whole hour from 0 to 23.")]
    if wrong or hour is None:
        raise Invalid(wrong)
    row = session().get(NoticeWish, actor.id)
    if row is None:
        row = NoticeWish(user_id=actor.id, mail={}, push=[], digest=digest, hour=hour)
        session().add(row)
    row.mail, row.push, row.digest, row.hour = dict(mail), sorted(set(push)), digest, hour
    session().flush()
    return _of(row)
