"""The blueprint of the pages of processes, their places in the menu, and what their templates share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from app.core import menu
from app.core.db import in_transaction
from app.core.i18n import _, _l
from app.core.permissions import actor_or_none
from app.processes.cockpit import overview
from app.processes.permissions import PROCESS_OPERATE, PROCESS_READ, PROCESS_VARIABLES

bp = Blueprint("processes", "app.processes.pages")
PLACES = ("instances", "batches", "messages", "incidents", "definitions", "drafts")
"""Words that addresses below /processes use; a process of such a key has its page elsewhere."""


def _stuck() -> str:
    count = overview.open_incidents() if in_transaction() else 0
    return str(count) if count else ""


menu.add(
    _l("Processes"), "processes.list_definitions", icon="git-branch", right=PROCESS_READ, section="system", order=20
)
menu.add(
    _l("Process instances"),
    "processes.list_instances",
    icon="activity",
    right=PROCESS_OPERATE,
    section="system",
    order=21,
    badge=_stuck,
)
menu.add(_l("Messages"), "processes.list_messages", icon="mail", right=PROCESS_OPERATE, section="system", order=22)


def json_of(state: dict[str, Any]) -> ResponseReturnValue:
    """The data of a viewer, answered with 304 when the viewer has it."""
    answer = jsonify(state)
    answer.add_etag()
    return answer.make_conditional(request)


def page_number() -> int:
    """`page` of the address, 1 when it is none."""
    text = request.args.get("page", "1")
    return min(int(text), 1_000_000) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def may_operate() -> bool:
    """Whether who reads this page may also act on it."""
    actor = actor_or_none()
    return actor is not None and actor.may(PROCESS_OPERATE)


def may_see_variables() -> bool:
    """Whether who reads this page may see what the process was given and has set."""
    actor = actor_or_none()
    return actor is not None and actor.may(PROCESS_VARIABLES)


def definition_url(key: str, **values: Any) -> str:
    """Address of a definition's page."""
    endpoint = "processes.show_definition_too" if key in PLACES else "processes.show_definition"
    return url_for(endpoint, key=key, **values)


def span(seconds: int | float | None) -> str:
    """How long, with its two largest units: “1 d 3 h”."""
    if seconds is None:
        return ""
    left = int(seconds)
    if left < 1:
        return _("%(n)s s", n=0)
    parts = []
    for size, name in ((86400, _l("%(n)s d")), (3600, _l("%(n)s h")), (60, _l("%(n)s min")), (1, _l("%(n)s s"))):
        count, left = divmod(left, size)
        if count:
            parts.append(str(name) % {"n": count})
        elif parts:
            break
    return " ".join(parts[:2])


def age(later: Any, earlier: Any) -> str:
    """The time between two moments in words."""
    return span((later - earlier) / timedelta(seconds=1)) if later and earlier else ""


@bp.app_context_processor
def shared() -> dict[str, Any]:
    """What templates of processes call."""
    return {"definition_url": definition_url, "span": span}


def one_of(name: str, choices: Any, default: str) -> str:
    """A value of the address if it is one of the choices."""
    wish = request.args.get(name, default)
    return wish if wish in choices else default
