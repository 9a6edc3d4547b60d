"""The routes that every kind of master data has: list, export, one record, new, edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.catalog import service
from app.catalog.pages import forms, listing, names
from app.catalog.pages.blueprint import bp
from app.catalog.pages.inputs import Form, given, written
from app.catalog.pages.listing import Listing
from app.core import menu
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import LazyString, _
from app.core.permissions import Permission, current_actor, requires

HISTORY = 20


def _no_context(_found: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of master data: how it is found, made, changed, called and shown."""

    key: str
    listing: Listing
    form: Form
    get: Callable[[str], Any]
    create: Callable[..., Any]
    change: Callable[..., Any]
    title: Callable[[Any], str]
    read: Permission
    edit: Permission
    place: tuple[LazyString, int]
    """Label and order in the menu."""
    template: str = "catalog/record.html"
    context: Callable[[Any], dict[str, Any]] = _no_context
    defaults: dict[str, Any] = field(default_factory=dict)

    def id_of(self, found: Any) -> dict[str, str]:
        """The argument of the addresses of one record."""
        return {f"{self.key}_id": str(found.code if self.key == "region" else found.id)}

    def address(self, verb: str, found: Any) -> str:
        """Address of `show`, `edit` or `change` of the record."""
        values: dict[str, Any] = {**self.id_of(found)}
        return url_for(f"catalog.{verb}_{self.key}", **values)


def offer(kind: Kind) -> None:
    """Register the routes and the menu entry of a kind."""
    key, base = kind.key, f"/{kind.key}s"
    one = f"{base}/<{key}_id>"
    routes: list[tuple[str, str, Permission, Callable[..., Any], str]] = [
        (base, f"list_{key}s", kind.read, lambda: listing.show(kind.listing), "GET"),
        (f"{base}/export.<file_type>", f"export_{key}s", kind.read, _export(kind), "GET"),
        (f"{base}/new", f"new_{key}", kind.edit, lambda: _blank(kind), "GET"),
        (f"{base}/new", f"create_{key}", kind.edit, lambda: _create(kind), "POST"),
        (one, f"show_{key}", kind.read, lambda **ids: _show(kind, kind.get(_only(ids))), "GET"),
        (f"{one}/edit", f"edit_{key}", kind.edit, lambda **ids: _edit(kind, kind.get(_only(ids))), "GET"),
        (f"{one}/edit", f"change_{key}", kind.edit, lambda **ids: _change(kind, kind.get(_only(ids))), "POST"),
    ]
    for rule, endpoint, right, view, method in routes:
        view.__name__ = endpoint
        bp.add_url_rule(rule, endpoint, requires(right)(view), methods=[method])
    label, order = kind.place
    menu.add(label, kind.listing.endpoint, icon=kind.listing.icon, right=kind.read, section="master", order=order)


def _only(ids: dict[str, str]) -> str:
    (found,) = ids.values()
    return found


def by_id(model: type[Any], what: str) -> Callable[[str], Any]:
    """A function that finds the record of that id or raises NotFound."""

    def get(record_id: str) -> Any:
        found = session().get(model, record_id)
        if found is None:
            raise NotFound(**{what: record_id})
        return found

    return get


def _export(kind: Kind) -> Callable[..., Response]:
    return lambda file_type: listing.export(kind.listing, file_type)


def _show(kind: Kind, found: Any) -> str:
    return render_template(
        kind.template,
        kind=kind,
        found=found,
        history=latest_of(service.subject_of(found), limit=HISTORY),
        actions=names.ACTIONS,
        names=names,
        **kind.context(found),
    )


def _form(kind: Kind, values: dict[str, Any], *, found: Any = None, wrong: Any = None, version: int = 0) -> str:
    return render_template(
        "catalog/form.html", kind=kind, values=values, found=found, wrong=wrong or {}, version=version, form=kind.form
    )


def _blank(kind: Kind) -> str:
    values = {one.name: "" for group in kind.form.groups for one in group.inputs} | kind.defaults
    values |= {name: request.args[name][:64] for name in values if name in request.args}
    return _form(kind, values)


def _create(kind: Kind) -> str | Response | BaseResponse:
    values = written(kind.form, request.form)
    try:
        made = kind.create(current_actor(), given(kind.form, values))
    except Invalid as error:
        return _refused(_form(kind, values, wrong=error.details["fields"]))
    flash(_("Saved."), "success")
    return redirect(kind.address("show", made))


def _edit(kind: Kind, found: Any) -> str:
    return _form(kind, forms.values_of(found, kind.form), found=found, version=found.version)


def _change(kind: Kind, found: Any) -> Response | BaseResponse:
    values = written(kind.form, request.form)
    seen = request.form.get("seen_version", 0, type=int)
    try:
        kind.change(current_actor(), found, given(kind.form, values), seen_version=seen)
    except Invalid as error:
        return _refused(_form(kind, values, found=found, wrong=error.details["fields"], version=seen))
    except Conflict as error:
        flash(error.sentence(), "danger")
        return _refused(_form(kind, values, found=found, version=seen), error.status)
    flash(_("Saved."), "success")
    return redirect(kind.address("show", found))


def _refused(page: str, status: int = 422) -> Response:
    return make_response(page, status)
