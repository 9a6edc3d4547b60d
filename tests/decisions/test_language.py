"""A rule file with a typing error is refused with file, line, rule and reason; nothing odd is read silently."""

from __future__ import annotations

from random import Random

import pytest

from app.core.i18n import reading
from app.decisions.compile import make_new_plan, make_plan
from app.decisions.engines.closures import Closures
from app.decisions.engines.durable import Durable
from app.decisions.engines.generated import Generated
from app.decisions.language import read_rule_set
from app.decisions.schema import read_schema
from app.decisions.source import LARGEST, RuleFileInvalid, load
from tests.decisions.factories import DAY, SHIPPED, plan_of, rule, schema_text, shipped_text, text_of, whole

GOOD = rule(
    "R1", "all: [{order: total_fen >= parameters.big}]", "points: 5, factor: f", '{en: "{order.total_fen}", zh: 好}'
)


def refusal(text: str) -> RuleFileInvalid:
    with pytest.raises(RuleFileInvalid) as caught:
        make_plan(read_rule_set(text, schema_text(), "typo.yaml"), "typo.yaml")
    assert caught.value.details["file"] == "typo.yaml"
    return caught.value


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("order: total", "ordre: total", "no kind of fact “ordre”"),
        ("total_fen >=", "totl_fen >=", "no attribute “totl_fen”"),
        ("parameters.big", "parameters.bigg", "no parameter “parameters.bigg”"),
        ("parameters.big", "'100'", "must be a whole number, not “100”"),
        ("total_fen >= parameters.big", "empty total_fen", "are for processes"),
        ("total_fen >= parameters.big", "total_fen.size() > 1", "are for processes"),
        ("total_fen >= parameters.big", "concat(total_fen) == 1", "are for processes"),
        ("total_fen >= parameters.big", "number(total_fen)", "are for processes"),
        ("total_fen >= parameters.big", "total_fen >= 4 / 2", "do not divide"),
        ("total_fen >= parameters.big", "total_fen / 2 >= 4", "do not divide"),
        ("total_fen >= parameters.big", "total_fen * line_count > 4", "must be a constant"),
        ("total_fen >= parameters.big", "total_fen > contract.days_left", "compares money in CNY with days"),
        ("total_fen >= parameters.big", "total_fen + slack_days > 4", "joins money in CNY and days"),
        (
            "total_fen >= parameters.big",
            "slack_days >= parameters.big",
            "counts days, the parameter “big” money in CNY",
        ),
        ("total_fen >= parameters.big", "total_fen * parameters.big > 4", "no unit that is known"),
        ("total_fen >= parameters.big", "5000 * total_fen > contract.penalty_fen_per_day", "too large"),
        ("total_fen >= parameters.big", "total_fen > contract.penalty", "no attribute “penalty”"),
        ("total_fen >= parameters.big", "contract.days_left > award.days_left", "must ask for something of order"),
        ("total_fen >= parameters.big", "slack_days > contract.days_left + award.days_left", "at most two kinds"),
        ("total_fen >= parameters.big", "po_present == customer.tier", "of different types"),
        ("total_fen >= parameters.big", "channel == customer.tier", "share no value"),
        ("total_fen >= parameters.big", "number > customer.code", "has no order"),
        ("total_fen >= parameters.big", "number + 1 > 2", "is not a number"),
        ("factor: f", "factor: h", "“factor” must be one of f, g"),
        ("factor: f", "factr: f", "“factor” is missing"),
        ("points: 5", "points: five", "“points” must be a whole number"),
        ("points: 5", "points: 5.5", "“points” must be a whole number"),
        ("points: 5", "points: 5000", "±1000"),
        ("points: 5, factor: f", "flor: P0", "unknown key “flor”"),
        ("points: 5, factor: f", "floor: P9", "“floor” must be one of P0, P1, P2, P3"),
        ("points: 5, factor: f", "route: three", "“route” must be one of none, one, two"),
        ("points: 5, factor: f", "block: {basis: {en: a, zh: b}}", "“unblock” is missing"),
        ("points: 5, factor: f", "assign: {groups: []}", "names no groups"),
        ("points: 5, factor: f", "", "does nothing"),
        ("points: 5", "points: {of: line.quantity, none_at: 0, full_at: 1, most: 1}", "whole-number attribute"),
        ("points: 5", "points: {of: order.total_fen, none_at: 3, full_at: 3, most: 1}", "must differ"),
        ("{order.total_fen}", "{order.totl}", "cannot be filled in"),
        ("{order.total_fen}", "{line.quantity}", "cannot be filled in"),
        ("{order.total_fen}", "{order.total_fen.__class__}", "cannot be filled in"),
        ("{order.total_fen}", "{order.total_fen", "brace"),
        ("zh: 好", "zh: ''", "“zh” must have"),
        (", zh: 好", "", "“zh” is missing"),
        ("id: R1", "id: R 1", "must be a word"),
        ("id: R1", "idd: R1", "“id” is missing"),
        ("all: [", "al: [", "“all” is missing"),
        ("name: {en: n, zh: 名}\n  when", "nam: {en: n, zh: 名}\n  when", "“name” is missing"),
        ("  then:", "  valid_from: 2026-02-30\n  then:", "no day 2026-02-30"),
        ("  then:", "  valid_from: soon\n  then:", "must be a date"),
        ("  then:", "  pri: 3\n  then:", "unknown key “pri”"),
    ],
)
def test_typing_errors(right: str, wrong: str, reason: str) -> None:
    assert right in GOOD
    refused = refusal(text_of(GOOD.replace(right, wrong, 1)))
    assert reason in refused.sentence()
    assert 16 <= refused.details["line"] <= 20


def test_line_and_rule_are_named() -> None:
    refused = refusal(text_of(GOOD, rule("R2", "all: [{order: total_fen >= 'x'}]")))
    assert (refused.details["rule"], refused.details["line"]) == ("R2", 23)


def test_an_id_twice() -> None:
    refused = refusal(text_of(GOOD, GOOD))
    assert refused.details["rule"] == "R1"
    assert "twice" in refused.sentence()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("- a\n- b\n", "mapping"),
        ("a: [1, 2\nb: 3", "not valid YAML (did not find"),
        ("a: 1\na: 2", "given twice"),
        ("a: &x 1\nb: *x", "aliases"),
        ("a: &x [1]\n", "aliases"),
        ("a: !!python/object/apply:os.system ['true']", "tags"),
        ("a: !!int '3'", "tags"),
        ("? [1, 2]\n: 3", "key must be a word"),
        ("a: " + "[" * 30 + "]" * 30, "nested deeper"),
        ("a: \x07", "not allow"),
        ("a: '" + "x" * LARGEST + "'", "larger"),
        ("a: 1\n---\nb: 2", "YAML"),
    ],
    ids=range(13),
)
def test_bad_yaml(text: str, reason: str) -> None:
    assert reason in refusal(text).sentence()


def test_the_parsers_english_is_not_shown_in_chinese() -> None:
    with reading("zh_Hans"):
        assert refusal("a: [1, 2\nb: 3").sentence() == "typo.yaml第2行：不是有效的YAML"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("  then:", "  valid_from: 2026-12-02\n  valid_to: 2026-12-01\n  then:", "line 16, rule R1: “valid to” lies"),
        ("value: 100,", "value: -100,", "line 8: the parameter “big” must not be negative"),
    ],
)
def test_new_texts_that_cannot_be_meant(right: str, wrong: str, told: str) -> None:
    text = text_of(GOOD)
    assert right in text
    rules = read_rule_set(text.replace(right, wrong, 1), schema_text(), "new.yaml")
    make_plan(rules, "new.yaml")  # what is in use already must still run
    with pytest.raises(RuleFileInvalid) as caught:
        make_new_plan(rules, "new.yaml")
    assert told in caught.value.sentence()


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "aliases" in refusal(bomb).sentence()


def test_plain_scalars() -> None:
    found = load("a: no\nb: 1_000\nc: 007\nd: 1.50\ne: true\nf: 2026-11-23\ng: '5'\nh: 1e5\ni: ~", "x").plain()
    assert found["a"] == "no"
    assert found["b"] == "1_000"
    assert found["c"] == "007"
    assert str(found["d"]) == "1.50"
    assert found["e"] is True
    assert found["f"].isoformat() == "2026-11-23"
    assert found["g"] == "5"
    assert found["h"] == "1e5"
    assert found["i"] is None


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("cap: 900", "cap: 960", "more than 1000"),
        ("least: -20", "least: 20", "the lower (least) at most 0"),
        ("P1: 600", "P1: 900", "lower one after the other"),
        ("P3: 0", "P3: 1", "the last at 0"),
        ("default_route: none", "default_route: nowhere", "must be one of"),
        ("default_route: none\n", "", "default_route"),
        ("schema: 1", "schema: 2", "only schema 1"),
        ("owner: qa_ra", "owner: qa_ra\nhit_policy: all", "unknown key “hit_policy”"),
        ("rule_set: trial", "rule_set: ../trial", "must be a word"),
    ],
)
def test_heads(right: str, wrong: str, reason: str) -> None:
    text = text_of(GOOD)
    assert right in text
    assert reason in refusal(text.replace(right, wrong, 1)).sentence()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("type: text", "type: txt"),
        ("    cardinality: one", "    cardinality: two"),
        ("default: false", "default: 0"),
        ("type: int, unit: fen", "type: int, unit: pound"),
    ],
)
def test_fact_schema_with_a_typing_error(right: str, wrong: str) -> None:
    with pytest.raises(RuleFileInvalid):
        read_schema(schema_text().replace(right, wrong, 1))


@pytest.mark.parametrize("name", SHIPPED)
def test_mutated_files_are_read_or_refused_never_worse(name: str) -> None:
    text = shipped_text(name)
    random = Random(11)
    junk = [
        "",
        " ",
        ":",
        "- ",
        "{",
        "}",
        "[",
        "&a",
        "*a",
        "!!",
        "null",
        "1e309",
        "'",
        '"',
        "\t",
        "not ",
        "P0",
        "==",
        "中",
        "#",
    ]
    for _round in range(60):
        place = random.randrange(len(text))
        mutated = text[:place] + random.choice(junk) + text[place + random.choice([0, 1, 5, 40]) :]
        refused = None
        try:
            make_plan(read_rule_set(mutated, schema_text(), name), name)
        except RuleFileInvalid as refusal_met:
            refused = refusal_met
        assert refused is None or refused.details["line"] >= 1


def test_any_inside_all_and_firing_order_by_stratum() -> None:
    late = rule("LATE", "all: [{signal: name == 's'}]")
    plan = plan_of(
        late, rule("R", "all: [{order: po_present}, {any: [{customer: tier == 'S'}, {award: valid}]}]", "signal: s")
    )
    assert [one.id for one in plan.rules] == ["R", "LATE"]
    assert len(plan.rules[0].branches) == 2


@pytest.mark.parametrize("engine", [Durable, Generated, Closures])
def test_two_things_said_of_what_there_is_once(engine) -> None:
    both = rule("BOTH", "all: [{order: po_present}, {order: total_fen > 5}]")
    either = rule("EITHER", "all: [{order: total_fen > 5}, {any: [{order: not po_present}, {customer: tier == 'S'}]}]")
    plan = plan_of(both, either)
    made = engine(plan)

    def fired(**facts):
        return [one.rule for one in made.run(whole(plan, **facts), DAY)]

    assert fired(order={"po_present": True, "total_fen": 6}) == ["BOTH"]
    assert fired(order={"po_present": False, "total_fen": 6}) == ["EITHER"]
    assert fired(order={"po_present": True, "total_fen": 5}) == []
    assert fired(order={"po_present": True, "total_fen": 6}, customer={"tier": "S"}) == ["BOTH", "EITHER"]
