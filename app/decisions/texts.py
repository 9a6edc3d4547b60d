"""A stored text as a plan: rule files are YAML, decision tables are DMN."""

from __future__ import annotations

from dataclasses import replace

from app.decisions.compile import Plan, make_new_plan, make_plan
from app.decisions.dmn.checks import refuse_useless
from app.decisions.dmn.reading import read_table, same_document
from app.decisions.language import read_rule_set, version_hash


def is_table(text: str) -> bool:
    """Whether the text is XML, which rule files never are."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def same_text(one: str, other: str) -> bool:
    """Whether nothing was changed: the same text, or the same decision table laid out otherwise."""
    if one == other or not (is_table(one) and is_table(other)):
        return one == other
    return same_document(one, other)


def plan_of_text(text: str, schema: str, file: str = "rules.yaml") -> Plan:
    """The plan of a text, written for that fact schema. Raises RuleFileInvalid."""
    if is_table(text):
        return _table_plan(text, schema, file)
    return make_plan(read_rule_set(text, schema, file), file)


def new_plan_of_text(text: str, schema: str, file: str = "rules.yaml") -> Plan:
    """The plan of a text that is not in use yet. Raises RuleFileInvalid also for rules that are of no use."""
    if is_table(text):
        refuse_useless(read_table(text, file), file)
        return _table_plan(text, schema, file)
    return make_new_plan(read_rule_set(text, schema, file), file)


def _table_plan(text: str, schema: str, file: str) -> Plan:
    table = read_table(text, file)
    rule_set = replace(table.rule_set(), sha256=version_hash(text, schema))
    return replace(make_plan(rule_set, file), table=table)
