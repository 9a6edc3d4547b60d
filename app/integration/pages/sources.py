"""Sources of webhooks: set up, secrets, how to send, what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.permissions import current_actor, requires
from app.identity import queries as people
from app.integration.alarms import alarms, badge
from app.integration.inbound import mappings, queries, refusals, service
from app.integration.inbound.models import AUTHENTICATIONS, FORMATS, SIGNATURE, HookSource
from app.integration.pages.blueprint import ROTATIONS, bp, old_ends_in, one_line
from app.integration.permissions import HOOK_MANAGE, HOOK_READ

LABELS = {
    "code": _l("Code"),
    "name": _l("System name"),
    "auth": _l("Proof of the sender"),
    "format": _l("Format"),
    "id_path": _l("Where the event's id is"),
    "key_path": _l("Where the business key is"),
    "acts_as": _l("Acts as"),
    "wait_hours": _l("Hours that early events wait"),
    "rate": _l("Requests a second"),
    "masked": _l("Masked fields"),
}
REASONS = {
    "no such source": _l("no such source"),
    "not signed": _l("signature or token not right"),
    "too fast": _l("too many at once"),
    "id used again": _l("Same id with other contents"),
    "not readable": _l("not readable"),
}


menu.add(
    _l("Webhooks in"),
    "integration.list_sources",
    icon="webhook",
    right=HOOK_READ,
    section="system",
    order=40,
    badge=lambda: badge(alarms().inbound),
)


@bp.get("/webhooks/in")
@requires(HOOK_READ)
def list_sources() -> str:
    """Every source, and how many events failed."""
    return render_template(
        "integration/sources.html",
        sources=queries.sources(),
        alarming=queries.alarming(),
        auths=AUTHENTICATIONS,
        formats=FORMATS,
        unknown=refusals.lately(""),
        reasons=REASONS,
    )


@bp.get("/webhooks/in/new")
@requires(HOOK_MANAGE)
def new_source() -> str:
    """The form."""
    given = {"auth": SIGNATURE, "format": "cloudevents", "wait_hours": 72, "rate": 100}
    return _form(None, given, {})


@bp.post("/webhooks/in/new")
@requires(HOOK_MANAGE)
def create_source() -> Response | BaseResponse:
    """Set it up; its first secret is shown once."""
    given = _given()
    try:
        with session().begin_nested():
            made = service.create_source(current_actor(), given)
            secret = service.new_secret(current_actor(), made)
    except Invalid as error:
        return make_response(_form(None, given, error.details["fields"]), 422)
    return make_response(_shown(made, secret))


@bp.get("/webhooks/in/<source_id>")
@requires(HOOK_READ)
def show_source(source_id: str) -> str:
    """Where to send, with which proof; secrets, counts, refusals."""
    return _shown(queries.get_source(source_id), "")


@bp.get("/webhooks/in/<source_id>/change")
@requires(HOOK_MANAGE)
def edit_source(source_id: str) -> str:
    """The form, filled."""
    source = queries.get_source(source_id)
    return _form(source, {**vars(source), "masked": "\n".join(source.masked)}, {})


@bp.post("/webhooks/in/<source_id>/change")
@requires(HOOK_MANAGE)
def change_source(source_id: str) -> Response | BaseResponse:
    """Change it."""
    source, given = queries.get_source(source_id), _given()
    seen = request.form.get("version", 0, type=int)
    try:
        with session().begin_nested():
            service.change_source(current_actor(), source, given, seen_version=seen)
    except Invalid as error:
        session().expire(source)
        shown = {**given, "masked": one_line("masked", 10_000)}
        return make_response(_form(queries.get_source(source_id), shown, error.details["fields"]), 422)
    flash(_("Saved."), "success")
    return redirect(url_for("integration.show_source", source_id=source.id))


@bp.post("/webhooks/in/<source_id>/switch")
@requires(HOOK_MANAGE)
def switch_source(source_id: str) -> BaseResponse:
    """On or off."""
    on = request.form.get("on") == "1"
    service.switch_source(current_actor(), queries.get_source(source_id), on=on)
    flash(
        _("The source is on.") if on else _("The source is off: its address answers as if it were not there."),
        "success",
    )
    return redirect(url_for("integration.show_source", source_id=source_id))


@bp.post("/webhooks/in/<source_id>/secrets")
@requires(HOOK_MANAGE)
def make_source_secret(source_id: str) -> str:
    """A new secret, shown once; what becomes of the others is chosen."""
    source = queries.get_source(source_id)
    return _shown(source, service.new_secret(current_actor(), source, old_ends_in=old_ends_in()))


@bp.post("/webhooks/in/<source_id>/secrets/<secret_id>/end")
@requires(HOOK_MANAGE)
def end_source_secret(source_id: str, secret_id: str) -> BaseResponse:
    """It opens nothing any more."""
    service.end_secret(current_actor(), queries.get_source(source_id), secret_id)
    flash(_("The secret is no longer good."), "success")
    return redirect(url_for("integration.show_source", source_id=source_id))


def _given() -> dict[str, Any]:
    names = ("code", "name", "auth", "format", "id_path", "key_path", "acts_as", "wait_hours", "rate")
    masked = [line.strip() for line in one_line("masked", 10_000).splitlines() if line.strip()]
    return {**{name: one_line(name) for name in names}, "masked": masked}


def _form(source: HookSource | None, given: Mapping[str, Any], wrong: Mapping[str, Any]) -> str:
    accounts = [user for user in people.users_with_role("integration") if user.active]
    masked = given.get("masked", "")
    return render_template(
        "integration/source_form.html",
        source=source,
        given={**given, "masked": masked if isinstance(masked, str) else "\n".join(masked)},
        wrong=wrong,
        labels=LABELS,
        auths=AUTHENTICATIONS,
        formats=FORMATS,
        accounts=[("", _("– choose –")), *((user.id, f"{user.name} ({user.login})") for user in accounts)],
    )


def _shown(source: HookSource, secret: str) -> str:
    versions = mappings.versions_of(source.id)
    return render_template(
        "integration/source.html",
        source=source,
        secret=secret,
        secrets=service.secrets_of(source.id),
        labels=LABELS,
        auths=AUTHENTICATIONS,
        formats=FORMATS,
        rotations=ROTATIONS,
        address=f"{request.host_url.rstrip('/')}/hooks/{source.code}",
        who=people.names_of([source.acts_as]).get(source.acts_as, "–"),
        active=next((one for one in versions if one.status == "active"), None),
        draft=next((one for one in versions if one.status == "draft"), None),
        counts=queries.counts(source.id),
        refused=refusals.lately(source.id),
        reasons=REASONS,
        signs=source.auth == SIGNATURE,
    )
