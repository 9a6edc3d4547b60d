"""YAML as we allow it: no anchors, aliases or tags, no duplicate keys, bounded size and depth; values know their line.

Plain scalars are whole numbers, decimals, dates, true, false, null, else text: `no`, `on` and `1_000` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from app.core.errors import DomainError
from app.core.i18n import _, _l, language

LARGEST = 256 * 1024
DEEPEST = 12
NO_RULE = "–"
"""Instead of a rule's id, in what is about no rule."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,6})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class RuleFileInvalid(DomainError):
    """A rule file (or facts.yaml) says something it may not; nothing of it is used.

    Of a decision table the details also name the column, from 1: its inputs, then its outputs.
    """

    message = _l("%(file)s, line %(line)s, rule %(rule)s: %(reason)s")

    def __init__(self, *, file: str, line: int, reason: str, rule: str = NO_RULE, column: int = 0) -> None:
        place = {"column": column} if column else {}
        super().__init__(file=file, line=line, rule=rule, reason=reason, **place)

    def sentence(self) -> str:
        """With file and line, and with the rule if it is about one."""
        if self.details["rule"] == NO_RULE:
            return _("%(file)s, line %(line)s: %(reason)s", **self.details)
        return super().sentence()

    def in_form(self) -> str:
        """For forms, whose readers see neither file nor lines."""
        rule, reason = str(self.details["rule"]), str(self.details["reason"])
        return reason if rule == NO_RULE else _("Rule %(rule)s: %(reason)s", rule=rule, reason=reason)


@dataclass(frozen=True)
class Located:
    """A value of the file with its line (from 1). Mappings hold str → Located, lists hold Located."""

    value: Any
    line: int
    file: str

    def refuse(self, reason: str, rule: str = NO_RULE) -> RuleFileInvalid:
        """The error to raise about this value."""
        return RuleFileInvalid(file=self.file, line=self.line, reason=reason, rule=rule)

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def read_day(text: str, refuse: Callable[[str], Exception]) -> date:
    """A day written as YYYY-MM-DD. Raises what `refuse` makes."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(_("there is no day %(day)s", day=text[:40])) from None


def load(text: str, file: str) -> Located:
    """The one document of the text. Raises RuleFileInvalid."""
    if len(text.encode()) > LARGEST:
        raise RuleFileInvalid(file=file, line=1, reason=_("larger than %(most)s bytes", most=LARGEST))
    try:
        _refuse_events(yaml.parse(text, Loader=yaml.CSafeLoader), file)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RuleFileInvalid(file=file, line=line, reason=_not_yaml(error)) from None
    except yaml.YAMLError:
        raise RuleFileInvalid(file=file, line=1, reason=_("has characters that YAML does not allow")) from None
    if node is None:
        raise RuleFileInvalid(file=file, line=1, reason=_("is empty"))
    return _located(node, file)


def _not_yaml(error: yaml.MarkedYAMLError) -> str:
    """In the reader's language; the parser's own words are English."""
    words = f" ({error.problem})" if error.problem and language() == "en" else ""
    return _("this is not valid YAML") + words


def _refuse_events(events: Iterator[Any], file: str) -> None:
    """Before anything is built: aliases could make a small file grow without end."""
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RuleFileInvalid(file=file, line=line, reason=_("anchors and aliases are not allowed"))
        if getattr(event, "tag", None):
            raise RuleFileInvalid(file=file, line=line, reason=_("tags are not allowed"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise RuleFileInvalid(file=file, line=line, reason=_("nested deeper than %(most)s levels", most=DEEPEST))


def _located(node: yaml.Node, file: str) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Located(_mapping(node, file), line, file)
    if isinstance(node, yaml.SequenceNode):
        return Located([_located(item, file) for item in node.value], line, file)
    return Located(_scalar(node, file, line), line, file)


def _mapping(node: yaml.MappingNode, file: str) -> dict[str, Located]:
    found: dict[str, Located] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise RuleFileInvalid(file=file, line=line, reason=_("a key must be a word"))
        if key.value in found:
            raise RuleFileInvalid(file=file, line=line, reason=_("“%(key)s” is given twice", key=key.value[:60]))
        found[key.value] = _located(value, file)
    return found


def _scalar(node: Any, file: str, line: int) -> Any:
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.match(text):
        return Decimal(text) if "." in text else int(text)
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise RuleFileInvalid(file=file, line=line, reason=_("there is no day %(day)s", day=text)) from None
    return text
