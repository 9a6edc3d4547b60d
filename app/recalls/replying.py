"""What consignees answer: by their link, or on the phone. An answer is never changed; the latest counts."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.ids import new_id
from app.core.permissions import Actor
from app.processes import service as processes
from app.recalls import queries
from app.recalls.links import hash_of
from app.recalls.models import COUNTS, RecallCase, RecallNotice, RecallReply, RecallScope
from app.recalls.service import lock_open

ANSWERED = "recall.answered"
LARGEST = 1_000_000


def find_by_token(token: str) -> tuple[RecallCase, RecallNotice]:
    """Whose link it is. Raises NotFound."""
    wanted = select(RecallCase, RecallNotice).join(RecallNotice, RecallNotice.case_id == RecallCase.id)
    row = session().execute(wanted.where(RecallNotice.token_hash == hash_of(token))).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def lots_asked(case: RecallCase, notice: RecallNotice) -> list[str]:
    """The lots of which the consignee ever had some, as the scope was frozen; all, when that does not say."""
    wanted = select(RecallScope.lot_id).where(
        RecallScope.case_id == case.id, RecallScope.customer_id == notice.customer_id
    )
    return sorted(set(session().scalars(wanted))) or queries.lot_ids_of(case)


def reply(actor: Actor, case: RecallCase, notice: RecallNotice, given: Mapping[str, Any]) -> RecallReply:
    """Keep an answer: `{"submission", "person", "note", "counts": {lot id: {…}}}`; the same submission is kept once.

    Raises CaseClosed, Invalid.
    """
    lock_open(case)
    submission = str(given.get("submission") or "")[:64]
    before = _answers(notice)
    for one in before:
        if one.submission == submission:
            return one
    person, note = _text(given.get("person"), 100), _text(given.get("note"), 1000)
    counts = _counts(given.get("counts") or {}, lots_asked(case, notice))
    if not person:
        raise Invalid({"person": [_("Say who answers.")]})
    made = RecallReply(
        id=new_id(),
        notice_id=notice.id,
        number=len(before) + 1,
        submission=submission or new_id(),
        at=clock.now(),
        person=person,
        recorded_by=actor.id if actor.kind != "system" else None,
        counts=counts,
        note=note,
        prev_hash=before[-1].hash if before else "",
    )
    made.hash = queries.fingerprint(made)
    session().add(made)
    notice.replied_at = notice.replied_at or made.at
    session().flush()
    told = {"customer": notice.customer_id, "answer": made.number, "person": person, "hash": made.hash}
    record(actor, "recall:reply", case.subject, number=case.number, **told)
    _all_answered(actor, case)
    return made


def from_form(case: RecallCase, notice: RecallNotice, form: Mapping[str, str]) -> dict[str, Any]:
    """What `reply` takes, from a form with a field `<count>-<lot id>` for each number."""
    lots = lots_asked(case, notice)
    counts = {lot_id: {name: form.get(f"{name}-{lot_id}", "") for name in COUNTS} for lot_id in lots}
    return {**{name: form.get(name, "") for name in ("submission", "person", "note")}, "counts": counts}


def _answers(notice: RecallNotice) -> list[RecallReply]:
    wanted = select(RecallReply).where(RecallReply.notice_id == notice.id).order_by(RecallReply.number)
    return list(session().scalars(wanted))


def _text(given: Any, most: int) -> str:
    text = "".join(sign for sign in str(given or "") if sign.isprintable() or sign in "\n\t")
    return text.strip()[:most]


def _counts(given: Mapping[str, Any], lots: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    wrong: dict[str, list[str]] = {}
    for lot_id in lots:
        said = given.get(lot_id) or {}
        found[lot_id] = {}
        for name in COUNTS:
            text = str(said.get(name) or "0").strip()
            if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) <= LARGEST):
                wrong[f"{name}-{lot_id}"] = [_("Must be a whole number from 0 to 1,000,000.")]
            else:
                found[lot_id][name] = int(text)
    if wrong:
        raise Invalid(wrong)
    return found


def _all_answered(actor: Actor, case: RecallCase) -> None:
    """When nobody is left who has not answered, the process need not wait any longer."""
    if any(one.replied_at is None for one in queries.notices_of(case)):
        return
    case.located_at = case.located_at or clock.now()
    session().flush()
    with contextlib.suppress(processes.NoMatch):  # it does not wait for that (any more)
        processes.correlate(actor, ANSWERED, business_key=case.number)
