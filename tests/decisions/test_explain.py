"""Explaining: what fired with the facts that met it, what nearly fired and by how much, what if, as text, replayed."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import queries, service, vocabulary
from app.decisions.facts import fact
from app.decisions.models import Decision
from tests.decisions.dmn.factories import dmn
from tests.decisions.factories import SHIPPED, seed, shipped, whole
from tests.identity.factories import make_user, sign_in
from tests.orders.factories import make_order

pytestmark = pytest.mark.any_database

ORDER = Subject("order", "o1")


@pytest.fixture
def decision(client: FlaskClient) -> Decision:
    seed()
    sign_in(client, make_user(roles=("auditor",)))
    given = whole(
        shipped("priority"),
        order={"order_type": "emergency", "hours_to_surgery": 50, "slack_days": 3},
        customer={"tier": "A"},
        contract={"number": "K-1", "sla_hours": 25, "days_left": 9},
    )
    return service.decide("priority", ORDER, facts=given)


def count(tx: Session) -> int:
    return tx.scalar(select(func.count()).select_from(Decision)) or 0


def test_why_and_why_nearly(decision: Decision) -> None:
    fired = {rule.rule: rule for rule in queries.fired(decision)}
    assert list(fired) == decision.result.fired
    assert fired["S1"].conditions == (
        (
            {"en": "order: order type = emergency", "zh": "订单：订单类型 = 急救"},
            {"en": "order type emergency", "zh": "订单类型 急救"},
        ),
    )
    assert fired["S7"].reason["en"].startswith("3 days of slack")
    missed = {rule.rule: rule for rule in queries.not_fired(decision)}
    assert missed["S11"].nearly
    assert missed["S11"].gap["en"] == "1 h"
    assert missed["S9"].found["en"] == "there is none"
    assert missed["S23"].failing == 2


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_the_page_tells_all_of_it(client: FlaskClient, decision: Decision, lang: str) -> None:
    shown = client.get(f"/decisions/{decision.id}?lang={lang}").get_data(as_text=True)
    for words in (
        ("Rules that fired, in order", "found: order type emergency", "Rules that nearly fired", "off by 1 h")
        if lang == "en"
        else ("按次序触发的规则", "订单类型 急救", "接近触发的规则", "1小时")
    ):
        assert words in shown
    assert client.get(f"/decisions/about/order/o1?lang={lang}").status_code == 200


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_the_same_as_text_for_an_auditor(client: FlaskClient, decision: Decision, lang: str) -> None:
    answer = client.get(f"/decisions/{decision.id}/text?lang={lang}")
    text = answer.get_data(as_text=True)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    for part in (decision.id, decision.version_hash, decision.facts_hash, " +250  S1", "K-1"):
        assert part in text
    assert ("agreed delivery time: 25 h" if lang == "en" else "约定到货时限: 25小时") in text


def test_what_if_changes_the_outcome_and_stores_nothing(client: FlaskClient, decision: Decision, tx: Session) -> None:
    page = client.get(f"/decisions/{decision.id}/what-if?lang=en").get_data(as_text=True)
    assert 'name="order-0-order_type"' in page
    assert "The same as was decided." in page

    def ask(**changes: str) -> str:
        there = {"has-contract": "1", **changes}
        return client.post(f"/decisions/{decision.id}/what-if?lang=en", data=there).get_data(as_text=True)

    assert "The same as was decided." in ask()
    other = ask(**{"order-0-order_type": "normal", "order-0-hours_to_surgery": ""})
    assert "<del>P0</del> → <ins>P3</ins>" in other
    assert "fires no more: S1, S2c" in other
    assert "fires now: S11" in ask(**{"contract-0-sla_hours": "24"})
    wrong = ask(**{"order-0-slack_days": "soon"})
    assert "must be a number" in wrong
    assert '<a href="#f-order-0-slack_days">order: slack</a>' in wrong, "by the name that people know"
    assert "must not be empty" in ask(**{"order-0-line_count": ""})
    without = client.post(f"/decisions/{decision.id}/what-if?lang=en", data={}).get_data(as_text=True)
    assert "The same as was decided." in without  # the contract's rules did not fire before either
    assert client.post(f"/decisions/{decision.id}/what-if", data={"version": "99"}).status_code == 404
    assert count(tx) == 1


def test_replay_says_bit_for_bit_or_what_differs(client: FlaskClient, decision: Decision) -> None:
    shown = client.get(f"/decisions/{decision.id}/replay?lang=en").get_data(as_text=True)
    assert "the same, bit for bit" in shown
    decision.outcome = {**decision.outcome, "score": 1}
    replay = service.replay(decision)
    assert not replay.same
    assert replay.differs == (("score", "1", str(replay.outcome.score)),)


def test_what_would_be_decided_now(
    client: FlaskClient, decision: Decision, monkeypatch: pytest.MonkeyPatch, tx: Session
) -> None:
    given = whole(shipped("stock_gate"), reservation={"short_quantity": 0, "short_lines": 0, "reserved_quantity": 2})
    monkeypatch.setattr(fact, "_functions", {kind: lambda *_asked, kind=kind: given[kind] for kind in given})
    shown = client.get("/rules/stock_gate/explain/order/o1?lang=en").get_data(as_text=True)
    assert "This is what would be decided now. Nothing was stored." in shown
    assert "Route: <strong>complete</strong>" in shown
    assert count(tx) == 1
    monkeypatch.setattr(fact, "_functions", {kind: lambda *_asked: [] for kind in given})
    answer = client.get("/rules/stock_gate/explain/order/o1?lang=en")
    assert (answer.status_code, answer.location) == (302, "/decisions/about/order/o1")


@pytest.mark.parametrize("path", ["/decisions/about", "/rules/stock_gate/explain"])
def test_nothing_is_told_of_what_is_not_there(client: FlaskClient, decision: Decision, path: str) -> None:
    for subject in ("banana/x", "order/nobody", "order/banana"):
        assert client.get(f"{path}/{subject}").status_code == 404


def test_rules_are_offered_whose_facts_the_subject_has(
    client: FlaskClient, decision: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = whole(shipped("stock_gate"), reservation={"short_quantity": 0, "short_lines": 0, "reserved_quantity": 2})
    given["order"] = whole(shipped("priority"))["order"]
    monkeypatch.setattr(fact, "_functions", {kind: lambda *_asked, kind=kind: given[kind] for kind in given})
    for name, expression in (("freight", "order.line_count"), ("parcels", "weight")):
        text = dmn([(expression, "number")], [("fee", "number")], [["-", "3"]]).replace('id="freight"', f'id="{name}"')
        service.activate(SYSTEM, service.try_version(SYSTEM, service.submit(SYSTEM, text, f"{name}.dmn", cases="[]")))
    shown = client.get("/decisions/about/order/o1?lang=en").get_data(as_text=True)
    offered = set(re.findall(r"/rules/([a-z_]+)/explain/", shown))
    assert offered == {"stock_gate", "freight"}  # not excursion, answers, or a table of a variable
    assert "Freight · freight" in shown
    listed = client.get("/rules?lang=en").get_data(as_text=True)
    assert all(f"Freight</a> <code>{name}</code>" in listed for name in ("freight", "parcels"))
    assert "<code>stock_gate</code>" not in listed  # its name is its own
    for name in offered:
        told = client.get(f"/rules/{name}/explain/order/o1?lang=en")
        assert "This is what would be decided now." in told.get_data(as_text=True)


def test_nearest_first_and_the_rest_behind(client: FlaskClient, decision: Decision) -> None:
    page = client.get(f"/decisions/{decision.id}?lang=en").get_data(as_text=True)
    near, _more, behind = page.partition("Rules that nearly fired")[2].partition("<details>")
    nearest = re.findall(r"<li><code>(.+?)</code>", near)
    assert len(nearest) == 8
    assert nearest[:2] == ["S2b", "S11"]  # 2 of 48 hours, 1 of 24
    assert "farther off" in behind
    missed = {rule.rule: rule for rule in queries.not_fired(decision)}
    assert missed["S11"].distance == pytest.approx(1 / 24)
    assert missed["S9"].distance == 1


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_routes_people_steps_and_tags_are_told_by_name(client: FlaskClient, lang: str) -> None:
    seed()
    sign_in(client, make_user(roles=("auditor",)))
    made = service.decide(
        "approval_matrix", ORDER, facts=whole(shipped("approval_matrix"), credit={"over_limit_fen": 1})
    )
    assert (made.result.route, "A6" in made.result.fired) == ("two", True)
    pages = [
        client.get(f"{path}?lang={lang}").get_data(as_text=True)
        for path in (f"/decisions/{made.id}", f"/decisions/{made.id}/text", "/rules/approval_matrix")
    ]
    step = "Step “second approval”: Finance" if lang == "en" else "步骤“第二次审批”：财务"
    route = "two approvals by different people" if lang == "en" else "两人分别审批"
    tag = "check the credit" if lang == "en" else "核查信用"
    for page in pages:
        assert all(words in page for words in (step, route, tag))
        assert "credit_check" not in page
    listed = client.get(f"/decisions/about/order/o1?lang={lang}").get_data(as_text=True)
    assert route in listed
    changed = client.post(f"/decisions/{made.id}/what-if?lang={lang}", data={"credit-0-over_limit_fen": "0"})
    assert f"<del>{route}</del>" in changed.get_data(as_text=True)
    assert service.replay(made).same


def test_every_code_of_the_shipped_rules_has_words() -> None:
    for name in SHIPPED:
        rules = shipped(name).rule_set
        thens = [rule.then for rule in rules.rules]
        assert set(rules.routes) <= set(vocabulary.ROUTES)
        assert {tag for then in thens for tag in then.tags} <= set(vocabulary.TAGS)
        assert {signal for then in thens for signal in then.signals} <= set(vocabulary.SIGNALS)
        assert {one.step for then in thens for one in then.assign if one.step} <= set(vocabulary.STEPS)


def test_the_subject_is_named_and_led_to(client: FlaskClient, tx: Session) -> None:
    seed()
    sign_in(client, make_user(roles=("auditor",)))
    order = make_order()
    made = service.decide("stock_gate", Subject("order", order.id), facts=whole(shipped("stock_gate")))
    link = f'<a href="/orders/{order.id}">订单 {order.number}</a>'
    assert link in client.get(f"/decisions/{made.id}?lang=zh_Hans").get_data(as_text=True)
    assert f"订单 {order.number}" in client.get(f"/decisions/{made.id}/text?lang=zh_Hans").get_data(as_text=True)
    about = client.get(f"/decisions/about/order/{order.id}?lang=zh_Hans").get_data(as_text=True)
    assert f"订单 {order.number}" in about
    assert f"order {order.id}" not in about
