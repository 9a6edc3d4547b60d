"""A decision as plain text for an auditor: what was decided, by which version, why, on which facts."""

from __future__ import annotations

from collections.abc import Iterator

from app.core import clock
from app.core.i18n import _, listed, pick, show_time
from app.core.subject import Subject
from app.decisions import queries
from app.decisions.explain import Fired, NotFired
from app.decisions.models import Decision
from app.decisions.outcome import Outcome
from app.decisions.tables import fact_tables
from app.decisions.vocabulary import asked_words, route_words, subject_words, tag_words


def decision_text(decision: Decision) -> str:
    """The whole explanation, in the reader's language, a line per statement."""
    plan = queries.plan_of(queries.version_of(decision))
    outcome = decision.result
    parts = [
        *_head(decision, pick(plan.rule_set.name), outcome),
        *_blocks(outcome),
        *_score(outcome),
        *_fired(queries.fired(decision)),
        *_missed(queries.not_fired(decision)),
        "",
        _("Facts used"),
    ]
    for table in fact_tables(queries.facts_of(decision, plan), plan.rule_set.schema):
        parts += ["", f"  {table.title}", *(f"    {label}: {value}" for label, value in table.values)]
    return "\n".join(parts) + "\n"


def _head(decision: Decision, name: str, outcome: Outcome) -> Iterator[str]:
    yield f"{name} · {subject_words(Subject(decision.subject_kind, decision.subject_id))}"
    yield ""
    for label, value in (
        (_("Decision"), decision.id),
        (_("Decided for"), show_time(decision.as_of)),
        (_("Decided"), f"{show_time(decision.made_at)} ({clock.BUSINESS_ZONE.key})"),
        (_("Version"), str(decision.rule_set_version)),
        (_("Fingerprint of the version"), decision.version_hash),
        (_("Fingerprint of the facts"), decision.facts_hash),
        (_("Engine"), decision.engine),
        (_("Route"), route_words(outcome.route)),
        (_("Band"), outcome.band or ""),
        (_("Asked"), asked_words(outcome)),
        (_("Tags"), listed(tag_words(tag) for tag in outcome.tags)),
    ):
        if value:
            yield f"{label}: {value}"


def _blocks(outcome: Outcome) -> Iterator[str]:
    if outcome.blocks:
        yield from ("", _("Blocks"))
    for block in outcome.blocks:
        yield f"  {block.rule} {pick(block.name)}: {pick(block.reason)}"
        yield f"    {_('Basis: %(basis)s', basis=pick(block.basis))}"
        yield f"    {_('To lift it: %(unblock)s', unblock=pick(block.unblock))}"


def _score(outcome: Outcome) -> Iterator[str]:
    if not outcome.factors:
        return
    yield from ("", _("%(score)s of 1000 points", score=outcome.score))
    for line in outcome.lines:
        yield f"  {line.points:+5d}  {line.rule} {pick(line.name)}: {pick(line.reason)}"


def _fired(fired: list[Fired]) -> Iterator[str]:
    yield from ("", _("Rules that fired, in order"))
    for rule in fired:
        yield f"  {rule.rule} {pick(rule.name)}: {pick(rule.reason)}"
        for words, found in rule.conditions:
            yield f"    {pick(words)} ({_('found: %(found)s', found=pick(found) or '–')})"
    if not fired:
        yield f"  {_('No rule fired.')}"


def _missed(missed: list[NotFired]) -> Iterator[str]:
    yield from ("", _("Rules that did not fire"))
    for rule in missed:
        found = f"; {_('found: %(found)s', found=pick(rule.found))}" if pick(rule.found) else ""
        gap = f"; {_('off by %(gap)s', gap=pick(rule.gap))}" if pick(rule.gap) else ""
        yield f"  {rule.rule} {pick(rule.name)}: {_('asked: %(asked)s', asked=pick(rule.asked))}{found}{gap}"
