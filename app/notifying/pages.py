"""/account/notices: how I am told. /letters: what is sent, or would be, by e-mail and to devices."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import jsontext, menu
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.paging import Page, paginate
from app.core.permissions import current_actor, requires
from app.identity import queries as people
from app.identity import service as identity
from app.identity.permissions import ACCOUNT_OWN
from app.notifying import gathering, pushing, queries, sending, sources
from app.notifying.permissions import LETTER_READ, LETTER_SEND
from app.notifying.wishes import KINDS, RHYTHMS, WAYS, Wishes, wish, wishes_of

bp = Blueprint("notifying", __name__)
menu.add(_l("Messages sent"), "notifying.letters", icon="send", right=LETTER_READ, section="system", order=46)


@bp.get("/account/notices")
@requires(ACCOUNT_OWN)
def settings() -> str:
    """How I am told: by which way, of what, where; and what was sent to me."""
    return _settings(wishes_of([current_actor().id])[current_actor().id], {})


def _settings(wished: Wishes, wrong: dict[str, Any], email: str | None = None) -> str:
    user = people.get_user(current_actor().id)
    return render_template(
        "notifying/settings.html",
        user=user,
        email=user.email or "" if email is None else email,
        wished=wished,
        wrong=wrong,
        kinds=KINDS,
        ways=WAYS,
        rhythms=RHYTHMS,
        devices=pushing.devices_of(user.id),
        letters=queries.letters_to(user.id),
        gathering=gathering.gathering_of(user.id),
        has_server=sources.mail_server() is not None,
        **_names(),
    )


def _names() -> dict[str, Any]:
    return {"statuses": queries.STATUSES, "tones": queries.TONES, "channels": queries.CHANNELS}


@bp.post("/account/notices")
@requires(ACCOUNT_OWN)
def wish_for() -> Response | BaseResponse:
    """Choose how and of what."""
    actor, form = current_actor(), request.form
    mail = {kind: form.get(f"mail-{kind}", "") for kind in KINDS}
    push = [kind for kind in KINDS if form.get(f"push-{kind}")]
    hour, digest = form.get("hour", type=int), form.get("digest", "")
    try:
        wished = wish(actor, mail=mail, push=push, digest=digest, hour=hour)
    except Invalid as error:
        shown = Wishes(mail, frozenset(push), digest, hour or 0)
        return make_response(_settings(shown, error.details["fields"]), 422)
    gathering.plan_anew(actor, wished)
    flash(_("Saved."), "success")
    return redirect(url_for("notifying.settings"))


@bp.post("/account/email")
@requires(ACCOUNT_OWN)
def change_email() -> Response | BaseResponse:
    """Where I want to be written to."""
    actor = current_actor()
    email = request.form.get("email", "")
    try:
        identity.change_own_email(actor, people.get_user(actor.id), email)
    except Invalid as error:
        page = _settings(wishes_of([actor.id])[actor.id], error.details["fields"], email)
        return make_response(page, 422)
    flash(_("Saved."), "success")
    return redirect(url_for("notifying.settings"))


@bp.post("/account/notices/trial")
@requires(ACCOUNT_OWN)
def trial() -> BaseResponse:
    """Send me a trial message by every way there is."""
    made = gathering.try_out(current_actor())
    if made:
        flash(_("A trial message is on its way: see below what became of it."), "success")
    else:
        flash(_("There is no way to you yet: give an e-mail address, or let this device tell you."), "warning")
    return redirect(url_for("notifying.settings"))


@bp.get("/account/devices/key")
@requires(ACCOUNT_OWN)
def push_key() -> Response:
    """The key that a browser subscribes with; the subscriptions of this user, by the hash of their address."""
    devices = {device.endpoint_hash: device.id for device in pushing.devices_of(current_actor().id)}
    return jsonify({"key": pushing.known_key(), "devices": devices})


@bp.post("/account/devices")
@requires(ACCOUNT_OWN)
def subscribe() -> BaseResponse:
    """This browser lets itself be woken: its subscription as JSON, in the field `subscription`."""
    given = request.form.get("subscription", "")
    try:
        read = jsontext.strict(given)
    except ValueError:
        read = None
    keys = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(read, dict) or not isinstance(keys, dict):
        raise Invalid({"subscription": [_("The request could not be read.")]})
    parts = [read.get("endpoint"), keys.get("p256dh"), keys.get("auth")]
    if not all(isinstance(part, str) for part in parts):
        raise Invalid({"subscription": [_("The request could not be read.")]})
    endpoint, p256dh, auth = (str(part) for part in parts)
    label = request.headers.get("User-Agent", "")
    pushing.subscribe(current_actor(), endpoint=endpoint, p256dh=p256dh, auth=auth, label=label)
    flash(_("This device will tell you."), "success")
    return redirect(url_for("notifying.settings"))


@bp.post("/account/devices/<device_id>/end")
@requires(ACCOUNT_OWN)
def unsubscribe(device_id: str) -> BaseResponse:
    """A device tells me no more."""
    pushing.unsubscribe(current_actor(), device_id)
    flash(_("That device tells you no more."), "success")
    return redirect(url_for("notifying.settings"))


@bp.get("/letters")
@requires(LETTER_READ)
def letters() -> str:
    """What is sent, was sent, or would have been sent."""
    status, channel = request.args.get("status", ""), request.args.get("channel", "")
    number = max(1, request.args.get("page", 1, type=int))
    page: Page[Any] = paginate(queries.letters(status=status, channel=channel), number)
    return render_template(
        "notifying/letters.html",
        page=page,
        status=status if status in queries.STATUSES else "",
        channel=channel if channel in queries.CHANNELS else "",
        counts=queries.counts(),
        server=sources.mail_server(),
        **_names(),
    )


@bp.get("/letters/<letter_id>")
@requires(LETTER_READ)
def show_letter(letter_id: str) -> str:
    """One message as its reader sees it."""
    letter = sending.get_letter(letter_id)
    user = people.get_user(letter.user_id)
    return render_template("notifying/show.html", letter=letter, user=user, server=sources.mail_server(), **_names())


@bp.post("/letters/<letter_id>/again")
@requires(LETTER_SEND)
def send_again(letter_id: str) -> BaseResponse:
    """Send a message that was not sent, or perhaps not."""
    sending.send_again(current_actor(), letter_id)
    flash(_("It is sent again."), "success")
    return redirect(url_for("notifying.show_letter", letter_id=letter_id))
