"""The edge of HTTP: one transaction per request, who acts, which language, a request id, safe headers."""

from __future__ import annotations

import io
import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, has_request_context, request, session
from flask.json.provider import JSONProvider
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from app.core import db, i18n, ids, jsontext, permissions
from app.core.db import is_lost_race as is_lost_race
from app.core.errors import DomainError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ATTEMPTS = 8
"""How often a request that lost a race is served; before each further time it waits a little longer."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "  # WebAssembly of ours reads codes; no eval of text
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}

log = structlog.get_logger()
T = TypeVar("T")

_for_programs: dict[str, bool] = {"/api/": False, "/metrics": False}


def serve_programs(prefix: str, *, basic: bool = False) -> None:
    """Addresses that begin so are for programs: answered in JSON, opened by API tokens (with `basic` also by HTTP
    Basic), safe from forged forms."""
    _for_programs[prefix] = basic


def is_for_programs(path: str) -> bool:
    """True for an address of an API."""
    return path.startswith(tuple(_for_programs))


def takes_basic(path: str) -> bool:
    """True for an address of an API that HTTP Basic opens too."""
    return path.startswith(tuple(prefix for prefix, basic in _for_programs.items() if basic))


_larger: dict[str, int] = {}


def allow_body(endpoint: str, size: int) -> None:
    """A route that takes more than others: files in a form, up to so many bytes."""
    _larger[endpoint] = size


Identify = Callable[[], permissions.Actor | None]
_identify: Identify = lambda: None  # noqa: E731 - filled by identity


def identify_with(function: Identify) -> None:
    """Identity tells here how to find who acts; called once per request inside its transaction."""
    global _identify  # noqa: PLW0603 - one way to identify per process
    _identify = function


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson; decimals as text; what comes in is read strictly."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return jsontext.dumps(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return jsontext.strict(s)


class App(Flask):
    """Flask with the project's edge: a request is identified, served and committed in one transaction."""

    json_provider_class = OrjsonProvider

    def dispatch_request(self, *args: Any) -> Any:
        """Serve the request; on a lost race roll everything back and serve it again."""
        if request.routing_exception is not None or self._needs_no_database():
            return super().dispatch_request(*args)
        writing = request.method not in SAFE_METHODS
        slot = self.extensions["write_slots"] if writing else nullcontext()
        cookie = dict(session) if writing else {}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with slot:
                    return self._serve_in_transaction(writing, *args)
            except (StaleDataError, IntegrityError, OperationalError) as error:
                if attempt == ATTEMPTS or not writing or not is_lost_race(error):
                    raise
                log.info("request.retried", attempt=attempt, because=type(error).__name__)
                _as_it_came(cookie)
                step_back(attempt)
        raise AssertionError("unreachable")

    def _serve_in_transaction(self, writing: bool, *args: Any) -> Response:  # noqa: FBT001
        if db.in_transaction():  # a test holds the transaction open around the request
            return self._identified(*args)
        with db.transaction(write=writing):
            return self._identified(*args)

    def _identified(self, *args: Any) -> Response:
        _find_actor()
        return self.make_response(super().dispatch_request(*args))

    def _needs_no_database(self) -> bool:
        view = self.view_functions.get(request.endpoint or "")
        return request.endpoint == "static" or getattr(view, "needs_no_database", False)


def step_back(attempt: int) -> None:
    """Wait before a lost race is tried again: not at all at first, then up to a quarter of a second, never as long as
    the others, so that those who met do not meet again."""
    if attempt > 1:
        time.sleep(random.uniform(0.2, 1.0) * 0.005 * attempt * attempt)


def needs_no_database(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a route that opens no transaction (liveness)."""
    view.needs_no_database = True  # type: ignore[attr-defined]
    return view


def opens_own_transactions(view: Callable[..., T]) -> Callable[..., T]:
    """Mark a route that waits: who asks is found out in a short transaction, the route itself runs outside one and
    opens those it needs with `in_transaction`, so that while it waits it holds no connection and no turn to write."""

    @wraps(view)
    def served(*args: Any, **kwargs: Any) -> T:
        with nullcontext() if db.in_transaction() else db.transaction(write=False):
            _find_actor()
        return view(*args, **kwargs)

    served.needs_no_database = True  # type: ignore[attr-defined]
    return served


def in_transaction(work: Callable[[], T], *, write: bool) -> T:
    """What `work` answers, in a transaction of its own; a lost race is rolled back and tried again."""
    if db.in_transaction():  # a test holds one open
        return work()
    slot: AbstractContextManager[Any] = current_app.extensions["write_slots"] if write else nullcontext()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with slot, db.transaction(write=write):
                return work()
        except (StaleDataError, IntegrityError, OperationalError) as error:
            if attempt == ATTEMPTS or not write or not is_lost_race(error):
                raise
            step_back(attempt)
    raise AssertionError("unreachable")


def _find_actor() -> None:
    g.asked_who = True
    permissions.act_as(None)
    actor = _identify()
    permissions.act_as(actor)
    if actor is not None:
        structlog.contextvars.bind_contextvars(actor=actor.login)


def who() -> permissions.Actor | None:
    """Who sends this request, found out in a short transaction before the request's own. Raises what identifying does
    (a bad token)."""
    with nullcontext() if db.in_transaction() else db.transaction(write=False):
        _find_actor()
    return permissions.actor_or_none()


def recognise() -> None:
    """Find out who reads a refusal that came before anybody was identified (an unknown address, an expired form), so
    that people keep their menu and language. Never fails: without a database the reader stays unknown."""
    if g.get("asked_who") or wants_json():
        return
    try:
        with nullcontext() if db.in_transaction() else db.transaction(write=False):
            _find_actor()
    except (SQLAlchemyError, DomainError, HTTPException):
        permissions.act_as(None)


def _refuse_large_body() -> None:
    """Also a body that is sent in chunks: Werkzeug would cut it at the limit and serve the half."""
    most = request.max_content_length
    if most is None:
        return
    if request.content_length is None and request.environ.get("wsgi.input_terminated"):
        body = request.environ["wsgi.input"].read(most + 1)
        request.environ.pop("HTTP_TRANSFER_ENCODING", None)
        request.environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        request.__dict__.pop("content_length", None)
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge


def _as_it_came(cookie: dict[str, Any]) -> None:
    """Undo what the lost attempt left outside the database: files read to their end, messages, the language."""
    if "files" in request.__dict__:
        for file in request.files.values():
            file.seek(0)
    if dict(session) != cookie:
        session.clear()
        session.update(cookie)
    i18n.use_language(chosen_language())


def _refuse_nul() -> None:
    """No address has one. In forms and JSON each field refuses it by name."""
    if "\x00" in request.path or b"\x00" in request.query_string or b"%00" in request.query_string:
        raise BadRequest("NUL is not allowed in an address")


def request_id() -> str:
    """The id of the request being served; empty outside one."""
    return g.get("request_id", "") if has_request_context() else ""


def is_fragment() -> bool:
    """True when the page asks for a part of itself (htmx) rather than the whole."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def wants_json() -> bool:
    """True when the caller is a program."""
    return is_for_programs(request.path) or request.accept_mimetypes.best == "application/json"


def install(app: Flask, write_slots: int) -> None:
    """Request ids, language, headers and the write gate."""
    app.extensions["write_slots"] = threading.BoundedSemaphore(write_slots)

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _GIVEN_ID.match(given) else ids.new_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        permissions.act_as(None)
        i18n.use_language(chosen_language())
        if request.endpoint in _larger and request.mimetype == "multipart/form-data":
            request.max_content_length = _larger[request.endpoint]
        _refuse_large_body()
        _refuse_nul()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Language", i18n.language().replace("_", "-"))
        log.info("request", method=request.method, path=request.path, status=response.status_code)
        return response


def chosen_language() -> str:
    """The language of this request: `lang` in the address, the cookie, then the browser's wish. A program that says
    nothing is answered in English."""
    for wish in (request.args.get("lang", ""), request.cookies.get("language", "")):
        if wish in i18n.LANGUAGES:
            return wish
        if wish.lower().startswith("zh"):
            return "zh_Hans"
    best = request.accept_languages.best_match(["zh-Hans", "zh-CN", "zh", "en"])
    if best is None:
        return "en" if is_for_programs(request.path) else i18n.DEFAULT
    return "en" if best == "en" else "zh_Hans"
