"""Naming a substitute, and ending it."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import NamedTuple

from app.audit.service import record
from app.core import clock, ids, locks
from app.core.db import session
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity import queries, substitutes
from app.identity.models import Substitution, User
from app.identity.permissions import SUBSTITUTE_MANAGE
from app.identity.roles import ROLES

LONGEST_DAYS = 366
LONGEST_REASON = 500
_TURN = "substitutes"
"""Two who name each other at the same moment must not both succeed."""


class SubstitutionEnded(Conflict):
    """It is over, or was ended before."""

    message = _l("This substitution is over already.")


class NotYourSubstitution(Forbidden):
    """Only the two it is about and managers may end it."""

    message = _l("This substitution is about other people.")


class Scope(NamedTuple):
    """What a substitute is limited to; both None: everything."""

    process_key: str | None = None
    role: str | None = None


def name_substitute(
    actor: Actor,
    user_id: str,
    substitute_id: str,
    *,
    first_day: date | None,
    last_day: date | None,
    scope: Scope = Scope(),  # noqa: B008 - immutable
    reason: str = "",
) -> Substitution:
    """`substitute_id` stands in for `user_id` on these business days, both included.

    For others only with the right, and with a reason. Raises Invalid (user_id, substitute_id, first_day, last_day,
    scope, reason), NotFound, NotPermitted.
    """
    if actor.id != user_id:
        actor.must(SUBSTITUTE_MANAGE)
    user = queries.get_user(user_id)
    wrong = _wrong_words(actor, user, scope, reason)
    wrong |= _wrong_days(first_day, last_day)
    substitute = session().get(User, substitute_id) if substitute_id else None
    if substitute is None:
        wrong["substitute_id"] = [_("Choose who stands in.")]
    elif substitute.id == user.id:
        wrong["substitute_id"] = [_("Nobody can stand in for themselves.")]
    elif not substitute.active:
        wrong["substitute_id"] = [_("%(name)s may not sign in, so they cannot stand in.", name=substitute.name)]
    if wrong or substitute is None or first_day is None or last_day is None:
        raise Invalid(wrong)
    locks.alone(_TURN)
    new = substitutes.Edge(user.id, substitute.id, first_day, last_day)
    _refuse_circle(new)
    _refuse_twice(new, scope)
    made = Substitution(
        id=ids.new_id(),
        user_id=user.id,
        substitute_id=substitute.id,
        first_day=first_day,
        last_day=last_day,
        process_key=scope.process_key,
        role=scope.role,
        reason=reason.strip(),
        set_by=actor.id,
        set_at=clock.now(),
    )
    session().add(made)
    session().flush()
    _tell(actor, "substitute:name", made, user=user, substitute=substitute)
    return made


def _wrong_words(actor: Actor, user: User, scope: Scope, reason: str) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if not user.active:
        wrong["user_id"] = [_("%(name)s may not sign in, so nobody can stand in for them.", name=user.name)]
    if scope.process_key is not None and scope.process_key not in substitutes.process_choices():
        wrong["scope"] = [_("Choose one of the processes or groups.")]
    if scope.role is not None and (scope.role not in ROLES or scope.role not in user.roles):
        wrong["scope"] = [_("%(name)s is not in this group.", name=user.name)]
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in reason):
        wrong["reason"] = [_("Contains a character that cannot be shown.")]
    elif len(reason.strip()) > LONGEST_REASON:
        wrong["reason"] = [_("Must have %(least)s to %(most)s characters.", least=0, most=LONGEST_REASON)]
    elif actor.id != user.id and not reason.strip():
        wrong["reason"] = [_("Say why you do this for somebody else.")]
    return wrong


def _wrong_days(first_day: date | None, last_day: date | None) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if first_day is None:
        wrong["first_day"] = [_("Choose a day.")]
    if last_day is None:
        wrong["last_day"] = [_("Choose a day.")]
    elif last_day < clock.today():
        wrong["last_day"] = [_("This day is over.")]
    elif first_day is not None and last_day < first_day:
        wrong["last_day"] = [_("Must not be before the first day.")]
    elif first_day is not None and (last_day - first_day).days >= LONGEST_DAYS:
        wrong["last_day"] = [_("At most %(days)s days at once.", days=LONGEST_DAYS)]
    return wrong


def _refuse_circle(new: substitutes.Edge) -> None:
    way = substitutes.circle(new, substitutes.overlapping(new.first_day, new.last_day))
    if way:
        names = queries.names_of(way)
        told = " → ".join(names.get(one, one) for one in way)
        raise Invalid({"substitute_id": [_("They would stand in for each other in a circle: %(way)s.", way=told)]})


def _refuse_twice(new: substitutes.Edge, scope: Scope) -> None:
    there = substitutes.between(new.user_id, new.substitute_id, new.first_day, new.last_day)
    if any((one.process_key, one.role) == scope for one in there):
        raise Invalid({"first_day": [_("They stand in for the same on some of these days already.")]})


def end_substitution(actor: Actor, substitution_id: str) -> Substitution:
    """It ends now, or never begins. By the two it is about, or who may for others.

    Raises NotFound, NotYourSubstitution, SubstitutionEnded.
    """
    one = substitutes.get_substitution(substitution_id)
    if actor.id not in (one.user_id, one.substitute_id) and not actor.may(SUBSTITUTE_MANAGE):
        raise NotYourSubstitution(id=substitution_id)
    session().refresh(one, with_for_update=True)
    if substitutes.state_of(one, clock.today()) not in ("current", "coming"):
        raise SubstitutionEnded(id=substitution_id)
    one.ended_at, one.ended_by = clock.now(), actor.id
    session().flush()
    _tell(
        actor, "substitute:end", one, user=queries.get_user(one.user_id), substitute=queries.get_user(one.substitute_id)
    )
    return one


def _tell(actor: Actor, action: str, one: Substitution, *, user: User, substitute: User) -> None:
    record(
        actor,
        action,
        Subject("user", user.id),
        login=user.login,
        substitution=one.id,
        substitute=substitute.id,
        substitute_name=substitute.name,
        first_day=one.first_day,
        last_day=one.last_day,
        process=one.process_key,
        group=one.role,
        reason=one.reason,
    )
