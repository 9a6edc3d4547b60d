"""Checking the trail: every row that was altered, removed, inserted or reordered is named.

What each entry's hash covers is compared with the hash, each entry with the one before it, each sealed head with the
seal that names it, each seal with the seal before. An entry above the last sealed head must wait in the queue for the
next seal: one that does not was put in by hand, or the seal that covered it was removed.

What has to agree is read in ONE statement, hence as of one moment, so that neither a commit nor a seal that comes
meanwhile looks like a forgery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, literal, select, union_all

from app.audit import signatures
from app.audit.models import AuditEntry, AuditSeal, AuditSealedHead, UnsealedEntry, covered
from app.audit.seals import digest_of, hash_of
from app.core import clock, jsontext
from app.core.db import session
from app.core.i18n import LazyString, _l

MOST_NAMED = 200
"""Findings that are listed; all are counted."""
BATCH = 1000

KINDS: dict[str, LazyString] = {
    "altered": _l("The row was altered: its content does not give its own hash."),
    "rewritten": _l("The row was rewritten: its hash is not the one that the next entry or a seal keeps of it."),
    "relinked": _l("The row's link to the entry before it was altered."),
    "removed": _l("The row was removed."),
    "inserted": _l("The row was inserted by hand: no seal covers it and none is due for it."),
    "count": _l("There are not as many entries as were sealed and queued: check the whole trail."),
    "seal_altered": _l("The seal was altered: its content does not give its hash, or what it covers was changed."),
    "seal_removed": _l("The seal was removed."),
    "signature": _l("An electronic signature is not valid."),
}


@dataclass(frozen=True)
class Finding:
    """Something wrong: what, and which row."""

    kind: str
    subject_kind: str = ""
    subject_id: str = ""
    subject_seq: int = 0
    entry_id: str = ""
    field: str = ""
    """The column that does not agree: `hash` or `prev_hash`."""
    stored: str = ""
    computed: str = ""
    seal_seq: int = 0
    fault: signatures.Fault | None = None
    """What is wrong with a signature; `field` is its id then."""

    def sentence(self) -> str:
        """What is wrong, in the reader's language."""
        return str(KINDS[self.kind]) if self.fault is None else f"{KINDS[self.kind]} {self.fault.sentence()}"


@dataclass
class Verification:
    """The result of a check."""

    full: bool
    at: datetime
    entries: int = 0
    seals: int = 0
    signatures: int = 0
    since_seal: int = 0
    """The check began with the entries of this seal; 0: with the first entry."""
    last_seal: int = 0
    last_seal_at: datetime | None = None
    last_seal_hash: str = ""
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return self.found == 0

    def add(self, finding: Finding) -> None:
        """Count a finding; list the first ones."""
        self.found += 1
        if len(self.findings) < MOST_NAMED:
            self.findings.append(finding)


def verify(*, full: bool = False) -> Verification:
    """Check the seals, the entries and the signatures: all of them, or those of the last seal and after, and how many
    entries there are."""
    result = Verification(full=full, at=clock.now())
    _check_seals(result)
    result.since_seal = 0 if full else result.last_seal
    gone: set[tuple[str, str, int]] = set()
    for _subject, rows in groupby(_rows(result.since_seal), key=lambda row: (row.subject_kind, row.subject_id)):
        _check_chain(result, rows, gone)
    _check_removed(result, gone)
    if result.ok and not full:
        _check_count(result)
    _check_signatures(result)
    return result


def _check_signatures(result: Verification) -> None:
    """Each against itself, the trail and what it signed; and those that the trail tells of and that are gone."""
    since = signatures.since_of(result.since_seal) if result.since_seal else None
    for one, faults in signatures.checked(since):
        result.signatures += 1
        for fault in faults:
            result.add(
                Finding("signature", one.subject_kind, one.subject_id, entry_id=one.entry_id, field=one.id, fault=fault)
            )
    for entry in signatures.missing(since):
        gone, told = signatures.Fault("removed"), str(entry.details.get("signature", ""))
        result.add(
            Finding("signature", entry.subject_kind, entry.subject_id, entry.subject_seq, entry.id, told, fault=gone)
        )


def _check_seals(result: Verification) -> None:
    """The chain of seals: all of them when full or when one is missing, else the last two."""
    seals: Any = AuditSeal.__table__
    count, last = (
        session().execute(select(func.count(), func.coalesce(func.max(seals.c.seq), 0)).select_from(seals)).one()
    )
    statement = select(seals).order_by(seals.c.seq)
    expected = 1
    if not result.full and count == last:
        expected = max(1, last - 1)
        statement = statement.where(seals.c.seq >= expected)
    before: Any = None
    digests: dict[int, str] = {}
    for row in session().execute(statement):
        for missing in range(expected, row.seq):
            result.add(Finding("seal_removed", seal_seq=missing))
        _check_seal(result, row, before if before is not None and before.seq == row.seq - 1 else None)
        digests[row.seq] = row.digest
        before, expected = row, row.seq + 1
    result.seals = count
    if before is not None:
        result.last_seal, result.last_seal_at, result.last_seal_hash = before.seq, before.at, before.hash
    _check_digests(result, digests)


def _check_seal(result: Verification, row: Any, before: Any) -> None:
    computed = hash_of(row)
    if computed != row.hash:
        result.add(Finding("seal_altered", seal_seq=row.seq, field="hash", stored=row.hash, computed=computed))
    elif before is not None and row.prev_hash != before.hash:
        result.add(
            Finding("seal_altered", seal_seq=before.seq, field="hash", stored=before.hash, computed=row.prev_hash)
        )


def _check_digests(result: Verification, digests: dict[int, str]) -> None:
    """What each seal covers against its digest (unless full: of the last seal), and heads whose seal is gone."""
    heads: Any = AuditSealedHead.__table__
    lowest = 0 if result.full else result.last_seal
    statement = (
        select(heads).where(heads.c.seal_seq >= lowest, heads.c.seal_seq <= result.last_seal).order_by(heads.c.seal_seq)
    )
    computed = {seq: digest_of([]) for seq in digests if seq >= lowest}
    for seq, rows in groupby(session().execute(statement), key=lambda row: row.seal_seq):
        computed[seq] = digest_of([row._asdict() for row in rows])
    for seq, digest in sorted(computed.items()):
        if seq in digests and digest != digests[seq]:
            result.add(Finding("seal_altered", seal_seq=seq, field="digest", stored=digests[seq], computed=digest))
    orphans = (
        select(AuditSealedHead.seal_seq)
        .outerjoin(AuditSeal, AuditSeal.seq == AuditSealedHead.seal_seq)
        .where(AuditSeal.seq.is_(None), AuditSealedHead.seal_seq > result.last_seal)  # those below were found as gaps
        .distinct()
    )
    for seq in session().scalars(orphans.order_by(AuditSealedHead.seal_seq)):
        result.add(Finding("seal_removed", seal_seq=seq))


def _rows(since_seal: int) -> Iterator[Any]:
    """Entries by subject and place, each with its sealed head, its place in the queue and how far seals reach."""
    entry, head, queue = AuditEntry.__table__.c, AuditSealedHead.__table__, UnsealedEntry.__table__
    reach = (
        select(func.coalesce(func.max(AuditSealedHead.to_seq), 0))
        .where(_of_one_subject(AuditSealedHead, entry))
        .correlate(AuditEntry.__table__)
        .scalar_subquery()
    )
    statement: Any = (
        select(
            AuditEntry.__table__,
            head.c.head_hash,
            queue.c.entry_id.label("queued"),
            reach.label("sealed_to"),
        )
        .outerjoin(head, and_(_of_one_subject(head.c, entry), head.c.to_seq == entry.subject_seq))
        .outerjoin(queue, queue.c.entry_id == entry.id)
        .order_by(entry.subject_kind, entry.subject_id, entry.subject_seq, entry.id)
    )
    if since_seal == 0:
        statement = statement.add_columns(literal(1).label("first"))
    else:
        first = _first_of_each(since_seal)
        statement = statement.add_columns(first.c.seq.label("first")).join(
            first, and_(_of_one_subject(first.c, entry), entry.subject_seq >= first.c.seq - 1)
        )
    return iter(session().execute(statement, execution_options={"yield_per": BATCH}))


def _of_one_subject(table: Any, other: Any) -> Any:
    return and_(table.subject_kind == other.subject_kind, table.subject_id == other.subject_id)


def _first_of_each(since_seal: int) -> Any:
    """The first entry of each subject that the seal covers or that came after it."""
    sealed = select(
        AuditSealedHead.subject_kind, AuditSealedHead.subject_id, AuditSealedHead.from_seq.label("seq")
    ).where(AuditSealedHead.seal_seq >= since_seal)
    queued = select(UnsealedEntry.subject_kind, UnsealedEntry.subject_id, UnsealedEntry.subject_seq.label("seq"))
    both = union_all(sealed, queued).subquery()
    columns = both.c.subject_kind, both.c.subject_id
    return select(*columns, func.min(both.c.seq).label("seq")).group_by(*columns).subquery()


def _check_chain(result: Verification, rows: Iterator[Any], gone: set[tuple[str, str, int]]) -> None:
    """One subject's entries in order."""
    before: Any = None
    wrong = False  # whether `before` was found wrong: once is enough
    for row in rows:
        expected = before.subject_seq + 1 if before is not None else max(1, row.first - 1)
        _check_gap(result, row, expected, gone)
        computed = jsontext.digest(covered(row))
        honest = computed == row.hash
        follows = before is not None and row.subject_seq == expected
        if honest and follows and row.prev_hash != before.hash and not wrong:
            result.add(_about(before, "rewritten", stored=before.hash, computed=row.prev_hash))
        result.entries += 1
        wrong = _check_row(result, row, computed, inserted=before is not None and row.subject_seq < expected)
        before = row


def _check_gap(result: Verification, row: Any, expected: int, gone: set[tuple[str, str, int]]) -> None:
    missing = max(0, row.subject_seq - expected)
    for seq in range(expected, expected + min(missing, MOST_NAMED)):
        gone.add((row.subject_kind, row.subject_id, seq))
        result.add(Finding("removed", row.subject_kind, row.subject_id, seq))
    result.found += max(0, missing - MOST_NAMED)


def _check_row(result: Verification, row: Any, computed: str, *, inserted: bool) -> bool:
    """What can be said of a row by itself; True when it is wrong."""
    if inserted or (row.queued is None and row.subject_seq > row.sealed_to):
        result.add(_about(row, "inserted", stored=row.hash, computed=computed))
    elif computed != row.hash:
        result.add(_about(row, "altered", stored=row.hash, computed=computed))
    elif row.subject_seq == 1 and row.prev_hash:
        result.add(_about(row, "relinked", column="prev_hash", stored=row.prev_hash))
    elif row.head_hash is not None and row.head_hash != row.hash:
        result.add(_about(row, "rewritten", stored=row.hash, computed=row.head_hash))
    else:
        return False
    return True


def _about(row: Any, kind: str, *, stored: str, computed: str = "", column: str = "hash") -> Finding:
    return Finding(kind, row.subject_kind, row.subject_id, row.subject_seq, row.id, column, stored, computed)


def _check_removed(result: Verification, gone: set[tuple[str, str, int]]) -> None:
    """Rows at the end of a chain that a seal or the queue knows of and that are gone."""
    head, queue = AuditSealedHead, UnsealedEntry
    sealed = (
        select(head.subject_kind, head.subject_id, head.to_seq, head.seal_seq)
        .outerjoin(AuditEntry, and_(_of_one_subject(AuditEntry, head), AuditEntry.subject_seq == head.to_seq))
        .where(AuditEntry.id.is_(None), head.seal_seq >= result.since_seal)
        .order_by(head.subject_kind, head.subject_id, head.to_seq)
    )
    for kind, subject, seq, seal in session().execute(sealed):
        if (kind, subject, seq) not in gone:
            gone.add((kind, subject, seq))
            result.add(Finding("removed", kind, subject, seq, seal_seq=seal))
    queued = select(queue).outerjoin(AuditEntry, AuditEntry.id == queue.entry_id).where(AuditEntry.id.is_(None))
    for one in session().scalars(queued.order_by(queue.entry_id)):
        if (one.subject_kind, one.subject_id, one.subject_seq) not in gone:
            result.add(Finding("removed", one.subject_kind, one.subject_id, one.subject_seq, one.entry_id))


def _check_count(result: Verification) -> None:
    """Cheap and blunt: as many entries as seals and queue tell of, as of one moment."""
    there, sealed, queued = (
        select(func.count()).select_from(AuditEntry).scalar_subquery(),
        select(func.coalesce(func.sum(AuditSeal.entries), 0)).scalar_subquery(),
        select(func.count()).select_from(UnsealedEntry).scalar_subquery(),
    )
    found, told, waiting = session().execute(select(there, sealed, queued)).one()
    if found != told + waiting:
        result.add(Finding("count", stored=str(found), computed=str(told + waiting)))
