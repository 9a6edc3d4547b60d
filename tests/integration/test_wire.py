"""How the dialect writes moments, variables and filters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.integration.engine_rest.errors import DialectError
from app.integration.engine_rest.filters import Condition, conditions, like
from app.integration.engine_rest.values import TYPES, content_id, value_out, variables_in, variables_out
from app.integration.engine_rest.wire import Given, moment_in, moment_out, order_of, split_execution, window

MOMENT = datetime(2026, 11, 22, 22, 0, 0, 123456, tzinfo=UTC)


def refuse(_content: bytes) -> str:
    raise AssertionError("nothing to keep")


def through(kept: list[bytes] | None = None, **given: Any) -> dict[str, Any]:
    """What a client reads that wrote this."""

    def keep(content: bytes) -> str:
        assert kept is not None
        kept.append(content)
        return f"id{len(kept)}"

    return variables_out(variables_in(given, keep).with_types())


def test_moments_have_milliseconds_and_no_colon():
    assert moment_out(MOMENT) == "2026-11-22T22:00:00.123+0000"
    assert moment_out(None) is None
    assert moment_in("2026-11-22T22:00:00.123+0000") == MOMENT.replace(microsecond=123000)
    assert moment_in("2026-11-23T06:00:00.123+0800") == moment_in("2026-11-22T22:00:00.123Z")
    for text in ("2026-11-22", "yesterday", "2026-13-01T00:00:00.000+0000", "9999-12-31T23:59:59.000-1400", ""):
        with pytest.raises(ValueError, match=r"not a moment|month must|hour must|out of range|moment of"):
            moment_in(text)


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ({"value": "x", "type": "String"}, "String", "x"),
        ({"value": True, "type": "boolean"}, "Boolean", True),
        ({"value": "true", "type": "BOOLEAN"}, "Boolean", True),
        ({"value": 7, "type": "Short"}, "Short", 7),
        ({"value": 7, "type": "integer"}, "Integer", 7),
        ({"value": "7", "type": "Integer"}, "Integer", 7),
        ({"value": 7, "type": "long"}, "Long", 7),
        ({"value": 2**40, "type": "Long"}, "Long", 2**40),
        ({"value": 7, "type": "double"}, "Double", 7.0),
        ({"value": 7.5, "type": "Double"}, "Double", 7.5),
        ({"value": '{"a":1}', "type": "json"}, "Json", '{"a":1}'),
        ({"value": "<a/>", "type": "Xml"}, "Xml", "<a/>"),
        ({"value": "2026-11-22T23:00:00.000+0100", "type": "date"}, "Date", "2026-11-22T22:00:00.000+0000"),
        ({"value": None, "type": "null"}, "Null", None),
        ({"value": None, "type": "String"}, "String", None),
        ({"value": "x"}, "String", "x"),
        ({"value": 3, "valueInfo": None}, "Integer", 3),
        ({"value": 2**40}, "Long", 2**40),
        ({"value": 1.5}, "Double", 1.5),
        ({"value": False, "type": None}, "Boolean", False),
        ({"value": None}, "Null", None),
        ({"value": {"a": [1]}}, "Object", {"a": [1]}),
        ({"value": [1, 2]}, "Object", [1, 2]),
        ({}, "Null", None),
    ],
)
def test_each_type_comes_back(given, kind, value):
    found = through(v=given)["v"]
    assert (found["type"], found["value"]) == (kind, value)
    assert type(found["value"]) is type(value)


def test_serialised_objects_are_shown_as_they_are_or_as_text():
    given = {
        "value": '{"a":1}',
        "type": "Object",
        "valueInfo": {"objectTypeName": "com.example.A", "serializationDataFormat": "application/json"},
    }
    kept = variables_in({"o": given}, refuse).with_types()
    assert kept["o"] == {"a": 1}
    assert variables_out(kept)["o"]["value"] == {"a": 1}
    shown = variables_out(kept, plain=False)["o"]
    assert shown["value"] == '{"a":1}'
    assert shown["valueInfo"]["objectTypeName"] == "com.example.A"


def test_files_and_bytes_are_kept_apart():
    kept: list[bytes] = []
    file = {"value": "aGk=", "type": "file", "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}}
    found = variables_in({"f": file, "b": {"value": "AAE=", "type": "Bytes"}}, lambda one: kept.append(one) or "x")
    assert kept == [b"hi", b"\x00\x01"]
    assert content_id(found.values["f"]) == "x"
    shown = variables_out(found.with_types())
    assert shown["f"] == {"type": "File", "value": None, "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"}}
    assert shown["b"]["value"] is None


def test_a_text_that_looks_like_a_reference_is_a_text():
    assert through(s={"value": "content:01abc", "type": "String"})["s"]["value"] == "content:01abc"
    assert value_out("not a reference", {"type": "File"})["type"] == "String"


def test_what_is_transient_is_not_kept():
    found = variables_in({"t": {"value": 1, "valueInfo": {"transient": True}}, "k": {"value": 2}}, refuse)
    assert found.with_types() == {"k": 2}


def test_types_of_others_stay_and_of_the_changed_ones_go():
    found = variables_in({"a": {"value": "text"}, "b": {"value": 1, "type": "Long"}}, refuse)
    before = {"a": {"type": "Long"}, "c": {"type": "Date"}}
    assert found.with_types(before)[TYPES] == {"b": {"type": "Long"}, "c": {"type": "Date"}}


def test_a_noted_type_that_no_longer_fits_is_not_believed():
    assert value_out("now a text", {"type": "Long"}) == {"type": "String", "value": "now a text", "valueInfo": {}}
    assert value_out(4, {"type": "Date"})["type"] == "Integer"


def test_the_engines_own_variables_are_hidden():
    assert variables_out({"decisions": {}, "answers": {}, "answered": "x", "initiator": "y", TYPES: {}, "z": 1}) == {
        "z": {"type": "Integer", "value": 1, "valueInfo": {}}
    }


@pytest.mark.parametrize(
    "given",
    [
        {"v": 1},
        {"v": None},
        {"v": {"value": 1, "type": "Wibble"}},
        {"v": {"value": 1, "type": 4}},
        {"v": {"value": "x", "type": "Integer"}},
        {"v": {"value": True, "type": "Integer"}},
        {"v": {"value": 2**31, "type": "Integer"}},
        {"v": {"value": 2**15, "type": "Short"}},
        {"v": {"value": 2**63, "type": "Long"}},
        {"v": {"value": "9" * 400, "type": "Long"}},
        {"v": {"value": "NaN", "type": "Double"}},
        {"v": {"value": "1e999", "type": "Double"}},
        {"v": {"value": "yesterday", "type": "Date"}},
        {"v": {"value": 4, "type": "Date"}},
        {"v": {"value": "{", "type": "Json"}},
        {"v": {"value": "[" * 5000, "type": "Json"}},
        {"v": {"value": {}, "type": "String"}},
        {"v": {"value": "a", "type": "File", "valueInfo": {"filename": "x"}}},
        {"v": {"value": "aGk=", "type": "File"}},
        {"v": {"value": {}, "type": "Bytes"}},
        {"decisions": {"value": 1}},
        {"_types": {"value": 1}},
        {"": {"value": 1}},
        {"n" * 300: {"value": 1}},
        {str(n): {"value": 1} for n in range(1001)},
    ],
)
def test_what_cannot_be_is_refused(given):
    with pytest.raises(DialectError) as refused:
        variables_in(given, lambda _content: "x")
    assert refused.value.answered == 400


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition("n", "eq", 5), True),
        (Condition("n", "eq", "5"), False),
        (Condition("n", "eq", "5", written=True), True),
        (Condition("n", "neq", 5), False),
        (Condition("n", "gt", 4), True),
        (Condition("n", "lteq", 4), False),
        (Condition("s", "eq", "Ada"), True),
        (Condition("s", "eq", "ada"), False),
        (Condition("s", "eq", "ada", any_case=True), True),
        (Condition("S", "eq", "Ada", any_name_case=True), True),
        (Condition("s", "like", "%d%"), True),
        (Condition("s", "like", "A_a"), True),
        (Condition("s", "notLike", "B%"), True),
        (Condition("s", "gt", 4), False),
        (Condition("b", "eq", "true", written=True), True),
        (Condition("b", "eq", 1), False),
        (Condition("d", "gt", "2026-11-22T21:00:00.000+0000"), True),
        (Condition("missing", "neq", 1), False),
        (Condition("answers", "eq", 1), False),
        (Condition("z", "eq", None), True),
    ],
)
def test_comparing_variables(condition, holds):
    kept = {"n": 5, "s": "Ada", "b": True, "d": "2026-11-22T22:00:00.000+00:00", "answers": 1, "z": None}
    assert condition.holds(kept) is holds


def test_conditions_in_an_address_and_in_a_body():
    found = conditions(Given({"variables": "my_var_eq_a_b,n_gteq_5"}), "variables")
    assert [(one.name, one.operator, one.value) for one in found] == [("my_var", "eq", "a_b"), ("n", "gteq", "5")]
    body = {"variables": [{"name": "a", "operator": "like", "value": "%x"}], "variableValuesIgnoreCase": True}
    (one,) = conditions(Given(body), "variables")
    assert (one.operator, one.any_case) == ("like", True)
    for wrong in ("a", "a_wibble_1", [{"name": "a", "operator": "is", "value": 1}], [{"operator": "eq"}], 5, [1]):
        with pytest.raises(DialectError):
            conditions(Given({"variables": wrong}), "variables")


def test_like_is_sql_s_and_never_slow():
    assert like("50%", r"50\%")
    assert not like("50x", r"50\%")
    assert not like("a" * 300 + "b", "%a" * 60 + "%c")


def test_parameters_are_read_strictly():
    given = Given({"n": "x", "f": "maybe", "d": "soon", "o": [1], "big": "9" * 30, "bool": True, "list": [{}]})
    for read in (
        lambda: given.number("n"),
        lambda: given.number("big"),
        lambda: given.number("bool"),
        lambda: given.flag("f"),
        lambda: given.moment("d"),
        lambda: given.objects("o"),
        lambda: given.mapping("o"),
        lambda: given.texts("list"),
        lambda: given.text("o"),
        lambda: given.needed("absent"),
        lambda: order_of(Given({"sortBy": "a"}), {"a": 1}),
        lambda: order_of(Given({"sortBy": "b", "sortOrder": "asc"}), {"a": 1}),
        lambda: window(Given({"maxResults": -1})),
    ):
        with pytest.raises(DialectError) as refused:
            read()
        assert refused.value.answered == 400


def test_ids_of_executions():
    assert split_execution("abc") == ("abc", None)
    assert split_execution("abc:12") == ("abc", 12)
    assert split_execution("abc:x") == ("abc:x", None)
