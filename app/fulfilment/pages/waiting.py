"""/waiting: what a device did without a network arrives, each thing once.

A device keeps what was done (frontend/worker/queue.js) with a key of its own making and sends it when it can. Here key,
work and answer are one transaction (`core/idempotency.py`): the same thing again gets the first answer. What
cannot be done any more is refused in words and leaves nothing behind. Forms are proved by a token that is asked for
when something is sent, as the one of the page may be of a session that ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify, request
from flask_wtf.csrf import generate_csrf

from app.core import idempotency, jsontext
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.permissions import current_actor, requires
from app.fulfilment import deciding, queries, saying
from app.fulfilment.pages.inbox_blueprint import bp
from app.tasks import queries as tasks
from app.tasks.drafts import forget as forget_drafts
from app.tasks.models import Task
from app.tasks.permissions import TASK_READ, TASK_WORK

LARGEST_VERSION = 2**31 - 1
Done = Mapping[str, Any]


class NotYours(Conflict):
    """Somebody else did it on this device."""

    message = _l("This was done by somebody else on this device. They have to sign in to send it.")


@bp.get("/waiting/token")
@requires(TASK_READ)
def waiting_token() -> Response:
    """Who would send now, and a form token of the session."""
    return jsonify(user=current_actor().id, csrf=generate_csrf())


@bp.post("/waiting/decisions/<task_id>")
@requires(TASK_WORK)
def decide_late(task_id: str) -> Response:
    """A decision made without a network. A signed one needs its password and is never among these."""
    body = _body()
    answers = body.get("answers", {})
    seen = body.get("seen_version")
    if not isinstance(answers, dict):
        raise Invalid({"answers": [_("Must be an object.")]})
    if seen is not None and (type(seen) is not int or not 0 < seen <= LARGEST_VERSION):
        raise Invalid({"seen_version": [_("Say which version of the order you decided on.")]})
    task = queries.task_for(current_actor(), task_id)

    def decide() -> Done:
        if not _decided_so(task, answers):
            deciding.complete(current_actor(), task_id, answers, seen_version=seen)
            forget_drafts(task_id)
        return {"done": saying.told_of(tasks.get_task(task_id))}

    return jsonify(_once(f"decision {task_id}", body, decide))


def _decided_so(task: Task, answers: Mapping[str, Any]) -> bool:
    """It arrived already, from the page itself, and only the answer was lost on the way."""
    mine = task.status == "completed" and task.completed_by == current_actor().id
    return mine and (task.answers or {}).get("outcome") == answers.get("outcome")


def _body() -> dict[str, Any]:
    """What the device sent, by the person who is signed in. Raises Invalid, NotYours."""
    try:
        body = jsontext.strict(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("owner"), str):
        raise Invalid({"body": [_("The request could not be read.")]})
    if body["owner"] != current_actor().id:
        raise NotYours
    return body


def _once(what: str, body: Mapping[str, Any], work: Callable[[], Done]) -> Done:
    """What `work` answers, or what it answered when this key was sent before."""
    actor, key = current_actor(), request.headers.get("Idempotency-Key", "")
    kept = idempotency.take(actor, key, {"what": what, **body})
    if kept is not None:
        return kept.answer
    answer = work()
    idempotency.keep(actor, key, "", dict(answer))
    return answer
