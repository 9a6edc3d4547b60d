"""/r/<answer_key>: where a consignee answers. Whoever has the link may; it says nothing about others, is never indexed
or cached, and can be asked only so often."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.catalog import queries as catalog
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.ids import new_id
from app.core.permissions import SYSTEM, public
from app.recalls import pace, queries, replying, wording
from app.recalls.models import COUNTS
from app.recalls.pages.blueprint import bp

LONGEST_KEY = 100


def _page(answer_key: str, refusal: DomainError | None = None) -> Response:
    case, notice = replying.find_by_token(answer_key[:LONGEST_KEY])
    lots = queries.lots_of(case)
    replies = queries.replies_of(case).get(notice.id, [])
    shown = render_template(
        "recalls/portal.html",
        case=case,
        notice=notice,
        customer=catalog.customers_of([notice.customer_id]).get(notice.customer_id),
        lots=[lots[lot_id] for lot_id in replying.lots_asked(case, notice)],
        last=replies[-1] if replies else None,
        thanks=request.args.get("sent") == "1" and bool(replies),
        answer_key=answer_key,
        given=request.form,
        submission=new_id(),
        counts=COUNTS,
        wording=wording,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
    )
    return _hidden(make_response(shown, refusal.status if refusal else 200))


def _hidden(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("/r/<answer_key>")
@public
def answer_form(answer_key: str) -> Response:
    """What is recalled, and the form."""
    pace.keep(request.remote_addr or "")
    return _page(answer_key)


@bp.post("/r/<answer_key>")
@public
def take_answer(answer_key: str) -> Response | BaseResponse:
    """Keep the answer; sent twice it is one."""
    pace.keep(request.remote_addr or "")
    case, notice = replying.find_by_token(answer_key[:LONGEST_KEY])
    try:
        with session().begin_nested():
            replying.reply(SYSTEM, case, notice, replying.from_form(case, notice, request.form))
    except (Conflict, Invalid) as error:
        return _page(answer_key, error)
    return redirect(url_for("recalls.answer_form", answer_key=answer_key, sent=1))
