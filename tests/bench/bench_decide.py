"""One decision of a 50-rule set on each back end: processor time and ratios, medians of interleaved rounds.

"raw" are the same calls of the matcher with JSON made beforehand; "decided" is the matcher with all that is ours around
it: facts, trace, outcome; "whole" also has the oracle that checks it: what a decision costs without SQL. "in words" is
the whole and its reasons in both languages, made when somebody reads it. Baselines: raw, and zen-engine (PyPI) on an equivalent table.

python -m tests.bench.bench_decide
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import durable_rules_engine as matcher

from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.cases import DAY
from app.decisions.compile import Plan, make_plan
from app.decisions.engines.closures import Closures
from app.decisions.engines.coding import OPENING_KIND
from app.decisions.engines.durable import Durable
from app.decisions.engines.generated import Generated
from app.decisions.language import read_rule_set
from app.decisions.schema import FOLDER
from tests.bench import zen_table

RULES = 50
DECISIONS = 400
ROUNDS = 7

HEAD = """
schema: 1
rule_set: bench
name: {en: Bench, zh: 测速}
note: {en: Fifty rules of one to three patterns, zh: 五十条规则}
owner: order_desk
factors:
  all: {name: {en: All, zh: 全部}, cap: 1000, least: -1000}
bands: {P0: 800, P1: 600, P2: 350, P3: 0}
rules:
"""

PATTERNS: tuple[tuple[str, Callable[[Random], str]], ...] = (
    ("order", lambda r: f"total_fen >= {r.randint(1, 90) * 100_000}"),
    ("order", lambda r: f"hours_to_surgery <= {r.randint(1, 168)}"),
    ("order", lambda r: f"slack_days < {r.randint(1, 20)}"),
    ("customer", lambda r: f"tier == '{r.choice('SABC')}'"),
    ("customer", lambda r: f"licence_days_left between 0 and {r.randint(10, 90)}"),
    ("product", lambda r: f"max_risk_class >= {r.randint(1, 3)}"),
    ("product", lambda _r: "any_implant or any_life_supporting"),
    ("stock", lambda r: f"fill_permille < {r.randint(100, 1000)}"),
    ("credit", lambda r: f"overdue_days > {r.randint(0, 60)}"),
)


def rule_text(number: int, random: Random) -> str:
    """One rule of one to three patterns of different kinds."""
    chosen = dict(random.sample(PATTERNS, random.choice((1, 1, 2, 3))))
    patterns = ", ".join(f'{{{kind}: "{make(random)}"}}' for kind, make in chosen.items())
    return (
        f"- id: R{number}\n  name: {{en: rule {number}, zh: 规则{number}}}\n  when: {{all: [{patterns}]}}\n"
        f"  then: {{points: {random.randint(-20, 40)}, factor: all}}\n"
        f'  reason: {{en: "order {{order.number}}, reason {number}", zh: "订单{{order.number}}，理由{number}"}}\n'
    )


def fifty() -> Plan:
    """The plan of the benchmark's rule set."""
    random = Random(3)
    text = HEAD + "".join(rule_text(number, random) for number in range(RULES))
    return make_plan(read_rule_set(text, (FOLDER / "facts.yaml").read_text(encoding="utf-8"), "bench.yaml"))


def raw_calls(durable: Durable, given: list[Any]) -> Callable[[Any], object]:
    """The calls of the matcher that a decision makes, with nothing around them."""
    (cage,) = durable._cages
    live = cage.live()
    keys = cage.keys
    made = {
        id(facts): [
            cage.coding.fact(kind, fact, fact[keys[kind]] if keys[kind] else 0, {})
            for kind in cage.shard.kinds
            for fact in facts.get(kind, [])
        ]
        for facts in given
    }

    def run(facts: Any) -> None:
        sid = next(live.sids)
        _code, state = matcher.assert_fact(live.handle, f'{{"id":"f1","sid":"{sid}","k":{OPENING_KIND},"n":0}}')
        matcher.start_action_for_state(live.handle, state)
        for number, body in enumerate(made[id(facts)], start=2):
            matcher.assert_fact(live.handle, f'{{"id":"f{number}","sid":"{sid}",{body}}}')
        while matcher.complete_and_start_action(live.handle, state) is not None:
            pass
        matcher.delete_state(live.handle, sid)

    return run


def measure(run: Callable[[Any], object], given: list[Any]) -> float:
    """Microseconds per call."""
    started = process_time()
    for facts in given:
        run(facts)
    return (process_time() - started) / len(given) * 1_000_000


def main() -> None:
    """Print a small table."""
    plan = fifty()
    durable, generated, closures = Durable(plan), Generated(plan), Closures(plan)
    zen = zen_table.decision(plan)
    random, values = Random(5), candidates(plan)
    given = [draw(plan, random, values) for _each in range(DECISIONS)]
    fired = 0
    for facts in given:
        found = durable.run(facts, DAY)
        assert found == closures.run(facts, DAY) == generated.run(facts, DAY)
        assert zen_table.fired(zen, context(facts)) == [firing.rule for firing in found]
        fired += len(found)
    firings = {id(facts): closures.run(facts, DAY) for facts in given}
    contexts = {id(facts): context(facts) for facts in given}
    runs: dict[str, Callable[[Any], object]] = {
        "raw": raw_calls(durable, given),
        "durable_rules": lambda facts: durable.run(facts, DAY),
        "generated": lambda facts: generated.run(facts, DAY),
        "closures": lambda facts: closures.run(facts, DAY),
        "outcome": lambda facts: assemble(plan, firings[id(facts)], facts),
        "decided": lambda facts: assemble(plan, durable.run(facts, DAY), facts),
        "whole": lambda facts: (generated.run(facts, DAY), assemble(plan, durable.run(facts, DAY), facts)),
        "in words": lambda facts: (generated.run(facts, DAY), assemble(plan, durable.run(facts, DAY), facts).lines),
        "zen-engine": lambda facts: zen_table.fired(zen, contexts[id(facts)]),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _round in range(ROUNDS):
        for name, run in runs.items():
            times[name].append(measure(run, given))
    print(f"{RULES} rules, {fired / DECISIONS:.1f} fire, {DECISIONS} sets of facts, median of {ROUNDS} rounds")
    for name, found in times.items():
        ratio = statistics.median(one / base for one, base in zip(found, times["raw"], strict=True))
        print(f"{name:16} {statistics.median(found):8.1f} µs/decision  {ratio:6.2f} x raw")


def context(facts: Any) -> dict[str, Any]:
    """Facts as zen-engine takes them."""
    return {kind: many[0] if many else None for kind, many in facts.items()}


if __name__ == "__main__":
    main()
