"""A process that sends what is due, and can be killed while it does."""

from __future__ import annotations

from pathlib import Path

from app.core import db
from app.core.tables import load_all
from app.notifying import mailing, sources
from app.notifying.sources import MailServer, Sources
from config import Settings


def main(url: str, data: str, port: str) -> None:
    """Look for mail once."""
    load_all()
    db.connect(Settings(data=Path(data), database_url=url, embedded=url.startswith("sqlite"), secret_key="t" * 40))
    server = MailServer("127.0.0.1", int(port), "none", "", "", "youxu@clinic.example")
    sources.set_sources(Sources("https://youxu.example", server))
    mailing.send_mail()
