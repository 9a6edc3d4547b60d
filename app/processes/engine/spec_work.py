"""Tasks, call activities and subprocesses."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from app.core.expressions import ErrorThrown
from app.core.i18n import _
from app.processes.engine import scopes, throwing
from app.processes.engine.errors import BpmnError, EngineFault
from app.processes.engine.spec_base import Lean
from app.processes.engine.values import plain, whole


class Automatic(Lean, defaults.NoneTask):
    """An undefined task: a token passes."""


class Manual(Lean, defaults.ManualTask):
    """A manual task: the work is done outside, a token passes."""


class Work(Lean, defaults.UserTask):
    """A user task: waits for a person."""

    waits = "user"

    def do(self, task: Any) -> bool:
        task.wait = task.workflow.run.describe_work(task)
        return False


class Service(Lean, defaults.ServiceTask):
    """A service, script, business rule or send task. A step is done inside the transaction; what it returns is merged.
    One with a topic waits for an external worker."""

    waits = "external"

    def do(self, task: Any) -> bool:
        element, run = self.element, task.workflow.run
        if element.topic is not None:
            seen = run.sees(task)
            task.wait = {"topic": str(element.topic.of(seen)), "priority": whole(element.priority, seen)}
            return False
        try:
            run.work(task)
        except BpmnError as error:
            return self._throw(task, error.code, error.message, plain(error.variables), error)
        except ErrorThrown as error:
            return self._throw(task, error.thrown, str(error.details["reason"]), {}, error)
        return True

    def _throw(self, task: Any, code: str, message: str, variables: dict[str, Any], error: Exception) -> bool:
        if not throwing.throw(task, "error", code, message, variables):
            raise EngineFault(self.element.id, _("nobody catches the error “%(code)s”", code=code)) from error
        return False


class Receive(Lean, defaults.ReceiveTask):
    """Waits for a message, or to be told to go on."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition())

    def do(self, task: Any) -> bool:
        message = self.element.message
        task.wait = {"name": str(message.of(task.workflow.run.sees(task)))} if message else {}
        return False

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        return ("message" if self.element.message else "trigger") if found == "wait" else found


class Calling(Lean, BpmnSpecMixin):
    """A call activity: waits until the called instance has ended."""

    waits = "call"

    def do(self, task: Any) -> bool:
        task.wait = task.workflow.run.describe_call(task)
        return False


class Inside(Lean, BpmnSpecMixin):
    """An embedded or event subprocess, or a transaction."""

    waits = "scope"

    def do(self, task: Any) -> bool:
        scopes.begin(task)
        return False
