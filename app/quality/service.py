"""Verbs of an inspection: it is opened by a receipt, and its process (bpmn/qc.bpmn) carries out the rest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import service as inventory
from app.inventory.models import HELD, INSPECTING, QUARANTINED, RECALLED, REJECTED, RELEASED, Lot, Warehouse
from app.inventory.places import RETURNS
from app.processes import queries as process_queries
from app.processes import service as processes
from app.quality import history, models, queries
from app.quality.characteristics import asked_of, values_in
from app.quality.models import Inspection, Nonconformance
from app.quality.reports import issue_report
from app.quality.sampling import plan_of, points_of, stricter

GOODS_RECEIVED, LOT_RECALLED = "goods.received", "lot.recalled"
RETURNED = ("return", "excursion")
MAY_PASS = ("use_as_is", "concession")


class UnderInspection(Conflict):
    """People decide on the lot in its inspection, not beside it."""

    message = _l("Lot %(lot)s is under inspection (%(number)s): decide the task of that inspection.")


class NotAcceptable(Conflict):
    """The sample or the receiving check says that the lot does not conform."""

    message = _l("Inspection %(number)s: the lot does not conform. Reject it or take more samples.")


class NothingReturned(Conflict):
    """The message came before the goods were booked in, or twice."""

    message = _l("Nothing of lot %(lot)s lies in a return zone: receive it there first.")


class NotAllSampled(Conflict):
    """More of the lot came in after the samples were planned."""

    message = _l("More of lot %(lot)s came in after the samples were planned: take more samples.")


class NotInQuarantine(Conflict):
    """What was released before, or is on hold, is not limited to some customers by a later receipt."""

    message = _l("Lot %(lot)s is not in quarantine: it cannot be released conditionally.")


def open_inspection(actor: Actor, lot: Lot, warehouse: Warehouse, quantity: int, receipt: dict[str, Any]) -> None:
    """Goods came in: an inspection begins, or the one that is open grows. Without a process that hears of receipts, and
    for a lot that is rejected or recalled, nothing is done. `receipt`: supplier, document, maybe origin."""
    if lot.status in (REJECTED, RECALLED) or not processes.starts_any(GOODS_RECEIVED):
        return
    there = queries.open_of_lot(lot.id)
    if there is not None:
        there.quantity += quantity
        session().flush()
        record(actor, "inspection:grow", there.subject, quantity=quantity, document=receipt["document"])
        return
    registration = lot.product.registration
    made = Inspection(
        id=new_id(),
        number=next_number("QC"),
        lot_id=lot.id,
        product_id=lot.product_id,
        warehouse_id=warehouse.id,
        supplier_id=receipt["supplier"],
        origin=receipt.get("origin")
        or ("import" if registration is not None and "进" in registration.number else "supplier"),
        document=receipt["document"],
        quantity=quantity,
        started_at=clock.now(),
        checks={"agreed": "reject"} if receipt.get("agreed") == "reject" else {},
    )
    session().add(made)
    session().flush()
    record(actor, "inspection:open", made.subject, number=made.number, lot_no=lot.lot_no, quantity=quantity)
    processes.start_about(actor, GOODS_RECEIVED, made.subject, business_key=made.number, variables={})


def open_return(actor: Actor, lot: Lot, given: dict[str, Any]) -> None:
    """Goods of the lot came back into a return zone: they are inspected. `given`, as the message told: quantity, rma or
    document, origin (`return`, `excursion`), default (`reject`: as agreed with the return); what it does not say is
    read from the zone. Raises NothingReturned."""
    rows = queries.returned_of(lot.id)
    if not rows:
        raise NothingReturned(lot=lot.lot_no)
    warehouse_id, there = rows[0]
    told = given.get("quantity")
    quantity = told if isinstance(told, int) and 1 <= told <= there else there
    document = str(given.get("rma") or given.get("document") or "")[:64]
    origin = "excursion" if given.get("origin") == "excursion" else "return"
    warehouse = session().get_one(Warehouse, warehouse_id)
    open_inspection(
        actor,
        lot,
        warehouse,
        quantity,
        {"supplier": "", "document": document, "origin": origin, "agreed": given.get("default")},
    )


def begin(actor: Actor, one: Inspection) -> None:
    """The lot is under inspection; a hold stays, and so does the release of what came before."""
    if one.lot.status == QUARANTINED:
        inventory.inspect_lot(actor, one.lot, reason=one.number)


def note_check(actor: Actor, one: Inspection, answer: dict[str, Any]) -> None:
    """What the warehouse found at receipt."""
    names = ("counted", "package", "label", "udi", "certificate", "temperature", "note")
    one.checks = {**one.checks, **{name: answer.get(name) for name in names}, "expected": one.quantity, "by": actor.id}
    session().flush()


def plan(one: Inspection, decided: dict[str, Any]) -> None:
    """How much is tested, by what the rules asked for: route and tags of the decision."""
    one.route, tags = str(decided["route"]), [str(tag) for tag in decided.get("tags", ())]
    before = history_severity(one)
    one.severity = next((tag.removeprefix("severity_") for tag in tags if tag.startswith("severity_")), before)
    one.plan = {} if one.route in ("documents", "hold") else _sample(one, tags)
    one.state = models.CREATED if one.route == "hold" else models.SAMPLING
    session().flush()


def history_severity(one: Inspection) -> str:
    """The severity in force before this lot."""
    return str(history.counted(history.past_of(one))["severity"])


def _sample(one: Inspection, tags: list[str]) -> dict[str, Any]:
    level = next((tag.removeprefix("level_") for tag in tags if tag.startswith("level_")), "ii")
    aql = next((tag.removeprefix("aql_") for tag in tags if tag.startswith("aql_")), "0.65")
    severity = "tightened" if one.severity == "discontinued" else one.severity
    made = plan_of(one.quantity, level, aql, severity)
    return {
        "level": level,
        "aql": aql,
        "letter": made.letter,
        "size": made.size,
        "accept": made.accept,
        "clear": made.clear,
        "stricter": plan_of(one.quantity, level, stricter(aql), severity).accept,
        "planned_for": one.quantity,
    }


def note_results(actor: Actor, one: Inspection, answer: dict[str, Any]) -> None:
    """A sample was tested: values are checked against the limits here. Raises Invalid for what cannot be read."""
    asked = asked_of(one)
    values = values_in(str(answer.get("measured") or ""), asked)
    sampled, defective = int(answer.get("sampled") or 0), int(answer.get("defective") or 0)
    if defective > sampled:
        raise Invalid({"defective": [_("More than were tested.")]})
    one.results = [
        *one.results,
        {
            "sampled": sampled,
            "defective": defective,
            "values": values,
            "instrument": str(answer.get("instrument") or ""),
            "note": str(answer.get("reason") or ""),
            "by": actor.id,
            "at": clock.now().isoformat(),
        },
    ]
    one.tester_id, one.state = actor.id, models.TESTING
    one.found = _come_to(one)
    if one.plan and one.accepted is None and one.origin in history.ORIGINAL:
        _judge_original(one)
    session().flush()


def _judge_original(one: Inspection) -> None:
    """What the lot counts for switching: its first complete sample, or one that fails before it is complete."""
    plan, found = one.plan, one.found
    fails = bool(found["key_failed"]) or found["defective"] > plan["accept"]
    if fails or (found["sampled"] >= plan["size"] and not found["missing"]):
        one.accepted = not fails
        one.points = points_of(plan, found["defective"], severity=one.severity, accepted=not fails)


def _come_to(one: Inspection) -> dict[str, Any]:
    asked = asked_of(one)
    failed: dict[str, int] = {}
    measured: set[str] = set()
    counted = [sample for sample in one.results if not sample.get("struck")]
    for sample in counted:
        for known in asked:
            values = sample["values"].get(known.code, ())
            measured |= {known.code} if values else set()
            wrong = sum(not known.passes(Decimal(value)) for value in values)
            failed[known.code] = failed.get(known.code, 0) + wrong
    return {
        "sampled": sum(sample["sampled"] for sample in counted),
        "defective": sum(sample["defective"] for sample in counted) + sum(failed.values()),
        "failed": [code for code, wrong in failed.items() if wrong],
        "missing": [known.code for known in asked if known.code not in measured],
        "key_failed": sum(bool(failed[known.code]) for known in asked if known.key),
    }


def raise_nonconformance(actor: Actor, one: Inspection, severity: str) -> None:
    """The lot does not conform: a record of its own, once."""
    if queries.nonconformance_of(one.id) is not None:
        return
    made = Nonconformance(
        id=new_id(),
        number=next_number("NC"),
        inspection_id=one.id,
        lot_id=one.lot_id,
        severity=severity,
        failed=list(one.found.get("failed", ())),
        quantity=one.quantity,
        raised_at=clock.now(),
        raised_by=actor.id,
    )
    session().add(made)
    session().flush()
    record(actor, "inspection:nonconform", one.subject, number=made.number, severity=severity, failed=made.failed)


def note_review(actor: Actor, one: Inspection, proposed: str) -> None:
    """Somebody other than the tester has reviewed the results (the database refuses the same); `proposed` is the
    disposition by the rules, if any."""
    found = queries.nonconformance_of(one.id)
    if found is not None:
        found.proposed = proposed
    one.reviewer_id, one.state = actor.id, models.REVIEWED
    session().flush()


def strike_results(actor: Actor, one: Inspection, reason: str) -> None:
    """The sample noted last does not count (a wrong value, a wrong method): it stays on file, struck; one tests again.
    After a document check a normal sample is planned."""
    last = len(one.results) - 1
    one.results = [{**sample, "struck": actor.id} if at == last else sample for at, sample in enumerate(one.results)]
    one.plan = one.plan or _sample(one, [])
    one.found = _come_to(one)
    if not one.plan.get("again"):  # what was tested first decides over switching, not what was tested after a refusal
        one.accepted, one.points = None, 0
    one.state = models.SAMPLING
    session().flush()
    record(actor, "inspection:strike", one.subject, number=one.number, reason=reason)


def more_samples(one: Inspection) -> None:
    """As many units again, with the acceptance number of the whole; after a document check, a normal sample."""
    size = int(one.plan.get("size", 0))
    fresh = _sample(one, [f"level_{one.plan['level']}", f"aql_{one.plan['aql']}"] if one.plan else [])
    one.plan = {**fresh, "size": min(size + fresh["size"], one.quantity), "again": True}
    one.state = models.SAMPLING
    session().flush()


def release(
    actor: Actor,
    one: Inspection,
    reason: str,
    proposed: str,
    *,
    acceptable: bool,
    only_for: Collection[str] = (),
    only_until: date | None = None,
) -> None:
    """The goods conform: the report is issued, the lot released under its number and put where it is picked; with
    `only_for` (ids) to these customers alone, until a day.

    Raises NotAcceptable, NotAllSampled, Invalid. A lot on hold stays on hold.
    """
    if not acceptable and proposed not in MAY_PASS:
        raise NotAcceptable(number=one.number)
    if one.plan and one.plan["planned_for"] != one.quantity:
        raise NotAllSampled(lot=one.lot.lot_no)
    if only_for and one.lot.status not in (QUARANTINED, INSPECTING):
        raise NotInQuarantine(lot=one.lot.lot_no)
    why = reason or one.number
    one.report_no = issue_report(actor, one)
    _close(actor, one, models.RELEASED, reason)
    if one.lot.status in (QUARANTINED, INSPECTING):
        limits: dict[str, Any] = {"only_for": only_for, "only_until": only_until}
        inventory.release_lot(actor, one.lot, reason=why, report_no=one.report_no, **limits)
    elif one.lot.status == RELEASED:
        inventory.put_away(actor, one.lot, session().get_one(Warehouse, one.warehouse_id), reason=why)


def reject(actor: Actor, one: Inspection, reason: str) -> None:
    """The lot is unfit: nothing of it leaves. Of goods that came back, these are destroyed, booked to scrap."""
    _close(actor, one, models.REJECTED, reason)
    if one.origin in RETURNED:  # what stayed in our custody is as good as before
        site, units = session().get_one(Warehouse, one.warehouse_id), queries.returned_serials(one)
        said = {"document": one.number, "reason": reason or one.number}
        inventory.take_out(actor, one.lot, site, one.quantity, zones=(RETURNS,), serials=units, **said)
    elif one.lot.status != REJECTED:
        inventory.reject_lot(actor, one.lot, reason=reason or one.number)


def stop(actor: Actor, one: Inspection, reason: str) -> None:
    """The lot was decided elsewhere, or recalled: there is nothing left to inspect."""
    if one.is_open:
        _close(actor, one, models.STOPPED, reason)


def _close(actor: Actor, one: Inspection, state: str, reason: str) -> None:
    one.state, one.reason = state, reason[:2000]
    one.decided_at, one.decided_by = clock.now(), actor.id
    found = queries.nonconformance_of(one.id)
    if found is not None:
        found.outcome = state
    session().flush()
    record(actor, f"inspection:{state}", one.subject, number=one.number, reason=reason, report=one.report_no)


def follow_lot(actor: Actor, lot: Lot, reason: str) -> None:
    """The lot's status was changed: an inspection that did not do it itself ends, by message when it is a recall."""
    one = queries.open_of_lot(lot.id) if lot.status in (RELEASED, REJECTED, RECALLED) else None
    if one is None:
        return
    if lot.status == RECALLED:
        instance = find_instance(one.subject)
        if instance is not None and _told_of_recall(actor, instance, reason):
            return
    stop(actor, one, reason)
    processes.cancel(actor, one.subject, reason=reason)


def _told_of_recall(actor: Actor, instance: str, reason: str) -> bool:
    """Whether the process heard of it; one that an operator has suspended does not, and a recall waits for nobody."""
    try:
        with session().begin_nested():
            processes.correlate(actor, LOT_RECALLED, instance_id=instance, variables={"recalled": reason})
    except Conflict:
        return False
    return True


def refuse_by_hand(lot: Lot, status: str) -> None:
    """Raises UnderInspection when an inspection of the lot runs that would decide it."""
    one = queries.open_of_lot(lot.id) if status in (RELEASED, REJECTED) and lot.status != HELD else None
    if one is not None:
        raise UnderInspection(lot=lot.lot_no, number=one.number)


def find_instance(subject: Subject) -> str | None:
    """The running process of the inspection."""
    found = process_queries.instance_of(subject)
    return None if found is None or found.status != "running" else found.id
