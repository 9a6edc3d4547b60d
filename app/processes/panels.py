"""What pages of other slices show of processes: which gateways and business rule tasks ask a rule set."""

from __future__ import annotations

from sqlalchemy import func, select

from app.core.db import session
from app.decisions.uses import Use, uses
from app.processes.definitions import Deployed, deployed
from app.processes.models import ProcessDefinition, ProcessRelease


@uses.register("processes")
def gateways_of(rule_set: str) -> list[Use]:
    """The elements that ask the rule set: of the definitions in force, and of newer ones that are kept but not yet."""
    in_force = set(session().scalars(select(ProcessRelease.definition_id)))
    found = []
    for definition_id in [*sorted(in_force), *_newer()]:
        made = deployed(definition_id)
        for element in made.definition.elements.values():
            if getattr(element, "rule_set", None) == rule_set:
                pinned = getattr(element, "rule_set_version", None)
                found.append(_use(made, element.id, dict(element.name), definition_id in in_force, pinned))
    return found


def _use(made: Deployed, element: str, name: dict[str, str], in_force: bool, pinned: int | None) -> Use:  # noqa: FBT001
    return Use(
        name=name if any(name.values()) else element,
        of=made.name if any(made.name.values()) else made.key,
        version=made.version,
        in_force=in_force,
        pinned=pinned,
        endpoint="processes.show_definition",
        arguments={"key": made.key, "version": made.version},
    )


def _newer() -> list[str]:
    """The latest definition of each key, where it is not the one in force."""
    latest = select(ProcessDefinition.key, func.max(ProcessDefinition.version).label("version")).group_by(
        ProcessDefinition.key
    )
    last = latest.subquery()
    statement = (
        select(ProcessDefinition.id)
        .join(last, (last.c.key == ProcessDefinition.key) & (last.c.version == ProcessDefinition.version))
        .where(ProcessDefinition.id.not_in(select(ProcessRelease.definition_id)))
        .order_by(ProcessDefinition.key)
    )
    return list(session().scalars(statement))
