"""Scenarios of a draft: what came of each, their text, and playing one by clicking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import clock, jsontext
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, pick, show_time
from app.core.permissions import current_actor, requires
from app.core.web import in_transaction, opens_own_transactions
from app.decisions import queries as decisions
from app.processes.designer import drafts, queries, replaying, trying
from app.processes.designer.models import ProcessDraft
from app.processes.designer.sandbox import CannotPlay, Play, Waiting
from app.processes.designer.scenarios import MOST, Script, added, read_scenarios, read_script, written
from app.processes.designer.trying import Trial, coverage_of, expected_of, try_draft
from app.processes.engine import graph_names
from app.processes.forms import bilingual
from app.processes.pages.blueprint import bp, json_of
from app.processes.pages.designer import DRAFT, seen_revision, shared
from app.processes.permissions import PROCESS_DEPLOY, PROCESS_READ

WATCHERS = frozenset({"boundaryEvent", "startEvent"})
"""Events that watch over others: where they are no work stands."""
LONGEST = 256 * 1024


@bp.get(f"{DRAFT}/scenarios")
@requires(PROCESS_READ)
def show_scenarios(draft_id: str) -> str:
    """What came of each scenario, how much of the diagram they go through, and their text."""
    return _page(queries.get_draft(draft_id))


def _page(draft: ProcessDraft, error: DomainError | None = None, text: str | None = None) -> str:
    trial, fault = None, ""
    try:
        trial = try_draft(draft)
    except DomainError as wrong:
        fault = wrong.sentence()
    return render_template(
        "processes/designer/scenarios.html",
        **shared(draft, "scenarios"),
        trial=trial,
        fault=fault,
        error=error,
        text=draft.scenarios if text is None else text,
    )


@bp.post(f"{DRAFT}/scenarios")
@requires(PROCESS_DEPLOY)
def save_scenarios(draft_id: str) -> ResponseReturnValue:
    """Write the text again."""
    text = request.form.get("scenarios", "").replace("\r\n", "\n")[:LONGEST]
    return _change(draft_id, lambda draft, seen: drafts.save_scenarios(current_actor(), draft.id, seen, text), text)


@bp.post(f"{DRAFT}/scenarios/accept")
@requires(PROCESS_DEPLOY)
def accept_outcome(draft_id: str) -> ResponseReturnValue:
    """What came of scenarios, one or several, is what they expect from now on; who approves sees that."""
    numbers = request.form.getlist("scenario")[:MOST]
    places = [int(one) if one.isascii() and one.isdecimal() and len(one) < 5 else -1 for one in numbers]
    there = f"scenario-{places[0] + 1}" if len(places) == 1 else "outcomes"
    return _change(draft_id, lambda draft, seen: _accepted(draft, seen, places), there=there)


def _accepted(draft: ProcessDraft, seen: int, places: Sequence[int]) -> None:
    results = try_draft(draft).results
    if not places or not all(0 <= place < len(results) for place in places):
        raise Invalid({"scenario": [_("There is no such scenario.")]})
    if not all(results[place].can_be_expected for place in places):
        raise Invalid({"scenario": [_("It did not come to an end that can be expected.")]})
    items = [
        written(one.scenario.name, one.scenario.script, _expected(one.play, one.scenario.expect))
        if index in places
        else _item(draft.scenarios, index)
        for index, one in enumerate(results)
    ]
    text = _head(draft.scenarios) + "".join(items)
    drafts.save_scenarios(current_actor(), draft.id, seen, text)


def _expected(played: Play, before: dict[str, Any]) -> dict[str, Any]:
    return expected_of(played, list(before.get("variables", {})))


def _head(text: str) -> str:
    """What stands before the first scenario."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[: read_scenarios(text)[0].line - 1])


def _item(text: str, index: int) -> str:
    """A scenario as it is written, with the comments behind it."""
    lines, starts = text.splitlines(keepends=True), [one.line - 1 for one in read_scenarios(text)]
    end = starts[index + 1] if index + 1 < len(starts) else len(lines)
    found = "".join(lines[starts[index] : end])
    return found if found.endswith("\n") else f"{found}\n"


def _change(
    draft_id: str, act: Callable[[ProcessDraft, int], object], text: str | None = None, there: str | None = None
) -> ResponseReturnValue:
    draft = queries.get_draft(draft_id)
    try:
        with session().begin_nested():
            act(draft, seen_revision())
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _page(queries.get_draft(draft_id), error, text), error.status
    flash(_("Saved."), "success")
    return redirect(url_for("processes.show_scenarios", draft_id=draft_id, _anchor=there))


@bp.get(f"{DRAFT}/coverage.json")
@requires(PROCESS_READ)
def show_coverage(draft_id: str) -> ResponseReturnValue:
    """The diagram with what the scenarios go through, as the viewer wants it."""
    draft = queries.get_draft(draft_id)
    trial = _trial(draft)
    return json_of({**_diagram(draft), "done": sorted(trial.coverage.elements), "flows": sorted(trial.coverage.flows)})


def _trial(draft: ProcessDraft) -> Trial:
    try:
        return try_draft(draft)
    except DomainError:
        return Trial()


def _diagram(draft: ProcessDraft) -> dict[str, Any]:
    names = graph_names(draft.xml.encode())
    return {"xml": draft.xml, "active": [], "done": [], "flows": [], "counts": {}, "status": "", "names": names}


@bp.get(f"{DRAFT}/past")
@opens_own_transactions
@requires(PROCESS_READ)
def show_past(draft_id: str) -> str:
    """Which instances of the last weeks would have gone another way."""
    return in_transaction(lambda: _past_page(draft_id), write=False)


def _past_page(draft_id: str) -> str:
    draft, again = queries.get_draft(draft_id), request.args.get("again") == "1"
    offered = {f"{one.rule_set}:{one.number}": one for one in decisions.drafts()}
    rules = offered.get(request.args.get("rules", ""))
    past, fault, names = None, "", {}
    try:
        plans = {} if rules is None else {rules.rule_set: decisions.plan_of(rules)}
        past, names = replaying.replay(draft, again=again, plans=plans), graph_names(draft.xml.encode())
    except DomainError as error:
        fault = error.sentence()
    if past is not None and (base := queries.version_row(draft.base_id)) is not None:
        names = {**graph_names(base.xml.encode()), **names}
    return render_template(
        "processes/designer/past.html",
        **shared(draft, "past"),
        past=past,
        fault=fault,
        again=again,
        rules=rules,
        offered=[(key, f"{pick(one.name)} · {one.number}") for key, one in offered.items()],
        names=names,
        days=replaying.DAYS,
        most=replaying.MOST,
    )


@bp.get(f"{DRAFT}/play")
@requires(PROCESS_READ)
def play_draft(draft_id: str) -> str:
    """Go through a draft by clicking."""
    draft = queries.get_draft(draft_id)
    return render_template("processes/designer/play.html", **shared(draft, "play"), diagram=_diagram(draft))


@bp.post(f"{DRAFT}/play")
@opens_own_transactions
@requires(PROCESS_READ)
def play_script(draft_id: str) -> dict[str, Any]:
    """Where a script {"given", "do"} (JSON in the field `script`) comes to; nothing is kept. See `_shown`."""
    script = _sent_script()
    return in_transaction(lambda: _played(draft_id, script), write=False)


def _played(draft_id: str, script: Script) -> dict[str, Any]:
    draft = queries.get_draft(draft_id)
    definition = trying.compiled(draft)
    played, fault = Play(definition, script, draft.forms), ""
    try:
        played.run()
    except CannotPlay as error:
        fault = error.sentence()
    coverage = coverage_of(definition, [played])
    return {**_shown(draft, played), "fault": fault, "flows": sorted(coverage.flows)}


def _shown(draft: ProcessDraft, played: Play) -> dict[str, Any]:
    """{"path", "done", "active", "tokens", "failed", "open": [what waits], "clock", "ended", "variables"}"""
    tokens: dict[str, int] = {}
    for one in played.open.values():
        if one.element.kind in WATCHERS:
            continue
        tokens[one.element.id] = tokens.get(one.element.id, 0) + 1
    return {
        "path": played.path,
        "active": sorted(tokens),
        "tokens": tokens,
        "done": sorted(played.elements - tokens.keys()),
        "failed": dict(played.faults),
        "open": [_open(draft, one) for one in sorted(played.open.values(), key=_turn)],
        "clock": show_time(played.stage.as_of),
        "now": _until(played.stage.as_of),
        "ended": played.ended,
        "variables": jsontext.dumps(dict(played.variables)),
        "ends": played.ends,
    }


def _turn(one: Waiting) -> tuple[bool, int]:
    """Work first, then what may happen beside it."""
    return one.element.kind in WATCHERS, one.token


def _open(draft: ProcessDraft, one: Waiting) -> dict[str, Any]:
    form = draft.forms.get(str(getattr(one.element, "form_key", None)))
    due = one.details.get("due")
    return {
        "kind": one.kind,
        "element": one.element.id,
        "name": pick(one.details.get("name")) if one.kind == "user" else pick(one.element.name),
        "message": one.details.get("name") if one.kind in ("message", "signal") else None,
        "due": show_time(due) if due else None,
        "wait": _until(due) if due else None,
        "form": None if form is None else bilingual(form),
    }


def _until(due: Any) -> str:
    """The moment as a script writes it; the page reckons how long that is."""
    return str(clock.local(due).isoformat(timespec="seconds"))


@bp.post(f"{DRAFT}/play/keep")
@requires(PROCESS_DEPLOY)
def keep_script(draft_id: str) -> ResponseReturnValue:
    """What was clicked through becomes a scenario: {"revision", "address"}. `path` (JSON) is the way that the page
    shows: only what was seen is kept."""
    script, draft = _sent_script(), queries.get_draft(draft_id)
    name = {"en": request.form.get("name", "").strip()[:200], "zh": request.form.get("name_zh", "").strip()[:200]}
    given = {language: text for language, text in name.items() if text}
    if not given:
        raise Invalid({"name": [_("This is required.")]})
    played = trying.play(draft, script)
    if _sent("path") != played.path:
        raise Invalid({"script": [_("It goes another way than the page shows. Look at it anew, then keep it.")]})
    item = written(given if len(given) > 1 else next(iter(given.values())), script, expected_of(played))
    saved = drafts.save_scenarios(current_actor(), draft.id, seen_revision(), added(draft.scenarios, item))
    flash(_("The scenario is kept with the draft."), "success")
    return {"revision": saved.revision, "address": url_for("processes.show_scenarios", draft_id=draft.id)}


def _sent_script() -> Script:
    return read_script(_sent("script"))


def _sent(name: str) -> Any:
    """The JSON of a field; of an empty one, an empty object."""
    try:
        return jsontext.strict(request.form.get(name, "")[:LONGEST] or "{}")
    except (ValueError, RecursionError):
        raise Invalid({name: [_("This is not JSON.")]}) from None
