"""ISBT 128 (ICCBBA): the data structures of a UDI, one behind the other or in a compound message.

`=/` device identifier (16), `=,` serial (6), `=>` expiry, `=}` production date (both cyyjjj), `&,1` lot (18), `=` and a
letter or digit: donation number (15), which is kept as the serial when there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from app.catalog.udi import days
from app.catalog.udi.refusing import BadUdi
from app.core.i18n import _l

_PIECE = re.compile(
    r"=/(?P<di>[A-Z0-9]{16})|=,(?P<serial>[A-Z0-9]{6})|=>(?P<expires>[0-9]{6})|=}(?P<made>[0-9]{6})"
    r"|&,1(?P<lot>[A-Z0-9]{18})|=\+(?P<message>[0-9]{5})|=(?P<donation>[A-Z1-9][A-Z0-9]{14})"
)


@dataclass(frozen=True)
class Isbt:
    """What the code says."""

    di: str = ""
    serial: str = ""
    donation: str = ""
    lot_no: str = ""
    made_on: date | None = None
    expires_on: date | None = None


def parse(text: str) -> Isbt:
    """Read the structures. Raises BadUdi."""
    place = 0
    told: dict[str, str] = {}
    while place < len(text):
        found = _PIECE.match(text, place)
        if found is None:
            raise BadUdi("ISBT 128", _l("this is no data structure that is known here"))
        told |= {name: value for name, value in found.groupdict().items() if value is not None}
        place = found.end()
    return Isbt(
        di=told.get("di", ""),
        serial=told.get("serial", ""),
        donation=told.get("donation", ""),
        lot_no=told.get("lot", "").lstrip("0"),
        made_on=_day("=}", told.get("made")),
        expires_on=_day("=>", told.get("expires")),
    )


def build(data: Isbt) -> str:
    """The structures one behind the other."""
    pieces = (
        f"=/{data.di}" if data.di else "",
        f"=,{data.serial}" if data.serial else "",
        f"={data.donation}" if data.donation else "",
        _stamp("=>", data.expires_on),
        _stamp("=}", data.made_on),
        f"&,1{data.lot_no:0>18}" if data.lot_no else "",
    )
    return "".join(pieces)


def _day(part: str, digits: str | None) -> date | None:
    """cyyjjj: c is the third digit of the year, 9 stands for the 1900s."""
    if digits is None:
        return None
    century = 1000 if digits[0] == "9" else 2000
    return days.day_number(part, century + int(digits[:3]), int(digits[3:]))


def _stamp(mark: str, day: date | None) -> str:
    return f"{mark}{day.year % 1000:03d}{day:%j}" if day else ""
