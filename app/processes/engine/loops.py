"""Multi-instances (parallel, sequential; by number or over a collection) and the standard loop.

The activity's token is the body; each instance is a token of the same element below it.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.core.i18n import _
from app.processes.engine import life, sharing
from app.processes.engine.errors import EngineFault
from app.processes.engine.keys import INSTANCE, LOOP
from app.processes.engine.values import plain

MOST = 2_000
"""Instances of one activity, and turns of one loop that is not sequential work of people."""


def begin(body: Any) -> bool:
    """Start the first instances. True: there is nothing to do. Raises EngineFault beyond MOST instances."""
    loop = body.task_spec.element.loop
    if loop.standard:
        body.internal_data[LOOP] = {"n": loop.maximum, "done": 0}
        if loop.test_before and not _again(body):
            del body.internal_data[LOOP]
            return True
        _instance(body, 0, {})
        return False
    items = _items(body, loop)
    if not items:
        _collect_results(body, [])
        return True
    kept: dict[str, Any] = {"n": len(items), "done": 0}
    if loop.sequential and loop.item is not None:
        kept["items"] = items
    if loop.result:
        kept["results"] = [None] * len(items)
    body.internal_data[LOOP] = kept
    _count(body)
    for number in range(1 if loop.sequential else len(items)):
        _instance(body, number, {} if loop.item is None else {loop.item: items[number]})
    return False


def _items(body: Any, loop: Any) -> list[Any]:
    seen, name = body.workflow.run.sees(body), body.task_spec.name
    if loop.collection is not None:
        found = loop.collection.of(seen)
        if loop.collection.fixed:
            found = seen.get(found)
        if not isinstance(found, list):
            raise EngineFault(name, _("the collection of its instances is not a list"))
        items = plain(found)
    else:
        number = loop.cardinality.of(seen)
        if isinstance(number, str) and number.strip().isdecimal():
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise EngineFault(name, _("the number of its instances is not a whole number from 0"))
        items = range(number)
    if len(items) > MOST:
        raise EngineFault(name, _("%(count)s instances, at most %(limit)s are allowed", count=len(items), limit=MOST))
    return list(items)


def _instance(body: Any, number: int, values: dict[str, Any]) -> None:
    child = body._add_child(body.task_spec, TaskState.FUTURE)
    child._inherit_data()
    child.internal_data = {INSTANCE: number}
    index = body.task_spec.element.loop.index
    child.set_local({"loopCounter": number, **({index: number} if index else {}), **values})
    body.workflow.run.arrived(child, None)
    child._set_state(TaskState.READY)


def _count(body: Any) -> None:
    kept = body.internal_data[LOOP]
    active = 1 if body.task_spec.element.loop.sequential else kept["n"] - kept["done"]
    body.set_local({"nrOfInstances": kept["n"], "nrOfCompletedInstances": kept["done"], "nrOfActiveInstances": active})


def instance_done(task: Any) -> None:
    """One instance is done: the next, or the whole activity."""
    body, kept = task.above, task.above.internal_data[LOOP]
    loop = body.task_spec.element.loop
    if "results" in kept:
        kept["results"][task.internal_data[INSTANCE]] = task.view().get(loop.result_item)
    sharing.hand_over(task, body)
    kept["done"] += 1
    body.workflow.run.try_to(body, _turn if loop.standard else _next)


def one_less(body: Any) -> None:
    """An operator has ended an instance: the loop goes on as if it had never been meant to be."""
    kept = body.internal_data[LOOP]
    if body.task_spec.element.loop.sequential:
        kept["done"] += 1
    elif kept["n"] is not None:
        kept["n"] -= 1
    (_turn if body.task_spec.element.loop.standard else _next)(body)


def resume(body: Any) -> bool:
    """A body that was parked between two instances is looked at again; it goes on by itself."""
    if not any(not task.watching for task in body.below()):
        (_turn if body.task_spec.element.loop.standard else _next)(body)
    return False


def _next(body: Any) -> None:
    loop, kept = body.task_spec.element.loop, body.internal_data[LOOP]
    _count(body)
    enough = loop.until is not None and loop.until.holds(body.workflow.run.sees(body))
    if enough or kept["done"] >= kept["n"]:
        _done(body)
    elif loop.sequential:
        number = kept["done"]
        _instance(body, number, {} if loop.item is None else {loop.item: kept["items"][number]})


def _turn(body: Any) -> None:
    kept = body.internal_data[LOOP]
    if (kept["n"] is not None and kept["done"] >= kept["n"]) or not _again(body):
        _done(body)
    else:
        _instance(body, kept["done"], {})


def _again(body: Any) -> bool:
    loop, kept = body.task_spec.element.loop, body.internal_data[LOOP]
    if loop.again is None:
        return kept["n"] is not None
    return bool(loop.again.holds({**body.workflow.run.sees(body), "loopCounter": kept["done"]}))


def _done(body: Any) -> None:
    results = body.internal_data.pop(LOOP).get("results")
    for task in body.below():
        if not task.watching or task.above is not body:
            task._set_state(TaskState.CANCELLED)
    if results is not None:
        _collect_results(body, results)
    life.go_on(body)


def _collect_results(body: Any, results: list[Any]) -> None:
    name = body.task_spec.element.loop.result
    if name:
        body.assign({name: results})
