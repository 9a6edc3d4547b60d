"""/priority: who acts first, who is delivered first, who needs it most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request

from app.catalog import queries as catalog
from app.core import clock, menu, sheets, web
from app.core.errors import NotFound
from app.core.i18n import LazyString, _, _l, named, pick
from app.core.permissions import requires
from app.identity.roles import ROLES
from app.orders.models import CHANNELS, ORDER_TYPES
from app.orders.permissions import ORDER_EXPORT, ORDER_READ
from app.priority import lists
from app.priority.lists import Action, ListFilter, Row, Slice

bp = Blueprint("priority", "app.priority.pages")
menu.add(
    _l("Who comes first"), "priority.show_lists", icon="list-numbers", right=ORDER_READ, section="orders", order=50
)

TIERS = ("S", "A", "B", "C")
FILTERS = ("region", "channel", "tier", "product", "role")


@dataclass(frozen=True)
class Kind:
    """One of the lists: what it is called and where its rows come from."""

    label: LazyString
    hint: LazyString
    rows: Callable[[ListFilter, int, int], Slice[Any]]
    icon: str


KINDS: dict[str, Kind] = {
    "act": Kind(
        _l("Acts first"),
        _l("Open tasks by the rank of their orders; above, what each role does next."),
        lists.actions,
        "hand-grab",
    ),
    "deliver": Kind(
        _l("Delivered first"),
        _l("Unblocked orders in the order in which they are served, with promise and stock."),
        lists.delivery,
        "truck-delivery",
    ),
    "need": Kind(
        _l("Needs it most"),
        _l("By the need index: urgency, nothing left at the customer, dependence on the goods. It ranks nothing."),
        lists.need,
        "heartbeat",
    ),
}


NOTHING: Slice[Any] = Slice([], number=1, more=False, first=1)


@bp.get("/priority")
@requires(ORDER_READ)
def show_lists() -> str:
    """One of the three lists; the list alone when the page asks for it again."""
    which = request.args.get("list", "act")
    which = which if which in KINDS else "act"
    chosen = {name: request.args.get(name, "")[:64] for name in FILTERS if request.args.get(name)}
    given, unknown = filter_of(chosen)
    found = NOTHING if unknown else KINDS[which].rows(given, page_number(), lists.SIZE)
    firsts = (
        lists.first_actions(given) if which == "act" and not unknown and found.number == 1 and not given.role else {}
    )
    return render_template(
        "priority/_lists.html" if web.is_fragment() else "priority/lists.html",
        which=which,
        kinds=KINDS,
        found=found,
        firsts=firsts,
        chosen=chosen,
        unknown=unknown,
        regions={one.code: pick(one.name) for one in catalog.regions()},
        channels=CHANNELS,
        order_types=ORDER_TYPES,
        tiers=TIERS,
        roles={code: pick(name) for code, name in ROLES.items()},
        stock_words=stock_words,
    )


def page_number() -> int:
    """The page asked for; the first when it is not a number."""
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 else 1


def filter_of(chosen: dict[str, str]) -> tuple[ListFilter, bool]:
    """The filter of an address, and whether it names a product that is not there (then nothing fits)."""
    product = catalog.find_product(chosen["product"]) if chosen.get("product") else None
    given = ListFilter(
        region=chosen.get("region", ""),
        channel=chosen.get("channel", ""),
        tier=chosen.get("tier", ""),
        product_id=product.id if product else "",
        role=chosen.get("role", ""),
    )
    return given, bool(chosen.get("product")) and product is None


def stock_words(stock: dict[str, Any]) -> tuple[str, str]:
    """What is in stock for an order, in words, and the tone to say it in."""
    if not stock:
        return _("not known"), "neutral"
    if stock.get("all_available"):
        return _("all in stock"), "success"
    part = _("%(part)s %% in stock", part=int(stock.get("fill_permille", 0)) // 10)
    return part, "warning" if stock.get("fill_permille") else "danger"


@bp.get("/priority/<which>.csv")
@requires(ORDER_EXPORT)
def export_list(which: str) -> Response:
    """The whole list as filtered, as CSV."""
    if which not in KINDS:
        raise NotFound
    given, unknown = filter_of({name: request.args.get(name, "")[:64] for name in FILTERS})
    columns, values = COLUMNS[which]
    rows: Iterator[Any] = iter(()) if unknown else lists.everything(KINDS[which].rows, given)
    content = sheets.export(
        "csv", [str(column) for column in columns], (values(place, row) for place, row in enumerate(rows, 1))
    )
    response = Response(content, mimetype="text/csv")
    response.headers["Content-Type"] = sheets.TYPES["csv"]
    name = f"priority-{which}-{clock.today().isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _of_order(row: Row | Action) -> list[Any]:
    order, customer = row.order, row.customer
    return [
        order.number,
        customer.code,
        named(customer),
        customer.region_code,
        str(CHANNELS[order.channel]),
        customer.tier,
        order.requested_date,
    ]


_ORDER = (
    _l("Order"),
    _l("Customer code"),
    _l("Customer"),
    _l("Region"),
    _l("Channel"),
    _l("Customer tier"),
    _l("Requested date"),
)


def _action(place: int, row: Action) -> Sequence[Any]:
    roles = _(", ").join(pick(ROLES.get(role, {"en": role, "zh": role})) for role in row.roles)
    task = row.task
    return [
        place,
        pick(task.name),
        roles,
        row.holder,
        task.due_at,
        task.band or "",
        task.score,
        *_of_order(row),
        _why(row),
    ]


def _delivery(place: int, row: Row) -> Sequence[Any]:
    standing = row.standing
    told = [standing.band, standing.score, standing.ranked_score, standing.promise_date, stock_words(row.stock)[0]]
    return [place, *told, *_of_order(row), _why(row)]


def _need(place: int, row: Row) -> Sequence[Any]:
    reasons = _("; ").join(f"{pick(line['reason'])} (+{line['points']})" for line in row.standing.need)
    return [
        place,
        row.standing.need_score,
        row.standing.band,
        _("yes") if row.standing.blocked else _("no"),
        *_of_order(row),
        reasons,
    ]


def _why(row: Row | Action) -> str:
    return pick(row.standing.why) if row.standing else ""


COLUMNS: dict[str, tuple[Sequence[LazyString], Callable[[int, Any], Sequence[Any]]]] = {
    "act": (
        (
            _l("Place"),
            _l("Task"),
            _l("Roles"),
            _l("Who has it"),
            _l("Due"),
            _l("Band"),
            _l("Score"),
            *_ORDER,
            _l("Why"),
        ),
        _action,
    ),
    "deliver": (
        (
            *(_l("Place"), _l("Band"), _l("Score"), _l("Ranked as"), _l("Promise date"), _l("Stock")),
            *(*_ORDER, _l("Why")),
        ),
        _delivery,
    ),
    "need": ((_l("Place"), _l("Need index"), _l("Band"), _l("Blocked"), *_ORDER, _l("Why")), _need),
}
