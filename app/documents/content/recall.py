"""Papers of a recall: the notice to a consignee, and the report to the authority."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.core.i18n import _, show_date, show_number, show_time
from app.documents.content.parts import Both, Goods, Party, SignedBy, dated, described, kept_of, party_facts, traced
from app.documents.content.signing import signed_blocks
from app.documents.paper.blocks import ByHand, Facts, Layout, Table, Text
from app.documents.retention import Kept


@dataclass(frozen=True)
class RecallNotice:
    """召回通知: to one consignee, of what they were sent, what to do, and how to answer until when."""

    case_no: str
    level: Both
    """As 一级召回 / class I."""
    urgent: bool
    consignee: Party
    issuer: Party
    decided_at: datetime
    answer_by: datetime
    hazard: Both
    instructions: tuple[Both, ...]
    goods: tuple[Goods, ...]
    """What this consignee was sent of the recalled lots."""
    answer_at: str = ""
    """Address of the page on which they answer."""
    sub_recall: bool = False
    """They supplied others, whom they must tell."""
    drill: bool = False
    signed: tuple[SignedBy, ...] = ()

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of(self.goods)


def lay_out_notice(told: RecallNotice) -> Layout:
    """On A4 upright."""
    head = ("#", _("Product"), _("Lot / serial numbers"), _("Dates"), _("Delivered to you"))
    rows = [
        (str(place), described(one), traced(one), dated(one), f"{show_number(one.quantity)} {one.uom}")
        for place, one in enumerate(told.goods, 1)
    ]
    pass_on = _("Tell everybody whom you have supplied with these goods at once, and keep the proof.")
    steps = [*(str(one) for one in told.instructions), *([pass_on] if told.sub_recall else [])]
    return [
        *([Text(_("DRILL: no goods are to be returned."), heading=True, tone="quiet")] if told.drill else []),
        *(
            [Text(_("URGENT: stop using and selling these goods at once."), heading=True, tone="bad")]
            if told.urgent
            else []
        ),
        party_facts(_("Addressee"), told.consignee),
        party_facts(_("Sender"), told.issuer),
        Facts(
            (
                (_("Recall case"), told.case_no),
                (_("Level"), str(told.level)),
                (_("Decided at"), show_time(told.decided_at)),
                (_("Please answer by"), show_time(told.answer_by)),
                (_("Answer at"), told.answer_at),
            )
        ),
        Text(_("Why"), heading=True),
        Text(str(told.hazard)),
        Text(_("Which goods"), heading=True),
        Table(head, tuple(rows), widths=(8, 78, 42, 32, 22), right=(4,)),
        Text(_("Measures required"), heading=True),
        *(Text(f"{place}. {one}") for place, one in enumerate(steps, 1)),
        *signed_blocks(told.signed),
        ByHand((_("Number still in stock"), _("Number used or implanted"), _("Name, date, seal"))),
    ]


@dataclass(frozen=True)
class Consignee:
    """One consignee of the recalled lots, as it stands."""

    name: Both
    lot_no: str
    delivered: int
    notified_at: datetime | None = None
    answered_at: datetime | None = None
    returned: int = 0
    destroyed: int = 0
    used: int = 0
    unaccounted: int = 0


@dataclass(frozen=True)
class RegulatorReport:
    """召回事件报告 / 召回总结: what the authority is told, with every consignee."""

    stage: Both
    """Event report, investigation and plan, status, summary."""
    case_no: str
    authority: str
    reporter: Party
    level: Both
    decided_at: datetime
    legal_deadline: datetime | None
    reason: Both
    measures: Both
    goods: tuple[Goods, ...]
    consignees: tuple[Consignee, ...]
    received: int
    in_stock: int
    reported_on: date
    signed: tuple[SignedBy, ...] = ()

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of(self.goods)


def lay_out_report(told: RegulatorReport) -> Layout:
    """On A4 across."""
    lots = [
        (str(place), described(one), f"{one.registration_no}\n{one.registrant}".strip(), traced(one), dated(one))
        for place, one in enumerate(told.goods, 1)
    ]
    return [
        Text(str(told.stage), heading=True),
        party_facts(_("Reported by"), told.reporter),
        Facts(
            (
                (_("Authority"), told.authority),
                (_("Recall case"), told.case_no),
                (_("Level"), str(told.level)),
                (_("Decided at"), show_time(told.decided_at)),
                (_("Legal deadline"), show_time(told.legal_deadline)),
                (_("Reported on"), show_date(told.reported_on)),
            ),
            columns=2,
        ),
        Text(_("Reason for the recall"), heading=True),
        Text(str(told.reason)),
        Text(_("Measures"), heading=True),
        Text(str(told.measures)),
        Table(
            ("#", _("Product"), _("Registration, registrant, manufacturer"), _("Lot / serial numbers"), _("Dates")),
            tuple(lots),
            widths=(8, 90, 80, 50, 40),
        ),
        _consignees(told),
        Text(_balance(told)),
        *signed_blocks(told.signed),
    ]


def _consignees(told: RegulatorReport) -> Table:
    head = (
        *("#", _("Consignee"), _("Lot"), _("Quantity delivered"), _("Notified"), _("Answered")),
        *(_("Returned"), _("Destroyed"), _("Used"), _("Unaccounted")),
    )
    rows = [
        (
            *(str(place), str(one.name), one.lot_no, show_number(one.delivered)),
            *(show_time(one.notified_at), show_time(one.answered_at)),
            *(show_number(count) for count in (one.returned, one.destroyed, one.used, one.unaccounted)),
        )
        for place, one in enumerate(told.consignees, 1)
    ]
    return Table(head, tuple(rows), widths=(8, 66, 34, 20, 32, 32, 20, 20, 18, 22), right=(3, 6, 7, 8, 9))


def _balance(told: RegulatorReport) -> str:
    sums = {
        name: show_number(sum(getattr(one, name) for one in told.consignees))
        for name in ("delivered", "returned", "destroyed", "used", "unaccounted")
    }
    return _(
        "Received %(received)s, in stock %(stock)s, delivered %(delivered)s; of these returned %(returned)s, destroyed "
        "%(destroyed)s, used %(used)s, unaccounted for %(unaccounted)s.",
        received=show_number(told.received),
        stock=show_number(told.in_stock),
        **sums,
    )
