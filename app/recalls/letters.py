"""What consignees are sent by e-mail: in both languages, with the link by which they answer."""

from __future__ import annotations

from html import escape

from app.core import clock
from app.core.db import session
from app.core.i18n import _, reading, show_time
from app.core.ids import new_id
from app.notifying.models import Channel, Letter, LetterStatus
from app.notifying.sources import mail_server
from app.recalls import wording
from app.recalls.links import address_of
from app.recalls.models import RecallCase, RecallNotice

LANGUAGES = ("zh_Hans", "en")


def write(case: RecallCase, notice: RecallNotice, *, reminder: bool) -> Letter:
    """An e-mail in the name of who opened the case, sent after the commit; without a mail server it is only kept."""
    parts, subjects = [], []
    for language in LANGUAGES:
        with reading(language):
            subjects.append(_("Recall %(number)s: please answer", number=case.number))
            parts.append(_words(case, notice, reminder=reminder))
    text = "\n\n– – –\n\n".join(parts) + "\n"
    kept = mail_server() is None
    made = Letter(
        id=new_id(),
        user_id=case.opened_by,
        channel=Channel.MAIL.value,
        target=notice.email,
        language=LANGUAGES[0],
        subject=" · ".join(subjects),
        text=text,
        html=_page(text, address_of(notice.id)),
        notice_ids=[],
        attempts=0,
        status=LetterStatus.KEPT if kept else LetterStatus.WAITING,
        ready_at=None if kept else clock.now(),
        created_at=clock.now(),
    )
    session().add(made)
    return made


def _words(case: RecallCase, notice: RecallNotice, *, reminder: bool) -> str:
    level = wording.LEVELS[case.level or "class_i"]
    lines = [
        _("Reminder: you have not answered yet.") if reminder else _("Goods that you have had from us are recalled."),
        f"{case.number} · {level}",
        _("Why: %(hazard)s", hazard=case.hazard),
        case.instructions or str(wording.INSTRUCTIONS),
        _("Please answer by %(time)s here (no sign-in is needed):", time=show_time(notice.due_at)),
        address_of(notice.id),
    ]
    return "\n".join(lines)


def _page(text: str, address: str) -> str:
    safe = escape(text).replace("\n", "<br>\n")
    link = escape(address)
    return f"<p>{safe.replace(link, f'<a href={chr(34)}{link}{chr(34)}>{link}</a>')}</p>"
