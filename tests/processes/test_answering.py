"""Forms on the server: every rule of a schema holds here too, and a form that could not be checked is not deployed."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.permissions import SYSTEM
from app.processes import service
from app.processes.answering import FormRefused, checked, faults_of, feel
from app.processes.answering.schema import problems_of, refuse_wrong_form
from app.processes.service import FOLDER
from tests.processes.diagrams import chain, end, process, start, user


def form(*components):
    return {"type": "default", "components": list(components)}


def one(kind, key="a", **more):
    validate = {name: more.pop(name) for name in list(more) if name in RULES}
    return {"type": kind, "key": key, **({"validate": validate} if validate else {}), **more}


RULES = {"required", "min", "max", "minLength", "maxLength", "pattern", "validationType", "custom"}
CHOICES = [{"label": "One", "value": "1"}, {"label": "Two", "value": "2"}, {"label": "Three", "value": 3}]
GOOD = [
    (one("textfield"), "x\ty\nz", "x y z"),
    (one("textarea"), "x\ny", "x\ny"),
    (one("textfield", minLength=2, maxLength="3"), "  ab ", "  ab "),
    (one("textfield", maxLength=2), "\U0001f600", "\U0001f600"),
    (one("textfield", pattern="^[A-Z]{2}-\\d+$"), "AB-1", "AB-1"),
    (one("textfield", pattern="b"), "abc", "abc"),
    (one("textfield", validationType="email"), "a@b.cn", "a@b.cn"),
    (one("textfield", validationType="phone"), "+8613800000000", "+8613800000000"),
    (one("number"), "5", 5),
    (one("number"), 5.0, 5),
    (one("number", decimalDigits=2), 1.25, 1.25),
    (one("number", decimalDigits=2, serializeToString=True), "1.25", "1.25"),
    (one("number", min=0, max="10", increment="0.5"), 9.5, 9.5),
    (one("checkbox"), True, True),
    (one("checkbox"), False, False),
    (one("checklist", values=CHOICES), ["2", 3], ["2", 3]),
    (one("taglist", values=CHOICES), ["1"], ["1"]),
    (one("radio", values=CHOICES), "1", "1"),
    (one("select", values=CHOICES), 3, 3),
    (one("datetime"), "2026-11-30", "2026-11-30"),
    (one("datetime", subtype="time"), "14:30", "14:30"),
    (one("datetime", subtype="time"), "14:30+08:00", "14:30+08:00"),
    (one("datetime", subtype="datetime"), "2026-11-30T14:30Z", "2026-11-30T14:30Z"),
    (one("datetime", disallowPassedDates=True), "2026-11-23", "2026-11-23"),
    (one("textfield", readonly=True, defaultValue="x"), "x", "x"),
    (one("textfield", disabled=True, defaultValue="x"), "x", None),
]
WRONG = [
    (one("textfield", required=True), "  "),
    (one("textfield"), 5),
    (one("textfield"), "a\x00b"),
    (one("textfield"), "x" * 2001),
    (one("textfield", minLength=3), " ab "),
    (one("textfield", maxLength=1), "\U0001f600"),
    (one("textfield", pattern="^[A-Z]{2}-\\d+$"), "AB-٣"),
    (one("textfield", validationType="email"), "a@b@c"),
    (one("textfield", validationType="phone"), "13800000000"),
    (one("number"), "5x"),
    (one("number"), True),
    (one("number"), "1e3"),
    (one("number"), 2**60),
    (one("number", decimalDigits=1), 1.25),
    (one("number", decimalDigits=0), 1.5),
    (one("number", increment="0.5"), 9.7),
    (one("number", min=0), -1),
    (one("number", max="10"), 10.01),
    (one("checkbox", required=True), False),
    (one("checkbox"), "true"),
    (one("checklist", values=CHOICES, required=True), []),
    (one("checklist", values=CHOICES), ["4"]),
    (one("checklist", values=CHOICES), ["1", "1"]),
    (one("checklist", values=CHOICES), "1"),
    (one("radio", values=CHOICES), 1),
    (one("select", values=CHOICES), "3"),
    (one("select", values=CHOICES), {"value": "1"}),
    (one("datetime"), "2026-11-31"),
    (one("datetime"), "2026-11-30T10:00"),
    (one("datetime"), "20261130"),
    (one("datetime", subtype="time"), "25:00"),
    (one("datetime", subtype="time"), "14:30+99:00"),
    (one("datetime", subtype="datetime"), "2026-11-30"),
    (one("datetime", disallowPassedDates=True), "2026-11-22"),
    (one("textfield", readonly=True, defaultValue="x"), "y"),
    (one("textfield", disabled=True), "y"),
]


@pytest.mark.parametrize(("component", "value", "kept"), GOOD)
def test_right_answers_are_kept_as_form_js_gives_them(component, value, kept):
    assert list(problems_of(form(component))) == []
    good = checked(form(component), {"a": value})
    assert good == ({} if kept is None else {"a": kept})
    assert type(good.get("a")) is type(kept)
    assert checked(form(component), good) == good


@pytest.mark.parametrize(("component", "value"), WRONG)
def test_wrong_answers_name_the_field(component, value):
    assert list(problems_of(form(component))) == []
    with pytest.raises(Invalid) as refused:
        checked(form(component), {"a": value})
    assert list(refused.value.details["fields"]) == ["a"]


def test_groups_nest_answers_and_unknown_ones_are_refused():
    schema = form(
        {"type": "group", "path": "to", "components": [one("textfield", "city", required=True), one("number", "no")]},
        {"type": "group", "components": [one("checkbox", "deep.flag")]},
    )
    assert checked(schema, {"to": {"city": "上海", "no": "7"}, "deep": {"flag": True}}) == {
        "to": {"city": "上海", "no": 7},
        "deep": {"flag": True},
    }
    assert list(faults_of(schema, {"to": {"town": "x", "city": "y"}, "city": "z", "deep": 3})) == [
        "to.town",
        "city",
        "deep",
    ]
    assert list(faults_of(schema, {"to": "x"})) == ["to", "to.city"]


def test_a_hidden_field_takes_no_answer_and_is_not_missed():
    hide = {"hide": '=kind != "loan" or (days != null and not(days > 3))'}
    schema = form(
        one("radio", "kind", values=[{"value": "loan"}, {"value": "sale"}]),
        one("number", "days"),
        {"type": "group", "path": "more", "conditional": hide, "components": [one("textfield", "why", required=True)]},
    )
    assert list(problems_of(schema)) == []
    assert checked(schema, {"kind": "sale"}) == {"kind": "sale"}
    assert list(faults_of(schema, {"kind": "sale", "more": {"why": "x"}})) == ["more.why"]
    assert list(faults_of(schema, {"kind": "loan"})) == ["more.why"]
    assert checked(schema, {"kind": "loan", "days": 2}) == {"kind": "loan", "days": 2}
    assert checked(schema, {"kind": "loan", "days": 4, "more": {"why": "x"}})["more"] == {"why": "x"}


@pytest.mark.parametrize(
    ("text", "answers", "true"),
    [
        ('=a = "x"', {"a": "x"}, True),
        ("=a", {"a": True}, True),
        ("=a = 1 and b = 2 or c", {"a": 1, "b": 2, "c": None}, True),
        ("=not(a)", {"a": None}, False),
        ("=a > 1", {"a": None}, False),
        ("=a = null", {"a": None}, True),
        ("=a != 1", {"a": "1"}, False),
        ("=a.b <= -1.5", {"a": {"b": -2}}, True),
        ('="a\\"b" = a', {"a": 'a"b'}, True),
    ],
)
def test_conditions_say_what_feel_says(text, answers, true):
    assert feel.condition(text).holds(answers) is true


@pytest.mark.parametrize(
    "text", ["", "a", "=", "=a +1", "=f(a)", "=(a", "=a = ", "=a b", "=[1]", '="', "=" + "(" * 99, "=not a"]
)
def test_other_conditions_are_not_understood(text):
    with pytest.raises(feel.NotUnderstood):
        feel.condition(text)


def test_no_pattern_makes_the_server_hang():
    schema = form(one("textfield", pattern="^(a+)+$", maxLength=2000))
    began = time.perf_counter()
    assert faults_of(schema, {"a": "a" * 1999 + "!"})
    assert time.perf_counter() - began < 0.5


REFUSED = [
    (form(one("textfield", key=None)), "1"),
    (form(one("textfield", "a b")), "a b"),
    (form(one("textfield", "__proto__")), "__proto__"),
    (form(one("textfield"), one("number")), "a"),
    (form(one("textfield"), one("number", "a.b")), "a"),
    (form(one("textfield", pattern="(?=a)")), "a"),
    (form(one("textfield", pattern="(a)\\1")), "a"),
    (form(one("textfield", pattern="(")), "a"),
    (form(one("textfield", minLength="x")), "a"),
    (form(one("textfield", minLength=3, maxLength=2)), "a"),
    (form(one("textfield", custom=1)), "a"),
    (form(one("textfield", validationType="iban")), "a"),
    (form(one("number", min="=b")), "a"),
    (form(one("number", decimalDigits=-1)), "a"),
    (form(one("number", increment=0)), "a"),
    (form(one("radio")), "a"),
    (form(one("radio", values=[{"label": "x"}])), "a"),
    (form(one("radio", values=[{"value": "x"}, {"value": "x"}])), "a"),
    (form(one("select", valuesKey="x")), "a"),
    (form(one("datetime", subtype="week")), "a"),
    (form(one("textfield", conditional={"hide": "=count(b) > 1"})), "a"),
    (form(one("textfield", conditional={"hide": "=b = 1"})), "a"),
    (form(one("textfield", conditional={"hide": '=outcome = "reject"'}), one("radio", "outcome", values=CHOICES)), "a"),
    (form(one("textfield", readonly="=b")), "a"),
    (form({"type": "filepicker", "key": "f"}), "f"),
    (form({"type": "dynamiclist", "path": "l", "components": []}), "1"),
    (form({"type": "group", "isRepeating": True, "id": "G", "components": []}), "G"),
    (form({"type": "group", "id": "G", "components": "x"}), "G"),
    (form("x"), "1"),
    ({"components": 1}, ""),
    ([], ""),
    (form(*[{"type": "text", "text": "x"}] * 301), "301"),
]


@pytest.mark.parametrize(("schema", "component"), REFUSED)
def test_a_wrong_form_is_refused_with_the_component_named(schema, component):
    with pytest.raises(FormRefused) as refused:
        refuse_wrong_form("f", schema)
    assert (f"f: {component}" if component else "f") in refused.value.details["fields"]


def test_a_wrong_form_is_not_deployed_and_ours_are_right(tx):
    xml = process(start(), user("u", camunda__formKey="f"), end(), chain("s", "u", "e"))
    with pytest.raises(FormRefused):
        service.deploy(SYSTEM, xml, forms={"f": form(one("textfield", pattern="("))})
    service.deploy(SYSTEM, xml, forms={"f": form(one("textfield"))})
    for path in FOLDER.glob("*.form"):
        refuse_wrong_form(path.stem, orjson.loads(path.read_bytes()))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *"abc",
                    "type",
                    "key",
                    "values",
                    "value",
                    "validate",
                    "components",
                    "path",
                    "conditional",
                    "hide",
                    "min",
                    "pattern",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
TYPED = st.fixed_dictionaries(
    {"type": st.sampled_from([component["type"] for component, _value, _kept in GOOD] + ["group"])},
    optional={"key": st.sampled_from(["a", "b.c", "outcome"]), "validate": JSON, "values": JSON, "conditional": JSON}
    | {"components": JSON, "decimalDigits": JSON, "increment": JSON, "readonly": JSON, "subtype": JSON},
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(TYPED, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "outcome", "x"]), JSON, max_size=4))
def test_whatever_is_sent_or_deployed_nothing_breaks(components, answers):
    """A form is refused or runs; one deployed before forms were checked breaks nothing either."""
    list(problems_of(form(*components)))
    faults_of(form(*components), answers)
