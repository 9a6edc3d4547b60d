"""schemathesis on the whole OpenAPI document, in-process: nothing breaks, and everything is as documented."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import (
    CacheConfig,
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    SimpleCheckConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from tests.hostile.routes import routes
from tests.hostile.world import Site

DOCUMENT = "/api/v1/openapi.json"
SEED = 20261123
ACCEPTED = ["2xx", "401", "403", "404", "409", "422", "429"]
"""422 is right for well-formed data that names a product or customer there is not."""


def configured(token: str | None, examples: int, *, covering: bool = True) -> SchemathesisConfig:
    """Every check and every phase, reproducible, without a folder of its own; without `covering` only random requests."""
    return SchemathesisConfig(
        seed=SEED,
        cache=CacheConfig(enabled=False),
        projects=ProjectsConfig(
            default=ProjectConfig(
                headers={"Authorization": f"Bearer {token}"} if token else {},
                continue_on_failure=True,
                generation=GenerationConfig(max_examples=examples, deterministic=True, database="none"),
                checks=ChecksConfig(
                    positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=ACCEPTED),
                    # It cannot send without a session in-process; the last test below takes its place.
                    ignored_auth=SimpleCheckConfig(enabled=False),
                ),
                phases=PhasesConfig(
                    coverage=CoveragePhaseConfig(enabled=covering, generate_duplicate_query_parameters=True),
                    stateful=StatefulPhaseConfig(max_steps=4),
                ),
            )
        ),
    )


def run(
    app: Flask, token: str | None, examples: int, *, covering: bool = True
) -> tuple[list[str], dict[str, set[int]]]:
    """What was wrong, and the statuses each operation answered."""
    config = configured(token, examples, covering=covering)
    wrong: list[str] = []
    statuses: dict[str, set[int]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about itself
        schema = schemathesis.openapi.from_wsgi(DOCUMENT, app, config=config)
        for event in from_schema(schema).execute():
            if isinstance(event, FatalError):
                raise event.exception
            if isinstance(event, NonFatalError):
                wrong.append(f"{event.label}: {event.value!r}")
            if isinstance(event, ScenarioFinished):
                _look(event.recorder, wrong, statuses)
    return wrong, statuses


def _look(recorder: Any, wrong: list[str], statuses: dict[str, set[int]]) -> None:
    for case_id, checks in recorder.checks.items():
        operation = recorder.cases[case_id].value.operation.label
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info
                wrong.append(f"{operation}: {check.name}: {failure.failure}\n  {failure.code_sample}")
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            operation = recorder.cases[case_id].value.operation.label
            statuses.setdefault(operation, set()).add(interaction.response.status_code)


@pytest.mark.parametrize("examples", [3, pytest.param(60, marks=pytest.mark.full)])
def test_the_api_is_as_documented(examples, app, site):
    wrong, statuses = run(app, site.token, examples)
    assert not wrong, "\n".join([f"{len(wrong)} faults", *wrong[:20]])
    assert len(statuses) == sum(route.is_api and "api/v1/" in route.rule.rule for route in routes(app)) - 2
    assert all(status < 500 for every in statuses.values() for status in every)
    reached = {operation for operation, every in statuses.items() if every & {200, 201}}
    assert {"GET /api/v1/orders", "GET /api/v1/tasks", "GET /api/v1/products", "GET /api/v1/audit/verify"} <= reached


@pytest.mark.parametrize("covering", [False, pytest.param(True, marks=pytest.mark.full)])
def test_nobody_learns_anything_without_a_token(app: Flask, site: Site, covering: bool):
    _wrong, statuses = run(app, None, 3 if covering else 1, covering=covering)
    assert len(statuses) == sum(route.is_api and "api/v1/" in route.rule.rule for route in routes(app)) - 2
    for operation, every in statuses.items():
        assert every <= {400, 401, 404, 405, 413}, operation
        assert 401 in every, operation
