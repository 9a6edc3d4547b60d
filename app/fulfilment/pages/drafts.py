"""Answers being written to a task, saved as one writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _, show_time
from app.core.permissions import Actor, current_actor, requires
from app.fulfilment import deciding, queries
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.signing.content import sha256_of
from app.processes import answering
from app.tasks import drafts
from app.tasks.models import Task
from app.tasks.permissions import TASK_WORK


@dataclass(frozen=True)
class Draft:
    """What one wrote earlier, as far as the form still asks it; `changed`: the form is another one now."""

    answers: dict[str, Any]
    saved_at: str
    changed: bool


def found(actor: Actor, task: Task, form: Mapping[str, Any]) -> Draft | None:
    """The reader's draft for the task. One statement."""
    kept = drafts.draft_of(actor, task)
    if kept is None:
        return None
    answers: dict[str, Any] = {}
    for field in answering.fields_of(form):
        value: Any = kept.answers
        for name in field.path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            answering.put(answers, field.path, value)
    return Draft(answers, saved(kept.saved_at), changed=kept.form_hash != sha256_of(form))


def saved(at: Any) -> str:
    """When, as people say it: only the time for today."""
    local = clock.local(at)
    return local.strftime("%H:%M") if local.date() == clock.today() else show_time(at)


@bp.post("/tasks/<task_id>/draft")
@requires(TASK_WORK)
def save_draft(task_id: str) -> Response:
    """Keep what is written so far (`answers`, JSON); answers what to tell."""
    actor = current_actor()
    task = queries.task_for(actor, task_id)
    try:
        answers = orjson.loads(request.form.get("answers", ""))
    except orjson.JSONDecodeError:
        answers = None
    if not isinstance(answers, dict):
        raise Invalid({"answers": [_("Must be an object.")]})
    at = drafts.save(actor, task, answers, sha256_of(deciding.form_of(task)))
    return jsonify({"saved_at": at.isoformat(), "text": _("Draft saved at %(time)s.", time=saved(at))})


@bp.post("/tasks/<task_id>/draft/discard")
@requires(TASK_WORK)
def discard_draft(task_id: str) -> BaseResponse:
    """Begin anew."""
    task = queries.task_for(current_actor(), task_id)
    drafts.forget(task.id, current_actor())
    flash(_("The draft is discarded."), "success")
    return redirect(url_for("fulfilment.show_task", task_id=task.id))
