"""The REST API: flask-smorest set up once; OpenAPI 3.1 at /api/v1/openapi.json, a page to read it at /api/v1/docs."""

from __future__ import annotations

from functools import wraps
from typing import Any

from flask import Flask, Request, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import fields
from webargs.flaskparser import FlaskParser

from app.core.fields import Amount, Choice, MomentField, Quantity, Schema, Text
from app.core.permissions import public

PREFIX = "/api/v1"


class ErrorBody(Schema):
    """What went wrong: a stable code, a sentence in the caller's language, data (`details.fields` for bad input)."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    details = fields.Dict(required=True)


class ErrorSchema(Schema):
    """Every refusal of the API has this shape."""

    error = fields.Nested(ErrorBody, required=True)


class ApiWithOurErrors(Api):
    """flask-smorest, documenting our error shape; our handlers answer, not its own."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Refusals are shown by `core.refusals`."""


class StrictParser(FlaskParser):
    """Reads bodies as the rest of the application does: 415 for another type, 400 for what is no strict JSON."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """The body."""
        return req.get_json()


class ApiBlueprint(SmorestBlueprint):
    """A blueprint of the API: `ApiBlueprint("orders", __name__, description=…)`, addresses below /api/v1."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        super().__init__(f"{name}_api", import_name, url_prefix=kwargs.pop("url_prefix", PREFIX), **kwargs)


def make_api(app: Flask) -> Api:
    """Set up the API of the application and its documentation page."""
    app.config.update(
        API_TITLE="Youxu 有序",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "security": [{"token": []}],
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = ApiWithOurErrors(app)
    for field, kind, form in (
        (Text, "string", None),
        (Choice, "string", None),
        (Quantity, "integer", None),
        (Amount, "string", None),
        (MomentField, "string", "date-time"),
    ):
        api.register_field(field, kind, form)
    served: Any = app.view_functions["api-docs.openapi_json"]
    app.view_functions["api-docs.openapi_json"] = public(wraps(served)(lambda: served()))  # noqa: PLW0108

    @app.get(f"{PREFIX}/docs")
    @public
    def api_docs_page() -> str:
        return render_template("core/api_docs.html")

    return api
