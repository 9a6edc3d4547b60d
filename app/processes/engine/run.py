"""One step of an instance: load, do, run to where people or events are needed, save. Nothing here touches the database.

A run is used once. If it raises, it is thrown away; what was stored before is then still the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.core.expressions import NOW, ExpressionFailed
from app.core.i18n import _
from app.processes.engine import conditions, life, persons, scopes, sharing, throwing, watching
from app.processes.engine.codec import pack, unpack
from app.processes.engine.decided import mapped
from app.processes.engine.definition import Definition
from app.processes.engine.elements import Call, Out, Parameter, ServiceStep, UserWork
from app.processes.engine.errors import EngineFault, NotKept
from app.processes.engine.keys import FAULT, FLOW, LOCALS, LOOP, PHASE
from app.processes.engine.merge import merged
from app.processes.engine.results import Callbacks, Fault, Gone, Happening, Opened, Step, Thrown, Wait
from app.processes.engine.spec_base import choose
from app.processes.engine.spec_gateway import Inclusive
from app.processes.engine.values import ENGINE_NAMES, kept, plain
from app.processes.engine.workflow import Token, Tokens

CHUNK = 50
"""Elements run between two prunings."""
STEP_LIMIT = 200_000
"""Elements run in one step; more means a loop that never waits."""
WIDEST = 5_000
"""Tokens of one instance."""


class Run:
    """The step while it is made; specs reach it as `workflow.run`."""

    def __init__(self, definition: Definition, callbacks: Callbacks, *, called: bool = False) -> None:
        self.definition = definition
        self.callbacks = callbacks
        self.now: datetime = callbacks.as_of
        self.called = called
        """Whether another instance waits for this one: then errors that nobody catches here go there."""
        self.happenings: list[Happening] = []
        self.thrown: list[Thrown] = []
        self.faults: list[Fault] = []
        self.done_by: dict[str, str] = {}
        self.acted: tuple[str, ...] = ()
        """Who does a user task in this step."""
        self.workflow: Tokens
        self._arrivals: dict[int, int] = {}
        """Token → index of the line that tells of its arrival in this step."""
        self._before: dict[int, str] = {}
        self._places: dict[int, str] = {}
        """Token → element, of those that waited before."""

    def begin(self, variables: Mapping[str, Any], at: str | None = None) -> Step:
        """Make the tree and run it, from another start event if `at` names one."""
        self.workflow = workflow = Tokens(self.definition, self)
        root = Token(workflow, self.definition.spec.start, None, TaskState.STARTED)
        root.data = plain(dict(variables))
        persons.begin(self, root.data)
        workflow.task_tree = root
        scopes.begin(root, None if at is None else workflow.specs[at])
        return self.to_next_wait()

    def load(self, state: bytes) -> None:
        """Take up a stored instance."""
        self.workflow, self.done_by = unpack(
            state, lambda last_id, ticks: Tokens(self.definition, self, last_id=last_id, ticks=ticks)
        )
        self._before = self._waiting()
        self._places = {name: self.workflow.tasks[name].task_spec.name for name in self._before}

    def _waiting(self) -> dict[int, str]:
        return {task.id: task.task_spec.wait_kind(task) for task in self.workflow.live()}

    def to_next_wait(self) -> Step:
        """Run until nothing is left that can run: each way as far as it goes before the next is begun, in the order in
        which the flows are drawn."""
        workflow, done, most = self.workflow, 0, CHUNK
        too_wide = len(workflow.tasks) > WIDEST
        todo: list[Token] = []
        while not workflow.completed:
            if workflow.changed:  # before the next element begins: what holds now may not hold at the next wait
                conditions.look_at_conditions(self)
            if not todo:
                todo = workflow.ready()[::-1]
                if not todo and not self._look_again():
                    break
                continue
            task = todo.pop()
            if task._state != TaskState.READY:
                continue
            done, newest = done + 1, workflow.last_id
            if done > STEP_LIMIT or too_wide:
                self._stop(task, done)
            else:
                self.try_to(task, Token.run)
            todo += [workflow.tasks[name] for name in range(workflow.last_id, newest, -1)]
            if len(workflow.tasks) > most:
                workflow.prune()
                most, too_wide = max(CHUNK, 2 * len(workflow.tasks)), len(workflow.tasks) > WIDEST
        return self._result()

    def _stop(self, task: Token, done: int) -> None:
        if done > STEP_LIMIT:
            reason = _("more than %(limit)s elements ran without waiting for anything", limit=STEP_LIMIT)
        else:
            reason = _("more than %(limit)s tokens", limit=WIDEST)
        self.park(task, EngineFault(task.task_spec.name, reason, limit=True))

    def try_to(self, task: Token, act: Callable[[Any], object]) -> None:
        """Do something with a token; if that fails for a reason of the diagram, the token is parked."""
        try:
            act(task)
        except EngineFault as fault:
            self._park_if_live(task, fault)
        except ExpressionFailed as error:
            self._park_if_live(task, EngineFault(task.task_spec.name, error.sentence()))
        except NotKept as error:
            self._park_if_live(task, EngineFault(task.task_spec.name, error.details["fields"]["variables"][0]))

    def _park_if_live(self, task: Token, fault: EngineFault) -> None:
        """What a token did may have ended it; then nobody needs to look."""
        if task.is_live:
            self.park(task, fault)

    def park(self, task: Token, fault: EngineFault) -> None:
        """The token waits until somebody has looked. A loop that stands still is watched as before, and what watches
        keeps watching."""
        reason = str(fault.details["reason"]) if type(fault) is EngineFault else fault.sentence()
        if LOOP not in task.internal_data:
            watching.stop_watching(task)
        if not task.watching:
            task._set_state(TaskState.STARTED)
        task.internal_data[FAULT] = reason[:500]
        self.faults.append(Fault(task.id, task.task_spec.name, fault.code, reason, dict(fault.details)))
        self.tell(task, "fault", {"reason": reason})

    def _look_again(self) -> bool:
        """Joins and conditions that depend on what others do; True if something moved."""
        moved = False
        seen: set[tuple[str, int]] = set()
        for task in self.workflow.live() if self.definition.has_inclusive else ():
            if not task.is_live or not isinstance(task.task_spec, Inclusive) or not _waits_for_others(task):
                continue
            place = (task.task_spec.name, task.scope.id)
            if place not in seen:  # all that wait there are looked at together
                seen.add(place)
                before = self.workflow.ticks
                self.try_to(task, _join_again)
                moved = moved or self.workflow.ticks != before
        return (self.definition.has_conditions and conditions.look_at_conditions(self)) or moved

    def _result(self) -> Step:
        workflow = self.workflow
        if workflow.completed:
            self.happenings.append(Happening("ended", self.definition.key))
        waiting = {} if workflow.completed else self._waiting()
        if waiting and all(kind in ("join", "scope", "loop") for kind in waiting.values()):
            self._tell_standstill(waiting)
            waiting = self._waiting()
        tasks = workflow.tasks
        new = [
            (tasks[name], kind)
            for name, kind in waiting.items()
            if self._before.get(name) != kind or tasks[name].wait is not None
        ]
        again = {task.id for task, _kind in new}
        made_of = [(task, kind, task.wait or {}) for task, kind in new]
        opened = tuple(
            Opened.of(task, detail, persons.excluded(self, task)) for task, kind, detail in made_of if kind == "user"
        )
        waits = tuple(Wait(task.id, task.element, kind, detail) for task, kind, detail in made_of if kind != "user")
        gone = {
            name: Gone(kind, self._places[name], name in waiting)
            for name, kind in self._before.items()
            if name not in waiting or name in again
        }
        variables = sharing.seen_inside(workflow.task_tree) if workflow.completed else {}
        barred = self._barred(waiting)
        workflow.prune()
        made = Step(
            state=pack(workflow, self.done_by),
            completed=workflow.completed,
            opened=opened,
            waits=waits,
            gone=gone,
            happenings=tuple(self.happenings),
            thrown=tuple(self.thrown),
            faults=tuple(self.faults),
            variables=variables,
            barred=barred,
        )
        workflow.take_apart()
        return made

    def _tell_standstill(self, waiting: Mapping[int, str]) -> None:
        """A join that waits for a token that can never come is a fault, not a silence."""
        for name, kind in waiting.items():
            if kind == "join":
                task = self.workflow.tasks[name]
                self.park(task, EngineFault(task.task_spec.name, _("it waits for something that can never come")))

    def _barred(self, waiting: Mapping[int, str]) -> dict[int, tuple[str, ...]]:
        """Whom the tasks that stay open are not for any more, after somebody has done another one."""
        found = {}
        for name in waiting if self.acted else ():
            task = self.workflow.tasks[name]
            if self._before.get(name) == waiting[name] == "user" and task.element.four_eyes:
                found[name] = tuple(one for one in persons.excluded(self, task) if one in self.acted)
        return {name: people for name, people in found.items() if people}

    # What specs ask for

    def sees(self, task: Token) -> Mapping[str, Any]:
        """What expressions see at a token."""
        return {**task.view(), **self.callbacks.context, NOW: self.now}

    def merged(self, name: str, base: Mapping[str, Any], branches: list[Any]) -> dict[str, Any]:
        """Parallel branches as one. Raises MergeConflict."""
        return merged(name, base, branches)

    def arrived(self, target: Token, flow: str | None) -> None:
        """A token has come to an element."""
        self._arrivals[target.id] = len(self.happenings)
        self.happenings.append(Happening("entered", target.task_spec.name, flow, {}, target.id))

    def left(self, task: Token) -> None:
        """A token is done at its element."""
        index = self._arrivals.get(task.id)
        if index is None:
            if any(line.token == task.id and line.kind == "completed" for line in self.happenings):
                return
            self.happenings.append(Happening("left", task.task_spec.name, None, {}, task.id))
        else:
            self.happenings[index].at_once = True

    def tell(self, task: Token, kind: str, details: Mapping[str, Any]) -> None:
        """What a token did: said in the line of its arrival, if that was in this step and has nothing else to say."""
        index = self._arrivals.get(task.id)
        if index is None or self.happenings[index].kind != "entered" or kind not in ("decided", "performed"):
            self.happenings.append(Happening(kind, task.task_spec.name, None, details, task.id))
        else:
            line = self.happenings[index]
            line.kind, line.details = kind, details

    def work(self, task: Token) -> None:
        """Do the step, script, expression or decision of a task, or send its message. Raises BpmnError."""
        element: ServiceStep = task.element
        if element.message is not None:
            self.thrown_message(str(element.message.of(self.sees(task))), task)
            return
        if element.rule_set is not None:
            answer = self._decided(element, task)
            found = {element.result: mapped(answer, element)} if element.result else {}
            kind = "decided"
            details: dict[str, Any] = {"decision": answer}
        elif element.step:
            found = plain(self.callbacks.perform(element, plain(task.view()), task.id) or {})
            kind, details = "performed", {"step": element.step}
        else:
            found = self._reckoned(element, task)
            kind, details = "performed", {}
        task.assign(found)
        self.tell(task, kind, {**details, "changed": found})

    def _reckoned(self, element: ServiceStep, task: Token) -> dict[str, Any]:
        seen = self.sees(task)
        if element.script is None:
            value = None if element.expression is None else element.expression.of(seen)
            return {element.result: plain(value)} if element.result else {}
        ran = element.script.run_to_result(seen)
        found = dict(ran.changed)
        if element.result:
            found[element.result] = ran.result
        return dict(plain(found))

    def decide_way(self, task: Token, *, several: bool) -> tuple[Out, ...]:
        """The flows along which tokens leave a choosing gateway; its rule set is asked first. Raises EngineFault."""
        gateway = task.element
        outcome = self._decided(gateway, task) if gateway.rule_set is not None and gateway.diverging else {}
        last = kept(task.variables, "answers").get(str(task.variables.get("answered")), {})
        extra: dict[str, Any] = {"answer": last} if last or "answer" not in task.view() else {}
        if gateway.rule_set is not None:
            extra["decision"] = outcome
        chosen = choose(task, gateway, extra, several=several)
        self.tell(task, "decided", {"flows": [out.flow for out in chosen], "decision": outcome})
        return chosen

    def _decided(self, element: Any, task: Token) -> dict[str, Any]:
        outcome: dict[str, Any] = plain(self.callbacks.decide(element, task.view()))
        task.assign({"decisions": {**kept(task.variables, "decisions"), element.id: outcome}})
        return outcome

    def describe_work(self, task: Token) -> dict[str, Any]:
        """Who is asked, and until when, as the diagram says."""
        element: UserWork = task.element
        seen = self.sees(task)

        def said(value: Any) -> Any:
            return None if value is None else value.of(seen)

        return {
            "assignee": said(element.assignee),
            "users": [said(one) for one in element.users],
            "groups": [said(one) for one in element.groups],
            "due": said(element.due),
            "follow_up": said(element.follow_up),
            "priority": said(element.priority),
            "name": {language: str(said(value)) for language, value in (element.title or {}).items()},
        }

    def describe_call(self, task: Token) -> dict[str, Any]:
        """What is called, with which variables."""
        element: Call = task.element
        seen = self.sees(task)
        given = self._passed(task, element.ins, element.all_in)
        key = element.called.of(seen) if element.called else ""
        return {
            "key": str(key),
            "binding": element.binding,
            "version": None if element.version is None else element.version.of(seen),
            "business_key": None if element.business_key is None else element.business_key.of(seen),
            "variables": given,
            "depth": self.callbacks.depth + 1,
        }

    def _passed(self, task: Token, chosen: tuple[Parameter, ...], everything: str) -> dict[str, Any]:
        """What a token gives to another instance."""
        own, seen = task.internal_data.get(LOCALS, {}), self.sees(task)
        whole = own if everything == "local" else task.view() if everything else {}
        found = {name: value for name, value in whole.items() if name not in ENGINE_NAMES}
        return found | {one.name: plain(one.value.of(own if one.local else seen)) for one in chosen}

    def thrown_message(self, name: str, task: Token) -> None:
        """A message leaves the instance; it is delivered by name and business key."""
        self.thrown.append(Thrown("message", name, "", {}, task.id))
        self.tell(task, "thrown", {"message": name})

    def thrown_signal(self, name: str, task: Token) -> None:
        """A signal reaches everybody who waits for it, in this instance at once."""
        given = self._passed(task, task.element.payload, task.element.takes_all)
        key = task.element.business_key
        said = None if key is None else key.of(self.sees(task))
        self.thrown.append(Thrown("signal", name, "", given, task.id, None if said is None else str(said)))
        self.tell(task, "thrown", {"signal": name})
        throwing.broadcast(self.workflow, name, given)

    def escaped(self, task: Token, trigger: str, code: str | None, message: str) -> bool:
        """Nobody in the diagram catches it: the caller may. An error that escapes to the caller ends this instance."""
        self.tell(task, "uncaught", {"trigger": trigger, "code": code})
        if not self.called:
            return True
        root = self.workflow.task_tree
        self.thrown.append(Thrown(trigger, code or "", message, sharing.seen_inside(root), task.id))
        if trigger == "error":
            scopes.end(root)
        return True

    def decide_race(self, task: Token) -> None:
        """If the token is one of those behind an event-based gateway, the others wait no more."""
        parent = task.above
        if parent.is_live and parent.element.kind == "eventBasedGateway":
            parent._set_state(TaskState.COMPLETED)
            self.left(parent)
            for sibling in parent.below():
                if sibling is not task:
                    sibling._set_state(TaskState.CANCELLED)

    def came(self, task: Token, variables: dict[str, Any]) -> None:
        """What a token waited for has come."""
        self.tell(task, "fired", {"variables": variables} if variables else {})
        if task.watching:
            watching.happened(task, variables)
            return
        self.decide_race(task)
        task.assign(variables)
        if not conditions.is_ended_by_condition(self, task):
            self.try_to(task, life.go_on)


def _waits_for_others(task: Token) -> bool:
    kept = task.internal_data
    return FLOW in kept and PHASE not in kept and FAULT not in kept


def _join_again(task: Any) -> None:
    """An inclusive join that waited for tokens which have gone elsewhere."""
    spec = task.task_spec
    here = spec.arrived(task)
    if here and spec.may_fire(task, set(here)) and spec.join(task, here):
        life.go_on(task)
