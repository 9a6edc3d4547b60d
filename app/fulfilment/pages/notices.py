"""/notices: what the reader was told of tasks, and what they put off."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.permissions import actor_or_none, current_actor, requires
from app.fulfilment.pages.inbox import bp
from app.tasks import notices as told
from app.tasks import queries as tasks
from app.tasks.permissions import TASK_READ


def _unread() -> str:
    actor = actor_or_none()
    count = told.unread(actor.id) if actor else 0
    return str(count) if count else ""


menu.add(_l("Notices"), "fulfilment.notices", icon="bell", right=TASK_READ, section="work", order=15, badge=_unread)


@bp.get("/notices")
@requires(TASK_READ)
def notices() -> str:
    """The reader's notices, the newest first, and the tasks they put off."""
    actor = current_actor()
    number = max(1, request.args.get("page", 1, type=int))
    page = told.notices_of(actor.id, number=number)
    return render_template("fulfilment/notices.html", page=page, later=tasks.put_off_by(actor))


@bp.post("/notices/read")
@requires(TASK_READ)
def read_notices() -> BaseResponse:
    """All that was shown has been seen (`until`: the newest of them)."""
    until = request.form.get("until", "")[:26]
    if until and not (until.isascii() and until.isalnum()):
        raise NotFound(notice=until)
    told.read(current_actor().id, until=until or None)
    return redirect(url_for("fulfilment.notices"))


@bp.post("/notices/<notice_id>/open")
@requires(TASK_READ)
def open_notice(notice_id: str) -> BaseResponse:
    """Go to what it is about, which is no task; it has been seen."""
    return redirect(told.open_one(current_actor().id, notice_id))


@bp.post("/tasks/<task_id>/notices")
@requires(TASK_READ)
def open_noticed(task_id: str) -> BaseResponse:
    """Go to the task; its notices have been seen."""
    tasks.get_task(task_id)
    told.read(current_actor().id, task_id=task_id)
    return redirect(url_for("fulfilment.show_task", task_id=task_id))
