"""The page on which a designer maps a source's events: sample, fields to click, rules, dry run, into force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import jsontext
from app.core.errors import DomainError, Invalid, StaleVersion
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.core.web import in_transaction, opens_own_transactions
from app.integration.inbound import envelopes, mappings, queries, trying
from app.integration.inbound.actions import ROWS, Parameter, actions, find_action
from app.integration.inbound.mapping import MOST_RULES, MOST_VARIABLES, OTHERWISE, checked
from app.integration.inbound.models import CLOUDEVENTS, HookMapping, HookSource
from app.integration.inbound.tree import Leaf, leaves, masked
from app.integration.pages.blueprint import bp
from app.integration.permissions import HOOK_MAP

LONGEST = 2000
SPARE = 2
"""Empty lines for further variables."""
_DESPITE = re.compile(r"activate(?:\.([0-9a-f]{16}))?\Z")
"""Into force, whatever the dry run says that is named so."""
_BUTTON = re.compile(r"(remove|up)\.(\d{1,2})\Z")


@dataclass
class Work:
    """What the page shows: the mapping as it stands in the form, faults by path, a dry run."""

    body: dict[str, Any]
    sample: str
    seen: int | None
    wrong: Mapping[str, list[str]] = field(default_factory=dict)
    tried: trying.Tried | None = None
    trouble: str = ""
    unsaved: bool = False
    """It came back as it was written."""
    despite: str = ""
    """Names the failure of the dry run that stands in the way of putting it into force."""


@bp.get("/webhooks/in/<source_id>/mapping")
@requires(HOOK_MAP)
def show_mapping(source_id: str) -> str:
    """The draft, or what is in force, or an empty one with the latest event as its sample."""
    source = queries.get_source(source_id)
    kept = mappings.current(source.id)
    if request.args.get("version", "").isdigit():
        kept = mappings.get_mapping(source.id, int(request.args["version"][:9]))
    if kept is None:
        return _page(source, Work(mappings.EMPTY, _latest(source), None))
    draft = mappings.current(source.id)
    return _page(source, Work(kept.body, kept.sample or _latest(source), _revision(draft)))


@bp.post("/webhooks/in/<source_id>/mapping")
@opens_own_transactions
@requires(HOOK_MAP)
def work_on_mapping(source_id: str) -> ResponseReturnValue:
    """Save, try out, put into force; or change the form: another rule, one less, other fields. What fails in its dry
    run comes into force only when one was told so."""
    act = request.form.get("do", "refresh")
    work = Work(_body(), request.form.get("sample", "").replace("\x00", "")[:300_000], _seen(), unsaved=True)
    forward = _DESPITE.match(act)
    if act == "try" or (forward and work.sample.strip()):
        _try(in_transaction(lambda: queries.get_source(source_id), write=False), work)
    if forward and work.tried is not None and work.tried.failed:
        named = jsontext.digest(work.tried.failure)[:16]
        work.despite = "" if forward[1] == named else named
    if act == "save" or (forward and not work.wrong and not work.despite):
        done = in_transaction(lambda: _save(source_id, work, into_force=bool(forward)), write=True)
        if done:
            return redirect(url_for("integration.show_mapping", source_id=source_id))
    elif act != "try" and not forward:
        in_transaction(lambda: _rearrange(source_id, work, act), write=False)
    status = 422 if work.wrong or work.trouble or work.despite else 200
    return in_transaction(lambda: _page(queries.get_source(source_id), work), write=False), status


def _try(source: HookSource, work: Work) -> None:
    try:
        body = checked(work.body)
        work.tried = trying.try_out(source, body, work.sample, lambda act: in_transaction(act, write=True))
    except Invalid as error:
        work.wrong = error.details["fields"]


def _save(source_id: str, work: Work, *, into_force: bool) -> bool:
    source = queries.get_source(source_id)
    try:
        mappings.save_draft(current_actor(), source, work.body, work.sample, seen=work.seen)
        if into_force:
            mappings.activate(current_actor(), source, despite=work.tried.failure if work.tried else "")
    except Invalid as error:
        work.wrong = error.details["fields"]
        return False
    except StaleVersion:
        work.trouble = _(
            "Somebody else saved this draft meanwhile. Look at theirs in another window, then copy what is yours."
        )
        return False
    flash(_("The mapping is in force.") if into_force else _("The draft is saved."), "success")
    if into_force and work.tried is None:
        flash(_("It was tried on no sample."), "warning")
    elif into_force and work.tried and work.tried.absent:
        lacking = "; ".join(dict.fromkeys(work.tried.absent.values()))
        flash(_("Not in the sample, so it counts as empty: %(what)s", what=lacking[:500]), "warning")
    return True


def _rearrange(source_id: str, work: Work, act: str) -> None:
    rules = work.body["rules"]
    pressed = _BUTTON.match(act)
    place = int(pressed[2]) if pressed else -1
    if act == "add" and len(rules) < MOST_RULES:
        rules.append({"name": "", "when": "", "action": "", "fields": {}, "variables": {}})
    elif act == "list":
        work.wrong = _unreadable(queries.get_source(source_id), work.sample)
    elif act == "last":
        work.sample = _latest(queries.get_source(source_id)) or work.sample
    elif pressed and pressed[1] == "remove" and place < len(rules) > 1:
        rules.pop(place)
    elif pressed and pressed[1] == "up" and 0 < place < len(rules):
        rules[place - 1], rules[place] = rules[place], rules[place - 1]


def _latest(source: HookSource) -> str:
    """The latest event of the source as its body was, without what is masked."""
    found = queries.first(queries.events(queries.Filter(source_id=source.id)).limit(1))
    if found is None:
        return ""
    value = masked({"event": found.attributes, "data": jsontext.loads(found.body)}, source.masked)
    shown = {**value["event"], "data": value["data"]} if source.format == CLOUDEVENTS else value["data"]
    return jsontext.pretty(shown)


def _seen() -> int | None:
    return request.form.get("seen", type=int)


def _revision(kept: HookMapping | None) -> int | None:
    return kept.revision if kept is not None and kept.status == "draft" else None


def _body() -> dict[str, Any]:
    """The mapping as the form has it, faults and all."""
    count = sum(1 for place in range(MOST_RULES) if f"rules.{place}.action" in request.form)
    rules = [_rule(f"rules.{place}") for place in range(count)]
    return {"rules": rules or mappings.EMPTY["rules"], "otherwise": request.form.get("otherwise", "ignore")[:20]}


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[: LONGEST + 1].replace("\x00", "")


def _rule(path: str) -> dict[str, Any]:
    action = find_action(_text(f"{path}.action"))
    parameters = action.parameters if action else ()
    variables = {
        name: _text(f"{path}.variables.{place}")
        for place in range(MOST_VARIABLES)
        if (name := _text(f"{path}.names.{place}"))
    }
    return {
        "name": _text(f"{path}.name"),
        "when": _text(f"{path}.when"),
        "action": _text(f"{path}.action"),
        "fields": {one.name: _field(one, f"{path}.fields.{one.name}") for one in parameters},
        "variables": variables,
    }


def _field(one: Parameter, path: str) -> Any:
    if one.kind != ROWS:
        return _text(path)
    columns = {column.name: _text(f"{path}.columns.{column.name}") for column in one.columns}
    return {"each": _text(f"{path}.each"), "columns": columns}


def _unreadable(source: HookSource, sample: str) -> Mapping[str, list[str]]:
    """Why no fields can be listed of the sample; empty when they can."""
    try:
        trying.read_sample(source, sample)
    except Invalid as error:
        found: Mapping[str, list[str]] = error.details["fields"]
        return found
    return {}


def _tree(source: HookSource, sample: str) -> list[Leaf]:
    try:
        event = trying.read_sample(source, sample)
    except DomainError:
        return []
    return leaves(envelopes.scope_of(event.attributes, jsontext.loads(event.body)))


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    """What the fields are called, for the summary of faults."""
    made = {"sample": _("Sample payload"), "rules": _("Rules")}
    for place, rule in enumerate(body["rules"]):
        path, head = f"rules.{place}", _("Rule %(number)s", number=place + 1)
        made |= {
            f"{path}.name": f"{head}: {_('Rule name')}",
            f"{path}.when": f"{head}: {_('Condition')}",
            f"{path}.action": f"{head}: {_('What is done')}",
        }
        action = find_action(rule.get("action", ""))
        for one in action.parameters if action else ():
            made[f"{path}.fields.{one.name}"] = f"{head}: {one.label}"
            made[f"{path}.fields.{one.name}.each"] = f"{head}: {one.label}"
            made |= {
                f"{path}.fields.{one.name}.columns.{c.name}": f"{head}: {one.label}, {c.label}" for c in one.columns
            }
        made |= {f"{path}.variables.{name}": f"{head}: {name}" for name in rule.get("variables") or {}}
    return made


def _page(source: HookSource, work: Work) -> str:
    return render_template(
        "integration/mapping.html",
        source=source,
        work=work,
        rules=work.body["rules"],
        actions=actions(),
        choices=[(code, one.label) for code, one in actions().items()],
        otherwise=OTHERWISE,
        tree=_tree(source, work.sample),
        labels=_labels(work.body),
        spare=SPARE,
        versions=mappings.versions_of(source.id),
        most=MOST_RULES,
        is_cloud=source.format == CLOUDEVENTS,
    )
