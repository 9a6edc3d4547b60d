"""What somebody wants to see of the inbox, as the address says it. What the address says wrongly limits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from app.core.i18n import LazyString, _l
from app.orders.models import CHANNELS
from app.orders.queries import plain
from app.priority.queries import BANDS

LONGEST_TEXT = 100
DUE: dict[str, LazyString] = {
    "overdue": _l("overdue"),
    "today": _l("due today"),
    "week": _l("due this week"),
}
BLOCKED: dict[str, LazyString] = {"yes": _l("only blocked"), "no": _l("without blocked")}
HOLDERS: dict[str, LazyString] = {
    "me": _l("I have it"),
    "nobody": _l("nobody has it"),
    "somebody": _l("somebody has it"),
}
SORTS: dict[str, LazyString] = {"rank": _l("priority"), "due": _l("due time"), "age": _l("waiting longest")}


@dataclass(frozen=True)
class Wanted:
    """An empty field does not limit. `q`: words that must all occur; `customer`: a code; `element`: what is asked."""

    q: str = ""
    band: str = ""
    element: str = ""
    due: str = ""
    channel: str = ""
    customer: str = ""
    holder: str = ""
    blocked: str = ""
    sort: str = ""

    @property
    def words(self) -> list[str]:
        """What is looked for, as it is kept."""
        return plain(self.q).split(" ") if plain(self.q) else []

    def address(self) -> dict[str, str]:
        """Arguments of an address that says the same."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def limits(self) -> bool:
        """True when it leaves tasks out."""
        return any(value for name, value in vars(self).items() if name != "sort")


NAMES = tuple(one.name for one in fields(Wanted))
_CHOICES: dict[str, Mapping[str, object] | tuple[str, ...]] = {
    "band": BANDS,
    "due": DUE,
    "channel": CHANNELS,
    "holder": HOLDERS,
    "blocked": BLOCKED,
}


def wanted_of(given: Mapping[str, str]) -> Wanted:
    """What an address asks for."""
    found = {name: given.get(name, "") for name in NAMES}
    for name, choices in _CHOICES.items():
        found[name] = found[name] if found[name] in choices else ""
    found["sort"] = found["sort"] if found["sort"] in SORTS and found["sort"] != "rank" else ""
    for name in ("q", "element", "customer"):
        found[name] = found[name].strip()[:LONGEST_TEXT]
    return Wanted(**found)
