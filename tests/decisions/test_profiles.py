"""Numbers of law live in profiles: a version carries the ones it was stored with, a replay asks nobody else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import profiles, publish, queries, service, smoke
from app.decisions.language import read_rule_set
from app.decisions.profiles import Number, read_profiles, resolve
from app.decisions.schema import FOLDER
from app.decisions.source import RuleFileInvalid
from tests.decisions.factories import rule, schema_text, shipped, text_of, whole

TEXTS = {"en": "label: “x”, {y}", "zh": "标签“甲”"}


def made(cn: object, eu: object = 2) -> profiles.Profiles:
    return {
        "cn": {"limit": Number(cn, "hour", TEXTS, TEXTS)},  # type: ignore[arg-type]
        "eu": {"limit": Number(eu, "hour", TEXTS, TEXTS)},  # type: ignore[arg-type]
    }


def text_naming(name: str) -> str:
    text = text_of(rule("R1", "all: [{order: hours_to_surgery <= parameters.limit}]", "points: 5, factor: f"))
    return text.replace("parameters:\n", f"parameters:\n  limit: {{profile: {name}}}  # 中文说明\n")


@pytest.fixture
def house():
    yield profiles.use
    profiles.use("cn")


def limit_of(text: str) -> object:
    return read_rule_set(text, schema_text()).parameters["limit"].value


def test_a_named_number_is_copied_in_and_lines_stay() -> None:
    text = text_naming("eu.limit")
    found = resolve(text, profiles=made(24, 48))
    assert limit_of(found) == 48
    assert found.count("\n") == text.count("\n")
    assert "中文说明" in found
    parameter = read_rule_set(found, schema_text()).parameters["limit"]
    assert (parameter.unit, parameter.label, parameter.source) == ("hour", TEXTS, TEXTS)
    with pytest.raises(RuleFileInvalid) as caught:
        read_rule_set(text, schema_text())
    assert "“value” is missing" in caught.value.sentence()


def test_a_name_alone_means_the_profile_in_force(house) -> None:
    text = text_naming("limit")
    assert limit_of(resolve(text, profiles=made(24, 48))) == 24
    house("eu")
    assert limit_of(resolve(text, profiles=made(24, 48))) == 48
    assert limit_of(resolve(text_naming("cn.limit"), profiles=made(24, 48))) == 24


def test_a_number_that_stands_there_gives_way_to_the_profile() -> None:
    once = resolve(text_naming("cn.limit"), profiles=made(24))
    assert resolve(once, profiles=made(24)) == once
    assert limit_of(resolve(once.replace("value: 24", "value: 99"), profiles=made(24))) == 24
    assert limit_of(resolve(once, profiles=made(36))) == 36


@pytest.mark.parametrize("value", [24, -1, True, date(2026, 1, 2), Decimal("1.5")])
def test_every_kind_of_number_comes_through(value: object) -> None:
    text = resolve(text_naming("cn.limit"), profiles=made(value))
    text = text.replace("hours_to_surgery <= parameters.limit", "hours_to_surgery <= 3")
    assert limit_of(text) == value


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("{profile: fr.limit}", "no number “fr.limit”"),
        ("{profile: cn.nothing}", "no number “cn.nothing”"),
        ("{profile: [a]}", "no number"),
        ("\n    profile: cn.limit", "one line"),
        ("{profile: cn.limit,\n    value: 3}", "one line"),
    ],
)
def test_what_names_nothing_is_refused(wrong: str, reason: str) -> None:
    text = text_naming("x").replace("{profile: x}", wrong)
    with pytest.raises(RuleFileInvalid) as caught:
        resolve(text, "trial.yaml", made(1))
    assert reason in caught.value.sentence()
    assert (caught.value.details["file"], caught.value.details["line"] > 6) == ("trial.yaml", True)


@pytest.mark.parametrize(
    "wrong",
    ["schema: 2\nprofiles: {}", "schema: 1\nprofiles: {cn: {name: {en: a, zh: 中}, numbers: {x: {value: [1]}}}}"],
)
def test_a_profile_file_with_a_fault_is_refused(wrong: str) -> None:
    with pytest.raises(RuleFileInvalid):
        read_profiles(wrong)


def test_every_shipped_number_names_its_act() -> None:
    shipped_ones = profiles.shipped()
    assert set(shipped_ones) == {"cn", "eu", "us"}
    acts = {
        "cn": ("No. 29 of 2017", "No. 153 of 2023"),
        "eu": ("(EU) 2017/745, Article",),
        "us": ("21 CFR ",),
    }
    for profile, numbers in shipped_ones.items():
        assert numbers
        for number in numbers.values():
            assert any(act in number.source["en"] for act in acts[profile])
            assert number.label["zh"]
    used = {
        line.split("profile: ")[1].rstrip("}\n")
        for path in FOLDER.glob("*.yaml")
        if path.name not in publish.NOT_RULES
        for line in path.read_text(encoding="utf-8").splitlines()
        if "{profile: " in line
    }
    looked_at = {"paper_warning_first", "paper_warning_second", "paper_warning_last", "papers_kept_years"}
    used |= {f"cn.{name}" for name in looked_at}  # by app/qualification, day by day
    kept = ("keep_after_expiry", "keep_at_least", "keep_implants")
    used |= {f"{profile}.{name}" for profile in ("cn", "eu") for name in kept}  # by app/documents, for each paper
    assert used == {f"{profile}.{name}" for profile, numbers in shipped_ones.items() for name in numbers}
    assert all(one.any_of and one.source["en"] and one.source["zh"] for one in profiles.papers_needed())


def test_the_clocks_of_a_recall_are_those_of_the_measures() -> None:
    found = {name: one.value for name, one in shipped("recall_class").rule_set.parameters.items()}
    assert [found[f"notify_cn_{place}"] for place in ("i", "ii", "iii")] == [24, 72, 168]
    assert [found[f"report_eu_{event}"] for event in ("threat", "death", "serious")] == [2, 10, 15]
    assert found["report_us"] == 10
    assert [shipped("effectiveness").rule_set.parameters[f"level_{level}"].value for level in "acd"] == [1000, 100, 20]


def test_a_changed_profile_makes_a_draft_and_a_replay_keeps_its_numbers(tx, monkeypatch) -> None:
    monkeypatch.setattr(
        publish, "try_out", lambda job: [smoke.run_one(*one, job.schema, rounds=2) for one in job.files]
    )
    monkeypatch.setattr(profiles, "shipped", lambda: made(24))
    order = Subject("order", "o1")
    facts = {"order": whole(shipped("priority"), order={"hours_to_surgery": 30})["order"]}
    first = service.submit(SYSTEM, text_naming("cn.limit"))
    service.try_version(SYSTEM, first)
    service.activate(SYSTEM, first)
    before = service.decide("trial", order, facts=facts)
    with pytest.raises(publish.SameVersion):
        service.submit(SYSTEM, text_naming("cn.limit"))
    monkeypatch.setattr(profiles, "shipped", lambda: made(48))
    assert service.decide("trial", order, facts=facts).result.score == 0  # not a silent switch
    second = service.submit(SYSTEM, text_naming("cn.limit"))
    assert second.sha256 != first.sha256
    service.try_version(SYSTEM, second)
    service.activate(SYSTEM, second)
    after = service.decide("trial", order, facts=facts)
    assert (before.result.score, after.result.score) == (0, 5)
    assert service.replay(before).same
    assert service.replay(after).same
    assert queries.plan_of(first).rule_set.parameters["limit"].value == 24
