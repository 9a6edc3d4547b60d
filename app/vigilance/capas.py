"""Verbs of a CAPA: opened and planned by people, taken on by its process (bpmn/capa.bpmn)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l, show_date
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.identity.queries import find_by_login
from app.processes import service as processes
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of
from app.vigilance import events, papers
from app.vigilance.models import (
    ACTING,
    ACTION_KINDS,
    CAPA_SOURCES,
    CLOSING,
    DONE,
    DROPPED,
    PLANNING,
    VERIFYING,
    Capa,
    CapaAction,
)
from app.vigilance.sources import source_of

OPENED = "capa.opened"
"""The message that the diagram starts with."""
PLAN_FORM = "capa_investigate"
"""The form of the task in which the plan is made and submitted."""
MOST_ACTIONS = 50
FARTHEST = date(2099, 12, 31)


class NoCapaProcess(Conflict):
    """A CAPA that nobody would work on is not opened."""

    message = _l("No process in force begins with a CAPA: put its diagram into force.")


class NotPlanning(Conflict):
    """Actions are planned before the plan is approved, and again when they did not help."""

    message = _l("%(number)s: actions can be planned or removed only while the plan is not approved.")


class PlanSubmitted(Conflict):
    """What is approved is what was submitted."""

    message = _l(
        "%(number)s: the plan is submitted, so its actions stay as they are until it is decided. Whoever approves it "
        "can return it; then it can be changed."
    )


class OwnsAction(Conflict):
    """Four eyes: who owns an action neither verifies nor closes."""

    message = _l("%(number)s: you own one of its actions, so somebody else verifies and closes it.")


def begin_capa(actor: Actor, given: Mapping[str, Any]) -> Capa:
    """Open a CAPA and start its process. `given`: source_kind, source (id or number; of an audit what it is called),
    problem (of the source, when left out). Raises Invalid, NoCapaProcess."""
    if given["source_kind"] not in CAPA_SOURCES:
        raise Invalid({"source_kind": [_("Must be one of: %(choices)s.", choices=", ".join(CAPA_SOURCES))]})
    source = source_of(given["source_kind"], given["source"])
    problem = str(given.get("problem") or source.problem).strip()
    if not problem:
        raise Invalid({"problem": [_("Say what the problem is.")]})
    made = Capa(
        id=new_id(),
        number=next_number("CA"),
        stage=PLANNING,
        source_kind=given["source_kind"],
        source_id=source.id,
        source_note=source.number,
        product_id=source.product_id,
        lot_id=source.lot_id,
        problem=problem[:4000],
        root_cause="",
        criterion="",
        result="",
        opened_at=clock.now(),
        opened_by=actor.id,
        conclusion="",
    )
    session().add(made)
    session().flush()
    record(actor, "capa:open", made.subject, number=made.number, source=made.source_kind, of=made.source_note)
    events.tell_of_capa(events.OPENED, made)
    variables = {"number": made.number}
    if not processes.start_about(actor, OPENED, made.subject, business_key=made.number, variables=variables):
        raise NoCapaProcess
    return made


def plan_action(actor: Actor, capa: Capa, given: Mapping[str, Any]) -> CapaAction:
    """One more thing to be done: kind, text, owner (login), due_on. Raises NotPlanning, PlanSubmitted, Invalid."""
    _lock_planning(capa)
    owner, text = find_by_login(str(given.get("owner") or "").strip().lower()), str(given.get("text") or "").strip()
    due_on, wrong = _day(given.get("due_on")), {}
    if given.get("kind") not in ACTION_KINDS:
        wrong["kind"] = [_("Must be one of: %(choices)s.", choices=", ".join(ACTION_KINDS))]
    if not text:
        wrong["text"] = [_("Say what is to be done.")]
    if owner is None or not owner.active:
        wrong["owner"] = [_("Nobody has this login.")]
    if due_on is None or not clock.today() <= due_on <= FARTHEST:
        wrong["due_on"] = [_("Must be a day from today on.")]
    if len(capa.actions) >= MOST_ACTIONS:
        wrong["text"] = [_("A CAPA has at most %(most)s actions.", most=MOST_ACTIONS)]
    if wrong or owner is None or due_on is None:
        raise Invalid(wrong)
    made = CapaAction(
        id=new_id(),
        capa_id=capa.id,
        number=1 + max((one.number for one in capa.actions), default=0),
        kind=given["kind"],
        text=text[:2000],
        owner_id=owner.id,
        due_on=due_on,
        evidence="",
    )
    session().add(made)
    session().flush()
    session().expire(capa, ["actions"])
    said = {"action_no": made.number, "owner": owner.login, "due_on": due_on.isoformat()}
    record(actor, "capa:plan", capa.subject, number=capa.number, **said)
    return made


def remove_action(actor: Actor, capa: Capa, action: CapaAction) -> None:
    """It is not to be done after all. Raises NotPlanning, PlanSubmitted."""
    _lock_planning(capa)
    if action.done_at is not None:
        raise NotPlanning(number=capa.number)
    session().delete(action)
    session().flush()
    session().expire(capa, ["actions"])
    record(actor, "capa:remove", capa.subject, number=capa.number, action_no=action.number)


def is_planned(tasks: Sequence[Task]) -> bool:
    """Whether its plan is being made, by the open tasks of a CAPA: not submitted yet, or returned."""
    return any(task.form_key == PLAN_FORM for task in tasks)


def _lock_planning(capa: Capa) -> None:
    session().refresh(capa, with_for_update=True)  # as whoever submits the plan does
    if capa.stage != PLANNING:
        raise NotPlanning(number=capa.number)
    if not is_planned(open_tasks_of(capa.subject)):
        raise PlanSubmitted(number=capa.number)


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text or "").strip())
    except ValueError:
        return None


def to_do(capa: Capa) -> list[CapaAction]:
    """Its actions that are not done yet."""
    return [one for one in capa.actions if one.done_at is None]


def end_of(day: date) -> datetime:
    """The last moment of a day here."""
    return datetime.combine(day, time(23, 59, 59), clock.BUSINESS_ZONE)


def propose(actor: Actor, capa: Capa, answer: Mapping[str, Any]) -> None:
    """The plan is submitted: cause, criterion and day of the check (what is left out stays as it was), with at least
    one action that is to be done. From now on the actions stay as they are. Raises Invalid."""
    session().refresh(capa, with_for_update=True)
    session().expire(capa, ["actions"])
    given, wrong = {name: str(answer.get(name) or "").strip() for name in ("root_cause", "criterion")}, {}
    check_on = _day(answer.get("check_on")) or capa.check_on
    for name, text in given.items():
        if not (text or getattr(capa, name)):
            wrong[name] = [_("This is required.")]
    last = max((one.due_on for one in to_do(capa)), default=None)
    if last is None:
        wrong["root_cause"] = [_("Plan at least one action on the page of the CAPA first.")]
    if check_on is None:
        wrong["check_on"] = [_("This is required.")]
    elif not (last or check_on) <= check_on <= FARTHEST:
        wrong["check_on"] = [_("Must be a day not before the last action is due.")]
    if wrong:
        raise Invalid(wrong)
    capa.root_cause = (given["root_cause"] or capa.root_cause)[:4000]
    capa.criterion = (given["criterion"] or capa.criterion)[:2000]
    capa.check_on = check_on
    session().flush()
    record(actor, "capa:propose", capa.subject, number=capa.number, actions=len(to_do(capa)))


def start_actions(actor: Actor, capa: Capa) -> dict[str, Any]:
    """The plan is approved: what each owner is to do, for the diagram. Raises Invalid."""
    session().refresh(capa, with_for_update=True)
    found = to_do(capa)
    if not found or capa.check_on is None:
        raise Invalid({"outcome": [_("Plan at least one action on the page of the CAPA first.")]})
    capa.stage = ACTING
    session().flush()
    record(actor, "capa:start", capa.subject, number=capa.number, actions=len(found))
    return {
        "actions": [{"id": one.id, "owner": one.owner_id, "due_at": end_of(one.due_on).isoformat()} for one in found],
        "check_due": end_of(capa.check_on).isoformat(),
    }


def note_action(actor: Actor, action: CapaAction, capa: Capa, evidence: str) -> None:
    """It was carried out."""
    action.done_at, action.done_by, action.evidence = clock.now(), actor.id, evidence.strip()[:4000]
    session().flush()
    record(actor, "capa:act", capa.subject, number=capa.number, action_no=action.number, reason=evidence[:500])


def ask_check(capa: Capa) -> None:
    """All is done: whether it helped is to be verified."""
    capa.stage = VERIFYING
    session().flush()


def is_early(capa: Capa) -> bool:
    """Whether the day on which it is to be verified is still to come."""
    return capa.check_on is not None and clock.today() < capa.check_on


def note_effect(actor: Actor, capa: Capa, *, effective: bool, result: str, early: str = "") -> None:
    """What the check found; if it did not help, further actions are planned. `early`: why it is verified before its
    day. Raises OwnsAction, Invalid."""
    refuse_owner(actor, capa)
    why = {"early": early.strip()[:500]} if is_early(capa) else {}
    if why == {"early": ""}:
        day = show_date(capa.check_on)
        raise Invalid({"early": [_("The day for it is %(day)s: say why it is verified before.", day=day)]})
    capa.effective, capa.result = effective, result.strip()[:4000]
    capa.stage = CLOSING if effective else PLANNING
    session().flush()
    record(actor, "capa:verify", capa.subject, number=capa.number, effective=effective, reason=result[:500], **why)


def close(actor: Actor, capa: Capa, conclusion: str) -> None:
    """It helped, and somebody who owns none of its actions says so. Raises OwnsAction."""
    refuse_owner(actor, capa)
    _end(actor, capa, DONE, "capa:close", conclusion)


def drop(actor: Actor, capa: Capa, reason: str) -> None:
    """No action is needed."""
    _end(actor, capa, DROPPED, "capa:drop", reason)


def refuse_owner(actor: Actor, capa: Capa) -> None:
    """Raises OwnsAction when the actor owns or has done one of its actions."""
    if any(actor.id in (one.owner_id, one.done_by) for one in capa.actions):
        raise OwnsAction(number=capa.number)


def _end(actor: Actor, capa: Capa, stage: str, verb: str, reason: str) -> None:
    capa.stage, capa.conclusion = stage, reason.strip()[:2000]
    capa.closed_at, capa.closed_by = clock.now(), actor.id
    session().flush()
    record(actor, verb, capa.subject, number=capa.number, reason=capa.conclusion)
    papers.issue_capa(actor, capa)
    events.tell_of_capa(events.CLOSED, capa)
