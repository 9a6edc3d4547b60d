"""Regulatory profiles (rules/profiles.yaml): numbers of legal origin, copied into a rule set's text when it is stored.

A parameter written as `{profile: cn.recall_notice_i}` becomes `{profile: cn.recall_notice_i, value: 24, unit: hour, …}`
on the same line: the version is whole by itself, its hash covers the number, line numbers stay. A text in which the
number stands already gets today's number, so that nobody can keep a name and change what it stands for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from app.core.i18n import _
from app.decisions.outcome import Texts
from app.decisions.reader import Fields
from app.decisions.schema import FOLDER, UNITS
from app.decisions.source import Located, load
from app.documents.retention import Terms

_in_force = "cn"


@dataclass(frozen=True)
class Number:
    """One number of a profile, with where it comes from."""

    value: int | Decimal | bool | date
    unit: str
    label: Texts
    source: Texts


@dataclass(frozen=True)
class PapersNeeded:
    """What must be on file of a kind of subject before it is traded: one of `any_of`."""

    of: str
    kinds: tuple[str, ...]
    """Of the party; empty: all."""
    from_class: int
    """Only where devices of that class or above are concerned."""
    any_of: tuple[str, ...]
    source: Texts


Profiles = dict[str, dict[str, Number]]


def use(profile: str) -> None:
    """Make it the profile in force: what a name without a profile means."""
    global _in_force  # noqa: PLW0603 - set once at start, like the time zone
    _in_force = profile


def retention_terms() -> Terms | None:
    """How long papers must be kept, in years, by the profile in force; None when it has no numbers for that."""
    known = shipped().get(_in_force, {})
    if not {"keep_after_expiry", "keep_at_least", "keep_implants"} <= known.keys():
        return None
    implants = known["keep_implants"].value
    return Terms(
        after_expiry=int(str(known["keep_after_expiry"].value)),
        at_least=int(str(known["keep_at_least"].value)),
        implants=None if implants is True else int(str(implants)),
    )


def resolve(text: str, file: str = "rules.yaml", profiles: Profiles | None = None) -> str:
    """The text with the numbers its parameters name. Raises RuleFileInvalid."""
    if "profile:" not in text:
        return text
    found = load(text, file)
    parameters = found.value.get("parameters") if isinstance(found.value, dict) else None
    if parameters is None or not isinstance(parameters.value, dict):
        return text
    known = shipped() if profiles is None else profiles
    numbers = {
        name: _number(entry, known)
        for name, entry in parameters.value.items()
        if isinstance(entry.value, dict) and "profile" in entry.value
    }
    spans = _spans(text, numbers)
    for name in sorted(numbers, key=lambda one: -spans[one][0]):
        start, end = spans[name]
        if text[start] != "{" or "\n" in text[start:end]:
            raise parameters.value[name].refuse(_("write it on one line: {profile: …}"), name)
        text = text[:start] + numbers[name] + text[end:]
    return text


def _number(entry: Located, known: Profiles) -> str:
    named = entry.value["profile"]
    profile, _dot, name = str(named.value).rpartition(".")
    found = known.get(profile or _in_force, {}).get(name)
    if found is None:
        raise named.refuse(_("there is no number “%(name)s” in the regulatory profiles", name=str(named.value)[:60]))
    parts = {
        "profile": str(named.value),
        "value": str(found.value).lower(),
        "unit": json.dumps(found.unit),
        "label": _texts(found.label),
        "source": _texts(found.source),
    }
    return "{" + ", ".join(f"{key}: {part}" for key, part in parts.items()) + "}"


def _texts(texts: Texts) -> str:
    return "{" + ", ".join(f"{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in texts.items()) + "}"


def _spans(text: str, names: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Where the parameters of those names stand in the text."""
    top: Any = yaml.compose(text, Loader=yaml.CSafeLoader)
    (parameters,) = (value for key, value in top.value if key.value == "parameters")
    return {
        key.value: (value.start_mark.index, value.end_mark.index)
        for key, value in parameters.value
        if key.value in names
    }


def shipped() -> Profiles:
    """The profiles of this installation."""
    path = FOLDER / "profiles.yaml"
    return _shipped(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _shipped(path: str, _changed: int) -> Profiles:
    return read_profiles(Path(path).read_text(encoding="utf-8"))


def read_profiles(text: str, file: str = "profiles.yaml") -> Profiles:
    """The profiles of that text. Raises RuleFileInvalid."""
    top = Fields(load(text, file))
    if top.whole("schema") != 1:
        raise top.refuse(top.need("schema"), _("only schema 1 is known"))
    found = {name: _profile(Fields(entry, what=name)) for name, entry in top.inner("profiles").items()}
    top.done()
    return found


def number(name: str) -> int:
    """A whole number of the profile in force; of China's where that does not have it. Raises KeyError."""
    known = shipped()
    return int((known.get(_in_force, {}).get(name) or known["cn"][name]).value)  # type: ignore[arg-type]


def papers_needed() -> list[PapersNeeded]:
    """Which papers the profile in force wants on file; China's where it says nothing."""
    path = FOLDER / "profiles.yaml"
    known = _papers(str(path), path.stat().st_mtime_ns)
    return known.get(_in_force) or known["cn"]


@lru_cache(maxsize=2)
def _papers(path: str, _changed: int) -> dict[str, list[PapersNeeded]]:
    top = Fields(load(Path(path).read_text(encoding="utf-8"), "profiles.yaml"))
    found = {}
    for name, entry in top.inner("profiles").items():
        papers = Fields(entry, what=name).raw("papers")
        found[name] = [] if papers is None else [_needed(Fields(one)) for one in papers.value]
    return found


def _needed(fields: Fields) -> PapersNeeded:
    made = PapersNeeded(
        of=fields.word("of"),
        kinds=fields.words("kinds"),
        from_class=fields.whole("from_class", default=0),
        any_of=fields.words("any_of"),
        source=fields.texts("source"),
    )
    fields.done()
    return made


def _profile(fields: Fields) -> dict[str, Number]:
    fields.texts("name")
    fields.raw("papers")
    found = {}
    for name, entry in fields.inner("numbers").items():
        inner = Fields(entry, what=name)
        value = inner.need("value")
        if value.value is None or isinstance(value.value, dict | list | str):
            raise inner.refuse(value, _("a number of a profile must be a number, date, true or false"))
        unit = inner.choice("unit", UNITS, default="")
        found[name] = Number(value.value, unit, inner.texts("label"), inner.texts("source"))
        inner.done()
    fields.done()
    return found
