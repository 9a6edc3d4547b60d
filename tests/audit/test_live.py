"""With real commits, threads and both databases."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import seals
from app.audit.models import AuditEntry, AuditSeal, UnsealedEntry
from app.audit.queries import entries_of
from app.audit.service import record, record_alone
from app.audit.verify import verify
from app.core import db
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from tests.identity.factories import bearer, make_user, sign_in

WRITERS, EACH = 4, 25


def run_all(*functions):
    """Run the functions at once; the first exception of any fails the test."""
    failed = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_writers_of_many_subjects_and_sealers_meet_and_nothing_is_missed(live):
    written = threading.Event()

    def write(number):
        for step in range(EACH):
            with transaction():
                record(SYSTEM, "order:change", Subject("order", f"o{number}"), step=step)
                record_alone(SYSTEM, "order:change", Subject("order", f"p{number}-{step}"))

    def seal():
        while not written.is_set():
            try:
                with transaction():
                    seals.seal()
            except IntegrityError:  # the other sealer was first
                continue

    def write_all():
        try:
            run_all(*(lambda number=number: write(number) for number in range(WRITERS)))
        finally:
            written.set()

    run_all(write_all, seal, seal)
    with transaction():
        seals.seal()
    with transaction(write=False):
        result = verify(full=True)
        assert result.findings == []
        assert result.entries == WRITERS * EACH * 2
        assert session().scalar(select(func.count()).select_from(UnsealedEntry)) == 0
        assert session().scalar(select(func.sum(AuditSeal.entries))) == WRITERS * EACH * 2
        assert verify().ok


def test_an_entry_that_commits_after_a_seal_of_later_ones_is_sealed_next(live, request):
    if request.config.getoption("--db") == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    late = Session(db.engine())
    token = db._current.set(db.unit_around(late))
    record(SYSTEM, "order:create", Subject("order", "late"))  # its id is the lower one
    db._current.reset(token)
    with transaction():
        record(SYSTEM, "order:create", Subject("order", "early"))
    with transaction():
        assert seals.seal().entries == 1
    with transaction(write=False):
        assert verify(full=True).ok
    late.commit()
    late.close()
    with transaction(write=False):
        assert verify(full=True).ok
    with transaction():
        assert seals.seal().entries == 1
    with transaction(write=False):
        assert verify(full=True).ok


def test_verifying_while_others_write_and_seal_finds_nothing_wrong(live):
    done = threading.Event()

    def write():
        try:
            for step in range(60):
                with transaction():
                    record(SYSTEM, "order:change", Subject("order", f"o{step % 3}"), step=step)
                if step % 7 == 0:
                    with transaction():
                        seals.seal()
        finally:
            done.set()

    def check():
        while not done.is_set():
            for full in (True, False):
                with transaction(write=False):
                    assert verify(full=full).findings == []

    run_all(write, check)


def test_one_subject_written_by_many_at_once_stays_one_chain(live):
    def write():
        for _step in range(10):
            with transaction():
                record_alone(SYSTEM, "lot:hold", Subject("lot", "l1"))

    run_all(*[write] * 3)
    with transaction(write=False):
        assert [entry.subject_seq for entry in entries_of(Subject("lot", "l1"))] == list(range(1, 31))
        assert verify(full=True).ok


def test_a_row_altered_by_sql_is_named_by_the_command(app, live, request):
    with transaction():
        for step in range(3):
            record(SYSTEM, "order:change", Subject("order", "o1"), step=step)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
    assert "over 3 entries" in runner.invoke(args=["audit", "seal"]).output
    assert "Nothing new" in runner.invoke(args=["audit", "seal"]).output
    with transaction():
        if request.config.getoption("--db") == "sqlite":
            session().execute(text("DROP TRIGGER audit_entries_no_update"))
        else:
            session().execute(text("DROP TRIGGER audit_entries_no_change ON audit_entries"))
        session().execute(text("UPDATE audit_entries SET actor_name = 'Nobody' WHERE subject_seq = 2"))
        victim = session().scalar(select(AuditEntry.id).where(AuditEntry.subject_seq == 2))
    for args in (["audit", "verify"], ["audit", "verify", "--full"]):
        found = runner.invoke(args=args)
        assert found.exit_code == 1
        assert f"order o1 #2 (entry {victim})" in found.output
        assert "1 WRONG" in found.output


def test_a_denied_attempt_is_recorded_although_the_request_is_rolled_back(app, live):
    client = app.test_client()
    with transaction():
        user = make_user("wang", roles=["sales"])
        headers = bearer(make_user("li", roles=["sales"]))
    with transaction():
        sign_in(client, user)
    assert client.get("/audit").status_code == 403
    assert client.get("/api/v1/audit/verify", headers=headers).status_code == 403
    with transaction(write=False):
        (entry,) = entries_of(Subject("user", user.id))
        assert entry.action == "access:deny"
        assert entry.details["permission"] == "audit:read"
        assert entry.details["path"] == "/audit"
        assert entry.request_id
        assert entry.origin == "127.0.0.1"


def test_denied_attempts_of_one_user_at_once_are_all_recorded(app, live):
    with transaction():
        user = make_user("wang", roles=["sales"])
        headers = bearer(user)

    def ask():
        assert app.test_client().get("/api/v1/audit/verify", headers=headers).status_code == 403

    run_all(*[ask] * 5)
    with transaction(write=False):
        denied = [e for e in entries_of(Subject("user", user.id)) if e.action == "access:deny"]
        assert len(denied) == 5
        assert denied[0].actor_kind == "token"
        assert verify(full=True).ok
