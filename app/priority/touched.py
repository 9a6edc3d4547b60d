"""Which open orders a change touches: the dependency index from stored rows to the orders whose facts they are in.

`SOURCES` says for each table that `picture` and `album` read which columns count, and what mark a change of them
leaves; `touched_orders` finds the orders of a mark. Marks are noted when the session writes, whoever does it, and
handed to a job in the same transaction (`rescoring`): only after its commit can be seen what others changed meanwhile.
A test changes every column of every such table and compares the facts of all orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, inspect, or_, select
from sqlalchemy.orm import ORMExecuteState, Session

from app.catalog.models import (
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.core import db
from app.core.changing import OPTION
from app.core.db import session
from app.decisions.models import RuleSetPointer
from app.inventory.models import Balance, Lot, Reservation, Warehouse
from app.orders.models import Order, OrderLine
from app.priority.models import OrderOverride
from app.priority.picture_rows import waiting_lines

Mark = tuple[Any, ...]
"""A kind of `touched_orders` and its key: texts, or lists of texts."""
Row = Mapping[str, Any]
ALL: Mark = ("all",)
MOST_MARKS = 500
"""More than so many in one transaction touch everything: an import, a first start."""
FEW_WAIT = 35
"""Of a product for which so many lines wait, no single change can make or end that others wait for it too, and neither
can all transactions that run at once (some twenty)."""
_WAITS = ("waits", "waits_of")
"""Marks of products for which another number of orders waits: of one, and of those in an order."""
_KEY = "priority_marks"


@dataclass(frozen=True)
class Source:
    """Columns that facts are counted from, and the mark that a change leaves: a kind, and the columns of its key."""

    model: Any
    columns: frozenset[str]
    kind: str
    key: tuple[str, ...]
    where: Callable[[Row], bool] = bool
    of_new: bool = True
    """False: a new row touches nothing by this, only one that changes."""

    def mark(self, row: Row) -> Mark | None:
        """The mark of a row, as it was or as it is; None when the row touches nothing."""
        return (self.kind, *(row.get(name) for name in self.key)) if self.where(row) else None


def _source(model: Any, columns: str, kind: str, *key: str, **more: Any) -> Source:
    return Source(model, frozenset(columns.split()), kind, key, **more)


def _released(row: Row) -> bool:
    return row.get("status") == "released"


SOURCES = (
    _source(
        Order,
        "number channel order_type customer_id status requested_date hospital_po contract_number authorisation_number "
        "tender_award_number surgery_at submitted_at total",
        "order",
        "id",
    ),
    _source(Order, "status", "waits_of", "id"),
    _source(Order, "status customer_id submitted_at", "sold", "customer_id", "id", where=_released),
    _source(
        OrderLine,
        "order_id line_no product_id quantity unit_price price_ceiling reserved",
        "order",
        "order_id",
    ),
    _source(OrderLine, "order_id product_id quantity reserved", "waits", "product_id"),
    _source(OrderLine, "order_id product_id quantity", "sold_line", "order_id", "product_id", of_new=False),
    _source(OrderOverride, "order_id points band reason set_by_name starts_at until ended_at", "order", "order_id"),
    _source(
        Customer,
        "code name name_en kind tier status region_code credit_limit credit_used overdue_days prepaid cold_capable "
        "min_remaining_days",
        "customer",
        "id",
    ),
    _source(Region, "code lane_days_p50 lane_days_p95 cold_lane", "region", "code"),
    _source(Warehouse, "region_code", "region", "region_code"),
    _source(
        Licence,
        "owner_kind customer_id kind valid_from valid_to risk_classes category_codes",
        "customer",
        "customer_id",
        where=lambda row: row.get("customer_id") is not None,
    ),
    _source(
        Licence,
        "owner_kind customer_id kind valid_from valid_to risk_classes category_codes",
        "all",
        where=lambda row: row.get("owner_kind") == "us",
    ),
    _source(Authorisation, "number grantee_customer_id valid_from valid_to", "authorisation", "number"),
    _source(
        Authorisation,
        "grantee_customer_id valid_from valid_to product_ids region_codes",
        "scope",
        "grantee_customer_id",
        "product_ids",
        "region_codes",
    ),
    _source(
        Contract,
        "number customer_id sla_hours penalty_pct_day min_remaining_days status valid_from valid_to",
        "contract",
        "number",
    ),
    _source(TenderAward, "number region_code customer_id valid_from valid_to", "award", "number"),
    _source(TenderAwardLine, "award_id product_id price_ceiling committed_qty consumed_qty", "award_id", "award_id"),
    _source(
        Product,
        "sku udi_di name name_en risk_class category_code implantable sterile life_supporting high_value "
        "needs_inspection storage_max_c min_remaining_days substitution_group status registration_id",
        "product",
        "id",
    ),
    _source(
        Product,
        "substitution_group status",
        "group",
        "substitution_group",
        where=lambda row: bool(row.get("substitution_group")),
    ),
    _source(Registration, "number valid_from valid_to", "registration", "id"),
    _source(Lot, "product_id made_on expires_on status report_no", "product", "product_id"),
    _source(Balance, "lot_id pickable on_hand reserved", "lot", "lot_id"),
    _source(Reservation, "order_id order_line_id lot_id quantity status", "order", "order_id"),
    _source(RuleSetPointer, "version_id number sha256", "all"),
)
_OF: dict[str, list[Source]] = defaultdict(list)
for _one in SOURCES:
    _OF[_one.model.__tablename__].append(_one)


def take_marks() -> list[Mark]:
    """What the running transaction has touched since it was last asked, ready for a job; empties the notes."""
    noted: dict[Mark, None] = session().info.pop(_KEY, {})
    if len(noted) > MOST_MARKS:
        return [ALL]
    marks = {mark for mark in noted if mark[0] not in _WAITS}
    waits = [mark for mark in noted if mark[0] in _WAITS]
    if waits:
        marks |= {("product", product_id) for product_id in _few_wait(waits)}
    return [_thawed(mark) for mark in sorted(marks, key=repr)]


def _few_wait(marks: Sequence[Mark]) -> list[str]:
    """Those products for which so few orders wait that the change may be news to another order."""
    ids = {kind: [mark[1] for mark in marks if mark[0] == kind] for kind in _WAITS}
    lines = waiting_lines(OrderLine.product_id == Product.id)
    another = lines.limit(1).offset(FEW_WAIT - 1).scalar_subquery()
    own = select(OrderLine.product_id).where(OrderLine.order_id.in_(ids["waits_of"]))
    wanted = or_(Product.id.in_(ids["waits"]), Product.id.in_(own))
    return list(session().scalars(select(Product.id).where(wanted, another.is_(None))))


def _note(opened: Session, marks: Iterable[Mark]) -> None:
    """Keep the marks until the transaction is about to be stored; then who follows them (`followers`) takes them."""
    noted = opened.info.get(_KEY)
    for mark in marks:
        if noted is None:
            noted = opened.info[_KEY] = {}
            if db.in_transaction():
                db.before_commit(_follow)
        noted[_frozen(mark)] = None


followers: list[Callable[[], None]] = []
"""Called before the commit of a transaction that left marks."""


def _follow() -> None:
    session().flush()
    for follow in followers:
        follow()


def _frozen(mark: Mark) -> Mark:
    return tuple(tuple(part) if isinstance(part, list) else part for part in mark)


def _thawed(mark: Mark) -> Mark:
    return tuple(list(part) if isinstance(part, tuple) else part for part in mark)


def _marks_of(thing: Any, *, is_new: bool = False, is_gone: bool = False) -> Iterator[Mark]:
    """The marks of an object that was written: of what it was before, and of what it is."""
    sources = _OF.get(thing.__tablename__)
    if not sources:
        return
    state = inspect(thing)
    before = {} if is_new or is_gone else _before(state)
    now = dict(state.dict)
    for source in sources:
        if not (source.of_new if is_new else is_gone or source.columns & before.keys()):
            continue
        if state.expired_attributes & set(source.key):
            yield ALL
        rows = [now | before, now] if before else [now]
        yield from (mark for mark in map(source.mark, rows) if mark is not None)


def _before(state: Any) -> dict[str, Any]:
    """Old values of the columns that changed."""
    found = {}
    for name in state.mapper.column_attrs.keys():  # noqa: SIM118 - not a dict
        history = state.attrs[name].history
        if history.has_changes():
            found[name] = history.deleted[0] if history.deleted else None
    return found


@event.listens_for(Session, "after_flush")
def _after_flush(opened: Session, _context: Any) -> None:
    for thing in opened.new:
        _note(opened, _marks_of(thing, is_new=True))
    for thing in opened.dirty:
        _note(opened, _marks_of(thing))
    for thing in opened.deleted:
        _note(opened, _marks_of(thing, is_gone=True))


@event.listens_for(Session, "do_orm_execute")
def _on_execute(state: ORMExecuteState) -> None:
    """Statements past the objects: they name the rows they change, or all are taken for changed."""
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    sources = _OF.get(getattr(getattr(state.statement, "table", None), "name", ""))
    if not sources:
        return
    rows = state.execution_options.get(OPTION)
    marks = (
        [ALL]
        if rows is None
        else [
            source.mark(row) for source in sources for row in rows if row.keys() >= set(source.key) and source.columns
        ]
    )
    _note(state.session, (mark for mark in marks if mark is not None))


def _keep_old(_thing: Any, _value: Any, _old: Any, _initiator: Any) -> None:
    """Nothing to do: that somebody listens makes the session keep what was there before."""


for _one in SOURCES:
    for _name in _one.key:
        event.listen(getattr(_one.model, _name), "set", _keep_old, active_history=True)
