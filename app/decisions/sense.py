"""What is well written and still cannot be meant: a time that ends before it begins, a count below nothing.

Refused only of texts that are not in use yet: what was in use must still be run and replayed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.core.i18n import _
from app.decisions.ir import Constant, Parameter, RuleSet
from app.decisions.source import RuleFileInvalid

NEVER_NEGATIVE = ("fen", "permille", "day", "wday", "hour", "unit", "count", "class")
WHOLE = 1000
"""All of something, in permille."""


def refuse_senseless(rule_set: RuleSet, file: str) -> None:
    """Raises RuleFileInvalid naming the rule or the parameter."""
    if ends_first(rule_set.valid_from, rule_set.valid_to):
        raise RuleFileInvalid(file=file, line=1, reason=end_before_begin())
    for parameter in rule_set.parameters.values():
        wrong = senseless(parameter, parameter.value)
        if wrong:
            reason = _("the parameter “%(name)s” %(wrong)s", name=parameter.name, wrong=wrong)
            raise RuleFileInvalid(file=file, line=parameter.line, reason=reason)
    for rule in rule_set.rules:
        if ends_first(rule.valid_from, rule.valid_to):
            raise RuleFileInvalid(file=file, line=rule.line, rule=rule.id, reason=end_before_begin())


def ends_first(valid_from: date | None, valid_to: date | None) -> bool:
    """Whether it ends before it begins."""
    return valid_from is not None and valid_to is not None and valid_to < valid_from


def end_before_begin() -> str:
    """What is wrong then."""
    return _("“valid to” lies before “valid from”: it would never apply")


def senseless(parameter: Parameter, value: Constant) -> str | None:
    """Why a parameter cannot have that value, in words; None when it can.

    A number in permille is a share, of at most all; only one that is named a ratio (`usual_ratio`: three times the
    usual) may be more.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if value < 0 and parameter.unit in NEVER_NEGATIVE:
        return _("must not be negative")
    if parameter.unit == "permille" and value > WHOLE and "ratio" not in parameter.name.split("_"):
        return _("must lie between 0 and 100%: only a parameter that is named a ratio may be more")
    return None
