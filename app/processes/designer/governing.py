"""Processes that are changed in one place only, and the scenarios that their next draft begins with."""

from __future__ import annotations

from sqlalchemy import select

from app.audit.service import record
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes.designer.models import ProcessKey

DRAFTS = "/processes/drafts"


class GovernedProcess(Conflict):
    """It comes into force through a draft that another person approved."""

    message = _l(
        "The process “%(key)s” is governed: its diagram is changed by a draft that another person approves. "
        "Import the file at %(place)s."
    )


def is_governed(key: str) -> bool:
    """Whether its diagram may only be changed by an approved draft."""
    return bool(session().scalar(select(ProcessKey.governed).where(ProcessKey.key == key)))


def governed_keys() -> set[str]:
    """All of them."""
    return set(session().scalars(select(ProcessKey.key).where(ProcessKey.governed)))


def refuse_direct(keys: list[str], place: str = DRAFTS) -> None:
    """Raises GovernedProcess for the first of these that is; `place` is where it can be changed."""
    for key in keys:
        if is_governed(key):
            raise GovernedProcess(key=key, place=place)


def set_governed(actor: Actor, key: str, *, governed: bool, reason: str) -> None:
    """From now on it is, or no more."""
    row = _row(key)
    if row.governed != governed:
        row.governed = governed
        session().flush()
        action = "process:govern" if governed else "process:ungovern"
        record(actor, action, Subject("process-definition", key), reason=reason)


def scenarios_of(key: str) -> str:
    """The scenarios of the version in force, as text; empty when it has none."""
    return session().scalar(select(ProcessKey.scenarios).where(ProcessKey.key == key)) or ""


def keep_scenarios(key: str, text: str) -> None:
    """A version with these came into force."""
    _row(key).scenarios = text
    session().flush()


def settle(key: str, scenarios: str) -> None:
    """A shipped process is governed and has these scenarios, unless something was settled before."""
    if session().get(ProcessKey, key) is None:
        session().add(ProcessKey(key=key, governed=True, scenarios=scenarios))
        session().flush()


def _row(key: str) -> ProcessKey:
    found = session().get(ProcessKey, key, with_for_update=True)
    if found is None:
        found = ProcessKey(key=key, governed=False, scenarios="")
        session().add(found)
    return found
