"""Rule sets for tests: the shipped ones, and small ones made of a few lines."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from app.core.permissions import SYSTEM
from app.decisions import publish, service
from app.decisions.compile import Plan, make_new_plan
from app.decisions.facts import Facts
from app.decisions.language import read_rule_set
from app.decisions.models import FactSchemaText, RuleSetPointer, RuleSetVersion
from app.decisions.profiles import resolve
from app.decisions.schema import FOLDER
from tests.kept import Kept

DAY = date(2026, 11, 23)
SHIPPED = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml") if path.name not in publish.NOT_RULES))

HEAD = """
schema: 1
rule_set: {name}
name: {{en: Trial, zh: 试验}}
note: {{en: For tests, zh: 测试用}}
owner: qa_ra
parameters:
  big: {{value: 100, unit: fen, label: {{en: big, zh: 大}}, source: {{en: test, zh: 测试}}}}
factors:
  f: {{name: {{en: F, zh: 甲}}, cap: 50, least: -20}}
  g: {{name: {{en: G, zh: 乙}}, cap: 900}}
bands: {{P0: 800, P1: 600, P2: 350, P3: 0}}
routes: [none, one, two]
default_route: none
rules:
"""


def schema_text() -> str:
    """The text of rules/facts.yaml."""
    return (FOLDER / "facts.yaml").read_text(encoding="utf-8")


def rule(rule_id: str, when: str, then: str = "", reason: str = "{en: x, zh: y}") -> str:
    """One rule in the file's notation; `when` and `then` are flow mappings without their braces. It tags otherwise."""
    then = then or f"tag: t_{rule_id}"
    return f"- id: {rule_id}\n  name: {{en: n, zh: 名}}\n  when: {{{when}}}\n  then: {{{then}}}\n  reason: {reason}\n"


def text_of(*rules: str, name: str = "trial") -> str:
    """A rule file of these rules."""
    return HEAD.format(name=name) + "".join(rules)


def plan_of(*rules: str, name: str = "trial") -> Plan:
    """The plan of these rules."""
    return make_new_plan(read_rule_set(text_of(*rules, name=name), schema_text(), "trial.yaml"), "trial.yaml")


def shipped_text(name: str) -> str:
    """The text of a shipped rule set as it is stored: with the numbers of the profiles it names."""
    return resolve((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


@lru_cache
def shipped(name: str) -> Plan:
    """The plan of a shipped rule set."""
    return make_new_plan(read_rule_set(shipped_text(name), schema_text(), name), name)


def whole(plan: Plan, **changes: Any) -> Facts:
    """Facts for the kinds a plan needs: an ordinary order with these changes, {kind: {attribute: value} or [...]}."""
    from app.decisions.cases import Case, facts_of

    return facts_of(Case("", changes, {}), plan)


IN_FORCE = Kept(lambda: service.seed(SYSTEM), FactSchemaText, RuleSetVersion, RuleSetPointer)


def seed() -> None:
    """Put the shipped rule sets into force in the running transaction."""
    IN_FORCE.put()
