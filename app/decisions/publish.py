"""Versions of rule sets: from file to draft, tried in a process of its own, put into force by a second person."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from app.audit import service as audit
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, Forbidden
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.decisions import queries
from app.decisions.cases import run_cases
from app.decisions.compile import Plan, make_new_plan
from app.decisions.ir import RuleSet
from app.decisions.language import read_rule_set
from app.decisions.models import FactSchemaText, RuleSetPointer, RuleSetVersion
from app.decisions.profiles import resolve
from app.decisions.schema import FOLDER, FactSchema, shipped_schema
from app.decisions.smoke import Job, try_out

NOT_RULES = ("facts.yaml", "profiles.yaml")
"""Files in rules/ that are no rule sets."""

_passed: set[str] = set()
"""Hashes of versions that this process has seen pass the trial."""
_cases_passed: set[tuple[str, str]] = set()
"""Hashes of versions, with the folder of the cases, that this process has seen pass their cases."""


class NotTried(Conflict):
    """Only a version that passed its trial may come into force."""

    message = _l("Version %(number)s of “%(rule_set)s” has not been tried yet.")


class OwnVersion(Forbidden):
    """Who wrote a version may not also put it into force."""

    message = _l("You wrote this version: somebody else must put it into force.")


class SameVersion(Conflict):
    """A version with exactly this text exists already."""

    message = _l("This text is stored already, as version %(number)s of “%(rule_set)s”.")


def seed(actor: Actor, folder: Path = FOLDER) -> list[RuleSetVersion]:
    """Read rules/*.yaml: the first version of a rule set is tried and put into force, a changed file becomes a draft.

    Returns the versions made. Raises RuleFileInvalid, CaseFailed, TrialFailed.
    """
    schema = shipped_schema()
    made = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name in NOT_RULES:
            continue
        text = resolve(path.read_text(encoding="utf-8"), path.name)
        rule_set = read_rule_set(text, schema.body, path.name)
        plan = make_new_plan(rule_set, path.name)
        if _with_hash(rule_set) is None:
            _run_cases_once(plan, folder)
            made.append(_store(actor, rule_set, text, schema))
    _try_all(made)
    for version in made:
        if session().get(RuleSetPointer, version.rule_set) is None:
            _put_in_force(actor, version)
    return made


def _run_cases_once(plan: Plan, folder: Path) -> None:
    """The cases beside the rule set, unless this process has seen them pass. Raises CaseFailed."""
    seen = (plan.rule_set.sha256, str(folder))
    if seen not in _cases_passed:
        run_cases(plan, folder)
        _cases_passed.add(seen)


def submit(actor: Actor, text: str, file: str = "rules.yaml") -> RuleSetVersion:
    """Store a text as a draft, with today's numbers of the profiles it names. Raises RuleFileInvalid, SameVersion."""
    schema = shipped_schema()
    text = resolve(text, file)
    rule_set = read_rule_set(text, schema.body, file)
    make_new_plan(rule_set, file)
    same = _with_hash(rule_set)
    if same is not None:
        raise SameVersion(number=same.number, rule_set=same.rule_set)
    return _store(actor, rule_set, text, schema)


def try_version(actor: Actor, version: RuleSetVersion) -> RuleSetVersion:
    """Try a draft in a process of its own. Raises TrialFailed; nothing of it touches this process."""
    _try_all([version])
    audit.record(actor, "rule:try", _subject(version.rule_set), version=version.number, sha256=version.sha256)
    return version


def activate(actor: Actor, version: RuleSetVersion) -> RuleSetVersion:
    """Put a tried version into force; the one before is retired. Raises NotTried, OwnVersion."""
    if version.tested_at is None:
        raise NotTried(number=version.number, rule_set=version.rule_set)
    if actor.kind != "system" and actor.id == version.author_id:
        raise OwnVersion
    _put_in_force(actor, version)
    return version


def forget_pointers() -> None:
    """Make this transaction ask again which versions are in force."""
    session().info.pop("decisions.pointers", None)


def _put_in_force(actor: Actor, version: RuleSetVersion) -> None:
    pointer = session().get(RuleSetPointer, version.rule_set, with_for_update=True)
    if pointer is None:
        pointer = RuleSetPointer(rule_set=version.rule_set)
        session().add(pointer)
    else:
        queries.get_version(pointer.version_id).status = "retired"
    pointer.version_id, pointer.number, pointer.sha256 = version.id, version.number, version.sha256
    version.status, version.activated_at, version.activated_by = "active", clock.now(), actor.name
    session().flush()
    forget_pointers()
    audit.record(actor, "rule:activate", _subject(version.rule_set), version=version.number, sha256=version.sha256)


def _with_hash(rule_set: RuleSet) -> RuleSetVersion | None:
    statement = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set.id)
    return session().scalar(statement.where(RuleSetVersion.sha256 == rule_set.sha256))


def _store(actor: Actor, rule_set: RuleSet, text: str, schema: FactSchema) -> RuleSetVersion:
    if session().get(FactSchemaText, schema.sha256) is None:
        session().add(FactSchemaText(sha256=schema.sha256, body=schema.body, created_at=clock.now()))
        session().flush()
    last = select(func.coalesce(func.max(RuleSetVersion.number), 0)).where(RuleSetVersion.rule_set == rule_set.id)
    made = RuleSetVersion(
        id=ids.new_id(),
        rule_set=rule_set.id,
        number=session().execute(last).scalar_one() + 1,
        sha256=rule_set.sha256,
        body=text,
        schema_sha256=schema.sha256,
        name=rule_set.name,
        status="draft",
        author_id=actor.id,
        author_name=actor.name,
        created_at=clock.now(),
    )
    session().add(made)
    session().flush()
    audit.record(actor, "rule:submit", _subject(made.rule_set), version=made.number, sha256=made.sha256)
    return made


def _try_all(versions: list[RuleSetVersion]) -> None:
    waiting = [version for version in versions if version.sha256 not in _passed]
    for schema in sorted({version.schema_sha256 for version in waiting}):
        files = tuple((one.rule_set, one.body) for one in waiting if one.schema_sha256 == schema)
        try_out(Job(session().get_one(FactSchemaText, schema).body, files))
    for version in versions:
        _passed.add(version.sha256)
        version.tested_at = clock.now()
        if version.status == "draft":
            version.status = "tested"
    session().flush()


def _subject(rule_set: str) -> Subject:
    return Subject("rule_set", rule_set)
