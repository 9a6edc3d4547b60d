"""Working on a task together, on its page: put off, hand over, delegate, urge, copy, comment, attach."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, kept, web
from app.core.db import session
from app.core.downloads import attachment
from app.core.errors import Conflict, Invalid, NotFound, TooMany
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.fulfilment.pages.inbox import bp
from app.tasks import teamwork as verbs
from app.tasks.permissions import TASK_READ, TASK_WORK

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
web.allow_body("fulfilment.attach", verbs.LARGEST + 64 * 1024)


def back_to(task_id: str, act: Callable[[], str], *, undo: str = "") -> BaseResponse:
    """Do it and go back to the task (or to one's notices, if it was done there), with what came of it and, where that
    can be taken back, the address that does; a refusal undoes it and is told there."""
    try:
        with session().begin_nested():
            said, tone = act(), f"undo {undo}" if undo else "success"
    except (Conflict, Invalid, TooMany) as refusal:
        said, tone = _words(refusal), "danger"
    if said:
        flash(said, tone)
    if request.form.get("back") == "notices":
        return redirect(url_for("fulfilment.notices", _anchor="later"))
    return redirect(url_for("fulfilment.show_task", task_id=task_id, _anchor="together"))


def _words(refusal: Conflict | Invalid | TooMany) -> str:
    """Its sentence, or those of its fields."""
    fields = refusal.details.get("fields", {})
    return " ".join(str(reason) for reasons in fields.values() for reason in reasons) or refusal.sentence()


@bp.post("/tasks/<task_id>/follow-up")
@requires(TASK_WORK)
def put_off(task_id: str) -> BaseResponse:
    """Out of the list until a moment (`until`, local); empty brings it back."""

    def act() -> str:
        until = _moment(request.form.get("until", ""))
        verbs.put_off(current_actor(), task_id, until)
        return _("You see the task again at the time you chose.") if until else _("The task is in your list again.")

    undo = url_for("fulfilment.put_off", task_id=task_id) if request.form.get("until") else ""
    return back_to(task_id, act, undo=undo)


def _moment(text: str) -> datetime | None:
    """What a datetime-local field sends, in the business zone. Raises Invalid."""
    if not text:
        return None
    if _LOCAL.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=clock.BUSINESS_ZONE)
    raise Invalid({"until": [_("This is no date and time.")]})


@bp.post("/tasks/<task_id>/hand-over")
@requires(TASK_WORK)
def hand_over(task_id: str) -> BaseResponse:
    """Somebody else (`user`) has it now, or (`how=delegate`) does it for its holder."""

    def act() -> str:
        verb = verbs.delegate if request.form.get("how") == "delegate" else verbs.hand_over
        verb(current_actor(), task_id, request.form.get("user", "")[:26])
        return _("Done. They were told.")

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/resolve")
@requires(TASK_WORK)
def resolve(task_id: str) -> BaseResponse:
    """What was delegated is done: back to who asked."""

    def act() -> str:
        verbs.resolve(current_actor(), task_id)
        return _("The task is back with who asked you.")

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/urge")
@requires(TASK_READ)
def urge(task_id: str) -> BaseResponse:
    """Ask those who should do it to hurry."""

    def act() -> str:
        told = verbs.urge(current_actor(), task_id)
        return _n("%(num)s person was asked to hurry.", "%(num)s people were asked to hurry.", len(told))

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/copies")
@requires(TASK_WORK)
def copy(task_id: str) -> BaseResponse:
    """Let people (`to`: logins) read it."""

    def act() -> str:
        logins = re.split(r"[\s,;，；、]+", request.form.get("to", ""))
        made = verbs.copy_to(current_actor(), task_id, logins)
        return _n("%(num)s person was copied in.", "%(num)s people were copied in.", len(made))

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/comments")
@requires(TASK_WORK)
def say(task_id: str) -> BaseResponse:
    """Comment; @login tells somebody."""

    def act() -> str:
        verbs.say(current_actor(), task_id, request.form.get("message", ""))
        return ""

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/attachments")
@requires(TASK_WORK)
def attach(task_id: str) -> BaseResponse:
    """Put a file to it."""

    def act() -> str:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid({"file": [_("Choose a file.")]})
        verbs.attach(current_actor(), task_id, file.filename, file.read(verbs.LARGEST + 1))
        return _("The file is attached.")

    return back_to(task_id, act)


@bp.get("/tasks/<task_id>/attachments/<attachment_id>")
@requires(TASK_READ)
def attached(task_id: str, attachment_id: str) -> Response:
    """Its bytes, to be saved: a browser never shows them as a page of ours."""
    verbs.seen_by(current_actor(), task_id)
    found = verbs.attachment_of(task_id, attachment_id)
    content = kept.content_of(found.content_id)
    if content is None:
        raise NotFound(attachment=attachment_id)
    return attachment(content, found.name or "attachment", found.kind)


@bp.post("/tasks/<task_id>/attachments/<attachment_id>/remove")
@requires(TASK_WORK)
def detach(task_id: str, attachment_id: str) -> BaseResponse:
    """Take it away."""

    def act() -> str:
        verbs.detach(current_actor(), task_id, attachment_id)
        return _("The attachment is gone.")

    return back_to(task_id, act)
