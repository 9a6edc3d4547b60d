"""How refusals and faults are shown: JSON to programs, a page or a notice to people. Installed once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from app.core import db, permissions, web
from app.core.errors import DomainError, Forbidden, TooMany, Unauthenticated
from app.core.i18n import LazyString, _, _l

log = structlog.get_logger()

SENTENCES = {
    400: _l("The request could not be read."),
    401: _l("Please sign in."),
    403: _l("You may not do this."),
    404: _l("Not found."),
    405: _l("This address does not take that method."),
    409: _l("Somebody else changed this at the same time. Please try again."),
    413: _l("This is too large: at most 1 MiB can be sent."),
    415: _l("This type of content is not accepted here."),
    422: _l("Some fields are not right."),
    428: _l("A condition is missing from the request."),
    429: _l("Too many requests. Please wait a moment."),
    500: _l("Something went wrong on our side. Nothing was changed. Please tell the operator the request number."),
    503: _l("Busy just now. Please try again in a moment."),
}

Denied = Callable[[permissions.Actor | None, DomainError], None]
_on_denied: list[Denied] = []


def on_denied(function: Denied) -> Denied:
    """Audit registers here; called, in a transaction of its own, for each Forbidden."""
    _on_denied.append(function)
    return function


Show = Callable[[int, str, str, dict[str, Any]], Response]
_dialects: list[tuple[str, Show]] = []


def speak(prefix: str, show_there: Show) -> None:
    """Refusals below this address are shown by `show_there(status, code, sentence, details)`."""
    _dialects[:] = [one for one in _dialects if one[0] != prefix] + [(prefix, show_there)]


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, refuse)
    app.register_error_handler(ValidationError, refuse_fields)
    app.register_error_handler(HTTPException, refuse_http)
    app.register_error_handler(StaleDataError, refuse_race)
    app.register_error_handler(IntegrityError, refuse_race)
    app.register_error_handler(OperationalError, refuse_busy)
    app.register_error_handler(DataError, refuse_nul)
    app.register_error_handler(InternalServerError, refuse_fault)


def refuse(error: DomainError) -> Any:
    """A business refusal."""
    web.recognise()
    if isinstance(error, Forbidden):
        _tell_denied(error)
    if isinstance(error, Unauthenticated) and not web.wants_json():
        return _to_login()
    response = show(error.status, error.code, error.sentence(), error.details)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.details.get("retry_after", 60))
    if error.status == 401 and web.wants_json():
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    return response


def refuse_fields(error: ValidationError) -> Response:
    """Field errors of marshmallow."""
    return show(422, "Invalid", str(SENTENCES[422]), {"fields": flat_fields(error.messages)})


def refuse_http(error: HTTPException) -> Any:
    """What Flask, Werkzeug and webargs refuse."""
    status = error.code or 500
    if status < 400 or (error.response is not None and not isinstance(error, InternalServerError)):
        return error
    web.recognise()
    above = _page_above() if status == HTTPStatus.METHOD_NOT_ALLOWED else None
    if above is not None:
        return redirect(above, HTTPStatus.SEE_OTHER)
    found = getattr(error, "data", None)
    details: dict[str, Any] = {}
    if isinstance(found, dict) and "messages" in found:
        details["fields"] = flat_fields(found["messages"])
    code = {422: "Invalid"}.get(status, type(error).__name__)
    response = show(status, code, str(SENTENCES.get(status) or error.name), details)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _page_above() -> str | None:
    """For who opens the address of a form's answer anew (in the other language, say): the page that the form is on."""
    path = request.path
    if request.method != "GET" or web.wants_json() or web.is_for_programs(path):
        return None
    addresses = current_app.create_url_adapter(request)
    while addresses is not None and (path := path.rpartition("/")[0]):
        with contextlib.suppress(HTTPException):
            addresses.match(path, method="GET")
            return path
    return None


def refuse_race(error: Exception) -> Response:
    """Lost a race more often than it was worth trying again."""
    log.warning("race.lost", error=str(error))
    return show(409, "Conflict", str(SENTENCES[409]), {})


def refuse_busy(error: OperationalError) -> Response:
    """The database did not answer in time, or not at all; anything else is a fault."""
    if not web.is_lost_race(error) and not db.is_unreachable(error):
        return refuse_fault(InternalServerError(original_exception=error))
    response = show(503, "Busy", str(SENTENCES[503]), {})
    response.headers["Retry-After"] = "2"
    return response


def refuse_nul(error: DataError) -> Any:
    """Text with a NUL came as far as the database: PostgreSQL has no such text, so nothing can be found by it."""
    if "NUL" not in str(error.orig):
        return refuse_fault(InternalServerError(original_exception=error))
    return refuse_http(BadRequest())


def refuse_fault(error: InternalServerError) -> Response:
    """A bug of ours: logged with its trace, shown as a sentence and the request number."""
    log.error("fault", exc_info=error.original_exception or error)
    return show(500, "InternalServerError", str(SENTENCES[500]), {})


def flat_fields(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as `{"lines.0.quantity": [reasons]}`; webargs' location level is dropped."""
    if isinstance(messages, str | LazyString):
        return {prefix or "_schema": [str(messages)]}
    if isinstance(messages, list):
        if all(isinstance(item, str | LazyString) for item in messages):
            return {prefix or "_schema": [str(item) for item in messages]}
        return {
            path: reasons
            for i, item in enumerate(messages)
            for path, reasons in flat_fields(item, f"{prefix}.{i}" if prefix else str(i)).items()
        }
    flat: dict[str, list[str]] = {}
    for key, value in messages.items():
        if not prefix and key in ("json", "query", "form", "files", "path", "headers"):
            flat.update(flat_fields(value))
            continue
        name = prefix if key == "_schema" and prefix else f"{prefix}.{key}" if prefix else str(key)
        flat.update(flat_fields(value, name))
    return flat


def show(status: int, code: str, sentence: str, details: dict[str, Any]) -> Response:
    """The refusal in the clothes the caller expects."""
    for prefix, show_there in _dialects:
        if request.path.startswith(prefix):
            return show_there(status, code, sentence, details)
    if web.wants_json():
        response = jsonify({"error": {"code": code, "message": sentence, "details": details}})
        response.status_code = status
        return response
    shown = {
        "status": status,
        "code": code,
        "sentence": sentence,
        "details": details,
        "request_id": web.request_id(),
    }
    if web.is_fragment():
        response = make_response(render_template("core/_notice.html", **shown), status)
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "beforeend"
        return response
    return make_response(render_template("core/error.html", title=title_of(status), **shown), status)


def title_of(status: int) -> str:
    """A heading for an error page."""
    titles = {
        403: _("Not allowed"),
        404: _("Not found"),
        409: _("Conflict"),
        413: _("Too large"),
        500: _("Fault"),
    }
    return titles.get(status) or _("Not possible") if status < 500 else titles.get(status, HTTPStatus(status).phrase)


def _to_login() -> BaseResponse | Response:
    target = url_for("identity.login", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    if web.is_fragment():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("identity.login")
        return response
    return redirect(target)


def _tell_denied(error: DomainError) -> None:
    actor = permissions.actor_or_none()
    if db.in_transaction():
        return
    for tell in _on_denied:
        with db.transaction():
            tell(actor, error)
