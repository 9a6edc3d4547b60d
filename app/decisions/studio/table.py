"""Verbs of the table view: each changes the draft's text where it must, and stores it if the whole still compiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.errors import NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.decisions import publish
from app.decisions.ir import RuleSet
from app.decisions.models import RuleSetVersion
from app.decisions.sense import senseless
from app.decisions.studio import editing, inputs
from app.decisions.studio.rule_form import copy_of


class NoSuchRule(NotFound):
    """The rule is not in this version."""

    message = _l("There is no rule “%(rule)s” in this version.")


def rule_data(version: RuleSetVersion, rule: str) -> dict[str, Any]:
    """The rule as it stands in the file. Raises NoSuchRule."""
    found: dict[str, Any] = editing.plain(version.body)["rules"][_place(version, rule)]
    return found


def change_rule(actor: Actor, version: RuleSetVersion, revision: int, rule: str, wanted: dict[str, Any]) -> None:
    """Write a rule anew, entry by entry. Raises RuleFileInvalid, StaleVersion."""
    text = editing.put(version.body, ["rules", _place(version, rule)], wanted)
    publish.save_draft(actor, version, revision, text=text)


def add_rule(
    actor: Actor, version: RuleSetVersion, revision: int, wanted: dict[str, Any], after: str | None = None
) -> None:
    """A rule behind another, or at the end."""
    publish.save_draft(actor, version, revision, text=editing.add_rule(version.body, wanted, after))


def copy_rule(actor: Actor, version: RuleSetVersion, revision: int, rule: str, rule_set: RuleSet) -> str:
    """The rule once more, behind itself, under a new id; it is switched off until somebody has changed it."""
    made = {**copy_of(rule_data(version, rule), rule_set), "disabled": True}
    add_rule(actor, version, revision, made, after=rule)
    return str(made["id"])


def switch_rule(actor: Actor, version: RuleSetVersion, revision: int, rule: str, *, off: bool) -> None:
    """Switch a rule off, or on again."""
    place = _place(version, rule)
    path: list[str | int] = ["rules", place, "disabled"]
    text = editing.put(version.body, path, True) if off else editing.drop(version.body, path)  # noqa: FBT003
    publish.save_draft(actor, version, revision, text=text)


def remove_rule(actor: Actor, version: RuleSetVersion, revision: int, rule: str) -> None:
    """Delete a rule from the draft."""
    _place(version, rule)
    publish.save_draft(actor, version, revision, text=editing.remove_rule(version.body, rule))


def move_rule(actor: Actor, version: RuleSetVersion, revision: int, rule: str, before: str | None) -> None:
    """Put a rule before another one, or (None) last."""
    _place(version, rule)
    if before is not None:
        _place(version, before)
    publish.save_draft(actor, version, revision, text=editing.move_rule(version.body, rule, before))


def settings_shown(rule_set: RuleSet) -> dict[str, str]:
    """Parameters, limits and bands as the fields of their form: `parameter.x`, `cap.f`, `least.f`, `band.P0`. Without
    parameters that follow a regulatory profile: any change would be overwritten by its number."""
    own = [one for one in rule_set.parameters.values() if not one.profile]
    found = {f"parameter.{one.name}": inputs.typed(one.value, one.unit) for one in own}
    for factor in rule_set.factors:
        found |= {f"cap.{factor.id}": str(factor.cap), f"least.{factor.id}": str(factor.least)}
    return found | {f"band.{one.band}": str(one.start) for one in rule_set.bands}


def change_settings(
    actor: Actor, version: RuleSetVersion, revision: int, rule_set: RuleSet, given: Mapping[str, str]
) -> dict[str, str]:
    """Write the parameters, limits and bands that differ; answers what is wrong by field, and stores nothing then."""
    errors: dict[str, str] = {}
    wanted: list[tuple[list[str | int], Any]] = []
    for name, now in settings_shown(rule_set).items():
        text = given.get(name, now).strip()
        if text == now:
            continue
        try:
            wanted.append(_setting(name, text, rule_set))
        except inputs.WrongInput as error:
            errors[name] = str(error)
    if errors or not wanted:
        return errors
    body = version.body
    for path, value in wanted:
        body = editing.put(body, path, value)
    publish.save_draft(actor, version, revision, text=body)
    return {}


def _setting(name: str, text: str, rule_set: RuleSet) -> tuple[list[str | int], Any]:
    what, _dot, which = name.partition(".")
    if what == "parameter":
        parameter = rule_set.parameters[which]
        given = inputs.like(parameter.value, text, parameter.unit)
        wrong = senseless(parameter, given)
        if wrong:
            raise inputs.WrongInput(wrong)
        return ["parameters", which, "value"], given
    value = inputs.number(text)
    if what == "band":
        return ["bands", which], value
    if what == "cap" and value < 0:
        raise inputs.WrongInput(_("must not be negative"))
    if what == "least" and value > 0:
        raise inputs.WrongInput(_("must be at most 0"))
    return ["factors", which, what], value


def _place(version: RuleSetVersion, rule: str) -> int:
    ids = [one["id"] for one in editing.plain(version.body)["rules"]]
    if rule not in ids:
        raise NoSuchRule(rule=rule)
    return ids.index(rule)
