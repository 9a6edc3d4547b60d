"""What belongs to a task: variables, form, people, comments, attachments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core.db import session
from app.core.permissions import current_actor, requires
from app.identity.roles import ROLES
from app.integration.engine_rest import contents
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.engine import verbs as engine
from app.integration.engine_rest.errors import EngineRefused, InvalidRequest, missing
from app.integration.engine_rest.people import logins_of
from app.integration.engine_rest.task_query import SOURCE
from app.integration.engine_rest.tasks import found, must_act, open_task, user_named
from app.integration.engine_rest.values import TYPES, Variables, variables_out
from app.integration.engine_rest.variable_routes import serve
from app.integration.engine_rest.variables import to_engine
from app.integration.engine_rest.wire import Given, moment_out, sent
from app.processes.queries import form_of
from app.tasks import managing
from app.tasks.models import Task, TaskAttachment, TaskComment
from app.tasks.permissions import TASK_READ, TASK_WORK
from app.tasks.queries import candidates_of


@dataclass(frozen=True)
class OfTask:
    """What a task sees: its own variables and those of its process."""

    task: Task
    what: str = "task"

    def kept(self) -> dict[str, Any]:
        """As they are kept."""
        extra = managing.extra_of(self.task.id)
        own = dict(extra.variables) if extra else {}
        if self.task.source_kind != SOURCE:
            return own
        seen = bulk.of_many([self.task.source_id]).get(self.task.source_id, bulk.Seen())
        around = seen.at(int(self.task.source_ref)) if self.task.source_ref.isdecimal() else seen.whole
        return {**around, **own, TYPES: {**(around.get(TYPES) or {}), **(own.get(TYPES) or {})}}

    def change(self, given: Variables, removed: list[str]) -> None:
        """Those of the process."""
        must_act(current_actor(), self.task.id)
        if self.task.source_kind != SOURCE:
            OfTaskAlone(self.task).change(given, removed)
            return
        values = to_engine(self.task.source_id, given)
        engine.set_variables(current_actor(), self.task.source_id, values, removed=removed, reason="by program")


@dataclass(frozen=True)
class OfTaskAlone:
    """What only the task has."""

    task: Task
    what: str = "task"

    def kept(self) -> dict[str, Any]:
        """As they are kept."""
        extra = managing.extra_of(self.task.id)
        return dict(extra.variables) if extra else {}

    def change(self, given: Variables, removed: list[str]) -> None:
        """Kept with the task."""
        must_act(current_actor(), self.task.id)
        before = self.kept()
        types = {**(before.pop(TYPES, None) or {})}
        for name in [*removed, *given.values]:
            before.pop(name, None)
            types.pop(name, None)
        after = {**before, **given.lasting(), TYPES: {**types, **given.types}}
        managing.set_own_variables(current_actor(), self.task.id, after)


def _place(kind: Any) -> Any:
    def find(place_id: str) -> Any:
        with_task = session().scalar(select(Task.id).where(Task.id == place_id))
        if with_task is None:
            raise EngineRefused(f"task {place_id} doesn't exist: task is null", kind="NullValueException")
        return kind(open_task(place_id, current_actor()))

    return find


serve("/task/<place_id>/variables", "task_variables", _place(OfTask), read=TASK_READ, write=TASK_WORK)
serve("/task/<place_id>/localVariables", "task_local_variables", _place(OfTaskAlone), read=TASK_READ, write=TASK_WORK)


@bp.get("/task/<task_id>/form-variables")
@requires(TASK_READ)
def task_form_variables(task_id: str) -> Response:
    """The variables that a form of the task may show."""
    names = Given(request.args.to_dict()).texts("variableNames")
    plain = request.args.get("deserializeValues", "true").lower() != "false"
    return jsonify(variables_out(OfTask(open_task(task_id, current_actor())).kept(), plain=plain, only=names))


@bp.get("/task/<task_id>/form")
@requires(TASK_READ)
def task_form(task_id: str) -> dict[str, Any]:
    """The name of its form."""
    return {"key": open_task(task_id, current_actor()).form_key, "camundaFormRef": None, "contextPath": None}


@bp.get("/task/<task_id>/deployed-form")
@requires(TASK_READ)
def task_deployed_form(task_id: str) -> Response:
    """Its form."""
    task = open_task(task_id, current_actor())
    form = form_of(task) if task.source_kind == SOURCE else None
    if form is None and not str(task.form_key or "").startswith(("deployment:", "camunda-forms:")):
        raise InvalidRequest(
            f"The form key '{task.form_key}' does not reference a deployed form."
            if task.form_key
            else "No form defined for this task.",
            kind="BadUserRequestException",
        )
    if form is None:
        missing(f"The form with the resource name '{task.form_key}' cannot be found.")
    return jsonify(form)


def _links(task: Task) -> list[dict[str, Any]]:
    who, extra = candidates_of(task.id), managing.extra_of(task.id)
    owner = extra.owner_id if extra else None
    people = logins_of([*who["user"], task.assignee_id, owner])
    found_links = [("assignee", task.assignee_id), ("owner", owner)]
    links = [{"userId": people[user], "groupId": None, "type": kind} for kind, user in found_links if user]
    links += [{"userId": None, "groupId": group, "type": "candidate"} for group in who["group"]]
    return links + [{"userId": people[user], "groupId": None, "type": "candidate"} for user in who["user"]]


@bp.get("/task/<task_id>/identity-links")
@requires(TASK_READ)
def task_links(task_id: str) -> Response:
    """Who is asked, has it, is answerable for it."""
    wanted = request.args.get("type")
    links = _links(open_task(task_id, current_actor()))
    return jsonify([link for link in links if wanted in (None, link["type"])])


@bp.post("/task/<task_id>/identity-links")
@requires(TASK_WORK)
def add_task_link(task_id: str) -> ResponseReturnValue:
    """Ask somebody too."""
    _link(task_id, sent(), add=True)
    return done()


@bp.post("/task/<task_id>/identity-links/delete")
@requires(TASK_WORK)
def delete_task_link(task_id: str) -> ResponseReturnValue:
    """Ask them no more."""
    _link(task_id, sent(), add=False)
    return done()


def _link(task_id: str, given: Given, *, add: bool) -> None:
    login, group, kind = given.text("userId", 64), given.text("groupId", 64), given.text("type")
    if (login is None) == (group is None):
        raise InvalidRequest("Identity Link requires userId or groupId, but not both.")
    if kind not in ("candidate", "assignee", "owner") or (group is not None and kind != "candidate"):
        raise InvalidRequest(f"Identity link type '{str(kind)[:40]}' is not supported here")
    if group is not None and add and group not in ROLES:
        raise InvalidRequest(f"There is no group '{group}'")
    actor, user = current_actor(), user_named(login)
    must_act(actor, task_id)
    with found(task_id):
        if kind == "assignee":
            managing.assign(actor, task_id, user if add else None)
        elif kind == "owner":
            managing.set_owner(actor, task_id, user if add else None)
        else:
            change = managing.link if add else managing.unlink
            change(actor, task_id, "user" if user else "group", user or str(group))


def _comment(row: TaskComment, people: dict[str, str]) -> dict[str, Any]:
    address = url_for("engine_rest.get_comment", task_id=row.task_id, comment_id=row.id, _external=True)
    return {
        "links": [{"method": "GET", "href": address, "rel": "self"}],
        "id": row.id,
        "userId": people.get(row.user_id, row.user_id),
        "time": moment_out(row.at),
        "taskId": row.task_id,
        "processInstanceId": row.source_id,
        "rootProcessInstanceId": row.source_id,
        "message": row.message,
        "removalTime": None,
    }


@bp.get("/task/<task_id>/comment")
@requires(TASK_READ)
def list_comments(task_id: str) -> Response:
    """What was said, the newest first."""
    task = open_task(task_id, current_actor())
    rows = list(
        session().scalars(
            select(TaskComment).where(TaskComment.task_id == task.id).order_by(TaskComment.id.desc()).limit(1000)
        )
    )
    people = logins_of(row.user_id for row in rows)
    return jsonify([_comment(row, people) for row in rows])


@bp.post("/task/<task_id>/comment/create")
@requires(TASK_WORK)
def create_comment(task_id: str) -> dict[str, Any]:
    """Say something."""
    actor, task = current_actor(), open_task(task_id, current_actor())
    message = sent().text("message")
    if not message:
        raise InvalidRequest("Not enough parameters submitted")
    return _comment(managing.comment(actor, task, message), {actor.id: actor.login})


@bp.get("/task/<task_id>/comment/<comment_id>")
@requires(TASK_READ)
def get_comment(task_id: str, comment_id: str) -> dict[str, Any]:
    """One of them."""
    open_task(task_id, current_actor())
    row = session().get(TaskComment, comment_id)
    if row is None or row.task_id != task_id:
        missing(f"Task comment with id {comment_id} does not exist for task id '{task_id}'.")
    return _comment(row, logins_of([row.user_id]))


def _attachment(row: TaskAttachment) -> dict[str, Any]:
    address = url_for("engine_rest.get_attachment", task_id=row.task_id, attachment_id=row.id, _external=True)
    return {
        "links": [{"method": "GET", "href": address, "rel": "self"}],
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "taskId": row.task_id,
        "processInstanceId": row.source_id,
        "rootProcessInstanceId": row.source_id,
        "type": row.kind,
        "url": row.url,
        "createTime": moment_out(row.at),
        "removalTime": None,
    }


@bp.get("/task/<task_id>/attachment")
@requires(TASK_READ)
def list_attachments(task_id: str) -> Response:
    """Its files and addresses."""
    task = open_task(task_id, current_actor())
    statement = select(TaskAttachment).where(TaskAttachment.task_id == task.id).order_by(TaskAttachment.id).limit(1000)
    return jsonify([_attachment(row) for row in session().scalars(statement)])


@bp.post("/task/<task_id>/attachment/create")
@requires(TASK_WORK)
def create_attachment(task_id: str) -> dict[str, Any]:
    """Put a file or an address to it."""
    actor, task = current_actor(), open_task(task_id, current_actor())
    form, file = Given({name: value for name, value in request.form.items() if value}), request.files.get("content")
    url = form.text("url", 2000)
    if url is None and file is None:
        raise InvalidRequest("No content or url to remote content exists to create the task attachment.")
    if "\x00" in "".join(map(str, form.values.values())):
        raise InvalidRequest("NUL is not allowed")
    made = managing.attach(
        actor,
        task,
        {
            "name": form.text("attachment-name", 255) or _name_of(file),
            "description": form.text("attachment-description"),
            "kind": form.text("attachment-type", 100) or (file.mimetype[:100] if file else None),
            "url": url,
            "content_id": keep(file.read()) if file else None,
        },
    )
    return _attachment(made)


def _name_of(file: Any) -> str | None:
    """What the file is called where it came from."""
    return None if file is None else (file.filename or "").replace("\x00", "")[:255] or None


def _one_attachment(task_id: str, attachment_id: str) -> TaskAttachment:
    open_task(task_id, current_actor())
    row = session().get(TaskAttachment, attachment_id)
    if row is None or row.task_id != task_id:
        missing(f"Task attachment with id {attachment_id} does not exist for task id '{task_id}'.")
    return row


@bp.get("/task/<task_id>/attachment/<attachment_id>")
@requires(TASK_READ)
def get_attachment(task_id: str, attachment_id: str) -> dict[str, Any]:
    """One of them."""
    return _attachment(_one_attachment(task_id, attachment_id))


@bp.get("/task/<task_id>/attachment/<attachment_id>/data")
@requires(TASK_READ)
def get_attachment_data(task_id: str, attachment_id: str) -> Response:
    """Its bytes."""
    row = _one_attachment(task_id, attachment_id)
    content = contents.content_of(row.content_id)
    if content is None:
        missing(f"Attachment content for attachment with id '{attachment_id}' does not exist for task id '{task_id}'.")
    return contents.attachment(content, row.name or "attachment", row.kind)


@bp.delete("/task/<task_id>/attachment/<attachment_id>")
@requires(TASK_WORK)
def delete_attachment(task_id: str, attachment_id: str) -> ResponseReturnValue:
    """Take it away."""
    _one_attachment(task_id, attachment_id)
    managing.detach(current_actor(), must_act(current_actor(), task_id), attachment_id)
    return done()
