"""Filters of the inbox, kept under names: making, renaming, sharing with a role, opening first, forgetting."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import func, or_, select, update

from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.i18n import _, _l, pick
from app.core.ids import new_id
from app.core.permissions import Actor
from app.fulfilment.worklist.models import InboxFilter
from app.fulfilment.worklist.wanted import Wanted, wanted_of
from app.identity.roles import ROLES
from app.tasks.lists import List
from app.tasks.permissions import TASK_READ_ALL

MOST = 20
"""Filters of one person."""
MOST_SHOWN = 40
"""Own and shared ones."""
LONGEST_NAME = 60
TABS: dict[str, List] = {"today": "today", "mine": "mine", "groups": "groups", "all": "all"}


class FilterNotFound(NotFound):
    """No filter of one's own has that id."""

    message = _l("There is no such filter of yours; perhaps it was deleted.")


class FilterNameTaken(Conflict):
    """Two filters of a person have different names."""

    message = _l("You have a filter “%(name)s” already. Choose another name.")


class TooManyFilters(Conflict):
    """Who wants more forgets one first."""

    message = _l("You have %(most)s filters, which is the most. Delete one first.")


class NotYourRole(Forbidden):
    """One shares with one's own groups."""

    message = _l("You can share a filter only with groups you belong to, not with “%(role)s”.")


def filters_for(actor: Actor) -> list[InboxFilter]:
    """The actor's own, then those shared with the actor's roles; each by name. One statement."""
    shared = InboxFilter.role.in_(sorted(actor.roles))
    statement = (
        select(InboxFilter)
        .where(or_(InboxFilter.owner_id == actor.id, shared))
        .order_by(InboxFilter.owner_id != actor.id, InboxFilter.name, InboxFilter.id)
        .limit(MOST_SHOWN)
    )
    return list(session().scalars(statement))


def opening(actor: Actor) -> InboxFilter | None:
    """The filter with which the actor's inbox opens."""
    wanted = select(InboxFilter).where(InboxFilter.owner_id == actor.id, InboxFilter.opens_first)
    return session().scalars(wanted.limit(1)).first()


def read(kept: InboxFilter) -> tuple[List, Wanted]:
    """The list and what is wanted of it."""
    found = dict(parse_qsl(kept.address))
    return TABS.get(found.get("tab", ""), "groups"), wanted_of(found)


def keep(
    actor: Actor, tab: str, wanted: Wanted, *, name: str, role: str = "", opens_first: bool = False
) -> InboxFilter:
    """Keep what is shown now. Raises Invalid, FilterNameTaken, TooManyFilters, NotYourRole."""
    count = session().scalar(select(func.count()).where(InboxFilter.owner_id == actor.id)) or 0
    if count >= MOST:
        raise TooManyFilters(most=MOST)
    made = InboxFilter(
        id=new_id(),
        owner_id=actor.id,
        address=urlencode({"tab": TABS.get(tab, "groups"), **wanted.address()})[:1000],
        made_at=clock.now(),
    )
    _describe(actor, made, name, role, opens_first=opens_first)
    session().add(made)
    session().flush()
    return made


def change(actor: Actor, filter_id: str, *, name: str, role: str = "", opens_first: bool = False) -> InboxFilter:
    """Another name, other readers, opening first or no more. Raises as `keep` does, and FilterNotFound."""
    found = _own(actor, filter_id)
    _describe(actor, found, name, role, opens_first=opens_first)
    session().flush()
    return found


def forget(actor: Actor, filter_id: str) -> None:
    """Delete it, also for those it was shared with. Raises FilterNotFound."""
    session().delete(_own(actor, filter_id))
    session().flush()


def _own(actor: Actor, filter_id: str) -> InboxFilter:
    found = session().get(InboxFilter, filter_id)
    if found is None or found.owner_id != actor.id:
        raise FilterNotFound
    return found


def _describe(actor: Actor, kept: InboxFilter, name: str, role: str, *, opens_first: bool) -> None:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid({"name": [_("Must have %(least)s to %(most)s characters.", least=1, most=LONGEST_NAME)]})
    if role and role != kept.role and not (role in ROLES and (role in actor.roles or actor.may(TASK_READ_ALL))):
        raise NotYourRole(role=pick(ROLES.get(role, role)))
    twin = select(InboxFilter.id).where(
        InboxFilter.owner_id == actor.id, InboxFilter.name == name, InboxFilter.id != kept.id
    )
    if session().scalar(twin):
        raise FilterNameTaken(name=name)
    if opens_first:
        others = update(InboxFilter).where(InboxFilter.owner_id == actor.id, InboxFilter.id != kept.id)
        session().execute(others.values(opens_first=False))
    kept.name, kept.role, kept.opens_first = name, role or None, opens_first


def roles_for(actor: Actor) -> dict[str, str]:
    """Roles the actor may share with, by code, with their names."""
    return {role: pick(name) for role, name in ROLES.items() if role in actor.roles or actor.may(TASK_READ_ALL)}
