"""Tables edited in place: everything wrong told with its cell, what is odd, new ones from choices, nothing half saved."""

from __future__ import annotations

import io
from xml.dom.minidom import parseString

import pytest

from app.core.permissions import SYSTEM
from app.decisions import queries, service
from app.decisions.dmn.offered import oddities_of, offered_facts
from app.decisions.dmn.reading import faults_of, read_table
from app.decisions.studio.table_form import POLICIES
from tests.decisions.dmn.factories import dmn, table
from tests.identity.factories import make_user, sign_in

GOOD = dmn([("order.order_type", "string"), ("weight", "number")], [("fee", "integer")], [['"sample"', "< 5", "12"]])
HERE = "/rules/freight/versions/1/table"
FORM = {
    "key": "way",
    "name": "Way 路线",
    "policy": "FIRST",
    "inputs-0-fact": "order.order_type",
    "inputs-3-fact": "order.total_fen",
    "outputs-0-name": "route",
    "outputs-0-label": "Route",
    "outputs-0-type": "string",
    "outputs-0-allowed": "air， road",
}


@pytest.fixture
def designer(client, tx):
    client.set_cookie("language", "en")
    sign_in(client, make_user("dora", roles=["designer"]))
    return client


@pytest.fixture
def draft(designer):
    return service.submit(SYSTEM, GOOD, "freight.dmn", cases="[]")


def send(client, text: str, to: str = HERE, revision: int = 1):
    data = {"file": (io.BytesIO(text.encode()), "table.dmn"), "revision": str(revision)}
    return client.post(to, data=data, headers={"Accept": "application/json"})


def test_every_wrong_cell_is_told_with_its_place():
    text = dmn([("x", "integer"), ("y", "string")], [("fee", "integer")], [["1", "b", "1"], ["one", "-", "x"]])
    found = [(one.details["rule"], one.details["column"]) for one in faults_of(text)]
    assert found == [("row1", 2), ("row2", 1), ("row2", 3)]
    assert "column “y”: “b” is not a constant" in faults_of(text)[0].sentence()
    (head,) = faults_of(text.replace('typeRef="string"', 'typeRef="money"'))
    assert (head.details["rule"], head.details["column"]) == ("–", 2)
    assert faults_of(GOOD) == []
    many = dmn([("x", "integer")], [("fee", "integer")], [["one", "x"]] * 200)
    assert len(faults_of(many)) == 100


@pytest.mark.parametrize(
    ("expression", "kind", "entry", "place", "reason"),
    [
        ("order.total_fne", "integer", "1", (0, 1), "there is no fact “order.total_fne”"),
        ("order.total_fen", "string", "-", (0, 1), "is of type integer"),
        ("order.order_type", "string", '"normal", "sampel"', (1, 1), "“sampel” is no value"),
        ("order.order_type", "string", 'not("sampel")', (1, 1), "“sampel” is no value"),
        ("line.quantity + 1", "integer", "-", (0, 1), "there may be several of “line”"),
    ],
)
def test_what_hardly_means_what_it_says(app, expression, kind, entry, place, reason):
    (odd,) = oddities_of(table([(expression, kind)], [("fee", "integer")], [[entry, "1"]]))
    assert ((odd.row, odd.column), True) == (place, reason in odd.reason)


def test_variables_and_right_facts_are_not_odd(app):
    inputs = [("order.order_type", "string"), ("weight", "string"), ("order.total_fen / 100", "number")]
    assert list(oddities_of(table(inputs, [("fee", "integer")], [['"sample"', '"x"', "-", "1"]]))) == []
    offered = {one["name"]: one for kind in offered_facts() for one in kind["facts"]}
    assert offered["order.total_fen"]["type"] == "integer"
    assert {"name": "sample", "label": "sample"} in offered["order.order_type"]["values"]
    assert not any(name.startswith("line.") for name in offered)


def test_saved_only_whole_new_and_unless_nothing_changed(designer, draft):
    assert send(designer, GOOD).json == {"changed": False, "odd": [], "revision": 1}
    assert send(designer, parseString(GOOD).toprettyxml()).json["changed"] is False  # laid out otherwise
    assert draft.body == GOOD
    changed = GOOD.replace(">12<", ">13<")
    assert send(designer, changed).json == {"changed": True, "odd": [], "revision": 2}
    assert send(designer, GOOD).status_code == 409  # somebody saved meanwhile
    wrong = send(designer, changed.replace("&lt; 5", "about").replace(">13<", ">x<"), revision=2)
    assert wrong.status_code == 422
    assert [(one["row"], one["column"]) for one in wrong.json["problems"]] == [(1, 2), (1, 3)]
    assert wrong.json["problems"][0]["message"].startswith("Rule 1: column “weight”: ")
    assert (draft.body, draft.revision) == (changed, 2)
    odd = send(designer, GOOD.replace('"sample"', '"sampel"'), f"{HERE}/check")
    assert [(one["row"], one["column"]) for one in odd.json["odd"]] == [(1, 1)]
    twice = dmn([("weight", "number")], [("fee", "integer")], [["1", "1"], ["1", "2"]])
    assert [one["row"] for one in send(designer, twice, f"{HERE}/check").json["problems"]] == [2]
    assert draft.body == changed


@pytest.mark.parametrize(
    "text", ["", "schema: 1\nrules: []\n", "<a/>", "<" * 9, GOOD[:-20], "\x00", '<!DOCTYPE d [<!ENTITY a "b">]>' + GOOD]
)
def test_hostile_tables_are_refused_and_nothing_is_stored(designer, draft, text):
    for to in (HERE, f"{HERE}/check"):
        answer = send(designer, text, to)
        assert answer.status_code == (422 if to == HERE else 200)
        assert len(answer.json["problems"]) == 1
    assert designer.post(HERE, data={"file": text, "revision": "x" * 99}).status_code in (409, 422)
    assert (draft.body, draft.revision) == (GOOD, 1)


def test_only_drafts_of_tables_by_those_who_may(designer, draft):
    assert send(designer, GOOD.replace('id="freight"', 'id="other"')).status_code == 409
    service.seed(SYSTEM)
    rules = service.begin_draft(SYSTEM, queries.active_version("priority"))
    for path in ("", "/check"):
        assert send(designer, GOOD, f"/rules/priority/versions/{rules.number}/table{path}").status_code == 409
    assert designer.get(f"/rules/priority/versions/{rules.number}/table").status_code == 302
    assert 'data-island="decision_table"' in designer.get(HERE).text
    service.try_version(SYSTEM, draft)
    assert send(designer, GOOD).status_code == 409
    assert "is no draft any more" in designer.get(HERE, follow_redirects=True).text
    sign_in(designer, make_user("sally", roles=["sales"]))
    assert designer.get(HERE).status_code == send(designer, GOOD).status_code == 403
    assert designer.post("/rules/new-table/empty", data=FORM).status_code == 403


def test_a_new_table_from_a_few_choices(designer):
    made = designer.post("/rules/new-table/empty", data=FORM)
    assert made.location == "/rules/way/versions/1/table"
    stored = read_table(queries.numbered_version("way", 1).body)
    assert [(one.expression, one.attribute.type) for one in stored.inputs] == [
        ("order.order_type", "text"),
        ("order.total_fen", "int"),
    ]
    assert (stored.outputs[0].values, stored.rows[0].outputs, stored.policy) == (("air", "road"), ("air",), "FIRST")
    assert "order type" in designer.get(made.location).text
    again = designer.post("/rules/new-table/empty", data=FORM)
    assert (again.status_code, "There is a rule set of this id" in again.text) == (200, True)
    for number, policy in enumerate(POLICIES):
        kind = {"outputs-0-type": "integer", "outputs-0-allowed": "2, 1"}
        one = designer.post("/rules/new-table/empty", data={**FORM, **kind, "key": f"t{number}", "policy": policy})
        assert one.status_code == 302, (policy, one.text)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": "no space"}, "no space"),
        ({"name": "\x07"}, "needs a name"),
        ({"policy": "BEST"}, "Choose one"),
        ({"inputs-0-fact": "order.x"}, "Choose one"),
        ({"outputs-0-name": "two words"}, "one word"),
        ({"outputs-0-type": "money"}, "Choose one"),
        ({"outputs-0-allowed": "\x00"}, "500"),
        ({"policy": "COLLECT SUM"}, "only numbers can be aggregated"),
        ({"outputs-0-type": "date"}, "no constant of type date"),
        ({"policy": "PRIORITY", "outputs-0-allowed": ""}, "in order of priority"),
        ({"outputs-1-name": "route", "outputs-1-type": "string"}, "of its own"),
    ],
)
def test_a_new_table_is_refused_at_its_field(designer, change, told):
    answer = designer.post("/rules/new-table/empty", data={**FORM, **change})
    assert (answer.status_code, told in answer.text) == (200, True)
    assert queries.versions_of("way") == []
