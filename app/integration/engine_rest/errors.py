"""Refusals as the dialect says them: `{"type", "message", "code"}` and its own status codes."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from flask import Response, jsonify, request

from app.core.errors import DomainError

FALLBACK = 0
OPTIMISTIC_LOCKING = 1


class DialectError(DomainError):
    """A refusal of the dialect. Its texts are the dialect's, in English, because programs look for them."""

    status = 400
    kind: ClassVar[str] = "RestException"

    def __init__(self, message: str, status: int | None = None, kind: str | None = None, **more: Any) -> None:
        super().__init__()
        self.text = message
        self.answered = status or type(self).status
        self.told_kind = kind or type(self).kind
        self.more = more

    def response(self) -> Response:
        """As it is sent."""
        return told(self.answered, self.told_kind, self.text, **self.more)


class InvalidRequest(DialectError):
    """The request itself is not right."""

    kind = "InvalidRequestException"


class EngineRefused(DialectError):
    """The engine says no; the dialect answers 500 to that."""

    status = 500
    kind = "ProcessEngineException"


def told(status: int, kind: str, message: str, code: int | None = None, **more: Any) -> Response:
    """An error's body. `code` is 0 unless one of the dialect's own codes fits."""
    response = jsonify({"type": kind, "message": message, "code": FALLBACK if code is None else code, **more})
    response.status_code = status
    return response


def not_there(message: str, kind: str = "InvalidRequestException") -> DialectError:
    """There is no such thing."""
    return DialectError(message, 404, kind)


def missing(message: str, kind: str = "InvalidRequestException") -> NoReturn:
    """Say so."""
    raise not_there(message, kind)


KINDS: dict[int, str] = {
    400: "InvalidRequestException",
    401: "AuthenticationException",
    403: "AuthorizationException",
    404: "InvalidRequestException",
    405: "NotAllowedException",
    409: "OptimisticLockingException",
    413: "InvalidRequestException",
    415: "NotSupportedException",
    422: "BadUserRequestException",
    429: "RestException",
    500: "ProcessEngineException",
    503: "RestException",
}
NAMED = {
    "NotFound": "NotFoundException",
    "Suspended": "SuspendedEntityInteractionException",
    "DefinitionSuspended": "SuspendedEntityInteractionException",
    "AlreadyClaimed": "TaskAlreadyClaimedException",
}
STATUSES = {409: 500, 422: 400}
"""What our refusals become: the dialect answers 500 where the engine was in the wrong state, 400 to wrong input."""


def show(status: int, code: str, sentence: str, details: dict[str, Any]) -> Response:
    """Any refusal of ours below `/engine-rest` (see `core.refusals.speak`)."""
    if code == "DiagramRefused":
        return parse_exception("diagram", details.get("fields", {}))
    if details.get("fields"):
        reasons = "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in details["fields"].items())
        sentence = f"{sentence} {reasons}"
    kind = NAMED.get(code) or KINDS.get(status, "RestException")
    answered = STATUSES.get(status, status)
    lost = code in ("Conflict", "StaleVersion")
    if status == 409 and not lost and code not in NAMED:
        kind = "ProcessEngineException"
    response = told(answered, kind, sentence, OPTIMISTIC_LOCKING if lost else None)
    if status == 401:
        if "Sec-Fetch-Mode" not in request.headers:  # a browser would send it for other sites too
            response.headers.add("WWW-Authenticate", 'Basic realm="Youxu", charset="UTF-8"')
        response.headers.add("WWW-Authenticate", "Bearer")
    return response


def parse_exception(resource: str, fields: dict[str, list[str]]) -> Response:
    """A diagram that was refused: each element with its reasons, with the words that modelers look for."""
    errors = [
        {
            "message": reason,
            "line": 0,
            "column": 0,
            "mainElementId": element,
            "mainBpmnElementId": element,
            "bpmnElementIds": [element],
        }
        for element, reasons in fields.items()
        for reason in reasons
    ]
    listed = " ".join(f"* {error['message']} | {resource} | element {error['mainElementId']}" for error in errors)
    return told(
        400,
        "ParseException",
        f"ENGINE-09005 Could not parse BPMN process. Errors: {listed}",
        details={resource: {"errors": errors, "warnings": []}},
    )
