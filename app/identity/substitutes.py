"""Who stands in for whom: reads, and the rule that nobody ends up standing in for themselves.

A substitute acts in their own name, on behalf of the other, and only with tasks; they get none of the other's rights.
It is not passed on: A named B, who knows A's work, and not whomever B names, so B's substitute does not act for A.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.registry import Registry
from app.identity.models import Substitution, User

process_names: Registry[Callable[[], Mapping[str, Mapping[str, str]]]] = Registry("names of processes")
"""`@process_names.register("process")`: key → {"en", "zh"} of the processes a substitute can be limited to."""


@dataclass(frozen=True)
class Principal:
    """Somebody one stands in for today, with what they may take and how far it goes."""

    id: str
    """Of the substitution."""
    user_id: str
    name: str
    roles: frozenset[str]
    last_day: date
    process_key: str | None
    role: str | None


def principals_of(substitute_id: str, day: date | None = None) -> list[Principal]:
    """Whom the user stands in for on a day (today without one), by name. One statement, by an index.

    Nobody stands in for, or as, somebody who may not sign in.
    """
    day, substitute = day or clock.today(), aliased(User)
    statement = (
        select(Substitution, User)
        .join(User, User.id == Substitution.user_id)
        .join(substitute, substitute.id == Substitution.substitute_id)
        .where(
            Substitution.substitute_id == substitute_id,
            Substitution.ended_at.is_(None),
            Substitution.last_day >= day,
            Substitution.first_day <= day,
            User.active.is_(True),
            substitute.active.is_(True),
        )
        .order_by(User.name, Substitution.id)
    )
    return [
        Principal(one.id, user.id, user.name, frozenset(user.roles), one.last_day, one.process_key, one.role)
        for one, user in session().execute(statement)
    ]


def get_substitution(substitution_id: str) -> Substitution:
    """The substitution. Raises NotFound."""
    found = session().get(Substitution, substitution_id)
    if found is None:
        raise NotFound(what="substitution", id=substitution_id)
    return found


@dataclass(frozen=True)
class Line:
    """A substitution with the names of both, ready to be shown. `state`: current, coming, past, ended."""

    one: Substitution
    name: str
    substitute: str
    state: str


def lines(rows: Iterable[Any]) -> list[Line]:
    """Rows of `substitutions` as lines."""
    today = clock.today()
    return [Line(one, name, substitute, state_of(one, today)) for one, name, substitute in rows]


def state_of(one: Substitution, today: date) -> str:
    """`ended` (early), `coming`, `current` or `past`."""
    if one.ended_at is not None:
        return "ended"
    if one.first_day > today:
        return "coming"
    return "current" if one.last_day >= today else "past"


def substitutions(*, user_id: str | None = None, substitute_id: str | None = None) -> Any:
    """(Substitution, name, substitute's name), the latest first; to be paged."""
    substitute = aliased(User)
    statement: Any = (
        select(Substitution, User.name, substitute.name)
        .join(User, User.id == Substitution.user_id)
        .join(substitute, substitute.id == Substitution.substitute_id)
        .order_by(Substitution.last_day.desc(), Substitution.id.desc())
    )
    if user_id is not None:
        statement = statement.where(Substitution.user_id == user_id)
    if substitute_id is not None:
        statement = statement.where(Substitution.substitute_id == substitute_id)
    return statement


def people() -> list[Any]:
    """(id, name, login) of everybody who may sign in, by name."""
    columns = select(User.id, User.name, User.login).where(User.active.is_(True))
    return list(session().execute(columns.order_by(User.name, User.login)))


@dataclass(frozen=True)
class Edge:
    """Somebody is stood in for by somebody, from day to day inclusive."""

    user_id: str
    substitute_id: str
    first_day: date
    last_day: date


def overlapping(first_day: date, last_day: date) -> list[Edge]:
    """All that are in force on one of these days. One statement."""
    statement = select(
        Substitution.user_id, Substitution.substitute_id, Substitution.first_day, Substitution.last_day
    ).where(Substitution.ended_at.is_(None), Substitution.last_day >= first_day, Substitution.first_day <= last_day)
    return [Edge(*row) for row in session().execute(statement)]


def circle(new: Edge, others: Sequence[Edge]) -> list[str]:
    """Whoever a circle would go through on some day with the new one, its user first; empty when there is none.

    Only days on which one of them begins need be looked at: between those nothing is added.
    """
    days = {new.first_day, *(one.first_day for one in others if new.first_day <= one.first_day <= new.last_day)}
    for day in sorted(days):
        next_ones: dict[str, list[str]] = {}
        for one in others:
            if one.first_day <= day <= one.last_day:
                next_ones.setdefault(one.user_id, []).append(one.substitute_id)
        found = _way(next_ones, new.substitute_id, new.user_id)
        if found:
            return [new.user_id, *found]
    return []


def _way(next_ones: Mapping[str, Sequence[str]], start: str, goal: str) -> list[str]:
    """The way from start to goal, both included."""
    came_from: dict[str, str | None] = {start: None}
    todo = [start]
    while todo:
        here = todo.pop(0)
        if here == goal:
            way, at = [], came_from[here]
            while at is not None:
                way.append(at)
                at = came_from[at]
            return [*reversed(way), goal]
        for following in next_ones.get(here, ()):
            if following not in came_from:
                came_from[following] = here
                todo.append(following)
    return []


def process_choices() -> dict[str, Mapping[str, str]]:
    """Key → name of the processes there are."""
    return {key: name for kind in process_names for key, name in sorted(process_names.get(kind)().items())}


def between(user_id: str, substitute_id: str, first_day: date, last_day: date) -> list[Substitution]:
    """Those of these two that are in force on one of the days."""
    statement = select(Substitution).where(
        Substitution.user_id == user_id,
        Substitution.substitute_id == substitute_id,
        Substitution.ended_at.is_(None),
        Substitution.last_day >= first_day,
        Substitution.first_day <= last_day,
    )
    return list(session().scalars(statement))
