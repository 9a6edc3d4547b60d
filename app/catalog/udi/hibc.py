"""HIBC (ANSI/HIBC 2.6): primary `+LIC PCN U`, secondary `$$…` beside it (`/`) or in a code of its own.

Every code ends in a check character (modulo 43). In a code of its own the secondary data end in a link: the check
character of the primary code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.catalog.identifiers import HIBC_ALPHABET, hibc_check_character
from app.catalog.udi import days
from app.catalog.udi.refusing import BadUdi
from app.core.i18n import _, _l

FORMATS = ("MMYY", "MMDDYY", "YYMMDD", "YYMMDDHH", "YYJJJ", "YYJJJHH")
"""How an expiry can be written after `$$`; the flag of the first is missing, of the others 2 to 6."""
_FLAGS = {"2": "MMDDYY", "3": "YYMMDD", "4": "YYMMDDHH", "5": "YYJJJ", "6": "YYJJJHH"}
_PRIMARY = re.compile(r"([A-Z][A-Z0-9]{3})([A-Z0-9]{1,18})([0-9])")
_TEXT = re.compile(r"[0-9A-Z. $%+-]{0,18}")
_DATED = re.compile(r"(14|16)D([0-9]{8})")
_QUANTITY = re.compile(r"Q([0-9]{1,5})")
EXPIRY, MADE = _l("Expiry date"), _l("Made on")


@dataclass(frozen=True)
class Hibc:
    """What the code says. `link` only in a secondary code of its own."""

    lic: str = ""
    pcn: str = ""
    unit: str = ""
    lot_no: str = ""
    serial: str = ""
    expires_on: date | None = None
    hour: int | None = None
    date_format: str = ""
    made_on: date | None = None
    quantity: int | None = None
    link: str = ""

    @property
    def di(self) -> str:
        """Labeler, product and unit of measure, without plus and check character; empty in a secondary code."""
        return f"{self.lic}{self.pcn}{self.unit}"


def with_check_character(di: str) -> str:
    """The identifier as registries write it that keep its check character."""
    return di + hibc_check_character(f"+{di}")


def parse(text: str, this_year: int | None = None) -> Hibc:
    """Read a code that begins with `+`. Raises BadUdi."""
    code = _checked(text.upper())
    body = code[1:-1]
    if not body[:1].isalpha():
        if len(body) < 2:
            raise BadUdi("HIBC", _l("there is nothing in it"))
        return Hibc(link=body[-1], **_secondary(body[:-1].split("/"), this_year))
    primary, *more = body.split("/")
    found = _PRIMARY.fullmatch(primary)
    if found is None:
        raise BadUdi("HIBC", _l("not built like an HIBC identifier"))
    lic, pcn, unit = found.groups()
    return Hibc(lic, pcn, unit, **_secondary(more, this_year))


def _checked(code: str) -> str:
    """The code with a right check character; a space at its end may have been cut off."""
    if not code.startswith("+") or len(code) < 3 or any(one not in HIBC_ALPHABET for one in code):
        raise BadUdi("HIBC", _l("not built like an HIBC identifier"))
    expected = hibc_check_character(code[:-1])
    if code[-1] == expected:
        return code
    if hibc_check_character(code) == " ":
        return f"{code} "
    raise BadUdi("HIBC", _("check character is %(found)s, should be %(expected)s", found=code[-1], expected=expected))


def _secondary(segments: list[str], this_year: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for segment in segments:
        dated, counted = _DATED.fullmatch(segment), _QUANTITY.fullmatch(segment)
        if dated is not None:
            name, digits = "expires_on" if dated.group(1) == "14" else "made_on", dated.group(2)
            part = str(EXPIRY if name == "expires_on" else MADE)
            told[name] = days.day_of(part, int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        elif counted is not None:
            told["quantity"] = int(counted.group(1))
        elif segment.startswith("S"):
            told["serial"] = _text("S", segment[1:])
        else:
            told |= _main(segment, this_year)
    return told


def _main(segment: str, this_year: int | None) -> dict[str, Any]:
    if segment.startswith("$$"):
        name, rest = ("serial", segment[3:]) if segment.startswith("$$+") else ("lot_no", segment[2:])
        counted, rest = _quantity(rest)
        dated, rest = _expiry(rest, this_year)
        return counted | dated | {name: _text(name, rest)}
    if segment.startswith("$+"):
        return {"serial": _text("serial", segment[2:])}
    if segment.startswith("$"):
        return {"lot_no": _text("lot_no", segment[1:])}
    if segment[:5].isdecimal() and len(segment) >= 5:
        return {
            "expires_on": _by_number(segment[:5], this_year),
            "lot_no": _text("lot_no", segment[5:]),
        }
    raise BadUdi(segment[:12], _l("this is no field of HIBC"))


def _quantity(rest: str) -> tuple[dict[str, Any], str]:
    width = {"8": 2, "9": 5}.get(rest[:1], 0)
    if not width:
        return {}, rest
    return {"quantity": _digits("$$", rest[1 : 1 + width], width)}, rest[1 + width :]


def _expiry(rest: str, this_year: int | None) -> tuple[dict[str, Any], str]:
    if not rest or rest.startswith("7"):
        return {}, rest[1:]
    form = _FLAGS.get(rest[0], "MMYY")
    start = 0 if form == "MMYY" else 1
    digits, rest = rest[start : start + len(form)], rest[start + len(form) :]
    _digits(str(EXPIRY), digits, len(form))
    found: dict[str, Any] = {"date_format": form, "expires_on": _read(form, digits, this_year)}
    if form.endswith("HH"):
        found["hour"] = int(digits[-2:])
        if int(digits[-2:]) > 23:
            raise BadUdi(str(EXPIRY), _l("there is no such time of day"))
    return found, rest


def _read(form: str, digits: str, this_year: int | None) -> date:
    part = str(EXPIRY)
    if form == "MMYY":
        return days.day_of(part, days.whole_year(int(digits[2:]), this_year), int(digits[:2]), 0, open_day=True)
    if form == "MMDDYY":
        return days.day_of(part, days.whole_year(int(digits[4:]), this_year), int(digits[:2]), int(digits[2:4]))
    if form.startswith("YYMMDD"):
        return days.yymmdd(part, digits, open_day=False, this_year=this_year)
    return _by_number(digits[:5], this_year)


def _by_number(digits: str, this_year: int | None) -> date:
    return days.day_number(str(EXPIRY), days.whole_year(int(digits[:2]), this_year), int(digits[2:]))


def _digits(part: str, text: str, width: int) -> int:
    if len(text) != width or not (text.isascii() and text.isdecimal()):
        raise BadUdi(part, _l("only digits are allowed"))
    return int(text)


def _text(part: str, text: str) -> str:
    if not _TEXT.fullmatch(text):
        raise BadUdi(part, _l("at most 18 letters and digits"))
    return text


def build(data: Hibc) -> str:
    """The code with its check character: primary with secondary data beside it, or secondary alone with a link.

    An expiry is written in its `date_format` (YYMMDD if none is given). Raises BadUdi when that cannot be read back.
    """
    segments = [one for one in (_written(data), *_beside(data)) if one]
    body = f"+{data.di}" + "".join(f"/{one}" for one in segments) if data.lic else f"+{'/'.join(segments)}{data.link}"
    code = body + hibc_check_character(body)
    parse(code)
    return code


def _written(data: Hibc) -> str:
    counted = (
        "" if data.quantity is None else f"8{data.quantity:02d}" if data.quantity < 100 else f"9{data.quantity:05d}"
    )
    dated = _stamp(data)
    name, value = ("+", data.serial) if data.serial and not data.lot_no else ("", data.lot_no)
    if counted or dated:
        return f"$${name}{counted}{dated or '7'}{value}"
    return f"${name}{value}" if value else ""


def _beside(data: Hibc) -> list[str]:
    serial = f"S{data.serial}" if data.serial and data.lot_no else ""
    return [serial, f"16D{data.made_on:%Y%m%d}" if data.made_on else ""]


def _stamp(data: Hibc) -> str:
    if data.expires_on is None:
        return ""
    form = data.date_format or "YYMMDD"
    day, hour = data.expires_on, f"{data.hour or 0:02d}"
    written = {
        "MMYY": f"{day:%m%y}",
        "MMDDYY": f"2{day:%m%d%y}",
        "YYMMDD": f"3{day:%y%m%d}",
        "YYMMDDHH": f"4{day:%y%m%d}{hour}",
        "YYJJJ": f"5{day:%y%j}",
        "YYJJJHH": f"6{day:%y%j}{hour}",
    }
    return written[form]
