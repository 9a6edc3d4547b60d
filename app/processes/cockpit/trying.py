"""Doing something to an instance only to see what would come of it: inside a savepoint that is always rolled back.

The preview is therefore what the engine really does, gateways, steps and refusals included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.core.db import session
from app.core.i18n import LazyString, _, _l, pick, show_time
from app.processes.cockpit.naming import element_of
from app.processes.cockpit.standing import Standing, standing_of

KINDS: dict[str, LazyString] = {
    "token": _l("token"),
    "task": _l("task"),
    "job": _l("timer or job"),
    "external": _l("external task"),
    "wait": _l("subscription"),
    "incident": _l("incident"),
    "called": _l("called process"),
}


@dataclass(frozen=True, order=True)
class Thing:
    """Something that is there before and gone after, or the other way round."""

    kind: str
    text: str
    note: str
    key: str

    @property
    def kind_name(self) -> str:
        """What it is, in the reader's language."""
        return str(KINDS[self.kind])


@dataclass(frozen=True)
class Change:
    """What would come of it."""

    gone: list[Thing]
    come: list[Thing]
    status: str
    """Of the instance afterwards."""
    ends: bool
    """It runs now and would not run afterwards."""

    @property
    def nothing(self) -> bool:
        """True when everything stays as it is."""
        return not self.gone and not self.come and not self.ends


def tried(instance_id: str, act: Callable[[], object]) -> Change:
    """What `act` would change, undone again. Raises what `act` raises."""
    before = standing_of(instance_id)
    had, was_running = _things(before), before.running
    savepoint = session().begin_nested()
    try:
        act()
        session().flush()
        after = standing_of(instance_id)
        has, status, runs = _things(after), after.instance.status, after.running
    finally:
        savepoint.rollback()
        session().expire_all()
    return Change(
        gone=sorted(thing for key, thing in had.items() if key not in has),
        come=sorted(thing for key, thing in has.items() if key not in had),
        status=status,
        ends=was_running and not runs,
    )


def holdings(standing: Standing) -> list[Thing]:
    """Everything the instance has now: what cancelling it would end."""
    return sorted(_things(standing).values())


def _things(standing: Standing) -> dict[tuple[str, str], Thing]:
    definition = standing.instance.definition_id

    def name(element: str | None) -> str:
        return element_of(definition, element).text if element else ""

    found: Iterable[Thing] = (
        *(Thing("task", pick(one.name), ", ".join(_about(one)), one.id) for one in standing.tasks),
        *(Thing("job", pick(one.name) or name(one.element_id), show_time(one.due_at), one.id) for one in standing.jobs),
        *(Thing("external", name(one.element_id), one.topic, one.id) for one in standing.externals),
        *(Thing("wait", name(one.element_id), one.name or "", str(one.token)) for one in standing.waits),
        *(Thing("incident", name(one.element_id), one.message[:200], one.id) for one in standing.incidents),
        *(Thing("called", one.key, one.business_key or "", one.id) for one in standing.called_now),
    )
    told = {(one.kind, one.key): one for one in found}
    with_row = _tokens_with_row(standing)
    for token in standing.places:
        if token.token not in with_row:
            told["token", str(token.token)] = Thing("token", name(token.element_id), "", str(token.token))
    return told


def _tokens_with_row(standing: Standing) -> set[int]:
    """Tokens that are told by what waits for them."""
    refs = [*(one.source_ref for one in standing.tasks), *(one.source_ref for one in standing.jobs)]
    found = {int(ref) for ref in refs if ref.isascii() and ref.isdigit()}
    found |= {one.super_token for one in standing.called_now if one.super_token is not None}
    found |= {one.token for one in standing.waits} | {one.token for one in standing.externals}
    return found | {one.token for one in standing.incidents}


def _about(task: Any) -> list[str]:
    due = _("due %(when)s", when=show_time(task.due_at))
    return [task.number, due] if task.number else [due]
