"""E-mail: one connection for what waits together, each message handed over on its own."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import structlog

from app.core import clock, jobs
from app.notifying import sending, sources
from app.notifying.models import Channel
from app.notifying.sending import Claim
from app.notifying.sources import MailServer

TIMEOUT = 15.0
READY = 354
DONE = 250
log = structlog.get_logger()


@jobs.round_of.register("notifying.mail")
def send_mail() -> int:
    """Send what is due; how many were tried. Without a mail server nothing waits."""
    server = sources.mail_server()
    if server is None:
        return 0
    claims = sending.claim(Channel.MAIL)
    if not claims:
        return 0
    try:
        connection = _connect(server)
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        log.warning("mail.no_server", error=str(error))
        for one in claims:
            sending.later(one, _words(error))
        return len(claims)
    with suppress(smtplib.SMTPException, OSError), connection:
        for place, one in enumerate(claims):
            if not _send(connection, server, one):
                for rest in claims[place + 1 :]:
                    sending.later(rest, "The connection broke with the message before.")
                break
    return len(claims)


def _connect(server: MailServer) -> smtplib.SMTP:
    """Signed in and ready. Raises OSError, SMTPException."""
    context = ssl.create_default_context()
    if server.tls == "tls":
        made: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    else:
        made = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    try:
        if server.tls == "starttls":
            made.starttls(context=context)
        made.ehlo_or_helo_if_needed()
        if server.user:
            made.login(server.user, server.password)
    except BaseException:
        made.close()
        raise
    return made


def _send(connection: smtplib.SMTP, server: MailServer, one: Claim) -> bool:
    """Hand one message over; False when the connection is of no more use."""
    content = message_of(server, one)
    try:
        refusal = _address(connection, server, one)
    except (OSError, smtplib.SMTPException) as error:
        sending.later(one, _words(error))
        return False
    if refusal is not None:
        _refused(one, *refusal)
        return _reset(connection)
    if not sending.hand_over(one):
        return False
    try:
        connection.send(_quoted(content))
        code, answer = connection.getreply()
    except (OSError, smtplib.SMTPException) as error:
        sending.unsure(one, _words(error))
        return False
    if code == DONE:
        sending.sent(one)
        return True
    _refused(one, code, answer)
    return True


def _address(connection: smtplib.SMTP, server: MailServer, one: Claim) -> tuple[int, bytes] | None:
    """From, to, and “now the content”: None when the server wants it, else its refusal."""
    sender, receiver = parseaddr(server.sender)[1], one.target
    for code, answer in (
        connection.mail(sender),
        connection.rcpt(receiver),
    ):
        if code not in (250, 251):
            return code, answer
    code, answer = connection.docmd("DATA")
    return None if code == READY else (code, answer)


def _refused(one: Claim, code: int, answer: bytes) -> None:
    words = f"{code} {answer.decode('utf-8', 'replace')}"
    (sending.failed if 500 <= code < 600 else sending.later)(one, words)


def _reset(connection: smtplib.SMTP) -> bool:
    try:
        connection.rset()
    except (OSError, smtplib.SMTPException):
        return False
    return True


def _quoted(content: bytes) -> bytes:
    """As it goes over the line: CR LF, a dot before a leading dot, a dot alone at the end (RFC 5321, 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def message_of(server: MailServer, one: Claim) -> bytes:
    """The message as text and HTML, its id made of ours: a mail program that knows ids shows a double once."""
    made = EmailMessage(policy=SMTP)
    name, address = parseaddr(server.sender)
    made["From"] = Address(name or "Youxu", addr_spec=address)
    made["To"] = one.target
    made["Subject"] = one.subject
    made["Date"] = format_datetime(clock.now())
    made["Message-ID"] = f"<{one.id}@{address.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = one.language.replace("_", "-")
    made.set_content(one.text, cte="base64")
    made.add_alternative(one.html, subtype="html", cte="base64")
    return made.as_bytes()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
