"""`/engine-rest`: the REST dialect of Camunda 7, as its clients and modelers speak it.

wire, values, errors       how moments, variables and refusals are written
engine, variables, places  where the dialect meets our engine
external*, tasks*, …       one module per group of addresses
"""

from __future__ import annotations

from app.integration.engine_rest import (
    definitions,
    deployments,
    external,
    external_fetch,
    history,
    history_activities,
    history_tasks,
    incidents,
    instances,
    jobs,
    messages,
    modifying,
    places,
    starting,
    task_doing,
    task_parts,
    tasks,
    variable_instances,
)
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.meta import known

ROUTES = (
    *(definitions, deployments, external, external_fetch, history, history_activities, history_tasks, incidents),
    *(instances, jobs, messages, modifying, places, starting, task_doing, task_parts, tasks, variable_instances),
)
"""Modules that register addresses."""

__all__ = ["ROUTES", "bp", "known"]
