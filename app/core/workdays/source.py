"""Reading the calendar: what comes with the program, and the file of the house that adds to it."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from app.core import clock
from app.core.workdays.calendar import Day, Texts, WorkCalendar, Year

COMES_WITH_US = Path(__file__).with_name("china.yaml")


class CalendarFault(RuntimeError):
    """The file of the house cannot be used; the message says where and why."""


def use_file(path: Path | None) -> None:
    """Read the calendar again, with the file of the house if it has one (a setting). Raises CalendarFault."""
    global _calendar  # noqa: PLW0603 - one calendar per process, set at start
    _calendar = read(path)


def calendar() -> WorkCalendar:
    """The calendar of this process."""
    return _calendar


def missing(day: date | None = None) -> list[int]:
    """Years that begin within a month of the day (default: today), or run then, and are not announced here."""
    today = day or clock.today()
    wanted = {today.year, (today + timedelta(days=31)).year}
    return sorted(year for year in wanted if year not in _calendar.years)


def read(path: Path | None = None) -> WorkCalendar:
    """Ours, with the years and hours of the file in place of the same ones. Raises CalendarFault."""
    given = _load(COMES_WITH_US)
    if path is not None:
        extra = _load(path)
        given = {
            "hours": extra.get("hours") or given["hours"],
            "names": {**given["names"], **(extra.get("names") or {})},
            "years": {**given["years"], **(extra.get("years") or {})},
        }
    try:
        years = {int(number): _year(int(number), told, given["names"]) for number, told in given["years"].items()}
        return WorkCalendar(years, _periods(given["hours"]["periods"]), dict(given["hours"]["source"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CalendarFault(f"{path or COMES_WITH_US}: {type(error).__name__}: {error}") from error


def _load(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CalendarFault(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise CalendarFault(f"{path}: not a calendar")
    return found


def _year(number: int, told: Any, names: dict[str, Texts]) -> Year:
    days: dict[date, Day] = {}
    for holiday in told["holidays"]:
        name, first, last = names[holiday["name"]], holiday["from"], holiday["to"]
        off = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        worked = list(holiday.get("made_up_on") or ())
        if not off or len(off) > 31:
            raise ValueError(f"{first} to {last} is no holiday")
        for day, free in [*((day, True) for day in off), *((day, False) for day in worked)]:
            if day.year != number:
                raise ValueError(f"{day} is not in {number}")
            if day in days and days[day].free is not free:
                raise ValueError(f"{day} is both free and worked")
            days[day] = Day(dict(name), free)
    return Year(number, dict(told["source"]), str(told["url"]), days)


def _periods(told: Any) -> tuple[tuple[time, time], ...]:
    periods = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in told)
    edges = [edge for period in periods for edge in period]
    if not edges or edges != sorted(set(edges)):
        raise ValueError("the periods of a working day must follow each other")
    return periods


_calendar = read()
