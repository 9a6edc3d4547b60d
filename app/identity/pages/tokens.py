"""API tokens: one's own, and everybody's for administrators."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, menu
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, declared, requires
from app.identity import queries, service
from app.identity.pages.blueprint import bp
from app.identity.permissions import TOKEN_ADMIN, TOKEN_OWN

menu.add(_l("API tokens"), "identity.all_tokens", icon="key", right=TOKEN_ADMIN, section="system", order=30)
DAYS = ("30", "90", "365", "")
"""Offered lifetimes; empty: no end."""


@bp.get("/account/tokens")
@requires(TOKEN_OWN)
def tokens() -> str:
    """My tokens and the form for a new one."""
    return _page({}, {})


@bp.post("/account/tokens")
@requires(TOKEN_OWN)
def make_token() -> Response | BaseResponse:
    """Make a token and show it, this once."""
    actor = current_actor()
    user = queries.get_user(actor.id)
    try:
        token, secret = service.make_token(
            actor,
            user,
            label=request.form.get("label", ""),
            scopes=_chosen_scopes(),
            expires_at=_expiry(request.form.get("days", "90")),
        )
    except Invalid as error:
        return make_response(_page(error.details["fields"], request.form), 422)
    return make_response(_page({}, {}, made=token, secret=secret), 201)


@bp.post("/account/tokens/<token_id>/revoke")
@requires(TOKEN_OWN)
def revoke_token(token_id: str) -> BaseResponse:
    """Revoke a token: one's own, or anybody's for administrators."""
    token = queries.get_token(token_id)
    service.revoke_token(current_actor(), token)
    flash(_("The token “%(label)s” is revoked.", label=token.label), "success")
    if token.user_id == current_actor().id:
        return redirect(url_for("identity.tokens"))
    return redirect(url_for("identity.all_tokens"))


@bp.get("/users/tokens")
@requires(TOKEN_ADMIN)
def all_tokens() -> str:
    """Everybody's tokens."""
    page = paginate(queries.tokens(), request.args.get("page", 1, type=int))
    return render_template("identity/all_tokens.html", page=page)


def _page(wrong: dict[str, Any], given: Any, **shown: Any) -> str:
    actor = current_actor()
    return render_template(
        "identity/tokens.html",
        tokens=queries.tokens_of(actor.id),
        rights=[right for right in declared() if actor.may(right)],
        days=DAYS,
        wrong=wrong,
        given=given,
        **shown,
    )


def _expiry(days: str) -> datetime | None:
    if days not in DAYS:
        raise Invalid({"days": [_("Choose one of the lifetimes.")]})
    if not days:
        return None
    last = clock.today() + timedelta(days=int(days))
    return datetime.combine(last, time.max.replace(microsecond=0), clock.BUSINESS_ZONE)


def _chosen_scopes() -> list[str]:
    if request.form.get("reach") != "some":
        return []
    scopes = request.form.getlist("scopes")
    if not scopes:
        raise Invalid({"scopes": [_("Choose at least one right.")]})
    return scopes
