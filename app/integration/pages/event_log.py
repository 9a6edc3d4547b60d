"""The raw log of what came, one event, replay and discard, one by one or many."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _, language
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.integration.alarms import forget
from app.integration.inbound import queries, service
from app.integration.inbound.models import STATE_NAMES, HookEvent, HookState
from app.integration.pages.blueprint import bp, one_line, page_number
from app.integration.permissions import HOOK_READ, HOOK_REPLAY

TONES = {
    HookState.RECEIVED: "info",
    HookState.WAITING: "warning",
    HookState.DONE: "success",
    HookState.FAILED: "danger",
    HookState.DEAD: "danger",
    HookState.DISCARDED: "neutral",
}
PLACES = {"order": ("orders.show_order", "order_id"), "lot": ("inventory.show_lot", "lot_id")}
PLACES |= {"process": ("processes.show_instance", "instance_id"), "task": ("fulfilment.show_task", "task_id")}
PLACES |= {"shipment": ("shipping.show_shipment", "shipment_id")}
PLACES |= {"complaint": ("vigilance.show_complaint", "complaint_id")}


@bp.app_template_global()
def hook_link(link: dict[str, Any]) -> str:
    """Address of the page about what an event made."""
    endpoint, name = PLACES.get(link["kind"], ("", ""))
    return url_for(endpoint, **{name: link["id"]}) if endpoint else ""


@bp.get("/webhooks/in/log")
@requires(HOOK_READ)
def list_events() -> str:
    """What came, the newest first, narrowed by source, state, type, id and business key."""
    return _log({})


@bp.post("/webhooks/in/log")
@requires(HOOK_REPLAY)
def act_on_events() -> Response | BaseResponse:
    """Replay or discard those that are ticked, or all that the filter shows (at most 1,000 at once)."""
    wanted = _filter()
    if one_line("which", 10) == "all":
        rows = session().scalars(queries.events(wanted).where(HookEvent.state.in_(service.AGAIN)))
        found = list(rows.fetchmany(service.MOST_AT_ONCE))
    else:
        found = queries.events_by_id(request.form.getlist("event")[: service.MOST_AT_ONCE])
    try:
        _act(found)
    except Invalid as error:
        return make_response(_log(error.details["fields"]), 422)
    return redirect(url_for("integration.list_events", **dict[str, Any](_kept(wanted))))


@bp.get("/webhooks/in/log/<event_id>")
@requires(HOOK_READ)
def show_event(event_id: str) -> str:
    """One event: what came, what became of it, why not."""
    return _event(queries.get_event(event_id), {})


@bp.get("/webhooks/in/log/<event_id>/stamp")
@requires(HOOK_READ)
def event_stamp(event_id: str) -> Response:
    """A text that changes whenever the page would."""
    return Response(queries.get_event(event_id).state, mimetype="text/plain")


@bp.post("/webhooks/in/log/<event_id>")
@requires(HOOK_REPLAY)
def act_on_event(event_id: str) -> Response | BaseResponse:
    """Replay or discard it."""
    (event,) = queries.events_by_id([queries.get_event(event_id).id])
    try:
        _act([event])
    except Invalid as error:
        return make_response(_event(event, error.details["fields"]), 422)
    return redirect(url_for("integration.show_event", event_id=event_id))


def _act(found: list[HookEvent]) -> None:
    forget()
    if one_line("do", 10) == "discard":
        count = service.discard(current_actor(), found, one_line("reason"))
        flash(_("%(count)s event(s) discarded. They stay in the log.", count=count), "success" if count else "warning")
        return
    count = service.replay(current_actor(), found)
    said = _("%(count)s event(s) are carried out again by the mapping in force.", count=count)
    flash(
        said if count else _("Nothing to replay: only what failed, was given up or discarded."),
        "success" if count else "warning",
    )


def _filter() -> queries.Filter:
    state = one_line("state", 20)
    return queries.Filter(
        source_id=one_line("source", 26),
        state=state if state in STATE_NAMES else "",
        event_id=one_line("id", 255),
        type=one_line("type", 255),
        key=one_line("key", 255),
    )


def _kept(wanted: queries.Filter) -> dict[str, str]:
    names = {"source": wanted.source_id, "state": wanted.state, "id": wanted.event_id, "type": wanted.type}
    return {name: value for name, value in {**names, "key": wanted.key}.items() if value}


def _log(wrong: dict[str, Any]) -> str:
    wanted = _filter()
    sources = queries.sources()
    return render_template(
        "integration/log.html",
        page=paginate(queries.events(wanted), page_number()),
        fields_of=lambda event: queries.pick_fields(event.fault, language()),
        chosen=_kept(wanted),
        sources=[("", _("all")), *((one.id, one.name) for one in sources)],
        names={one.id: one.name for one in sources},
        states=STATE_NAMES,
        tones=TONES,
        again=service.AGAIN,
        wrong=wrong,
    )


def _event(event: HookEvent, wrong: dict[str, Any]) -> str:
    source = queries.get_source(event.source_id)
    return render_template(
        "integration/event.html",
        event=event,
        source=source,
        body=queries.shown_body(event, source),
        fields=queries.pick_fields(event.fault, language()),
        states=STATE_NAMES,
        tones=TONES,
        again=service.AGAIN,
        wrong=wrong,
    )
