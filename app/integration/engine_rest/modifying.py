"""POST /process-instance/{id}/modification: cancel here, start there, in one step."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.element_kinds import BODY, repeated
from app.integration.engine_rest.engine import tokens_of, verbs
from app.integration.engine_rest.errors import InvalidRequest
from app.integration.engine_rest.instances import running
from app.integration.engine_rest.values import variables_in
from app.integration.engine_rest.variables import to_engine
from app.integration.engine_rest.wire import Given, sent
from app.integration.permissions import ENGINE_OPERATE
from app.processes.definitions import deployed

STARTS = {"startBeforeActivity": "before", "startAfterActivity": "after"}


@bp.post("/process-instance/<instance_id>/modification")
@requires(ENGINE_OPERATE)
def modify_instance(instance_id: str) -> ResponseReturnValue:
    """Move tokens of a running instance."""
    _modify(instance_id, sent())
    return done()


@bp.post("/process-instance/<instance_id>/modification-async")
@requires(ENGINE_OPERATE)
def modify_instance_later(instance_id: str) -> dict[str, Any]:
    """The same, answered as a batch that is done."""
    _modify(instance_id, sent())
    return {"id": None, "type": "instance-modification", "totalJobs": 1, "jobsCreated": 1, "suspended": False}


def _modify(instance_id: str, given: Given) -> None:
    row = running(instance_id)
    tokens = tokens_of(instance_id)
    cancelled: list[int] = []
    starts: dict[str, list[str]] = {"before": [], "after": []}
    variables: dict[str, Any] = {}
    for one in given.objects("instructions"):
        kind = one.text("type")
        if kind == "cancel":
            cancelled += _cancelled(one, tokens)
        elif kind in STARTS:
            starts[STARTS[str(kind)]].append(_begun(row, str(kind), one.needed("activityId", 255)))
            variables |= one.mapping("variables")
        elif kind == "startTransition":
            starts["before"].append(_behind(row, one.needed("transitionId", 255)))
            variables |= one.mapping("variables")
        else:
            raise InvalidRequest(f"Instruction type '{str(kind)[:60]}' is not supported")
    if not cancelled and not any(starts.values()):
        return
    verbs.move_token(
        current_actor(),
        instance_id,
        cancel=list(dict.fromkeys(cancelled)),
        start_before=starts["before"],
        start_after=starts["after"],
        variables=to_engine(instance_id, variables_in(variables, keep)),
        reason=given.text("annotation", 500) or "modified by program",
    )


def _begun(row: Any, kind: str, activity: str) -> str:
    """The element to start at. All instances of a repeated one begin together, as its body says."""
    element = activity.removesuffix(BODY)
    alone = STARTS[kind] == "before" and element == activity
    if alone and element in repeated(deployed(row.definition_id).definition):
        raise InvalidRequest(
            f"A single instance of '{activity[:80]}' cannot be started; '{activity[:80]}{BODY}' starts them all"
        )
    return element


def _behind(row: Any, flow: str) -> str:
    """The element that a sequence flow leads to."""
    for element in deployed(row.definition_id).definition.elements.values():
        for out in element.outs:
            if out.flow == flow:
                return out.target
    raise InvalidRequest(
        f"Cannot perform instruction: Start transition '{flow[:80]}'; Element '{flow[:80]}' does not exist in process",
        kind="NotValidException",
        status=500,
    )


def _cancelled(one: Given, tokens: Any) -> list[int]:
    """The tokens that a `cancel` means: of a visit, or all at an activity."""
    activity = one.text("activityId")
    visit = one.text("activityInstanceId") or one.text("transitionInstanceId")
    if activity is None and visit is None:
        raise InvalidRequest(
            "For instruction type 'cancel': exactly one, 'activityId', 'activityInstanceId' or "
            "'transitionInstanceId', is required"
        )
    if visit is not None:
        number = visit.rpartition(":")[2]
        found = [each.token for each in tokens if str(each.token) == number]
        if not found:
            raise InvalidRequest(
                f"Cannot perform instruction: Cancel activity instance '{visit[:80]}'; "
                f"Activity instance '{visit[:80]}' does not exist",
                kind="NotValidException",
                status=500,
            )
        return found
    element = str(activity).removesuffix(BODY)
    return [
        each.token for each in tokens if each.element.id == element and (element == activity or each.waits == "loop")
    ]
