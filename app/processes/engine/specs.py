"""The graph of a definition: which of SpiffWorkflow's specs each element is, without prediction, recursion, clocks and
Python scripts. Built once, shared by all instances, never changed by running them.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.util.event import Event

from app.processes.engine.elements import Element
from app.processes.engine.spec_base import ROOT, Lean
from app.processes.engine.spec_event import Begin, Boundary, Catch, Throw
from app.processes.engine.spec_gateway import EventGateway, Exclusive, Inclusive, Parallel
from app.processes.engine.spec_work import Automatic, Calling, Inside, Manual, Receive, Service, Work


class Start(Lean, BpmnStartTask):
    """The root of a tree: the process as a scope."""

    waits = "scope"


class ProcessSpec(BpmnProcessSpec):
    """The graph of a process and of all that is nested in it, with our start."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.task_specs.clear()
        self.start = Start(self, ROOT)
        self.end = None


KINDS: dict[str, Any] = {
    "task": Automatic,
    "manualTask": Manual,
    "userTask": Work,
    "serviceTask": Service,
    "scriptTask": Service,
    "sendTask": Service,
    "businessRuleTask": Service,
    "receiveTask": Receive,
    "callActivity": Calling,
    "subProcess": Inside,
    "transaction": Inside,
    "startEvent": Begin,
    "boundaryEvent": Boundary,
    "intermediateCatchEvent": Catch,
    "intermediateThrowEvent": Throw,
    "endEvent": Throw,
    "exclusiveGateway": Exclusive,
    "inclusiveGateway": Inclusive,
    "parallelGateway": Parallel,
    "eventBasedGateway": EventGateway,
}


_NOTICES = ("update_event", "ready_event", "completed_event", "error_event", "cancelled_event", "run_event")
_NOBODY = Event()
"""Nobody listens to the library's notices: one for all specs instead of six for each, a fifth of a definition."""


def build(key: str, elements: dict[str, Element], process: Element) -> ProcessSpec:
    """The graph of specs of a process, wired once; running it never changes it."""
    spec = ProcessSpec(key)
    spec.start.element = process
    for name, element in elements.items():
        made = KINDS[element.kind](spec, name)
        made.element = element
        made.scope = element.scope or ROOT
        for event in _NOTICES:
            setattr(made, event, _NOBODY)
    for name, element in elements.items():
        for out in element.outs:
            spec.task_specs[name].connect(spec.task_specs[out.target])
    return spec
