"""Simulations: past decisions made again, runs from begin to end, their page."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core import clock, db
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import queries, service
from app.decisions.facts import fact
from app.decisions.models import Decision
from app.decisions.simulation import changes, open_ones, runs, telling
from app.decisions.simulation.models import Simulation
from tests.decisions.dmn.factories import dmn
from tests.decisions.factories import rule, seed, text_of, whole
from tests.identity.factories import actor_for, make_user, sign_in

LOT_RULES = (
    rule("A", "all: [{customer: tier == 'S'}]", "points: 40, factor: f"),
    rule("B", "all: [{task: kind == 'approval'}]", "route: one, assign: {groups: [manager]}"),
)
"""Asks for a task: of that there is no list."""


def within(work, *, write):
    return work()


def in_force(text: str):
    """In force, the trial in a process of its own left out."""
    draft = service.submit(SYSTEM, text, cases="[]")
    version = service.passed(SYSTEM, draft, service.trial_of(draft))
    service.activate(SYSTEM, service.approve(SYSTEM, version))
    return version


def decided(version, count: int, **facts: Any) -> list[Decision]:
    plan = queries.plan_of(version)
    given = whole(plan, **facts)
    return [service.decide(version.rule_set, Subject("order", f"o{at}"), facts=given) for at in range(count)]


def simulated(draft, last: int = 200, actor=SYSTEM) -> Simulation:
    begun = runs.begin(actor, draft, last)
    assert runs.run(begun.id, within)
    assert (begun.status, begun.fault) == ("done", "")
    return begun


TASK = {"task": {"kind": "approval"}}


def test_past_decisions_are_made_again_by_both(tx):
    version = in_force(text_of(*LOT_RULES))
    decided(version, 3, customer={"tier": "S"}, **TASK)
    plain = decided(version, 2, customer={"tier": "B"}, **TASK)
    draft = service.submit(
        SYSTEM,
        text_of(
            rule("A", "all: [{customer: tier == 'S'}]", "points: 25, factor: f"),
            rule("B", "all: [{task: kind == 'approval'}, {customer: tier == 'S'}]", "route: two, assign: {step: second, groups: [qa_ra]}"),
            rule("C", "all: [{customer: tier == 'A'}]"),
            rule("D", "all: [{task: kind != 'change'}]"),
        ),
    )  # fmt: skip
    one = simulated(draft)
    assert (one.found["open"], one.moves, one.found["lacking"]) == (None, None, [["task"], ["task"]])
    past = one.found["past"]
    assert [past[name] for name in ("seen", "compared", "changed")] == [5, 5, 5]
    assert past["shift"] == changes.bars({-15: 3, 0: 2})
    assert [(turn["was"], turn["now"], turn["count"]) for turn in past["routes"]] == [
        ("one", "two", 3),
        ("one", "none", 2),
    ]
    assert [(turn["now"], turn["count"]) for turn in past["who"]] == [('[["second",["qa_ra"],[]]]', 3), ("[]", 2)]
    assert [(row["rule"], row["count"], row["was"]) for row in past["rules"]] == [
        ("A", 3, 3),
        ("B", 3, 5),
        ("C", 0, None),
        ("D", 5, None),
    ]
    lost = next(row for row in past["examples"] if row["id"] == plain[0].id)
    assert [(step["rule"], step["lost"], step["gained"]) for step in lost["why"]] == [
        ("D", False, True),
        ("B", True, False),
    ]


def test_facts_that_a_snapshot_lacks_are_counted_and_not_guessed(tx):
    version = in_force(text_of(*LOT_RULES))
    decided(version, 2, customer={"tier": "S"}, **TASK)
    for asked in ("override: points >= 1", "line: quantity >= 1", "no override: points >= 1"):
        kind = asked.replace("no ", "").partition(":")[0]
        condition = (
            "all: [{task: kind != 'change'}, {not: {override: points >= 1}}]"
            if "no " in asked
            else f"all: [{{{asked}}}]"
        )
        draft = service.submit(SYSTEM, text_of(*LOT_RULES, rule("N", condition)))
        past = simulated(draft).found["past"]
        assert (past["compared"], past["lacking"], past["rules"]) == (0, [[kind, 2]], [])


def test_a_table_is_compared_by_what_its_columns_mean(tx, monkeypatch):
    monkeypatch.setitem(
        fact._functions, "credit", lambda *_given: [{"overdue_days": 5, "over_limit_fen": 0, "prepaid": False}]
    )
    columns = [("credit.overdue_days", "integer"), ("weight", "number")]
    outputs = [("route", "string")]
    version = in_force(dmn(columns, outputs, [["> 30", "-", '"hold"'], ["<= 30", "-", '"road"']]))
    for weight in (1, 7):
        service.decide("freight", Subject("order", "x"), variables={"weight": weight})
    swapped = dmn(
        columns[::-1], outputs, [["> 5", "-", '"air"'], ["<= 5", "> 30", '"hold"'], ["<= 5", "<= 30", '"road"']]
    )
    past = simulated(service.submit(SYSTEM, swapped, "freight.dmn")).found["past"]
    assert [past[name] for name in ("compared", "changed", "lacking")] == [2, 1, []]
    assert [(turn["was"], turn["now"]) for turn in past["answers"]] == [('{"route":"road"}', '{"route":"air"}')]
    more = dmn(
        [*columns, ("express", "boolean")], outputs, [["> 30", "-", "true", '"hold"'], ["<= 30", "-", "-", '"road"']]
    )
    past = simulated(service.submit(SYSTEM, more, "freight.dmn")).found["past"]
    assert (past["compared"], past["lacking"]) == (0, [["express", 2]])
    assert version.rule_set == "freight"


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        ({0: 5}, []),
        ({0: 5, 3: 1}, [[0, 0, 5], [1, 1, 0], [2, 2, 0], [3, 3, 1]]),
        ({-40: 2, 1: 1}, [[-40, -39, 2], *([low, low + 1, 0] for low in range(-38, -1, 2)), [0, 0, 0], [1, 2, 1]]),
    ],
)
def test_bars(shifts, expected):
    found = changes.bars(shifts)
    assert sum(bar[2] for bar in found) == (sum(shifts.values()) if expected else 0)
    assert len(found) <= changes.MOST_BARS + 2
    if len(expected) < 5:
        assert found == expected
    assert all(one[1] + 1 == other[0] for one, other in pairwise(found))


def test_one_at_a_time_and_the_dead_and_the_old_make_room(tx):
    version = in_force(text_of(*LOT_RULES))
    first, second, third = (actor_for(make_user(roles=("order_desk",))) for _each in range(3))
    draft = service.begin_draft(first, version)
    begun = runs.begin(first, draft)
    with pytest.raises(runs.SimulationUnderWay):
        runs.begin(first, draft)
    runs.begin(second, draft)
    with pytest.raises(runs.TooManySimulations):
        runs.begin(third, draft)
    with clock.moved(clock.now() + timedelta(minutes=3)):
        assert telling.fault_words(runs.latest_failed(draft)) == "It was broken off before it came to an end."
        later = runs.begin(third, draft)
        assert (begun.status, begun.fault) == ("failed", "silent")
        assert runs.under_way(first, draft) is None
        assert not runs.run(begun.id, within), "what was given up is not run any more"
        assert runs.run(later.id, within)
        assert not runs.run(later.id, within), "once is enough"
        for _each in range(5):
            simulated(draft, actor=first)
        kept = select(func.count()).select_from(Simulation)
        assert tx.scalar(kept) == runs.KEPT_OF_VERSION
    with clock.moved(clock.now() + timedelta(days=40)):
        runs.forget_old(clock.now())
        assert tx.scalar(kept) == 0
    with pytest.raises(runs.NotSimulated):
        runs.begin(first, version)


def test_a_failure_is_told_and_leaves_room(tx, monkeypatch):
    seed()
    draft = service.begin_draft(SYSTEM, queries.active_version("priority"))
    begun = runs.begin(SYSTEM, draft)
    monkeypatch.setattr(open_ones, "gather", lambda *_given: 1 / 0)
    assert runs.run(begun.id, within)
    assert (begun.status, begun.fault, runs.under_way(SYSTEM, draft)) == ("failed", "error", None)


def test_what_is_other_since(tx):
    version = in_force(text_of(*LOT_RULES))
    decided(version, 1, customer={"tier": "S"}, **TASK)
    draft = service.submit(SYSTEM, text_of(*LOT_RULES, rule("C", "all: [{customer: tier == 'A'}]")))
    one = simulated(draft)
    assert runs.since(one, draft) == runs.Since(draft=False, active=None, data=[])
    with clock.moved(clock.now() + timedelta(seconds=1)):
        decided(version, 1, customer={"tier": "S"}, **TASK)
    assert runs.since(one, draft).data == ["past"]
    service.save_draft(SYSTEM, draft, draft.revision, text=draft.body.replace("tier == 'A'", "tier == 'C'"))
    other = in_force(text_of(LOT_RULES[0]))
    assert (runs.since(one, draft).draft, runs.since(one, draft).active) == (True, other.number)


def test_others_write_while_it_reads_and_computes(live, monkeypatch):
    def apart(work, *, write):
        with db.transaction(write=write):
            return work()

    def write_beside():
        with db.transaction():
            make_user(roles=("sales",))

    written: list[str] = []

    def while_it(name):
        done = getattr(open_ones, name)

        def beside(*given):
            answer = done(*given)
            thread = Thread(target=write_beside)
            thread.start()
            thread.join(10)
            written.append("in time" if not thread.is_alive() else f"{name} holds the lock")
            return answer

        monkeypatch.setattr(open_ones, name, beside)

    for name in ("gather", "decide", "compare"):
        while_it(name)
    with db.transaction():
        seed()
        begun = runs.begin(SYSTEM, service.begin_draft(SYSTEM, queries.active_version("compliance_gate")))
    assert runs.run(begun.id, apart)
    assert written == ["in time"] * len(written)
    assert len(written) >= 4
    with db.transaction(write=False):
        assert session().get_one(Simulation, begun.id).status == "done"


# --- the page --------------------------------------------------------------------------------------------------------


def address(draft, path: str = "") -> str:
    return f"/rules/{draft.rule_set}/versions/{draft.number}/simulation{path}"


@pytest.mark.any_database
@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_from_the_button_to_the_finding(client: FlaskClient, lang: str):
    seed()
    desk = sign_in(client, make_user(roles=("order_desk",)))
    version = queries.active_version("task_assignment")
    service.decide(
        "task_assignment", Subject("task", "t"), facts=whole(queries.plan_of(version), order={"number": "<b>x</b>"})
    )
    draft = service.begin_draft(actor_for(desk), version)
    shown = client.get(f"{address(draft)}?lang={lang}").get_data(as_text=True)
    assert ("Not simulated yet" if lang == "en" else "尚未模拟") in shown
    assert client.post(address(draft), data={"last": "200"}).headers["Location"].endswith(address(draft))
    shown = client.get(f"{address(draft)}?lang={lang}").get_data(as_text=True)
    assert f'hx-post="{address(draft, "/run")}"' in shown
    assert ("Waiting to begin" if lang == "en" else "等待开始") in client.get(
        address(draft, f"/progress?lang={lang}")
    ).get_data(as_text=True)
    ran = client.post(address(draft, "/run"), headers={"HX-Request": "true"})
    assert (ran.status_code, ran.headers["HX-Refresh"]) == (204, "true")
    polled = client.get(address(draft, "/progress"), headers={"HX-Request": "true"})
    assert polled.headers["HX-Refresh"] == "true"
    shown = client.get(f"{address(draft)}?lang={lang}").get_data(as_text=True)
    assert ("Both versions say exactly the same" if lang == "en" else "两个版本内容完全相同") in shown
    assert ("Never fire" if lang == "en" else "从不触发") in shown
    assert client.get(address(draft, "/moves.csv")).status_code == 404
    assert client.post(address(draft, "/run")).status_code == 302


@pytest.mark.any_database
def test_states_and_rights_of_the_page(client: FlaskClient):
    seed()
    author = make_user(roles=("designer",))
    draft = service.begin_draft(actor_for(author), queries.active_version("priority"))
    fresh = service.submit(SYSTEM, text_of(*LOT_RULES))
    sign_in(client, make_user(roles=("sales",)))
    for path in ("", "/progress", "/moves.csv"):
        assert client.get(address(draft, path)).status_code == 403
    for path in ("", "/run"):
        assert client.post(address(draft, path)).status_code == 403
    assert "Simulat" not in client.get(f"/rules/priority/versions/{draft.number}?lang=en").get_data(as_text=True)
    sign_in(client, author)
    assert "nothing to compare with" in client.get(f"{address(fresh)}?lang=en").get_data(as_text=True)
    assert client.post(address(fresh), data={}).status_code == 404
    assert "begin a draft with" in client.get("/rules/priority/versions/1/simulation?lang=en").get_data(as_text=True)
    assert client.post("/rules/priority/versions/1/simulation").status_code == 409
    assert client.get("/rules/priority/versions/77/simulation").status_code == 404
    one = simulated(draft, actor=actor_for(author))
    shown = client.get(f"{address(draft)}?lang=en").get_data(as_text=True)
    assert "Nothing is open" in shown
    assert client.get(address(draft, "/moves.csv")).status_code == 403, "a designer may not export orders"
    sign_in(client, make_user(roles=("manager",)))
    table = client.get(address(draft, "/moves.csv?lang=en"))
    assert table.get_data(as_text=True).lstrip("\ufeff").startswith("Number,Change,Place before")
    for last in ("-1", "99999999999", "x", "7"):
        client.post(address(draft), data={"last": last})
        begun = session().scalars(select(Simulation).where(Simulation.status == "waiting")).one()
        assert begun.last == runs.DEFAULT_LAST
        begun.status = "failed"
        session().flush()
    shown = client.get(f"{address(draft)}?lang=en").get_data(as_text=True)
    assert "The last simulation failed" in shown
    assert re.search(r"Version \d+ against version 1", shown)
    assert one.started_by_name == author.name
    tested = service.submit(SYSTEM, draft.body.replace("points: 250", "points: 249"))
    service.passed(SYSTEM, tested, service.trial_of(tested))
    shown = client.get(f"/rules/priority/versions/{tested.number}?lang=en").get_data(as_text=True)
    assert "Nobody has simulated yet" in shown
