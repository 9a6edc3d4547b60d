"""A mail server of a test: keeps what it gets, and can refuse, be slow to answer or break off."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from app.notifying import sources
from app.notifying.sources import MailServer, Sources
from app.tasks.models import Task
from tests.tasks.factories import make_task


def numbered_task() -> Task:
    """An open task about something with a number."""
    task = make_task()
    task.number = "SO-2026-000123"
    return task


class PostOffice:
    """What the server does (aiosmtpd calls `handle_…`)."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.answers: list[str] = []
        """Said to the next messages instead of taking them; `break` ends the connection after the content came."""
        self.refused: set[str] = set()
        self.pause = 0.0
        """Seconds between having the content and saying so."""
        self.came = threading.Event()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250") or answer == "break":
            self.received.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.came.set()
        await asyncio.sleep(self.pause)
        if answer == "break":
            server.transport.close()
        return answer


@contextmanager
def post_office(url: str = "https://youxu.example") -> Iterator[PostOffice]:
    """It runs, and e-mails are handed to it."""
    office = PostOffice()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    before = sources._now
    sources.set_sources(
        Sources(
            url, MailServer("127.0.0.1", port, "none", "", "", "Youxu 有序 <youxu@clinic.example>"), "it@clinic.example"
        )
    )
    try:
        yield office
    finally:
        sources.set_sources(before)
        controller.stop()
