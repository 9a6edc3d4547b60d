"""A recall from end to end through the engine: clocks by a moved clock, notices, replies, widening, drill, closing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit import signatures
from app.core import clock, jobs
from app.core.db import session
from app.core.errors import DomainError, Invalid, NotFound
from app.core.permissions import SYSTEM
from app.documents import queries as papers
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.notifying.models import Letter
from app.recalls import counting, links, queries, replying, service, telling
from app.recalls.models import RecallReply
from app.tasks.records import Notice
from app.tasks.refusing import FourEyes
from app.vigilance import capas
from tests.catalog.factories import make_customer
from tests.recalls.world import make_recalling
from tests.traceability import oracle

ASSESSED = {"severity": "serious", "probability": "possible", "check_level": "A", "harm_occurred": False}


@pytest.fixture
def world(tx):
    return make_recalling()


def decide(world, case, level="class_i"):
    world.answer("rae", case, "intake", **ASSESSED)
    world.answer("rae", case, "confirm_level", outcome="approve", level=level)
    world.answer("hedda", case, "approve_plan", outcome="approve")


def said(world, case, notice, **counts):
    lot_id = world.lot.id
    given = {"submission": f"{notice.id}-{sorted(counts.items())}", "person": "Li", "counts": {lot_id: counts}}
    return replying.reply(SYSTEM, case, notice, given)


def books(case):
    (one, *_more) = counting.standing_of(case, queries.notices_of(case), queries.replies_of(case)).balances
    assert one.received == one.in_stock + one.returned + one.destroyed + one.used + one.unaccounted
    return one.in_stock, one.returned, one.destroyed, one.used, one.unaccounted


def test_from_opening_to_closing(world):
    case = world.open()
    reached = {row[1] for row in oracle.reached([world.lot.id])}
    assert books(case) == (70, 0, 0, 5, 25)
    decide(world, case)
    assert world.at(case) == ["submit_report", "watch"]
    notices = {one.customer_id: one for one in queries.notices_of(case)}
    assert set(notices) == reached == {world.hospital.id, world.distributor.id, world.clinic.id}
    assert all(one.due_at == case.decided_at + timedelta(hours=24) for one in notices.values())
    assert [one.kind for one in papers.documents_of(case.subject)].count("recall_notice") == 3
    hospital, distributor, clinic = (notices[one.id] for one in (world.hospital, world.distributor, world.clinic))
    telling.send_to(world.actor("rae"), case, hospital, "recall@rh.example")
    (letter,) = session().query(Letter)
    token = links.token_of(hospital.id)
    assert f"/r/{token}" in letter.text
    assert (len(bytes.fromhex(token)), token in str(vars(hospital))) == (32, False)
    assert replying.find_by_token(token) == (case, hospital)
    for hostile in ("", "0" * 64, token[:-1], token + "\x00", "é" * 64, hospital.token_hash):
        with pytest.raises(NotFound):
            replying.find_by_token(hostile)
    first = said(world, case, hospital, on_hand=10, used=5, returned=5)
    assert said(world, case, hospital, on_hand=10, used=5, returned=5) is first
    corrected = said(world, case, hospital, used=8, returned=12)
    assert (corrected.number, corrected.prev_hash) == (2, first.hash)
    assert queries.fingerprint(corrected) == corrected.hash
    for wrong in ({"used": -1}, {"used": "1e3"}, {"used": 10**7}, {"used": "一"}):
        with pytest.raises(Invalid):
            said(world, case, hospital, **wrong)
    with pytest.raises(service.StillAnswering):
        service.close(world.actor("hedda"), case, "too early")
    inventory.hand_over(
        SYSTEM, "return", inventory.Goods(world.lot, 12), inventory.outside("customer", world.hospital.id),
        inventory.home_bin(stock.warehouses()[0], world.lot),
    )  # fmt: skip
    assert books(case) == (70, 12, 0, 8, 10)
    said(world, case, distributor, destroyed=6, passed_on=4)
    assert world.at(case) == ["submit_report", "watch"]
    said(world, case, clinic, used=4)  # the last one: the process goes on by itself
    assert (case.located_at is not None, books(case)) == (True, (70, 12, 6, 12, 0))
    assert world.at(case) == ["submit_report", "watch"]  # the planned checks are not done
    for notice in notices.values():
        telling.note_check(world.actor("rae"), case, notice, effective=True)
    world.answer("rae", case, "watch", outcome="approve")
    world.answer("rae", case, "submit_report", reference="NMPA-77")
    assert (world.at(case), case.reported_at is not None) == (["first_witness"], True)
    world.answer("wang", case, "first_witness", way="destroy")
    with pytest.raises(FourEyes):
        world.answer("wang", case, "second_witness", outcome="approve")
    world.answer("rio", case, "second_witness", outcome="approve")
    assert books(case) == (0, 0, 88, 12, 0)
    with pytest.raises(Invalid) as refusal, session().begin_nested():
        world.answer("hedda", case, "close_case", outcome="approve", reason="all back")
    assert list(refusal.value.details["fields"]) == ["no_capa"]
    capa = capas.begin_capa(world.actor("rae"), {"source_kind": "recall", "source": case.number})
    assert (capa.problem, capa.lot_id, capa.source_id) == (case.hazard, world.lot.id, case.id)
    world.answer("hedda", case, "close_case", outcome="approve", reason="all back", no_capa="not read: one follows")
    assert case.no_capa == ""
    assert (case.status, world.at(case)) == ("closed", [])
    assert {one.kind for one in papers.documents_of(case.subject)} == {"recall_notice", "regulator_report"}
    with pytest.raises(service.CaseClosed):
        said(world, case, clinic, used=3)
    signed = signatures.signatures_of(case.subject)
    assert sorted(one.meaning for one in signed) == [
        "approval", "approval", "responsibility", "verification", "verification",
    ]  # fmt: skip
    assert not any(signatures.faults_of(signed).values())


def test_four_eyes_and_signatures(world):
    case = world.open(by="hedda")
    world.answer("rae", case, "intake", **ASSESSED)
    with pytest.raises(Invalid), session().begin_nested():
        world.answer("rae", case, "confirm_level", outcome="approve")
    world.answer("rae", case, "confirm_level", outcome="approve", level="class_iii")
    assert case.due_at - case.decided_at == timedelta(hours=168)
    world.answer("hedda", case, "approve_plan", outcome="rework", reason="why class III?")
    world.answer("rae", case, "confirm_level", outcome="approve", level="class_ii")
    assert case.due_at - case.decided_at == timedelta(hours=72)


@pytest.mark.parametrize(("level", "hours"), [("class_i", 24), ("class_ii", 72), ("class_iii", 168)])
def test_reminders_at_each_quarter_and_escalation_at_the_end(world, level, hours):
    case = world.open()
    decide(world, case, level)
    notices = {one.customer_id: one for one in queries.notices_of(case)}
    said(world, case, notices[world.hospital.id], used=20)
    start, counted = clock.now(), []
    for quarter in (0.9, 1.1, 2.1, 3.1, 4.1, 5.1):
        with clock.moved(start + timedelta(hours=hours / 4 * quarter)):
            while jobs.run_due():
                pass
            session().expire_all()
            late = notices[world.clinic.id].escalated_at is not None
            counted.append((notices[world.clinic.id].reminders, notices[world.hospital.id].reminders, late))
    wanted = select(Notice).where(Notice.user_id == world.users["hedda"].id, Notice.path == f"/recalls/{case.id}")
    said_above = [one.title["en"].partition(", ")[2] for one in session().scalars(wanted.order_by(Notice.id))]
    assert "consignees have not answered" in said_above
    assert counted == [(0, 0, False), (1, 0, False), (2, 0, False), (3, 0, False), (3, 0, True), (3, 0, True)]


def test_widening_tells_only_new_consignees(world):
    case = world.open()
    decide(world, case)
    told = {one.customer_id: one.id for one in queries.notices_of(case)}
    home = inventory.home_bin(stock.warehouses()[0], world.other)
    new = make_customer(code="RN")
    for customer in (world.hospital, new):
        world.go(world.other, "ship", home, inventory.outside("customer", customer.id), 3)
    service.widen(world.actor("rae"), case, [world.other.id], "same sterilisation")
    again = {one.customer_id: (one.id, one.round) for one in queries.notices_of(case)}
    assert again == {**{one: (notice, 1) for one, notice in told.items()}, new.id: (again[new.id][0], 2)}
    assert world.at(case) == ["follow_widened", "submit_report", "watch", "when_widened"]


def test_a_drill_goes_the_same_way_and_nothing_leaves_the_house(world):
    case = world.open(mock=True)
    decide(world, case)
    assert world.lot.status == "released"
    notices = queries.notices_of(case)
    assert [(one.token_hash, one.document_id, one.sent_at) for one in notices] == [(None, None, None)] * 3
    with pytest.raises(DomainError):
        telling.send_to(world.actor("rae"), case, notices[0], "a@b.example")
    with clock.moved(clock.now() + timedelta(hours=7)):
        while jobs.run_due():
            pass
        session().expire_all()
        assert {one.reminders for one in notices} == {1}
        had = {world.hospital.id: {"on_hand": 15, "used": 5}, world.distributor.id: {"on_hand": 6, "passed_on": 4}}
        for notice in notices:
            said(world, case, notice, **had.get(notice.customer_id, {"on_hand": 4}))
        assert case.located_at - case.opened_at == timedelta(hours=7)
        world.answer("rae", case, "submit_report", reference="none: a drill")
        assert world.at(case) == ["first_witness"]
        world.answer("wang", case, "first_witness", way="destroy")
        world.answer("rio", case, "second_witness", outcome="approve")
        world.answer("hedda", case, "close_case", outcome="approve")
    assert (case.status, world.lot.status, stock.bins_of(world.lot.id)[0].on_hand) == ("closed", "released", 70)
    assert session().query(Letter).count() == 0
    assert papers.documents_of(case.subject) == []


def test_answers_are_never_changed(world):
    case = world.open()
    decide(world, case)
    made = said(world, case, queries.notices_of(case)[0], used=1)
    with pytest.raises(Exception, match="append-only"), session().begin_nested():
        session().query(RecallReply).filter_by(id=made.id).update({"person": "somebody else"})


def test_who_is_named_for_recalls_is_written_to_and_else_phoned(world):
    def named(purpose, email="", phone="1"):
        return {"name": purpose, "purpose": purpose, "phone": phone, "email": email}

    world.hospital.contacts = [
        named("order", "o@rh.example"),
        named("recall", "no address"),
        named("recall", "r@rh.example"),
    ]
    world.distributor.contacts = [named("finance", "f@rd.example"), named("recall", phone="110")]
    world.clinic.contacts = [named("order", "o@rc.example")]
    session().flush()
    case = world.open()
    decide(world, case)
    notices = {one.customer_id: one for one in queries.notices_of(case)}
    written = {
        one.id: (notices[one.id].email, notices[one.id].told_by)
        for one in (world.hospital, world.distributor, world.clinic)
    }
    assert list(written.values()) == [("r@rh.example", "mail"), ("", ""), ("o@rc.example", "mail")]
    assert notices[world.distributor.id].sent_at is None, "somebody has to phone"
    assert sorted(letter.target for letter in session().query(Letter)) == ["o@rc.example", "r@rh.example"]
    drill = world.open(world.other, mock=True)
    decide(world, drill)
    assert session().query(Letter).count() == 2
