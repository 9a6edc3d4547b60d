"""/orders/<id>/signatures: who signed what, whether it still holds, on paper and as a file to take away."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit import bundles
from app.core import i18n, web
from app.core.downloads import attachment
from app.core.i18n import LANGUAGES, language
from app.core.permissions import requires
from app.core.subject import Subject
from app.fulfilment import documents, queries
from app.fulfilment.pages.entry import bp
from app.fulfilment.permissions import ORDER_READ
from app.fulfilment.signing import paper, record
from app.orders import queries as orders


@bp.get("/orders/<order_id>/signatures")
@requires(ORDER_READ)
def signatures(order_id: str) -> str:
    """The signatures of an order, each checked now; the list alone when a page asks for it (`task`: of one task)."""
    order = orders.get_order(order_id)
    shown = record.of_order(order.id, request.args.get("task", ""))
    template = "fulfilment/_signatures.html" if web.is_fragment() else "fulfilment/signatures.html"
    return render_template(template, order=order, shown=shown)


@bp.get("/orders/<order_id>/signed-record.json")
@requires(ORDER_READ)
def signed_record(order_id: str) -> Response:
    """The signed record as a file that can be verified offline."""
    order = orders.get_order(order_id)
    made = bundles.bundle(Subject("order", order.id), order.number)
    return attachment(bundles.as_file(made), f"{order.number}.json", "application/json")


@bp.get("/orders/<order_id>/signed-record.pdf")
@requires(ORDER_READ)
def signed_record_pdf(order_id: str) -> Response:
    """The signed record on paper, in the language that is asked for, else the reader's."""
    view = queries.order_view(order_id)
    order = view.order
    made = bundles.bundle(Subject("order", order.id), order.number)
    with i18n.reading(_language()):
        content = paper.record_pdf(view, record.of_order(order.id), made["fingerprint"])
    return attachment(content, f"{order.number}-signed.pdf", "application/pdf")


@bp.get("/orders/<order_id>/confirmation.pdf")
@requires(ORDER_READ)
def confirmation_pdf(order_id: str) -> BaseResponse:
    """The newest order confirmation, in the language that is asked for, else the reader's."""
    order = orders.get_order(order_id)
    found = documents.latest_confirmation(order.id)
    return redirect(url_for("documents.download", document_id=found.id, language=_language()))


@bp.get("/verify_record.py")
@requires(ORDER_READ)
def verifier() -> Response:
    """The program that verifies a signed record offline."""
    return attachment(bundles.VERIFIER.read_bytes(), bundles.VERIFIER.name, "text/plain")


def _language() -> str:
    wish = request.args.get("language", "")
    return wish if wish in LANGUAGES else language()
