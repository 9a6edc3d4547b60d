"""Loads the demo world: the same every time (seeded), relative to today."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from app.core import clock
from app.core.db import session, transaction
from app.core.errors import DomainError
from app.core.permissions import SYSTEM, Actor
from app.demo import changes, master, quality, recalls, shipments, suppliers, tracing, vigilance
from app.demo.history import DAYS, History
from app.demo.places import PEOPLE
from app.identity import queries as people
from app.identity import service as identity
from app.processes import service as processes
from app.processes.definitions import in_force

SEED = 20261123
STORIES = timedelta(hours=20)
"""How long ago the stories of the qualification stopped."""
SHIPPING = timedelta(days=4)
"""For how long goods have been leaving through the process of shipments."""


def load(*, new_password: Callable[[], str], say: Callable[[str], None]) -> dict[str, str]:
    """Fill an empty database; first passwords by login. Each act is a transaction of its own, at its own moment."""
    rng = random.Random(SEED)
    until = clock.now()
    start = until - timedelta(days=DAYS)
    passwords = {login: new_password() for login, _name, _roles in PEOPLE}
    with clock.moved(start), transaction():
        team = _hire(passwords)
        shipment = in_force("shipment")  # the house still ships by hand
        processes.take_out_of_force(team["admin"], shipment, instead=None)
    with clock.moved(start), transaction():
        world = master.build(team["admin"], rng)
        suppliers.build(team["admin"], world)
    say(f"  {len(world.products)} products, {len(world.hospitals) + len(world.distributors)} customers; orders …")
    history = History(world, team, rng, until)
    history.plan_orders(start + timedelta(hours=1))
    history.plan(until - SHIPPING, lambda: processes.take_out_of_force(team["admin"], shipment, instead=shipment))
    for day in range(1, SHIPPING.days):
        history.plan(until - SHIPPING + timedelta(days=day), lambda: shipments.ordinary_afternoon(team))
    history.run(lambda done, planned: say(f"  {done} of {planned} acts"))
    with clock.moved(until - vigilance.BEFORE), transaction():
        vigilance.begin(team, world)
    with clock.moved(until - STORIES), transaction():
        suppliers.tell(team, world)
        traced = tracing.tell(team, world)
        quality.tell(team, world)
        vigilance.tell(team, world, traced)
        recalls.tell(team, traced)
        _told(say, shipments.send, team)
    with clock.moved(until), transaction():
        _told(say, changes.tell, team)
        _told(say, shipments.follow, team)
    return passwords


def _told(say: Callable[[str], None], tell: Callable[[dict[str, Actor]], None], team: dict[str, Actor]) -> None:
    """A story that takes what the month has left, which differs from day to day: better none than no first start."""
    try:
        with session().begin_nested():
            tell(team)
    except DomainError as error:
        say(f"  left out: {tell.__module__.rpartition('.')[2]} ({error})")


def _hire(passwords: dict[str, str]) -> dict[str, Actor]:
    team = {}
    for login, name, roles in PEOPLE:
        email = f"{login}@youxu.example"  # a domain that nobody can have
        user = identity.create_user(
            SYSTEM, login=login, name=name, password=passwords[login], roles=list(roles), email=email
        )
        team[login] = people.actor_of(user)
    return team
