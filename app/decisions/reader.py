"""Taking a loaded file apart: each taker checks the shape and refuses with file, rule and line."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any

from app.core.i18n import _
from app.decisions.outcome import Texts
from app.decisions.source import NO_RULE, Located
from app.decisions.terms import type_name

WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
_TYPES = {int: "int", str: "text", bool: "bool", date: "date"}


class Fields:
    """The entries of one mapping of the file. `done()` refuses what nobody asked for."""

    def __init__(self, found: Located, rule: str = NO_RULE, what: str = "") -> None:
        if not isinstance(found.value, dict):
            raise found.refuse(_("%(what)s must be a mapping", what=what or _("this")), rule)
        self.found = found
        self.rule = rule
        self.asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.found.value

    def raw(self, key: str) -> Located | None:
        """The entry, or None."""
        self.asked.add(key)
        entry: Located | None = self.found.value.get(key)
        return entry

    def need(self, key: str) -> Located:
        """The entry. Refuses when it is missing."""
        entry = self.raw(key)
        if entry is None:
            raise self.found.refuse(_("“%(key)s” is missing", key=key), self.rule)
        return entry

    def refuse(self, entry: Located, reason: str) -> Exception:
        """The error about an entry of this mapping."""
        return entry.refuse(reason, self.rule)

    def typed(self, entry: Located, kind: type, key: str) -> Any:
        """The entry's value if it has the type."""
        if type(entry.value) is not kind:
            raise self.refuse(entry, _("“%(key)s” must be %(kind)s", key=key, kind=type_name(_TYPES[kind])))
        return entry.value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        if default is not None and key not in self:
            self.asked.add(key)
            return default
        return int(self.typed(self.need(key), int, key))

    def flag(self, key: str) -> bool:
        """true or false; false when it is not there."""
        entry = self.raw(key)
        return bool(self.typed(entry, bool, key)) if entry is not None else False

    def day(self, key: str) -> date | None:
        """A date, or None when it is not there."""
        entry = self.raw(key)
        found: date | None = self.typed(entry, date, key) if entry is not None else None
        return found

    def text(self, key: str, most: int = 2000) -> str:
        """Text that is not empty."""
        entry = self.need(key)
        value = str(self.typed(entry, str, key))
        if not value.strip() or len(value) > most:
            raise self.refuse(entry, _("“%(key)s” must have 1 to %(most)s characters", key=key, most=most))
        return value

    def word(self, key: str) -> str:
        """An identifier."""
        return self.as_word(self.need(key), key)

    def as_word(self, entry: Located, key: str) -> str:
        """The entry as an identifier."""
        value = self.typed(entry, str, key)
        if not WORD.match(value):
            raise self.refuse(entry, _("“%(key)s” must be a word of letters, digits, _ . -", key=key))
        return str(value)

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """One of the choices."""
        entry = self.raw(key)
        if entry is None and default is not None:
            return default
        entry = entry or self.need(key)
        if not isinstance(entry.value, str) or entry.value not in choices:
            sentence = _("“%(key)s” must be one of %(choices)s", key=key, choices=", ".join(choices) or "–")
            raise self.refuse(entry, sentence)
        return entry.value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of identifiers; empty when it is not there."""
        entry = self.raw(key)
        if entry is None:
            return ()
        return tuple(self.as_word(item, key) for item in self.listed(entry, key))

    def listed(self, entry: Located, key: str) -> list[Located]:
        """The items of a list."""
        if not isinstance(entry.value, list):
            raise self.refuse(entry, _("“%(key)s” must be a list", key=key))
        return entry.value

    def texts(self, key: str) -> Texts:
        """A text in both languages."""
        inner = Fields(self.need(key), self.rule, key)
        found = {"en": inner.text("en"), "zh": inner.text("zh")}
        inner.done()
        return found

    def inner(self, key: str) -> Fields:
        """A mapping inside."""
        return Fields(self.need(key), self.rule, key)

    def items(self) -> list[tuple[str, Located]]:
        """All entries, each counting as asked for."""
        self.asked.update(self.found.value)
        return list(self.found.value.items())

    def done(self) -> None:
        """Refuse entries that nobody asked for: a typing error must not be silently ignored."""
        for key, entry in self.found.value.items():
            if key not in self.asked:
                known = ", ".join(sorted(self.asked))
                raise self.refuse(entry, _("unknown key “%(key)s”; known here: %(known)s", key=key[:60], known=known))
