"""/trace: one box to search in, and the chain from what was found."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.errors import NotFound
from app.core.i18n import _, _l
from app.core.permissions import requires
from app.core.subject import Subject
from app.inventory.schemas import STATUS_NAMES
from app.traceability import finding, wording
from app.traceability.finding import LONGEST
from app.traceability.pages.blueprint import bp, page_url
from app.traceability.permissions import TRACE_READ
from app.traceability.showing import ChainShown, show

menu.add(_l("Trace"), "traceability.search", icon="route", right=TRACE_READ, section="quality", order=45)


@bp.get("/trace")
@requires(TRACE_READ)
def search() -> str | BaseResponse:
    """What the text or code names; straight to its chain when that is one thing."""
    q = request.args.get("q", "").strip()[:LONGEST]
    found = finding.find(q) if q else []
    if len(found) == 1:
        start = found[0].start
        return redirect(url_for("traceability.show_chain", start_kind=start.kind, start_id=start.id))
    return render_template("traceability/search.html", q=q, found=found, kinds=wording.STARTS)


@bp.get("/trace/<start_kind>/<path:start_id>")
@requires(TRACE_READ)
def show_chain(start_kind: str, start_id: str) -> str:
    """Where the goods came from and went to: drawing, places, steps."""
    start = finding.named(Subject(start_kind, start_id))
    if start is None:
        raise NotFound(kind=start_kind[:20], id=start_id[:100])
    shown = show(start)
    return render_template(
        "traceability/chain.html", shown=shown, start=start.start, drawing=_drawing(shown), lot_statuses=STATUS_NAMES
    )


def _drawing(shown: ChainShown) -> dict[str, Any]:
    """What the drawing needs: texts and addresses included."""
    nodes = []
    for one in shown.nodes:
        node = one.node
        more = _("and %(number)s more", number=node.more) if node.more else ""
        chain = node.subject_kind in ("customer", "lot") and node.subject_id
        url = (
            url_for("traceability.show_chain", start_kind=node.subject_kind, start_id=node.subject_id)
            if chain
            else page_url(node.subject_kind, node.subject_id)
        )
        label = " ".join(filter(None, (one.label, more)))
        nodes.append({"id": node.id, "label": label, "kind": one.kind, "column": node.column, "url": url})
    edges = [{"source": one.source, "target": one.target, "quantity": one.quantity} for one in shown.edges]
    return {"nodes": nodes, "edges": edges}
