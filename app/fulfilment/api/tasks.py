"""/api/v1/tasks: the inbox for programs; /api/v1/orders/{id}/priority: where an order stands and why."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from app.audit.signatures import MEANINGS
from app.core.errors import Invalid
from app.core.fields import Choice, Schema, Text, between
from app.core.i18n import _
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import LARGEST, SIZE
from app.core.permissions import current_actor, requires
from app.fulfilment import deciding, forms, queries, several
from app.fulfilment.answers import standing_answer
from app.fulfilment.pages import signer
from app.fulfilment.permissions import ORDER_READ
from app.fulfilment.signing import verbs as signing
from app.orders import queries as orders
from app.orders.models import Order
from app.priority.panels import Panel, panel_of
from app.priority.queries import NotAssessed
from app.tasks import queries as tasks
from app.tasks import service as task_verbs
from app.tasks import standing_in, walking
from app.tasks.models import Task, TaskStatus
from app.tasks.permissions import TASK_READ, TASK_WORK

bp = ApiBlueprint(
    "tasks", "app.fulfilment.api", description="Tasks of the inbox, and why an order stands where it does"
)

bp.before_request(signer.prove_in_api)

LISTS = ("mine", "groups", "all", "for", "submitted", "done")
LARGEST_VERSION = 2**31 - 1


class TaskOut(Schema):
    """A task. `seen_version` of a decision must be the order's current version; `subject_version` is the task's."""

    id = fields.String(required=True)
    name = fields.Dict(required=True, metadata={"description": "{en, zh}"})
    element_id = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True)
    subject_version = fields.Integer(required=True, allow_none=True)
    number = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": [status.value for status in TaskStatus]})
    assignee_id = fields.String(required=True, allow_none=True)
    form_key = fields.String(required=True, allow_none=True)
    blocked = fields.Boolean(required=True)
    band = fields.String(required=True, allow_none=True)
    score = fields.Integer(required=True)
    due_at = fields.AwareDateTime(required=True)
    created_at = fields.AwareDateTime(required=True)
    completed_at = fields.AwareDateTime(required=True, allow_none=True)
    completed_by = fields.String(required=True, allow_none=True)
    on_behalf_of = fields.String(
        required=True, allow_none=True, metadata={"description": "Whom who has it, or did it, stands in for"}
    )
    answers = fields.Dict(required=True, allow_none=True)


class SignatureIn(Schema):
    """An electronic signature. Each one through the API stands alone, so it takes both login and password."""

    login = Text(most=64, required=True, metadata={"description": "The caller's own"})
    password = Text(most=200, required=True)
    meaning = Choice(tuple(MEANINGS), required=True, metadata={"description": "As `signature.meaning` of the task"})
    seen = Text(
        most=200, required=True, metadata={"description": "`signature.seen` of the task as it was shown to the signer"}
    )


class SignatureWanted(Schema):
    """The signature that a task needs: what it means, and the mark of what the task shows now."""

    meaning = fields.String(required=True)
    seen = fields.String(required=True)


class TaskDetail(TaskOut):
    """A task with what its form asks: a form-js schema in the caller's language, and the outcomes allowed."""

    form = fields.Dict(required=True)
    outcomes = fields.Dict(required=True, metadata={"description": "{outcome: label}"})
    groups = fields.List(fields.String(), required=True)
    signature = fields.Nested(SignatureWanted, required=True, allow_none=True)


class TaskPage(Schema):
    """Tasks by rank (`done`: newest first)."""

    items = fields.List(fields.Nested(TaskOut), required=True)
    page = fields.Integer(required=True, allow_none=True, metadata={"description": "null with `after`"})
    size = fields.Integer(required=True)
    total = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": f"How many there are, counted no further than {walking.COUNTED} or the end of the page; "
            "one more says that there are others. null with `after`"
        },
    )
    more = fields.Boolean(required=True, metadata={"description": "Whether another page follows"})
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`after` of the next page; null when there is none"},
    )


class TaskQuery(Schema):
    """Which list. `all` shows everybody's tasks to managers, operators and auditors, else those of one's groups.

    To walk through all of a long list give `after` what `next` said: each page costs the same, and what others do
    meanwhile shifts no page. A page by its number costs more the further it lies.
    """

    list = Choice(LISTS, load_default="groups")
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))
    after = Text(least=0, most=walking.LONGEST, load_default="")


class CompleteIn(Schema):
    """A decision: the outcome, the other answers of the form, and the version of the order it was made on."""

    seen_version = fields.Integer(required=True, strict=True, validate=between(1, LARGEST_VERSION))
    outcome = Text(most=40, load_default=None, allow_none=True, metadata={"example": "approve"})
    reason = Text(least=0, most=forms.LONGEST_TEXT, lines=True, load_default="")
    answers = fields.Dict(
        keys=Text(most=100),
        load_default=dict,
        metadata={"description": "Other fields of the task's form by key", "example": {}},
    )
    signature = fields.Nested(SignatureIn, load_default=None, allow_none=True)


class OneOfSeveral(Schema):
    """A task, and for a decision the version of its order that was seen."""

    id = Text(most=26, required=True)
    seen_version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=between(1, LARGEST_VERSION))


class SeveralIn(Schema):
    """One act on several tasks: `hand_over` needs a `user`, `decide` an `outcome`."""

    act = Choice(("take", "give_back", "hand_over", "decide"), required=True)
    tasks = fields.List(fields.Nested(OneOfSeveral), required=True, metadata={"minItems": 1, "maxItems": several.MOST})
    user = Text(most=26, load_default="")
    outcome = Text(most=40, load_default="", metadata={"example": "approve"})
    reason = Text(least=0, most=forms.LONGEST_TEXT, lines=True, load_default="")


class ResultOut(Schema):
    """What became of one of several tasks."""

    id = fields.String(required=True, attribute="task_id")
    done = fields.Boolean(required=True)
    code = fields.String(required=True, metadata={"description": "`done`, or the refusal's as of a single act"})
    message = fields.String(required=True, attribute="sentence")


class SeveralOut(Schema):
    """The results, in the order asked."""

    items = fields.List(fields.Nested(ResultOut), required=True)


class BlockOut(Schema):
    """A hard constraint that is not met; texts are {en, zh}."""

    rule = fields.String(required=True)
    name = fields.Dict(required=True)
    reason = fields.Dict(required=True)
    basis = fields.Dict(required=True)
    unblock = fields.Dict(required=True)
    line = fields.Integer(required=True, allow_none=True)


class ContributionOut(Schema):
    """A contribution to the score; a cap is a negative one. All lines sum to the score."""

    rule = fields.String(required=True)
    factor = fields.String(required=True)
    points = fields.Integer(required=True)
    name = fields.Dict(required=True)
    reason = fields.Dict(required=True)


class PriorityOut(Schema):
    """Where the order stands and why."""

    order_id = fields.String(required=True)
    number = fields.String(required=True)
    order_version = fields.Integer(required=True)
    blocked = fields.Boolean(required=True)
    band = fields.String(required=True)
    score = fields.Integer(required=True)
    place = fields.Integer(required=True, allow_none=True)
    promise_date = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When an open order can arrive if it leaves today; null: not all of it is in stock"},
    )
    assessed_at = fields.String(required=True)
    decision_id = fields.String(required=True)
    gate_decision_id = fields.String(required=True)
    rule_sets = fields.List(fields.Dict(), required=True)
    blocks = fields.List(fields.Nested(BlockOut), required=True)
    lines = fields.List(fields.Nested(ContributionOut), required=True)
    factors = fields.List(fields.Dict(), required=True)
    facts = fields.Dict(required=True)


@bp.get("/tasks")
@requires(TASK_READ)
@bp.arguments(TaskQuery, location="query")
@bp.response(200, TaskPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def list_tasks(given: dict[str, Any]) -> dict[str, Any]:
    """Tasks: mine, free for my groups, all, of those I stand in for, about what I submitted, done by me."""
    which, number, after = given["list"], given["page"], given["after"]
    if after and number != 1:
        raise Invalid({"page": [_("What begins behind a mark has no page number.")]})
    turn = walking.turn_of(current_actor(), which, number=number, size=given["size"], after=after)
    standing_in.mark(turn.items)
    shown = {"page": None if after else turn.number, "size": turn.size, "total": turn.total}
    return {"items": turn.items, **shown, "more": turn.more, "next": turn.next}


@bp.get("/tasks/<task_id>")
@requires(TASK_READ)
@bp.response(200, TaskDetail)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_task(task_id: str) -> dict[str, Any]:
    """One task with its form."""
    task = queries.task_for(current_actor(), task_id)
    standing_in.mark([task])
    form, meaning = deciding.asked_of(task)
    return {
        **{name: getattr(task, name) for name in TaskOut().fields},
        "signature": signing.offer(task, meaning) if task.status == TaskStatus.OPEN else None,
        "form": forms.localised(form),
        "outcomes": deciding.offered(task, form),
        "groups": tasks.candidates_of(task.id)["group"],
    }


@bp.post("/tasks/<task_id>/claim")
@requires(TASK_WORK)
@bp.response(200, TaskOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema, description="The task is for others, or needs a second person")
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Somebody has it (`details.holder`), or it is closed")
def claim_task(task_id: str) -> Task:
    """Take a task; taking one's own again changes nothing."""
    return task_verbs.claim(current_actor(), task_id)


@bp.post("/tasks/<task_id>/release")
@requires(TASK_WORK)
@bp.response(200, TaskOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="You do not have it, or it is closed")
def release_task(task_id: str) -> Task:
    """Give a task back to its group."""
    return task_verbs.release(current_actor(), task_id)


@bp.post("/tasks/<task_id>/complete")
@requires(TASK_WORK)
@bp.arguments(CompleteIn)
@bp.response(200, TaskOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema, description="The task is for others, or needs a second person")
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Held by somebody else, closed, or the order changed meanwhile")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.alt_response(422, schema=ErrorSchema, description="An answer or the signature is missing or not right")
@bp.alt_response(429, schema=ErrorSchema, description="Too many wrong passwords")
def complete_task(given: dict[str, Any], task_id: str) -> Task:
    """Decide a task: the order moves on in the same transaction."""
    answers = dict(given["answers"])
    for name in ("outcome", "reason"):
        if given[name]:
            answers[name] = given[name]
    wish = given["signature"]
    signed = signer.signed(wish["meaning"], wish["seen"], field="signature.password") if wish else None
    return deciding.complete(current_actor(), task_id, answers, seen_version=given["seen_version"], signed=signed)


@bp.post("/several-tasks")
@requires(TASK_WORK)
@bp.arguments(SeveralIn)
@bp.response(200, SeveralOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.alt_response(422, schema=ErrorSchema, description="No task, too many, or the person or outcome is missing")
def do_several(given: dict[str, Any]) -> dict[str, Any]:
    """Take, give back, hand over or decide several tasks: each is done or refused for itself."""
    actor, ids = current_actor(), [one["id"] for one in given["tasks"]]
    if given["act"] == "decide":
        seen = {one["id"]: one["seen_version"] for one in given["tasks"]}
        answers = {"outcome": given["outcome"], "reason": given["reason"]}
        return {"items": several.decide(actor, seen, answers)}
    if given["act"] == "hand_over":
        return {"items": several.hand_over(actor, ids, given["user"])}
    return {"items": (several.take if given["act"] == "take" else several.give_back)(actor, ids)}


@bp.get("/orders/<order_id>/priority")
@requires(ORDER_READ)
@bp.response(200, PriorityOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_priority(order_id: str) -> dict[str, Any]:
    """Where an order (by id or number) stands: blocks, band, score with every contribution, the facts used."""
    order = orders.get_order(orders.id_of(order_id))
    panel = panel_of(order)
    if panel is None:
        raise NotAssessed(order=order_id)
    return _priority(order, panel)


def _priority(order: Order, panel: Panel) -> dict[str, Any]:
    standing = panel.standing
    return {
        **standing_answer(order, standing),
        "order_id": standing.order_id,
        "number": standing.number,
        "order_version": standing.order_version,
        "place": panel.place,
        "rule_sets": [
            {"rule_set": one.rule_set, "version": one.rule_set_version, "hash": one.version_hash}
            for one in (panel.gate, panel.ranking)
        ],
        "blocks": panel.blocks,
        "lines": panel.outcome.lines,
        "factors": panel.outcome.factors,
        "facts": {**panel.gate.facts, **panel.ranking.facts},
    }
