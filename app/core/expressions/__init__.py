"""One small safe language for rules, gateway conditions and mappings.

    parse("order.total >= 5000 and customer.tier in ['S', 'A']").evaluate({"order": {...}, "customer": {...}})

- literals: whole numbers, decimals (`1.5`), text in '…' or "…", `true`, `false`, `null`, lists `[1, 2]`
- names with dots (`decision.route`) look into mappings only, never into Python objects; letters may be Chinese
- `== != < <= > >=` (or `eq ne lt le gt ge`), `and or not` (or `&& || !`), `in`, `not in`, `between 1 and 5`
- `+ - *`, and `condition ? a : b`; no division, no calls
- a text wrapped in `${…}` or `#{…}` is read as its inside (the JUEL subset of Camunda 7 diagrams)

Strict on purpose: a missing name, an order comparison with null, or values of different kinds raise ExpressionFailed
rather than choose a branch by accident. Only `== null` and `!= null` ask for null. Numbers are exact (int and Decimal;
a float in the scope is read by its shortest decimal form). Length, nesting and the size of numbers are limited.
"""

from __future__ import annotations

from app.core.expressions.errors import ExpressionFailed, ExpressionInvalid
from app.core.expressions.nodes import (
    Arithmetic,
    Between,
    Choice,
    Compare,
    Items,
    Literal,
    Logic,
    Membership,
    Name,
    Negative,
    Node,
    Not,
)
from app.core.expressions.reading import Expression, parse

__all__ = [
    "Arithmetic",
    "Between",
    "Choice",
    "Compare",
    "Expression",
    "ExpressionFailed",
    "ExpressionInvalid",
    "Items",
    "Literal",
    "Logic",
    "Membership",
    "Name",
    "Negative",
    "Node",
    "Not",
    "parse",
]
