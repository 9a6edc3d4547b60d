"""Definitions and their diagrams; the diagram of an instance as data for the viewer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.core import menu
from app.core.i18n import _l
from app.core.permissions import requires
from app.processes import queries
from app.processes import service as service
from app.processes.permissions import PROCESS_READ

bp = Blueprint("processes", __name__)
menu.add(
    _l("Processes"), "processes.list_definitions", icon="git-branch", right=PROCESS_READ, section="system", order=20
)


@bp.get("/processes")
@requires(PROCESS_READ)
def list_definitions() -> str:
    """Every process with its diagram."""
    return render_template("processes/definitions.html", definitions=queries.definitions())


@bp.get("/processes/definitions/<key>/diagram.json")
@requires(PROCESS_READ)
def definition_diagram(key: str) -> ResponseReturnValue:
    """The diagram in force."""
    return _json(queries.definition_state(key))


@bp.get("/processes/instances/<instance_id>/diagram.json")
@requires(PROCESS_READ)
def instance_diagram(instance_id: str) -> ResponseReturnValue:
    """The diagram of an instance with its tokens and the way they took."""
    return _json(queries.diagram_state(instance_id))


def _json(state: dict[str, Any]) -> ResponseReturnValue:
    answer = jsonify(state)
    answer.add_etag()
    return answer.make_conditional(request)
