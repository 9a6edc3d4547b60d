"""Simulate: what a version that does not count yet would change, computed while the page shows how far it is."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import sheets
from app.core.errors import NotFound
from app.core.i18n import _, _l
from app.core.permissions import current_actor, requires
from app.core.web import in_transaction, is_fragment, opens_own_transactions
from app.decisions import queries
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp, shared
from app.decisions.permissions import RULE_EDIT
from app.decisions.populations import populations
from app.decisions.simulation import runs, telling
from app.decisions.simulation.models import STAGES, Simulation
from app.decisions.simulation.open_ones import moves_of
from app.decisions.vocabulary import route_words

SIMULATION = "/rules/<rule_set>/versions/<int:number>/simulation"
COLUMNS = {
    "label": _l("Number"),
    "how": _l("Change"),
    "rank_was": _l("Place before"),
    "rank": _l("Place after"),
    "band_was": _l("Band before"),
    "band": _l("Band after"),
    "score_was": _l("Score before"),
    "score": _l("Score after"),
    "blocked_was": _l("Blocked before"),
    "blocked": _l("Blocked after"),
    "route_was": _l("Route before"),
    "route": _l("Route after"),
    "who_was": _l("Asked before"),
    "who": _l("Asked after"),
    "gained": _l("Rules that fire now"),
    "lost": _l("Rules that fire no longer"),
}


@bp.get(SIMULATION)
@requires(RULE_EDIT)
def show_simulation(rule_set: str, number: int) -> str:
    """The newest finding about the version, how old it is and what is other since; how far one under way is."""
    version = queries.numbered_version(rule_set, number)
    head = shared(version, "simulation")
    done: Simulation | None = head["simulated"]
    failed = runs.latest_failed(version)
    return render_template(
        "decisions/simulation.html",
        **head,
        compared=_is_in_force(rule_set),
        under_way=runs.under_way(current_actor(), version),
        failed=failed if failed and (done is None or failed.started_at >= done.started_at) else None,
        lasts=runs.LAST,
        last=done.last if done else runs.DEFAULT_LAST,
        telling=telling,
        stages=STAGES,
        **(_finding(done, version) if done else {"found": None}),
    )


@bp.post(SIMULATION)
@requires(RULE_EDIT)
def begin_simulation(rule_set: str, number: int) -> BaseResponse:
    """Note that the version shall be simulated; its page then runs it and shows how far it is."""
    text = request.form.get("last", "")
    last = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else runs.DEFAULT_LAST
    version = queries.numbered_version(rule_set, number)
    if runs.under_way(current_actor(), version) is None:
        runs.begin(current_actor(), version, last)
    return _back(rule_set, number)


@bp.post(f"{SIMULATION}/run")
@opens_own_transactions
@requires(RULE_EDIT)
def run_simulation(rule_set: str, number: int) -> BaseResponse:
    """Compute what was begun, which takes seconds: transactions are short meanwhile, and the lock to write is free."""
    actor = current_actor()

    def waiting() -> str | None:
        found = runs.under_way(actor, queries.numbered_version(rule_set, number))
        return found.id if found and found.status == "waiting" else None

    simulation_id = in_transaction(waiting, write=False)
    ran = simulation_id is not None and runs.run(simulation_id, in_transaction)
    if not is_fragment():
        return _back(rule_set, number)
    return Response(status=204, headers={"HX-Refresh": "true"} if ran else {})


@bp.get(f"{SIMULATION}/progress")
@requires(RULE_EDIT)
def simulation_progress(rule_set: str, number: int) -> str | BaseResponse:
    """How far the reader's own simulation is; once it has ended, the page is shown anew."""
    found = runs.under_way(current_actor(), queries.numbered_version(rule_set, number))
    if found is None:
        return Response(status=204, headers={"HX-Refresh": "true"}) if is_fragment() else _back(rule_set, number)
    return render_template(
        "decisions/_simulation_progress.html", under_way=found, stages=STAGES, telling=telling, polled=True
    )


@bp.get(f"{SIMULATION}/moves.csv")
@requires(RULE_EDIT)
def simulation_moves(rule_set: str, number: int) -> Response:
    """All of which anything changes, as CSV. Raises NotFound when there is no finding about a population."""
    version = queries.numbered_version(rule_set, number)
    one = runs.latest(version)
    if one is None or one.moves is None:
        raise NotFound
    current_actor().must(_population_of(one).export)
    content = sheets.export("csv", [str(name) for name in COLUMNS.values()], _rows(moves_of(one.moves)))
    response = Response(content, headers={"Content-Type": sheets.TYPES["csv"]})
    name = f"simulation-{version.rule_set}-{version.number}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(moves: pl.DataFrame) -> list[list[Any]]:
    hows = {code: str(name) for code, name in telling.HOW.items()}
    people = {who: telling.who_words(who) for who in {*moves["who"].unique(), *moves["who_was"].unique()}}
    routes = {route: route_words(route) for route in {*moves["route"].unique(), *moves["route_was"].unique()} if route}
    told = moves.select(*COLUMNS).with_columns(
        pl.col("how").replace(hows),
        pl.col("who", "who_was").replace(people),
        pl.col("route", "route_was").replace(routes),
        pl.col("gained", "lost").fill_null(""),
        pl.when(pl.col("blocked", "blocked_was")).then(pl.lit(_("yes"))).otherwise(pl.lit(_("no"))).name.keep(),
    )
    return [list(row) for row in told.iter_rows()]


def _population_of(one: Simulation) -> Any:
    found = one.found or {}
    return populations.get(found["open"]["population"])()


def _finding(one: Simulation, version: RuleSetVersion) -> dict[str, Any]:
    found = one.found or {}
    crowd = found.get("open")
    population = _population_of(one) if crowd else None
    base = crowd or found["past"]
    count = crowd["count"] if crowd else found["past"]["compared"]
    never, always = telling.never_and_always(base, count)
    return {
        "found": found,
        "crowd": crowd,
        "past": found["past"],
        "population": population,
        "may_export": population is not None and current_actor().may(population.export),
        "since": runs.since(one, version),
        "rules": base["rules"],
        "rules_of": count,
        "never": never,
        "always": always,
    }


def _is_in_force(rule_set: str) -> bool:
    return any(one.rule_set == rule_set for one in queries.rule_sets())


def _back(rule_set: str, number: int) -> BaseResponse:
    return redirect(url_for("decisions.show_simulation", rule_set=rule_set, number=number))
