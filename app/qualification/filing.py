"""What is on file of parties and products, and what of it is missing, lapsed or not verified.

A *need* is what the regulatory profile wants (`decisions.profiles.papers_needed`): one paper of some kinds. Everything
here is read for many at once, in a number of statements that does not grow with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from app.catalog.models import Authorisation, Customer, Licence, Product, Registration, Supplier
from app.core.db import session
from app.core.subject import Subject
from app.decisions import profiles
from app.qualification.models import PaperScan, Qualification

MODELS: dict[str, Any] = {"supplier": Supplier, "customer": Customer, "product": Product}
PAPER_MODELS: dict[str, Any] = {"licence": Licence, "registration": Registration, "authorisation": Authorisation}
WORST = 3
"""Class that is assumed of a supplier who does not say what it supplies."""
SCOPED = ("trade", "filing", "production")
"""Licences whose scope says what may be supplied."""


@dataclass(frozen=True)
class Paper:
    """A paper on file with its scans."""

    record: Any
    """A licence or a registration certificate."""
    kind: str
    scans: Sequence[PaperScan] = ()

    @property
    def subject(self) -> Subject:
        """What the scans are of."""
        return paper_subject(self.record)

    @property
    def is_verified(self) -> bool:
        """Somebody compared a scan with the data as they are now."""
        return any(one.verified_at and one.paper_version == self.record.version for one in self.scans)

    @property
    def is_filed(self) -> bool:
        """There is a scan of the data as they are now."""
        return any(one.paper_version == self.record.version for one in self.scans)


@dataclass(frozen=True)
class Need:
    """What must be on file: a paper of one of these kinds; `papers` are those there are, the longest valid first."""

    any_of: tuple[str, ...]
    source: Mapping[str, str]
    from_class: int
    papers: list[Paper]

    def best(self, on: date, *, verified: bool) -> Paper | None:
        """The paper that meets it on the day: longest valid; with `verified` only one whose scan was verified."""
        return next((one for one in self.papers if one.record.valid_on(on) and (one.is_verified or not verified)), None)

    def state(self, on: date, *, verified: bool) -> str:
        """`met`, `unverified` (nobody compared it with a scan), `unfiled` (no scan), `lapsed`, `future`, `missing`."""
        if self.best(on, verified=verified) is not None:
            return "met"
        valid = self.best(on, verified=False)
        if valid is not None:
            return "unverified" if valid.is_filed else "unfiled"
        if not self.papers:
            return "missing"
        return "lapsed" if all(one.record.valid_to < on for one in self.papers) else "future"


@dataclass
class File:
    """Everything on file about a party or product. `products`: what a supplier says it supplies."""

    about: Subject
    record: Any
    needs: list[Need] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    cases: list[Qualification] = field(default_factory=list)
    """Its qualifications, the newest first."""
    products: list[Product] = field(default_factory=list)

    @property
    def open_case(self) -> Qualification | None:
        """The qualification under way."""
        return next((one for one in self.cases if one.status == "open"), None)

    @property
    def approved(self) -> Qualification | None:
        """The last one that was approved."""
        return next((one for one in self.cases if one.status == "approved"), None)

    @property
    def risk_class(self) -> int | None:
        """The highest class of device it is about; None for customers, and for products of unknown class."""
        if self.about.kind == "product":
            return int(self.record.risk_class) if self.record.risk_class else None
        if self.about.kind == "customer" or self.record.kind in ("carrier", "service"):
            return None
        return max((one.risk_class or WORST for one in self.products), default=WORST)

    @property
    def implantable(self) -> bool:
        """True when an implant is concerned."""
        found = [self.record] if self.about.kind == "product" else self.products
        return any(one.implantable for one in found)

    def met_until(self, on: date) -> date | None:
        """The last day on which everything needed will be valid, as it is on file; None when nothing is needed."""
        best = [need.best(on, verified=False) for need in self.needs]
        return min((one.record.valid_to for one in best if one is not None), default=None)


def paper_subject(record: Any) -> Subject:
    """What the trail calls a paper."""
    return Subject(type(record).__name__.lower(), record.id)


def files_of(kind: str, ids: Iterable[str]) -> dict[str, File]:
    """The files of parties or products of one kind that exist, by id. At most six statements."""
    model, wanted = MODELS[kind], sorted(set(ids))
    records = session().scalars(select(model).where(model.id.in_(wanted))).all() if wanted else ()
    found = {one.id: File(Subject(kind, one.id), one) for one in records}
    if not found:
        return {}
    papers = _papers_of(kind, found)
    _put_products(found.values())
    rules = [one for one in profiles.papers_needed() if one.of == kind]
    for one in found.values():
        one.papers = papers.get(one.about.id, [])
        one.needs = [
            Need(
                rule.any_of,
                rule.source,
                rule.from_class,
                [paper for paper in one.papers if paper.kind in rule.any_of and _in_scope(paper, one)],
            )
            for rule in rules
            if (not rule.kinds or one.record.kind in rule.kinds) and (one.risk_class or 0) >= rule.from_class
        ]
    cases = select(Qualification).where(Qualification.about_kind == kind, Qualification.about_id.in_(list(found)))
    for case in session().scalars(cases.order_by(Qualification.number.desc())):
        found[case.about_id].cases.append(case)
    return found


def file_of(about: Subject) -> File | None:
    """The file of one; None when it does not exist."""
    return files_of(about.kind, [about.id]).get(about.id) if about.kind in MODELS else None


def _in_scope(paper: Paper, of: File) -> bool:
    """A supplier's licence must cover the highest class of what it supplies."""
    classes = paper.record.risk_classes if paper.kind in SCOPED else []
    return of.about.kind != "supplier" or not classes or of.risk_class in classes


def _papers_of(kind: str, files: Mapping[str, File]) -> dict[str, list[Paper]]:
    pairs: list[tuple[str, Any, str]]
    if kind == "product":
        ids = {one.record.registration_id for one in files.values() if one.record.registration_id}
        known = {one.id: one for one in _by_id(Registration, ids)}
        owned = ((one.about.id, known.get(one.record.registration_id)) for one in files.values())
        pairs = [(owner, record, "registration") for owner, record in owned if record is not None]
    else:
        column = Licence.supplier_id if kind == "supplier" else Licence.customer_id
        licences = session().scalars(
            select(Licence).where(column.in_(list(files))).order_by(Licence.valid_to.desc(), Licence.id)
        )
        pairs = [(getattr(one, f"{kind}_id"), one, one.kind) for one in licences]
    scans = scans_of(paper_subject(record) for _owner, record, _kind in pairs)
    found: dict[str, list[Paper]] = defaultdict(list)
    for owner, record, paper_kind in pairs:
        found[owner].append(Paper(record, paper_kind, scans.get(paper_subject(record), [])))
    return found


def scans_of(papers: Iterable[Subject]) -> dict[Subject, list[PaperScan]]:
    """The scans of papers, the newest first. One statement."""
    wanted = set(papers)
    found: dict[Subject, list[PaperScan]] = defaultdict(list)
    if wanted:
        kinds, ids = {one.kind for one in wanted}, {one.id for one in wanted}
        which = (PaperScan.paper_kind.in_(sorted(kinds)), PaperScan.paper_id.in_(sorted(ids)))
        rows = session().scalars(select(PaperScan).where(*which).order_by(PaperScan.id.desc()))
        for row in rows:
            found[row.paper].append(row)
    return found


def _put_products(files: Iterable[File]) -> None:
    suppliers = [one for one in files if one.about.kind == "supplier"]
    ids = {product for one in suppliers for product in one.record.product_ids}
    known = {one.id: one for one in _by_id(Product, ids)}
    for one in suppliers:
        one.products = [known[product] for product in one.record.product_ids if product in known]


def _by_id(model: Any, ids: Iterable[str]) -> Sequence[Any]:
    wanted = sorted(ids)
    return session().scalars(select(model).where(model.id.in_(wanted))).all() if wanted else ()
