"""The studio: rules picked in forms become precise edits of the text, and what is wrong comes back at its field."""

from __future__ import annotations

import difflib
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.decisions import queries, service
from app.decisions.language import read_rule_set
from app.decisions.models import RuleSetVersion
from app.decisions.schema import read_schema
from app.decisions.source import load
from app.decisions.studio import editing, inputs, rule_form
from app.decisions.studio import overview as seen
from app.decisions.studio.rows import expression_of, rows_of, when_of
from app.decisions.studio.writing import as_yaml
from tests.decisions.factories import SHIPPED, schema_text, seed, shipped_text
from tests.identity.factories import actor_for, make_user, sign_in

pytestmark = pytest.mark.any_database


def changed_lines(before: str, after: str) -> list[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [line for line in lines if not line.startswith("@@")]


# --- text ------------------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.text(max_size=30)
    | st.dates()
    | st.decimals(-1000, 1000, places=2).filter(lambda value: not (value.is_zero() and value.is_signed())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert load(as_yaml(value), "x").plain() == value


MOST_TOLD = 6
"""About so many rules of each set, spread over it: reading a large set again takes a fifth of a second."""


@pytest.mark.parametrize("name", SHIPPED)
def test_each_rule_is_told_in_rows_and_back(name: str) -> None:
    schema = read_schema(schema_text())
    rules = read_rule_set(shipped_text(name), schema_text(), name)
    told = editing.plain(shipped_text(name))["rules"]
    for rule in told[:: max(1, len(told) // MOST_TOLD)]:
        rows = rows_of(rule["when"], schema)
        text = editing.put(shipped_text(name), ["rules", _place(name, rule["id"]), "when"], when_of(rows))
        again = read_rule_set(text, schema_text(), name)
        before, after = (next(one for one in each.rules if one.id == rule["id"]) for each in (rules, again))
        assert after.branches == before.branches, rule["id"]
        form = rule_form.shown(rule, rules)
        assert rule_form.rule_of(form, rules, rule) == rule, (rule["id"], form.errors)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_edit_changes_its_lines_and_no_others(name: str) -> None:
    text = shipped_text(name)
    for place, rule in list(enumerate(editing.plain(text)["rules"]))[:: max(1, len(editing.plain(text)["rules"]) // 3)]:
        edited = editing.put(text, ["rules", place, "name", "en"], "Another: name #1")
        assert len(changed_lines(text, edited)) == 2
        dated = editing.put(text, ["rules", place, "valid_to"], date(2030, 1, 1))
        assert changed_lines(text, dated) == ["+  valid_to: 2030-01-01"]
        assert editing.drop(dated, ["rules", place, "valid_to"]) == text
        copied = editing.add_rule(text, {**rule, "id": "Zz9"}, after=rule["id"])
        assert all(line.startswith("+") for line in changed_lines(text, copied))
        assert editing.remove_rule(copied, "Zz9") == text
        assert changed_lines(text, editing.put(text, ["rules", place], rule)) == []


def test_moved_rules_keep_their_text_and_their_comments() -> None:
    text = "rules:\n# of A\n- {id: A}\n\n# ---- others\n# of B\n- id: B  # here\n  n: 1\n- {id: C}\nafter: 1\n"
    moved = editing.move_rule(text, "B", "A")
    assert moved == "rules:\n# of B\n- id: B  # here\n  n: 1\n# of A\n- {id: A}\n\n# ---- others\n- {id: C}\nafter: 1\n"
    assert editing.move_rule(text, "A", None).index("id: A") > text.index("id: C") - 12
    assert editing.plain(editing.move_rule(text, "A", None))["after"] == 1
    assert editing.move_rule(text, "A", "A") == text


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("a: {b: 1, c: 2}  # why\n", ["a", "b"], 3, "a: {b: 3, c: 2}  # why\n"),
        ("a: {b: 1}\n", ["a", "c"], Decimal("1.5"), "a: {b: 1, c: 1.5}\n"),
        ("a: {}\n", ["a", "c"], True, "a: {c: true}\n"),
        ("a:\n  b: 1 # one\n\n# end\n", ["a", "c"], "x: y", 'a:\n  b: 1 # one\n  c: "x: y"\n\n# end\n'),
        ("a:\n  b: 1\n  c:\n    d: 2\n", ["a"], {"b": 1, "c": {"d": 3}}, "a:\n  b: 1\n  c:\n    d: 3\n"),
        ("a: {b: 1, c: 2, d: 3}\n", ["a"], {"b": 1, "d": 3}, "a: {b: 1, d: 3}\n"),
        ("a: 罚金\nb: 1\n", ["b"], 2, "a: 罚金\nb: 2\n"),
    ],
)
def test_edits_of_single_values(text: str, path: list[str], value: object, expected: str) -> None:
    assert editing.put(text, path, value) == expected


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(client: FlaskClient) -> RuleSetVersion:
    seed()
    editor = sign_in(client, make_user(roles=("order_desk",)))
    return service.begin_draft(actor_for(editor), queries.active_version("priority"))


PENALTY = {
    "id": "R1",
    "name_en": "Contract with a high penalty",
    "name_zh": "高罚金合同",
    "row": ["1"],
    "c-1-fact": "contract.penalty_permille_per_day",
    "c-1-op": ">=",
    "c-1-value": "1",
    "points_mode": "fixed",
    "points": "60",
    "factor": "customer",
    "reason_en": "A day late costs {contract.penalty_permille_per_day} of the order",
    "reason_zh": "延期一日罚{contract.penalty_permille_per_day}",
}


def post(client: FlaskClient, version: RuleSetVersion, path: str, lang: str = "en", **data: Any) -> Any:
    given = {"revision": version.revision, **data}
    return client.post(
        f"/rules/priority/versions/{version.number}/{path}?lang={lang}", data=given, headers={"HX-Request": "true"}
    )


def test_a_rule_is_added_by_picking(client: FlaskClient, draft: RuleSetVersion) -> None:
    before = draft.body
    answer = post(client, draft, "new-rule", **PENALTY)
    assert answer.status_code == 200
    assert answer.headers["HX-Retarget"] == "#rules"
    assert "contract: penalty rate per day late ≥ 1%" in answer.get_data(as_text=True)
    assert changed_lines(before, draft.body) == [
        "+- id: R1",
        "+  name: {en: Contract with a high penalty, zh: 高罚金合同}",
        "+  when: {all: [{contract: penalty_permille_per_day >= 10}]}",
        "+  then: {points: 60, factor: customer}",
        '+  reason: {en: "A day late costs {contract.penalty_permille_per_day} of the order", '
        'zh: "延期一日罚{contract.penalty_permille_per_day}"}',
    ]
    cases = draft.cases + (
        "- {case: one per cent, facts: {contract: {number: K, sla_hours: null, days_left: 9, "
        "penalty_permille_per_day: 10}}, expect: {lines: {R1: 60}}}\n"
    )
    assert post(client, draft, "cases", cases=cases).status_code == 302
    shown = client.get(f"/rules/priority/versions/{draft.number}/cases?lang=en").get_data(as_text=True)
    assert re.search(r"All \d+ tests come out as expected", shown)
    assert "contract: number = K" in shown


@pytest.mark.parametrize(
    ("change", "en", "zh"),
    [
        ({"c-1-value": "much"}, "must be a number, not “much”", "必须是数字，而不是“much”"),
        ({"c-1-value": "1.25"}, "has more than 1 decimal places", "小数位数超过1位"),
        ({"c-1-fact": ""}, "choose a fact", "请选择事实"),
        ({"c-1-fact": "customer.tier", "c-1-op": "==", "c-1-value": "Z"}, "must be one of S, A, B, C", "必须是"),
        ({"points": "many"}, "must be a number", "必须是数字"),
        ({"points": "5000"}, "Rule R1: points must lie within ±1000", "规则R1"),
        ({"factor": "nowhere"}, "choose a group of points", "请选择计分组"),
        ({"id": "S1"}, "the id is used twice", "重复"),
        ({"id": "1 x"}, "must be a word of letters", "必须以字母开头"),
        ({"name_zh": ""}, "must not be empty", "不得为空"),
        ({"reason_en": "{order.colour}"}, "{order.colour} cannot be filled in here", "order.colour"),
        ({"points_mode": "none"}, "the rule does nothing", "规则"),
        ({"row": []}, "a rule needs at least one condition", "规则至少需要一个条件"),
        ({"c-1-value": "1,5"}, "“1,5” needs a decimal point", "“1,5”应使用小数点"),
        ({"c-1-value": "0,500"}, "“0,500” needs a decimal point", "“0,500”应使用小数点"),
        ({"c-1-value": ""}, "must not be empty", "不得为空"),
        ({"c-1-value": "1 CNY"}, "must be a number, not “1 CNY”", "必须是数字"),
        ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "lies before “valid from”", "失效日期早于生效日期"),
        ({"valid_to": "2026-13-40"}, "must be a date such as", "必须是日期"),
        ({"c-1-with": "parameters.remote_days"}, "counts per cent, the parameter", "remote_days"),
    ],
)
def test_what_is_wrong_comes_back_and_nothing_is_stored(
    client: FlaskClient, draft: RuleSetVersion, change: dict[str, Any], en: str, zh: str
) -> None:
    for lang, words in (("en", en), ("zh_Hans", zh)):
        answer = post(client, draft, "new-rule", lang, **{**PENALTY, **change})
        shown = answer.get_data(as_text=True)
        assert words in shown
        assert "rule-form" in shown
        assert PENALTY["name_en"] in shown  # what was typed is still there
    assert draft.revision == 1


def test_a_rule_is_changed_copied_switched_off_moved_and_deleted(client: FlaskClient, draft: RuleSetVersion) -> None:
    before = draft.body
    fields = client.get(f"/rules/priority/versions/{draft.number}/rules/S11/form").get_data(as_text=True)
    assert 'value="contract.sla_hours"' in fields
    sent = {
        **PENALTY,
        "id": "S11",
        "name_en": "Delivery within 24 h agreed",
        "name_zh": "约定24小时到货",
        "c-1-fact": "contract.sla_hours",
        "c-1-op": "<=",
        "c-1-value": "48",
        "points": "30",
        "reason_en": "Contract {contract.number} promises delivery within {contract.sla_hours}",
        "reason_zh": "合同{contract.number}约定{contract.sla_hours}内到货",
    }
    answer = post(client, draft, "rules/S11/form", **sent)
    assert "agreed delivery time ≤ 48 h" in answer.get_data(as_text=True)
    assert f'value="{draft.revision}" hx-swap-oob' in answer.get_data(as_text=True)
    assert changed_lines(before, draft.body) == [
        "-  when: {all: [{contract: sla_hours <= 24}]}",
        "+  when: {all: [{contract: sla_hours <= 48}]}",
    ]
    assert post(client, draft, "rules/S11/copy").status_code == 200
    assert "id: S11c" in draft.body
    assert "disabled: true" in draft.body
    assert post(client, draft, "rules/S11c/switch", off="").status_code == 200
    assert "disabled" not in draft.body
    assert post(client, draft, "rules/S11c/move", before="S1").status_code == 200
    assert draft.body.index("id: S11c") < draft.body.index("id: S1\n")
    assert post(client, draft, "rules/S11c/move", before="").status_code == 200
    assert draft.body.rstrip().splitlines()[-5] == "- id: S11c"
    assert post(client, draft, "rules/S11c/delete").status_code == 200
    assert post(client, draft, "rules/S11/switch", off="1").status_code == 200
    shown = client.get(f"/rules/priority/versions/{draft.number}?lang=en").get_data(as_text=True)
    assert "Switched off" in shown
    assert "tests do not come out as expected" in shown  # the tests of S11


def test_a_test_is_added_by_picking(client: FlaskClient, draft: RuleSetVersion) -> None:
    post(client, draft, "new-rule", **PENALTY)
    picked = {
        "name": "one per cent a day",
        "row": ["1", "2"],
        "c-1-fact": "contract.penalty_permille_per_day",
        "c-1-op": "==",
        "c-1-value": "1",
        "c-2-fact": "order.hours_to_surgery",
        "c-2-op": "unknown",
    }
    before = draft.cases
    assert "a test names one value" in post(client, draft, "new-case", **{**picked, "c-1-op": ">="}).get_data(
        as_text=True
    )
    assert "A test needs a name" in post(client, draft, "new-case", **{**picked, "name": ""}).get_data(as_text=True)
    assert draft.cases == before
    assert post(client, draft, "new-case", **picked).status_code == 302
    (added,) = changed_lines(before, draft.cases)
    assert added == (
        "+- {case: one per cent a day, facts: {contract: {number: –, sla_hours: null, days_left: 0, "
        "penalty_permille_per_day: 10}, order: {hours_to_surgery: null}}, "
        "expect: {score: 60, lines: {R1: 60}, band: P3}}"
    ).replace("number: –", 'number: "–"')
    assert "one per cent a day" in [one.case.name for one in seen.tested(draft).firing("R1")]
    assert seen.tested(draft).failed == []


def test_stale_pages_are_refused(client: FlaskClient, draft: RuleSetVersion) -> None:
    assert post(client, draft, "rules/S11/switch", off="1").status_code == 200
    for path, data in (
        ("rules/S11/switch", {"off": ""}),
        ("rules/S1/delete", {}),
        ("new-rule", PENALTY),
        ("settings", {"parameter.remote_days": "3"}),
        ("cases", {"cases": ""}),
        ("new-case", {"name": "x"}),
        ("text", {"text": draft.body}),
    ):
        answer = post(client, draft, path, **{**data, "revision": 1})
        assert answer.status_code == 409, path
    assert draft.revision == 2


def test_a_condition_offers_what_fits_its_fact(client: FlaskClient, draft: RuleSetVersion) -> None:
    def fields(**asked: str) -> str:
        address = f"/rules/priority/versions/{draft.number}/condition"
        return client.get(address, query_string={"lang": "en", **asked}).get_data(as_text=True)

    enum = fields(**{"row": "a", "c-a-fact": "order.order_type", "c-a-op": "in"})
    assert 'name="c-a-many" value="emergency"' in enum
    number = fields(**{"row": "a", "c-a-fact": "customer.licence_days_left", "c-a-op": "between"})
    assert "days" in number
    assert "customer licence about to lapse" in number  # a parameter in days
    assert "contract: days left" in number  # another fact in days
    assert 'value="known"' in number  # it may be unknown
    yes = fields(**{"row": "a", "c-a-fact": "order.po_present", "c-a-op": ">="})
    assert 'value="is" selected' in re.sub(r"\s+", " ", yes) or ">yes</option>" in yes
    assert 'value="&lt;"' not in yes


def test_settings_are_changed_in_place(client: FlaskClient, draft: RuleSetVersion) -> None:
    before = draft.body
    answer = post(client, draft, "settings", **{"parameter.usual_ratio": "250", "cap.due": "190", "band.P1": "580"})
    assert answer.status_code == 302
    assert changed_lines(before, draft.body) == [
        "-    value: 3000",
        "+    value: 2500",
        "-  due: {name: {en: Due-date pressure, zh: 交期压力}, cap: 200}",
        "+  due: {name: {en: Due-date pressure, zh: 交期压力}, cap: 190}",
        "-bands: {P0: 800, P1: 600, P2: 350, P3: 0}",
        "+bands: {P0: 800, P1: 580, P2: 350, P3: 0}",
    ]
    for wrong, words in (
        ({"parameter.usual_ratio": "x"}, "must be a number"),
        ({"parameter.remote_days": "-5"}, "must not be negative"),
        ({"parameter.p0_share_permille": "250 %"}, "must lie between 0 and 100%"),
        ({"band.P1": "900"}, "bands must start lower one after the other"),
        ({"cap.due": "900"}, "the caps sum to more than 1000"),
    ):
        answer = post(client, draft, "settings", **wrong)
        assert words in answer.get_data(as_text=True)
        assert "rules.yaml" not in answer.get_data(as_text=True)
    assert draft.revision == 2


@pytest.mark.parametrize(
    ("text", "fen"),
    [("5000", 500_000), ("12,345", 1_234_500), ("1,234,567.89", 123_456_789), ("5000 CNY", 500_000), ("¥50", 5000)],
)
def test_money_as_people_type_it(text: str, fen: int) -> None:
    assert inputs.number(text, "fen") == fen


@pytest.mark.parametrize("text", ["1,5", "12,34", "1,2345", "1234,567", "1,5.25", ",500", "1\uff0c5", "5 %", ""])
def test_no_comma_is_guessed_to_be_a_decimal_point(text: str) -> None:
    with pytest.raises(inputs.WrongInput):
        inputs.number(text, "fen")


def test_what_follows_a_regulatory_profile_is_not_set_here(client: FlaskClient, draft: RuleSetVersion) -> None:
    recall = service.begin_draft(actor_for(make_user(roles=("order_desk",))), queries.active_version("recall_class"))
    before = recall.body
    shown = client.get(f"/rules/recall_class/versions/{recall.number}/settings").text
    assert "随法规参数：cn.recall_notice_i" in shown
    assert 'name="parameter.' not in shown
    post(client, recall, "settings", **{"parameter.notify_cn_i": "999"})
    assert (recall.body, recall.revision) == (before, 1)


def test_the_text_is_checked_as_it_is_written(client: FlaskClient, draft: RuleSetVersion) -> None:
    wrong = draft.body.replace("order_type == 'emergency'", "order_tpye == 'emergency'")
    (problem,) = post(client, draft, "text/check", text=wrong).get_json()["problems"]
    assert problem["line"] == draft.body[: draft.body.index("order_type == 'emergency'")].count("\n") + 1
    assert "order has no attribute “order_tpye”" in problem["message"]
    assert post(client, draft, "text/check", text=draft.body).get_json() == {"problems": []}
    assert "order_tpye" in post(client, draft, "text", text=wrong).get_data(as_text=True)
    assert post(client, draft, "text", text=draft.body + "# a remark\n").status_code == 302
    assert draft.body.endswith("# a remark\n")


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_versions_side_by_side_uses_and_facts(client: FlaskClient, draft: RuleSetVersion, lang: str) -> None:
    post(client, draft, "new-rule", **PENALTY)
    post(client, draft, "rules/S1/move", before="S4")
    post(client, draft, "settings", **{"cap.due": "190"})
    shown = client.get(f"/rules/priority/compare?old=1&new={draft.number}&lang={lang}").get_data(as_text=True)
    assert ("penalty rate per day late ≥ 1%" if lang == "en" else "每日延期罚金比例 ≥ 1%") in shown
    assert ("moved" if lang == "en" else "已移动") in shown
    assert "0 … 190" in shown
    fact = client.get(f"/rules/facts/contract.penalty_permille_per_day?lang={lang}").get_data(as_text=True)
    assert "R1" in fact
    assert client.get(f"/rules/facts/contract?lang={lang}").status_code == 200
    assert client.get("/rules/facts/contract.colour").status_code == 404
    assert client.get(f"/rules/facts?lang={lang}").status_code == 200
    assert client.get(f"/rules/priority/uses?lang={lang}").status_code == 200
    assert client.get(f"/rules/priority/history?lang={lang}").status_code == 200


def test_who_may_not_edit_is_refused_everywhere(client: FlaskClient, draft: RuleSetVersion) -> None:
    sign_in(client, make_user(roles=("sales",)))
    shown = client.get(f"/rules/priority/versions/{draft.number}?lang=en").get_data(as_text=True)
    assert "Add a rule" not in shown
    for path in ("new-rule", "rules/S1/form", "rules/S1/copy", "rules/S1/delete", "rules/S1/move", "rules/S1/switch"):
        assert post(client, draft, path, **PENALTY).status_code == 403
    for path in ("settings", "cases", "text", "text/check", "test", "discard"):
        assert post(client, draft, path).status_code == 403


def test_what_is_in_force_cannot_be_edited(client: FlaskClient, draft: RuleSetVersion) -> None:
    active = queries.active_version("priority")
    for path in ("new-rule", "rules/S1/form", "rules/S1/delete", "settings", "cases", "text"):
        assert post(client, active, path, **PENALTY).status_code == 409


def _place(name: str, rule: str) -> int:
    return [one["id"] for one in editing.plain(shipped_text(name))["rules"]].index(rule)


def test_text_conditions_stay_as_they_are_written() -> None:
    schema = read_schema(schema_text())
    when = {"all": [{"credit": "prepaid or overdue_days == 0"}, {"credit": "over_limit_fen <= 0"}]}
    rows = rows_of(when, schema)
    assert [row.op for row in rows] == ["text", "<="]
    assert when_of(rows) == {"all": [{"credit": "(prepaid or overdue_days == 0) and over_limit_fen <= 0"}]}
    assert expression_of(rows_of({"all": [{"order": "order_type == 'normal'"}]}, schema)[0]) == "order_type == 'normal'"
