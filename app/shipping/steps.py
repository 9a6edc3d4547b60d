"""The service steps of bpmn/shipment.bpmn, by name, where its tasks stand, what a blocked lot means to a shipment."""

from __future__ import annotations

import contextlib
from typing import Any

from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.identity.queries import users_with_role
from app.inventory import service as inventory
from app.inventory.models import RECALLED, Lot
from app.orders import queries as orders
from app.priority import queries as priority
from app.priority import service as ranking
from app.processes.service import NoMatch
from app.processes.steps import StepCall, kept_years, step, task_rank
from app.shipping import covering, delivery, dispatch, parting, shipments, telling
from app.shipping.models import Shipment
from app.tasks.models import Rank
from app.tasks.notices import tell_of_page
from app.tasks.records import NoticeKind

CHANGED, RECALLED_ON_WAY = "order.changed", "shipment.recalled"
CALL_THE_CARRIER = ("transport", "order_desk")


@task_rank.register("shipment")
def shipment_rank(subject: Subject) -> Rank:
    """As its order."""
    standing = priority.standing_or_none(shipments.get_shipment(subject.id).order_id)
    return Rank() if standing is None else ranking.rank_of(standing)


@kept_years.register("shipment")
def shipment_kept_years(subject: Subject) -> int | None:
    """As its order."""
    found = Subject("order", shipments.get_shipment(subject.id).order_id)
    return kept_years.get("order")(found) if "order" in kept_years else None


@inventory.lot_blocked.register("shipments")
def stop_shipments(actor: Actor, lot: Lot, order_ids: list[str]) -> None:
    """A lot was held, rejected or recalled: what is being prepared of these orders begins anew, without it."""
    for order_id in sorted(order_ids):
        for made in shipments.open_with(order_id, lot.id):
            with contextlib.suppress(NoMatch):
                telling.tell(actor, CHANGED, made)


@inventory.lot_judged.register("shipments")
def intercept_shipments(actor: Actor, lot: Lot, reason: str) -> None:
    """A recalled lot that is on its way is called back; nobody can hand it over any more."""
    on_their_way = shipments.carrying(lot.id) if lot.status == RECALLED else []
    for shipment in [one for one in on_their_way if one.status == "in_transit"]:
        try:
            telling.tell(actor, RECALLED_ON_WAY, shipment, reason=reason)
        except NoMatch:
            delivery.call_back(actor, shipment, reason)
            parting.send_anew(actor, shipment, reason)


def _one(call: StepCall) -> Shipment:
    return shipments.get_shipment(call.subject.id, lock=True)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


@step.register("plan_shipment")
def plan_shipment(call: StepCall) -> dict[str, Any] | None:
    """What it lacks is kept again where there is something; goods in other warehouses, or of another temperature, leave
    apart; carrier, day, arrival."""
    one = _one(call)
    one.status = "planned"
    covering.cover(call.actor, orders.get_order(one.order_id), call.as_of, asker=one)
    parting.by_place(call.actor, one)
    dispatch.plan(call.actor, one, call.as_of)
    return None


@step.register("part_shipment")
def part_shipment(call: StepCall) -> dict[str, Any] | None:
    """What is there leaves, the rest follows. Raises MustGoWhole, NothingToShip."""
    parting.split(call.actor, _one(call), _reason(call))
    return None


@step.register("begin_picking")
def begin_picking(call: StepCall) -> dict[str, Any] | None:
    """The pick list."""
    dispatch.begin_picking(call.actor, _one(call), call.as_of)
    return None


@step.register("confirm_picking")
def confirm_picking(call: StepCall) -> dict[str, Any] | None:
    """Everything lies in the dispatch zone. Raises NotAllPicked."""
    dispatch.finish_picking(call.actor, _one(call))
    return None


@step.register("undo_picking")
def undo_picking(call: StepCall) -> dict[str, Any] | None:
    """Everything goes back into its bins."""
    dispatch.put_back(call.actor, _one(call), _reason(call))
    return None


@step.register("pack_shipment")
def pack_shipment(call: StepCall) -> dict[str, Any] | None:
    """Box, logger, SSCC, delivery note. Raises Invalid."""
    dispatch.pack(call.actor, _one(call), dict(call.answer), call.as_of)
    return None


@step.register("depart")
def depart(call: StepCall) -> dict[str, Any] | None:
    """The goods have left. Raises MayNotLeave."""
    dispatch.depart(call.actor, _one(call), str(call.variables.get("vehicle") or ""))
    return None


@step.register("remind_of_shipment")
def remind_of_shipment(call: StepCall) -> dict[str, Any] | None:
    """Nobody has come for it, or it has not arrived: who can call the carrier hears of it, by their bell and by what
    they chose, and so do other systems. Nobody has a task meanwhile."""
    one = _one(call)
    dispatch.note(call.actor, one, "late")
    people = [user.id for role in CALL_THE_CARRIER for user in users_with_role(role)]
    en, zh = ("not arrived", "未送达") if one.departed_at else ("not fetched", "未提货")
    title = {"en": f"{one.number}, {en}", "zh": f"{one.number}，{zh}"}
    tell_of_page(SYSTEM, f"/shipments/{one.id}", title, people, kind=NoticeKind.LATE)
    return None


@step.register("note_delivery")
def note_delivery(call: StepCall) -> dict[str, Any] | None:
    """Whether everything was accepted."""
    proof = shipments.proof_of(_one(call))
    return {"refused": bool(proof is not None and proof.refused)}


@step.register("call_back_shipment")
def call_back_shipment(call: StepCall) -> dict[str, Any] | None:
    """The goods are to come back."""
    delivery.call_back(call.actor, _one(call), _reason(call) or str(call.variables.get("reason") or ""))
    return None


@step.register("ship_anew")
def ship_anew(call: StepCall) -> dict[str, Any] | None:
    """What does not reach the customer with it is sent in another shipment."""
    one = _one(call)
    made = parting.send_anew(call.actor, one, _reason(call) or str(call.variables.get("reason") or ""))
    return {"followed_by": made.number if made else ""}


@step.register("take_back_shipment")
def take_back_shipment(call: StepCall) -> dict[str, Any] | None:
    """What is still on its way comes into the returns zone, and is inspected there."""
    delivery.take_back(call.actor, _one(call), _reason(call))
    return None


@step.register("hold_shipment")
def hold_shipment(call: StepCall) -> dict[str, Any] | None:
    """Stop while a change is decided, if the goods have not left."""
    return {"held": dispatch.hold(call.actor, _one(call))}


@step.register("resume_shipment")
def resume_shipment(call: StepCall) -> dict[str, Any] | None:
    """The change does not come."""
    dispatch.resume(call.actor, _one(call))
    return None


@step.register("stop_shipment")
def stop_shipment(call: StepCall) -> dict[str, Any] | None:
    """What is to be shipped has changed. Raises HasLeft."""
    dispatch.stop(call.actor, _one(call), "changed")
    return None


@step.register("give_up_shipment")
def give_up_shipment(call: StepCall) -> dict[str, Any] | None:
    """Nobody waits for its goods any more: they are free for others. Raises HasLeft."""
    covering.give_up(call.actor, _one(call), _reason(call))
    return None


@step.register("void_shipment")
def void_shipment(call: StepCall) -> dict[str, Any] | None:
    """It will not be shipped. Raises HasLeft."""
    dispatch.void(call.actor, _one(call), _reason(call) or str(call.variables.get("reason") or ""))
    return None
