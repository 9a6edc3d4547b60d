"""One's own account: name and roles as they are, language, password, where one is signed in."""

from __future__ import annotations

from flask import Response, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.permissions import current_actor, requires
from app.identity import queries, service
from app.identity.pages.blueprint import bp
from app.identity.permissions import ACCOUNT_OWN
from app.identity.roles import ROLES
from app.identity.service import sessions

menu.add(_l("My account"), "identity.account", icon="user", right=ACCOUNT_OWN, section="system", order=10)


@bp.get("/account")
@requires(ACCOUNT_OWN)
def account() -> str:
    """What the system knows about me."""
    user = queries.get_user(current_actor().id)
    return render_template(
        "identity/account.html",
        user=user,
        roles=ROLES,
        sessions=queries.live_sessions(user.id),
        here=g.get("session_id"),
    )


@bp.post("/account/language")
@requires(ACCOUNT_OWN)
def change_language() -> BaseResponse:
    """The language I read when the browser has not chosen one."""
    user = queries.get_user(current_actor().id)
    service.change_own_locale(current_actor(), user, request.form.get("locale") or None)
    response = redirect(url_for("identity.account"))
    response.delete_cookie("language")  # what was chosen before in this browser would hide the new choice
    flash(_("Saved."), "success")
    return response


@bp.post("/account/sessions/end")
@requires(ACCOUNT_OWN)
def end_other_sessions() -> BaseResponse:
    """Sign out everywhere but here."""
    sessions.end_all(current_actor().id, but=g.get("session_id"))
    flash(_("You are signed out everywhere else."), "success")
    return redirect(url_for("identity.account"))


@bp.get("/account/password")
@requires(ACCOUNT_OWN)
def password() -> str:
    """The form for a new password."""
    return render_template("identity/password.html", user=queries.get_user(current_actor().id), wrong={})


@bp.post("/account/password")
@requires(ACCOUNT_OWN)
def change_password() -> Response | BaseResponse:
    """Choose a new password; every other browser is signed out."""
    actor = current_actor()
    user = queries.get_user(actor.id)
    try:
        service.change_password(
            actor,
            user,
            old=request.form.get("old", ""),
            new=_same_twice(request.form.get("new", ""), request.form.get("again", "")),
            keep_session=g.get("session_id"),
        )
    except Invalid as error:
        page = render_template("identity/password.html", user=user, wrong=error.details["fields"])
        return make_response(page, 422)
    flash(_("Your password is changed. Other browsers were signed out."), "success")
    return redirect(url_for("home"))


def _same_twice(new: str, again: str) -> str:
    if new != again:
        raise Invalid({"again": [_("The two entries differ.")]})
    return new
