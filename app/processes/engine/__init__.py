"""The process engine: state in, state out, free of the database. The only place that knows SpiffWorkflow 3.2.0.

    definition = compile_definition(xml)                      # parsed once, immutable, never stored in an instance
    step = begin(definition, {"order": "…"}, callbacks)       # runs to where people are needed
    step = resume(definition, step.state, token, answers, by, callbacks)

What the library gives: the BPMN parser, the graph of the diagram, the life of a task. What it gets wrong is replaced
here: parallel joins that lose writes or fire early, trees that grow with history and die at depth 1000, diagrams
changed by running them, scripts run by Python. `lint` refuses everything that would run wrong.
"""

from __future__ import annotations

from app.processes.engine.definition import Definition, compile_definition, form_keys_of, key_of
from app.processes.engine.elements import Element, Gateway, ServiceStep, UserWork
from app.processes.engine.errors import DiagramRefused, EngineFault, MergeConflict, TokenNotReady, UnreadableState
from app.processes.engine.lint import Known, Problem, problems_of
from app.processes.engine.parser import read_specs
from app.processes.engine.run import Callbacks, Happening, Opened, Step, begin, open_tokens, resume
from app.processes.engine.xml import parse_diagram

__all__ = [
    "Callbacks",
    "Definition",
    "DiagramRefused",
    "Element",
    "EngineFault",
    "Gateway",
    "Happening",
    "Known",
    "MergeConflict",
    "Opened",
    "Problem",
    "ServiceStep",
    "Step",
    "TokenNotReady",
    "UnreadableState",
    "UserWork",
    "begin",
    "compile_definition",
    "form_keys_of",
    "key_of",
    "open_tokens",
    "parse_diagram",
    "problems_of",
    "read_specs",
    "resume",
]
