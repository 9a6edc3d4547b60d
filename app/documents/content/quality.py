"""Papers of quality control: the inspection report, and the certificate of conformity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.core.i18n import _, show_date, show_number
from app.documents.content.parts import NOTHING, Both, Goods, Party, SignedBy, described, kept_of, registered, traced
from app.documents.content.signing import signed_blocks
from app.documents.paper.blocks import Facts, Layout, Table, Text
from app.documents.retention import Kept


@dataclass(frozen=True)
class Measured:
    """One characteristic: what is asked, what was found, whether it passes."""

    characteristic: Both
    limits: str
    found: str
    passed: bool
    method: str = ""
    instrument: str = ""


@dataclass(frozen=True)
class InspectionReport:
    """检验报告: of one lot, with its sample and its verdict."""

    goods: Goods
    supplier: Party | None
    received_on: date | None
    plan: Both
    """Kind of inspection and its level, as 正常检验 / normal, AQL 1.0."""
    lot_size: int
    sample_size: int
    accept_at_most: int
    found_defective: int
    measured: tuple[Measured, ...]
    verdict: Both
    passed: bool
    inspected_on: date
    note: str = ""
    signed: tuple[SignedBy, ...] = ()

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of([self.goods])


def lay_out_inspection(told: InspectionReport) -> Layout:
    """On A4 upright."""
    head = ("#", _("Characteristic"), _("Requirement"), _("Result"), _("Method, instrument"), _("Verdict"))
    rows = [
        (
            str(place),
            str(one.characteristic),
            one.limits,
            one.found,
            "\n".join(part for part in (one.method, one.instrument) if part),
            _("passes") if one.passed else _("fails"),
        )
        for place, one in enumerate(told.measured, 1)
    ]
    return [
        goods_facts(told.goods),
        Facts(
            (
                (_("Supplier"), str(told.supplier.name) if told.supplier else ""),
                (_("Received on"), show_date(told.received_on)),
                (_("Inspected on"), show_date(told.inspected_on)),
                (_("Inspection plan"), str(told.plan)),
                (_("Lot size"), show_number(told.lot_size)),
                (_("Sample size"), show_number(told.sample_size)),
                (_("Accepted with at most"), _("%(count)s defective", count=told.accept_at_most)),
                (_("Found"), _("%(count)s defective", count=told.found_defective)),
                (_("Note"), told.note),
            ),
            columns=2,
        ),
        Table(head, tuple(rows), widths=(8, 50, 42, 36, 30, 16)),
        Text(f"{_('Verdict')}: {told.verdict}", heading=True, tone="good" if told.passed else "bad"),
        *signed_blocks(told.signed),
    ]


def goods_facts(goods: Goods) -> Facts:
    """One lot with everything that is known of it."""
    return Facts(
        (
            (_("Product"), described(goods)),
            (_("Registration, registrant, manufacturer"), registered(goods)),
            (_("Lot / serial numbers"), traced(goods)),
            (_("Made on"), show_date(goods.made_on)),
            (_("Expiry date"), show_date(goods.expires_on)),
            (_("Storage"), str(goods.storage)),
            (_("Quantity"), f"{show_number(goods.quantity)} {goods.uom}"),
        )
    )


@dataclass(frozen=True)
class Certificate:
    """合格证: that a lot conforms, by which report and standard."""

    goods: Goods
    report_no: str
    standards: tuple[str, ...]
    released_on: date
    statement: Both = NOTHING
    conditions: Both = NOTHING
    """Of a conditional release; empty otherwise."""
    signed: tuple[SignedBy, ...] = ()

    def kept(self) -> Iterable[Kept]:
        """The goods, for the time of retention."""
        return kept_of([self.goods])


def lay_out_certificate(told: Certificate) -> Layout:
    """On A4 upright."""
    usual = _("It is certified that this lot was inspected and conforms to the requirements named here.")
    return [
        goods_facts(told.goods),
        Facts(
            (
                (_("Inspection report"), told.report_no),
                (_("Requirements and standards"), "\n".join(told.standards)),
                (_("Released on"), show_date(told.released_on)),
                (_("Conditions of the release"), str(told.conditions)),
            )
        ),
        Text(str(told.statement) or usual, heading=True),
        *signed_blocks(told.signed),
    ]
