"""A program that speaks the dialect to the application, inside the test's transaction."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.identity.models import User
from tests.identity.factories import make_token, make_user


@dataclass
class Program:
    """Somebody's API token and the client that sends it."""

    client: FlaskClient
    user: User
    headers: dict[str, str]

    def ask(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        """The answer's JSON (its text when it has none), after its status was looked at."""
        answer = self.client.open(f"/engine-rest{path}", method=method, headers=self.headers, **given)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        if answer.mimetype == "application/json":
            assert answer.headers["Content-Type"] == "application/json"  # exactly, clients compare it
            return answer.json
        return answer.text

    def get(self, path: str, status: int = 200, **args: Any) -> Any:
        return self.ask("GET", path, status, query_string=args)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self.ask("POST", path, status, **({} if body is None else {"json": body}))

    def put(self, path: str, body: Any = None, status: int = 204) -> Any:
        return self.ask("PUT", path, status, **({} if body is None else {"json": body}))

    def delete(self, path: str, status: int = 204) -> Any:
        return self.ask("DELETE", path, status)

    def deploy(self, *diagrams: bytes | tuple[str, bytes], status: int = 200, **options: str) -> Any:
        named = [one if isinstance(one, tuple) else (f"d{place}.bpmn", one) for place, one in enumerate(diagrams)]
        form: dict[str, Any] = {name.replace("_", "-"): value for name, value in options.items()}
        form |= {name: (io.BytesIO(content), name) for name, content in named}
        return self.ask("POST", "/deployment/create", status, data=form, content_type="multipart/form-data")

    def start(self, key: str, **variables: Any) -> str:
        """The id of a new instance; plain values as variables, `business_key` apart."""
        business_key = variables.pop("business_key", None)
        given = {name: {"value": value} for name, value in variables.items()}
        body = {"variables": given, "businessKey": business_key}
        return str(self.post(f"/process-definition/key/{key}/start", body)["id"])

    def fetch(self, topic: str = "work", worker: str = "w1", lock: int = 60_000, most: int = 10, **more: Any) -> Any:
        body = {"workerId": worker, "maxTasks": most, "topics": [{"topicName": topic, "lockDuration": lock, **more}]}
        return self.post("/external-task/fetchAndLock", body)

    def tasks(self, instance: str) -> list[Any]:
        return list(self.get("/task", processInstanceId=instance, sortBy="name", sortOrder="asc"))

    def variables(self, instance: str) -> dict[str, Any]:
        found = self.get(f"/process-instance/{instance}/variables")
        return {name: one["value"] for name, one in found.items()}


As = Callable[..., Program]


@pytest.fixture
def program(client: FlaskClient) -> As:
    """`program("sales")`: a new user's."""

    def make(*roles: str, **over: Any) -> Program:
        user = make_user(roles=roles, **over)
        return Program(client, user, {"Authorization": f"Bearer {make_token(user)}"})

    return make


@pytest.fixture
def rest(program: As) -> Program:
    """One who may do everything but see to users: integration and designer."""
    return program("integration", "designer")
