"""Telling consignees, and only them: once each in a case; reminding those who do not answer; whom nobody has told."""

from __future__ import annotations

import re
from datetime import datetime

from app.audit.service import record
from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.ids import new_id
from app.core.permissions import Actor
from app.documents import service as documents
from app.recalls import clocks, letters, links, papers, queries
from app.recalls.counting import Standing, standing_of
from app.recalls.models import RecallCase, RecallNotice
from app.recalls.service import lock_open

REMINDERS = 3
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,130}\Z")
MOST_ADDRESS = 200


def tell(actor: Actor, case: RecallCase) -> int:
    """A notice for everybody who has or had units and has none yet; how many are new. In a drill nothing leaves the
    house: the notice says only who would be told."""
    now, notices = clock.now(), queries.notices_of(case)
    standing = standing_of(case, notices, {})
    there = {one.customer_id for one in notices}
    new = [customer_id for customer_id in standing.consignee_ids if customer_id not in there]
    customers = catalog.customers_of(new)
    for customer_id in new:
        made = RecallNotice(
            id=new_id(),
            case_id=case.id,
            customer_id=customer_id,
            round=case.round,
            email="",
            told_by="",
            due_at=_due(case, now),
            made_at=now,
            reminders=0,
        )
        session().add(made)
        session().flush()
        if not case.mock:
            made.token_hash = links.hash_of(links.token_of(made.id))
            customer = customers.get(customer_id)
            _issue(actor, case, made, customer, standing)
            _send(case, made, _address_of(customer) or queries.known_email(customer_id))
    case.notified_at = case.notified_at or now
    session().flush()
    if new:
        record(actor, "recall:tell", case.subject, number=case.number, consignees=len(new), round=case.round)
    return len(new)


def _due(case: RecallCase, now: datetime) -> datetime:
    """The first are told in the time of the decision; who comes in later, in as much time from then on."""
    if case.notified_at is None and case.due_at is not None:
        return case.due_at
    return clocks.due_at(now, case.hours or 0)


def _address_of(customer: Customer | None) -> str:
    """Of whom the customer names for recalls; empty when nobody is named, or nobody who could be written to."""
    named = [] if customer is None else queries.people_for_recalls(customer)
    return next((one["email"] for one in named if is_address(one.get("email", ""))), "")


def is_address(text: str) -> bool:
    """True when a letter could go there."""
    return len(text) <= MOST_ADDRESS and EMAIL.match(text) is not None


def _issue(actor: Actor, case: RecallCase, notice: RecallNotice, customer: Customer | None, standing: Standing) -> None:
    if customer is not None:
        content = papers.notice_of(case, notice, customer, standing.at(notice.customer_id))
        notice.document_id = documents.issue_document(actor, "recall_notice", case.subject, content).id


def _send(case: RecallCase, notice: RecallNotice, email: str) -> None:
    notice.email = email
    if email:
        letters.write(case, notice, reminder=False)
        notice.sent_at, notice.told_by = clock.now(), "mail"


def send_to(actor: Actor, case: RecallCase, notice: RecallNotice, email: str) -> None:
    """Send it to this address, which later recalls know. Raises CaseClosed, Invalid."""
    lock_open(case)
    address = email.strip()
    if not is_address(address):
        raise Invalid({"email": [_("Must be an e-mail address.")]})
    _refuse_drill(case)
    _send(case, notice, address)
    session().flush()
    record(actor, "recall:send", case.subject, number=case.number, customer=notice.customer_id)


def note_call(actor: Actor, case: RecallCase, notice: RecallNotice) -> None:
    """It was told on the phone. Raises CaseClosed, Invalid."""
    lock_open(case)
    _refuse_drill(case)
    if notice.sent_at is None:
        notice.sent_at, notice.told_by = clock.now(), "phone"
        session().flush()
        record(actor, "recall:call", case.subject, number=case.number, customer=notice.customer_id)


def _refuse_drill(case: RecallCase) -> None:
    if case.mock:
        raise Invalid({"email": [_("This is a drill: nobody outside is told.")]})


def note_check(actor: Actor, case: RecallCase, notice: RecallNotice, *, effective: bool) -> None:
    """What the effectiveness check of a consignee found. Raises CaseClosed."""
    lock_open(case)
    notice.checked_at, notice.checked_by, notice.effective = clock.now(), actor.id, effective
    session().flush()
    told = {"customer": notice.customer_id, "effective": effective}
    record(actor, "recall:check", case.subject, number=case.number, **told)


def remind(actor: Actor, case: RecallCase) -> int:
    """Tell who came in since; remind those who have not answered, once at a quarter, half and three quarters of their
    time; mark those whose time is over. How many were reminded or marked. Doing it twice does nothing more."""
    tell(actor, case)
    now, done = clock.now(), 0
    for notice in queries.notices_of(case):
        if notice.replied_at is not None:
            continue
        first = notice.round == 1 and case.decided_at is not None
        start = case.decided_at if first and case.decided_at is not None else notice.made_at
        gone = clocks.quarters_gone(start, notice.due_at, now)
        stage = min(gone, REMINDERS)
        late = gone >= clocks.QUARTERS and notice.escalated_at is None
        if stage > notice.reminders:
            notice.reminders, notice.reminded_at = stage, now
            if notice.email and not case.mock:
                letters.write(case, notice, reminder=True)
        elif not late:
            continue
        notice.escalated_at = now if late else notice.escalated_at
        done += 1
    session().flush()
    if done:
        record(actor, "recall:remind", case.subject, number=case.number, consignees=done)
    return done
