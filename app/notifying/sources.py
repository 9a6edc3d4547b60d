"""What the configuration says of sending: the mail server, and the address under which people reach this server."""

from __future__ import annotations

from dataclasses import dataclass

from config import Settings


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed over."""

    host: str
    port: int
    tls: str
    """`starttls`, `tls` (from the first byte) or `none`."""
    user: str
    password: str
    sender: str


@dataclass(frozen=True)
class Sources:
    """All of it."""

    public_url: str = "http://localhost:8000"
    mail: MailServer | None = None
    contact: str = ""
    """Whom push services may write to."""


_now = Sources()


def use(settings: Settings) -> None:
    """Take it from the settings of the process."""
    server = None
    if settings.smtp_host:
        server = MailServer(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_user,
            settings.smtp_password,
            settings.mail_from,
        )
    set_sources(Sources(settings.public_url, server, settings.mail_from))


def set_sources(sources: Sources) -> None:
    """From now on these."""
    global _now  # noqa: PLW0603 - one configuration per process
    _now = sources


def public_url() -> str:
    """Without a slash at its end."""
    return _now.public_url


def mail_server() -> MailServer | None:
    """None: nothing is sent by e-mail, only shown."""
    return _now.mail


def contact() -> str:
    """An address for operators of push services (RFC 8292, `sub`)."""
    return f"mailto:{_now.contact}" if _now.contact else _now.public_url
