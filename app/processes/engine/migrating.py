"""Taking a stored instance from one version of its diagram to another: where each token goes, what stands against it.

Elements of the same id stay as they are; a mapping says where others go. Timers keep their deadlines. What only
watches (boundary events, event subprocesses) ends if the new version has none such, and begins if it has more; a timer
that has come in the old version does not come again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.i18n import LazyString, _l
from app.processes.engine import watching
from app.processes.engine.codec import pack, unpack
from app.processes.engine.definition import Definition
from app.processes.engine.elements import Element, Scope
from app.processes.engine.errors import NoPlace
from app.processes.engine.keys import FAULT, FLOW, INSTANCE, NOTED, PERSONS, PHASE, TIMER, UNDO
from app.processes.engine.spec_base import ROOT
from app.processes.engine.workflow import Tokens


@dataclass(frozen=True)
class Fate:
    """Where a live token goes. `to` None: what it watches for is watched no more. `problem`: why it cannot go."""

    token: int
    element: str
    to: str | None
    waits: str
    watch: bool
    problem: LazyString | None = None


@dataclass(frozen=True)
class Migrated:
    """The state for the new version. `dropped`: tokens that watched what is no more, with what they waited for.
    `begun`: token → elements of the new version that it is to watch from now on."""

    state: bytes
    fates: tuple[Fate, ...]
    dropped: Mapping[int, str]
    begun: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Outlook:
    """What would become of a stored instance. `begun`: elements of the new version that would be watched from now on,
    one for each token that would watch."""

    fates: tuple[Fate, ...]
    begun: tuple[str, ...]


def outlook(old: Definition, new: Definition, state: bytes, mapping: Mapping[str, str]) -> Outlook:
    """What a migration would do; nothing is changed. Raises UnreadableState."""
    workflow, _done_by = _read(old, state)
    if workflow.completed:
        return Outlook((), ())
    fates = tuple(_fate(task, new, mapping) for task in workflow.live())
    if any(fate.problem is not None for fate in fates):
        return Outlook(fates, ())
    begun = _begun(workflow, fates, new, mapping)
    return Outlook(fates, tuple(name for names in begun.values() for name in names))


def _read(definition: Definition, state: bytes) -> tuple[Tokens, dict[str, str]]:
    return unpack(state, lambda last_id, ticks: Tokens(definition, None, last_id=last_id, ticks=ticks))


def _fate(task: Any, new: Definition, mapping: Mapping[str, str]) -> Fate:
    element: Element = task.element
    to = mapping.get(element.id, element.id)
    target = new.elements.get(to)
    watch = task.watching
    kind = task.task_spec.wait_kind(task)
    if watch:
        same = target is not None and _is_same_watch(element, target, mapping)
        return Fate(task.id, element.id, to if same else None, kind, watch)
    problem = _problem(task, element, target, new, mapping)
    return Fate(task.id, element.id, to, kind, watch, problem)


def _is_same_watch(element: Any, target: Any, mapping: Mapping[str, str]) -> bool:
    host = mapping.get(element.attached, element.attached) if element.attached else None
    return bool(
        target.kind == element.kind
        and target.trigger == element.trigger
        and target.attached == host
        and target.scope == _moved(element.scope, mapping)
    )


def _moved(scope: str | None, mapping: Mapping[str, str]) -> str | None:
    return None if scope is None else mapping.get(scope, scope)


def _problem(  # noqa: PLR0911 - one line per thing that stands against it
    task: Any, element: Any, target: Any, new: Definition, mapping: Mapping[str, str]
) -> LazyString | None:
    if target is None:
        return _l("the new version has no such element; say where its tokens go")
    if target.kind != element.kind or getattr(target, "trigger", "") != getattr(element, "trigger", ""):
        return _l("“%(name)s” is another kind of element in the new version", name=target.id)
    if target.scope != _moved(element.scope, mapping):
        return _l("“%(name)s” is in another subprocess in the new version", name=target.id)
    if _repeats(target) != _repeats(element):
        return _l("“%(name)s” is repeated in another way in the new version", name=target.id)
    if bool(getattr(target, "topic", None)) != bool(getattr(element, "topic", None)):
        return _l("“%(name)s” is done in another way in the new version", name=target.id)
    flow = task.internal_data.get(FLOW)
    if flow is not None and flow != "moved" and flow not in target.comes_by:
        return _l("the flow “%(flow)s” by which it came is not there in the new version", flow=flow)
    named = {one[0] for key in (NOTED, UNDO) for one in task.internal_data.get(key, ())}
    if any(mapping.get(name, name) not in new.elements for name in named):
        return _l("what was done before and may have to be compensated is not there in the new version")
    return None


def _repeats(element: Any) -> tuple[bool, bool, bool]:
    loop = element.loop
    return (loop is not None, bool(loop and loop.standard), bool(loop and loop.sequential))


def migrated(old: Definition, new: Definition, state: bytes, mapping: Mapping[str, str]) -> Migrated:
    """The instance in the new version. Raises NoPlace for the first token that cannot go."""
    workflow, done_by = _read(old, state)
    fates = tuple(_fate(task, new, mapping) for task in workflow.live())
    for fate in fates:
        if fate.problem is not None:
            raise NoPlace(fate.element, fate.problem)
    dropped = {fate.token: fate.waits for fate in fates if fate.to is None}
    begun = _begun(workflow, fates, new, mapping)
    for token in dropped:
        task = workflow.tasks.pop(token)
        task.above._children.remove(token)
    goes = {fate.token: fate.to for fate in fates if fate.to is not None}
    specs = new.spec.task_specs
    for name, task in workflow.tasks.items():
        if task is workflow.task_tree:
            task.task_spec = specs[ROOT]
        else:
            task.task_spec = specs[goes.get(name) or _place_of_dead(task, new, mapping)]
        _rename_notes(task, mapping)
    workflow.definition, workflow.specs, workflow.spec = new, specs, new.spec
    state = pack(workflow, {mapping.get(name, name): by for name, by in done_by.items()})
    return Migrated(state, fates, dropped, begun)


def _begun(
    workflow: Tokens, fates: Sequence[Fate], new: Definition, mapping: Mapping[str, str]
) -> dict[int, list[str]]:
    """Token → events of the new version that it is to watch, but for those that it watched or watches in the old."""
    goes = {fate.token: fate.to for fate in fates}
    found = {}
    for task in [workflow.task_tree, *workflow.live()]:
        if not task.watching:
            to = goes.get(task.id)
            element = new.process if to is None else new.elements[to]
            watched = _watched(task, new, mapping)
            found[task.id] = [name for name in _to_watch(task, element, new) if name not in watched]
    return {token: names for token, names in found.items() if names}


def _watched(task: Any, new: Definition, mapping: Mapping[str, str]) -> set[str]:
    """Events of the new version that stand for those that the token came to watch in the old one: those that it
    watches still, and timers that have come."""
    old = task.workflow.definition
    pairs = ((old.elements[name], mapping.get(name, name)) for name in _to_watch(task, task.element, old))
    return {to for element, to in pairs if to in new.elements and _is_same_watch(element, new.elements[to], mapping)}


def _to_watch(task: Any, element: Any, definition: Definition) -> list[str]:
    """The events that a token is to watch at an element of the definition."""
    kept = task.internal_data
    at_work = INSTANCE not in kept and FAULT not in kept and PHASE not in kept
    wanted: tuple[str, ...] = element.boundaries if at_work else ()
    if task.task_spec.wait_kind(task) == "scope":
        wanted += element.watches
    return [name for name in wanted if getattr(definition.elements[name], "trigger", "") in watching.WATCHED]


def _place_of_dead(task: Any, new: Definition, mapping: Mapping[str, str]) -> str:
    """A token that is kept only for its variables stands anywhere but on a subprocess, which it would be taken for."""
    old = str(task.task_spec.name)
    to = mapping.get(old, old)
    if to in new.elements and not isinstance(new.elements[to], Scope):
        return to
    return next(name for name, element in new.elements.items() if not isinstance(element, Scope))


def _rename_notes(task: Any, mapping: Mapping[str, str]) -> None:
    for key in (NOTED, UNDO):
        if key in task.internal_data:
            task.internal_data[key] = _renamed(task.internal_data[key], mapping)
    who = task.internal_data.get(PERSONS)
    if isinstance(who, dict):
        task.internal_data[PERSONS] = {mapping.get(name, name): by for name, by in who.items()}


def _renamed(notes: Sequence[Any], mapping: Mapping[str, str]) -> list[Any]:
    return [[mapping.get(name, name), _renamed(inner, mapping)] for name, inner in notes]


@dataclass(frozen=True)
class Watch:
    """The first step in a new version: tokens begin to watch what is new in it."""

    begun: Mapping[int, Sequence[str]]

    def do(self, run: Any) -> None:
        """Begin to watch."""
        workflow = run.workflow
        for token, names in self.begun.items():
            for name in names:
                watching.watch(workflow.tasks[token], workflow.specs[name])


@dataclass(frozen=True)
class Restate:
    """A migration is undone: tokens whose rows were removed say again what they wait for, with their old deadlines.
    `last_id`: tokens made since are never made again."""

    tokens: Sequence[int]
    last_id: int = 0

    def do(self, run: Any) -> None:
        """Say it."""
        workflow = run.workflow
        workflow.last_id = max(workflow.last_id, self.last_id)
        for token in self.tokens:
            task = workflow.tasks[token]
            kept = task.internal_data.get(TIMER)
            if kept is not None:
                task.wait = {"due": datetime.fromisoformat(kept["due"])}
            else:
                task.wait = {"name": watching.name_of(task)} if task.element.trigger != "conditional" else {}
