"""The addresses of the application, and hostile values for each part of a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.routing import Rule

from tests.hostile.world import Site

API = ("/api/", "/metrics")
ENDS_THE_SESSION = {"identity.logout"}

PATHS = (
    "x",
    "0",
    "-1",
    "01" + "z" * 24,
    "订单😀",
    "a" * 3000,
    "%00",
    "a%00b",
    "%ff",
    "%ed%a0%80",
    "'%20OR%201=1--",
    '"><svg onload=alert(1337)>',
    "..%2f..%2fetc%2fpasswd",
    "..",
    "99999999999999999999999",
    "%0d%0aX-Evil:1",
    "{{7*7}}",
    "%F3%A0%81%81\u202e",
)
QUERIES = (
    "page=-1",
    "page=0",
    "page=1e9",
    "page=text",
    "page=99999999999999999999999999",
    "page=1&page=2",
    "size=-1&full=maybe",
    "q=%25_%5C'%22",
    "q=%00",
    "q=%ff%fe",
    "q=%ed%a0%80",
    "q=%01%02%1b",
    "q=" + "x" * 5000,
    "sort=-nothing&sort=id;drop table orders",
    "status=%F0%9F%98%80&band=P9&channel=x&kind=x&id=x&near=1e99&tab=../..",
    "since=9999-99-99&until=0000-00-00&actor=%3Cscript%3Ealert(1337)%3C/script%3E",
    "lang=../../x&next=//evil.example&customer=%3Cscript%3Ealert(1337)%3C/script%3E",
    "&&&=&=x&%zz",
)
VALUES = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x01\x1b[31m\x7f\x85",
    "<script>alert(1337)</script>",
    "x" * 20_000,
    "订单😀\u202e\ufeff",
    "-1",
    "1e400",
    "NaN",
    "9" * 400,
    "٣",  # a digit, but not ASCII
    "9999-12-31",
    "0000-00-00",
    "2026-13-45T99:99",
    "{}",
    '{"a":' * 200 + "1" + "}" * 200,
    "[" * 5000,
    '{"a": 1, "a": 2}',
    "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
)


@dataclass(frozen=True)
class Share:
    """How much of the nonsense is tried: one in `step`, at the next place others; each database half of that, or all."""

    step: int
    half: int | None = None

    def of(self, values: Sequence[Any], place: int) -> Sequence[Any]:
        """The values whose turn it is at that place."""
        return self.halved([value for number, value in enumerate(values) if (number + place) % self.step == 0], place)

    def one_of(self, values: Sequence[Any], place: int) -> Sequence[Any]:
        """All of them, or at each place another one: for what is seen to before a route is reached."""
        return values if self.step == 1 else values[place % len(values) :][:1]

    def halved(self, values: Sequence[Any], place: int = 0) -> Sequence[Any]:
        """Every second of them; both halves are all. What one database gets at a place the other gets at the next."""
        return values if self.half is None else values[(self.half + place) % 2 :: 2]


def has_turn(names: Sequence[str], name: str, place: int, most: int) -> bool:
    """Whether the name is one of so many of the names whose turn it is at that place; at the next it is others'."""
    return (names.index(name) - place) % len(names) < most


@dataclass(frozen=True)
class Route:
    """One method of one rule."""

    rule: Rule
    method: str
    permission: str

    @property
    def is_api(self) -> bool:
        """True for programs."""
        return self.rule.rule.startswith(API)

    def urls(self, site: Site, limit: int = 1) -> list[str]:
        """Addresses with values that exist: all of them up to `limit`."""
        names = sorted(self.rule.arguments)
        if self.rule.endpoint in ("orders.export_orders", "orders.upload_template"):
            choices = {"kind": site.ids["file_type"]}
        else:
            choices = {name: site.ids[name] for name in names}
        count = min(limit, max((len(choices[name]) for name in names), default=1))
        return [
            self.fill({name: quote(choices[name][place % len(choices[name])], safe="") for name in names})
            for place in range(count)
        ]

    def fill(self, values: dict[str, str]) -> str:
        """The address with these values, which are quoted already."""
        address = self.rule.rule
        for name, value in values.items():
            for converter in ("", "int:", "path:"):
                address = address.replace(f"<{converter}{name}>", value)
        return address


DIALECT = ("/engine-rest", "/.well-known/camunda")
"""Addresses with refusals of their own: attacked by `test_dialect.py`."""


def routes(app: Flask, *, dialect: bool = False) -> Iterator[Route]:
    """Every method of every rule, but what Werkzeug answers by itself; those of `/engine-rest` apart."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint == "static" or rule.rule.startswith(DIALECT) != dialect:
            continue
        permission = getattr(app.view_functions[rule.endpoint], "permission", "public")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(rule, method, permission)
