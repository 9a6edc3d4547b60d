"""What happens once, on an empty database: rules and diagrams are seeded, people are made, demo data is loaded."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import func, select

from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.decisions import service as decisions
from app.demo import service as demo
from app.identity import service as identity
from app.identity.models import User
from app.notifying import pushing
from app.processes import service as processes
from config import Settings

PASSWORDS = "people.txt"
_DIGITS = "abcdefghjkmnpqrstuvwxyz23456789"


def prepare(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Seed what is missing. Demo data only into an embedded database, and only on its first start."""
    with transaction():
        decisions.seed(SYSTEM)
        processes.seed(SYSTEM)
        pushing.make_key()
        empty = session().scalar(select(func.count()).select_from(User)) == 0
    if not empty:
        return
    if settings.embedded:
        say("First start: making demo data …")
        passwords = demo.load(new_password=new_password, say=say)
    else:
        passwords = {"admin": new_password()}
        with transaction():
            identity.create_user(
                SYSTEM, login="admin", name="Administrator", password=passwords["admin"], roles=["admin"]
            )
    _keep(settings, passwords)


def new_password() -> str:
    """A password that can be read aloud: 4 groups of 4, about 78 bits."""
    return "-".join("".join(secrets.choice(_DIGITS) for _ in range(4)) for _ in range(4))


def _keep(settings: Settings, passwords: dict[str, str]) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    path = settings.data / PASSWORDS
    path.touch(mode=0o600)
    path.write_text("".join(f"{login}\t{password}\n" for login, password in passwords.items()))


def people(settings: Settings) -> list[str]:
    """The users made at first start, a line each, with their first passwords."""
    path = settings.data / PASSWORDS
    if not path.exists():
        return []
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return ["Users made at first start:"] + [f"  {login:<12} {password}" for login, password in lines]
