"""From the XML to the graph of specs: SpiffWorkflow's parser with our specs in it."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import EndEventParser, StartEventParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from app.processes.engine import specs
from app.processes.engine.errors import DiagramRefused
from app.processes.engine.xml import DIAGRAM, tag


class ChoosingParser(GatewayParser):
    """Conditions are ours (`elements.Gateway`), so the spec learns only which flow leads where."""

    def connect_outgoing(self, outgoing_task: Any, sequence_flow_node: Any, is_default: bool) -> None:  # noqa: FBT001
        self.task.add_flow(sequence_flow_node.get("id"), outgoing_task)


class OneProcessParser(ProcessParser):
    """Makes our process spec."""

    def create_spec(self) -> Any:
        return specs.ProcessSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)


class DiagramParser(BpmnParser):
    """Our spec for every element that we run; the library's for others (the lint refuses those)."""

    PROCESS_PARSER_CLASS = OneProcessParser
    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012 - the library reads it so
        tag("startEvent"): (StartEventParser, specs.Begin),
        tag("endEvent"): (EndEventParser, specs.Finish),
        tag("task"): (TaskParser, specs.Automatic),
        tag("userTask"): (TaskParser, specs.Work),
        tag("serviceTask"): (TaskParser, specs.Service),
        tag("exclusiveGateway"): (ChoosingParser, specs.Exclusive),
        tag("inclusiveGateway"): (ChoosingParser, specs.Inclusive),
        tag("parallelGateway"): (GatewayParser, specs.Parallel),
    }


def read_specs(root: Any, key: str) -> tuple[Any, dict[str, Any]]:
    """The spec of the process and those of its subprocesses by name. Raises DiagramRefused."""
    parser = DiagramParser()
    try:
        parser.add_bpmn_xml(root)
        return parser.get_spec(key), parser.get_subprocess_specs(key)
    except ValidationException as error:
        element = error.tag if error.tag and not error.tag.startswith("{") else DIAGRAM
        raise DiagramRefused({element: [str(error)[:300]]}) from error
