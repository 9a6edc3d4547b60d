"""Lists of orders: the ranking with the blocked ones apart, one's own, and the export."""

from __future__ import annotations

from flask import Response, render_template, request

from app.core import clock, menu, sheets
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.decisions.permissions import RULE_EDIT
from app.fulfilment import listing
from app.fulfilment.pages.entry import bp
from app.fulfilment.permissions import ORDER_CREATE, ORDER_EXPORT, ORDER_READ
from app.orders.models import CHANNELS, ORDER_TYPES, STATUS_NAMES
from app.priority import queries as priority
from app.priority.queries import BANDS

menu.add(_l("Orders"), "orders.list_orders", icon="package", right=ORDER_READ, section="orders", order=10)
menu.add(_l("New order"), "orders.new_order", icon="plus", right=ORDER_CREATE, section="orders", order=20)
menu.add(_l("Upload orders"), "orders.upload", icon="upload", right=ORDER_CREATE, section="orders", order=30)
menu.add(_l("My orders"), "orders.my_orders", icon="user", right=ORDER_CREATE, section="orders", order=40)

FILTERS = ("q", "channel", "status", "band", "customer")


def page_number() -> int:
    """The page asked for; the first when it is not a number."""
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


@bp.get("/orders")
@requires(ORDER_READ)
def list_orders() -> str:
    """Orders in the order in which they are to be served; blocked ones apart."""
    chosen = {name: request.args.get(name, "") for name in FILTERS if request.args.get(name)}
    wanted = listing.filter_of(chosen)
    blocked = request.args.get("blocked") == "1"
    page = listing.ranked_rows(wanted, page_number(), blocked=blocked)
    other = (priority.ranked if blocked else priority.blocked)(wanted, 1, 1).total
    return render_template(
        "orders/_list.html" if is_fragment() else "orders/list.html",
        page=page,
        blocked=blocked,
        counts={True: page.total if blocked else other, False: other if blocked else page.total},
        chosen=chosen,
        channels=CHANNELS,
        order_types=ORDER_TYPES,
        statuses=STATUS_NAMES,
        bands=BANDS,
        tones=listing.TONES,
        inflation=None if is_fragment() or not current_actor().may(RULE_EDIT) else priority.inflation(),
    )


@bp.get("/orders/mine")
@requires(ORDER_CREATE)
def my_orders() -> str:
    """What I submitted, the newest first."""
    return render_template(
        "orders/mine.html",
        page=listing.submitted_rows(current_actor().id, page_number()),
        channels=CHANNELS,
        order_types=ORDER_TYPES,
        statuses=STATUS_NAMES,
        tones=listing.TONES,
    )


@bp.get("/orders/export.<kind>")
@requires(ORDER_EXPORT)
def export_orders(kind: str) -> Response:
    """The filtered list as CSV or XLSX, ranked orders first, then the blocked ones."""
    if kind not in sheets.TYPES:
        raise NotFound
    wanted = listing.filter_of({name: request.args.get(name, "") for name in FILTERS})
    content = sheets.export(kind, listing.export_columns(), listing.export_rows(wanted))
    return download(content, kind, f"orders-{clock.today().isoformat()}")


def download(content: bytes, kind: str, name: str) -> Response:
    """The file, to be saved under that name."""
    response = Response(content, mimetype=sheets.TYPES[kind].partition(";")[0])
    response.headers["Content-Type"] = sheets.TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
