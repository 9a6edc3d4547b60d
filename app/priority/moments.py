"""When time alone may change next what the rules say of an order.

What a fact knows of time it knows by a few days and moments that are stored: the end of a licence, the hour of a
surgery. Between two of them that matter nothing changes. Which matter, the rules in force say: the values they compare
with (`decisions.asked`). The moment found is never later than the change; it is earlier where a value crosses a step
that other conditions make meaningless, and then the order is looked at for nothing. `columns_moments` says the same of
many orders at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.core import clock, workdays
from app.decisions.asked import Asked
from app.priority import facts, profile
from app.priority.picture import Picture, StockLot

DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
COMPLETE = "compliance.documents_complete"
MISSING = "compliance.documents_missing"
CUSTOMER_LICENCES = ("customer.licence_valid", "line.in_customer_scope", COMPLETE)
OUR_LICENCES = ("compliance.our_licence_valid", "line.in_our_scope", COMPLETE)
AUTHORISATIONS = ("line.region_authorised", "region.unauthorised_lines", COMPLETE)
CONTRACT = (MISSING, COMPLETE)
AWARD = ("award.valid", MISSING, COMPLETE)
REGISTRATIONS = ("line.made_after_registration", COMPLETE)
LOTS = (
    *(f"line.lots_{fault}" for fault in ("recalled", "expired", "unreleased", "unreported", "short_dated", "usable")),
    *(f"line.{name}" for name in ("available", "short", "required_shelf_days", "made_after_registration")),
    *(
        f"stock.{name}"
        for name in ("all_available", "short_lines", "fill_permille", "near_expiry_lines", "constrained")
    ),
    "qc.lines_waiting_release",
    "qc.slack_below_test_time",
)
"""What depends on which lots are still good when they arrive."""


def next_change(picture: Picture, as_of: datetime, asked: Asked) -> datetime | None:
    """The first moment after `as_of` at which an answer of the rules may change by time alone; None: never."""
    today = clock.local_date(as_of)
    later = [day for day in _days(picture, today, asked) if day > today]
    moments = [moment for moment in _moments(picture, as_of, asked) if moment > as_of]
    if later:
        moments.append(midnight(min(later)))
    return min(moments, default=None)


def midnight(day: date) -> datetime:
    """The moment at which the business day begins."""
    return _midnight(day, clock.BUSINESS_ZONE)


@lru_cache(maxsize=1024)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _days(picture: Picture, today: date, asked: Asked) -> list[date]:
    """First days of something new; past ones among them."""
    return [
        picture.once(("asked", today), lambda: _next(asked.days, today)),
        *_counted(picture, today, asked),
        *_papers(picture, today, asked),
        *_lots(picture, today, asked),
        *_dispatch(picture, today, asked),
    ]


def _counted(picture: Picture, today: date, asked: Asked) -> list[date]:
    """Numbers of days that fall by one each day: when one falls below a step."""
    found = []
    for kind, name, end in _ends(picture):
        if (kind, name) in asked.names:
            step = asked.step_below(kind, name, (end - today).days)
            if step is not None:
                found.append(end - (step - 1) * DAY)
    return found


def _ends(picture: Picture) -> list[tuple[str, str, date]]:
    """By kind and attribute, the day on which it is nought."""
    due, lane = picture.order.requested_date, picture.region.lane_days_p50 * DAY
    found = [("order", "days_to_requested", due), ("order", "slack_days", due - lane)]
    if picture.licences:  # the one that lasts longest is first
        found.append(("customer", "licence_days_left", picture.licences[0].valid_to))
    if picture.contract is not None:
        found.append(("contract", "days_left", picture.contract.valid_to))
    if picture.award is not None:
        found.append(("award", "days_left", picture.award.valid_to))
    if picture.named_authorisation is not None:
        found.append(("authorisation", "days_left", picture.named_authorisation.valid_to))
    registered = [product.registration for product in picture.products.values()]
    ends = [one.valid_to for one in registered if one is not None]
    if ends and len(ends) == len(registered):
        found.append(("compliance", "registration_days_left", min(ends)))
    return found + [("line", "registration_days_left", end) for end in ends]


def _papers(picture: Picture, today: date, asked: Asked) -> list[date]:
    """Papers that come into force or lapse."""
    found = []
    if asked.asks(*CUSTOMER_LICENCES):
        found.append(_next_edge(picture, picture.licences, today))
    if asked.asks(*OUR_LICENCES):
        found.append(_next_edge(picture, picture.our_licences, today))
    if asked.asks(*AUTHORISATIONS):
        found += [_next_authorisation(picture, line.product_id, today) for line in picture.lines]
    if picture.contract is not None and ("contract" in asked.kinds or asked.asks(*CONTRACT)):
        found += _edges([picture.contract])
    if picture.award is not None and asked.asks(*AWARD):
        found += _edges([picture.award])
    if picture.award is not None and asked.asks("award.behind_plan"):
        found += _behind(picture.award)
    if picture.named_authorisation is not None and asked.asks("authorisation.valid"):
        found += _edges([picture.named_authorisation])
    if asked.asks(*REGISTRATIONS):
        found += [one.registration.valid_to + DAY for one in picture.products.values() if one.registration]
    return found


def _next(days: Iterable[date], today: date) -> date:
    """The next of these days; a past one when there is none."""
    return min((day for day in days if day > today), default=today)


def _next_edge(picture: Picture, papers: list[Any], today: date) -> date:
    """Of papers that several orders share."""
    found: date = picture.once(("edge", id(papers), today), lambda: _next(_edges(papers), today))
    return found


def _next_authorisation(picture: Picture, product_id: str, today: date) -> date:
    """Of those under which the customer may be sold the product."""
    letters, region = picture.authorisations, picture.customer.region_code
    key = ("edge", id(letters), region, product_id, today)
    found: date = picture.once(
        key, lambda: _next(_edges(one for one in letters if one.covers(product_id, region)), today)
    )
    return found


def _edges(papers: Iterable[Any]) -> list[date]:
    return [day for paper in papers for day in (paper.valid_from, paper.valid_to + DAY)]


def _behind(award: Any) -> list[date]:
    """The day from which what is consumed lags behind the time elapsed."""
    length = max(1, (award.valid_to - award.valid_from).days + 1)
    committed = sum(line.committed_qty for line in award.lines)
    elapsed = sum(line.consumed_qty for line in award.lines) * length // committed + 1 if committed else length + 1
    return [award.valid_from + elapsed * DAY] if elapsed <= length else []


def _lots(picture: Picture, today: date, asked: Asked) -> list[date]:
    """Lots that from then on would arrive expired, too short-dated or near their expiry."""
    if not asked.asks(*LOTS):
        return []
    found, lane = [], picture.region.lane_days_p50 * DAY
    for line in picture.lines:
        lots = picture.lots.get(line.product_id, ())
        required = picture.required_days(line, today + lane)
        key = ("lot_day", id(lots), lane, required, today)
        day: date | None = picture.memory.get(key)
        if day is None:
            day = picture.memory[key] = _next_of(lots, today, lane, required * DAY)
        found.append(day)
    if picture.contract is not None and picture.contract.min_remaining_days:
        found += [day - lane for day in _edges([picture.contract])]
    return found


def _next_of(lots: Sequence[StockLot], today: date, lane: timedelta, required: timedelta) -> date:
    """The next of those days; a past one when there is none."""
    near = profile.current().near_expiry_days * DAY
    lasts = [lot.expires_on - lane for lot in lots if lot.expires_on is not None]
    days = (day for last in lasts for day in (last + DAY, last - required + DAY, last - near) if day > today)
    return min(days, default=today)


def _dispatch(picture: Picture, today: date, asked: Asked) -> list[date]:
    """Days by which goods should have left."""
    found: list[date] = []
    due, region, rules = picture.order.requested_date, picture.region, profile.current()
    if asked.asks("transport.slow_lane_breaks_date"):
        found.append(due - (region.lane_days_p95 - 1) * DAY)
    if asked.asks("qc.slack_below_test_time"):
        found.append(due - (region.lane_days_p50 + rules.full_test_days - 1) * DAY)
    if asked.asks("transport.last_cold_dispatch_day") and any(one.cold_chain for one in picture.products.values()):
        found.append(next_cold_change(today))
    return found


def next_cold_change(today: date) -> date:
    """The next day on which the answer is another to whether tomorrow cold goods rest."""
    rests = profile.current().cold_rest_days
    now = (today + DAY).weekday() in rests
    return next((day for day in _week(today) if ((day + DAY).weekday() in rests) is not now), date.min)


def _week(today: date) -> Iterator[date]:
    yield from (today + number * DAY for number in range(1, 8))


def _moments(picture: Picture, as_of: datetime, asked: Asked) -> list[datetime]:
    """Hours and moments; past ones among them."""
    found, order = [], picture.order
    if order.surgery_at is not None:
        found += _falls("order", "hours_to_surgery", order.surgery_at, as_of, asked)
    if asked.asks("order.waiting_wdays"):
        step = asked.step_above("order", "waiting_wdays", facts.waited(picture, as_of))
        if step is not None:
            begun = order.submitted_at
            found.append(picture.once(("waited until", begun, step), lambda: _waited(begun, step)))
    if "override" in asked.kinds:
        for one in picture.overrides:
            found += [one.starts_at, min(one.until, one.ended_at or one.until)]
            if one.holds(as_of):
                found += _falls("override", "hours_left", one.until, as_of, asked)
    return found


def _falls(kind: str, name: str, end: datetime, as_of: datetime, asked: Asked) -> list[datetime]:
    """Whole hours until `end`, rounded down: the first moment at which they are below their next step."""
    step = asked.step_below(kind, name, (end - as_of) // HOUR) if asked.asks(f"{kind}.{name}") else None
    return [] if step is None else [end - step * HOUR + TICK]


def _waited(start: datetime, days: int) -> datetime:
    """The moment at which so many working days have passed since."""
    first = clock.local(start)
    day = workdays.nth(workdays.until(first.date()) + days)
    return datetime.combine(day, first.time(), clock.BUSINESS_ZONE).astimezone(UTC)
