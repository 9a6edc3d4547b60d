"""Administration of users, and the table of who may do what."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.core import menu
from app.core.errors import Invalid
from app.core.i18n import LANGUAGES, _, _l
from app.core.paging import paginate
from app.core.permissions import EVERYONE, current_actor, declared, requires
from app.core.subject import Subject
from app.core.web import is_fragment
from app.identity import queries, service
from app.identity.models import User
from app.identity.pages.blueprint import bp
from app.identity.permissions import ACCOUNT_OWN, USER_ADMIN
from app.identity.roles import ROLES
from app.identity.service import guards, passwords

menu.add(_l("Users"), "identity.list_users", icon="users", right=USER_ADMIN, section="system", order=20)
menu.add(_l("Roles and rights"), "identity.list_roles", icon="shield", right=ACCOUNT_OWN, section="system", order=40)


@bp.get("/users")
@requires(USER_ADMIN)
def list_users() -> str:
    """Users, found by login, name, e-mail or role."""
    text, role = request.args.get("q", "").strip()[:100], request.args.get("role", "")
    page = paginate(queries.users(text, role), request.args.get("page", 1, type=int))
    template = "identity/_users.html" if is_fragment() else "identity/users.html"
    return render_template(template, page=page, q=text, role=role, roles=ROLES)


@bp.get("/users/new")
@requires(USER_ADMIN)
def new_user() -> str:
    """The form for a new user."""
    return render_template("identity/new_user.html", given={}, wrong={}, roles=ROLES, languages=LANGUAGES)


@bp.post("/users/new")
@requires(USER_ADMIN)
def create_user() -> Response:
    """Make the user with a generated password, shown this once."""
    given, password = _given(), passwords.generate()
    try:
        user = service.create_user(
            current_actor(),
            login=request.form.get("login", ""),
            password=password,
            must_change_password=True,
            **{key: given[key] for key in ("name", "roles", "email", "locale")},
        )
    except (Invalid, service.LoginTaken) as error:
        wrong = error.details.get("fields") or {"login": [error.sentence()]}
        given["login"] = request.form.get("login", "")
        page = render_template("identity/new_user.html", given=given, wrong=wrong, roles=ROLES, languages=LANGUAGES)
        return make_response(page, error.status)
    return make_response(_user_page(user, password=password), 201)


@bp.get("/users/<user_id>")
@requires(USER_ADMIN)
def show_user(user_id: str) -> str:
    """One user: what may be changed, tokens, history."""
    return _user_page(queries.get_user(user_id))


@bp.post("/users/<user_id>")
@requires(USER_ADMIN)
def change_user(user_id: str) -> Response | BaseResponse:
    """Change name, roles, language, e-mail; activate or deactivate."""
    user, given = queries.get_user(user_id), _given()
    try:
        service.change_user(current_actor(), user, **given)
    except Invalid as error:
        return make_response(_user_page(user, given=given, wrong=error.details["fields"]), 422)
    flash(_("Saved."), "success")
    return redirect(url_for("identity.show_user", user_id=user.id))


@bp.post("/users/<user_id>/password")
@requires(USER_ADMIN)
def reset_password(user_id: str) -> str:
    """Give a new password, shown this once; it must be changed at the next sign-in."""
    user = queries.get_user(user_id)
    return _user_page(user, password=service.reset_password(current_actor(), user))


@bp.post("/users/<user_id>/unlock")
@requires(USER_ADMIN)
def unlock_user(user_id: str) -> BaseResponse:
    """Let the user try again now."""
    service.unlock(current_actor(), queries.get_user(user_id))
    flash(_("The login is unlocked."), "success")
    return redirect(url_for("identity.show_user", user_id=user_id))


@bp.get("/roles")
@requires(ACCOUNT_OWN)
def list_roles() -> str:
    """Which role has which right."""
    return render_template("identity/roles.html", roles=ROLES, rights=declared(), everyone=EVERYONE)


def _given() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", ""),
        "roles": form.getlist("roles"),
        "email": form.get("email", "").strip() or None,
        "locale": form.get("locale") or None,
        "active": form.get("active") == "1",
    }


def _user_page(user: User, **shown: Any) -> str:
    return render_template(
        "identity/user.html",
        user=user,
        roles=ROLES,
        languages=LANGUAGES,
        tokens=queries.tokens_of(user.id),
        locked_until=guards.locked_until(user.login),
        history=latest_of(Subject("user", user.id), limit=30),
        **{"given": user, "wrong": {}, "password": None, **shown},
    )
