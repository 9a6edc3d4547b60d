"""Values as people type them: money in yuan, shares in per cent, days as dates; and back to what rules compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.i18n import _
from app.decisions.ir import Parameter
from app.decisions.schema import Attribute, FactSchema
from app.decisions.terms import SIGNS

PLACES = {"fen": 2, "permille": 1}
"""Places after the point in which the smallest unit is typed."""
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?\Z")
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d{1,6})?\Z")
"""Thousands apart. Any other comma may be meant as a decimal point: nobody can tell, so it is refused."""


class WrongInput(ValueError):
    """What was typed is not a value of its type; says why in the reader's language."""


def typed(value: Any, unit: str = "") -> str:
    """A value as it stands in its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal) and unit in PLACES:
        scaled = Decimal(value).scaleb(-PLACES[unit])
        return format(scaled.normalize(), "f") if scaled else "0"
    return value.isoformat() if isinstance(value, date) else str(value)


def number(text: str, unit: str = "", places: int = 0) -> int | Decimal:
    """A number in its smallest unit; whole unless decimal places are kept. Raises WrongInput."""
    given = _without_unit(text.strip(), unit).replace("−", "-")
    if not given:
        raise WrongInput(_("must not be empty"))
    if re.search("[,，]", given) and not _GROUPED.match(given):
        raise WrongInput(
            _(
                "a comma may only stand between thousands, as in 12,345.67: “%(value)s” needs a decimal point",
                value=text.strip()[:40],
            )
        )
    given = given.replace(",", "")
    if not _NUMBER.match(given):
        raise WrongInput(_("must be a number, not “%(value)s”", value=text.strip()[:40]))
    scaled = Decimal(given).scaleb(PLACES.get(unit, 0))
    if places == 0 and scaled != scaled.to_integral_value():
        most = PLACES.get(unit, 0)
        raise WrongInput(_("has more than %(most)s decimal places", most=most) if most else _("must be a whole number"))
    return int(scaled) if scaled == scaled.to_integral_value() else scaled


def _without_unit(text: str, unit: str) -> str:
    """The number alone, where its own unit is typed with it: `5000 CNY`, `¥5000`, `1 %`."""
    for sign in SIGNS.get(unit, ()):
        if text.lower().endswith(sign.lower()):
            return text[: -len(sign)].strip()
        if unit == "fen" and text.lower().startswith(sign.lower()):
            return text[len(sign) :].strip()
    return text


def day(text: str) -> date:
    """A date. Raises WrongInput."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise WrongInput(_("must be a date such as 2026-11-30")) from None


def value_of(attribute: Attribute, text: str) -> Any:
    """What was typed as a value of the attribute. Raises WrongInput."""
    given = text.strip()
    if attribute.type in ("int", "decimal"):
        found: Any = number(given, attribute.unit, attribute.scale)
    elif attribute.type == "date":
        found = day(given)
    elif attribute.type == "bool":
        found = {"true": True, "false": False}.get(given)
    else:
        found = given or None
    wrong = _("must not be empty") if found is None else attribute.whats_wrong(found)
    if wrong:
        raise WrongInput(wrong)
    return found


def like(sample: Any, text: str, unit: str) -> Any:
    """What was typed, of the type that a parameter has now. Raises WrongInput."""
    if isinstance(sample, bool):
        if text not in ("true", "false"):
            raise WrongInput(_("must be yes or no"))
        return text == "true"
    if isinstance(sample, int | Decimal):
        return number(text, unit, places=0 if isinstance(sample, int) else 6)
    if isinstance(sample, date):
        return day(text)
    if not text.strip():
        raise WrongInput(_("must not be empty"))
    return text.strip()


def fitting(attribute: Attribute, schema: FactSchema, parameters: Mapping[str, Parameter]) -> list[tuple[str, Any]]:
    """(name, label) of what an attribute may be compared with instead of a written value: parameters and facts."""
    found: list[tuple[str, Any]] = [
        (f"parameters.{one.name}", one.label)
        for one in parameters.values()
        if _same_sort(attribute, one.value) and (one.unit == attribute.unit or not attribute.ordered)
    ]
    for kind in schema.kinds.values():
        if kind.cardinality == "many" and kind.name != attribute.kind:
            continue
        for other in kind.attributes.values():
            if other.dotted != attribute.dotted and (other.type, other.unit) == (attribute.type, attribute.unit):
                label = {lang: f"{kind.label[lang]}: {other.label[lang]}" for lang in ("en", "zh")}
                name = other.name if other.kind == attribute.kind else other.dotted
                found.append((name, label))
    return found


def _same_sort(attribute: Attribute, value: Any) -> bool:
    if attribute.type in ("int", "decimal"):
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    sorts = {"bool": bool, "date": date, "enum": str, "text": str}
    return isinstance(value, sorts[attribute.type])
