"""Application identifiers of GS1: how long, of which characters, checked how, together with which others.

The facts are those of the GS1 General Specifications and of GS1's syntax dictionary, written here for what stands on
medical devices, their packages and places. Prices, coupons and food are left out.

A row: identifiers, form, what it needs, what it excludes. A form is a list of fields `n6`, `x..20`, `[n4]` (may be
missing), each with its check behind a colon. Each item of `needs` lists identifiers of which one must be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ITEM = "01,02,03,8006,8026"
"""What a lot, a date or a further number of an item belongs to."""

_ROWS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("00", "n18:check", (), ""),
    ("01", "n14:check", (), "02,03,255,37"),
    ("02", "n14:check", ("37",), "01,03"),
    ("03", "n14:check", (), "01,02,37"),
    ("10", "x..20", (ITEM,), ""),
    ("11", "n6:open_day", (ITEM,), ""),
    ("12", "n6:open_day", ("8020",), ""),
    ("13", "n6:open_day", (ITEM,), ""),
    ("15", "n6:open_day", (ITEM,), ""),
    ("16", "n6:open_day", (ITEM,), ""),
    ("17", "n6:open_day", (f"{ITEM},255",), ""),
    ("20", "n2", (ITEM,), ""),
    ("21", "x..20", ("01,03,8006",), "235"),
    ("22", "x..20", ("01",), ""),
    ("235", "x..28", ("01",), ""),
    ("240 241", "x..30", (ITEM,), ""),
    ("242", "n..6", (ITEM,), ""),
    ("243", "x..20", ("01",), ""),
    ("250", "x..30", ("01,8006", "21"), ""),
    ("251", "x..30", ("01,8006",), ""),
    ("253", "n13:check [x..17]", (), ""),
    ("254", "x..20", ("414",), ""),
    ("255", "n13:check [n..12]", (), "01,02,415,8006,8020,8026"),
    ("30", "n..8", ("01,02",), ""),
    ("310* 311* 312* 313* 314* 315* 316* 320* 321* 322* 323* 324* 325* 326* 327* 328* 329*", "n6", ("01,02",), "self"),
    ("330* 331* 332* 333* 334* 335* 336* 340* 341* 342* 343* 344* 345* 346* 347* 348* 349*", "n6", ("00,01",), "self"),
    ("337*", "n6", ("01",), "self"),
    ("350* 351* 352* 356* 357* 360* 361* 364* 365* 366*", "n6", ("01,02",), "self"),
    ("353* 354* 355* 362* 363* 367* 368* 369*", "n6", ("00,01",), "self"),
    ("37", "n..8", ("00", "02,8026"), ""),
    ("400", "x..30", (), ""),
    ("401", "x..30", (), ""),
    ("402", "n17:check", (), ""),
    ("403", "x..30", ("00",), ""),
    ("410 411 412 413 414 416 417", "n13:check", (), ""),
    ("415", "n13:check", ("8020",), ""),
    ("420", "x..20", (), "421"),
    ("421", "n3 x..9", (), "4307"),
    ("422 424", "n3", (ITEM,), "426"),
    ("423 425", "n..15:threes", ("01,02",), "426"),
    ("426", "n3", ("01,02",), ""),
    ("427", "x..3", ("01,02", "422"), ""),
    ("4300 4301 4310 4311 4320", "x..35", ("00",), ""),
    ("4302 4304 4305 4306 4312 4314 4315 4316", "x..70", ("00",), ""),
    ("4303", "x..70", ("4302",), ""),
    ("4313", "x..70", ("4312",), ""),
    ("4307 4317", "x2", ("00",), ""),
    ("4308 4319", "x..30", ("00",), ""),
    ("4309", "n20", ("00",), ""),
    ("4318", "x..20", ("00",), ""),
    ("4321 4322 4323", "n1:yes_no", ("00",), ""),
    ("4324 4325", "n6:open_day n4:time", ("00",), ""),
    ("4326", "n6:day", ("00",), ""),
    ("4330", "n6 [x1:minus]", ("00",), "4331"),
    ("4331", "n6 [x1:minus]", ("00",), "4330"),
    ("4332", "n6 [x1:minus]", ("00",), "4333"),
    ("4333", "n6 [x1:minus]", ("00",), "4332"),
    ("7001", "n13", (ITEM,), ""),
    ("7003", "n6:day n4:time", ("01,02",), ""),
    ("7006", "n6:day", ("01,02",), ""),
    ("7007", "n6:day [n6:day]", ("01,02",), ""),
    ("7011", "n6:day [n4:time]", ("01,02",), ""),
    ("7020", "x..20", ("01,8006", "416"), ""),
    ("7021", "x..20", ("01,8006",), ""),
    ("7022", "x..20", ("7021",), ""),
    ("7023", "x..30", (), ""),
    ("7040", "n1 x1 x1 x1", (), ""),
    ("710 711 712 713 714 715 716", "x..20", ("01",), ""),
    ("7230 7231 7232 7233 7234 7235 7236 7237 7238 7239", "x2 x..28", ("01,8004",), ""),
    ("7240", "x..20", ("01,8006",), ""),
    ("7241", "n2", ("8017,8018",), ""),
    ("7242", "x..25", ("8017,8018",), ""),
    ("8001", "n4 n5 n3 n1 n1", ("01",), ""),
    ("8002", "x..20", (), ""),
    ("8003", "n1:zero n13:check [x..16]", (), ""),
    ("8004", "x..30", (), ""),
    ("8006", "n14:check n4:piece", (), "01,37"),
    ("8008", "n8:hour [n..4]", ("01,02",), ""),
    ("8009", "x..50", ("00,01",), ""),
    ("8010", "y..30", (), ""),
    ("8011", "n..12:no_zero", ("8010",), ""),
    ("8012", "x..20", ("01,8006",), ""),
    ("8013", "x..25", (), ""),
    ("8017", "n18:check", (), "8018"),
    ("8018", "n18:check", (), "8017"),
    ("8019", "n..10", ("8017,8018",), ""),
    ("8020", "x..25", ("415",), ""),
    ("8026", "n14:check n4:piece", ("37",), "02,8006"),
    ("8200", "x..70", ("01",), ""),
    ("90", "x..30", (), ""),
    ("91 92 93 94 95 96 97 98 99", "x..90", (), ""),
)
_FIELD = re.compile(r"(\[)?([nxy])(\.\.)?(\d+)(?::(\w+))?\]?")
_WITHOUT_SEPARATOR = frozenset(
    ["00", "01", "02", "03", "04", *(str(n) for n in range(11, 21)), *(str(n) for n in range(31, 37)), "41"]
)
"""First two digits of the identifiers whose length everybody knows, so that no separator follows them."""


@dataclass(frozen=True)
class Field:
    """One field of a value: `kind` n (digits), x (82 characters) or y (39)."""

    kind: str
    least: int
    most: int
    check: str
    optional: bool


@dataclass(frozen=True)
class Ai:
    """One application identifier."""

    code: str
    fields: tuple[Field, ...]
    needs: tuple[tuple[str, ...], ...]
    excludes: tuple[str, ...]
    known_length: int
    """Of its value, when no separator follows it; else 0."""
    least: int
    most: int


def _made(code: str, form: str, needs: tuple[str, ...], excludes: str, family: str) -> Ai:
    fields = tuple(
        Field(kind, 1 if upto else int(length), int(length), check, bool(bracket))
        for bracket, kind, upto, length, check in (found.groups(default="") for found in _FIELD.finditer(form))
    )
    most = sum(one.most for one in fields)
    return Ai(
        code=code,
        fields=fields,
        needs=tuple(tuple(one.split(",")) for one in needs),
        excludes=(family,) if excludes == "self" else tuple(excludes.split(",")) if excludes else (),
        known_length=most if code[:2] in _WITHOUT_SEPARATOR else 0,
        least=sum(one.least for one in fields if not one.optional),
        most=most,
    )


def _all() -> Iterator[Ai]:
    for codes, form, needs, excludes in _ROWS:
        for code in codes.split():
            if code.endswith("*"):  # the last digit is the place of the decimal point
                yield from (_made(f"{code[:3]}{place}", form, needs, excludes, code[:3]) for place in range(6))
            else:
                yield _made(code, form, needs, excludes, code)


KNOWN: dict[str, Ai] = {one.code: one for one in _all()}
"""By code."""
LENGTHS: dict[str, int] = {code[:2]: len(code) for code in KNOWN}
"""How many digits an identifier has that begins with these two."""
