"""Two stories of complaints: one being investigated, one that was confirmed and whose CAPA has a late action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.core import clock
from app.core.permissions import Actor
from app.demo.answering import answer
from app.demo.master import World
from app.inventory.models import Lot
from app.tasks import teamwork
from app.tasks.queries import open_tasks_of
from app.vigilance import capas, naming, service
from app.vigilance.models import Capa, Complaint
from app.vigilance.schemas import ComplaintGiven

BEFORE = timedelta(days=12)
"""How long ago the CAPA began."""


def begin(team: dict[str, Actor], world: World) -> None:
    """Three complaints of a product are confirmed, a signal; the CAPA of one is planned and approved; one action is
    done, the other will be late."""
    product = next(one for one in world.products if one.sterile and not one.implantable)
    told = {"product": product.sku, "lot_no": "P2603"}
    finding = "样品复测：封口宽度低于规定值；包装班次更换压头后未做首件检查。"
    for place in range(3):
        by = {"customer": world.hospitals[place + 1].code, "reference": f"CRM-471{place}"}
        one = _complain(team["sales"], {**told, **by}, "开箱时发现内包装封口有一处未压合，未使用，无人受伤。")
        service.take_up(team["qa"], one)
        service.conclude(team["qa"], one, "confirmed", finding)
    capa = capas.begin_capa(team["qa"], {"source_kind": "complaint", "source": one.number, "problem": finding})
    _plan(team["qa"], capa, "warehouse", "corrective", "隔离并复检同一班次的库存，逐箱检查封口。", days=4)
    _plan(
        team["qa"], capa, "purchasing", "preventive", "与供方签订补充协议：更换压头后须做首件检查并留存记录。", days=6
    )
    cause = {"root_cause": "供方更换压头后无首件检查要求", "criterion": "之后三批到货封口抽检均无不合格"}
    answer(team["qa"], capa.subject, element="investigate", **cause, check_on=_day(60))
    answer(team["quality"], capa.subject, element="approve_plan", outcome="approve", reason="")
    task = next(one for one in open_tasks_of(capa.subject) if one.assignee_id == team["warehouse"].id)
    teamwork.attach(team["warehouse"], task.id, "复检记录.csv", "箱号,封口\n1,合格\n2,合格\n".encode())
    answer(team["warehouse"], capa.subject, element="act", evidence="已复检120箱，封口全部合格，记录见附件。")


def tell(team: dict[str, Actor], world: World, traced: Lot) -> None:
    """A hospital complains of an implant of the tracing story; quality has taken it up, nothing is decided."""
    told = {"product": traced.product.sku, "lot_no": traced.lot_no, "customer": world.hospitals[0].code}
    words = "植入后第三天固定松动，已二次手术。取出的器械待寄回。"
    one = _complain(team["desk"], {**told, "serial_no": f"{traced.lot_no}-1", "harm": "serious"}, words)
    service.take_up(team["qa"], one)


def _complain(who: Actor, told: dict[str, Any], words: str) -> Complaint:
    given = ComplaintGiven().load({**told, "description": words})
    return service.complain(who, naming.complaint_of(given), "page")


def _plan(who: Actor, capa: Capa, owner: str, kind: str, text: str, *, days: int) -> None:
    capas.plan_action(who, capa, {"kind": kind, "text": text, "owner": owner, "due_on": _day(days)})


def _day(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()
