"""/complaints/<id>: what happened, what was decided, and what can follow from it."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.documents.kinds import KINDS
from app.documents.queries import documents_of
from app.identity.queries import names_of
from app.inventory.models import HELD, MOVES
from app.inventory.permissions import LOT_RELEASE
from app.orders.queries import numbers_of as order_numbers
from app.quality import wording as goods
from app.quality.nonconforming import SEVERITIES
from app.vigilance import clocks, papers, queries, service, wording
from app.vigilance.models import Complaint
from app.vigilance.pages.blueprint import bp
from app.vigilance.permissions import COMPLAINT_READ, COMPLAINT_WORK


@bp.get("/complaints/<complaint_id>")
@requires(COMPLAINT_READ)
def show_complaint(complaint_id: str) -> str:
    """All of it."""
    return _page(queries.get_complaint(complaint_id))


def _page(one: Complaint, refusal: DomainError | None = None) -> str:
    lot = queries.lot_of(one)
    people = [one.recorded_by, one.taken_by, one.reportable_by, one.closed_by]
    return render_template(
        "vigilance/complaint.html",
        one=one,
        lot=lot,
        lot_numbers=queries.lot_numbers(one.product_id) if one.is_open else [],
        may_hold=lot is not None and HELD in MOVES[lot.status] and current_actor().may(LOT_RELEASE),
        order_number=order_numbers([one.order_id]).get(one.order_id) if one.order_id else None,
        names=names_of([person for person in people if person]),
        capas=queries.capas_about("complaint", one.id),
        nonconformances=queries.nonconformances_of(one),
        history=latest_of(one.subject, limit=30),
        severities={code: goods.SEVERITIES[code] for code in SEVERITIES},
        decide_by=clocks.decide_by(one),
        report_by=clocks.report_by(one),
        now=clock.now(),
        papers=documents_of(one.subject),
        paper_kinds=KINDS,
        wording=wording,
        goods=goods,
        given=request.form,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )


def _done(complaint_id: str, act: Callable[[Complaint], str]) -> BaseResponse:
    one = queries.get_complaint(complaint_id)
    try:
        with session().begin_nested():
            sentence = act(one)
    except (Conflict, Invalid) as error:
        return make_response(_page(one, error), error.status)
    flash(sentence, "success")
    return redirect(url_for("vigilance.show_complaint", complaint_id=one.id))


def _said(name: str, most: int = 4000) -> str:
    return request.form.get(name, "")[:most]


@bp.post("/complaints/<complaint_id>/take")
@requires(COMPLAINT_WORK)
def take_complaint(complaint_id: str) -> BaseResponse:
    """Investigate it."""

    def act(one: Complaint) -> str:
        service.take_up(current_actor(), one)
        return _("You investigate this complaint now.")

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/sample")
@requires(COMPLAINT_WORK)
def note_sample(complaint_id: str) -> BaseResponse:
    """The sample has come back."""

    def act(one: Complaint) -> str:
        service.note_sample(current_actor(), one)
        return _("Noted: the sample is here.")

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/lot")
@requires(COMPLAINT_WORK)
def correct_lot(complaint_id: str) -> BaseResponse:
    """The lot is another than was told."""

    def act(one: Complaint) -> str:
        found = service.correct_lot(current_actor(), one, _said("lot_no", 64), _said("correction", 500))
        if found is None:
            return _("The lot number is corrected; it is still no lot of ours.")
        return _("The lot is corrected: it can be held, recalled, or found not to conform now.")

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/report")
@requires(COMPLAINT_WORK)
def decide_reporting(complaint_id: str) -> BaseResponse:
    """Whether it is reported as an adverse event, and why."""

    def act(one: Complaint) -> str:
        reportable = {"1": True, "0": False}.get(_said("reportable"))
        service.decide_reporting(current_actor(), one, reportable=reportable, reason=_said("reason", 2000))
        return _("The decision on reporting is on record.")

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/close")
@requires(COMPLAINT_WORK)
def conclude_complaint(complaint_id: str) -> BaseResponse:
    """What the investigation came to."""

    def act(one: Complaint) -> str:
        service.conclude(current_actor(), one, _said("conclusion"), _said("finding"))
        return _("The complaint is concluded.")

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/hold")
@requires(LOT_RELEASE)
def hold_lot(complaint_id: str) -> BaseResponse:
    """Stop its lot for now."""

    def act(one: Complaint) -> str:
        lost = service.hold_lot(current_actor(), one, _said("hold_reason", 400))
        return _("The lot is on hold; orders that lost stock: %(count)s.", count=len(lost))

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/nonconformance")
@requires(COMPLAINT_WORK)
def raise_nonconformance(complaint_id: str) -> BaseResponse:
    """Its lot does not conform."""

    def act(one: Complaint) -> str:
        quantity = request.form.get("quantity", 0, type=int)
        made = service.raise_nonconformance(
            current_actor(), one, _said("severity"), quantity, _said("nonconforming") or one.description
        )
        return _("%(number)s is open.", number=made.number)

    return _done(complaint_id, act)


@bp.post("/complaints/<complaint_id>/paper")
@requires(COMPLAINT_WORK)
def print_complaint(complaint_id: str) -> BaseResponse:
    """Its record as a paper, as it stands now."""

    def act(one: Complaint) -> str:
        made = papers.issue_complaint(current_actor(), one)
        return _("%(number)s is on file as PDF in both languages.", number=made.number)

    return _done(complaint_id, act)
