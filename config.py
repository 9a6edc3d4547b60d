"""Every setting of Youxu, in one place: name, type, default, what it is for. Read from the environment once."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent


class UnsafeSettings(RuntimeError):
    """The settings given would make the server unsafe or unable to run; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. `from_env` reads each field from the variable of the same name in capitals."""

    data: Path
    """Folder of the embedded database, the secret key and the logs (`DATA`, default `var/`)."""
    database_url: str
    """SQLAlchemy URL (`DATABASE_URL`); default: SQLite in `data`."""
    embedded: bool
    """True when no `DATABASE_URL` was given: only then may demo data be loaded."""
    secret_key: str
    """Signs session cookies (`SECRET_KEY`); made once and kept in `data` when embedded."""
    port: int = 8000
    """Port of `make run` (`PORT`)."""
    timezone: str = "Asia/Shanghai"
    """Zone in which business dates are counted and times are shown (`TIMEZONE`)."""
    calendar_file: Path | None = None
    """A file of the house with years and working hours (`CALENDAR_FILE`), as `app/core/workdays/china.yaml`."""
    regulatory_profile: str = "cn"
    """Whose law the house follows (`REGULATORY_PROFILE`): cn, eu or us, see `rules/profiles.yaml`."""
    company_prefix: str = "9521234"
    """GS1 company prefix for SSCCs (`COMPANY_PREFIX`), 4 to 12 digits; the default is GS1's own for demonstrations
    (952) and must not leave the house. Empty: none are given."""
    secure_cookies: bool = False
    """Send the session cookie over HTTPS only (`SECURE_COOKIES=1`)."""
    trusted_proxies: int = 0
    """Number of proxies in front that set `X-Forwarded-For` and `-Proto` (`TRUSTED_PROXIES`); 0 trusts none."""
    write_slots: int = 4
    """Writing requests served at once per worker (`WRITE_SLOTS`); more only lengthens SQLite's tail."""
    parked_polls: int = 64
    """Workers of external tasks that may wait for work at once in a server process (`PARKED_POLLS`): a thread each."""
    event_days: int = 30
    """Days that events stay in the feed of `/api/v1/events` (`EVENT_DAYS`)."""
    hook_pause_ms: int = 5000
    """Milliseconds until a webhook that was not taken is sent again (`HOOK_PAUSE_MS`); later pauses are multiples."""
    hook_allow: tuple[str, ...] = ()
    """Private places that webhooks may be sent to (`HOOK_ALLOW`): networks and host names, separated by commas."""
    tls: bool = False
    """Serve HTTPS with a certificate of our own making, for phones in the house (`TLS=1`)."""
    public_url: str = "http://localhost:8000"
    """Address under which people reach the server, for links in e-mails (`PUBLIC_URL`)."""
    smtp_host: str = ""
    """Mail server (`SMTP_HOST`); without one e-mails are only shown on `/letters`."""
    smtp_port: int = 587
    """Its port (`SMTP_PORT`)."""
    smtp_tls: str = "starttls"
    """`starttls`, `tls` (from the first byte on) or `none` (`SMTP_TLS`)."""
    smtp_user: str = ""
    """Login there (`SMTP_USER`); none: without signing in."""
    smtp_password: str = ""
    """Its password (`SMTP_PASSWORD`)."""
    mail_from: str = "Youxu <youxu@localhost>"
    """Sender of e-mails (`MAIL_FROM`)."""
    sqlite_synchronous: str = "FULL"
    """`FULL` survives power loss; `NORMAL` is faster and may lose the last commits then (`SQLITE_SYNCHRONOUS`)."""
    testing: bool = False
    """Set by the tests only."""

    @classmethod
    def from_env(cls) -> Settings:
        """Settings of this process. Raises UnsafeSettings when a value cannot be used."""
        env = os.environ
        data = Path(env.get("DATA") or ROOT / "var").resolve()
        url = env.get("DATABASE_URL", "")
        embedded = not url
        if embedded:
            data.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{data / 'youxu.db'}"
        synchronous = env.get("SQLITE_SYNCHRONOUS", "FULL").upper()
        if synchronous not in ("FULL", "NORMAL", "EXTRA"):
            raise UnsafeSettings(f"SQLITE_SYNCHRONOUS must be FULL, EXTRA or NORMAL, not {synchronous!r}")
        return cls(
            data=data,
            database_url=normal_url(url),
            embedded=embedded,
            secret_key=secret_key(env.get("SECRET_KEY", ""), data if embedded else None),
            port=whole_number("PORT", env.get("PORT") or "8000", 1, 65535),
            timezone=env.get("TIMEZONE") or "Asia/Shanghai",
            calendar_file=Path(env["CALENDAR_FILE"]) if env.get("CALENDAR_FILE") else None,
            regulatory_profile=one_of("REGULATORY_PROFILE", env.get("REGULATORY_PROFILE") or "cn", ("cn", "eu", "us")),
            company_prefix=gs1_prefix(env.get("COMPANY_PREFIX", "9521234")),
            secure_cookies=env.get("SECURE_COOKIES") == "1" or env.get("TLS") == "1",
            trusted_proxies=whole_number("TRUSTED_PROXIES", env.get("TRUSTED_PROXIES") or "0", 0, 5),
            write_slots=whole_number("WRITE_SLOTS", env.get("WRITE_SLOTS") or "4", 1, 64),
            parked_polls=whole_number("PARKED_POLLS", env.get("PARKED_POLLS") or "64", 0, 1000),
            **reaching_people(env),
            event_days=whole_number("EVENT_DAYS", env.get("EVENT_DAYS") or "30", 1, 3650),
            hook_pause_ms=whole_number("HOOK_PAUSE_MS", env.get("HOOK_PAUSE_MS") or "5000", 10, 600_000),
            hook_allow=tuple(one.strip() for one in env.get("HOOK_ALLOW", "").split(",") if one.strip()),
            sqlite_synchronous=synchronous,
        )


def reaching_people(env: Mapping[str, str]) -> dict[str, Any]:
    """How people reach the server, and it them: HTTPS, address, mail server. Raises UnsafeSettings."""
    tls = env.get("TLS") == "1"
    port = whole_number("PORT", env.get("PORT") or "8000", 1, 65535)
    url = (env.get("PUBLIC_URL") or f"{'https' if tls else 'http'}://localhost:{port}").rstrip("/")
    if not url.startswith(("http://", "https://")) or not url.isprintable() or " " in url:
        raise UnsafeSettings(f"PUBLIC_URL must be an address that begins with http:// or https://, not {url!r}")
    sender = env.get("MAIL_FROM") or "Youxu <youxu@localhost>"
    if "@" not in parseaddr(sender)[1]:
        raise UnsafeSettings(f"MAIL_FROM must hold an e-mail address, not {sender!r}")
    return {
        "tls": tls,
        "public_url": url,
        "smtp_host": env.get("SMTP_HOST", ""),
        "smtp_port": whole_number("SMTP_PORT", env.get("SMTP_PORT") or "587", 1, 65535),
        "smtp_tls": one_of("SMTP_TLS", env.get("SMTP_TLS") or "starttls", ("starttls", "tls", "none")),
        "smtp_user": env.get("SMTP_USER", ""),
        "smtp_password": env.get("SMTP_PASSWORD", ""),
        "mail_from": sender,
    }


def normal_url(url: str) -> str:
    """`postgres://…` and `postgresql://…` mean PostgreSQL by psycopg 3."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def gs1_prefix(text: str) -> str:
    """A GS1 company prefix, or nothing. Raises UnsafeSettings."""
    if text and not (text.isascii() and text.isdecimal() and 4 <= len(text) <= 12):
        raise UnsafeSettings(f"COMPANY_PREFIX must be 4 to 12 digits, not {text!r}")
    return text


def one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    """The setting in small letters, or UnsafeSettings naming the choices."""
    if text.lower() not in choices:
        raise UnsafeSettings(f"{name} must be one of {', '.join(choices)}, not {text!r}")
    return text.lower()


def whole_number(name: str, text: str, low: int, high: int) -> int:
    """The setting as a number, or UnsafeSettings naming it."""
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UnsafeSettings(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def secret_key(given: str, folder: Path | None) -> str:
    """The given key if it is long enough; an embedded server makes one at first start and keeps it."""
    if given:
        if len(given) < 32:
            raise UnsafeSettings("SECRET_KEY must have at least 32 characters")
        return given
    if folder is None:
        raise UnsafeSettings("DATABASE_URL is set: SECRET_KEY must be set too, the same for every worker")
    path = folder / "secret.key"
    if not path.exists():
        partial = folder / f"secret.key.{os.getpid()}"
        partial.write_text(secrets.token_urlsafe(48))
        partial.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # exactly one of two first starts wins
            os.link(partial, path)
        partial.unlink()
    return path.read_text().strip()
