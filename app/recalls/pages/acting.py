"""What is done on the page of a case: widen, send, note a call, an answer, a check."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.catalog import queries as catalog
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _
from app.core.ids import new_id
from app.core.permissions import current_actor, requires
from app.recalls import naming, queries, replying, service, telling, wording
from app.recalls.links import address_of
from app.recalls.models import COUNTS, RecallCase
from app.recalls.pages.blueprint import bp
from app.recalls.pages.case import render
from app.recalls.permissions import RECALL_RUN


def _done(case: RecallCase, act: Callable[[], str]) -> BaseResponse:
    try:
        with session().begin_nested():
            sentence = act()
    except (Conflict, Invalid) as error:
        return make_response(render(case, error), error.status)
    flash(sentence, "success")
    return redirect(url_for("recalls.show_recall", recall_id=case.id))


@bp.post("/recalls/<recall_id>/widen")
@requires(RECALL_RUN)
def widen_recall(recall_id: str) -> BaseResponse:
    """Take further lots in."""
    case = queries.get_case(recall_id)

    def act() -> str:
        lots = naming.lots_named(request.form.get("lots", "")[:5000])
        service.widen(current_actor(), case, lots, request.form.get("reason", "")[:1000])
        return _("The recall is wider now; only new consignees are told.")

    return _done(case, act)


@bp.post("/recalls/<recall_id>/told/<told_id>/send")
@requires(RECALL_RUN)
def send_notice(recall_id: str, told_id: str) -> BaseResponse:
    """Send the notice to an address."""
    case = queries.get_case(recall_id)
    notice = queries.get_notice(case, told_id)

    def act() -> str:
        telling.send_to(current_actor(), case, notice, request.form.get("email", "")[:300])
        return _("The notice is on its way.")

    return _done(case, act)


@bp.post("/recalls/<recall_id>/told/<told_id>/call")
@requires(RECALL_RUN)
def note_call(recall_id: str, told_id: str) -> BaseResponse:
    """It was told on the phone."""
    case = queries.get_case(recall_id)
    notice = queries.get_notice(case, told_id)

    def act() -> str:
        telling.note_call(current_actor(), case, notice)
        return _("Noted: told on the phone.")

    return _done(case, act)


@bp.post("/recalls/<recall_id>/told/<told_id>/check")
@requires(RECALL_RUN)
def note_check(recall_id: str, told_id: str) -> BaseResponse:
    """What the effectiveness check found."""
    case = queries.get_case(recall_id)
    notice = queries.get_notice(case, told_id)

    def act() -> str:
        telling.note_check(current_actor(), case, notice, effective=request.form.get("effective") == "1")
        return _("The check is on record.")

    return _done(case, act)


@bp.get("/recalls/<recall_id>/told/<told_id>")
@requires(RECALL_RUN)
def show_told(recall_id: str, told_id: str) -> str:
    """A consignee: its answers, its link, and a form for what it says on the phone."""
    return _told(recall_id, told_id)


def _told(recall_id: str, told_id: str, refusal: Invalid | Conflict | None = None) -> str:
    case = queries.get_case(recall_id)
    notice = queries.get_notice(case, told_id)
    customer = catalog.customers_of([notice.customer_id]).get(notice.customer_id)
    return render_template(
        "recalls/told.html",
        case=case,
        notice=notice,
        customer=customer,
        people=queries.people_for_recalls(customer) if customer else [],
        lots=[queries.lots_of(case)[lot_id] for lot_id in replying.lots_asked(case, notice)],
        replies=queries.replies_of(case).get(notice.id, []),
        address="" if case.mock else address_of(notice.id),
        given=request.form,
        submission=new_id(),
        counts=COUNTS,
        wording=wording,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )


@bp.post("/recalls/<recall_id>/told/<told_id>")
@requires(RECALL_RUN)
def record_reply(recall_id: str, told_id: str) -> BaseResponse:
    """Write down what it said on the phone."""
    case = queries.get_case(recall_id)
    notice = queries.get_notice(case, told_id)
    try:
        with session().begin_nested():
            replying.reply(current_actor(), case, notice, replying.from_form(case, notice, request.form))
    except (Conflict, Invalid) as error:
        return make_response(_told(recall_id, told_id, error), error.status)
    flash(_("The answer is on record."), "success")
    return redirect(url_for("recalls.show_recall", recall_id=case.id))
