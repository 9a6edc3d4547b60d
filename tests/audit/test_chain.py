"""Whatever is done to the stored trail behind the server's back is found, and the row is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.audit import seals
from app.audit.service import record
from app.audit.verify import verify
from app.core import clock, db
from app.core.append_only import statements as triggers
from app.core.permissions import Actor
from app.core.subject import Subject

WANG = Actor(id="u1", login="wang", name="王丽", roles=frozenset({"sales"}), origin="10.0.0.1")
LI = Actor(id="u2", login="li", name="李强", kind="token")

QUIET = settings(
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
COLUMNS = {
    "subject_kind": "'lot'",
    "subject_id": "'o9'",
    "subject_seq": "subject_seq + 100",
    "at": None,
    "action": "'order:approve'",
    "actor_id": "'u3'",
    "actor_name": "'王莉'",
    "actor_kind": "'system'",
    "origin": "'10.0.0.2'",
    "request_id": "'other'",
    "details": None,
    "prev_hash": "'" + "0" * 64 + "'",
    "hash": "'" + "0" * 64 + "'",
}


def unprotect(tx, *tables):
    """What somebody with the database's password would do."""
    for table in tables or ("audit_entries", "audit_seals", "audit_sealed_heads"):
        if dialect(tx) == "sqlite":
            for verb in ("update", "delete"):
                tx.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
        else:
            for name in ("no_change", "no_truncate"):
                tx.execute(text(f"DROP TRIGGER {table}_{name} ON {table}"))


def dialect(tx):
    return tx.get_bind().dialect.name


def write(lengths):
    """Entries of several subjects, interleaved."""
    for step in range(max(lengths, default=0)):
        for number, length in enumerate(lengths):
            if step < length:
                actor = (WANG, LI)[step % 2]
                record(actor, "order:change", Subject("order", f"o{number}"), step=step, note="原因")


def rows(tx):
    return tx.execute(text("SELECT id, subject_kind, subject_id, subject_seq FROM audit_entries ORDER BY id")).all()


def named(result):
    return {(f.subject_id, f.subject_seq) for f in result.findings}


def test_a_trail_left_alone_is_in_order(tx):
    assert verify().ok
    write([3, 1, 2])
    for full in (False, True):
        result = verify(full=full)
        assert (result.ok, result.entries) == (True, 6)
    seals.seal()
    write([1, 0, 0, 2])
    assert verify(full=True).ok
    assert verify(full=True).entries == 9
    seals.seal()
    result = verify()
    assert (result.ok, result.since_seal, result.seals) == (True, 2, 2)
    assert result.entries == 4  # the last seal's three and the entry that the first of them follows
    assert seals.seal() is None


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    sealed=st.booleans(),
    column=st.sampled_from(sorted(COLUMNS)),
    pick=st.integers(0, 99),
)
@QUIET
def test_any_altered_field_is_found(tx, lengths, sealed, column, pick):
    with rolled_back(tx):
        write(lengths)
        if sealed:
            seals.seal()
        victim = rows(tx)[pick % sum(lengths)]
        unprotect(tx, "audit_entries")
        tx.execute(text(f"UPDATE audit_entries SET {column} = {changed(tx, column)} WHERE id = '{victim.id}'"))
        assert victim.id in {f.entry_id for f in verify(full=True).findings}
        quick = verify()
        place = (victim.subject_id, victim.subject_seq)  # a row moved elsewhere is missing here
        assert victim.id in {f.entry_id for f in quick.findings} or place in named(quick)


def changed(tx, column):
    if column == "at":
        return "at + interval '1 second'" if dialect(tx) == "postgresql" else "'2020-01-01 00:00:00.000000'"
    if column == "details":
        return """'{"step": 99}'""" + ("::jsonb" if dialect(tx) == "postgresql" else "")
    return COLUMNS[column]


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3), sealed=st.booleans(), pick=st.integers(0, 99))
@QUIET
def test_any_removed_row_is_found(tx, lengths, sealed, pick):
    with rolled_back(tx):
        write(lengths)
        if sealed:
            seals.seal()
        victim = rows(tx)[pick % sum(lengths)]
        unprotect(tx, "audit_entries")
        tx.execute(text(f"DELETE FROM audit_entries WHERE id = '{victim.id}'"))
        for full in (True, False):
            result = verify(full=full)
            assert (victim.subject_id, victim.subject_seq) in named(result)
            assert {f.kind for f in result.findings} == {"removed"}
            assert result.found == 1


@given(length=st.integers(2, 6), first=st.integers(0, 99), sealed=st.booleans())
@QUIET
def test_swapped_rows_are_found(tx, length, first, sealed):
    with rolled_back(tx):
        write([length])
        if sealed:
            seals.seal()
        here = rows(tx)
        one, two = here[first % length], here[(first + 1) % length]
        unprotect(tx, "audit_entries")
        for row, seq in ((one, 1000), (two, one.subject_seq), (one, two.subject_seq)):
            tx.execute(text(f"UPDATE audit_entries SET subject_seq = {seq} WHERE id = '{row.id}'"))
        result = verify(full=True)
        assert {one.id, two.id} <= {f.entry_id for f in result.findings}
        assert {f.kind for f in result.findings} == {"altered"}


class rolled_back:  # noqa: N801 - reads as a word
    """Each example of a property starts from an empty trail and with its triggers."""

    def __init__(self, tx):
        self.tx = tx

    def __enter__(self):
        self.part = self.tx.begin_nested()

    def __exit__(self, *_):
        self.part.rollback()
        self.tx.expunge_all()


def forge(tx, seq, *, subject="o0", **over):
    """A row put in by hand with a right hash and a right link."""
    from app.audit.models import AuditEntry, covered
    from app.core import ids, jsontext

    before = tx.execute(
        text(f"SELECT hash FROM audit_entries WHERE subject_id = '{subject}' AND subject_seq = {seq - 1}")
    ).scalar()
    row = AuditEntry(
        id=ids.new_id(), subject_kind="order", subject_id=subject, subject_seq=seq, at=clock.now(),
        action="order:approve", actor_id="u1", actor_name="王丽", actor_kind="user", origin="", request_id="",
        details={}, prev_hash=before or "", **over,
    )  # fmt: skip
    row.hash = jsontext.digest(covered(row))
    tx.add(row)
    tx.flush()
    return row


def test_an_inserted_row_is_found_even_if_its_hashes_are_right(tx):
    write([2, 2])
    seals.seal()
    row = forge(tx, 3)
    for full in (False, True):
        assert [(f.kind, f.entry_id) for f in verify(full=full).findings] == [("inserted", row.id)]


def test_the_quick_check_notices_by_their_number_rows_put_in_where_it_does_not_look(tx):
    write([2])
    seals.seal()
    record(WANG, "order:create", Subject("order", "o5"))
    seals.seal()
    forge(tx, 3)
    assert [f.kind for f in verify().findings] == ["count"]
    assert [f.kind for f in verify(full=True).findings] == ["inserted"]


def test_a_row_squeezed_in_between_gives_itself_away_by_those_it_displaces(tx):
    write([3])
    seals.seal()
    displaced = {row.id for row in rows(tx) if row.subject_seq > 1}
    unprotect(tx, "audit_entries")
    tx.execute(text("UPDATE audit_entries SET subject_seq = subject_seq + 100 WHERE subject_seq >= 2"))
    tx.execute(text("UPDATE audit_entries SET subject_seq = subject_seq - 99 WHERE subject_seq >= 102"))
    forge(tx, 2)
    for full in (False, True):
        assert {f.entry_id for f in verify(full=full).findings} == displaced


def test_rewriting_a_row_and_its_hash_is_found_by_the_next_row_and_by_the_seal(tx):
    from app.audit.models import AuditEntry, covered
    from app.core import jsontext

    write([3])
    seals.seal()
    unprotect(tx, "audit_entries")
    for seq in (2, 3):
        with rolled_back(tx):
            row = tx.query(AuditEntry).filter_by(subject_seq=seq).one()
            row.actor_name = "somebody else"
            row.hash = jsontext.digest(covered(row))
            tx.flush()
            found = verify(full=True).findings
            assert [(f.kind, f.entry_id) for f in found] == [("rewritten", row.id)]


def test_a_tail_cut_off_after_a_seal_is_found(tx):
    write([4, 2])
    seals.seal()
    unprotect(tx, "audit_entries")
    tx.execute(text("DELETE FROM audit_entries WHERE subject_id = 'o0' AND subject_seq >= 2"))
    tx.execute(text("DELETE FROM audit_unsealed"))
    assert ("o0", 4) in named(verify())
    tx.execute(text("DELETE FROM audit_entries WHERE subject_id = 'o1'"))
    assert {("o0", 4), ("o1", 2)} <= named(verify(full=True))


def test_a_removed_or_altered_seal_is_found(tx):
    for _round in range(3):
        write([1, 1])
        seals.seal()
    unprotect(tx)
    with rolled_back(tx):
        tx.execute(text("DELETE FROM audit_seals WHERE seq = 2"))
        assert [(f.kind, f.seal_seq) for f in verify().findings] == [("seal_removed", 2)]
    with rolled_back(tx):
        tx.execute(text("DELETE FROM audit_seals WHERE seq = 3"))
        assert ("seal_removed", 3) in {(f.kind, f.seal_seq) for f in verify().findings}
    with rolled_back(tx):
        tx.execute(text("DELETE FROM audit_seals WHERE seq = 3"))
        tx.execute(text("DELETE FROM audit_sealed_heads WHERE seal_seq = 3"))
        assert {f.kind for f in verify(full=True).findings} == {"inserted"}  # entries that nothing vouches for
        assert not verify().ok
    with rolled_back(tx):
        tx.execute(text("UPDATE audit_seals SET entries = 5 WHERE seq = 3"))
        assert [(f.kind, f.seal_seq) for f in verify().findings] == [("seal_altered", 3)]
    with rolled_back(tx):
        tx.execute(text("DELETE FROM audit_sealed_heads WHERE seal_seq = 1 AND subject_id = 'o1'"))
        assert ("seal_altered", 1) in {(f.kind, f.seal_seq) for f in verify(full=True).findings}


@pytest.mark.parametrize("table", ["audit_entries", "audit_seals", "audit_sealed_heads"])
def test_the_database_itself_refuses_change_and_removal(tx, table):
    write([1])
    seals.seal()
    column = {"audit_entries": "action = 'x'", "audit_seals": "entries = 0", "audit_sealed_heads": "from_seq = 0"}
    for statement in (f"UPDATE {table} SET {column[table]}", f"DELETE FROM {table}"):
        part = tx.begin_nested()
        with pytest.raises(Exception, match="append-only"):
            tx.execute(text(statement))
        part.rollback()


def test_a_huge_gap_does_not_make_the_check_run_for_ever(tx):
    write([2])
    unprotect(tx, "audit_entries")
    tx.execute(text("UPDATE audit_entries SET subject_seq = 2000000000 WHERE subject_seq = 2"))
    result = verify(full=True)
    assert result.found > 1_000_000
    assert len(result.findings) <= 200


def test_a_trail_made_with_a_moved_clock_seals_and_verifies(tx):
    with clock.moved(clock.now() - timedelta(days=300)):
        write([2])
    seals.seal()
    with clock.moved(clock.now() - timedelta(days=400)):  # older than what is sealed already
        write([1, 1])
    assert verify(full=True).ok
    assert seals.seal().entries == 2
    assert verify().ok


def test_the_triggers_are_those_that_a_migration_makes():
    assert len(triggers("audit_entries", "sqlite")) == 2
    assert len(triggers("audit_entries", "postgresql")) == 3
    assert db.Base.metadata.tables["audit_entries"] is not None
