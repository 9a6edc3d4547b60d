"""What tools ask first: version, name of the engine, where our pages are."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.permissions import public
from app.core.web import needs_no_database
from app.integration.engine_rest.blueprint import PREFIX, bp
from app.integration.engine_rest.errors import told

VERSION = "7.24.0"
"""Of the dialect that is spoken."""


known = Blueprint("engine_rest_known", "app.integration.engine_rest")


@known.get("/.well-known/camunda-automation-platform/webapps")
@public
@needs_no_database
def webapps() -> dict[str, str]:
    """Where a modeler finds our pages."""
    here = request.host_url.rstrip("/")
    return {"adminUrl": f"{here}/users", "cockpitUrl": f"{here}/processes", "tasklistUrl": f"{here}/inbox"}


@bp.get("/version")
@public
@needs_no_database
def version() -> dict[str, str]:
    """The version of the dialect."""
    return {"version": VERSION}


@bp.get("/engine")
@public
@needs_no_database
def engines() -> Response:
    """There is one engine."""
    return jsonify([{"name": "default"}])


@bp.get("/")
@public
@needs_no_database
def root() -> ResponseReturnValue:
    """What is here."""
    return {"links": [{"method": "GET", "href": f"{request.host_url.rstrip('/')}{PREFIX}/engine", "rel": "engine"}]}


@bp.route("/engine/<name>/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
@public
@needs_no_database
def other_engine(name: str, rest: str) -> Response:
    """There is one engine only, and its name is dropped before an address is looked for."""
    del name, rest
    return told(400, "RestException", "No process engine available")
