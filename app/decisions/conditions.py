"""Conditions of rules: an expression over the attributes of one kind of fact, as typed comparisons with constants.

Negation is pushed down to the comparisons, because a comparison with null is never true: `not (days > 5)` becomes
`days <= 5`, which null does not meet either. Only `x == null` and `x != null` ask for null.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.core.expressions import (
    Arithmetic,
    Between,
    Call,
    Compare,
    Empty,
    ExpressionInvalid,
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
    parse,
)
from app.core.i18n import _
from app.decisions.ir import (
    OPPOSITE,
    All,
    Condition,
    Constant,
    Either,
    Known,
    OneOf,
    Parameter,
    Same,
    Test,
    comparisons_of,
)
from app.decisions.schema import SIGNAL, Attribute, FactSchema, Kind
from app.decisions.source import Located, RuleFileInvalid, read_day
from app.decisions.sums import Sums
from app.decisions.terms import unit_name

FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
BEYOND_RULES = (Call, Empty, Index, Member, Method, Template)
"""What processes may write, but rules not: the engines run typed comparisons."""
TEXTS = ("enum", "text", "bool")
"""Types without order that may be compared with each other."""
MOST_TESTS = 20
"""Comparisons in one condition."""


def read_condition(
    entry: Located, kind: Kind, schema: FactSchema, parameters: Mapping[str, Parameter], rule: str
) -> Condition:
    """The condition written in the entry: one expression, or a list of which all must hold. Raises RuleFileInvalid."""
    entries = entry.value if isinstance(entry.value, list) else [entry]
    if not entries:
        raise entry.refuse(_("an empty condition would match everything"), rule)
    parts = tuple(_Reading(one, kind, schema, parameters, rule).whole() for one in entries)
    found = parts[0] if len(parts) == 1 else All(parts)
    if sum(1 for _each in comparisons_of(found)) > MOST_TESTS:
        raise entry.refuse(_("more than %(most)s comparisons", most=MOST_TESTS), rule)
    return found


class _Reading:
    """Reads one expression about one kind."""

    def __init__(
        self, entry: Located, kind: Kind, schema: FactSchema, parameters: Mapping[str, Parameter], rule: str
    ) -> None:
        self.entry = entry
        self.kind = kind
        self.schema = schema
        self.parameters = parameters
        self.rule = rule

    def refuse(self, reason: str) -> RuleFileInvalid:
        return self.entry.refuse(reason, self.rule)

    def whole(self) -> Condition:
        if not isinstance(self.entry.value, str):
            raise self.refuse(_("a condition must be text such as: quantity >= 10"))
        try:
            node = parse(self.entry.value).node
        except ExpressionInvalid as error:
            raise self.refuse(error.sentence()) from None
        if any(isinstance(part, BEYOND_RULES) for part in below(node)):
            raise self.refuse(
                _("calls, places in lists and “empty” are for processes: rules compare facts and constants")
            )
        return self.condition(node, negated=False)

    def condition(self, node: Node, *, negated: bool) -> Condition:
        match node:
            case Not(item=item):
                return self.condition(item, negated=not negated)
            case Logic(op=op, items=items):
                parts = tuple(self.condition(item, negated=negated) for item in items)
                return All(parts) if (op == "and") is not negated else Either(parts)
            case Compare():
                return self.compare(node, negated=negated)
            case Between(item=item, low=low, high=high):
                both = Logic("and", (Compare(">=", item, low), Compare("<=", item, high)))
                return self.condition(both, negated=negated)
            case Membership():
                return self.membership(node, negated=negated)
            case Name():
                attribute = self.attribute(node)
                if attribute.type != "bool":
                    raise self.refuse(_("“%(name)s” is not true or false: compare it", name=node.dotted))
                return Test(attribute, "==", not negated)
        raise self.refuse(_("only comparisons of attributes and constants, joined by and, or, not"))

    def any_attribute(self, node: Node) -> Attribute:
        """An attribute of this kind, or `kind.attribute` of another that the order has at most once."""
        if isinstance(node, Name) and node.path[0] in self.schema.kinds and node.path[0] != self.kind.name:
            kind, name = self.schema.kinds[node.path[0]], ".".join(node.path[1:])
            if kind.cardinality == "many" or kind.name == SIGNAL:
                raise self.refuse(_("there may be several %(kind)s: it cannot be compared with", kind=kind.name))
            if name not in kind.attributes:
                known = ", ".join(kind.attributes)
                sentence = _(
                    "%(kind)s has no attribute “%(name)s”; it has %(known)s", kind=kind.name, name=name, known=known
                )
                raise self.refuse(sentence)
            return kind.attributes[name]
        return self.attribute(node)

    def attribute(self, node: Node) -> Attribute:
        if not isinstance(node, Name):
            raise self.refuse(_("an attribute of %(kind)s is expected", kind=self.kind.name))
        found = self.kind.attributes.get(node.dotted.removeprefix(f"{self.kind.name}."))
        if found is None:
            known = ", ".join(self.kind.attributes)
            raise self.refuse(
                _(
                    "%(kind)s has no attribute “%(name)s”; it has %(known)s",
                    kind=self.kind.name,
                    name=node.dotted,
                    known=known,
                )
            )
        return found

    def is_constant(self, node: Node) -> bool:
        return isinstance(node, Literal | Negative) or (isinstance(node, Name) and node.path[0] == "parameters")

    def compare(self, node: Compare, *, negated: bool) -> Condition:
        left, op, right = node.left, node.op, node.right
        if self.is_constant(left):
            left, op, right = right, FLIPPED[op], left
        op = OPPOSITE[op] if negated else op
        if not self.is_constant(right) or isinstance(left, Arithmetic):
            return self.relation(left, op, right)
        attribute = self.attribute(left)
        if isinstance(right, Literal) and right.value is None:
            return self.known(attribute, op)
        if op not in ("==", "!=") and not attribute.ordered:
            raise self.refuse(_("“%(name)s” has no order: only == and != can be asked", name=attribute.name))
        return Test(attribute, op, self.constant(right, attribute))

    def relation(self, left: Node, op: str, right: Node) -> Condition:
        """Two attributes compared, or sums of them."""
        if isinstance(left, Name) and isinstance(right, Name):
            first, second = self.any_attribute(left), self.any_attribute(right)
            if first.kind != self.kind.name:
                first, second, op = second, first, FLIPPED[op]
            if first.type in TEXTS or second.type in TEXTS:
                return self.same(first, op, second)
        return Sums(self.kind.name, self.any_attribute, self.parameters, self.refuse).compare(left, op, right)

    def same(self, first: Attribute, op: str, second: Attribute) -> Condition:
        if first.kind != self.kind.name:
            raise self.refuse(_("a comparison must ask for something of %(kind)s", kind=self.kind.name))
        if op not in ("==", "!="):
            raise self.refuse(_("“%(name)s” has no order: only == and != can be asked", name=first.name))
        mixed = "bool" in (first.type, second.type) and first.type != second.type
        if mixed or not {first.type, second.type} <= set(TEXTS):
            raise self.refuse(_("“%(one)s” and “%(other)s” are of different types", one=first.name, other=second.name))
        if first.type == second.type == "enum" and not set(first.values) & set(second.values):
            raise self.refuse(_("“%(one)s” and “%(other)s” share no value", one=first.name, other=second.name))
        return Same(first, second, negated=op == "!=")

    def known(self, attribute: Attribute, op: str) -> Condition:
        if not attribute.nullable:
            raise self.refuse(_("“%(name)s” is never null", name=attribute.name))
        if op not in ("==", "!="):
            raise self.refuse(_("null has no order"))
        return Known(attribute, known=op == "!=")

    def membership(self, node: Membership, *, negated: bool) -> Condition:
        attribute = self.attribute(node.item)
        if not isinstance(node.options, Items) or not node.options.items:
            raise self.refuse(_("“in” needs a list of constants that is not empty"))
        values = tuple(dict.fromkeys(self.constant(item, attribute) for item in node.options.items))
        return OneOf(attribute, values, negated=node.negated is not negated)

    def constant(self, node: Node, attribute: Attribute) -> Constant:
        value: object
        match node:
            case Literal(value=value):
                pass
            case Negative(item=Literal(value=int() as number)) if not isinstance(number, bool):
                value = -number
            case Name(path=("parameters", name)) if name in self.parameters:
                value = self.parameters[name].value
                self.check_unit(self.parameters[name], attribute)
            case Name(path=("parameters", *_rest)):
                raise self.refuse(_("there is no parameter “%(name)s”", name=node.dotted))
            case _:
                raise self.refuse(_("“%(name)s” must be compared with a constant", name=attribute.name))
        if attribute.type == "date" and isinstance(value, str):
            value = read_day(value, self.refuse)
        wrong = attribute.whats_wrong(value)
        if wrong or value is None:
            raise self.refuse(_("the value compared with “%(name)s” %(wrong)s", name=attribute.name, wrong=wrong or ""))
        return value

    def check_unit(self, parameter: Parameter, attribute: Attribute) -> None:
        if parameter.unit != attribute.unit and attribute.type in ("int", "decimal"):
            raise self.refuse(
                _(
                    "“%(name)s” counts %(unit)s, the parameter “%(parameter)s” %(other)s",
                    name=attribute.name,
                    unit=unit_name(attribute.unit),
                    parameter=parameter.name,
                    other=unit_name(parameter.unit),
                )
            )
