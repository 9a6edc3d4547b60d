"""The addresses of a place that has variables (an instance, an execution, a task), the same for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.permissions import Permission, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import download, keep
from app.integration.engine_rest.errors import DialectError, InvalidRequest, missing
from app.integration.engine_rest.values import CONTENT, Variables, variables_in, variables_out
from app.integration.engine_rest.wire import Given, sent


class Place(Protocol):
    """Something that has variables."""

    @property
    def what(self) -> str:
        """How messages call it."""

    def kept(self) -> dict[str, Any]:
        """Its variables as they are kept, with `_types`."""

    def change(self, given: Variables, removed: list[str]) -> None:
        """Set some, remove others."""


Find = Callable[..., Place]


def serve(address: str, endpoint: str, find: Find, *, read: Permission, write: Permission) -> None:
    """Register the addresses below `address`. `find(place_id)` answers the place or refuses; it checks nothing but
    who may see it."""

    def rule(suffix: str, name: str, method: str, right: Permission, view: Callable[..., ResponseReturnValue]) -> None:
        bp.add_url_rule(f"{address}{suffix}", f"{name}_{endpoint}", requires(right)(view), methods=[method])

    rule("", "get", "GET", read, lambda place_id: _get_all(find(place_id)))
    rule("", "change", "POST", write, lambda place_id: _change(find(place_id)))
    rule("/<name>", "get_one_of", "GET", read, lambda place_id, name: _get_one(find(place_id), name))
    rule("/<name>", "put_one_of", "PUT", write, lambda place_id, name: _put(find(place_id), name))
    rule("/<name>", "delete_one_of", "DELETE", write, lambda place_id, name: _delete(find(place_id), name))
    rule("/<name>/data", "get_data_of", "GET", read, lambda place_id, name: _get_data(find(place_id), name))
    rule("/<name>/data", "put_data_of", "POST", write, lambda place_id, name: _put_data(find(place_id), name))


def _plain(name: str) -> bool:
    return request.args.get(name, "true").lower() != "false"


def _get_all(place: Place) -> Response:
    return jsonify(variables_out(place.kept(), plain=_plain("deserializeValues")))


def _no_such(place: Place, name: str) -> str:
    return f"{place.what} variable with name {name} does not exist"


def _get_one(place: Place, name: str) -> Response:
    kept = place.kept()
    shown = variables_out({key: kept[key] for key in (name, "_types") if key in kept}, plain=_plain("deserializeValue"))
    if name not in shown:
        missing(_no_such(place, name))
    return jsonify(shown[name])


def _get_data(place: Place, name: str) -> Response:
    return download(place.kept(), name, lambda: _no_such(place, name))


def _change(place: Place) -> ResponseReturnValue:
    given = sent()
    removed = given.texts("deletions") or []
    try:
        modified = variables_in(given.mapping("modifications"), keep)
    except DialectError as error:
        raise InvalidRequest(f"Cannot modify variables for {place.what}: {error.text}") from None
    if modified.values or removed:
        place.change(modified, removed)
    return done()


def _put(place: Place, name: str) -> ResponseReturnValue:
    _set(place, name, sent().values)
    return done()


def _set(place: Place, name: str, value: Any) -> None:
    try:
        given = variables_in({name: value}, keep)
    except DialectError as error:
        raise InvalidRequest(f"Cannot put {place.what} variable {name}: {error.text}") from None
    place.change(given, [])


def _delete(place: Place, name: str) -> ResponseReturnValue:
    place.change(Variables(), [name])
    return done()


def _put_data(place: Place, name: str) -> ResponseReturnValue:
    """Bytes or a file from a form: parts `data` and `valueType` (Bytes without one)."""
    part = request.files.get("data")
    if part is None:
        raise InvalidRequest("No 'data' part was sent")
    kind = Given(request.form.to_dict()).text("valueType") or "Bytes"
    if kind.lower() not in ("bytes", "file"):
        raise InvalidRequest(f"A value of type '{kind[:40]}' cannot be sent as bytes")
    content = part.read()
    made = Variables({name: None})
    variables_in({name: {"value": None, "type": "Null"}}, keep)  # refuses names that are not to be set
    made.values[name] = CONTENT + keep(content)
    filename = (part.filename or name).replace("\x00", "")[:255] or name
    info = {"filename": filename, "mimeType": part.mimetype or "application/octet-stream"}
    made.types[name] = {"type": "File", "valueInfo": info} if kind.lower() == "file" else {"type": "Bytes"}
    place.change(made, [])
    return done()
