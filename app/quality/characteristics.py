"""What is tested of a product, with limits, and reading what testers wrote (`characteristics.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from app.catalog.models import Product
from app.core.errors import Invalid
from app.core.i18n import _
from app.quality.models import Inspection

_GIVEN: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("characteristics.yaml").read_text(encoding="utf-8")
)["characteristics"]
_VALUE = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,6})?")
MOST_VALUES = 2000


@dataclass(frozen=True)
class Characteristic:
    """One of them; a limit that is None does not bind. `required`: a value must be there before the lot is judged."""

    code: str
    name: Mapping[str, str]
    unit: str
    lower: Decimal | None
    upper: Decimal | None
    key: bool
    method: Mapping[str, str]

    def passes(self, value: Decimal) -> bool:
        """Whether the value lies within the limits, these included."""
        return (self.lower is None or value >= self.lower) and (self.upper is None or value <= self.upper)

    @property
    def limits(self) -> str:
        """As `-0.05 … 0.05 mm`, `≥ 1.5 N/15mm`."""
        if self.lower is not None and self.upper is not None:
            told = f"{self.lower} … {self.upper}"
        else:
            told = f"≥ {self.lower}" if self.lower is not None else f"≤ {self.upper}"
        return f"{told} {self.unit}"


def asked_of(inspection: Inspection) -> list[Characteristic]:
    """What is tested in this inspection; nothing where documents suffice."""
    return of_product(inspection.lot.product, full=inspection.route == "full") if inspection.plan else []


def of_product(product: Product, *, full: bool) -> list[Characteristic]:
    """What is tested of it, the key ones first; the general ones only in a full test."""
    kinds = {"all"}
    kinds |= {"sterile"} if product.sterile else set()
    kinds |= {"implant"} if product.implantable else set()
    kinds |= {"cold"} if product.cold_chain else set()
    found = [_made(one, product) for one in _GIVEN if one["of"] in kinds]
    return [one for one in found if full or one.key]


def _made(one: Mapping[str, Any], product: Product) -> Characteristic:
    lower, upper = one.get("lower"), one.get("upper")
    if one.get("at_temperature"):
        lower, upper = product.storage_min_c, product.storage_max_c
    return Characteristic(
        code=one["code"],
        name=one["name"],
        unit=one["unit"],
        lower=None if lower is None else Decimal(str(lower)).normalize() + 0,
        upper=None if upper is None else Decimal(str(upper)).normalize() + 0,
        key=one["key"],
        method=one["method"],
    )


def values_in(text: str, known: Sequence[Characteristic]) -> dict[str, list[str]]:
    """The values that were written, by code: a line each, as `seal: 1.62 1.71 1.66`. Raises Invalid at `measured`."""
    codes = {one.code for one in known}
    found: dict[str, list[str]] = {}
    for line in text.replace("：", ":").replace("，", " ").replace("；", "\n").splitlines():
        if not line.strip():
            continue
        name, colon, rest = line.partition(":")
        code = name.strip().lower()
        values = rest.replace(",", " ").replace(";", " ").split()
        if not colon or code not in codes or not values or not all(_VALUE.fullmatch(one) for one in values):
            raise Invalid({"measured": [_("Cannot read this line: %(line)s", line=line.strip()[:80])]})
        found.setdefault(code, []).extend(values)
    if sum(map(len, found.values())) > MOST_VALUES:
        raise Invalid({"measured": [_("Too many values.")]})
    return found
