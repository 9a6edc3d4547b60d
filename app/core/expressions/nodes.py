"""The typed tree of an expression. `at` is the place in the text (from 0) and does not count for equality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

Constant = int | Decimal | str | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the text."""

    value: Constant
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list written in the text."""

    items: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A value looked up by its path: `customer.tier` is ("customer", "tier")."""

    path: tuple[str, ...]
    at: int = field(default=0, compare=False)

    @property
    def dotted(self) -> str:
        """The path as written."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Member:
    """`.path` of something that is not a name: `lines[0].product.name`."""

    of: Node
    path: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`: an item of a list by its number from 0, or a value of an object by its name."""

    of: Node
    key: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, one of the language's own functions."""

    function: str
    arguments: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Method:
    """`of.method(arguments)`, one of the language's own methods."""

    of: Node
    method: str
    arguments: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions in it: the parts written one after the other."""

    parts: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`, op one of == != < <= > >=."""

    op: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """`item in options`, or `not in` when negated."""

    item: Node
    options: Node
    negated: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= item <= high`."""

    item: Node
    low: Node
    high: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """All (`and`) or at least one (`or`) of the items."""

    op: str
    items: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    item: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """`empty item`: null, or a text, list or object with nothing in it."""

    item: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-item`."""

    item: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`first`, then each (op, node) from left to right; ops of one level: + and -, or * / %."""

    first: Node
    rest: tuple[tuple[str, Node], ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node
    at: int = field(default=0, compare=False)


Node = (
    Literal
    | Items
    | Name
    | Member
    | Index
    | Call
    | Method
    | Template
    | Compare
    | Membership
    | Between
    | Logic
    | Not
    | Empty
    | Negative
    | Arithmetic
    | Choice
)


def children(node: Node) -> tuple[Node, ...]:  # noqa: C901, PLR0911 - one line per kind of node
    """The nodes directly below."""
    match node:
        case Items(items=found) | Logic(items=found) | Call(arguments=found) | Template(parts=found):
            return found
        case Method(of=of, arguments=arguments):
            return of, *arguments
        case Index(of=of, key=key):
            return of, key
        case Member(of=of):
            return (of,)
        case Compare(left=left, right=right):
            return left, right
        case Membership(item=item, options=options):
            return item, options
        case Between(item=item, low=low, high=high):
            return item, low, high
        case Not(item=item) | Negative(item=item) | Empty(item=item):
            return (item,)
        case Arithmetic(first=first, rest=rest):
            return first, *(part for _, part in rest)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
    return ()


def below(node: Node) -> Iterator[Node]:
    """The node and every node under it."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(children(here))


def names(node: Node) -> frozenset[str]:
    """Every dotted name in the node."""
    return frozenset(here.dotted for here in below(node) if isinstance(here, Name))
