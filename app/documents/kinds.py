"""The kinds of papers: number series, name, shape of the content, layout. A later package may add its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.i18n import LazyString, _l
from app.documents.content import delivery, orders, quality, recall
from app.documents.paper.blocks import Layout
from app.documents.retention import Kept


class Content(Protocol):
    """A frozen dataclass of types that `content/shapes.py` can store."""

    def kept(self) -> Iterable[Kept]:
        """What the time of retention follows from."""


@dataclass(frozen=True)
class Kind:
    """`prefix` names the number series (DN-2026-000001); `across` prints it on a page across."""

    code: str
    prefix: str
    name: LazyString
    shape: type[Any]
    lay_out: Callable[[Any], Layout]
    across: bool = False


KINDS: dict[str, Kind] = {}


def add(kind: Kind) -> None:
    """Make a kind known. The same code or prefix twice is a programming error."""
    if kind.code in KINDS or kind.prefix in {one.prefix for one in KINDS.values()}:
        raise RuntimeError(f"documents of kind {kind.code!r} ({kind.prefix}) are declared twice")
    KINDS[kind.code] = kind


for _kind in (
    Kind(
        *("order_confirmation", "OC", _l("Order confirmation"), orders.OrderConfirmation),
        orders.lay_out_confirmation,
    ),
    Kind("pick_list", "PL", _l("Pick list"), orders.PickList, orders.lay_out_pick_list),
    Kind(
        *("delivery_note", "DN", _l("Delivery note with the goods"), delivery.DeliveryNote),
        delivery.lay_out_delivery_note,
        across=True,
    ),
    Kind(
        *("inspection_report", "IR", _l("Inspection report"), quality.InspectionReport),
        quality.lay_out_inspection,
    ),
    Kind("certificate", "CC", _l("Certificate of conformity"), quality.Certificate, quality.lay_out_certificate),
    Kind("recall_notice", "RN", _l("Recall notice"), recall.RecallNotice, recall.lay_out_notice),
    Kind(
        *("regulator_report", "RR", _l("Report to the authority"), recall.RegulatorReport),
        recall.lay_out_report,
        across=True,
    ),
):
    add(_kind)
