"""Mutated rule files and facts against the compiler and both engines, in a process of its own.

    python -m tests.decisions.fuzz files|facts SEED COUNT

prints {"refused": …, "run": …} at the end. Whatever is accepted is decided by both engines, which must agree; a crash,
a hang (the caller's time limit) or an error that is not a refusal ends it.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from random import Random
from typing import Any

from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.compile import Plan, make_new_plan
from app.decisions.engines.closures import Closures
from app.decisions.engines.durable import Durable
from app.decisions.facts import Facts, FactsInvalid, check
from app.decisions.language import read_rule_set
from app.decisions.schema import FOLDER
from app.decisions.source import RuleFileInvalid
from tests.decisions.factories import DAY, SHIPPED, schema_text, shipped

WORD = re.compile(r"[A-Za-z_][\w.]*|-?\d+|[<>=!]=?|\S")
NUMBERS = ("0", "-1", "9007199254740991", "9007199254740992", "1e400", "0.5", "-0", "0x10", "١")
WORDS = ("and", "or", "not", "not in", "in []", "between 1 and 0", "null", "== null", "* 2", "+ 1", "- order.total_fen", "id",
         "sid", "$s", "'", '"', "{", "}", "[", "]", "&a", "*a", "!!python/object:os.system", "\x00", "\u2028", "中", "~", "%")  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53 - 1, 2**53, 2**63, -(2**63) - 1, 2**70, 1.0, 1e300, float("inf"), float("nan"), "", "0",
    "a\x00b", "\ud800", "x" * 100_000, [], [1], {}, {"a": {"b": 1}}, b"x", object(), "S", "中文", "'\"\\",
)  # fmt: skip


def mutated(text: str, random: Random) -> str:
    """One to three changes of words, numbers, lines."""
    for _change in range(random.choice((1, 1, 1, 2, 3))):
        lines = text.splitlines(keepends=True)
        place = random.randrange(len(lines))
        kind = random.random()
        if kind < 0.1:
            lines[place : place + 1] = []
        elif kind < 0.2:
            lines.insert(place, random.choice(lines))
        elif kind < 0.3:
            other = random.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        else:
            lines[place] = _line(lines[place], text, random)
        text = "".join(lines)
    return text


def _line(line: str, text: str, random: Random) -> str:
    found = list(WORD.finditer(line))
    if not found:
        return line
    word = random.choice(found)
    alike = [one for one in WORD.findall(text) if one[0].isalpha() == word[0][0].isalpha() and len(one) > 1]
    new = random.choice((random.choice(NUMBERS), random.choice(WORDS), *random.choices(alike, k=4), ""))
    return line[: word.start()] + new + line[word.end() :]


def fuzz_files(random: Random, count: int) -> Counter[str]:
    """Mutate the shipped files; decide by what is accepted."""
    seen: Counter[str] = Counter()
    texts = {name: (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") for name in SHIPPED}
    for _round in range(count):
        name = random.choice(SHIPPED)
        try:
            plan = make_new_plan(read_rule_set(mutated(texts[name], random), schema_text(), name), name)
        except RuleFileInvalid as refusal:
            seen["refused" if refusal.details["line"] >= 1 else "refused without a line"] += 1
            continue
        values = candidates(plan)
        durable = Durable(plan)
        for _facts in range(3):
            decide(plan, durable, draw(plan, random, values))
        durable.close()
        seen["run"] += 1
    return seen


def fuzz_facts(random: Random, count: int) -> Counter[str]:
    """Mutate facts of the shipped sets: each is refused, or decided alike."""
    seen: Counter[str] = Counter()
    plans = [shipped(name) for name in SHIPPED]
    engines = [Durable(plan) for plan in plans]
    values = [candidates(plan) for plan in plans]
    for _round in range(count):
        which = random.randrange(len(plans))
        facts = draw(plans[which], random, values[which])
        for _change in range(random.randint(1, 2)):
            spoil(facts, random, values[which])
        try:
            checked = check(facts, plans[which].kinds, plans[which].rule_set.schema)
        except FactsInvalid:
            seen["refused"] += 1
            continue
        decide(plans[which], engines[which], checked)
        seen["run"] += 1
    return seen


def spoil(facts: Facts, random: Random, values: dict[str, dict[str, list[Any]]]) -> None:
    """Change, remove or add a value, or a whole fact; often to a value that another attribute may have."""
    kind, many = random.choice(list(facts.items()))
    if not many or random.random() < 0.05:
        many.append({"surplus": 1})
        return
    fact = random.choice(many)
    name = random.choice(list(fact) or ["gone"])
    if random.random() < 0.1:
        fact.pop(name, None)
    else:
        fitting = values[kind].get(name) or [None]
        fact[name] = random.choice((random.choice(VALUES), *random.choices(fitting, k=2)))


def decide(plan: Plan, durable: Durable, facts: Facts) -> None:
    """Both engines, one answer."""
    first, second = durable.run(facts, DAY), Closures(plan).run(facts, DAY)
    assert first == second, (first, second, facts)
    assert sum(line.points for line in assemble(plan, first, facts).lines) == assemble(plan, second, facts).score


if __name__ == "__main__":
    what, seed, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"files": fuzz_files, "facts": fuzz_facts}[what](Random(seed), number)))
