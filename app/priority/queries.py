"""Reading the ranking. The order is total and deterministic, and the same on every database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, not_, or_, select, true
from sqlalchemy.orm import aliased, contains_eager

from app.catalog.models import Customer
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.paging import SIZE, Page, paginate
from app.decisions import queries as decision_queries
from app.orders.models import OPEN as OPEN
from app.orders.models import Order, OrderLine
from app.priority.models import OrderOverride, OrderStanding
from app.priority.picture import Picture, picture_of, pictures_of
from app.priority.picture import overrides_of as overrides_of

BANDS = ("P0", "P1", "P2", "P3")
RANKING = "priority"
"""The rule set that ranks."""
SHARES = {"P0": "p0_share_permille", "P1": "p1_share_permille", "P2": "p2_share_permille"}
"""Its parameters that hold the share of lines each band may have."""

RANK_ORDER = (
    OrderStanding.band,
    OrderStanding.ranked_score.desc(),
    OrderStanding.promise_rank,
    OrderStanding.requested_date,
    OrderStanding.submitted_at,
    OrderStanding.number,
)


class NotAssessed(NotFound):
    """The order has no standing yet."""

    message = _l("The priority of this order has not been assessed.")


@dataclass(frozen=True)
class RankFilter:
    """Which orders to list; an empty field does not limit. `text`: part of number, external reference or customer."""

    statuses: tuple[str, ...] = OPEN
    channel: str = ""
    customer_id: str = ""
    band: str = ""
    text: str = ""


def ranked(given: RankFilter | None = None, page: int = 1, size: int = SIZE) -> Page[OrderStanding]:
    """Unblocked orders, first the one to serve first; each with its `.order`."""
    return paginate(_listed(given or RankFilter(), blocked=False), page, size)


def blocked(given: RankFilter | None = None, page: int = 1, size: int = SIZE) -> Page[OrderStanding]:
    """Blocked orders, in the order they would have if they were unblocked now."""
    return paginate(_listed(given or RankFilter(), blocked=True), page, size)


def _listed(given: RankFilter, *, blocked: bool) -> Select[Any]:
    statement = (
        select(OrderStanding)
        .join(OrderStanding.order)
        .options(contains_eager(OrderStanding.order))
        .where(OrderStanding.blocked.is_(blocked), *_conditions(given))
    )
    return statement.order_by(*RANK_ORDER)


def _conditions(given: RankFilter) -> Iterable[Any]:
    if given.statuses:
        yield Order.status.in_(given.statuses)
    if given.channel:
        yield Order.channel == given.channel
    if given.customer_id:
        yield Order.customer_id == given.customer_id
    if given.band:
        yield OrderStanding.band == given.band
    if given.text:
        customer = aliased(Customer)
        part = "%" + escaped(given.text.strip().lower()) + "%"
        yield or_(
            func.lower(Order.number).like(part, escape="\\"),
            func.lower(Order.external_ref).like(part, escape="\\"),
            select(true())
            .where(
                customer.id == Order.customer_id,
                or_(
                    func.lower(customer.name).like(part, escape="\\"),
                    func.lower(customer.code).like(part, escape="\\"),
                ),
            )
            .exists(),
        )


def escaped(text: str) -> str:
    """The text with LIKE's wildcards taken literally (escape character: backslash)."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def standing_of(order_id: str) -> OrderStanding:
    """The current standing. Raises NotAssessed."""
    found = session().get(OrderStanding, order_id)
    if found is None:
        raise NotAssessed(order=order_id)
    return found


def standing_or_none(order_id: str) -> OrderStanding | None:
    """The current standing, if the order was assessed."""
    return session().get(OrderStanding, order_id)


def standings_of(order_ids: Iterable[str]) -> dict[str, OrderStanding]:
    """Standings by order id."""
    wanted = list(order_ids)
    rows = session().scalars(select(OrderStanding).where(OrderStanding.order_id.in_(wanted))) if wanted else ()
    return {row.order_id: row for row in rows}


@dataclass(frozen=True)
class Position:
    """What decides an order's place among the open ones."""

    band: str
    ranked_score: int
    promise_rank: int
    requested_date: date
    submitted_at: datetime
    number: str

    @classmethod
    def of(cls, standing: OrderStanding, *, band: str | None = None, score: int | None = None) -> Position:
        """That of a standing, or what it would be with another band and score."""
        return cls(
            standing.band if band is None else band,
            standing.ranked_score if score is None else score,
            standing.promise_rank,
            standing.requested_date,
            standing.submitted_at,
            standing.number,
        )

    def key(self) -> tuple[Any, ...]:
        """Sorts as the ranking does."""
        return (
            self.band,
            -self.ranked_score,
            self.promise_rank,
            self.requested_date,
            self.submitted_at,
            self.number,
        )


def place_of(standing: OrderStanding) -> int | None:
    """How many open, unblocked orders are served before this one, plus one; None while it is blocked."""
    return None if standing.blocked else place_at(Position.of(standing))


def place_at(position: Position) -> int:
    """The place of an unblocked order that stands there."""
    ahead = _open_unblocked(select(func.count())).where(_before(position))
    return int(session().execute(ahead).scalar_one()) + 1


def between(one: Position, other: Position, columns: Iterable[Any]) -> Select[Any]:
    """Open, unblocked orders that rank between two positions of the same order, itself left out."""
    front, back = sorted((one, other), key=Position.key)
    return _open_unblocked(select(*columns)).where(
        _before(back), not_(_before(front)), OrderStanding.number != one.number
    )


def _open_unblocked(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(OrderStanding)
        .join(OrderStanding.order)
        .where(OrderStanding.blocked.is_(False), Order.status.in_(OPEN))
    )


def _before(position: Position) -> Any:
    """SQL: the row ranks before the given place, spelled out because row comparison cannot mix directions."""
    steps = (
        (OrderStanding.band, OrderStanding.band < position.band, position.band),
        (
            OrderStanding.ranked_score,
            OrderStanding.ranked_score > position.ranked_score,
            position.ranked_score,
        ),
        (OrderStanding.promise_rank, OrderStanding.promise_rank < position.promise_rank, position.promise_rank),
        (OrderStanding.requested_date, OrderStanding.requested_date < position.requested_date, position.requested_date),
        (OrderStanding.submitted_at, OrderStanding.submitted_at < position.submitted_at, position.submitted_at),
        (OrderStanding.number, OrderStanding.number < position.number, position.number),
    )
    alternatives: list[Any] = []
    equal: list[Any] = []
    for column, before, value in steps:
        alternatives.append(and_(*equal, before))
        equal.append(column == value)
    return or_(*alternatives)


@dataclass(frozen=True)
class Terms:
    """What stock must satisfy to serve an order that leaves today."""

    arrives_on: date
    required_days: dict[str, int]
    """By order line: days of shelf life that must be left at arrival."""


def terms_of(order_id: str, as_of: datetime) -> Terms:
    """Arrival on the usual lane, and for each line the largest minimum of contract, customer and product."""
    return _terms(picture_of(order_id), as_of)


def terms_of_all(found: Sequence[Order], as_of: datetime) -> dict[str, Terms]:
    """`terms_of` for many orders, by id, in as many statements as one takes."""
    return {order_id: _terms(picture, as_of) for order_id, picture in pictures_of(found).items()} if found else {}


def _terms(picture: Picture, as_of: datetime) -> Terms:
    arrival = picture.arrival(as_of)
    return Terms(arrival, {line.id: picture.required_days(line, arrival) for line in picture.lines})


@dataclass(frozen=True)
class Inflation:
    """How much of what is open stands in P0, against what may."""

    lines: int
    urgent: int
    allowed_permille: int | None

    @property
    def share(self) -> float:
        """The part of the open lines that is in P0."""
        return self.urgent / self.lines if self.lines else 0.0

    @property
    def permille(self) -> int:
        """The same in permille, rounded."""
        return round(self.share * 1000)

    @property
    def too_much(self) -> bool:
        """More than allowed, a part of a line counting as a whole one: a single urgent order is no inflation."""
        if self.allowed_permille is None:
            return False
        return self.urgent > -(-self.lines * self.allowed_permille // 1000)


def inflation() -> Inflation:
    """P0's part of the lines of open orders."""
    rows = session().execute(
        select(OrderStanding.band, func.count(OrderLine.id))
        .join(Order, Order.id == OrderStanding.order_id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.status.in_(OPEN))
        .group_by(OrderStanding.band)
    )
    counted = {str(row[0]): int(row[1]) for row in rows}
    return Inflation(sum(counted.values()), counted.get("P0", 0), _allowed())


def _allowed() -> int | None:
    """The share of P0 that the version in force names; None when it names none or there is no version."""
    try:
        parameters = decision_queries.plan_of(decision_queries.active_version(RANKING)).rule_set.parameters
    except decision_queries.NoSuchRuleSet:
        return None
    found = parameters.get(SHARES["P0"])
    return None if found is None else int(str(found.value))


def override_of(order_id: str) -> OrderOverride | None:
    """The manual override that has not ended, if there is one."""
    wanted = select(OrderOverride).where(OrderOverride.order_id == order_id, OrderOverride.ended_at.is_(None))
    return session().scalars(wanted).one_or_none()
