"""Signals: confirmed complaints and nonconformances of one lot or product that add up (`vigilance.yaml`). Quality is
told of each once, when it becomes so; what follows from it a person opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select

from app.catalog.models import Product
from app.catalog.queries import products_of
from app.core import clock
from app.core.db import session
from app.core.permissions import SYSTEM
from app.identity.queries import users_with_role
from app.inventory.models import Lot
from app.quality.models import Nonconformance
from app.tasks.notices import settle, tell_of_page
from app.tasks.records import NoticeKind
from app.vigilance.models import CONFIRMED, Capa, Complaint, Signal
from app.vigilance.queries import capas_on
from app.vigilance.settings import figures

PATH = "/risks/quality"
TOLD = ("qa_ra", "quality_head")

Key = tuple[str, str]
"""(`product` or `lot`, id)"""


@dataclass(frozen=True)
class Shown:
    """A signal with its goods and the CAPA on them that are not closed yet."""

    signal: Signal
    product: Product
    lot: Lot | None
    capas: list[Capa]

    @property
    def name(self) -> str:
        """As people name it: the SKU, before the number of a lot."""
        return f"{self.product.sku} {self.lot.lot_no}" if self.lot else self.product.sku


def count() -> tuple[Counter[Key], Counter[Key]]:
    """Confirmed complaints, and nonconformances (but not those that such a complaint raised: they are one case), of
    each product and lot. Two statements."""
    since = clock.now() - timedelta(days=figures().signal_days)
    confirmed = select(Complaint.product_id, Complaint.lot_id).where(Complaint.conclusion == CONFIRMED)
    same = exists().where(Complaint.id == Nonconformance.complaint_id, Complaint.conclusion == CONFIRMED)
    failed = select(Lot.product_id, Lot.id).join(Nonconformance, Nonconformance.lot_id == Lot.id).where(~same)
    return (
        _by_key(session().execute(confirmed.where(Complaint.aware_at >= since))),
        _by_key(session().execute(failed.where(Nonconformance.raised_at >= since))),
    )


def _by_key(rows: Iterable[Any]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for product_id, lot_id in rows:
        found["product", product_id] += 1
        if lot_id:
            found["lot", lot_id] += 1
    return found


def watch() -> tuple[int, int]:
    """Bring the signals up to date; how many are new and how many are over."""
    complaints, failed = count()
    found = {key for key, number in (complaints + failed).items() if number >= figures().signal_count}
    known = {(one.kind, one.subject_id): one for one in session().scalars(select(Signal))}
    new, over = sorted(found - known.keys()), sorted(known.keys() - found)
    for key in over:
        session().delete(known[key])
    for key in found:
        one = known.get(key)
        if one is None:
            one = Signal(kind=key[0], subject_id=key[1], since=clock.now())
            session().add(one)
        one.complaints, one.nonconformances = complaints[key], failed[key]
    session().flush()
    if new:
        _tell(len(new))
    return len(new), len(over)


def _tell(number: int) -> None:
    settle(PATH)
    title = {"en": f"{number} new" if number > 1 else "one new", "zh": f"新增{number}项"}
    people = [user.id for role in TOLD for user in users_with_role(role)]
    tell_of_page(SYSTEM, PATH, title, people, kind=NoticeKind.SIGNAL)


def signals() -> list[Shown]:
    """Those that stand, the newest first. Three statements, and one for each."""
    found = list(session().scalars(select(Signal).order_by(Signal.since.desc(), Signal.kind, Signal.subject_id)))
    lot_ids = [one.subject_id for one in found if one.kind == "lot"]
    lots = {lot.id: lot for lot in session().scalars(select(Lot).where(Lot.id.in_(lot_ids)))} if lot_ids else {}
    ids = {one.subject_id: lots[one.subject_id].product_id if one.kind == "lot" else one.subject_id for one in found}
    products = products_of(ids.values())
    return [
        Shown(
            signal=one,
            product=products[ids[one.subject_id]],
            lot=lots.get(one.subject_id),
            capas=capas_on(one.kind, one.subject_id),
        )
        for one in found
    ]
