"""Verbs of a recall: open, widen, decide, dispose of what came back, close. Telling: `telling`; answers: `replying`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import MOVES, OWN, RECALLED, Lot
from app.processes import service as processes
from app.recalls import clocks
from app.recalls.freezing import freeze
from app.recalls.models import CHECK_LEVELS, CLOSED, LEVELS, RecallCase, RecallLot
from app.recalls.queries import lot_ids_of, unanswered_in_time
from app.recalls.schemas import MOST_LOTS
from app.traceability.queries import scope
from app.vigilance.queries import capas_about

NOTICE = "recall.notice"
"""The message that the diagram starts with."""
WIDENED = "recall.widened"


class NoProcess(Conflict):
    """A case that nobody would work on is not opened."""

    message = _l(
        "No process in force begins with a recall: put the recall diagram into force, or recall the lots by hand."
    )


class CaseClosed(Conflict):
    """Nothing more is done with a closed case."""

    message = _l("Recall %(number)s is closed.")


class StillAnswering(Conflict):
    """Consignees whose time to answer has not run out."""

    message = _l("Recall %(number)s cannot be closed yet: %(count)s consignees have time left to answer.")


def open_case(actor: Actor, given: Mapping[str, Any]) -> RecallCase:
    """Block the lots and all kits that hold them, freeze where everything is, start the process: in one transaction.

    `given` as `schemas.RecallGiven` answers it. A drill blocks nothing. Raises Invalid, NotFound.
    """
    lots = _lots(given["lot_ids"])
    now = clock.now()
    made = RecallCase(
        id=new_id(),
        number=next_number("RC"),
        status="open",
        round=1,
        mock=bool(given.get("mock")),
        jurisdiction=given["jurisdiction"],
        source=given.get("source") or "",
        hazard=given["hazard"],
        instructions=given.get("instructions") or "",
        harm_occurred=False,
        opened_at=now,
        opened_by=actor.id,
        scoped_at=now,
        reason="",
    )
    session().add(made)
    session().flush()
    numbers = [lot.lot_no for lot in lots]
    record(actor, "recall:open", made.subject, number=made.number, mock=made.mock, lots=numbers, hazard=made.hazard)
    _take_in(actor, made, lots)
    made.scoped_at = clock.now()
    variables = {"number": made.number, "mock": made.mock}
    if not processes.start_about(actor, NOTICE, made.subject, business_key=made.number, variables=variables):
        raise NoProcess
    return made


def widen(actor: Actor, case: RecallCase, lot_ids: Collection[str], reason: str) -> RecallCase:
    """Take further lots in; the process then tells the consignees that were not told yet. Raises CaseClosed, Invalid,
    NotFound."""
    lock_open(case)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why.")]})
    there = set(lot_ids_of(case))
    lots = [lot for lot in _lots(lot_ids) if lot.id not in there]
    if not lots:
        raise Invalid({"lot_ids": [_("These lots are in the recall already.")]})
    case.round += 1
    numbers = [lot.lot_no for lot in lots]
    record(actor, "recall:widen", case.subject, number=case.number, lots=numbers, reason=reason.strip())
    _take_in(actor, case, lots)
    processes.correlate(actor, WIDENED, business_key=case.number, variables={"round": case.round})
    return case


def lock_open(case: RecallCase) -> None:
    """Nobody else changes the case meanwhile. Raises CaseClosed."""
    session().refresh(case, with_for_update=True)
    if not case.is_open:
        raise CaseClosed(number=case.number)


def _lots(lot_ids: Collection[str]) -> list[Lot]:
    wanted = sorted(set(lot_ids))
    if not 1 <= len(wanted) <= MOST_LOTS:
        raise Invalid({"lot_ids": [_("Name 1 to 50 lots.")]})
    return [stock.get_lot(lot_id) for lot_id in wanted]


def _take_in(actor: Actor, case: RecallCase, lots: Collection[Lot]) -> None:
    """Lock, look, block: between looking and blocking nothing of the lots can move."""
    there = set(lot_ids_of(case))
    named = [lot.id for lot in lots]
    for lot in lots:
        _lock(lot)
    found = scope(named)
    if found.kit_lots:
        kits = [stock.get_lot(lot_id) for lot_id in sorted(found.kit_lots)]
        for lot in kits:
            _lock(lot)
        lots, found = [*lots, *(lot for lot in kits if lot.id not in there)], scope(named)
    for lot in lots:
        row = RecallLot(id=new_id(), case_id=case.id, lot_id=lot.id, round=case.round, status_before=lot.status)
        session().add(row)
    freeze(case, found)
    if not case.mock:
        for lot in lots:
            if RECALLED in MOVES[lot.status]:
                inventory.recall_lot(actor, lot, reason=f"{case.number}: {case.hazard}"[:500])


def _lock(lot: Lot) -> None:
    session().refresh(lot, with_for_update={"key_share": True})


def note_intake(actor: Actor, case: RecallCase, answer: Mapping[str, Any]) -> None:
    """What is known of the hazard, and how many consignees are to be checked."""
    case.severity = str(answer.get("severity") or "serious")
    case.probability = str(answer.get("probability") or "probable")
    case.harm_occurred = answer.get("harm_occurred") is True
    case.incident = answer.get("incident") if answer.get("incident") in ("threat", "death", "serious") else None
    case.check_level = answer.get("check_level") if answer.get("check_level") in CHECK_LEVELS else None
    case.instructions = str(answer.get("instructions") or case.instructions)[:2000]
    session().flush()
    told = {"severity": case.severity, "probability": case.probability, "harm": case.harm_occurred}
    record(actor, "recall:assess", case.subject, number=case.number, checks=case.check_level, **told)


def set_level(actor: Actor, case: RecallCase, level: str) -> None:
    """The decision to recall, from which the clocks run; decided again (after the plan was sent back) they run on.

    Raises Invalid.
    """
    if level not in LEVELS:
        raise Invalid({"level": [_("Choose the level.")]})
    case.level, case.hours = level, clocks.hours_of(case.jurisdiction, level)
    case.decided_at = case.decided_at or clock.now()
    case.decided_by = actor.id
    case.due_at = clocks.due_at(case.decided_at, case.hours)
    case.report_due_at = clocks.report_due_at(case)
    session().flush()
    record(actor, "recall:decide", case.subject, number=case.number, level=level, hours=case.hours)


def dispose(actor: Actor, case: RecallCase, way: str) -> int:
    """What lies here of the lots goes to destruction or back to the supplier; how many base units went. With another
    `way`, and in a drill, it stays."""
    if case.mock or way not in ("destroy", "supplier"):
        record(actor, "recall:keep", case.subject, number=case.number)
        return 0
    gone = sum(_take_out(actor, case, stock.get_lot(lot_id), way) for lot_id in lot_ids_of(case))
    record(actor, "recall:dispose", case.subject, number=case.number, way=way, quantity=gone)
    return gone


def _take_out(actor: Actor, case: RecallCase, lot: Lot, way: str) -> int:
    """All of ours that lies in warehouses."""
    free: dict[str, int] = defaultdict(int)
    for row in stock.bins_of(lot.id):
        if row.owner == OWN:
            free[row.warehouse.id] += row.on_hand - row.reserved
    units: dict[str, list[str]] = defaultdict(list)
    if lot.serialised:
        for serial, place in session().execute(stock.serials_of(lot.id)):
            if place.inside and serial.owner == OWN:
                units[place.holder_id].append(serial.serial_no)
    target = "scrap" if way == "destroy" else "supplier"
    for warehouse_id, quantity in free.items():
        if quantity:
            place = stock.get_warehouse(warehouse_id)
            given = {"to": target, "document": case.number, "reason": case.number}
            inventory.take_out(actor, lot, place, quantity, serials=units[warehouse_id], **given)
    return sum(free.values())


def note_report(actor: Actor, case: RecallCase, reference: str) -> None:
    """The report to the authority was made."""
    case.reported_at = clock.now()
    session().flush()
    record(actor, "recall:report", case.subject, number=case.number, reference=reference[:200])


def close(actor: Actor, case: RecallCase, reason: str, no_capa: str = "") -> None:
    """All is accounted for, or somebody answers for what is not; a CAPA keeps it from coming back, or `no_capa` says
    why none is needed. Raises StillAnswering, CaseClosed, Invalid."""
    lock_open(case)
    open_ones = unanswered_in_time(case)
    if open_ones and not case.mock:
        raise StillAnswering(number=case.number, count=open_ones)
    follows = [one.number for one in capas_about("recall", case.id)]
    if not (follows or case.mock or no_capa.strip()):
        raise Invalid({"no_capa": [_("No CAPA follows from it: open one on the page of the recall, or say why not.")]})
    case.no_capa = "" if follows else no_capa.strip()[:2000]
    case.status, case.closed_at, case.closed_by, case.reason = CLOSED, clock.now(), actor.id, reason[:2000]
    session().flush()
    said = {"reason": reason, "capas": follows, "no_capa": case.no_capa}
    record(actor, "recall:close", case.subject, number=case.number, **said)
