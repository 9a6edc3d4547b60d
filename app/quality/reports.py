"""The inspection report of a lot as a paper."""

from __future__ import annotations

from decimal import Decimal

from app.catalog import papers
from app.core import clock
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.documents import service as documents
from app.documents.content.parts import Both
from app.documents.content.quality import InspectionReport, Measured
from app.quality.characteristics import Characteristic, asked_of
from app.quality.models import Inspection
from app.quality.wording import ROUTES


def issue_report(actor: Actor, one: Inspection) -> str:
    """Make the report about the lot; answers its number, as `IR-2026-000001`."""
    content = InspectionReport(
        goods=papers.goods_of(one.lot.product, one.quantity, lot=one.lot),
        supplier=None,
        received_on=clock.local_date(one.started_at),
        plan=Both.of(ROUTES[one.route]),
        lot_size=one.quantity,
        sample_size=int(one.plan.get("size", 0)),
        accept_at_most=int(one.plan.get("accept", 0)),
        found_defective=int(one.found.get("defective", 0)),
        measured=tuple(_measured(one, known) for known in asked_of(one)),
        verdict=Both.of(_l("Conforms: released for distribution")),
        passed=True,
        inspected_on=clock.today(),
        note=one.number,
    )
    return documents.issue_document(actor, "inspection_report", Subject("lot", one.lot_id), content).number


def _measured(one: Inspection, known: Characteristic) -> Measured:
    counted = [sample for sample in one.results if not sample.get("struck")]
    values = [value for sample in counted for value in sample["values"].get(known.code, ())]
    mark = "※ " if known.key else ""
    instruments = {sample["instrument"] for sample in counted if sample["instrument"]}
    return Measured(
        characteristic=Both(zh=mark + known.name["zh"], en=mark + known.name["en"]),
        limits=known.limits,
        found=_range(values),
        passed=all(known.passes(Decimal(value)) for value in values),
        method=known.method["zh"],
        instrument=", ".join(sorted(instruments)),
    )


def _range(values: list[str]) -> str:
    if not values:
        return "–"
    numbers = [Decimal(value) for value in values]
    return f"{min(numbers)} … {max(numbers)} (n={len(numbers)})"
