"""What the inbox page shows of its lists, and the filters that people keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core.i18n import _, pick
from app.core.paging import Page
from app.core.permissions import Actor, current_actor, requires
from app.fulfilment import acting, queries, saying
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.worklist import reading, saved
from app.fulfilment.worklist.models import InboxFilter
from app.fulfilment.worklist.today import today_row
from app.fulfilment.worklist.wanted import BLOCKED, DUE, HOLDERS, SORTS, Wanted, wanted_of
from app.orders.models import CHANNELS
from app.priority.queries import BANDS
from app.tasks import lists
from app.tasks import queries as tasks
from app.tasks.models import Task
from app.tasks.permissions import TASK_READ, TASK_READ_ALL

bp.app_template_global("count_told")(lists.told)


def waiting(actor: Actor) -> str:
    """How many tasks wait for somebody, for the menu."""
    found = g.inbox_counts if "inbox_counts" in g else lists.counts(actor, lists.PARTS_OF_TODAY, lists.few_of(actor))
    return lists.told(found["mine"] + found["groups"])


def page_number() -> int:
    """The page asked for; the first when it is not a number."""
    text = request.values.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def listing(actor: Actor, offered: Mapping[str, Any]) -> dict[str, Any]:
    """What the template of the lists needs; `offered` are the tabs. The same for the page, its part and its stamp."""
    who = reading.reader(actor)
    whom = acting.acting_for(actor, request.values.get("person", ""))
    g.inbox_counts = who.counts()  # the menu tells them too
    counts = {**g.inbox_counts, "for": whom.count}
    tab = request.values.get("tab", "")
    special = {"all": actor.may(TASK_READ_ALL), "for": bool(whom.people) or tab == "for"}
    tabs = {key: value for key, value in offered.items() if special.get(key, True)}
    if tab not in tabs:
        tab = "mine" if counts["mine"] else "groups"
    wanted = wanted_of(request.values) if tab in saved.TABS and tab != "today" else Wanted()
    page = whom.page(actor, page_number()) if tab == "for" else _page(who, tab, wanted, page_number())
    person = {"person": whom.chosen} if tab == "for" and whom.chosen else {}
    state = {"tab": tab, **person, **wanted.address()}
    return {
        "tab": tab,
        "tabs": tabs,
        "counts": counts,
        "page": page,
        "wanted": wanted,
        "state": state,
        "address": urlencode({**state, "page": page.number}),
        "stamp": reading.stamp_of(page.items, counts),
        "who": who,
        "acting": whom,
    }


def _page(who: reading.Reader, tab: str, wanted: Wanted, number: int) -> Page[Task]:
    if tab == "submitted":
        return tasks.submitted_by(who.actor, number=number)
    if tab == "done":
        return tasks.done_by(who.actor, number=number)
    return reading.page_of(who, saved.TABS[tab], wanted, number)


def with_rows(shown: dict[str, Any]) -> dict[str, Any]:
    """The same with rows to show instead of bare tasks."""
    rows = queries.inbox_rows(shown["page"])
    today = [today_row(current_actor(), row) for row in rows.items] if shown["tab"] == "today" else []
    kept = acting.kept_of(shown["page"].items)
    later = tasks.put_off_by(current_actor()) if shown["tab"] == "mine" else []
    words = saying.words_of(shown["page"].items) if shown["tab"] == "done" else {}
    return {**shown, "page": rows, "today": today, "kept": kept, "free": _free(shown), "later": later, "words": words}


def _free(shown: dict[str, Any]) -> set[str]:
    """Which tasks of the page can be taken: who sees everybody's tasks could not take each of them."""
    ids = [task.id for task in shown["page"].items if task.assignee_id is None]
    if shown["tab"] == "all" and current_actor().may(TASK_READ_ALL):
        return tasks.free_among(current_actor(), ids)
    return set(ids) if shown["tab"] in ("groups", "all") else set()


def choices(shown: dict[str, Any]) -> dict[str, Any]:
    """What may be chosen above the list: what to filter by, and the filters that are kept."""
    wanted, tab = shown["wanted"], shown["tab"]
    filterable = tab in saved.TABS and tab != "today"
    kinds = reading.kinds_of(shown["who"], saved.TABS[tab], wanted.element) if filterable else {}
    return {
        "filterable": filterable,
        "kind_choices": _any() + [(code, pick(name)) for code, name in kinds.items()],
        "band_choices": _any() + [(band, band) for band in BANDS],
        "channels": CHANNELS,
        "due_choices": DUE,
        "blocked_choices": BLOCKED,
        "holders": HOLDERS if tab == "all" else {},
        "sorts": SORTS,
        "roles": saved.roles_for(shown["who"].actor),
        **_chips(shown["who"].actor, {}),
    }


def _any() -> list[tuple[str, str]]:
    return [("", _("all"))]


def _chips(actor: Actor, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "chips": [(one, {**_address(one), "filter": one.id}) for one in saved.filters_for(actor)],
        "chip_counts": counts,
        "chosen_filter": request.args.get("filter", ""),
    }


def _address(kept: InboxFilter) -> dict[str, str]:
    tab, wanted = saved.read(kept)
    return {"tab": tab, **wanted.address()}


def opening_address(actor: Actor) -> str:
    """Where the actor's inbox opens: the filter they chose; empty for none."""
    kept = saved.opening(actor)
    return _link(kept) if kept is not None else ""


def _link(kept: InboxFilter) -> str:
    arguments: dict[str, Any] = {**_address(kept), "filter": kept.id}
    return url_for("fulfilment.inbox", **arguments)


@bp.get("/inbox/filters/counts")
@requires(TASK_READ)
def filter_counts() -> str:
    """The kept filters with how many tasks each has now: a part of the inbox, asked for after it."""
    actor = current_actor()
    kept = {one.id: saved.read(one) for one in saved.filters_for(actor)}
    return render_template(
        "fulfilment/worklist/_chips.html", **_chips(actor, reading.counts_of(reading.reader(actor), kept))
    )


@bp.get("/inbox/filters")
@requires(TASK_READ)
def filters() -> str:
    """One's filters, to rename, share and delete."""
    actor = current_actor()
    own = [one for one in saved.filters_for(actor) if one.owner_id == actor.id]
    return render_template(
        "fulfilment/worklist/filters.html",
        own=[(one, _address(one)) for one in own],
        roles=saved.roles_for(actor),
        most=saved.MOST,
    )


@bp.post("/inbox/filters")
@requires(TASK_READ)
def keep_filter() -> BaseResponse:
    """Keep what is shown under a name."""
    form = request.form
    made = saved.keep(current_actor(), form.get("tab", ""), wanted_of(form), **_described())
    flash(_("The filter “%(name)s” is kept.", name=made.name), "success")
    return redirect(_link(made))


@bp.post("/inbox/filters/<filter_id>")
@requires(TASK_READ)
def change_filter(filter_id: str) -> BaseResponse:
    """Rename it, share it, let the inbox open with it."""
    changed = saved.change(current_actor(), filter_id, **_described())
    flash(_("The filter “%(name)s” is kept.", name=changed.name), "success")
    return redirect(url_for("fulfilment.filters"))


@bp.post("/inbox/filters/<filter_id>/delete")
@requires(TASK_READ)
def delete_filter(filter_id: str) -> BaseResponse:
    """Delete it for everybody who saw it."""
    saved.forget(current_actor(), filter_id)
    flash(_("The filter is deleted."), "success")
    return redirect(url_for("fulfilment.filters"))


def _described() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", ""),
        "role": form.get("role", ""),
        "opens_first": form.get("opens_first") == "1",
    }
