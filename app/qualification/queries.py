"""Whether a party or product is qualified on a day, and why not: what other slices ask.

why_not(Subject("supplier", supplier.id), day)            [] or the reasons, in the reader's language
refuse_unqualified(Subject("customer", customer.id), day) raises NotQualified with them
refuse_receipt(product, supplier_id, day, made_on=…)      both, for goods that come in
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select

from app.audit.queries import subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Customer, Licence, Product, Registration, Supplier
from app.catalog.service import NotQualified, ready_to_trade
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import LazyString, _, _l, named, pick, show_date
from app.core.subject import Subject
from app.qualification.filing import MODELS, SCOPED, File, Need, file_of, files_of
from app.qualification.models import KINDS, Qualification
from app.qualification.wording import STANDINGS, paper_names

__all__ = ["NotQualified", "file_of", "files_of", "refuse_receipt", "refuse_unqualified", "standings", "why_not"]

STATES: dict[str, LazyString] = {
    "missing": _l("%(papers)s: not on file (%(source)s)"),
    "lapsed": _l("%(papers)s: lapsed on %(day)s (%(source)s)"),
    "future": _l("%(papers)s: not yet valid (%(source)s)"),
    "unfiled": _l("%(papers)s: no scan of it is on file (%(source)s)"),
    "unverified": _l("%(papers)s: its scan is not verified (%(source)s)"),
}


@dataclass(frozen=True)
class Why:
    """A reason why there is no trade: `code` is `status`, `scope`, `supplied` or a state of a need (`filing.Need`)."""

    code: str
    sentence: str


def why_not(about: Subject, on: date, *, made_on: date | None = None) -> list[Why]:
    """Why the supplier, customer or product may not be traded on the day; empty when it may. Of a product `made_on` is
    the day on which the goods were made: a certificate counts on that day. At most six statements. Raises NotFound."""
    found = file_of(about)
    if found is None:
        raise NotFound(kind=about.kind[:20], id=about.id[:26])
    return reasons_of(found, on, made_on=made_on)


def standings(kind: str, ids: Iterable[str], on: date) -> dict[str, list[Why]]:
    """The same for many of one kind, by id; the number of statements does not grow with them."""
    return {one: reasons_of(found, on) for one, found in files_of(kind, ids).items()}


def refuse_unqualified(about: Subject, on: date, *, made_on: date | None = None) -> None:
    """Raises NotQualified with every reason."""
    found = file_of(about)
    if found is None:
        raise NotFound(kind=about.kind[:20], id=about.id[:26])
    _refuse(found, reasons_of(found, on, made_on=made_on))


def refuse_receipt(product: Product, supplier_id: str, on: date, *, made_on: date | None = None) -> None:
    """Goods of the product come from the supplier on the day: both must be qualified, the supplier for this product.

    Raises NotQualified, NotFound.
    """
    goods, supplier = file_of(Subject("product", product.id)), file_of(Subject("supplier", supplier_id))
    if supplier is None or goods is None:
        raise NotFound(supplier=supplier_id)
    _refuse(supplier, [*reasons_of(supplier, on), *_scope(supplier, product, on)])
    _refuse(goods, reasons_of(goods, on, made_on=made_on))


def _refuse(found: File, reasons: Sequence[Why]) -> None:
    if reasons:
        told = _("; ").join(one.sentence for one in reasons)
        raise NotQualified(
            what=label_of(found), why=told, reasons=[{"code": one.code, "text": one.sentence} for one in reasons]
        )


def reasons_of(found: File, on: date, *, made_on: date | None = None) -> list[Why]:
    """Why it may not be traded: its standing, then each paper. What was approved here is traded on verified papers
    only; what was qualified before Youxu, on those that were entered."""
    reasons = []
    if found.record.status != "active":
        standing = STANDINGS.get(found.record.status, found.record.status)
        reasons.append(Why("status", _("its standing is “%(standing)s”", standing=standing)))
    return reasons + paper_reasons(found, made_on or on, verified=found.approved is not None)


def paper_reasons(found: File, on: date, *, verified: bool) -> list[Why]:
    """What is wrong with the papers on the day."""
    states = [(need, need.state(on, verified=verified)) for need in found.needs]
    return [Why(state, sentence_of(need, state)) for need, state in states if state != "met"]


def sentence_of(need: Need, state: str) -> str:
    """What is wrong with a need, in words."""
    day = max((one.record.valid_to for one in need.papers), default=None)
    facts = {"papers": paper_names(need.any_of), "source": pick(dict(need.source)), "day": show_date(day)}
    return str(STATES[state]) % facts


def _scope(supplier: File, product: Product, on: date) -> list[Why]:
    if not supplier.record.supplies(product.id):
        return [Why("supplied", _("%(sku)s is not among what it supplies", sku=product.sku))]
    scoped = [one.record for one in supplier.papers if one.kind in SCOPED and one.record.valid_on(on)]
    if scoped and not any(one.covers(product.risk_class, product.category_code) for one in scoped):
        return [Why("scope", _("the scope of its licences does not cover %(sku)s", sku=product.sku))]
    return []


def label_of(found: File) -> str:
    """The party or product in words."""
    code = found.record.sku if found.about.kind == "product" else found.record.code
    return f"{named(found.record)} ({code})"


def _ready(about: Subject) -> list[str]:
    found = file_of(about)
    if found is None:
        return []
    return [one.sentence for one in paper_reasons(found, clock.today(), verified=found.approved is not None)]


for _kind in KINDS:
    ready_to_trade.register(_kind)(_ready)


def get_qualification(qualification_id: str) -> Qualification:
    """The qualification. Raises NotFound."""
    found = session().get(Qualification, qualification_id)
    if found is None:
        raise NotFound(qualification=qualification_id)
    return found


def matching(q: str) -> Select[Any]:
    """Qualifications, the newest first, whose number, party or product has the text."""
    wanted: Select[Any] = select(Qualification).order_by(Qualification.number.desc())
    if not q.strip():
        return wanted
    pattern = catalog.like(q)
    named_so = [
        (Qualification.about_kind == kind)
        & Qualification.about_id.in_(select(model.id).where(model.search_text.like(pattern, escape="\\")))
        for kind, model in (("supplier", Supplier), ("customer", Customer), ("product", Product))
    ]
    return wanted.where(or_(func.lower(Qualification.number).like(pattern, escape="\\"), *named_so))


def records_of(abouts: Iterable[Subject]) -> dict[Subject, Any]:
    """Parties and products by what they are. At most three statements."""
    found: dict[Subject, Any] = {}
    wanted = set(abouts)
    for kind, model in MODELS.items():
        ids = sorted({one.id for one in wanted if one.kind == kind})
        if ids:
            rows = session().scalars(select(model).where(model.id.in_(ids)))
            found |= {Subject(kind, one.id): one for one in rows}
    return found


def owners_of(paper: Any) -> list[Subject]:
    """The party that a licence is of, the products that a certificate is of; none of ours and of authorisations."""
    if isinstance(paper, Licence) and paper.owner_kind != "us":
        return [Subject(paper.owner_kind, str(paper.supplier_id or paper.customer_id))]
    if isinstance(paper, Registration):
        ids = session().scalars(select(Product.id).where(Product.registration_id == paper.id).order_by(Product.sku))
        return [Subject("product", one) for one in ids]
    return []


@subject_labels.register("qualification")
def numbers_of(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the qualifications that exist, by id."""
    rows = session().execute(select(Qualification.id, Qualification.number).where(Qualification.id.in_(set(ids))))
    return {row.id: row.number for row in rows}
