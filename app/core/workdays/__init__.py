"""Working days and working hours: public holidays and the days that are worked for them (调休), by announced year.

    workdays.calendar().is_working(day)    workdays.between(start, end)    workdays.later(start, timedelta(hours=8))

What is announced stands in `china.yaml`, with its source; nothing is guessed. A year that is not listed counts Monday
to Friday, and `missing(day)` and `calendar()` say so.
"""

from app.core.workdays.calendar import Day, WorkCalendar, Year
from app.core.workdays.counting import between, later, nth, nth_in_bulk, spent, until, until_in_bulk
from app.core.workdays.source import CalendarFault, calendar, missing, use_file

__all__ = [
    "CalendarFault",
    "Day",
    "WorkCalendar",
    "Year",
    "between",
    "calendar",
    "later",
    "missing",
    "nth",
    "nth_in_bulk",
    "spent",
    "until",
    "until_in_bulk",
    "use_file",
]
