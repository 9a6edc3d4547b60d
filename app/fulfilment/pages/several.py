"""/inbox/several: the tasks that were chosen in the inbox, done together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import flash, render_template, request, url_for

from app.core.errors import Invalid, NotFound
from app.core.i18n import LazyString, _, _l, _n
from app.core.paging import Page
from app.core.permissions import Actor, current_actor, requires
from app.fulfilment import queries, several
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.several import MOST, Result
from app.tasks import queries as tasks
from app.tasks.permissions import TASK_READ, TASK_WORK

TITLES: dict[str, LazyString] = {
    "take": _l("Take"),
    "give-back": _l("Give back"),
    "hand-over": _l("Hand over"),
    "decide": _l("Decide"),
}
Verb = Callable[[Actor, Sequence[str]], list[Result]]


@bp.get("/inbox/several")
@requires(TASK_READ)
def choose_for_several() -> str:
    """The chosen tasks (`task`, several times), and what can be done with all of them."""
    return _shown(request.args.getlist("task")[: MOST + 1], [])


@bp.post("/inbox/several/<act>")
@requires(TASK_WORK)
def do_several(act: str) -> str:
    """Do it to each; what became of each is shown beside it. Raises NotFound for an act there is not."""
    if act not in TITLES:
        raise NotFound(act=act)
    actor, chosen = current_actor(), request.form.getlist("task")[: MOST + 1]
    try:
        results = _verb(act)(actor, chosen)
    except Invalid as refusal:
        return _shown(chosen, [], refusal)
    done = [one.task_id for one in results if one.done]
    sentence = _n("%(num)s task done.", "%(num)s tasks done.", len(done))
    if len(done) < len(results):
        left = len(results) - len(done)
        sentence += " " + _n("%(num)s could not be.", "%(num)s could not be.", left)
    flash(
        _("%(what)s: %(result)s", what=TITLES[act], result=sentence),
        "success" if len(done) == len(results) else "warning",
    )
    return _shown(chosen, results, act=act)


def _verb(name: str) -> Verb:
    form = request.form
    if name == "decide":
        answers = {key: form.get(key, "").strip() for key in ("outcome", "reason")}
        return lambda actor, chosen: several.decide(actor, {one: _seen(one) for one in chosen}, answers)
    if name == "hand-over":
        return lambda actor, chosen: several.hand_over(actor, chosen, form.get("user", "")[:26])
    return several.take if name == "take" else several.give_back


def _seen(task_id: str) -> int | None:
    """The version of the order that the page showed for the task."""
    return request.form.get(f"seen_{task_id}", type=int)


def _shown(chosen: Sequence[str], results: Sequence[Result], refusal: Invalid | None = None, act: str = "") -> str:
    actor = current_actor()
    found = tasks.seen_among(actor, chosen)
    told = {one.task_id: one for one in results}
    return render_template(
        "fulfilment/worklist/several.html",
        rows=queries.inbox_rows(Page(found, 1, MOST, len(found))).items,
        left_out=len(set(chosen)) - len(found),
        common=several.common(actor, found),
        results=told,
        done=[one.task_id for one in results if one.done],
        act=act,
        fields=refusal.details["fields"] if refusal else {},
        labels={"tasks": _("Tasks"), "user": _("Person"), "outcome": _("Your decision"), "reason": _("Reason")},
        back=url_for("fulfilment.inbox"),
        most=MOST,
    )
