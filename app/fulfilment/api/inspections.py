"""/api/v1/inspections/{id}/results: a laboratory or a MES tells what it found. The task of the process is answered, so
groups, four eyes and signatures hold, and what becomes of the lot follows from the diagram alone."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from app.core import idempotency
from app.core.errors import Conflict
from app.core.fields import Schema, Text, between
from app.core.i18n import _l
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.permissions import current_actor, requires
from app.fulfilment import deciding
from app.fulfilment.api.tasks import SignatureIn
from app.fulfilment.pages import signer
from app.quality.models import Inspection
from app.quality.queries import get_inspection
from app.tasks.models import Task
from app.tasks.permissions import TASK_WORK
from app.tasks.queries import open_tasks_of

bp = ApiBlueprint("inspection_results", "app.fulfilment.api", description="Results of inspections, from laboratories")

bp.before_request(signer.prove_in_api)

FORM = "test_samples"
"""What the diagram asks who tests."""
MOST_UNITS = 1_000_000


class NothingToTest(Conflict):
    """No sample is asked for: not yet, or not any more."""

    message = _l("Inspection %(number)s asks for no results now.")


class ResultsGiven(Schema):
    """What was tested and found; values beyond a limit count as defective by themselves."""

    sampled = fields.Integer(required=True, strict=True, validate=between(0, MOST_UNITS))
    defective = fields.Integer(
        required=True,
        strict=True,
        validate=between(0, MOST_UNITS),
        metadata={"description": "Not those that are defective by a measured value"},
    )
    measured = fields.Dict(
        keys=Text(most=40),
        values=fields.List(fields.String(validate=validate.Length(1, 24))),
        load_default=dict,
        metadata={"description": "{code of the characteristic: [values]}", "example": {"seal": ["1.62", "1.71"]}},
    )
    instrument = Text(least=0, most=200, load_default="")
    note = Text(least=0, most=2000, lines=True, load_default="")
    signature = fields.Nested(
        SignatureIn,
        load_default=None,
        allow_none=True,
        metadata={"description": "Where the diagram asks for one: see `signature` of the task"},
    )


class ResultsTaken(Schema):
    """What is known now; the process has gone on."""

    number = fields.String(required=True)
    status = fields.String(required=True)
    lot_status = fields.String(required=True)
    found = fields.Dict(required=True)


@bp.post("/inspections/<inspection_id>/results")
@requires(TASK_WORK)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(ResultsGiven)
@bp.response(200, ResultsTaken)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The task is for others, or needs a second person")
@bp.alt_response(404, schema=ErrorSchema, description="No such inspection")
@bp.alt_response(409, schema=ErrorSchema, description="No sample is asked for now, or somebody has the task")
@bp.alt_response(429, schema=ErrorSchema, description="Too many wrong passwords")
def note_results(headers: dict[str, Any], given: dict[str, Any], inspection_id: str) -> ResponseReturnValue:
    """A sample was tested. What is not read, or lies beyond the plan, is refused as a whole."""
    actor, key, one = current_actor(), headers.get("idempotency_key"), get_inspection(inspection_id)
    said = {name: value for name, value in given.items() if name != "signature"}
    before = idempotency.take(actor, key, {"results": one.id, **said}) if key is not None else None
    if before is not None:
        return before.answer, 200, {"Idempotency-Replayed": "true"}
    wish = given["signature"]
    signed = signer.signed(wish["meaning"], wish["seen"], field="signature.password") if wish else None
    deciding.complete(actor, _task_of(one).id, _answers(given), seen_version=None, signed=signed)
    answer = {"number": one.number, "status": one.state, "lot_status": one.lot.status, "found": one.found}
    if key is not None:
        idempotency.keep(actor, key, one.id, answer)
    return answer, 200, {}


def _task_of(one: Inspection) -> Task:
    found = next((task for task in open_tasks_of(one.subject) if task.form_key == FORM), None)
    if found is None:
        raise NothingToTest(number=one.number)
    return found


def _answers(given: dict[str, Any]) -> dict[str, Any]:
    """As the form of the task asks it."""
    lines = [f"{code}: {' '.join(values)}" for code, values in given["measured"].items()]
    return {
        "sampled": given["sampled"],
        "defective": given["defective"],
        "measured": "\n".join(lines),
        "instrument": given["instrument"],
        "reason": given["note"],
    }
