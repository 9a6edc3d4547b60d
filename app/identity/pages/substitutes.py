"""Substitutes: one's own, and everybody's for managers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _, _l, listed, pick
from app.core.paging import Page, paginate
from app.core.permissions import current_actor, requires
from app.identity import queries, service, substitutes
from app.identity.pages.blueprint import bp
from app.identity.permissions import ACCOUNT_OWN, SUBSTITUTE_MANAGE
from app.identity.roles import ROLES

menu.add(
    _l("Substitutes"),
    "identity.all_substitutes",
    icon="arrows-exchange",
    right=SUBSTITUTE_MANAGE,
    section="system",
    order=15,
)


@bp.app_template_global()
def substitute_scope(one: Any) -> str:
    """What a substitution is limited to, in words."""
    parts = []
    if one.process_key:
        name = substitutes.process_choices().get(one.process_key)
        parts.append(_("process “%(name)s”", name=pick(name) if name else one.process_key))
    if one.role:
        parts.append(_("group “%(name)s”", name=pick(ROLES.get(one.role, one.role))))
    return listed(parts) or _("everything")


@bp.get("/account/substitutes")
@requires(ACCOUNT_OWN)
def my_substitutes() -> str:
    """Who stands in for me, for whom I do, and the form to name somebody."""
    return _mine({}, {})


@bp.post("/account/substitutes")
@requires(ACCOUNT_OWN)
def name_my_substitute() -> Response | BaseResponse:
    """Name a substitute for myself."""
    try:
        _name(current_actor().id)
    except Invalid as error:
        return make_response(_mine(error.details["fields"], request.form), 422)
    return redirect(url_for("identity.my_substitutes"))


@bp.get("/substitutes")
@requires(SUBSTITUTE_MANAGE)
def all_substitutes() -> str:
    """Everybody's substitutes, and the form to name one for somebody who cannot."""
    return _everybody({}, {})


@bp.post("/substitutes")
@requires(SUBSTITUTE_MANAGE)
def name_a_substitute() -> Response | BaseResponse:
    """Name a substitute for somebody else."""
    user_id = request.form.get("user_id", "")
    try:
        _name(_known(user_id))
    except Invalid as error:
        return make_response(_everybody(error.details["fields"], request.form), 422)
    return redirect(url_for("identity.all_substitutes"))


@bp.post("/substitutes/<substitution_id>/end")
@requires(ACCOUNT_OWN)
def end_substitution(substitution_id: str) -> BaseResponse:
    """End a substitution now."""
    service.end_substitution(current_actor(), substitution_id)
    flash(_("The substitution is over."), "success")
    back = "identity.all_substitutes" if request.form.get("back") == "all" else "identity.my_substitutes"
    return redirect(url_for(back))


def _known(user_id: str) -> str:
    if user_id not in {one.id for one in substitutes.people()}:
        raise Invalid({"user_id": [_("Choose who is away.")]})
    return user_id


def _name(user_id: str) -> None:
    form = request.form
    with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
        made = service.name_substitute(
            current_actor(),
            user_id,
            form.get("substitute_id", ""),
            first_day=_day(form.get("first_day", "")),
            last_day=_day(form.get("last_day", "")),
            scope=_scope(form.get("scope", "")),
            reason=form.get("reason", ""),
        )
    names = queries.names_of([made.user_id, made.substitute_id])
    sentence = _("%(substitute)s stands in for %(name)s.", substitute=names[made.substitute_id], name=names[user_id])
    flash(sentence, "success")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _scope(text: str) -> service.Scope:
    """`process:approval`, `role:manager`, or nothing for everything. Raises Invalid."""
    kind, _colon, value = text.partition(":")
    if not text:
        return service.Scope()
    if kind not in ("process", "role") or not value:
        raise Invalid({"scope": [_("Choose one of the processes or groups.")]})
    return service.Scope(process_key=value) if kind == "process" else service.Scope(role=value)


def _scopes(roles: Any) -> list[tuple[str, str]]:
    """Choices of the field `scope`."""
    processes = [
        (f"process:{key}", _("Only the process “%(name)s”", name=pick(name)))
        for key, name in substitutes.process_choices().items()
    ]
    groups = [(f"role:{role}", _("Only tasks of the group “%(name)s”", name=pick(ROLES[role]))) for role in roles]
    return [("", _("Everything")), *processes, *groups]


def _people(but: str = "") -> list[tuple[str, str]]:
    found = [(one.id, f"{one.name} ({one.login})") for one in substitutes.people() if one.id != but]
    return [("", _("– choose –")), *found]


def _mine(wrong: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    actor = current_actor()
    mine = paginate(substitutes.substitutions(user_id=actor.id), request.args.get("page", 1, type=int))
    others = paginate(substitutes.substitutions(substitute_id=actor.id), 1)
    return render_template(
        "identity/substitutes.html",
        page=_shown(mine),
        others=_shown(others).items,
        people=_people(actor.id),
        scopes=_scopes(role for role in ROLES if role in actor.roles),
        wrong=wrong,
        given=given,
    )


def _everybody(wrong: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    page = paginate(substitutes.substitutions(), request.args.get("page", 1, type=int))
    return render_template(
        "identity/all_substitutes.html",
        page=_shown(page),
        people=_people(),
        scopes=_scopes(ROLES),
        wrong=wrong,
        given=given,
    )


def _shown(page: Page[Any]) -> Page[substitutes.Line]:
    return Page(substitutes.lines(page.items), page.number, page.size, page.total)
