"""The finding of a simulation in plain words."""

from __future__ import annotations

from typing import Any

from app.core import jsontext
from app.core.i18n import _, _l, _n, pick, show_number
from app.decisions.populations import populations
from app.decisions.schema import shipped_schema
from app.decisions.simulation.models import Simulation
from app.decisions.tables import spoken_language
from app.decisions.vocabulary import assigned_words, effect_words, people_words

STAGE_NAMES = {
    "waiting": _l("Waiting to begin"),
    "reading": _l("Reading facts"),
    "active": _l("Deciding by the version in force"),
    "draft": _l("Deciding by the draft"),
    "comparing": _l("Comparing"),
    "past": _l("Deciding past decisions again"),
}
FAULTS = {
    "silent": _l("It was broken off before it came to an end."),
    "error": _l("It came upon an error, which is in the server's log."),
}
_BLOCKS = ("blocked", "unblocked")
HOW = {
    "up": _l("up"),
    "down": _l("down"),
    "blocked": _l("newly blocked"),
    "unblocked": _l("newly unblocked"),
    "room": _l("makes room"),
    "same": _l("changed, same place"),
}


def counted(found: dict[str, Any]) -> str:
    """How many there are, in words."""
    return populations.get(found["population"])().counted(found["count"])


def summary(found: dict[str, Any]) -> str:
    """What becomes of the population, in one to four sentences."""
    them = counted(found)
    moved = {name: found[name] for name in ("up", "down", "blocked", "unblocked", "same")}
    if not any(moved.values()):
        return _("Of %(them)s none would change.", them=them)
    numbers = {name: show_number(count) for name, count in moved.items()}
    said = (
        _("Of %(them)s %(up)s move up and %(down)s down.", them=them, up=numbers["up"], down=numbers["down"])
        if found["ranked"]
        else _("Of %(them)s %(changed)s change.", them=them, changed=numbers["same"])
    )
    parts = [said, *_blocks(numbers, moved)]
    if found["ranked"] and found["same"]:
        parts.append(
            _n(
                "%(num)s changes without moving.",
                "%(num)s change without moving.",
                found["same"],
                num=show_number(found["same"]),
            )
        )
    if found["room"]:
        parts.append(
            _n(
                "%(num)s more is only passed by others or moves into their place.",
                "%(num)s more are only passed by others or move into their places.",
                found["room"],
                num=show_number(found["room"]),
            )
        )
    return _joined(parts)


def _joined(sentences: list[str]) -> str:
    """Chinese has no space between sentences."""
    return (" " if spoken_language() == "en" else "").join(sentences)


def _blocks(numbers: dict[str, str], counts: dict[str, int]) -> list[str]:
    told = _("%(blocked)s become blocked and %(unblocked)s unblocked.", **{name: numbers[name] for name in _BLOCKS})
    return [told] if counts["blocked"] or counts["unblocked"] else [_("No block comes or goes.")]


def past_summary(found: dict[str, Any]) -> str:
    """What becomes of the past decisions."""
    counts = {name: found[name] for name in _BLOCKS}
    numbers = {name: show_number(count) for name, count in counts.items()}
    said = _(
        "Of the last %(compared)s decisions that could be made again %(changed)s come out differently.",
        compared=show_number(found["compared"]),
        changed=show_number(found["changed"]),
    )
    return _joined([said, *(_blocks(numbers, counts) if any(counts.values()) else [])])


def step_words(step: dict[str, Any]) -> str:
    """What a rule gives now: `+60`, `40 → 60`, `no longer: 40`."""
    if step["gained"]:
        return _signed(step["now"]) or effect_words(step["effect"])
    if step["lost"]:
        return _("no longer") + (f" ({_signed(step['was'])})" if step["was"] else "")
    if step["was"] != step["now"]:
        return f"{_signed(step['was']) or '0'} → {_signed(step['now']) or '0'}"
    return effect_words(step["effect"]) or _("otherwise")


def _signed(points: int | None) -> str:
    return f"{points:+d}".replace("-", "−") if points else ""


def who_words(who: str | None) -> str:
    """Whom a decision asks, in the reader's words."""
    told = []
    for step, groups, users in jsontext.loads(who) if who else []:
        people = [*groups, *users]
        told.append(assigned_words(step, people) if step else people_words(people))
    return _("; ").join(told) or _("nobody in particular")


def answer_words(answer: str | None) -> str:
    """What a decision table answers."""
    value = jsontext.loads(answer) if answer else None
    if isinstance(value, dict):
        return ", ".join(f"{name} = {part}" for name, part in value.items())
    return "–" if value is None else str(value)


def fact_words(name: str) -> str:
    """A kind or attribute in the reader's words; what today's schema does not know stays as it is."""
    kind_name, _dot, attribute_name = name.partition(".")
    kind = shipped_schema().kinds.get(kind_name)
    if kind is None:
        return name
    if not attribute_name:
        return pick(kind.label)
    attribute = kind.attributes.get(attribute_name)
    return f"{pick(kind.label)}: {pick(attribute.label) if attribute else attribute_name}"


def fault_words(one: Simulation) -> str:
    """Why a simulation did not come to an end."""
    return str(FAULTS.get("silent" if one.under_way else one.fault) or _("It was refused: %(code)s.", code=one.fault))


def never_and_always(found: dict[str, Any], count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rules in force that fire for none, and those that fire for each one."""
    rules = [rule for rule in found["rules"] if not rule["off"]]
    return [one for one in rules if not one["count"]], [one for one in rules if count and one["count"] == count]
