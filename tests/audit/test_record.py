from decimal import Decimal

from sqlalchemy import select

from app.audit import queries, service
from app.audit.models import AuditEntry, UnsealedEntry, covered
from app.core import jsontext
from app.core.permissions import SYSTEM
from app.core.subject import Subject

ORDER = Subject("order", "o1")


def test_entries_of_a_subject_form_a_chain(tx):
    service.record(SYSTEM, "order:create", ORDER, total=Decimal("12.30"))
    service.record(SYSTEM, "order:create", Subject("order", "o2"))
    service.record(SYSTEM, "order:cancel", ORDER, reason="wrong customer")
    first, second = queries.entries_of(ORDER)
    assert [first.subject_seq, second.subject_seq] == [1, 2]
    assert (first.prev_hash, second.prev_hash) == ("", first.hash)
    assert first.details == {"total": "12.30"}
    for entry in (first, second):
        tx.expire(entry)
        assert jsontext.digest(covered(entry)) == entry.hash


def test_an_entry_costs_two_statements(tx, statements):
    statements.clear()
    service.record(SYSTEM, "order:create", ORDER, reason="x")
    assert len(statements) == 2


def test_each_entry_waits_for_a_seal(tx):
    service.record(SYSTEM, "order:create", ORDER)
    assert tx.scalars(select(UnsealedEntry.entry_id)).all() == tx.scalars(select(AuditEntry.id)).all()


def test_any_detail_comes_back_as_it_was_hashed(tx):
    service.record(SYSTEM, "x:y", ORDER, odd="a\x00b", big=2**70, share=0.1, deep=[{"1": (1, None)}], flag=True)
    (entry,) = queries.entries_of(ORDER)
    tx.expire(entry)
    assert entry.details == {
        "odd": "a\ufffdb",
        "big": str(2**70),
        "share": "0.1",
        "deep": [{"1": [1, None]}],
        "flag": True,
    }
    assert jsontext.digest(covered(entry)) == entry.hash
