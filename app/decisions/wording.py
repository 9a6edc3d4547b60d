"""Values and conditions in words, in a given language. The texts are fixed here, not translated catalogues, because
they are stored with decisions and a replay must give the same letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.decisions.ir import All, Condition, Either, Known, OneOf, Pattern, Relation, Same, Sum, Test
from app.decisions.outcome import Texts
from app.decisions.schema import Attribute, FactSchema

UNITS: dict[str, Texts] = {
    "day": {"en": " days", "zh": "天"},
    "wday": {"en": " working days", "zh": "个工作日"},
    "hour": {"en": " h", "zh": "小时"},
    "fen": {"en": " CNY", "zh": "元"},
}
WORDS: dict[str, Texts] = {
    "true": {"en": "yes", "zh": "是"},
    "false": {"en": "no", "zh": "否"},
    "null": {"en": "not known", "zh": "未知"},
    "and": {"en": " and ", "zh": " 且 "},
    "or": {"en": " or ", "zh": " 或 "},
    "in": {"en": "is one of", "zh": "属于"},
    "not in": {"en": "is none of", "zh": "不属于"},
    "known": {"en": "is known", "zh": "已知"},
    "unknown": {"en": "is not known", "zh": "未知"},
    "no": {"en": "there is no {} with {}", "zh": "没有满足以下条件的{}：{}"},
    "missing": {"en": "there is none", "zh": "没有该事实"},
    "is": {"en": "{}: {}", "zh": "{}：{}"},
    "any": {"en": "{}: there is one", "zh": "有{}"},
    "none": {"en": "{}: there is none", "zh": "没有{}"},
}
OPS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
PER_UNIT = 100
"""Fen of a yuan."""


def shown(value: Any, unit: str, values: Mapping[str, Texts], language: str) -> str:
    """A value as people read it, with its unit."""
    if value is None:
        return WORDS["null"][language]
    if isinstance(value, bool):
        return WORDS[str(value).lower()][language]
    if isinstance(value, str):
        return values[value][language] if value in values else value
    if isinstance(value, date):
        return value.isoformat()
    return _number(value, unit, language)


def _number(value: int | Decimal, unit: str, language: str) -> str:
    if unit == "fen":
        sign, whole = ("-", -value) if value < 0 else ("", value)
        text = f"{sign}{int(whole) // PER_UNIT:,}.{int(whole) % PER_UNIT:02d}"
    elif unit == "permille":
        return f"{Decimal(value) / 10:,}%"
    else:
        text = f"{value:,}"
    said = UNITS[unit][language] if unit in UNITS else ""
    return text + (said.removesuffix("s") if value == 1 else said)


def value_of(attribute: Attribute, value: Any, language: str) -> str:
    """A value of an attribute in words."""
    return shown(value, attribute.unit, attribute.values, language)


def condition_words(condition: Condition, language: str) -> str:
    """A condition in words."""
    if isinstance(condition, Relation):
        left, right = sum_words(condition.left, language), sum_words(condition.right, language, condition.left.kind)
        return f"{left} {OPS[condition.op]} {right}"
    if isinstance(condition, Same):
        own, other = condition.attribute, condition.other
        label = other.label[language] if other.kind == own.kind else _of_kind(other, language)
        return f"{own.label[language]} {OPS['!=' if condition.negated else '==']} {label}"
    if not isinstance(condition, All | Either):
        return _test_words(condition, language)
    join = WORDS["and" if isinstance(condition, All) else "or"][language]
    parts = [
        f"({condition_words(item, language)})" if isinstance(item, All | Either) else condition_words(item, language)
        for item in condition.items
    ]
    return join.join(parts)


def sum_words(total: Sum, language: str, spoken_of: str = "") -> str:
    """A sum in words; attributes of another kind than the one spoken of are told with theirs."""
    pieces = [_part_words(factor, attribute, total, language, spoken_of) for factor, attribute in total.parts]
    if total.constant or not pieces:
        sign = "−" if total.constant < 0 else "+"
        pieces.append((sign, sum_value(total, abs(total.constant), language)))
    (sign, first), *rest = pieces
    return (sign if sign == "−" else "") + first + "".join(f" {sign} {words}" for sign, words in rest)


def _part_words(factor: int, attribute: Attribute, total: Sum, language: str, spoken_of: str) -> tuple[str, str]:
    plain = abs(Decimal(factor).scaleb(attribute.scale - total.places).normalize())
    label = attribute.label[language] if attribute.kind == (spoken_of or total.kind) else _of_kind(attribute, language)
    return "−" if factor < 0 else "+", label if plain == 1 else f"{plain:f} × {label}"


def _of_kind(attribute: Attribute, language: str) -> str:
    return ("{}'s {}" if language == "en" else "{}的{}").format(
        attribute.kind_label[language], attribute.label[language]
    )


def sum_value(total: Sum, whole: int | None, language: str) -> str:
    """What a sum came to, with its unit."""
    if whole is None:
        return WORDS["null"][language]
    if total.unit == "date" and 1 <= whole <= date.max.toordinal():
        return date.fromordinal(whole).isoformat()
    plain = Decimal(whole).scaleb(-total.places)
    exact = int(plain) if plain == plain.to_integral_value() else plain.normalize()
    return shown(exact, total.unit, {}, language)


def _test_words(test: Test | OneOf | Known, language: str) -> str:
    label = test.attribute.label[language]
    if isinstance(test, Known):
        return f"{label} {WORDS['known' if test.known else 'unknown'][language]}"
    if isinstance(test, OneOf):
        word = WORDS["not in" if test.negated else "in"][language]
        separator = "、" if language == "zh" else ", "
        return f"{label} {word} {separator.join(value_of(test.attribute, value, language) for value in test.values)}"
    return f"{label} {OPS[test.op]} {value_of(test.attribute, test.value, language)}"


def pattern_words(pattern: Pattern, schema: FactSchema, language: str) -> str:
    """A pattern in words, beginning with its kind of fact."""
    kind = schema.kinds[pattern.kind].label[language]
    if pattern.condition == All(()):
        return WORDS["none" if pattern.negated else "any"][language].format(kind)
    words = condition_words(pattern.condition, language)
    return WORDS["no" if pattern.negated else "is"][language].format(kind, words)
