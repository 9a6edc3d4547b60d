"""Comments of a diagram's XML, which a modeler does not know and so leaves out: put back where they stood.

A comment belongs to the element with an id that comes next beside it, else to the end of the element it stands in. It
is put back as text, so that nothing else of the document changes; that of an element which is gone is gone with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.parsers import expat

BEFORE, AT_END, AFTER_ALL = "before", "end", "after"
ROOT = ""
"""Stands for the outermost element, whether it has an id or not."""


@dataclass(frozen=True)
class Remark:
    """A comment, and where it belongs: before an element, or at its end."""

    text: str
    place: str
    element: str


@dataclass
class _Outline:
    """Where elements begin and end in the bytes of a document, and its comments. It must be one that can be read."""

    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    _around: list[str | None] = field(default_factory=list)
    _loose: list[list[str]] = field(default_factory=lambda: [[]])

    @classmethod
    def of(cls, document: bytes) -> _Outline:
        made, parser = cls(), expat.ParserCreate("utf-8")
        parser.StartElementHandler = lambda _name, given: made._begin(given.get("id"), parser)
        parser.EndElementHandler = lambda _name: made._end(parser)
        parser.CommentHandler = made._remark
        parser.ParseFile(BytesIO(document))
        made._settle(AFTER_ALL, ROOT)
        return made

    def _remark(self, text: str) -> None:
        self._loose[-1].append(text)

    def _begin(self, name: str | None, parser: Any) -> None:
        name = name if self._around else ROOT
        if name is not None:
            self.starts[name] = parser.CurrentByteIndex
            self._settle(BEFORE, name)
        self._around.append(name)
        self._loose.append([])

    def _end(self, parser: Any) -> None:
        name, inner = self._around.pop(), self._loose.pop()
        if name is not None:
            self.ends[name] = parser.CurrentByteIndex
            self.remarks += [Remark(text, AT_END, name) for text in inner]
        else:  # what has no id is part of what comes next, or holds it
            self._loose[-1] += inner

    def _settle(self, place: str, name: str) -> None:
        self.remarks += [Remark(text, place, name) for text in self._loose[-1]]
        self._loose[-1].clear()

    def offset(self, remark: Remark, document: bytes) -> int | None:
        """Where it belongs in the bytes; None when its element is gone."""
        if remark.place == AFTER_ALL:
            return len(document.rstrip())
        if remark.place == AT_END and document.startswith(b"</", self.ends.get(remark.element, 0)):
            return self.ends[remark.element]
        return self.starts.get(remark.element)


def with_remarks(old: str, new: str) -> str:
    """The new document with the comments of the old one that it does not have. Both must be such as can be read."""
    if "<!--" not in old:
        return new
    document = new.encode()
    outline = _Outline.of(document)
    there = Counter(remark.text for remark in outline.remarks)
    inserted: list[tuple[int, bytes]] = []
    for remark in _Outline.of(old.encode()).remarks:
        if there[remark.text]:
            there[remark.text] -= 1
            continue
        at = outline.offset(remark, document)
        if at is not None:
            inserted.append((at, _written(remark, document, at)))
    parts, done = [], 0
    for at, text in sorted(inserted, key=lambda one: one[0]):
        parts += [document[done:at], text]
        done = at
    return b"".join([*parts, document[done:]]).decode()


def _written(remark: Remark, document: bytes, at: int) -> bytes:
    """The comment, on a line of its own where what follows has one."""
    text = f"<!--{remark.text}-->".encode()
    if remark.place == AFTER_ALL:
        return b"\n" + text
    line = document.rfind(b"\n", 0, at)
    before = document[line + 1 : at]
    if line < 0 or before.strip():
        return text
    inside = b"  " if remark.place == AT_END and document.startswith(b"</", at) else b""
    return inside + text + b"\n" + before
