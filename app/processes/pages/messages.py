"""Messages: what is in the buffer, who waits for what, deliver again or discard."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.processes.cockpit import messages, values
from app.processes.cockpit.batches import reason_faults
from app.processes.pages.blueprint import bp, one_of, page_number
from app.processes.permissions import PROCESS_OPERATE

TONES = {"waiting": "warning", "delivered": "success", "expired": "neutral"}


@bp.get("/processes/messages")
@requires(PROCESS_OPERATE)
def list_messages() -> str:
    """The buffer, and who waits for a message of some name and key."""
    state = one_of("state", messages.STATES, "waiting")
    name, key = (request.args.get(field, "").strip()[:255] for field in ("name", "key"))
    return render_template(
        "processes/messages.html",
        page=messages.page_of(state, name, key, page_number()),
        chosen={"state": state, "name": name, "key": key},
        states=messages.STATES,
        state_of=messages.state_of,
        tones=TONES,
        diagnosis=messages.diagnosed(name, key) if name else None,
        names=messages.waited_for(),
    )


@bp.get("/processes/messages/<message_id>")
@requires(PROCESS_OPERATE)
def show_message(message_id: str) -> str:
    """One message: what it carries, who waits for it or nearly does."""
    return _page(message_id, {}, None)


@bp.post("/processes/messages/<message_id>")
@requires(PROCESS_OPERATE)
def act_on_message(message_id: str) -> ResponseReturnValue:
    """Deliver it (maybe under another name or key, or to a chosen instance), or discard it."""
    given = {name: request.form.get(name, "").strip()[:1001] for name in ("act", "name", "key", "instance", "reason")}
    messages.get_message(message_id)
    try:
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            _do(message_id, given)
    except DomainError as error:
        return _page(message_id, given, error), error.status
    return redirect(url_for("processes.show_message", message_id=message_id))


def _do(message_id: str, given: dict[str, str]) -> None:
    faults = reason_faults(given["reason"])
    if given["act"] not in ("deliver", "discard"):
        faults["act"] = [_("Choose what to do.")]
    if given["act"] == "deliver" and not 0 < len(given["name"]) <= 255:
        faults["name"] = [_("This is required.")]
    if any("\x00" in text for text in given.values()):
        faults["name"] = [_("There is a character that cannot be stored.")]
    if faults:
        raise Invalid(faults)
    actor = current_actor()
    if given["act"] == "discard":
        messages.discard(actor, message_id, given["reason"])
        flash(_("The message is discarded. It stays in the list."), "success")
        return
    reached = messages.correlate_again(
        actor,
        message_id,
        name=given["name"],
        key=given["key"] or None,
        instance_id=given["instance"] or None,
        reason=given["reason"],
    )
    flash(_("Delivered to %(count)s instance(s).", count=len(reached)), "success")


def _page(message_id: str, given: dict[str, str], error: DomainError | None) -> str:
    message = messages.get_message(message_id)
    name = given.get("name") or message.name
    key = given.get("key", message.business_key or "")
    return render_template(
        "processes/message.html",
        message=message,
        state=messages.state_of(message),
        states=messages.STATES,
        tones=TONES,
        given={"name": name, "key": key, "instance": "", "reason": "", **given},
        error=error,
        diagnosis=messages.diagnosed(name, key),
        variables=_shown(message.variables),
        correlation=_shown(message.correlation),
        names=messages.waited_for(),
    )


def _shown(found: Any) -> list[values.Shown]:
    return [values.shown(name, value) for name, value in sorted((found or {}).items())]
