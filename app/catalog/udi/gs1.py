"""GS1: element strings as scanned, in brackets for people, as a digital link; parsed, checked and built.

An element is a pair (application identifier, value). `parse` checks each value and, if `whole`, that the elements go
together; a label may carry them in several codes, of which each is read with `whole=False`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import quote, unquote, urlsplit

from biip.checksums import gs1_standard_check_digit

from app.catalog.udi import days
from app.catalog.udi.ais import KNOWN, LENGTHS, Ai, Field
from app.catalog.udi.refusing import BadUdi
from app.core.i18n import _, _l

Element = tuple[str, str]
SEPARATOR = "\x1d"
"""FNC1 between two elements, as scanners send it (GS)."""
PREFIXES = ("]d2", "]C1", "]Q3", "]e0", "]J1")
"""Symbology identifiers of GS1 DataMatrix, GS1-128, GS1 QR, GS1 DataBar, GS1 DotCode."""
RESOLVER = "https://id.gs1.org"

_82 = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+"
_SHAPES = {"n": re.compile(r"[0-9]+"), "x": re.compile(_82), "y": re.compile(r"[#\-/0-9A-Z]+")}
_WORDS = {
    "n": _l("only digits are allowed"),
    "x": _l("contains a character that GS1 does not allow"),
    "y": _l("contains a character that GS1 does not allow"),
}
_BRACKET = re.compile(r"(?<!\\)\((\d{2,4})\)")
_QUALIFIERS = {
    "01": ("22", "10", "21", "235"),
    "8006": ("22", "10", "21"),
    "03": ("21",),
    "414": ("254", "7040"),
    "417": ("7040",),
    "8004": ("7040",),
    "8010": ("8011",),
    "415": ("8020",),
    "8017": ("8019",),
    "8018": ("8019",),
    **dict.fromkeys(("00", "253", "255", "401", "402", "8003", "8013"), ()),
}
"""Primary keys of digital links, each with what may follow it in the path, in this order."""


def parse(text: str, *, whole: bool = True) -> tuple[Element, ...]:
    """The elements of a scanned element string (with or without symbology identifier), in their order; one in
    brackets and a digital link are taken too. Raises BadUdi."""
    if text.startswith("("):
        found = _from_brackets(text)
    elif text.startswith(("http://", "https://")):
        found = _from_link(text)
    else:
        found = _from_scan(text)
    if not found:
        raise BadUdi("GS1", _l("there is nothing in it"))
    if whole:
        check_together(found)
    return tuple(found)


def _from_scan(text: str) -> list[Element]:
    start = 3 if text[:3] in PREFIXES else 0
    place, end = start, len(text)
    if text[place : place + 1] == SEPARATOR:
        place += 1
    found: list[Element] = []
    while place < end:
        size = LENGTHS.get(text[place : place + 2])
        ai = KNOWN.get(text[place : place + size]) if size else None
        if ai is None:
            raise BadUdi(text[place : place + 4], _l("this is no application identifier that is known here"))
        place += len(ai.code)
        if ai.known_length:
            value, place = text[place : place + ai.known_length], place + ai.known_length
            if text[place : place + 1] == SEPARATOR:
                place += 1
        else:
            stop = text.find(SEPARATOR, place)
            stop = end if stop < 0 else stop
            value, place = text[place:stop], stop + 1
        check_value(ai, value)
        found.append((ai.code, value))
    return found


def _from_brackets(text: str) -> list[Element]:
    marks = list(_BRACKET.finditer(text))
    if not marks or marks[0].start() != 0:
        raise BadUdi("GS1", _l("an application identifier in brackets is missing at the beginning"))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        checked(mark.group(1), text[mark.end() : end].replace("\\(", "("))
        for mark, end in zip(marks, ends, strict=True)
    ]


def _from_link(text: str) -> list[Element]:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise BadUdi("GS1", _l("this is no address")) from error
    path = [unquote(one) for one in parts.path.split("/") if one]
    start = next((at for at in range(len(path) - 1) if path[at] in _QUALIFIERS and (len(path) - at) % 2 == 0), None)
    if start is None:
        raise BadUdi("GS1", _l("the address names no key of GS1"))
    pairs = list(zip(path[start::2], path[start + 1 :: 2], strict=True))
    follow = _QUALIFIERS[pairs[0][0]]
    places = [follow.index(code) if code in follow else -1 for code, _value in pairs[1:]]
    if -1 in places or places != sorted(set(places)):
        raise BadUdi(pairs[0][0], _l("what follows it in the address does not belong there, or not in that order"))
    asked = [one.partition("=") for one in parts.query.replace(";", "&").split("&")]
    pairs += [(name, unquote(value)) for name, _equals, value in asked if name in KNOWN]
    return [
        checked(code, value.zfill(14) if code in ("01", "02") and len(value) < 14 else value) for code, value in pairs
    ]


def checked(code: str, value: str) -> Element:
    """The element, when its value follows the rules of its identifier. Raises BadUdi."""
    ai = KNOWN.get(code)
    if ai is None:
        raise BadUdi(code, _l("this is no application identifier that is known here"))
    check_value(ai, value)
    return code, value


def check_value(ai: Ai, value: str) -> None:
    """Raises BadUdi when the value is not what the identifier announces."""
    part = f"({ai.code})"
    if len(value) < ai.least:
        raise BadUdi(
            part, _("is too short: %(length)s of at least %(least)s characters", length=len(value), least=ai.least)
        )
    if len(value) > ai.most:
        raise BadUdi(
            part,
            _(
                "is too long: at most %(most)s characters. A scanner that drops the separator (FNC1) joins two.",
                most=ai.most,
            ),
        )
    place = 0
    for field in ai.fields:
        piece = value[place : place + field.most]
        place += len(piece)
        if not piece and field.optional:
            continue
        if len(piece) < field.least:
            raise BadUdi(part, _l("a part of it has the wrong length"))
        if not _SHAPES[field.kind].fullmatch(piece):
            raise BadUdi(part, _WORDS[field.kind])
        if field.check:
            _check(part, field, piece)


def _check(part: str, field: Field, piece: str) -> None:
    if field.check == "check":
        expected = gs1_standard_check_digit(piece[:-1])
        if int(piece[-1]) != expected:
            raise BadUdi(
                part, _("check digit is %(found)s, should be %(expected)s", found=piece[-1], expected=expected)
            )
    elif field.check in ("day", "open_day"):
        days.yymmdd(part, piece, open_day=field.check == "open_day")
    elif field.check == "hour":
        days.yymmdd(part, piece[:6], open_day=False)
        _must(part, piece[6:] <= "23", _l("there is no such time of day"))
    elif field.check == "time":
        _must(part, piece[:2] <= "23" and piece[2:] <= "59", _l("there is no such time of day"))
    elif field.check == "piece":
        _must(part, "00" < piece[:2] <= piece[2:], _l("the number of the piece must lie between 1 and the total"))
    else:
        allowed = {
            "yes_no": piece in "01",
            "minus": piece == "-",
            "zero": piece == "0",
            "threes": len(piece) % 3 == 0,
            "no_zero": piece[0] != "0" or len(piece) == 1,
        }
        _must(part, allowed[field.check], _l("this value is not allowed here"))


def _must(part: str, holds: bool, reason: object) -> None:  # noqa: FBT001
    if not holds:
        raise BadUdi(part, str(reason))


def check_together(elements: Sequence[Element]) -> None:
    """What each identifier needs and excludes, over everything that one item is marked with. Raises BadUdi."""
    values: dict[str, str] = {}
    for code, value in elements:
        if values.setdefault(code, value) != value:
            raise BadUdi(f"({code})", _l("stands there twice with different values"))
    for code in values:
        ai = KNOWN[code]
        for group in ai.needs:
            if not any(one in values for one in group):
                raise BadUdi(
                    f"({code})",
                    _("needs one of these beside it: %(codes)s", codes=" ".join(f"({one})" for one in group)),
                )
        for one in ai.excludes:
            other = next((found for found in values if found != code and found.startswith(one)), None)
            if other is not None and (len(one) == 3 or other == one):
                raise BadUdi(f"({code})", _("may not stand beside (%(other)s)", other=other))


def device(
    *,
    di: str,
    lot_no: str = "",
    serial: str = "",
    made_on: date | None = None,
    expires_on: date | None = None,
) -> tuple[Element, ...]:
    """The elements of a UDI in the order in which they are printed: what has a known length first. Raises BadUdi."""
    told = (
        ("01", di),
        ("11", f"{made_on:%y%m%d}" if made_on else ""),
        ("17", f"{expires_on:%y%m%d}" if expires_on else ""),
        ("10", lot_no),
        ("21", serial),
    )
    return tuple(checked(code, value) for code, value in told if value)


def element_string(elements: Iterable[Element], *, prefix: str = "") -> str:
    """As a scanner sends it: a separator after each value of open length but the last; `prefix` as `]d2`."""
    pieces: list[str] = []
    ends = True
    for code, value in elements:
        pieces += [code, value] if ends else [SEPARATOR, code, value]
        ends = bool(KNOWN[code].known_length)
    return prefix + "".join(pieces)


def human(elements: Iterable[Element]) -> str:
    """As people read it, identifiers in brackets; `parse` reads it back."""
    return "".join(f"({code}){value.replace('(', chr(92) + '(')}" for code, value in elements)


def digital_link(elements: Sequence[Element], resolver: str = RESOLVER) -> str:
    """As an address: key and qualifiers in its path, all else behind the question mark. Raises BadUdi."""
    values = dict(elements)
    key = next((code for code in values if code in _QUALIFIERS), None)
    if key is None:
        raise BadUdi("GS1", _l("the address names no key of GS1"))
    named = [key, *(code for code in _QUALIFIERS[key] if code in values)]
    path = "".join(f"/{code}/{quote(values[code], safe='')}" for code in named)
    rest = "&".join(f"{code}={quote(value, safe='')}" for code, value in values.items() if code not in named)
    return f"{resolver}{path}{'?' if rest else ''}{rest}"


def day(code: str, value: str, this_year: int | None = None) -> date:
    """The date that a value of 11, 17, 7003 … says. Raises BadUdi."""
    return days.yymmdd(f"({code})", value[:6], open_day=code not in ("7003", "7006", "4326"), this_year=this_year)


def with_check_digit(digits: str) -> str:
    """The digits of a GTIN, GLN or SSCC with the check digit that they lack."""
    return f"{digits}{gs1_standard_check_digit(digits)}"
