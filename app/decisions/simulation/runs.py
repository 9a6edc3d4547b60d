"""Simulations from begin to end: one at a time for each user, few at once, told stage by stage, deleted when old.

`run` opens its own transactions: a short one to write at each stage, and one to read in which all facts are gathered;
what takes long (deciding, comparing) is done outside any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

import structlog
from sqlalchemy import ColumnElement, CursorResult, delete, select, update

from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, DomainError
from app.core.i18n import _l
from app.core.permissions import Actor
from app.decisions import queries
from app.decisions.compile import Plan
from app.decisions.facts import FactsInvalid
from app.decisions.language import version_hash
from app.decisions.models import FactSchemaText, RuleSetVersion
from app.decisions.populations import populations
from app.decisions.simulation import open_ones, past
from app.decisions.simulation.models import Simulation

DEFAULT_LAST = 1000
LAST = (0, 200, 1000, 5000)
"""Past decisions one may ask for."""
SIMULATED = ("draft", "tested", "approved")
"""Statuses of versions that do not count yet."""
UNDER_WAY = ("waiting", "running")
SILENT = timedelta(seconds=90)
"""One that tells nothing for so long has died with its worker, or its page was closed before it began."""
MOST_AT_ONCE = 2
KEPT_OF_VERSION = 3
KEPT = timedelta(days=30)
log = structlog.get_logger()
T = TypeVar("T")


class NotSimulated(Conflict):
    """Neither what is or was in force nor what was given up is simulated."""

    message = _l("Version %(number)s of “%(rule_set)s” is not simulated: only drafts, tested or approved ones are.")


class SimulationUnderWay(Conflict):
    """One at a time for each user."""

    message = _l("Your simulation of “%(rule_set)s”, version %(number)s, is still running. Wait until it has ended.")


class TooManySimulations(Conflict):
    """The server has other work too."""

    message = _l("Others are simulating at this moment. Try again in a few seconds.")


class Within(Protocol):
    """Runs some work in a transaction of its own."""

    def __call__(self, work: Callable[[], T], *, write: bool) -> T:
        """What the work answers."""


def begin(actor: Actor, version: RuleSetVersion, last: int = DEFAULT_LAST) -> Simulation:
    """Note that the version shall be simulated; `run` does it. Raises NotSimulated, NoSuchRuleSet (nothing is in force
    to compare with), SimulationUnderWay, TooManySimulations."""
    if version.status not in SIMULATED:
        raise NotSimulated(number=version.number, rule_set=version.rule_set)
    active = queries.active_version(version.rule_set)
    now = clock.now()
    _give_up_silent(now)
    _refuse_more(actor)
    _forget(version.id, now)
    made = Simulation(
        id=ids.new_id(),
        rule_set=version.rule_set,
        version_id=version.id,
        number=version.number,
        sha256=fingerprint(version),
        active_number=active.number,
        active_sha256=active.sha256,
        last=last if last in LAST else DEFAULT_LAST,
        status="waiting",
        stage="waiting",
        started_by=actor.id,
        started_by_name=actor.name,
        started_at=now,
        beat_at=now,
    )
    session().add(made)
    session().flush()
    return made


def fingerprint(version: RuleSetVersion) -> str:
    """What a version says now: a draft has no hash of its own yet."""
    schema = session().get_one(FactSchemaText, version.schema_sha256).body
    return version_hash(version.body, schema) if version.is_draft else version.sha256


def _give_up_silent(now: datetime) -> None:
    session().execute(
        update(Simulation)
        .where(Simulation.status.in_(UNDER_WAY), Simulation.beat_at < now - SILENT)
        .values(status="failed", fault="silent", finished_at=now)
    )


def _refuse_more(actor: Actor) -> None:
    under_way = list(session().scalars(select(Simulation).where(Simulation.status.in_(UNDER_WAY))))
    for one in under_way:
        if one.started_by == actor.id:
            raise SimulationUnderWay(rule_set=one.rule_set, number=one.number)
    if len(under_way) >= MOST_AT_ONCE:
        raise TooManySimulations


def _forget(version_id: str, now: datetime) -> None:
    """Of each version only the newest stay, and nothing stays for ever."""
    newest = (
        select(Simulation.id)
        .where(Simulation.version_id == version_id, Simulation.status == "done")
        .order_by(Simulation.id.desc())
        .limit(KEPT_OF_VERSION - 1)
    )
    ended = Simulation.status.not_in(UNDER_WAY)
    kept = list(session().scalars(newest))
    session().execute(delete(Simulation).where(Simulation.version_id == version_id, ended, Simulation.id.not_in(kept)))
    forget_old(now)


def forget_old(now: datetime) -> None:
    """Delete what is older than it may become."""
    session().execute(delete(Simulation).where(Simulation.started_at < now - KEPT))


def under_way(actor: Actor, version: RuleSetVersion) -> Simulation | None:
    """The actor's simulation of the version that has not ended and is alive."""
    alive = Simulation.beat_at >= clock.now() - SILENT
    own = (Simulation.started_by == actor.id, Simulation.version_id == version.id)
    return session().scalar(select(Simulation).where(Simulation.status.in_(UNDER_WAY), alive, *own))


def latest(version: RuleSetVersion) -> Simulation | None:
    """The newest simulation of the version that came to its end; without its finding until that is asked for."""
    return _newest(version, Simulation.status == "done")


def latest_failed(version: RuleSetVersion) -> Simulation | None:
    """The newest that did not, or died on the way."""
    dead = Simulation.status.in_(UNDER_WAY) & (Simulation.beat_at < clock.now() - SILENT)
    return _newest(version, (Simulation.status == "failed") | dead)


def _newest(version: RuleSetVersion, which: ColumnElement[bool]) -> Simulation | None:
    asked = select(Simulation).where(Simulation.version_id == version.id, which)
    return session().scalar(asked.order_by(Simulation.id.desc()).limit(1))


@dataclass(frozen=True)
class Since:
    """What is other since a simulation was made."""

    draft: bool
    active: int | None
    """Number of the version now in force, if it is another."""
    data: list[str]
    """Populations that came, left or were changed; `past` for newer decisions."""

    @property
    def anything(self) -> bool:
        """It does not say what a new one would."""
        return self.draft or self.active is not None or self.data not in ([], ["past"])


def since(one: Simulation, version: RuleSetVersion) -> Since:
    """Compare what was simulated with what there is."""
    active = queries.active_version(version.rule_set)
    now = stamps_now(version.rule_set, [name for name in one.stamps if name != "past"])
    return Since(
        fingerprint(version) != one.sha256,
        active.number if active.sha256 != one.active_sha256 else None,
        [name for name, stamp in now.items() if name in one.stamps and one.stamps[name] != stamp],
    )


def stamps_now(rule_set: str, names: list[str]) -> dict[str, str]:
    """What tells whether the data changed: of each population, and the newest decision of the rule set."""
    return {
        **{name: populations.get(name)().stamp() for name in names if name in populations},
        "past": past.newest(rule_set),
    }


@dataclass(frozen=True)
class _Read:
    """Everything a simulation needs of the database."""

    plans: tuple[Plan, Plan]
    hashes: tuple[str, str, int]
    gathered: open_ones.Gathered | None
    fault: str
    decided: list[past.Past]
    asked: past.Asked
    stamps: dict[str, str]
    at: datetime


def run(simulation_id: str, within: Within) -> bool:
    """Do what `begin` noted; False when somebody else does or did. Failures are told in the record, not raised."""
    started = clock.ticks()
    if not within(lambda: _take(simulation_id), write=True):
        return False
    try:
        found, moves, read = _find(simulation_id, within)
    except DomainError as error:  # a version that is gone or does not compile any more
        log.warning("rules.not_simulated", simulation=simulation_id, because=str(error))
        _fail(simulation_id, within, error.code)
    except Exception:
        log.exception("rules.simulation_failed", simulation=simulation_id)
        _fail(simulation_id, within, "error")
    else:
        took = int((clock.ticks() - started) * 1000)
        within(lambda: _keep(simulation_id, found, moves, read, took), write=True)
    return True


def _find(simulation_id: str, within: Within) -> tuple[dict[str, Any], bytes | None, _Read]:
    def stage(name: str) -> None:
        within(lambda: _tell(simulation_id, name), write=True)

    read = within(lambda: _read(simulation_id), write=False)
    found: dict[str, Any] = {
        "lacking": [open_ones.lacking(plan) if plan.table is None else ["table"] for plan in read.plans],
        "fault": read.fault,
        "open": None,
        "same_text": read.hashes[0] == read.hashes[1],
    }
    moves = None
    if read.gathered is not None:
        day = clock.local_date(read.at)
        stage("active")
        active = open_ones.decide(read.gathered, read.plans[0], day)
        stage("draft")
        draft = open_ones.decide(read.gathered, read.plans[1], day)
        stage("comparing")
        found["open"], moves = open_ones.compare(read.gathered, active, draft, day)
    if read.decided:
        stage("past")
    found["past"] = past.compare(read.decided, read.asked, *read.plans)
    return found, moves, read


def _read(simulation_id: str) -> _Read:
    one = session().get_one(Simulation, simulation_id)
    version, active = queries.get_version(one.version_id), queries.active_version(one.rule_set)
    plans = queries.plan_of(active), queries.plan_of(version)
    now = clock.now()
    gathered, fault = None, ""
    try:
        gathered = open_ones.gather(plans, now)
    except FactsInvalid as error:
        fault = str(error.details["fact"])
    decided = past.last_decided(one.rule_set, one.last)
    hashes = fingerprint(version), active.sha256, active.number
    asked = past.asked_by(one.rule_set, decided)
    stamps = {"past": past.newest(one.rule_set)} if one.last else {}
    if gathered is not None:
        stamps[gathered.name] = gathered.stamp
    return _Read(plans, hashes, gathered, fault, decided, asked, stamps, now)


def _take(simulation_id: str) -> bool:
    """Ours to run, if nobody else took it."""
    taken = session().execute(
        update(Simulation)
        .where(Simulation.id == simulation_id, Simulation.status == "waiting")
        .values(status="running", stage="reading", beat_at=clock.now())
    )
    return bool(cast("CursorResult[Any]", taken).rowcount)


def _tell(simulation_id: str, stage: str) -> None:
    _set(simulation_id, stage=stage)


def _fail(simulation_id: str, within: Within, fault: str) -> None:
    within(lambda: _set(simulation_id, status="failed", fault=fault, finished_at=clock.now()), write=True)


def _keep(simulation_id: str, found: dict[str, Any], moves: bytes | None, read: _Read, took: int) -> None:
    sha256, active_sha256, active_number = read.hashes
    _set(
        simulation_id,
        status="done",
        found=found,
        moves=moves,
        stamps=read.stamps,
        took_ms=took,
        sha256=sha256,
        active_sha256=active_sha256,
        active_number=active_number,
        finished_at=clock.now(),
    )


def _set(simulation_id: str, **values: Any) -> None:
    session().execute(
        update(Simulation)
        .where(Simulation.id == simulation_id, Simulation.status == "running")
        .values(**values, beat_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )
