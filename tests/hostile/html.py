"""Looks at a page as a browser would: is it well-formed, and did anything that was stored become code?"""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.wrappers import Response

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Faults of one page, in words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that opens."""
        self._look(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself (SVG)."""
        self._look(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """A tag that closes."""
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes <{self.open[-1] if self.open else ''}>")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) < len(attrs):
            self.faults.append(f"<{tag}> at {self.getpos()} has an attribute twice: {attrs}")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:text")):
                self.faults.append(f"<{tag}> at {self.getpos()} runs code: {name}={value}")
            if not name.replace("-", "").replace(":", "").replace("_", "").isalnum():
                self.faults.append(f"<{tag}> at {self.getpos()} has the odd attribute {name!r}")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.faults.append(f"a script at {self.getpos()} in the page")
        if given.get("src") == "x":
            self.faults.append(f"<{tag}> at {self.getpos()} came from stored text")
        if "id" in given and "template" not in self.open:  # rows to be copied are no part of the page yet
            if given["id"] in self.ids:
                self.faults.append(f"id {given['id']!r} is there twice")
            self.ids.add(str(given["id"]))


TRACES = (
    "Traceback (most recent call last)",
    "sqlalchemy.exc",
    "werkzeug.exceptions",
    "psycopg",
    "sqlite3.",
    ".py&#34;, line",
)


def faults_of(answer: Response) -> list[str]:
    """What is wrong with an answer, whatever it is; parts of a page (htmx) may leave their last element open."""
    text = answer.data.decode("utf-8", "replace")
    found = [f"shows {trace!r}" for trace in TRACES if trace in text]
    if answer.status_code >= 500:
        found.append(f"answers {answer.status_code}")
    if answer.content_type.startswith("text/html") and answer.status_code // 100 != 3:
        found += Page(text).faults
        found += ["stored text became code"] if "<script>alert(1337)" in text or "<img src=x" in text else []
    return found
