"""The process engine: state in, state out, free of the database. The only place that knows SpiffWorkflow 3.2.0.

    definition = compile_definition(xml)                      # parsed once, immutable, never stored in an instance
    step = begin(definition, {"order": "…"}, callbacks)       # runs to where people or events are needed
    step = act(definition, step.state, Complete(token, answers, by), callbacks)

What the library gives: the classes of specs, tasks and their states, the life of a task. What it gets wrong is
replaced here: parallel joins that lose writes or fire early, trees that grow with history and die at depth 1000,
diagrams changed by running them, scripts run by Python, events of subprocesses. `lint` refuses what would run wrong.

    elements, graph, reading, values, xml    what the diagram says
    lint, lint_*, drafting                   what may not be deployed; the same of a draft
    spec_base, spec_work, spec_event,        what each element does: activities, events, gateways; the graph of them
    spec_gateway, specs
    life                                     what happens around that: jobs, loops, inputs, boundary events, outputs
    scopes, loops, watching, throwing,       subprocesses, multi-instances, boundary events, errors,
    compensation, timers, merge              one file per construct
    workflow, codec, keys                    the tree of tokens, and as bytes
    commands, run, results                   what can be done to an instance, and what a step came to
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.processes.engine.commands import (
    Arrive,
    Assign,
    Complete,
    Fail,
    Go,
    Hear,
    Move,
    Nothing,
    Park,
    Report,
    Retry,
)
from app.processes.engine.definition import Definition, as_text, compile_definition, form_keys_of, key_of, keys_of
from app.processes.engine.drafting import findings, graph_names, processes_in
from app.processes.engine.elements import Call, Element, Event, Gateway, Receive, Scope, ServiceStep, UserWork
from app.processes.engine.errors import (
    BpmnError,
    DiagramRefused,
    EngineFault,
    MergeConflict,
    NoPlace,
    NotKept,
    SamePerson,
    StateTooLarge,
    TokenNotReady,
    UnreadableState,
)
from app.processes.engine.looking import TokenView, local_variables, open_tokens, tokens, variables
from app.processes.engine.migrating import Fate, Migrated, Outlook, Restate, Watch, migrated, outlook
from app.processes.engine.problem import Known, Problem
from app.processes.engine.results import Callbacks, Fault, Happening, Opened, Step, Thrown, Wait
from app.processes.engine.run import Run
from app.processes.engine.values import ENGINE_NAMES, from_outside, kept
from app.processes.engine.xml import parse_diagram

__all__ = [
    "ENGINE_NAMES",
    "Arrive",
    "Assign",
    "BpmnError",
    "Call",
    "Callbacks",
    "Complete",
    "Definition",
    "DiagramRefused",
    "Element",
    "EngineFault",
    "Event",
    "Fail",
    "Fate",
    "Fault",
    "Gateway",
    "Go",
    "Happening",
    "Hear",
    "Known",
    "MergeConflict",
    "Migrated",
    "Move",
    "NoPlace",
    "NotKept",
    "Nothing",
    "Opened",
    "Outlook",
    "Park",
    "Problem",
    "Receive",
    "Report",
    "Restate",
    "Retry",
    "SamePerson",
    "Scope",
    "ServiceStep",
    "StateTooLarge",
    "Step",
    "Thrown",
    "TokenNotReady",
    "TokenView",
    "UnreadableState",
    "UserWork",
    "Wait",
    "Watch",
    "act",
    "as_text",
    "begin",
    "compile_definition",
    "findings",
    "form_keys_of",
    "from_outside",
    "graph_names",
    "kept",
    "key_of",
    "keys_of",
    "local_variables",
    "migrated",
    "open_tokens",
    "outlook",
    "parse_diagram",
    "processes_in",
    "tokens",
    "variables",
]


def begin(
    definition: Definition,
    given: Mapping[str, Any],
    callbacks: Callbacks,
    *,
    at: str | None = None,
    called: bool = False,
) -> Step:
    """Start an instance (at another start event if `at` names one) and run it to where people or events are needed."""
    return Run(definition, callbacks, called=called).begin(given, at)


def act(definition: Definition, state: bytes, command: Any, callbacks: Callbacks, *, called: bool = False) -> Step:
    """Do one thing to a stored instance and run it on. Raises TokenNotReady, EngineFault, and whatever the callbacks
    raise; what was stored before is then still the truth."""
    run = Run(definition, callbacks, called=called)
    run.load(state)
    command.do(run)
    return run.to_next_wait()
