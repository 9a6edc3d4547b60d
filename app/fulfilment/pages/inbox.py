"""/inbox and /tasks/<id>: what waits for me, and deciding it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu, web
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor, actor_or_none, current_actor, requires
from app.core.refusals import show
from app.fulfilment import acting, beside, deciding, forms, queries, saying, timeline, versions
from app.fulfilment.pages import drafts, signer, worklist
from app.fulfilment.pages.inbox_blueprint import bp as bp
from app.fulfilment.signing import verbs as signing
from app.orders import queries as orders
from app.priority.panels import panel_of
from app.processes.service import SignatureNeeded
from app.tasks import queries as tasks
from app.tasks import service as task_verbs
from app.tasks import teamwork
from app.tasks.drafts import forget as forget_drafts
from app.tasks.models import Task, TaskStatus
from app.tasks.permissions import TASK_READ, TASK_WORK
from app.tasks.showing import Shown, shown_subject

bp.app_template_global("route_name")(timeline.route_name)


@dataclass(frozen=True)
class Tab:
    """One list of the inbox."""

    label: LazyString
    nothing: LazyString
    hint: LazyString


TABS: dict[str, Tab] = {
    "today": Tab(
        _l("Today"),
        _l("Nothing is left for today."),
        _l("Here you find what is late, due today or of band P0 or P1, of your own tasks and of those you may take."),
    ),
    "mine": Tab(
        _l("My tasks"),
        _l("You have taken no task."),
        _l("Look under “My groups” and take the first one: it is the most urgent."),
    ),
    "groups": Tab(
        _l("My groups"),
        _l("Nothing waits for your groups."),
        _l("New tasks appear here by themselves."),
    ),
    "all": Tab(_l("All"), _l("No task is open."), _l("New tasks appear here by themselves.")),
    "for": Tab(
        _l("For others"),
        _l("Nothing waits for those you stand in for."),
        _l("Their tasks, and those of their groups, appear here while they are away."),
    ),
    "submitted": Tab(
        _l("Submitted by me"),
        _l("None of the orders you submitted waits for a decision."),
        _l("After you submit an order you see here who has it."),
    ),
    "done": Tab(_l("Done by me"), _l("You have decided nothing yet."), _l("What you decide is kept here.")),
}


def _waiting() -> str:
    """How many tasks wait for the actor, for the menu."""
    actor = actor_or_none()
    return worklist.waiting(actor) if actor is not None else ""


menu.add(_l("Inbox"), "fulfilment.inbox", icon="inbox", right=TASK_READ, section="work", order=10, badge=_waiting)


@bp.get("/inbox")
@requires(TASK_READ)
def inbox() -> str | BaseResponse:
    """The lists of tasks; the list alone when the page asks for it again."""
    if not request.args and not web.is_fragment():
        opening = worklist.opening_address(current_actor())
        if opening:
            return redirect(opening)
    return _render_list("fulfilment/inbox.html")


@bp.get("/inbox/stamp")
@requires(TASK_READ)
def inbox_stamp() -> BaseResponse:
    """A text that changes whenever what the list at the same address shows does; 304 while it does not."""
    stamp = worklist.listing(current_actor(), TABS)["stamp"]
    response = Response(stamp, mimetype="text/plain")
    response.set_etag(stamp)
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def _render_list(whole: str) -> str:
    shown = worklist.with_rows(worklist.listing(current_actor(), TABS))
    if web.is_fragment():
        return render_template("fulfilment/_inbox.html", **shown)
    return render_template(whole, **shown, **worklist.choices(shown))


@bp.post("/tasks/<task_id>/claim")
@requires(TASK_WORK)
def claim(task_id: str) -> str | BaseResponse:
    """Take a task, from the list or from its page."""
    task_verbs.claim(current_actor(), task_id)
    undo = url_for("fulfilment.release", task_id=task_id) if teamwork.groups_asked(task_id) else ""
    return _after(task_id, _("You have the task now."), undo)


@bp.post("/tasks/<task_id>/release")
@requires(TASK_WORK)
def release(task_id: str) -> str | BaseResponse:
    """Give a task back to its group."""
    task_verbs.release(current_actor(), task_id)
    return _after(task_id, _("The task is back with its group."))


def _after(task_id: str, sentence: str, undo: str = "") -> str | BaseResponse:
    if web.is_fragment():
        told = render_template(
            "fulfilment/worklist/_toast.html", sentence=sentence, undo=undo, address=request.query_string.decode()
        )
        return _render_list("fulfilment/_inbox.html") + told
    flash(sentence, f"undo {undo}" if undo else "success")
    return redirect(url_for("fulfilment.show_task", task_id=task_id))


@bp.get("/tasks/<task_id>")
@requires(TASK_READ)
def show_task(task_id: str) -> str:
    """A task: the order, its priority, what to decide."""
    return _render_task(queries.task_for(current_actor(), task_id), {}, None)


@bp.post("/tasks/<task_id>/complete")
@requires(TASK_WORK)
def complete(task_id: str) -> Response | BaseResponse:
    """Decide the task; what cannot be done leaves the page as it was filled, with the reason."""
    actor = current_actor()
    queries.task_for(actor, task_id)
    answers = _answers()
    try:
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            signed = signer.signed(request.form.get("meaning", ""), request.form.get("seen", ""))
            seen_version = request.form.get("seen_version", type=int)
            deciding.complete(actor, task_id, answers, seen_version=seen_version, signed=signed)
            signer.note()
            forget_drafts(task_id)
    except (Conflict, Invalid, SignatureNeeded) as error:
        refusal = signer.said(error)
        if web.is_fragment():
            return show(refusal.status, refusal.code, refusal.sentence(), refusal.details)
        return make_response(_render_task(tasks.get_task(task_id), answers, refusal), refusal.status)
    flash(saying.told_of(tasks.get_task(task_id)), "success")
    return redirect(url_for("fulfilment.show_task", task_id=task_id))


def _answers() -> dict[str, Any]:
    """What the form island sent, with the outcome of the button that was pressed. Raises Invalid."""
    given: dict[str, Any] = {}
    text = request.form.get("answers", "")
    if text:
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Invalid({"answers": [_("The request could not be read.")]}) from None
        if not isinstance(given, dict):
            raise Invalid({"answers": [_("Must be an object.")]})
    for name in ("outcome", "reason"):
        if request.form.get(name):
            given[name] = request.form[name]
    return {name: value for name, value in given.items() if value is not None}


def _render_task(task: Task, answers: dict[str, Any], refusal: DomainError | None) -> str:
    actor = current_actor()
    about = _about(task)
    view = queries.order_view(task.subject_id) if about is None else None
    form, meaning = deciding.asked_of(task)
    excluded = actor.id in task.excluded_user_ids
    standing = acting.on_task(actor, task)
    draft = drafts.found(actor, task, form) if refusal is None else None
    candidate = any(task_verbs.is_candidate(actor, pair) for pair in _candidates(task))
    return render_template(
        "fulfilment/task.html" if view else "fulfilment/task_about.html",
        task=task,
        about=about,
        view=view,
        order=view.order if view else None,
        panel=panel_of(view.order) if view else None,
        outcomes=deciding.offered(task, form),
        reason_needed=deciding.REASON_NEEDED,
        form=forms.without(forms.localised(form), "outcome"),
        answers=draft.answers if draft else answers or _on_file(about, form),
        draft=draft,
        refusal=refusal,
        fields=refusal.details.get("fields", {}) if refusal else {},
        changed=_changed(task, refusal),
        labels={**forms.labels(form), "password": _("Password"), "signature.meaning": _("Meaning")},
        excluded=excluded,
        can_decide=task.status == TaskStatus.OPEN
        and not excluded
        and (task.assignee_id == actor.id or (task.assignee_id is None and candidate) or bool(standing.principal)),
        can_claim=task.status == TaskStatus.OPEN
        and not excluded
        and ((task.assignee_id is None and candidate) or (bool(standing.principal) and task.assignee_id != actor.id)),
        standing=acting.OnTask() if task.assignee_id is None and candidate else standing,
        holder=acting.holder_of(task),
        groups=queries.role_names(tasks.candidates_of(task.id)["group"]),
        trace=queries.trace_of(task),
        asked=queries.asked_before(task),
        **(_came_to(actor, task) if task.status != TaskStatus.OPEN else {}),
        together=teamwork.together(actor, task),
        stock=beside.stock_of(view) if view and task.status == TaskStatus.OPEN else None,
        is_signed=bool(meaning) and task.status == TaskStatus.COMPLETED,
        offer=signing.offer(task, meaning, asks_login=signer.asks_login) if task.status == TaskStatus.OPEN else None,
    )


def _on_file(about: Shown | None, form: Mapping[str, Any]) -> dict[str, Any]:
    known = about.known if about else {}
    return {field["key"]: known[field["key"]] for field in forms.fields_of(form) if known.get(field["key"])}


def _came_to(actor: Actor, task: Task) -> dict[str, Any]:
    """What the page says of a task that is closed: what was answered, what it led to, what the actor could do next."""
    following = queries.next_task(actor, task)
    return {
        "answered": saying.words_of([task])[task.id] or _("Done"),
        "led_to": saying.next_of(task) if task.subject_kind != "order" else "",
        "following": following,
        "following_name": saying.name_of(following) if following else "",
    }


def _about(task: Task) -> Shown | None:
    """What the page shows of a subject that is no order. Raises NotFound."""
    if task.subject_kind == "order":
        return None
    if task.subject_kind not in shown_subject:
        raise NotFound(task=task.id)
    return shown_subject.get(task.subject_kind)(task.subject)


def _candidates(task: Task) -> list[tuple[str, str]]:
    found = tasks.candidates_of(task.id)
    return [(kind, value) for kind in ("group", "user") for value in found[kind]]


def _changed(task: Task, refusal: DomainError | None) -> list[versions.Change]:
    """What changed since the version that was decided on, when that is why the decision was refused."""
    if not isinstance(refusal, StaleVersion):
        return []
    every = orders.versions_of(task.subject_id)
    seen = next((one for one in every if one.version == refusal.details.get("seen")), None)
    return versions.between(seen, every) if seen else []
