"""SpiffWorkflow's workflow and task as one flat tree: whole-number ids, no clock, no recursion, no prediction.

Subprocesses, multi-instances and the process itself are tokens too (scopes); what runs in them descends from them.
A token's `data` are the variables as they were when it came; what its activity changed since is in `changes`, so that
parallel branches always find the values from which they parted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.core.i18n import _
from app.processes.engine.errors import EngineFault
from app.processes.engine.keys import CHANGES, LOCALS

LIVE = TaskState.NOT_FINISHED_MASK


class NoScripts:
    """Takes the place of the library's script engine: nothing of a diagram is ever run as Python."""

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        """Refuse."""
        raise EngineFault(task.task_spec.name, _("scripts in diagrams are not run"))

    def execute(self, task: Any, script: str, external_context: Any = None) -> Any:
        """Refuse."""
        raise EngineFault(task.task_spec.name, _("scripts in diagrams are not run"))

    def call_service(self, task: Any, **_kwargs: Any) -> Any:
        """Refuse."""
        raise EngineFault(task.task_spec.name, _("scripts in diagrams are not run"))


class Token(Task):
    """A task of the tree. Ids count up within an instance, so a child's is always higher than its parent's."""

    wait: dict[str, Any] | None = None
    """What it began to wait for in this step."""
    _scope: Any = None
    way: tuple[Any, ...] = ()
    """The flows along which it leaves."""

    def __init__(
        self, workflow: Any, task_spec: Any, parent: Token | None = None, state: int = TaskState.MAYBE
    ) -> None:
        self.workflow = workflow
        self.task_spec = task_spec
        self.id = workflow.next_id()
        self._parent = None if parent is None else parent.id
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = self.id
        workflow.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)

    @property
    def element(self) -> Any:
        """What the diagram says of it."""
        return self.task_spec.element

    @property
    def is_live(self) -> bool:
        """True until it is completed or cancelled."""
        return bool(self._state & LIVE)

    @property
    def watching(self) -> bool:
        """True for a token that watches something else (a boundary event, an event subprocess) and so keeps no scope
        open."""
        return bool(self._state == TaskState.WAITING)

    @property
    def above(self) -> Any:
        """The token it comes from; None for the root."""
        return None if self._parent is None else self.workflow.tasks[self._parent]

    def lineage(self) -> list[int]:
        """Ids of the ancestors, nearest first."""
        found, tasks, above = [], self.workflow.tasks, self._parent
        while above is not None:
            found.append(above)
            above = tasks[above]._parent
        return found

    @property
    def scope(self) -> Any:
        """The token of the subprocess (or the root) this one is in; it lives as long as this one, so it is looked for
        once only."""
        if self._scope is None:
            self._scope = self._find_scope()
        return self._scope

    def _find_scope(self) -> Any:
        wanted = self.task_spec.scope
        tasks, above = self.workflow.tasks, self._parent
        while above is not None:
            task = tasks[above]
            if task.task_spec.name == wanted:
                return task
            above = task._parent
        return self.workflow.task_tree

    def is_descendant_of(self, task: Any) -> bool:
        """Whether the other is an ancestor; without the library's recursion."""
        return task.id in self.lineage()

    def find_ancestor(self, spec_name: str) -> Any:
        """The nearest ancestor of that spec; without the library's recursion."""
        tasks = self.workflow.tasks
        return next((tasks[above] for above in self.lineage() if tasks[above].task_spec.name == spec_name), None)

    # Variables

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the process as they are on this path, without local ones."""
        changes = self.internal_data.get(CHANGES)
        return {**self.data, **changes} if changes else self.data

    def view(self) -> dict[str, Any]:
        """What expressions see here: variables, covered by local ones of the activity and of the scopes around it."""
        covers = self.covers() if self.workflow.has_locals else {}
        return {**self.variables, **covers} if covers else self.variables

    def covers(self) -> dict[str, Any]:
        """The local variables of the activity and of the scopes around it, the nearer over the farther."""
        tasks, above, found = self.workflow.tasks, self._parent, []
        if LOCALS in self.internal_data:
            found.append(self.internal_data[LOCALS])
        while above is not None:
            task = tasks[above]
            if LOCALS in task.internal_data and task._state & LIVE:
                found.append(task.internal_data[LOCALS])
            above = task._parent
        return {name: value for one in reversed(found) for name, value in one.items()}

    def assign(self, changed: Mapping[str, Any]) -> None:
        """Set variables on this path; a local one of that name takes it instead, the nearest first."""
        rest = dict(changed)
        self.workflow.note_changes(changed, self.variables)
        here: Any = self if self.workflow.has_locals else None
        while here is not None and rest:
            known = here.internal_data.get(LOCALS)
            if known and here._state & LIVE:
                mine = {name: rest.pop(name) for name in list(rest) if name in known}
                if mine:
                    here.internal_data[LOCALS] = {**known, **mine}
            here = here.above
        if rest:
            self.internal_data[CHANGES] = {**self.internal_data.get(CHANGES, {}), **rest}

    def set_local(self, values: Mapping[str, Any]) -> None:
        """Variables that end with this activity."""
        self.workflow.has_locals = True
        self.internal_data[LOCALS] = {**self.internal_data.get(LOCALS, {}), **values}

    # Life

    def run(self) -> bool | None:
        """Do what is to be done here. True: the token goes on; None: it waits, or was ended by what it did."""
        done: bool | None = self.task_spec._run_hook(self)
        if not self._state & LIVE:
            return None
        if done:
            self.complete()
        elif self._state == TaskState.READY:
            self._set_state(TaskState.STARTED)
        return done

    def _set_state(self, value: int) -> None:
        if value != self._state:
            self._state = value
            self.last_state_change = self.workflow.tick()

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE) -> Token:
        return Token(self.workflow, task_spec, self, state)

    def _inherit_data(self) -> None:
        """A shallow copy: values in it are never changed in place, only replaced."""
        self.data = dict(self.above.variables)

    def end(self) -> None:
        """Not needed any more, and nothing that descends from it."""
        self.end_below()
        if self._state & LIVE:
            self._set_state(TaskState.CANCELLED)

    def end_below(self, *, keep_watch: bool = False) -> None:
        """Nothing that descends from it is needed any more; with `keep_watch` its boundary events may still come."""
        for task in self.below():
            if not (keep_watch and task.watching and task._parent == self.id and task.element.attached is not None):
                task._set_state(TaskState.CANCELLED)

    def below(self) -> list[Token]:
        """The live tokens that descend from this one."""
        tasks, mine = self.workflow.tasks, self.id
        within = {mine}
        found = []
        for name, task in tasks.items():  # ids grow downwards, so a parent is always met first
            if name > mine and task._parent in within:
                within.add(name)
                if task._state & LIVE:
                    found.append(task)
        return found


class Tokens(BpmnWorkflow):
    """The tree of one instance while a step runs. `run` gets what happens, `definition` is shared with others."""

    def __init__(self, definition: Any, run: Any, *, last_id: int = 0, ticks: int = 0) -> None:
        self.definition = definition
        self.specs = definition.spec.task_specs
        self.spec = definition.spec
        self.run = run
        self.last_id = last_id
        self.ticks = ticks
        self.tasks: dict[int, Any] = {}
        self.completed = False
        self.changed: dict[str, set[str]] = {}
        """Variables that were set since conditions were last looked at, and how: create, update."""
        self.has_locals = False
        """Whether any token has variables of its own."""
        self.last_task = None
        self.task_tree: Any

    @property
    def script_engine(self) -> NoScripts:
        """Refuses."""
        return NoScripts()

    def next_id(self) -> int:
        """The next id of this instance."""
        self.last_id += 1
        return self.last_id

    def tick(self) -> int:
        """Order of changes instead of time."""
        self.ticks += 1
        return self.ticks

    def note_changes(self, changed: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Variables are set that were as in `before`; only conditions ask for that."""
        if self.definition.has_conditions:
            for name in changed:
                self.changed.setdefault(name, set()).add("update" if name in before else "create")

    def get_tasks_iterator(self, first_task: Any = None, **wanted: Any) -> Iterator[Any]:
        """Every task that fits, by id; the library walks the tree, and not below depth 1000."""
        within = None if first_task is None or first_task is self.task_tree else first_task
        state, name = wanted.get("state", TaskState.ANY_MASK), wanted.get("spec_name")
        for task in list(self.tasks.values()):
            if (
                task._state & state
                and (name is None or task.task_spec.name == name)
                and (within is None or task is within or task.is_descendant_of(within))
            ):
                yield task

    def _task_completed_notify(self, task: Any) -> None:
        """The library looks at every waiting task again; the run does so when it matters."""

    def is_completed(self) -> bool:
        """True when the process has ended."""
        return self.completed

    def ready(self) -> list[Token]:
        """Tasks that can run now, by id."""
        return [task for task in self.tasks.values() if task._state == TaskState.READY]

    def live(self) -> list[Token]:
        """Tasks that are not finished, the root apart."""
        root = self.task_tree
        return [task for task in self.tasks.values() if task._state & LIVE and task is not root]

    def take_apart(self) -> None:
        """Cut the circles of references, so that the tree is freed at once and not left to the garbage collector."""
        for task in self.tasks.values():
            task.workflow = task._scope = None
        self.tasks = {}
        self.run = None
        del self.task_tree

    def prune(self) -> None:
        """Forget history: keep live tasks, the splits between them, and the root.

        A path between two kept tasks becomes one link. What is left is O(live tokens) whatever was run before.
        """
        tasks: dict[int, Any] = self.tasks
        root = self.task_tree
        keep: set[Any] = {root.id}
        branches: dict[int, set[int]] = {}
        for task in tasks.values():
            if not task._state & LIVE or task is root:
                continue
            keep.add(task.id)
            below, above = task.id, task._parent
            while above is not None:
                known = branches.setdefault(above, set())
                if below in known:
                    break
                known.add(below)
                below, above = above, tasks[above]._parent
        keep.update(name for name, below in branches.items() if len(below) > 1)
        if len(keep) == len(tasks):
            return
        for name in keep:
            task = tasks[name]
            above = task._parent
            while above is not None and above not in keep:
                above = tasks[above]._parent
            task._parent = above
            task._children = []
        self.tasks = {name: tasks[name] for name in sorted(keep)}
        for name, task in self.tasks.items():
            if task._parent is not None:
                self.tasks[task._parent]._children.append(name)
        self.last_task = None
