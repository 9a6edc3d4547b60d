"""Two versions side by side: rule by rule in words, settings by name, and as text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.i18n import _, pick
from app.decisions.ir import RuleSet
from app.decisions.tables import RuleRow, effects_of, rows_of, spoken_language
from app.decisions.wording import shown


@dataclass(frozen=True)
class RuleChange:
    """A rule that is new, gone, moved or changed; `parts` are (what, before, after) of what differs."""

    rule: str
    name: str
    how: str
    parts: list[tuple[str, str, str]]


def changes(old: RuleSet, new: RuleSet) -> list[RuleChange]:
    """What differs, settings first, then the rules in the order of the new version, then those that are gone."""
    return [*_settings(old, new), *_rules(old, new)]


def text_changes(old: str, new: str) -> list[tuple[str, str]]:
    """("add" | "drop" | "same" | "place", line) of a unified diff."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2))[2:]
    kinds = {"+": "add", "-": "drop", "@": "place"}
    return [(kinds.get(line[:1], "same"), line) for line in lines]


def _rules(old: RuleSet, new: RuleSet) -> Iterator[RuleChange]:
    before = {row.rule.id: row for row in rows_of(old)}
    after = {row.rule.id: row for row in rows_of(new)}
    moved = _moved([name for name in before if name in after], [name for name in after if name in before])
    for name, row in after.items():
        if name not in before:
            yield RuleChange(name, pick(row.rule.name), "new", [(what, "", told) for what, told in _told(row, new)])
            continue
        parts = [
            (what, was, told)
            for (what, was), (_what, told) in zip(_told(before[name], old), _told(row, new), strict=True)
            if was != told
        ]
        if parts or name in moved:
            yield RuleChange(name, pick(row.rule.name), "changed" if parts else "moved", parts)
    for name, row in before.items():
        if name not in after:
            yield RuleChange(name, pick(row.rule.name), "gone", [(what, told, "") for what, told in _told(row, old)])


def _moved(before: list[str], after: list[str]) -> set[str]:
    """Names whose place among the others changed: all outside the longest run that both orders share."""
    kept = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stayed = {before[block.a + place] for block in kept for place in range(block.size)}
    return set(after) - stayed


def _told(row: RuleRow, rule_set: RuleSet) -> list[tuple[str, str]]:
    rule = row.rule
    spoken = spoken_language()
    conditions = "\n".join(f" {_('and')} ".join(words) for words in row.alternatives)
    reason = "".join(piece if isinstance(piece, str) else f"{{{'.'.join(piece)}}}" for piece in rule.reason[spoken])
    basis = f"{pick(rule.then.basis)}\n{pick(rule.then.unblock)}" if rule.then.basis else ""
    return [
        (_("Name of the rule"), pick(rule.name)),
        (_("Condition"), conditions),
        (_("Then"), "\n".join(effects_of(rule, rule_set))),
        (_("Basis and what lifts it"), basis),
        (_("Reason shown"), reason),
        (_("Owner"), rule.owner),
        (_("Valid from"), rule.valid_from.isoformat() if rule.valid_from else ""),
        (_("Valid until"), rule.valid_to.isoformat() if rule.valid_to else ""),
        (_("Switched off"), _("yes") if rule.disabled else ""),
    ]


def _settings(old: RuleSet, new: RuleSet) -> Iterator[RuleChange]:
    for what, before, after in (
        (_("Parameters"), _parameters(old), _parameters(new)),
        (_("Groups of points and their limits"), _factors(old), _factors(new)),
        (_("Bands"), _bands(old), _bands(new)),
        (_("Routes"), {"": _routes(old)}, {"": _routes(new)}),
    ):
        parts = [
            (name or what, before.get(name, ""), after.get(name, ""))
            for name in dict.fromkeys((*before, *after))
            if before.get(name) != after.get(name)
        ]
        if parts:
            yield RuleChange("", what, "changed", parts)


def _parameters(rules: RuleSet) -> dict[str, str]:
    spoken = spoken_language()
    return {pick(one.label): shown(one.value, one.unit, {}, spoken) for one in rules.parameters.values()}


def _factors(rules: RuleSet) -> dict[str, str]:
    return {pick(one.name): f"{one.least} … {one.cap}" for one in rules.factors}


def _bands(rules: RuleSet) -> dict[str, str]:
    return {one.band: str(one.start) for one in rules.bands}


def _routes(rules: RuleSet) -> str:
    return ", ".join(rules.routes) + (f" ({rules.default_route})" if rules.default_route else "")
