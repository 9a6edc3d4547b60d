"""What who tests, approves or puts a version into force should know, though nothing forbids it."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.i18n import _
from app.decisions import queries
from app.decisions.compile import Plan
from app.decisions.dmn.offered import oddities_of
from app.decisions.ir import Rule
from app.decisions.models import RuleSetVersion
from app.decisions.source import RuleFileInvalid
from app.decisions.studio.overview import tested

OPEN = ("draft", "tested", "approved")
"""States of a version that did not count yet."""


def notes_on(version: RuleSetVersion) -> list[str]:
    """Of a version that did not count yet: what no test shows, what no gateway may know, what is odd in a table."""
    if version.status not in OPEN:
        return []
    plan = queries.plan_of(version)
    before = queries.in_force_or(version)
    old = None if before.id == version.id else queries.plan_of(before)
    return [*_of_tests(version, plan, old), *_of_routes(plan, old), *_of_table(plan)]


def _of_tests(version: RuleSetVersion, plan: Plan, old: Plan | None) -> Iterator[str]:
    """Rules that stand in the version in force as they are, are not spoken of again."""
    try:
        found = tested(version)
    except RuleFileInvalid:  # the page of the tests says what is wrong with them
        return
    if not found.results:
        yield _("There is no test beside these rules: nothing shows that they do what is meant.")
        return
    known = {} if old is None else {rule.id: rule for rule in old.rule_set.rules}
    new = [rule for rule in plan.rule_set.rules if not rule.disabled and not _same(rule, known.get(rule.id))]
    untested = [rule.id for rule in new if not found.firing(rule.id)]
    if untested:
        yield _("No test fires what is new or changed here: %(rules)s.", rules=", ".join(untested[:20]))


def _same(rule: Rule, other: Rule | None) -> bool:
    return other is not None and (rule.branches, rule.then) == (other.branches, other.then)


def _of_routes(plan: Plan, old: Plan | None) -> Iterator[str]:
    if old is None:
        return
    routes, before = plan.rule_set.routes, old.rule_set.routes
    if new := [route for route in routes if route not in before]:
        yield _(
            "New routes: %(routes)s. See that each gateway that asks these rules knows them: it takes its default way "
            "for a route it does not know.",
            routes=", ".join(new),
        )
    if gone := [route for route in before if route not in routes]:
        yield _(
            "Routes that are gone: %(routes)s. Gateways that wait for them take other ways.", routes=", ".join(gone)
        )


def _of_table(plan: Plan) -> Iterator[str]:
    if plan.table is not None:
        yield from (one.reason for one in oddities_of(plan.table))
