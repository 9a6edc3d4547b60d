"""Moving instances to another version: choose the versions, see what would become of every token, confirm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import web
from app.core.db import session
from app.core.errors import DomainError, Invalid, NotFound, StaleVersion
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.processes import queries, service
from app.processes.cockpit import batches, moving, naming
from app.processes.cockpit.batches import reason_faults
from app.processes.cockpit.moving import Versions
from app.processes.definitions import ProcessNotFound, deployed, in_force
from app.processes.models import ProcessInstance
from app.processes.pages.blueprint import bp, definition_url
from app.processes.permissions import PROCESS_OPERATE

FIELD = "map."
"""Fields of the mapping are called so, and then like the element."""
MOST_FIELDS = 1000


@dataclass(frozen=True)
class _Choice:
    """What the address or the form says. `old` and `new` are version numbers; 0: there is none to choose."""

    key: str
    versions: Versions
    old: int
    new: int
    mapping: dict[str, str]
    instance: ProcessInstance | None
    reason: str
    count: int | None

    @property
    def back(self) -> str:
        """Where the page was opened from."""
        if self.instance is not None:
            return url_for("processes.show_instance", instance_id=self.instance.id)
        return definition_url(self.key, version=self.old) if self.old else definition_url(self.key)


@bp.route("/processes/definitions/<key>/migrate", methods=["GET", "POST"])
@requires(PROCESS_OPERATE)
def migrate(key: str) -> ResponseReturnValue:
    """The dry run, again with every change of the mapping; POST moves them."""
    choice = _choice(key)
    if request.method == "GET":
        return _page(choice)
    try:
        if not choice.old or not choice.new:
            raise Invalid({"to": [_("Choose another version of the same process.")]})
        faults = reason_faults(choice.reason)
        if faults:
            raise Invalid(faults)
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            return _move(choice)
    except DomainError as error:
        return _page(choice, error)


def _choice(key: str) -> _Choice:
    given = request.form if request.method == "POST" else request.args
    versions = moving.versions_of(key)
    instance = _instance(key, given.get("instance", ""))
    if instance is not None:
        numbers = {definition: number for number, definition in versions.numbers.items()}
        old = numbers[instance.definition_id]
    else:
        old = _number(given.get("from", ""), versions) or _left_behind(key, versions)
    return _Choice(
        key=key,
        versions=versions,
        old=old,
        new=_number(given.get("to", ""), versions) or _newer(key, versions, old),
        mapping=_mapping(given),
        instance=instance,
        reason=given.get("reason", "")[:20_000],
        count=int(given["count"]) if given.get("count", "") in map(str, moving.SOME) else None,
    )


def _instance(key: str, instance_id: str) -> ProcessInstance | None:
    if not instance_id:
        return None
    found = queries.get_instance(instance_id)
    if found.key != key:
        raise NotFound(instance=instance_id[:26])
    return found


def _number(text: str, versions: Versions) -> int:
    """The version of that number; 0 if there is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number if number in versions.numbers else 0


def _in_force(key: str) -> int:
    try:
        return in_force(key).version
    except ProcessNotFound:
        return 0


def _left_behind(key: str, versions: Versions) -> int:
    """The newest version that is not in force any more and on which something runs, else any that runs."""
    current = _in_force(key)
    left = [number for number in versions.running if number != current]
    return next(iter((*left, *versions.running, *versions.numbers)))


def _newer(key: str, versions: Versions, old: int) -> int:
    """The version in force, else the newest other one; 0 if there is no other."""
    wish = _in_force(key)
    return wish if wish not in (0, old) else next((number for number in versions.numbers if number != old), 0)


def _mapping(given: Mapping[str, str]) -> dict[str, str]:
    chosen = [(name.removeprefix(FIELD), value) for name, value in given.items() if name.startswith(FIELD) and value]
    return {element: to for element, to in chosen[:MOST_FIELDS] if element != to}


def _move(choice: _Choice) -> ResponseReturnValue:
    old, new = choice.versions.numbers[choice.old], choice.versions.numbers[choice.new]
    if choice.instance is None:
        made = moving.begin(current_actor(), old, new, choice.mapping, choice.reason, choice.count)
        return redirect(url_for("processes.show_batch", batch_id=made.id))
    seen, current = request.form.get("seen", "")[:20], _stamp(choice.instance)
    if seen != current:
        raise StaleVersion(seen=seen, current=current)
    mapping = moving.known(old, new, choice.mapping)
    service.migrate(current_actor(), choice.instance.id, new, mapping, reason=choice.reason)
    flash(_("It is on version %(version)s now.", version=choice.new), "success")
    return redirect(choice.back)


def _stamp(instance: ProcessInstance) -> str:
    return f"{instance.version}.{instance.events}"


def _counts(total: int) -> list[tuple[str, str]]:
    """How many can be moved, to choose from; empty when there is nothing to choose."""
    some = [(str(one), _n("only the oldest", "only the oldest %(num)s", one)) for one in moving.SOME if one < total]
    return [("", _("all of them")), *some] if some else []


def _page(choice: _Choice, error: DomainError | None = None) -> ResponseReturnValue:
    numbers, instance = choice.versions.numbers, choice.instance
    plan = None
    if choice.new and choice.new != choice.old and not (instance is not None and instance.status != "running"):
        plan = moving.plan_of(
            numbers[choice.old], numbers[choice.new], choice.mapping, instance.id if instance is not None else None
        )
    total = plan.preview.total if plan is not None else 0
    page = render_template(
        "processes/_migrate.html" if web.is_fragment() else "processes/migrate.html",
        choice=choice,
        plan=plan,
        name=deployed(numbers[choice.old]).name,
        label=naming.labels_of([instance])[instance.id] if instance is not None else "",
        counts=_counts(total),
        most=batches.MOST,
        seen=_stamp(instance) if instance is not None else "",
        error=error,
    )
    return page, error.status if error is not None else 200
