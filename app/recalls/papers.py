"""The papers of a recall: the notice to a consignee, the report to the authority."""

from __future__ import annotations

from collections.abc import Sequence

from app.catalog import papers
from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core import clock
from app.core.i18n import _l
from app.core.permissions import Actor
from app.documents import queries as papers_on_file
from app.documents import service as documents
from app.documents.content.parts import Both, Goods, Party
from app.documents.content.recall import Consignee, RecallNotice, RegulatorReport
from app.documents.models import Document
from app.inventory import queries as stock
from app.recalls import models, queries, wording
from app.recalls.counting import Position, standing_of

AUTHORITIES = {"cn": "NMPA", "eu": "EU competent authority", "us": "FDA"}


def us() -> Party:
    """Who recalls."""
    numbers = [one.number for one in catalog.our_licences()]
    return Party(name=Both.of(_l("Our company")), licences=tuple(numbers[:10]))


def _goods(lot_id: str, quantity: int) -> Goods:
    lot = stock.get_lot(lot_id)
    return papers.goods_of(lot.product, quantity, lot=lot)


def _same(text: str) -> Both:
    return Both(zh=text, en=text)


def notice_of(
    case: models.RecallCase, notice: models.RecallNotice, customer: Customer, positions: Sequence[Position]
) -> RecallNotice:
    """The notice to that consignee: of what it was sent, what to do, until when. The link is not on it: papers are kept
    for years, and links open without signing in."""
    return RecallNotice(
        case_no=case.number,
        level=Both.of(wording.LEVELS[case.level or "class_i"]),
        urgent=case.level in ("class_i", "class_ii"),
        consignee=papers.party_of(customer, catalog.licences_of(customer.id)),
        issuer=us(),
        decided_at=case.decided_at or case.opened_at,
        answer_by=notice.due_at,
        hazard=_same(case.hazard),
        instructions=(_same(case.instructions) if case.instructions else Both.of(wording.INSTRUCTIONS),),
        goods=tuple(_goods(one.lot_id, one.had) for one in positions),
        sub_recall=customer.kind == "distributor",
    )


def issue_report(actor: Actor, case: models.RecallCase, stage: str) -> Document:
    """The report to the authority, or its next version, as things stand now."""
    content = _report(case, stage)
    before = papers_on_file.latest_of(case.subject, "regulator_report")
    if before is not None:
        return documents.supersede(actor, before, content, reason=stage)
    return documents.issue_document(actor, "regulator_report", case.subject, content)


def _report(case: models.RecallCase, stage: str) -> RegulatorReport:
    notices, replies = queries.notices_of(case), queries.replies_of(case)
    standing = standing_of(case, notices, replies)
    names = catalog.customers_of({one.customer_id for one in standing.positions})
    told = {one.customer_id: one for one in notices}
    return RegulatorReport(
        stage=Both.of(wording.STAGES[stage]),
        case_no=case.number,
        authority=AUTHORITIES[case.jurisdiction],
        reporter=us(),
        level=Both.of(wording.LEVELS[case.level or "class_i"]),
        decided_at=case.decided_at or case.opened_at,
        legal_deadline=case.report_due_at,
        reason=_same(case.hazard),
        measures=_same(case.instructions) if case.instructions else Both.of(wording.INSTRUCTIONS),
        goods=tuple(_goods(one.lot_id, one.received) for one in standing.balances),
        consignees=tuple(
            _consignee(one, names.get(one.customer_id), told.get(one.customer_id), stock.get_lot(one.lot_id).lot_no)
            for one in standing.positions
        ),
        received=sum(one.received for one in standing.balances),
        in_stock=sum(one.in_stock for one in standing.balances),
        reported_on=clock.today(),
    )


def _consignee(one: Position, customer: Customer | None, notice: models.RecallNotice | None, lot_no: str) -> Consignee:
    name = Both(zh=customer.name, en=customer.name_en or "") if customer else _same(one.customer_id or "–")
    return Consignee(
        name=name,
        lot_no=lot_no,
        delivered=one.had,
        notified_at=notice.sent_at if notice else None,
        answered_at=notice.replied_at if notice else None,
        returned=one.returned,
        destroyed=one.destroyed,
        used=one.used,
        unaccounted=one.left,
    )
