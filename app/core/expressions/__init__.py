"""One small safe language for rules, gateway conditions, mappings and scripts: the JUEL that diagrams really use.

    parse("order.total >= 5000 and customer.tier in ['S', 'A']").evaluate({"order": {...}, "customer": {...}})
    parse_template("Order ${number} for ${customer.name}").evaluate(scope)
    parse_script("total = price * quantity; order.total = total").run(scope)

- literals: whole numbers, decimals (`1.5`), text in '…' or "…", `true`, `false`, `null`, lists `[1, 2]`
- names with dots (`decision.route`), `lines[0].qty`, `order['key']` look into mappings and lists only, never into
  Python objects; letters may be Chinese; a name that begins with two underscores is refused
- `== != < <= > >=` (or `eq ne lt le gt ge`), `and or not` (or `&& || !`), `in`, `not in`, `between 1 and 5`, `empty`
- `+ - * / %` (or `div mod`), and `condition ? a : b`
- functions `now()`, `dateTime()`, `dateTime(text)`, `concat(a, …)`, `number(text)`; the methods in `calls.METHODS`
  (`.size()`, `.contains(x)`, `.plusDays(2)`, …) and `execution.getVariable('x')` (null when there is none),
  `execution.hasVariable('x')`, `execution.processBusinessKey`, `execution.processInstanceId`
- a text wrapped in `${…}` or `#{…}` is read as its inside (the JUEL subset of Camunda 7 diagrams)

Strict on purpose: a missing name, an order comparison with null, or values of different kinds raise ExpressionFailed
rather than choose a branch by accident. `==` finds the text '5' equal to the number 5 and 'true' to true, as JUEL does;
any other two kinds fail, except that null is equal to null only. `+` adds numbers: text is put together by templates
and `concat`. `not` reaches over a comparison: `not a == b` is `not (a == b)`. `empty` is true of null, of what is
missing inside a known name, and of text, lists and objects with nothing in them.

Numbers are exact (int and Decimal; a float in the scope is read by its shortest decimal form); a quotient that does
not come out even has 28 digits; `%` has the sign of its left side. Length, nesting, the size of numbers and of what an
expression makes (20,000 characters of text, 100,000 values and characters in a list) are limited.

Time and instance come through the scope, so that evaluation is deterministic: `scope[NOW]` is an aware datetime,
`scope[EXECUTION]` {"processInstanceId": …, "processBusinessKey": …}. `as_json` makes a result fit for a variable.
"""

from __future__ import annotations

from app.core.expressions.calls import EXECUTION, NOW
from app.core.expressions.errors import ErrorThrown, ExpressionFailed, ExpressionInvalid, ScriptFailed, ScriptInvalid
from app.core.expressions.nodes import (
    Arithmetic,
    Between,
    Call,
    Choice,
    Compare,
    Empty,
    Index,
    Items,
    Literal,
    Logic,
    Member,
    Membership,
    Method,
    Name,
    Negative,
    Node,
    Not,
    Template,
    below,
)
from app.core.expressions.reading import Expression, parse, parse_template
from app.core.expressions.scripts import Ran, Script, parse_script
from app.core.expressions.values import as_json

__all__ = [
    "EXECUTION",
    "NOW",
    "Arithmetic",
    "Between",
    "Call",
    "Choice",
    "Compare",
    "Empty",
    "ErrorThrown",
    "Expression",
    "ExpressionFailed",
    "ExpressionInvalid",
    "Index",
    "Items",
    "Literal",
    "Logic",
    "Member",
    "Membership",
    "Method",
    "Name",
    "Negative",
    "Node",
    "Not",
    "Ran",
    "Script",
    "ScriptFailed",
    "ScriptInvalid",
    "Template",
    "as_json",
    "below",
    "parse",
    "parse_script",
    "parse_template",
]
