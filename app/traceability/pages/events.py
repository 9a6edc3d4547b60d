"""/epcis: events of others, the event of a movement, declaring it wrong, export."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import jsontext, menu
from app.core.db import session
from app.core.downloads import attachment
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.traceability import exporting, foreign, service, wording
from app.traceability.epcis.names import event_id
from app.traceability.exporting import Wanted
from app.traceability.pages.blueprint import bp
from app.traceability.permissions import TRACE_DECLARE, TRACE_READ, TRACE_TAKE_IN

menu.add(
    _l("EPCIS events"),
    "traceability.list_events",
    icon="arrows-exchange",
    right=TRACE_READ,
    section="quality",
    order=46,
)


@bp.get("/epcis")
@requires(TRACE_READ)
def list_events() -> str:
    """Events of others, the latest taken first."""
    return _list_page({})


def _list_page(wrong: dict[str, Any]) -> str:
    q = request.args.get("q", "").strip()[:400]
    page = paginate(foreign.foreign_events(q), request.args.get("page", 1, type=int))
    errors = foreign.errors_of(one.event_id for one in page.items)
    return render_template("traceability/events.html", page=page, q=q, errors_by_id=errors, wrong=wrong)


@bp.post("/epcis")
@requires(TRACE_TAKE_IN)
def take_events() -> BaseResponse | tuple[str, int]:
    """Take a document in."""
    file = request.files.get("file")
    try:
        document = jsontext.strict(file.read() if file is not None else b"")
    except (ValueError, RecursionError):
        return _list_page({"file": [_("Choose a file with a JSON-LD document.")]}), 422
    try:
        with session().begin_nested():
            done = service.take_in(current_actor(), document)
    except Invalid as error:
        return _list_page(error.details["fields"]), 422
    told = {"new": len(done.taken), "known": len(done.known), "wrong": len(done.declared)}
    text = _("New events: %(new)s. Known already: %(known)s. Newly declared wrong: %(wrong)s.", **told)
    flash(text, "success")
    return redirect(url_for("traceability.list_events"))


@bp.get("/epcis/events/<event_key>")
@requires(TRACE_READ)
def show_event(event_key: str) -> str:
    """An event of others, as it came."""
    event = foreign.get_event(event_key)
    return render_template(
        "traceability/event.html",
        event=event,
        names=foreign.names_in(event),
        error=foreign.errors_of([event.event_id]).get(event.event_id),
        reasons=wording.REASONS,
        text=jsontext.pretty(event.content),
    )


@bp.get("/epcis/movements/<entry_id>")
@requires(TRACE_READ)
def show_movement(entry_id: str) -> str:
    """The event of a movement of our ledger."""
    return _movement_page(entry_id, {})


def _movement_page(entry_id: str, wrong: dict[str, Any]) -> str:
    row = exporting.entry(entry_id)
    key = event_id(row.id)
    return render_template(
        "traceability/movement.html",
        row=row,
        key=key,
        error=foreign.errors_of([key]).get(key),
        reasons=wording.REASONS,
        text=jsontext.pretty(exporting.event_of(row)),
        wrong=wrong,
        given=request.form,
    )


@bp.post("/epcis/movements/<entry_id>")
@requires(TRACE_DECLARE)
def declare_movement(entry_id: str) -> BaseResponse | tuple[str, int]:
    """Declare the event wrong."""
    given = {name: request.form.get(name, "").strip()[:500] for name in ("reason", "comment")}
    corrective = request.form.get("corrective", "").split()[:100]
    key = event_id(exporting.entry(entry_id).id)
    try:
        with session().begin_nested():
            service.declare_wrong(current_actor(), key, corrective=corrective, **given)
    except Invalid as error:
        return _movement_page(entry_id, error.details["fields"]), 422
    except Conflict as error:
        flash(error.sentence(), "danger")
        return _movement_page(entry_id, {}), error.status
    flash(_("The event is declared wrong. It stays in the ledger and is exported with the declaration."), "success")
    return redirect(url_for("traceability.show_movement", entry_id=entry_id))


@bp.get("/epcis/events.jsonld")
@requires(TRACE_READ)
def export_events() -> Response:
    """Events of a thousand movements of a lot, of an order or of all, as a file; Link leads to the next thousand."""
    wanted = Wanted(lot_id=request.args.get("lot", "")[:26], order_id=request.args.get("order", "")[:26])
    document, following = exporting.page(wanted, request.args.get("after", "")[:26], exporting.LARGEST)
    response = attachment(jsontext.pretty(document).encode(), "epcis.jsonld", "application/json")
    if following:
        here: dict[str, Any] = {**request.args.to_dict(), "after": following}
        response.headers["Link"] = f'<{url_for("traceability.export_events", **here)}>; rel="next"'
    return response
