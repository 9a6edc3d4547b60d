"""Webhooks out: subscriptions, their deliveries, every attempt; the catalogue of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, jsontext, menu, outbox
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.integration.alarms import alarms, badge, forget
from app.integration.inbound.service import secrets_of
from app.integration.outbound import queries, service
from app.integration.outbound.models import DELIVERY_NAMES, DeliveryState, HookDelivery, HookSubscription
from app.integration.pages.blueprint import ROTATIONS, bp, old_ends_in, one_line, page_number
from app.integration.permissions import HOOK_MANAGE, HOOK_READ, HOOK_REPLAY

TONES = {
    DeliveryState.PENDING: "info",
    DeliveryState.DELIVERED: "success",
    DeliveryState.DEAD: "danger",
    DeliveryState.DISCARDED: "neutral",
}
LABELS = {
    "name": _l("System name"),
    "url": _l("Address to send to"),
    "types": _l("Kinds of events"),
    "filter": _l("Only if"),
}


menu.add(
    _l("Webhooks out"),
    "integration.list_subscriptions",
    icon="send",
    right=HOOK_READ,
    section="system",
    order=41,
    badge=lambda: badge(alarms().outbound),
)


@bp.get("/webhooks/out")
@requires(HOOK_READ)
def list_subscriptions() -> str:
    """Every subscription and how it fares."""
    page = paginate(queries.subscriptions(), page_number())
    return render_template(
        "integration/subscriptions.html",
        page=page,
        pending=queries.pending_of([one.id for one in page.items]),
        dead=queries.dead(),
        now=clock.now(),
    )


@bp.get("/webhooks/out/new")
@requires(HOOK_MANAGE)
def new_subscription() -> str:
    """The form."""
    return _form(None, {"types": []}, {})


@bp.post("/webhooks/out/new")
@requires(HOOK_MANAGE)
def create_subscription() -> Response | BaseResponse:
    """Set it up; its secret is shown once."""
    given = _given()
    try:
        with session().begin_nested():
            made, secret = service.subscribe(current_actor(), given)
    except Invalid as error:
        return make_response(_form(None, given, error.details["fields"]), 422)
    return make_response(_shown(made, secret))


@bp.get("/webhooks/out/<subscription_id>")
@requires(HOOK_READ)
def show_subscription(subscription_id: str) -> str:
    """What it is told of, its secrets, its deliveries."""
    return _shown(queries.get_subscription(subscription_id), "")


@bp.post("/webhooks/out/<subscription_id>")
@requires(HOOK_REPLAY)
def act_on_deliveries(subscription_id: str) -> BaseResponse:
    """Send again or discard those that are ticked, or all that were given up (at most 1,000 at once)."""
    found = queries.get_subscription(subscription_id)
    if one_line("which", 10) == "dead":
        rows = session().scalars(queries.deliveries(found.id, DeliveryState.DEAD).limit(service.MOST_AT_ONCE))
        chosen = list(rows)
    else:
        ticked = queries.deliveries_by_id(request.form.getlist("delivery")[: service.MOST_AT_ONCE])
        chosen = [one for one in ticked if one.subscription_id == found.id]
    _act(chosen)
    return redirect(url_for("integration.show_subscription", subscription_id=found.id))


@bp.get("/webhooks/out/<subscription_id>/change")
@requires(HOOK_MANAGE)
def edit_subscription(subscription_id: str) -> str:
    """The form, filled."""
    found = queries.get_subscription(subscription_id)
    return _form(found, {name: getattr(found, name) for name in LABELS}, {})


@bp.post("/webhooks/out/<subscription_id>/change")
@requires(HOOK_MANAGE)
def change_subscription(subscription_id: str) -> Response | BaseResponse:
    """Change it."""
    found, given = queries.get_subscription(subscription_id), _given()
    seen = request.form.get("version", 0, type=int)
    try:
        with session().begin_nested():
            service.change(current_actor(), found, given, seen_version=seen)
    except Invalid as error:
        found = queries.get_subscription(subscription_id)
        return make_response(_form(found, given, error.details["fields"]), 422)
    flash(_("Saved."), "success")
    return redirect(url_for("integration.show_subscription", subscription_id=subscription_id))


@bp.post("/webhooks/out/<subscription_id>/switch")
@requires(HOOK_MANAGE)
def switch_subscription(subscription_id: str) -> BaseResponse:
    """On or off."""
    on = request.form.get("on") == "1"
    service.switch(current_actor(), queries.get_subscription(subscription_id), on=on)
    flash(_("The subscription is on: it is told of what happens from now on.") if on else _("The subscription is off."))
    return redirect(url_for("integration.show_subscription", subscription_id=subscription_id))


@bp.post("/webhooks/out/<subscription_id>/test")
@requires(HOOK_MANAGE)
def test_subscription(subscription_id: str) -> BaseResponse:
    """Send a test event; its page shows what came back."""
    made = service.send_test(current_actor(), queries.get_subscription(subscription_id))
    flash(_("A test event is on its way."), "success")
    return redirect(url_for("integration.show_delivery", delivery_id=made))


@bp.post("/webhooks/out/<subscription_id>/secrets")
@requires(HOOK_MANAGE)
def make_subscription_secret(subscription_id: str) -> str:
    """A new secret, shown once."""
    found = queries.get_subscription(subscription_id)
    return _shown(found, service.new_secret(current_actor(), found, old_ends_in=old_ends_in()))


@bp.post("/webhooks/out/<subscription_id>/secrets/<secret_id>/end")
@requires(HOOK_MANAGE)
def end_subscription_secret(subscription_id: str, secret_id: str) -> BaseResponse:
    """Nothing is signed with it any more."""
    service.end_secret(current_actor(), queries.get_subscription(subscription_id), secret_id)
    flash(_("The secret is no longer good."), "success")
    return redirect(url_for("integration.show_subscription", subscription_id=subscription_id))


@bp.get("/webhooks/out/deliveries/<delivery_id>")
@requires(HOOK_READ)
def show_delivery(delivery_id: str) -> str:
    """One delivery: what is sent, and every attempt with what came back."""
    one = queries.get_delivery(delivery_id)
    return render_template(
        "integration/delivery.html",
        one=one,
        stamp=_stamp(one),
        subscription=queries.get_subscription(one.subscription_id),
        attempts=queries.attempts_of(one.id),
        body=jsontext.pretty(jsontext.loads(one.body)),
        states=DELIVERY_NAMES,
        tones=TONES,
        causes=service.ERRORS,
    )


@bp.get("/webhooks/out/deliveries/<delivery_id>/stamp")
@requires(HOOK_READ)
def delivery_stamp(delivery_id: str) -> Response:
    """A text that changes whenever the page would."""
    return Response(_stamp(queries.get_delivery(delivery_id)), mimetype="text/plain")


def _stamp(one: HookDelivery) -> str:
    return f"{one.state}-{one.attempts}"


@bp.post("/webhooks/out/deliveries/<delivery_id>")
@requires(HOOK_REPLAY)
def act_on_delivery(delivery_id: str) -> BaseResponse:
    """Send it again, or discard it."""
    _act(queries.deliveries_by_id([queries.get_delivery(delivery_id).id]))
    return redirect(url_for("integration.show_delivery", delivery_id=delivery_id))


@bp.get("/webhooks/catalogue")
@requires(HOOK_READ)
def show_catalogue() -> str:
    """Every kind of event, and what its data are."""
    kinds = [(kind, jsontext.pretty(kind.schema())) for kind in outbox.event_types()]
    return render_template("integration/catalogue.html", kinds=kinds)


def _act(chosen: list[HookDelivery]) -> None:
    forget()
    if one_line("do", 10) == "discard":
        count = service.discard(current_actor(), chosen)
        flash(_("%(count)s delivery(s) discarded.", count=count), "success" if count else "warning")
        return
    count = service.resend(current_actor(), chosen)
    flash(_("%(count)s delivery(s) are sent again.", count=count), "success" if count else "warning")


def _given() -> dict[str, Any]:
    types = [name[:64] for name in request.form.getlist("types") if "\x00" not in name]
    return {**{name: one_line(name) for name in ("name", "url", "filter")}, "types": types}


def _form(found: HookSubscription | None, given: Mapping[str, Any], wrong: Mapping[str, Any]) -> str:
    return render_template(
        "integration/subscription_form.html",
        subscription=found,
        given=given,
        wrong=wrong,
        labels=LABELS,
        kinds=outbox.event_types(),
    )


def _shown(found: HookSubscription, secret: str) -> str:
    state = one_line("state", 20)
    state = state if state in DELIVERY_NAMES else ""
    return render_template(
        "integration/subscription.html",
        subscription=found,
        secret=secret,
        secrets=secrets_of(found.id),
        rotations=ROTATIONS,
        labels=LABELS,
        page=paginate(queries.deliveries(found.id, state), page_number()),
        state=state,
        states=DELIVERY_NAMES,
        tones=TONES,
        causes=service.ERRORS,
        opened=found.open_until if found.open_until and found.open_until > clock.now() else None,
    )
