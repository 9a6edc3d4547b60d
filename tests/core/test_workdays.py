"""Working days and hours, against the State Council's notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock, workdays
from app.core.workdays import agreed, counting

DAYS = st.dates(date(2022, 6, 1), date(2028, 6, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.BUSINESS_ZONE)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-02-14", True),  # Saturday, worked for the Spring Festival
        ("2026-02-16", False),  # Monday in it
        ("2026-10-10", True),
        ("2025-10-06", False),  # Mid-Autumn within the National Day holidays
        ("2024-09-14", True),
        ("2026-11-27", True),
        ("2026-11-28", False),
        ("2027-10-01", True),  # a Friday: 2027 is not announced, so nothing is guessed
    ],
)
def test_days_are_as_announced(day, works):
    assert workdays.calendar().is_working(date.fromisoformat(day)) is works


def test_a_year_that_is_not_announced_is_told_a_month_before():
    assert workdays.missing(date(2026, 11, 27)) == []
    assert workdays.missing(date(2026, 12, 2)) == [2027]
    assert workdays.missing(date(2027, 12, 2)) == [2027, 2028]


@pytest.mark.parametrize(
    ("start", "hours", "then"),
    [
        ("2026-11-27T16:00", 8, "2026-11-30T16:00"),  # Friday to Monday
        ("2026-09-30T17:00", 2, "2026-10-08T10:00"),  # over the National Day
        ("2026-02-13T17:30", 1, "2026-02-14T09:30"),  # into a Saturday that is worked
        ("2026-11-28T03:00", 4, "2026-11-30T14:00"),  # a Saturday night; over lunch
        ("2026-11-27T09:00", 3, "2026-11-27T12:00"),  # ends with the period, not with the next
        ("2026-11-27T12:30", 24, "2026-12-02T12:00"),
    ],
)
def test_working_hours_pass_only_while_people_work(start, hours, then):
    assert workdays.later(at(start), timedelta(hours=hours)) == at(then)


@given(st.lists(DAYS, min_size=1), DAYS)
def test_counting_agrees_with_looking_at_each_day(days, first):
    known = workdays.calendar()
    for day in days:
        span = sorted((first, day))
        looked = sum(known.is_working(span[0] + timedelta(n)) for n in range(1, (span[1] - span[0]).days + 1))
        assert workdays.until(span[1]) - workdays.until(span[0]) == looked
    found = workdays.until_in_bulk(pl.Series([day.toordinal() for day in days]))
    assert found.to_list() == [workdays.until(day) for day in days]


def test_a_house_adds_a_year_and_its_hours(tmp_path):
    file = tmp_path / "house.yaml"
    file.write_text(
        "hours: {source: {en: ours, zh: 本企业}, periods: [['08:30', '12:00']]}\n"
        "years: {2027: {source: {en: a, zh: b}, url: 'https://x', holidays: ["
        "{name: national, from: 2027-10-01, to: 2027-10-07, made_up_on: [2027-10-09]}]}}\n"
    )
    try:
        workdays.use_file(file)
        assert workdays.missing(date(2026, 12, 2)) == []
        assert not workdays.calendar().is_working(date(2027, 10, 1))
        assert workdays.calendar().is_working(date(2027, 10, 9))
        assert workdays.later(at("2026-11-27T11:00"), timedelta(hours=2)) == at("2026-11-30T09:30")
    finally:
        workdays.use_file(None)


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "hours: {source: {}, periods: [['12:00', '09:00']]}",
        "years: {2027: {source: {}, url: x, holidays: [{name: national, from: 2026-10-01, to: 2026-10-01}]}}",
        "years: {2027: {source: {}, url: x, holidays: [{name: unheard, from: 2027-10-01, to: 2027-10-01}]}}",
        "years: [",
    ],
)
def test_a_file_with_faults_stops_the_start(tmp_path, text):
    file = tmp_path / "house.yaml"
    file.write_text(text)
    with pytest.raises(workdays.CalendarFault, match=r"house\.yaml"):
        workdays.use_file(file)


def test_so_many_working_days_never_come():
    assert workdays.nth(10**9) == date.max


@given(st.integers(1, 800_000))
def test_the_nth_working_day_is_the_first_by_which_so_many_have_passed(count):
    day = workdays.nth(count)
    assert workdays.until(day) == count
    assert workdays.calendar().is_working(day)
    found = workdays.nth_in_bulk(pl.Series([count, None]))
    assert found.to_list() == [day.toordinal(), None]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_what_is_known_of_the_last_start_holds_for_those_after_it_only_as_far_as_it_goes(zone, monkeypatch):
    """Minute by minute through two weeks with a holiday or a change of the clocks: as if each were the first."""
    monkeypatch.setattr(clock, "BUSINESS_ZONE", ZoneInfo(zone))
    start = datetime(2026, *((9, 28) if zone == "Asia/Shanghai" else (3, 2)), tzinfo=UTC)
    lasting = [timedelta(minutes=minutes) for minutes in (60, 240, 480, 4800)]
    for step in range(0, 14 * 24 * 60, 7):
        moment = start + timedelta(minutes=step, microseconds=-step % 2)
        for working in lasting:
            assert workdays.later(moment, working) == counting._later(moment, working)


@pytest.mark.parametrize(
    ("text", "band", "end"),
    [
        ("PT8H", "P0", "2026-11-30T12:00"),  # Friday noon and eight working hours, without the weekend
        ("P1D", None, "2026-11-30T12:00"),
        ("PT8H clock", "P0", "2026-11-27T20:00"),
        ("P0=PT30M clock; P1D", "P0", "2026-11-27T12:30"),
        ("P0=PT30M clock; P1D", "P3", "2026-11-30T12:00"),
        ("P0=PT30M clock", "P3", None),
    ],
)
def test_a_time_agreed_for_work(text, band, end):
    found = agreed.parse(text).of(band)
    assert (found and found.end(at("2026-11-27T12:00"))) == (end and at(end))


@pytest.mark.parametrize(
    "text", ["", "8", "PT0S", "P1M", "P367D", "PT8H;", "PT1H; PT2H", "P0=", "x" * 300, "P1=PT1H;P1=PT2H"]
)
def test_what_says_no_agreed_time(text):
    with pytest.raises(agreed.AgreedTimeInvalid):
        agreed.parse(text)
