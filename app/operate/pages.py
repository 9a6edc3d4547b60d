"""What programs that watch the server ask for, and the working calendar it counts by."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.core import clock, menu, metrics, workdays
from app.core.i18n import _l
from app.core.permissions import requires
from app.operate.months import KINDS, months_of
from app.operate.permissions import CALENDAR_READ, METRICS_READ

bp = Blueprint("operate", __name__)
FARTHEST = 5
"""Years from today that the calendar can be leafed through beyond those that are announced."""


@bp.get("/metrics")
@requires(METRICS_READ)
def prometheus() -> Response:
    """Everything that is measured, for Prometheus, which sends an API token.

    Not simply open to this machine: behind a proxy on the same host everybody would come from it.
    """
    return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)


@metrics.gauge("youxu_calendar_years_missing", "Years within a month whose public holidays are not listed")
def years_missing() -> float:
    """An alarm for whoever watches: then Mondays to Fridays are counted."""
    return len(workdays.missing())


def _alarm() -> str:
    return "!" if workdays.missing() else ""


menu.add(
    _l("Working calendar"),
    "operate.calendar",
    icon="calendar",
    right=CALENDAR_READ,
    section="system",
    order=45,
    badge=_alarm,
)


@bp.get("/calendar")
@requires(CALENDAR_READ)
def calendar() -> str:
    """The months of a year with holidays and the days worked for them; which years are announced."""
    known, today = workdays.calendar(), clock.today()
    low = min([*known.years, today.year]) - FARTHEST
    high = max([*known.years, today.year]) + FARTHEST
    year = request.args.get("year", today.year, type=int)
    year = min(max(year, low), high)
    return render_template(
        "operate/calendar.html",
        year=year,
        low=low,
        high=high,
        announced=known.years.get(year),
        known=known,
        missing=workdays.missing(),
        months=months_of(year),
        kinds=KINDS,
    )
