"""Numbers: exact sums and products, division to a stated number of digits; nothing can grow without end."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from app.core.expressions.values import LARGEST

PRECISION = 60
"""Significant digits of a sum, difference, product or remainder; one that has more is refused, never rounded."""
QUOTIENT = 28
"""Significant digits of a quotient that does not come out even, the last one rounded (half to even)."""

_EXACT = Context(prec=PRECISION, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
_ROUNDED = Context(prec=QUOTIENT, traps=[InvalidOperation, DivisionByZero, Overflow])


class NoResult(Exception):
    """There is no such number, or none that the language holds. `why`: "zero" or "large"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def reckon(op: str, left: Any, right: Any) -> int | Decimal:
    """`left op right` with op one of + - * / %, for ints and Decimals within ± LARGEST. Raises NoResult."""
    if op in "/%" and not right:
        raise NoResult("zero")
    whole = isinstance(left, int) and isinstance(right, int)
    try:
        value: int | Decimal = _WHOLE[op](left, right) if whole else _DECIMAL[op](Decimal(left), Decimal(right))
    except DecimalException:
        raise NoResult("large") from None
    if not -LARGEST < value < LARGEST:
        raise NoResult("large")
    return value


def _quotient(left: int, right: int) -> int | Decimal:
    return left // right if left % right == 0 else _ROUNDED.divide(Decimal(left), Decimal(right))


def _remainder(left: int, right: int) -> int:
    """With the sign of the left one, as in Java: -7 % 3 is -1."""
    found = abs(left) % abs(right)
    return -found if left < 0 else found


_WHOLE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
}
_DECIMAL: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _EXACT.add,
    "-": _EXACT.subtract,
    "*": _EXACT.multiply,
    "/": _ROUNDED.divide,
    "%": _EXACT.remainder,
}
