"""What is told of complaints and CAPA."""

from __future__ import annotations

from typing import Any

from app.core.i18n import LazyString, _l
from app.core.outbox import TEXT, EventType, event_type, maybe, one_of, tell
from app.vigilance.models import CAPA_SOURCES, CONCLUSIONS, HARMS, STAGES, Capa, Complaint


def _of_complaint(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.complaint.{name}",
        description,
        number=TEXT,
        reference=TEXT,
        product=TEXT,
        lot=TEXT,
        harm=one_of(HARMS),
        conclusion=maybe(one_of(CONCLUSIONS)),
    )


RECORDED = _of_complaint("recorded", _l("A complaint has been recorded."))
CONCLUDED = _of_complaint("closed", _l("A complaint has been concluded."))


def _of_capa(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.capa.{name}",
        description,
        number=TEXT,
        stage=one_of(STAGES),
        source=one_of(CAPA_SOURCES),
        of=TEXT,
    )


OPENED = _of_capa("opened", _l("Corrective and preventive action has been begun."))
CLOSED = _of_capa("closed", _l("Corrective and preventive action has been closed, or dropped."))


def tell_of_complaint(kind: EventType, one: Complaint) -> None:
    """Its number keeps events in turn."""
    data: dict[str, Any] = {
        "number": one.number,
        "reference": one.reference,
        "product": one.product.sku,
        "lot": one.lot_no,
        "harm": one.harm,
        "conclusion": one.conclusion,
    }
    tell(kind, one.subject, data, key=one.number)


def tell_of_capa(kind: EventType, one: Capa) -> None:
    """Its number keeps events in turn."""
    data = {"number": one.number, "stage": one.stage, "source": one.source_kind, "of": one.source_note}
    tell(kind, one.subject, data, key=one.number)
