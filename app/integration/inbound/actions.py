"""What events can do here: a table that `action_*` modules fill, and how mapped values become what an action takes.

    @action("order.cancel", _l("Cancel an order"), ORDER_CANCEL, text("order", …), text("reason", …))
    def cancel(actor, values, arrival) -> Outcome: ...      # in the event's transaction

An action raises `CameEarly` for what may still come (an order that is not there yet) and any other DomainError for what
is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.errors import DomainError
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor, Permission

TEXT, WHOLE, AMOUNT, DATE, MOMENT, CHOICE, ROWS = "text", "whole", "amount", "date", "moment", "choice", "rows"


class CameEarly(DomainError):
    """What the event is about is not there yet; it waits."""

    status = 409
    message = _l("Not there yet: %(what)s.")


class DoesNotFit(DomainError):
    """A mapped value is not of the kind that the field takes."""

    message = _l("%(reason)s")


@dataclass(frozen=True)
class Parameter:
    """A field of an action. `columns` are those of a list; `choices` the codes of a choice."""

    name: str
    label: LazyString
    kind: str = TEXT
    required: bool = False
    hint: LazyString | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Link:
    """A thing that an event made or touched: `kind` is that of audit subjects."""

    kind: str
    id: str
    label: str


@dataclass(frozen=True)
class Outcome:
    """What was done, in words and links. `waits`: handed to the buffer of messages, whose receiver is not there yet."""

    text: LazyString
    links: tuple[Link, ...] = ()
    waits: bool = False


@dataclass(frozen=True)
class Arrival:
    """The event behind an action: `token` tells this run of it from all others; `left`: how long it may wait."""

    token: str
    event_id: str
    key: str | None
    left: timedelta


Run = Callable[[Actor, dict[str, Any], Arrival], Outcome]


@dataclass(frozen=True)
class Action:
    """Something that an event can do. `variables`: it also takes named values of the designer's own."""

    code: str
    label: LazyString
    right: Permission
    parameters: tuple[Parameter, ...]
    run: Run
    variables: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """The field of that name."""
        return next((one for one in self.parameters if one.name == name), None)


_declared: dict[str, Action] = {}


def action(
    code: str, label: LazyString, right: Permission, *parameters: Parameter, variables: bool = False
) -> Callable[[Run], Run]:
    """Decorator: the function does it. The same code twice is a programming error."""

    def keep(run: Run) -> Run:
        if code in _declared:
            raise RuntimeError(f"inbound action {code!r} is declared twice")
        _declared[code] = Action(code, label, right, parameters, run, variables)
        return run

    return keep


def actions() -> dict[str, Action]:
    """All there are, by code."""
    return dict(sorted(_declared.items()))


def find_action(code: str) -> Action | None:
    """The action of that code."""
    return _declared.get(code)


def fitted(parameter: Parameter, value: Any) -> Any:
    """The value as the field takes it. Raises DoesNotFit."""
    if isinstance(value, dict | list):
        raise DoesNotFit(reason=_("A plain value is needed, not a list or object."))
    if isinstance(value, datetime):
        value = value.isoformat()
    if parameter.kind == WHOLE:
        return _whole(value)
    if isinstance(value, bool):
        raise DoesNotFit(reason=_("A text or number is needed, not true or false."))
    text = str(value).strip()
    if parameter.kind == DATE:
        return _date(text)
    if parameter.kind == CHOICE and text not in parameter.choices:
        raise DoesNotFit(reason=_("Must be one of: %(choices)s.", choices=", ".join(parameter.choices)))
    return text


def _whole(value: Any) -> int:
    text = str(value).strip()
    digits = text.removeprefix("-")
    if "." in digits:
        digits = digits.rstrip("0").removesuffix(".")
    if isinstance(value, bool) or not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise DoesNotFit(reason=_("Must be a whole number."))
    return -int(digits) if text.startswith("-") else int(digits)


def _date(text: str) -> str:
    """A day as it is; a moment is the day it is on here."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) > 10 and moment.tzinfo is not None:
            return clock.local_date(moment).isoformat()
        return moment.date().isoformat()
    except (ValueError, OverflowError):
        raise DoesNotFit(reason=_("Must be a date such as 2026-11-30.")) from None
