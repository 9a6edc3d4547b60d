"""The blueprint of `/engine-rest`, and what holds for all of it: names, refusals, who may ask from a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.core import i18n, refusals, web
from app.integration.engine_rest.errors import DialectError, show

PREFIX = "/engine-rest"
WELL_KNOWN = "/.well-known/camunda-"
DEFAULT_ENGINE = re.compile(r"/engine-rest/engine/default(?=/|$)")
LOCAL = re.compile(r"null|file://.*|https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?\Z")
"""Origins of a modeler on somebody's desk. They get no cookies along: such a request proves itself by its header."""

bp = Blueprint("engine_rest", "app.integration.engine_rest", url_prefix=PREFIX)


class EngineName:
    """`/engine-rest/engine/default/…` is `/engine-rest/…`: there is one engine, which tools call so."""

    def __init__(self, served: Callable[..., Iterable[bytes]]) -> None:
        self.served = served

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve the request under its short address."""
        path = environ.get("PATH_INFO", "")
        found = DEFAULT_ENGINE.match(path)
        if found and len(path) > found.end() + 1:
            environ["PATH_INFO"] = PREFIX + path[found.end() :]
        return self.served(environ, start_response)


@bp.record_once
def set_up(state: Any) -> None:
    """Make the addresses known as a dialect of their own."""
    web.serve_programs(PREFIX + "/", basic=True)
    for spoken in (PREFIX + "/", WELL_KNOWN):
        refusals.speak(spoken, show)
    state.app.wsgi_app = EngineName(state.app.wsgi_app)


@bp.errorhandler(DialectError)
def refused(error: DialectError) -> Response:
    """A refusal in the dialect's own words."""
    return error.response()


@bp.before_app_request
def speak_english() -> None:
    """To programs that do not say which language they read; the user's own is looked at later. Also where there is
    nothing, or nothing for this method."""
    if not request.path.startswith(PREFIX + "/"):
        return
    if "Accept-Language" not in request.headers and "lang" not in request.args:
        i18n.use_language("en")


@bp.after_app_request
def let_modelers_in(response: Response) -> Response:
    """Browsers ask whether a page may read the answer: those of modelers on somebody's own machine may."""
    origin = request.headers.get("Origin", "")
    if not request.path.startswith((PREFIX + "/", WELL_KNOWN)):
        return response
    response.vary.add("Origin")
    if not LOCAL.match(origin):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept, X-Requested-With"
        response.headers["Access-Control-Max-Age"] = "600"
        if request.headers.get("Access-Control-Request-Private-Network") == "true":
            response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def done() -> ResponseReturnValue:
    """Nothing to tell, of no type."""
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    return response
