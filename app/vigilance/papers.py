"""The papers of complaints and CAPA: all that is on record of one, as it stands; closed ones have it by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.audit.service import exact
from app.audit.signatures import signatures_of
from app.catalog import papers
from app.core import kept
from app.core.i18n import _, _l, show_date, show_time
from app.core.permissions import Actor
from app.documents import queries as on_file
from app.documents import service as documents
from app.documents.content.parts import NOTHING, Both, Goods, Party, SignedBy, described, kept_of, party_facts, traced
from app.documents.content.shapes import to_json
from app.documents.content.signing import as_signed, signed_blocks
from app.documents.kinds import Kind, add
from app.documents.models import Document
from app.documents.paper.blocks import Block, Facts, Layout, Table, Text
from app.documents.retention import Kept
from app.identity.queries import names_of
from app.orders.queries import numbers_of as order_numbers
from app.vigilance import queries, wording
from app.vigilance.clocks import report_by
from app.vigilance.models import Capa, Complaint

COMPLAINT_PAPER, CAPA_PAPER = "complaint_record", "capa_record"


@dataclass(frozen=True)
class ComplaintRecord:
    """投诉处理记录: from what the customer says to the conclusion."""

    number: str
    status: Both
    customer: Party
    goods: Goods
    lot_is_ours: bool
    harm: Both
    law: Both
    description: str
    known_since: datetime
    recorded_at: datetime
    recorded_by: str
    sample_is_here: bool
    reference: str = ""
    order: str = ""
    investigated_by: str = ""
    reporting: Both = NOTHING
    """Whether it is reported as an adverse event; nothing while that is not decided."""
    reporting_reason: str = ""
    reporting_by: str = ""
    reporting_at: datetime | None = None
    report_until: datetime | None = None
    conclusion: Both = NOTHING
    finding: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    follows: tuple[str, ...] = ()
    """Numbers of nonconformances and CAPA."""

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of([self.goods])


@dataclass(frozen=True)
class ActionRow:
    """An action of a CAPA, and what was done."""

    number: int
    kind: Both
    text: str
    owner: str
    due_on: date
    done_at: datetime | None = None
    done_by: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class CapaRecord:
    """纠正预防措施记录: problem, cause, actions, whether they helped."""

    number: str
    stage: Both
    source: Both
    source_number: str
    goods: Goods | None
    problem: str
    root_cause: str
    criterion: str
    check_on: date | None
    actions: tuple[ActionRow, ...]
    files: tuple[str, ...]
    """Names with the SHA-256 of their bytes."""
    opened_at: datetime
    opened_by: str
    effect: Both = NOTHING
    result: str = ""
    early: str = ""
    """Why it was verified before its day."""
    conclusion: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    signed: tuple[SignedBy, ...] = ()

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of([self.goods] if self.goods else [])


def issue_complaint(actor: Actor, one: Complaint) -> Document:
    """Its record as a paper: the one on file while nothing changed, else the next version."""
    return _issue(actor, one, COMPLAINT_PAPER, _complaint(one))


def issue_capa(actor: Actor, capa: Capa) -> Document:
    """Its record as a paper: the one on file while nothing changed, else the next version."""
    return _issue(actor, capa, CAPA_PAPER, _capa(capa))


def _issue(actor: Actor, one: Complaint | Capa, kind: str, content: ComplaintRecord | CapaRecord) -> Document:
    before = on_file.latest_of(one.subject, kind)
    if before is None:
        return documents.issue_document(actor, kind, one.subject, content)
    if before.content == exact(to_json(content)):
        return before
    return documents.supersede(actor, before, content, reason=one.number)


def _complaint(one: Complaint) -> ComplaintRecord:
    people = (one.recorded_by, one.taken_by, one.reportable_by, one.closed_by)
    names = names_of([person for person in people if person])
    lot, until = queries.lot_of(one), report_by(one)
    goods = papers.goods_of(one.product, 0, lot=lot, serials=[one.serial_no] if one.serial_no else ())
    told = {None: NOTHING, True: Both.of(_l("to be reported")), False: Both.of(_l("not reportable"))}
    raised = [found.number for found in queries.nonconformances_of(one)]
    begun = [found.number for found in queries.capas_about("complaint", one.id)]
    return ComplaintRecord(
        number=one.number,
        status=Both.of(wording.STATUSES[one.status]),
        customer=papers.party_of(one.customer),
        goods=goods if lot else replace(goods, lot_no=one.lot_no),
        lot_is_ours=lot is not None,
        harm=Both.of(wording.HARMS[one.harm]),
        law=Both.of(wording.JURISDICTIONS[one.jurisdiction]),
        description=one.description,
        known_since=one.aware_at,
        recorded_at=one.recorded_at,
        recorded_by=names.get(one.recorded_by, ""),
        sample_is_here=one.sample_returned,
        reference=one.reference,
        order=order_numbers([one.order_id]).get(one.order_id, "") if one.order_id else "",
        investigated_by=names.get(one.taken_by or "", ""),
        reporting=told[one.reportable],
        reporting_reason=one.reportable_reason,
        reporting_by=names.get(one.reportable_by or "", ""),
        reporting_at=one.reportable_at,
        report_until=until.at if until else None,
        conclusion=Both.of(wording.CONCLUSIONS[one.conclusion]) if one.conclusion else NOTHING,
        finding=one.finding,
        closed_at=one.closed_at,
        closed_by=names.get(one.closed_by or "", ""),
        follows=(*raised, *begun),
    )


def _capa(capa: Capa) -> CapaRecord:
    files = queries.files_of(capa)
    sums = kept.sums_of(file.content_id for file in files if file.content_id)
    doers = (person for one in capa.actions for person in (one.owner_id, one.done_by))
    names = names_of([person for person in (capa.opened_by, capa.closed_by, *doers) if person])
    words = {None: NOTHING, True: Both.of(_l("actions effective")), False: Both.of(_l("actions not effective"))}
    return CapaRecord(
        number=capa.number,
        stage=Both.of(wording.STAGES[capa.stage]),
        source=Both.of(wording.CAPA_SOURCES[capa.source_kind]),
        source_number=capa.source_note,
        goods=papers.goods_of(capa.product, 0, lot=capa.lot) if capa.product else None,
        problem=capa.problem,
        root_cause=capa.root_cause,
        criterion=capa.criterion,
        check_on=capa.check_on,
        actions=tuple(
            ActionRow(
                number=one.number,
                kind=Both.of(wording.ACTION_KINDS[one.kind]),
                text=one.text,
                owner=names.get(one.owner_id, ""),
                due_on=one.due_on,
                done_at=one.done_at,
                done_by=names.get(one.done_by or "", ""),
                evidence=one.evidence,
            )
            for one in capa.actions
        ),
        files=tuple(f"{one.name or one.url} {sums.get(one.content_id or '', '')}".strip() for one in files),
        opened_at=capa.opened_at,
        opened_by=names.get(capa.opened_by, ""),
        effect=words[capa.effective],
        result=capa.result,
        early=queries.early_of(capa),
        conclusion=capa.conclusion,
        closed_at=capa.closed_at,
        closed_by=names.get(capa.closed_by or "", ""),
        signed=as_signed(signatures_of(capa.subject)),
    )


def lay_out_complaint(told: ComplaintRecord) -> Layout:
    """On A4 upright."""
    lot = traced(told.goods) if told.lot_is_ours else f"{traced(told.goods)} ({_('no lot of ours')})"
    return [
        party_facts(_("Customer"), told.customer),
        Facts(
            (
                (_("State"), str(told.status)),
                (_("Product"), described(told.goods)),
                (_("Lot / serial numbers"), lot),
                (_("Order"), told.order),
                (_("Their number"), told.reference),
                (_("Known since"), show_time(told.known_since)),
                (_("Recorded"), _by(told.recorded_at, told.recorded_by)),
                (_("Harm to a person"), str(told.harm)),
                (_("Sample"), _("sample is here") if told.sample_is_here else _("sample is not here")),
                (_("Investigated by"), told.investigated_by),
            )
        ),
        *_said(_("What the customer says"), told.description),
        Text(_("Is it reported as an adverse event?"), heading=True),
        Facts(
            (
                (_("Law for reports"), str(told.law)),
                (_("Adverse event"), str(told.reporting) or _("not decided")),
                (_("Reason"), told.reporting_reason),
                (_("Decided at"), _by(told.reporting_at, told.reporting_by)),
                (_("To be reported by"), show_time(told.report_until)),
            )
        ),
        *_said(_("What the investigation found"), told.finding),
        Facts(
            (
                (_("Conclusion of the complaint"), str(told.conclusion)),
                (_("Closed at"), _by(told.closed_at, told.closed_by)),
                (_("What follows"), "\n".join(told.follows)),
            )
        ),
    ]


def lay_out_capa(told: CapaRecord) -> Layout:
    """On A4 upright."""
    head = (_("Action no."), _("What is to be done"), _("Owner of the action"), _("Due on"), _("Done"))
    rows = [
        (
            str(one.number),
            f"{one.text}\n({one.kind})",
            one.owner,
            show_date(one.due_on),
            "\n".join(part for part in (_by(one.done_at, one.done_by), one.evidence) if part) or "–",
        )
        for one in told.actions
    ]
    one = told.goods
    goods = ((_("Product"), described(one)), (_("Lot / serial numbers"), traced(one))) if one else ()
    return [
        Facts(
            (
                (_("State"), str(told.stage)),
                (_("Follows from"), f"{told.source} · {told.source_number}"),
                *goods,
                (_("Begun on"), _by(told.opened_at, told.opened_by)),
            )
        ),
        *_said(_("What the problem is"), told.problem),
        *_said(_("Root cause"), told.root_cause),
        Text(_("Planned actions"), heading=True),
        Table(head, tuple(rows), widths=(14, 62, 28, 24, 54)),
        *_said(_("Files as evidence"), "\n".join(told.files)),
        Text(_("Did it help?"), heading=True),
        Facts(
            (
                (_("How one will tell that the actions helped"), told.criterion),
                (_("Check effectiveness by"), show_date(told.check_on)),
                (_("Verdict"), str(told.effect)),
                (_("What was checked and found"), told.result),
                (_("Why before its day"), told.early),
                (_("Conclusion"), told.conclusion),
                (_("Closed at"), _by(told.closed_at, told.closed_by)),
            )
        ),
        *signed_blocks(told.signed),
    ]


def _by(at: datetime | None, who: str) -> str:
    return " · ".join(part for part in (show_time(at), who) if part)


def _said(title: str, text: str) -> Sequence[Block]:
    return [Text(title, heading=True), Text(text)] if text else []


add(Kind(COMPLAINT_PAPER, "CPR", _l("Record of a complaint"), ComplaintRecord, lay_out_complaint))
add(Kind(CAPA_PAPER, "CAR", _l("Record of a CAPA"), CapaRecord, lay_out_capa))
