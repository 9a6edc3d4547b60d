"""Forms of a draft: which there are and where they are asked, and the editor of one."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import jsontext
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.processes.designer import drafts, queries
from app.processes.designer.form_shape import EMPTY, refuse_misshapen
from app.processes.designer.models import ProcessDraft
from app.processes.engine import DiagramRefused, form_keys_of
from app.processes.pages.blueprint import bp
from app.processes.pages.designer import DRAFT, seen_revision, shared
from app.processes.permissions import PROCESS_DEPLOY, PROCESS_READ

LARGEST = 256 * 1024


@bp.get(f"{DRAFT}/forms")
@requires(PROCESS_READ)
def list_forms(draft_id: str) -> str:
    """The forms of a draft; those that its diagram names and that are not there yet."""
    return _page(queries.get_draft(draft_id))


def _page(draft: ProcessDraft, error: DomainError | None = None) -> str:
    asked = _asked(draft)
    return render_template(
        "processes/designer/forms.html",
        **shared(draft, "forms"),
        asked=asked,
        missing=sorted(asked - draft.forms.keys()),
        error=error,
        given=request.form,
    )


def _asked(draft: ProcessDraft) -> set[str]:
    try:
        return set(form_keys_of(draft.xml.encode()))
    except DiagramRefused:
        return set()


@bp.post(f"{DRAFT}/forms")
@requires(PROCESS_DEPLOY)
def add_form(draft_id: str) -> ResponseReturnValue:
    """A new form with the usual three answers."""
    key = request.form.get("key", "").strip()
    draft = queries.get_draft(draft_id)
    try:
        _refuse_known(draft, key)
        drafts.save_form(current_actor(), draft.id, seen_revision(), key, EMPTY)
    except Invalid as error:
        return _page(draft, error), error.status
    return redirect(url_for("processes.edit_form", draft_id=draft.id, form_key=key))


@bp.get(f"{DRAFT}/forms/<path:form_key>")
@requires(PROCESS_READ)
def edit_form(draft_id: str, form_key: str) -> str:
    """A form in its editor; in a draft that is not open for changes, as people will see it."""
    draft = queries.get_draft(draft_id)
    return render_template(
        "processes/designer/form.html", **shared(draft, "forms"), form_key=form_key, schema=_schema(draft, form_key)
    )


@bp.post(f"{DRAFT}/forms/<path:form_key>")
@requires(PROCESS_DEPLOY)
def save_form(draft_id: str, form_key: str) -> dict[str, Any]:
    """Write a form again (JSON in the field `form`): {"revision"}."""
    _schema(queries.get_draft(draft_id), form_key)
    text = request.form.get("form", "")
    if len(text) > LARGEST:
        raise Invalid({"form": [_("The file is larger than %(limit)s KB.", limit=LARGEST // 1024)]})
    try:
        schema = jsontext.strict(text)
    except (ValueError, RecursionError):
        raise Invalid({"form": [_("This is not JSON.")]}) from None
    refuse_misshapen(schema)
    return {"revision": drafts.save_form(current_actor(), draft_id, seen_revision(), form_key, schema).revision}


def _refuse_known(draft: ProcessDraft, key: str) -> None:
    if key in draft.forms:
        raise Invalid({"key": [_("There is a form of this name.")]})


def _schema(draft: ProcessDraft, form_key: str) -> dict[str, Any]:
    found: dict[str, Any] | None = draft.forms.get(form_key)
    if found is None:
        raise NotFound(form=form_key[:64])
    return found
