"""SpiffWorkflow's workflow and task with flat scans, whole-number ids, no clock and no recursion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.core.i18n import _
from app.processes.engine.errors import EngineFault

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
    def is_live(self) -> bool:
        """True until it is completed or cancelled."""
        return bool(self._state & LIVE)

    def lineage(self) -> list[int]:
        """Ids of the ancestors, nearest first."""
        found, tasks, above = [], self.workflow.tasks, self._parent
        while above is not None:
            found.append(above)
            above = tasks[above]._parent
        return found

    def is_descendant_of(self, task: Any) -> bool:
        """Whether the other is an ancestor; without the library's recursion."""
        return task.id in self.lineage()

    def find_ancestor(self, spec_name: str) -> Any:
        """The nearest ancestor of that spec; without the library's recursion."""
        tasks = self.workflow.tasks
        return next((tasks[above] for above in self.lineage() if tasks[above].task_spec.name == spec_name), None)

    def _set_state(self, value: int) -> None:
        if value != self._state:
            self._state = value
            self.last_state_change = self.workflow.tick()

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE) -> Token:
        child = Token(self.workflow, task_spec, self, state)
        if state == TaskState.READY:
            child._ready()
        return child

    def _inherit_data(self) -> None:
        """A shallow copy: values in it are never changed in place, only replaced."""
        self.data = dict(self.parent.data)


class Tokens(BpmnWorkflow):
    """The tree of one instance while a step runs. `run` gets what happens, `definition` is shared with others."""

    def __init__(self, definition: Any, run: Any, *, last_id: int = 0, ticks: int = 0) -> None:
        self.definition = definition
        self.run = run
        self.last_id = last_id
        self.ticks = ticks
        self.tasks: dict[int, Any]
        super().__init__(definition.spec, definition.subspecs, script_engine=NoScripts(), deserializing=True)

    def next_id(self) -> int:
        """The next id of this instance."""
        self.last_id += 1
        return self.last_id

    def tick(self) -> int:
        """Order of changes instead of time."""
        self.ticks += 1
        return self.ticks

    def plant(self, variables: dict[str, Any]) -> None:
        """Begin: the root with the variables, ready to run."""
        self.task_tree = Token(self, self.spec.start, None, TaskState.FUTURE)
        self.task_tree.data = dict(variables)
        self.task_tree._ready()

    def get_tasks_iterator(self, first_task: Any = None, **wanted: Any) -> Iterator[Any]:
        """Every task that fits, by id; the library walks the tree, and not below depth 1000."""
        within = None if first_task is None or first_task is self.task_tree else first_task
        state, name = wanted.get("state", TaskState.ANY_MASK), wanted.get("spec_name")
        manual, kind = wanted.get("manual"), wanted.get("spec_class")
        for task in list(self.tasks.values()):
            if (
                task._state & state
                and (name is None or task.task_spec.name == name)
                and (manual is None or task.task_spec.manual == manual)
                and (kind is None or isinstance(task.task_spec, kind))
                and (within is None or task is within or task.is_descendant_of(within))
            ):
                yield task

    def update_waiting_tasks(self) -> None:
        """Look again at everything that waits."""
        for task in [task for task in self.tasks.values() if task._state == TaskState.WAITING]:
            if task._state == TaskState.WAITING:
                task.task_spec._update(task)

    def is_completed(self) -> bool:
        """True when no token is left."""
        return self.completed or not any(task.is_live for task in self.tasks.values())

    def _mark_complete(self, _task: Any) -> None:
        self.completed = True

    def ready(self, *, manual: bool) -> list[Token]:
        """Tasks that can run now, by id: people's, or the engine's own."""
        return [
            task
            for task in self.tasks.values()
            if task._state == TaskState.READY and bool(task.task_spec.manual) is manual
        ]

    def live(self) -> list[Token]:
        """Tasks that are not finished."""
        return [task for task in self.tasks.values() if task.is_live]

    def take_apart(self) -> None:
        """Cut the circles of references, so that the tree is freed at once and not left to the garbage collector."""
        for task in self.tasks.values():
            task.workflow = None
        self.tasks = {}
        self.event_manager = self.run = self.last_task = None
        del self.task_tree

    def prune(self) -> None:
        """Forget history: keep live tasks, the parents of waiting ones, the splits between them, and the root.

        A path between two kept tasks becomes one link. What is left is O(live tokens) whatever was run before.
        """
        tasks: dict[int, Any] = self.tasks
        live = self.live() or [tasks[max(tasks)]]
        keep: set[Any] = {self.task_tree.id}
        branches: dict[int, set[int]] = {}
        for task in live:
            keep.add(task.id)
            below = task.id
            if task._state == TaskState.WAITING:
                keep.add(task._parent)
            for above in task.lineage():
                known = branches.setdefault(above, set())
                seen = below in known
                known.add(below)
                if seen:
                    break
                below = above
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
