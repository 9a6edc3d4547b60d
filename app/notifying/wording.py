"""What a message says. Subjects and what a locked phone shows name the task and its number, never what people wrote:
a comment may speak of a patient, and both are read over shoulders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core import i18n, jsontext
from app.core.i18n import _, _n
from app.identity.models import User
from app.notifying import sources
from app.tasks import notices
from app.tasks.models import Task
from app.tasks.notices import WORDS
from app.tasks.records import Notice

FOLDER = Path(__file__).parents[1] / "templates"
LONGEST_SUBJECT = 180

_pages = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_pages.filters.update(time=i18n.show_time, ago=i18n.show_ago)
_pages.globals.update(_=i18n._, _n=i18n._n)


@dataclass(frozen=True)
class News:
    """A notice with its task, if it is about one, and who caused it."""

    notice: Notice
    task: Task | None
    who: str

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        return str(WORDS[self.notice.kind]) % {"who": self.who}

    @property
    def about(self) -> str:
        """The task and its number, or what else it is about."""
        return notices.about(self.notice, self.task)

    @property
    def link(self) -> str:
        """Where that is."""
        return f"{sources.public_url()}{self.path}"

    @property
    def path(self) -> str:
        """The same, from here."""
        return self.notice.path or f"/tasks/{self.notice.task_id}"


@dataclass(frozen=True)
class Words:
    """A message in one language."""

    subject: str
    text: str
    html: str


def language_of(user: User) -> str:
    """In which language somebody is written to."""
    return user.locale or i18n.DEFAULT


def letter(user: User, news: Sequence[News], *, digest: bool = False) -> Words:
    """The e-mail that tells of these, in the language of the user."""
    with i18n.reading(language_of(user)):
        subject = _digest_subject(news) if digest else _subject(news[0])
        facts = {"user": user, "news": news, "digest": digest, "settings": f"{sources.public_url()}/account/notices"}
        html = _pages.get_template("notifying/letter.html").render(
            subject=subject, language=i18n.language().replace("_", "-"), **facts
        )
        return Words(subject, _text(user, news, str(facts["settings"])), html)


def _subject(one: News) -> str:
    return _line(_told(one))


def _told(one: News) -> str:
    return _("%(sentence)s: %(about)s", sentence=one.sentence, about=one.about)


def _digest_subject(news: Sequence[News]) -> str:
    return _line(_n("%(num)s notice about your tasks", "%(num)s notices about your tasks", len(news)))


def _line(text: str) -> str:
    """One line that no header can be made of."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST_SUBJECT]


def _text(user: User, news: Sequence[News], settings: str) -> str:
    parts = [_("Hello %(name)s,", name=_line(user.name))]
    for one in news:
        lines = [_told(one)]
        if one.task is not None:
            lines.append(_("Due: %(time)s", time=i18n.show_time(one.task.due_at)))
        if one.notice.text:
            lines.append("> " + one.notice.text.replace("\n", "\n> "))
        parts.append("\n".join([*lines, one.link]))
    parts.append(_("How you are told, and of what, you choose here: %(address)s", address=settings))
    return "\n\n".join(parts) + "\n"


def push(user: User, one: News) -> Words:
    """What a device shows: JSON with title, body, the address that a touch opens, and a tag that replaces a double."""
    with i18n.reading(language_of(user)):
        body = {"title": _line(one.sentence), "body": _line(one.about), "url": one.path, "tag": one.notice.id}
        return Words(_subject(one), jsontext.dumps({**body, "lang": i18n.language().replace("_", "-")}), "")


def trial(user: User) -> tuple[Words, Words]:
    """A message that only shows that it arrives: as e-mail and for a device."""
    with i18n.reading(language_of(user)):
        title, body = _("This is a trial"), _("So you will be told of your tasks.")
        address = f"{sources.public_url()}/account/notices"
        html = _pages.get_template("notifying/trial.html").render(
            title=title, body=body, link=address, language=i18n.language().replace("_", "-")
        )
        told = {"title": title, "body": body, "url": "/account/notices", "tag": "trial", "lang": i18n.language()}
        return Words(title, f"{body}\n\n{address}\n", html), Words(title, jsontext.dumps(told), "")
