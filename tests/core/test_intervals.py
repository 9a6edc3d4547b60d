"""Durations, cycles, cron and dates: what timers may say, what is refused, and that the arithmetic is right."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.intervals import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Cron,
    Cycle,
    Duration,
    IntervalInvalid,
    parse_cron,
    parse_cycle,
    parse_date,
    parse_duration,
)

CHINA = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # Sunday 22:00 in Shanghai

quick = settings(derandomize=True, max_examples=300, deadline=None)


@pytest.fixture
def new_york() -> Iterator[None]:
    clock.use_zone("America/New_York")
    yield
    clock.use_zone("Asia/Shanghai")


# --- durations ---


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT2H", Duration(microseconds=2 * HOUR)),
        ("P1DT12H", Duration(days=1, microseconds=12 * HOUR)),
        ("P1Y2M", Duration(months=14)),
        ("P1Y2M3DT4H5M6S", Duration(14, 3, 4 * HOUR + 5 * MINUTE + 6 * SECOND)),
        ("P2W", Duration(days=14)),
        ("P1W2D", Duration(days=9)),
        ("PT0.5S", Duration(microseconds=SECOND // 2)),
        ("PT1,5H", Duration(microseconds=90 * MINUTE)),
        ("P0.5D", Duration(microseconds=12 * HOUR)),
        ("P1.5W", Duration(days=10, microseconds=12 * HOUR)),
        ("P1.5Y", Duration(months=18)),
        ("PT0.0000015S", Duration(microseconds=2)),
        ("PT36H", Duration(microseconds=36 * HOUR)),
        ("PT90S", Duration(microseconds=90 * SECOND)),
        ("PT0S", Duration()),
        ("P100Y", Duration(months=1200)),
        (" PT1M\n", Duration(microseconds=MINUTE)),
    ],
)
def test_durations(text: str, duration: Duration) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 1, "begins with P"),
        ("2H", 1, "begins with P"),
        ("-PT1H", 1, "cannot be negative"),
        ("P", 2, "a number with its unit"),
        ("PT", 3, "after T"),
        ("P1DT", 5, "after T"),
        ("P1H", 3, "after a T"),
        ("P5S", 3, "after a T"),
        ("PT1D", 4, "before the T"),
        ("PT1H2H", 6, "twice or in the wrong place"),
        ("P1D1Y", 5, "twice or in the wrong place"),
        ("PT1S1M", 6, "twice or in the wrong place"),
        ("pt2h", 1, "begins with P"),
        ("PT2h", 4, "capital letters"),
        ("PT2", 4, "no unit"),
        ("P1", 3, "no unit"),
        ("PT2X", 4, "“X” is no unit"),
        ("P1.3Y", 2, "no parts of a month"),
        ("P0.5M", 2, "no parts of a month"),
        ("PT1.5H30M", 3, "only the last number"),
        ("P1.5DT1H", 2, "only the last number"),
        ("PT1.H", 4, "no unit"),
        ("PT-1H", 3, "not expected"),
        ("PT1 H", 4, "no unit"),
        ("P1DT2H foo", 7, "not expected"),
        ("PT" + "9" * 16 + "S", 3, "digits"),
        ("P101Y", 1, "longer than 100 years"),
        ("PT999999999H", 1, "longer than 100 years"),
        ("P99999D", 1, "longer than 100 years"),
        ("P" + "1" * 300, 201, "longer than 200 characters"),
        ("PT１H", 3, "not expected"),
    ],
)
def test_durations_refused(text: str, at: int, reason: str) -> None:
    refuse(parse_duration, text, at, reason)


def refuse(read, text: str, at: int, reason: str) -> None:
    with pytest.raises(IntervalInvalid) as caught:
        read(text)
    assert reason in caught.value.sentence()
    assert caught.value.details["position"] == at


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P1M", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("P1M", "2028-01-31T10:00", "2028-02-29T10:00"),
        ("P1Y", "2028-02-29T10:00", "2029-02-28T10:00"),
        ("P1M1D", "2026-01-31T10:00", "2026-03-01T10:00"),
        ("P1D", "2026-12-31T23:30", "2027-01-01T23:30"),
        ("P1Y2M", "2026-11-22T22:00", "2028-01-22T22:00"),
        ("PT36H", "2026-11-22T22:00", "2026-11-24T10:00"),
        # a month is a month on the wall: in UTC this begins on 31 January, and February would come out wrong
        ("P1M", "2026-02-01T01:00", "2026-03-01T01:00"),
    ],
)
def test_what_comes_after(text: str, start: str, end: str) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=CHINA)
    expected = datetime.fromisoformat(end).replace(tzinfo=CHINA)
    for zone in (CHINA, UTC):
        found = parse_duration(text).after(moment.astimezone(zone))
        assert found == expected
        assert found.tzinfo is zone


def test_months_are_counted_from_the_first() -> None:
    start = datetime(2026, 1, 31, 10, tzinfo=CHINA)
    found = [parse_duration("P1M").after(start, times) for times in range(4)]
    assert [(one.month, one.day) for one in found] == [(1, 31), (2, 28), (3, 31), (4, 30)]
    assert parse_duration("P1M").before(datetime(2026, 3, 31, tzinfo=CHINA)) == datetime(2026, 2, 28, tzinfo=CHINA)


def test_days_keep_the_time_of_day_and_hours_do_not(new_york: None) -> None:
    before = datetime(2026, 3, 7, 12, 0, tzinfo=NEW_YORK)  # clocks go forward in the night
    assert parse_duration("P1D").after(before) == datetime(2026, 3, 8, 12, 0, tzinfo=NEW_YORK)
    assert parse_duration("PT24H").after(before) == datetime(2026, 3, 8, 13, 0, tzinfo=NEW_YORK)
    assert parse_duration("P1D").after(before.astimezone(UTC)) - before == timedelta(hours=23)


def test_beyond_the_calendar() -> None:
    for length, moment in (("P1Y", "9999-06-01"), ("PT9000H", "9999-12-31")):
        with pytest.raises(IntervalInvalid, match="IntervalInvalid"):
            parse_duration(length).after(parse_date(moment))
    with pytest.raises(ValueError, match="negative"):
        Duration(days=-1)


durations = st.builds(Duration, st.integers(0, 500), st.integers(0, 10_000), st.integers(0, 400 * DAY))
moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2170, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@quick
@given(durations)
def test_a_duration_reads_back_from_its_text(duration: Duration) -> None:
    assert parse_duration(str(duration)) == duration


@quick
@given(durations, moments, st.integers(0, 3))
def test_longer_never_ends_earlier(duration: Duration, moment: datetime, times: int) -> None:
    assert duration.after(moment, times) <= duration.after(moment, times + 1)
    assert duration.after(moment, 0) == moment


@quick
@given(st.integers(0, 300), moments)
def test_exact_time_there_and_back(hours: int, moment: datetime) -> None:
    length = Duration(microseconds=hours * HOUR)
    assert length.before(length.after(moment)) == moment
    assert length.after(moment) - moment == timedelta(hours=hours)


@quick
@given(st.integers(0, 400), moments)
def test_months_land_in_the_right_month(months: int, moment: datetime) -> None:
    wall, found = moment.astimezone(CHINA), Duration(months=months).after(moment).astimezone(CHINA)
    assert (found.year * 12 + found.month) - (wall.year * 12 + wall.month) == months
    assert found.day == wall.day or (found.day < wall.day and (found + timedelta(days=1)).day == 1)


@quick
@given(st.text(alphabet="PT0123.,YMWDHS-/R", max_size=14))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_duration, parse_cycle, parse_date, parse_cron):
        place, sentence = 1, "read"
        try:
            read(text)
        except IntervalInvalid as refusal:
            place, sentence = refusal.details["position"], refusal.sentence()
        assert 1 <= place <= len(text) + 1
        assert sentence


# --- dates ---


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T22:00:00+08:00", NOW),
        ("2026-11-22T14:00:00Z", NOW),
        ("2026-11-22T22:00:00", NOW),
        ("2026-11-22T22:00", NOW),
        ("2026-11-22T14:00Z", NOW),
        ("2026-11-22T14:00:00.000+0000", NOW),
        ("2026-11-22T09:00:00.000-0500", NOW),
        ("2026-11-22T22+08", None),
        ("2026-11-22T22:00:00+08", NOW),
        ("2026-11-22T14:00:00.250Z", NOW + timedelta(milliseconds=250)),
        ("2026-11-22T14:00:00,123456789Z", NOW + timedelta(microseconds=123456)),
        ("2026-11-22", datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 30, 16, 0, tzinfo=UTC)),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    if moment is None:
        refuse(parse_date, text, 14, "a date is written as")
        return
    found = parse_date(text)
    assert found == moment
    assert found.tzinfo is UTC


def test_dates_that_are_dates_already() -> None:
    assert parse_date(NOW.astimezone(CHINA)) == NOW
    assert parse_date(datetime(2026, 11, 22, 22, 0)) == NOW  # noqa: DTZ001 - as the business clock reads
    assert parse_date(date(2026, 11, 22)) == parse_date("2026-11-22")


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 1, "a date is written as"),
        ("tomorrow", 1, "a date is written as"),
        ("2026/11/22", 5, "a date is written as"),
        ("20261122T220000Z", 5, "a date is written as"),
        ("2026-11-22 22:00:00", 11, "a date is written as"),
        ("2026-11-22T22:00:00 +08:00", 20, "a date is written as"),
        ("2026-11-22T22:00:00Zulu", 20, "a date is written as"),
        ("2026-13-01", 6, "between 1 and 12"),
        ("2026-00-01", 6, "between 1 and 12"),
        ("2026-02-30", 9, "no such day"),
        ("2026-02-32", 9, "between 1 and 31"),
        ("2026-02-01T24:00:00Z", 12, "between 0 and 23"),
        ("2026-02-01T23:60Z", 15, "between 0 and 59"),
        ("2016-12-31T23:59:60Z", 18, "between 0 and 59"),
        ("2026-02-01T23:00:00+19:00", 20, "no such time zone"),
        ("2026-02-01T23:00:00+08:99", 20, "no such time zone"),
        ("1026-11-22", 1, "before 1900"),
        ("9999-12-31T23:59:59-08:00", 1, "no such date"),
        ("PT2H", 1, "a date is written as"),
        ("2026-11-22" * 30, 201, "longer than 200"),
        ("２026-11-22", 1, "a date is written as"),
    ],
)
def test_dates_refused(text: str, at: int, reason: str) -> None:
    refuse(parse_date, text, at, reason)


@quick
@given(st.datetimes(datetime(1900, 1, 2), datetime(9998, 1, 1)), st.integers(-18 * 60, 18 * 60))  # noqa: DTZ001
def test_dates_round_trip(wall: datetime, offset: int) -> None:
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert parse_date(moment.isoformat()) == moment


# --- cycles ---


def test_cycles_are_read() -> None:
    hour, start = Duration(microseconds=HOUR), datetime(2026, 1, 1, tzinfo=UTC)
    end = datetime(2026, 12, 30, 16, tzinfo=UTC)
    assert parse_cycle("R3/PT10M") == Cycle(3, None, None, Duration(microseconds=10 * MINUTE))
    assert parse_cycle("R/2026-01-01T00:00:00Z/PT1H") == Cycle(None, start, None, hour)
    assert parse_cycle("R/PT1H/2026-12-31") == Cycle(None, None, end, hour)
    assert parse_cycle("R3/2026-01-01T08:00:00+08:00/P1D") == Cycle(3, start, None, Duration(days=1))
    assert parse_cycle("R/2026-01-01T00:00:00Z/PT1H/2026-12-31") == Cycle(None, start, end, hour)
    assert isinstance(parse_cycle("0 0/5 * * * ?"), Cron)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 1, "6 or 7 fields"),
        ("PT10M", 1, "begins with R"),
        ("R", 2, "the duration is missing"),
        ("R3", 3, "the duration is missing"),
        ("R3/2026-01-01", 14, "the duration is missing"),
        ("R3/", 4, "the duration is missing"),
        ("R0/PT1M", 2, "between 1 and"),
        ("R99999999999/PT1M", 2, "between 1 and"),
        ("R-1/PT1M", 2, "how often"),
        ("Rx/PT1M", 2, "how often"),
        ("R3PT1M", 2, "how often"),
        ("R3/PT0.5S", 4, "shorter than a second"),
        ("R/PT0S", 3, "shorter than a second"),
        ("R3/PT1X", 7, "“X” is no unit"),
        ("R3/2026-13-01/PT1M", 9, "between 1 and 12"),
        ("R3/PT1M/soon", 9, "a date is written as"),
        ("R3/PT1M/PT1M", 9, "a date is written as"),
        ("R3/PT1M/2026-01-01/2026-01-01", 20, "at most"),
        ("R3/2026-01-01/2026-01-01/PT1M", 26, "at most"),
        ("R3/2026-01-02/PT1M/2026-01-01", 20, "before the start"),
        ("R3/P200Y", 4, "longer than 100 years"),
    ],
)
def test_cycles_refused(text: str, at: int, reason: str) -> None:
    refuse(parse_cycle, text, at, reason)


def fired(text: str, created: datetime, most: int = 6) -> list[str]:
    """The moments at which it fires, read on the business clock."""
    cycle, found = parse_cycle(text), []
    due = cycle.first(created)
    while due and len(found) < most:
        found.append(due)
        due = cycle.next_after(len(found), due, created)
    return [f"{one.astimezone(clock.BUSINESS_ZONE):%Y-%m-%dT%H:%M:%S}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R3/PT10M", ["2026-11-22T22:10:00", "2026-11-22T22:20:00", "2026-11-22T22:30:00"]),
        ("R1/P1M", ["2026-12-22T22:00:00"]),
        # a start in the future is the first firing
        ("R2/2026-12-01T08:00:00+08:00/P1D", ["2026-12-01T08:00:00", "2026-12-02T08:00:00"]),
        # the start is now: it fires now
        ("R2/2026-11-22T14:00:00Z/PT1H", ["2026-11-22T22:00:00", "2026-11-22T23:00:00"]),
        # what lies before the present counts, and does not come back
        ("R5/2026-11-20T00:00:00/P1D", ["2026-11-23T00:00:00", "2026-11-24T00:00:00"]),
        ("R2/2026-11-01/P1D", []),
        # with an end alone the last firing is at the end
        ("R2/PT1H/2026-11-23T10:30:00", ["2026-11-23T09:30:00", "2026-11-23T10:30:00"]),
        ("R/PT1H/2026-11-22T23:30:00", ["2026-11-22T22:30:00", "2026-11-22T23:30:00"]),
        ("R/P1M/2027-01-31", ["2026-11-30T00:00:00", "2026-12-31T00:00:00", "2027-01-31T00:00:00"]),
        ("R/PT1H/2026-11-22T13:00:00Z", []),
        ("R/2026-11-22T22:30:00/PT1H/2026-11-22T23:45:00", ["2026-11-22T22:30:00", "2026-11-22T23:30:00"]),
        ("0 0 9 ? * MON-FRI 2026", [f"2026-11-{day}T09:00:00" for day in (23, 24, 25, 26, 27, 30)]),
    ],
)
def test_when_cycles_fire(text: str, expected: list[str]) -> None:
    assert fired(text, NOW) == expected


def test_months_do_not_drift() -> None:
    created = datetime(2026, 1, 31, 10, tzinfo=CHINA)
    assert [one[5:10] for one in fired("R4/P1M", created)] == ["02-28", "03-31", "04-30", "05-31"]
    assert [one[5:10] for one in fired("R4/2026-01-31T10:00:00/P1M", created)] == ["01-31", "02-28", "03-31", "04-30"]
    drifting = parse_cycle("R/P1M").next_after(1, datetime(2026, 2, 28, 10, tzinfo=CHINA))
    assert drifting == datetime(2026, 3, 28, 10, tzinfo=CHINA)  # nobody said when it was created


def test_after_an_outage_it_goes_on_in_step() -> None:
    cycle = parse_cycle("R/PT10M")
    late = NOW + timedelta(hours=5, minutes=3)
    assert cycle.next_after(1, late, NOW) == NOW + timedelta(hours=5, minutes=10)
    assert parse_cycle("R9/2026-11-22T14:00:00Z/PT1H").next_after(1, late) == NOW + timedelta(hours=6)
    assert parse_cycle("R9/2026-11-22T14:00:00Z/PT1H").next_after(9, NOW) is None
    assert parse_cycle("R3/2026-11-22T14:00:00Z/PT1H").next_after(1, late) is None


cycles = st.builds(
    Cycle,
    st.one_of(st.none(), st.integers(1, 10**6)),
    st.one_of(st.none(), moments),
    st.none(),
    durations.filter(lambda one: one.mean >= SECOND),
)


@quick
@given(cycles, moments, moments)
def test_the_next_due_is_later_and_there_is_none_between(cycle: Cycle, created: datetime, last: datetime) -> None:
    last = max(created, last)
    due = cycle.next_after(0, last, created)
    if due is None:
        assert cycle.start
        assert cycle.repetitions is not None
        assert cycle.duration.after(cycle.start, cycle.repetitions - 1) <= last
        return
    assert due > last
    anchor = cycle.start or created
    number = round(Fraction((due - anchor) // timedelta(microseconds=1)) / cycle.duration.mean)
    around = [cycle.duration.after(anchor, one) for one in range(max(0, number - 3), number + 4)]
    assert due == min(one for one in around if one > last and (cycle.start or one != created))
    again = cycle.next_after(1, due, created)
    assert again is None or again > due


@quick
@given(st.integers(1, 50), moments, durations.filter(lambda one: one.mean >= SECOND))
def test_it_fires_as_often_as_it_says(repetitions: int, created: datetime, duration: Duration) -> None:
    if duration.mean * repetitions > 400 * 366 * DAY:
        return
    for start, end in ((None, None), (created, None), (None, duration.after(created, repetitions))):
        cycle, count = Cycle(repetitions, start, end, duration), 0
        due = cycle.first(created)
        while due is not None and count <= repetitions:
            count += 1
            due = cycle.next_after(count, due, created)
        assert count == repetitions


# --- cron ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0/5 * * * ?", ["11-22T22:05:00", "11-22T22:10:00", "11-22T22:15:00"]),
        ("*/20 * * * * *", ["11-22T22:00:20", "11-22T22:00:40", "11-22T22:01:00"]),
        ("0 15,45 8-9 ? * *", ["11-23T08:15:00", "11-23T08:45:00", "11-23T09:15:00"]),
        ("0 0 12 1/10 * ?", ["12-01T12:00:00", "12-11T12:00:00", "12-21T12:00:00"]),
        ("0 0 12 ? * SUN", ["11-29T12:00:00", "12-06T12:00:00", "12-13T12:00:00"]),
        ("0 0 12 ? * 1", ["11-29T12:00:00", "12-06T12:00:00", "12-13T12:00:00"]),
        ("0 0 12 ? * fri-mon", ["11-23T12:00:00", "11-27T12:00:00", "11-28T12:00:00"]),
        ("0 0 22-1 * * ?", ["11-22T23:00:00", "11-23T00:00:00", "11-23T01:00:00"]),
        ("0 0 12 L * ?", ["11-30T12:00:00", "12-31T12:00:00", "01-31T12:00:00"]),
        ("0 0 12 L-2 * ?", ["11-28T12:00:00", "12-29T12:00:00", "01-29T12:00:00"]),
        ("0 0 12 LW * ?", ["11-30T12:00:00", "12-31T12:00:00", "01-29T12:00:00"]),
        ("0 0 12 1W * ?", ["12-01T12:00:00", "01-01T12:00:00", "02-01T12:00:00"]),
        ("0 0 12 28W * ?", ["11-27T12:00:00", "12-28T12:00:00", "01-28T12:00:00"]),
        ("0 0 12 ? * 6L", ["11-27T12:00:00", "12-25T12:00:00", "01-29T12:00:00"]),
        ("0 0 12 ? * 2#1", ["12-07T12:00:00", "01-04T12:00:00", "02-01T12:00:00"]),
        ("0 0 12 ? * L", ["11-28T12:00:00", "12-05T12:00:00", "12-12T12:00:00"]),
        ("0 0 0 31 DEC ? 2026/1", ["12-31T00:00:00", "12-31T00:00:00", "12-31T00:00:00"]),
        ("0 0 0 31 12 ? 2020-2025", []),
        ("0 0 0 1 1 ? 2190", ["01-01T00:00:00"]),
    ],
)
def test_when_cron_fires(text: str, expected: list[str]) -> None:
    assert [one[5:] for one in fired(text, NOW, most=3)] == expected


def test_leap_days_on_a_weekday_are_found() -> None:
    found = parse_cron("0 0 0 29 2 ? *").first(datetime(2097, 1, 1, tzinfo=UTC))
    assert found == datetime(2104, 2, 28, 16, tzinfo=UTC)  # 2100 is no leap year
    assert parse_cron("0 0 0 ? 2 1#5").first(NOW) == datetime(2032, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("0/5 * * * *", 1, "6 or 7 fields"),
        ("@daily", 1, "6 or 7 fields"),
        ("0 " * 101, 201, "longer than 200"),
        ("0 0 0 * * ? 2026 x", 1, "6 or 7 fields"),
        ("60 * * * * ?", 1, "“60” is no seconds: 0 to 59"),
        ("0 0 24 * * ?", 5, "“24” is no hours"),
        ("0 0 0 0 * ?", 7, "“0” is no day of month"),
        ("0 0 0 1 13 ?", 9, "“13” is no month"),
        ("0 0 0 ? * 0", 11, "“0” is no day of week"),
        ("0 0 0 ? * MOO", 11, "“MOO” is no day of week"),
        ("0 0 0 1 1 ? 1900", 13, "“1900” is no year"),
        ("0 0 0 1 1 ? 2030-2029", 13, "comes after"),
        ("0 0/0 0 * * ?", 3, "the step must lie between"),
        ("0 *5 0 * * ?", 3, "not understood as minutes"),
        ("0 5- 0 * * ?", 3, "not understood as minutes"),
        ("0 5,, 0 * * ?", 3, "not understood as minutes"),
        ("0 ? 0 * * ?", 3, "not understood as minutes"),
        ("0 0 0 L-31 * ?", 7, "not understood as day of month"),
        ("0 0 0 32W * ?", 7, "“32” is no day of month"),
        ("0 0 0 ? * 6#6", 11, "between 1 and 5"),
        ("0 0 0 ? * ?", 11, "only one of the two"),
        ("0 0 0 15 * MON", 12, "one of them must be"),
        ("0 0 0 30 2 ?", 7, "no such day"),
        ("0 0 0 31 4,6,9,11 ?", 7, "no such day"),
    ],
)
def test_cron_refused(text: str, at: int, reason: str) -> None:
    refuse(parse_cron, text, at, reason)


def test_cron_when_clocks_change(new_york: None) -> None:
    spring = datetime(2026, 3, 7, 12, tzinfo=NEW_YORK)
    assert fired("0 30 2 * * ?", spring, 3) == ["2026-03-08T03:30:00", "2026-03-09T02:30:00", "2026-03-10T02:30:00"]
    autumn = datetime(2026, 10, 31, 12, tzinfo=NEW_YORK)
    assert fired("0 30 1 * * ?", autumn, 3) == ["2026-11-01T01:30:00", "2026-11-02T01:30:00", "2026-11-03T01:30:00"]
    every = parse_cron("0 0/30 * * * ?")
    here, seen = datetime(2026, 10, 31, 12, tzinfo=NEW_YORK).astimezone(UTC), []
    for _round in range(60):
        due = every.next_after(0, here)
        assert due is not None
        assert due > here
        here = due
        seen.append(due)
    assert max(later - earlier for earlier, later in itertools.pairwise(seen)) <= timedelta(minutes=90)


FIELDS = st.tuples(
    st.sampled_from(["0", "*/7", "59", "5-10"]),
    st.sampled_from(["*", "0/15", "3,33"]),
    st.sampled_from(["*", "9-17", "23", "22-2"]),
    st.sampled_from(["*", "1", "L", "15W", "28-31"]),
    st.sampled_from(["*", "2", "JAN-JUN/2"]),
)


@quick
@given(FIELDS, moments)
def test_cron_is_strictly_later_and_fits_its_fields(fields: tuple[str, ...], moment: datetime) -> None:
    found = parse_cron(" ".join(fields) + " ?")
    due = found.next_after(0, moment)
    assert due is not None
    assert due > moment
    wall = due.astimezone(CHINA)
    if moment.year >= 1992:  # China changed its clocks until 1991
        assert (wall.second in found.seconds, wall.minute in found.minutes, wall.hour in found.hours) == (True,) * 3
        assert wall.month in found.months
        assert wall.day in found.days(wall.year, wall.month)
        just_before = due - timedelta(microseconds=1)
        assert found.next_after(0, max(moment, just_before)) == due
