"""Rules may ask only for facts that everything they decide about has."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.decisions import publish, queries, service
from app.decisions.askable import askable, refuse_unanswerable, served_by
from app.decisions.facts import bearers, fact
from app.decisions.publish import NOT_RULES, IsRules, NoRuleFile
from app.decisions.schema import FOLDER, shipped_schema
from app.decisions.source import RuleFileInvalid
from app.decisions.studio.noting import notes_on
from tests.decisions.dmn.factories import dmn
from tests.decisions.factories import rule, seed, shipped, shipped_text, text_of
from tests.identity.factories import make_user, sign_in

SETS = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.name not in NOT_RULES)


@pytest.fixture(scope="module")
def extra() -> str:
    return rule("X1", "all: [{recall: number == 'R1'}]", "points: 5, factor: customer")


@pytest.mark.parametrize("name", SETS)
def test_each_shipped_set_can_be_decided_about_something(tx, name):
    plan = shipped(name)
    assert served_by(plan.kinds) != frozenset()
    seed()
    refuse_unanswerable(plan, f"{name}.yaml")


def test_every_fact_that_must_be_there_says_whose_it_is():
    must = {kind.name for kind in shipped_schema().kinds.values() if kind.cardinality == "one"}
    assert must - set(bearers) == {"mode"}, "that one everything has"
    assert set(bearers) <= must
    assert must - {"task"} <= set(fact), "what a task is, is given by who asks"


def test_a_fact_that_orders_lack_is_refused_offered_to_nobody_and_nothing_is_stored(tx, extra):
    """It would let no order in any more."""
    seed()
    versions = len(queries.versions_of("priority"))
    text = shipped_text("priority") + extra
    with pytest.raises(RuleFileInvalid) as refused:
        service.submit(SYSTEM, text, "priority.yaml")
    assert refused.value.details["rule"] == "X1"
    assert refused.value.details["line"] == len(shipped_text("priority").splitlines()) + 1
    assert "recall" in refused.value.details["reason"]
    draft = service.begin_draft(SYSTEM, queries.active_version("priority"))
    with pytest.raises(RuleFileInvalid):
        service.save_draft(SYSTEM, draft, draft.revision, text=text)
    draft.body = text  # stored before it was refused
    with pytest.raises(RuleFileInvalid):
        service.try_version(SYSTEM, draft)
    assert len(queries.versions_of("priority")) == versions + 1
    rules = queries.plan_of(queries.active_version("priority")).rule_set
    offered = askable("priority", rules.schema)
    assert "order" in offered.kinds
    assert "lot" in offered.kinds
    assert {"recall", "excursion", "change", "answer", "task"}.isdisjoint(offered.kinds)
    assert {"recall", "recall_progress"} <= set(askable("recall_class", rules.schema).kinds)


def test_facts_that_may_be_missing_or_go_with_it_may_be_asked(tx):
    seed()
    text = shipped_text("change_impact")
    more = rule("X1", "all: [{credit: overdue_days >= 9}, {contract: sla_hours >= 1}]", "tag: late")
    refuse_unanswerable(publish.compiled(text + more)[0], "x.yaml")


def test_nothing_has_the_facts_of_an_order_and_of_a_recall(tx, extra):
    text = text_of(rule("A1", "all: [{order: line_count > 1}]"), extra.replace(", factor: customer", ""))
    with pytest.raises(RuleFileInvalid, match="X1"):
        service.submit(SYSTEM, text, "trial.yaml")


def test_a_table_does_not_take_the_place_of_rules_nor_rules_that_of_a_table(tx):
    seed()
    columns = [("order.total_fen", "integer")], [("route", "string")], [["-", '"x"']]
    table = dmn(*columns)
    assert 'id="freight"' in table
    with pytest.raises(IsRules):
        service.submit(SYSTEM, table.replace('id="freight"', 'id="priority"'), "p.dmn", cases="[]")
    service.submit(SYSTEM, table, "freight.dmn", cases="[]")
    with pytest.raises(NoRuleFile):
        service.submit(SYSTEM, text_of(rule("A1", "all: [{order: line_count > 1}]"), name="freight"))
    assert queries.versions_of("priority")[0].number == 1


def test_who_approves_is_told_what_no_test_shows_and_no_gateway_may_know(tx):
    seed()
    before = queries.active_version("approval_matrix")
    assert notes_on(before) == [], "it counts already"
    draft = service.begin_draft(SYSTEM, before)
    assert notes_on(draft) == [], "nothing is new"
    text = draft.body.replace("routes: [", "routes: [three, ", 1)
    assert text != draft.body
    service.save_draft(SYSTEM, draft, draft.revision, text=text + rule("X1", "all: [{order: line_count > 400}]"))
    untested, routes = notes_on(draft)
    assert "X1" in untested
    assert "three" in routes
    service.save_draft(SYSTEM, draft, draft.revision, cases="[]")
    assert "no test beside" in notes_on(draft)[0]
    odd = dmn([("order.nothing", "string")], [("route", "string")], [['"a"', '"x"']])
    noted = notes_on(service.submit(SYSTEM, odd, "freight.dmn", cases="[]"))
    assert any("order.nothing" in one for one in noted)


def test_the_notes_stand_on_the_page_of_the_version(tx, client):
    seed()
    service.submit(SYSTEM, dmn([("order.nothing", "string")], [("route", "string")], [['"a"', '"x"']]), cases="[]")
    sign_in(client, make_user(roles=["manager"]))
    shown = client.get("/rules/freight/versions/1").text
    assert "order.nothing" in shown
    assert "此版本生效前请留意" in shown
