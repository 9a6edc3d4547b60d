"""The trail on pages, its check, and the record of denied attempts."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request

from app.audit import queries
from app.audit.actions import KINDS, OFFERED, action_name, kind_name
from app.audit.permissions import AUDIT_READ, AUDIT_VERIFY
from app.audit.service import record_alone
from app.audit.verify import verify
from app.core import menu
from app.core.errors import DomainError
from app.core.i18n import _l
from app.core.paging import paginate
from app.core.permissions import Actor, requires
from app.core.refusals import on_denied
from app.core.subject import Subject
from app.core.web import is_fragment

bp = Blueprint("audit", __name__)
bp.add_app_template_filter(action_name, "action_name")
bp.add_app_template_filter(kind_name, "kind_name")
menu.add(_l("Audit trail"), "audit.list_entries", icon="fingerprint", right=AUDIT_READ, section="system", order=50)


@bp.get("/audit")
@requires(AUDIT_READ)
def list_entries() -> str:
    """The trail, the newest first, filtered by subject, actor, action and date."""
    filters = {name: request.args.get(name, "").strip()[:100] for name in ("kind", "id", "actor", "action")}
    days = {name: _day(request.args.get(name, "")) for name in ("since", "until")}
    subject = Subject(filters["kind"], filters["id"]) if filters["kind"] and filters["id"] else None
    statement = queries.entries(
        subject=subject,
        kind=filters["kind"],
        actor=filters["actor"],
        action=filters["action"],
        since=days["since"],
        until=days["until"],
    )
    page = paginate(statement, request.args.get("page", 1, type=int))
    return render_template(
        "audit/_entries.html" if is_fragment() else "audit/entries.html",
        page=page,
        labels=queries.labels_of(page.items),
        filters={**filters, **{name: day.isoformat() if day else "" for name, day in days.items()}},
        actions={code: action_name(code) for code in OFFERED},
        kinds=KINDS,
    )


@bp.get("/audit/verify")
@requires(AUDIT_VERIFY)
def verify_trail() -> str:
    """Check the trail and show what is wrong."""
    template = "audit/_verification.html" if is_fragment() else "audit/verification.html"
    return render_template(template, result=verify(full=request.args.get("full") == "true"))


@bp.get("/audit/<kind>/<subject_id>")
@requires(AUDIT_READ)
def show_subject(kind: str, subject_id: str) -> str:
    """Everything that happened to one subject."""
    subject = Subject(kind, subject_id)
    page = paginate(queries.entries(subject=subject), request.args.get("page", 1, type=int))
    label = queries.labels_of(page.items).get((kind, subject_id), subject_id)
    return render_template("audit/subject.html", subject=subject, label=label, page=page)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@on_denied
def record_denied(actor: Actor | None, error: DomainError) -> None:
    """A denied attempt, in a transaction of its own: the request's was rolled back."""
    who = actor or Actor(id="nobody", login="", name="", kind="nobody", origin=request.remote_addr or "")
    subject = Subject("user", actor.id) if actor else Subject("address", who.origin)
    details: dict[str, Any] = {key: value for key, value in error.details.items() if key in ("permission", "id")}
    record_alone(
        who, "access:deny", subject, refusal=error.code, method=request.method, path=request.path[:200], **details
    )
