"""`flask users add|list|passwd`, `flask tokens create|list|revoke`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from flask.cli import AppGroup
from sqlalchemy.exc import IntegrityError

from app.core import clock, i18n
from app.core.db import session, transaction
from app.core.errors import DomainError
from app.core.permissions import SYSTEM
from app.identity import queries, service
from app.identity.models import User
from app.identity.service import passwords

users = AppGroup("users", help="Users.")
tokens = AppGroup("tokens", help="API tokens.")


@contextmanager
def telling(*, write: bool = True) -> Iterator[None]:
    """One transaction; a refusal becomes the command's error message, field by field."""
    try:
        with i18n.reading("en"), transaction(write=write):
            yield
    except DomainError as error:
        fields = error.details.get("fields", {})
        reasons = [f"{name}: {' '.join(found)}" for name, found in fields.items()] or [error.sentence()]
        raise click.ClickException("\n".join(reasons)) from None
    except IntegrityError:
        raise click.ClickException("Somebody else did the same at this moment. Nothing was changed.") from None


def find(login: str) -> User:
    """The user, or an error message."""
    found = queries.find_by_login(login)
    if found is None:
        raise click.ClickException(f"There is no user with the login “{login}”.")
    return found


@users.command("add")
@click.argument("login")
@click.option("--name", help="Default: the login.")
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
@click.option("--token", "with_token", is_flag=True, help="Also make an API token and print it, on a line of its own.")
def add(
    login: str, name: str | None, roles: tuple[str, ...], email: str | None, *, password_stdin: bool, with_token: bool
) -> None:
    """Make a user LOGIN. Prints the generated password, which must be changed at the first sign-in."""
    password, token = sys.stdin.readline().rstrip("\n") if password_stdin else passwords.generate(), ""
    with telling():
        made = service.create_user(
            SYSTEM,
            login=login,
            name=name or login,
            password=password,
            roles=roles,
            email=email,
            must_change_password=not password_stdin,
        )
        if with_token:
            _made, token = service.make_token(SYSTEM, made, label="command line", scopes=[], expires_at=None)
    for secret in ("" if password_stdin else password, token):
        if secret:
            click.echo(secret)


@users.command("list")
def list_users() -> None:
    """Every user: login, state, roles, name."""
    with telling(write=False):
        for user in session().scalars(queries.users()):
            state = "active" if user.active else "inactive"
            click.echo(f"{user.login}\t{state}\t{','.join(user.roles)}\t{user.name}")


@users.command("passwd")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def passwd(login: str, *, password_stdin: bool) -> None:
    """Give LOGIN a new password, end its sessions and lift a lock. Prints the password if it was generated."""
    given = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with telling():
        new = service.reset_password(SYSTEM, find(login), password=given)
    if not password_stdin:
        click.echo(new)


@tokens.command("create")
@click.argument("login")
@click.option("--scopes", default="", help="Names of rights, separated by commas; default: all the user's.")
@click.option("--label", default="command line", show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), help="Days the token is valid; default: no end.")
def create(login: str, scopes: str, label: str, days: int | None) -> None:
    """Make an API token that acts as LOGIN. Prints only the token."""
    expires_at = clock.now() + timedelta(days=days) if days else None
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with telling():
        _made, secret = service.make_token(SYSTEM, find(login), label=label, scopes=wanted, expires_at=expires_at)
    click.echo(secret)


@tokens.command("list")
def list_tokens() -> None:
    """Every token: id, beginning, login, state, rights, label."""
    with telling(write=False):
        for token, user in session().execute(queries.tokens()):
            state = "valid" if service.is_live(token) else "ended"
            click.echo(f"{token.id}\t{token.hint}…\t{user.login}\t{state}\t{','.join(token.scopes)}\t{token.label}")


@tokens.command("revoke")
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Revoke the token TOKEN_ID (see `flask tokens list`)."""
    with telling():
        service.revoke_token(SYSTEM, queries.get_token(token_id))
    click.echo("Revoked.")
