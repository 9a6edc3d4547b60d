"""Facts as the matcher reads them: for each kind one generated function that writes a fact as JSON.

Writing facts would be half of what a decision costs around the matcher, so the function has nothing to look up: its
source is built as that of `generated` is, from names of ours, `repr` of attribute names and whole numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.decisions.engines import EngineFault
from app.decisions.engines.generated import made_of
from app.decisions.facts import Fact
from app.decisions.schema import LARGEST, Attribute

INDENT = "    "
Write = Callable[[Fact, int, dict[Any, int]], str]
"""Writes a fact with its key (0: it has none), without the braces. The last numbers the texts of a decision that are
compared with each other."""


def writer(number: int, attributes: list[tuple[str, Attribute]], texts: Mapping[str, Mapping[object, int]]) -> Write:
    """How facts of the kind of that number are written: each attribute under its short name; null is left out, `h…`
    says so. `texts` are the numbers of texts by short name; one that no rule names is -1."""
    given: dict[str, Any] = {"beyond": _beyond}
    lines: list[str] = []
    pieces = [f'"k":{number},"k1":1,"n":{{key}}']
    for code, attribute in attributes:
        given[f"whole_{code}"] = attribute.whole
        given[f"text_{code}"] = texts.get(code, {}).get
        lines += _reading(code, attribute)
        pieces.append(f"{{{code}}}" if attribute.nullable else f',"{code}":{{{code}}}')
    lines.append(f"return f{''.join(pieces)!r}")
    source = "def write(fact, key, words):\n" + "".join(f"{INDENT}{line}\n" for line in lines)
    made: Write = made_of(source, "<facts>", given)["write"]
    return made


def _reading(code: str, attribute: Attribute) -> Iterator[str]:
    """The value under its short name: a number, or the piece of JSON that it comes to where it may be null."""
    within = f"if not {-LARGEST} <= {code} <= {LARGEST}: beyond({attribute.dotted!r})"
    match attribute.type:
        case "enum" | "text":
            made = [f"{code} = text_{code}({code}, -1)"]
        case "bool":
            made = [f"{code} = 1 if {code} else 0"]
        case "int":
            made = [within]
        case _:
            made = [f"{code} = whole_{code}({code})", within]
    yield f"{code} = fact[{attribute.name!r}]"
    if not attribute.nullable:
        yield from made
        return
    yield f"if {code} is None:"
    yield f"{INDENT}{code} = ',\"h{code}\":0'"
    yield "else:"
    yield from (INDENT + line for line in made)
    yield f'{INDENT}{code} = f\',"{code}":{{{code}}},"h{code}":1\''


def _beyond(name: str) -> None:
    raise EngineFault(f"{name} is out of range")
