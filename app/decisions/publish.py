"""Versions of rule sets: from file or studio to draft, written again, run on their cases and tried in a process of
their own. How they go on from there is in life.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.audit import service as audit
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, StaleVersion
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.decisions import queries
from app.decisions.askable import refuse_unanswerable
from app.decisions.cases import Case, read_cases, refuse_failed, results_of, run_cases, text_beside
from app.decisions.compile import Plan
from app.decisions.ir import RuleSet
from app.decisions.life import put_in_force, tell_moved
from app.decisions.models import FactSchemaText, RuleSetPointer, RuleSetVersion
from app.decisions.profiles import resolve
from app.decisions.schema import FOLDER, FactSchema, shipped_schema
from app.decisions.smoke import Job, try_out
from app.decisions.texts import is_table, new_plan_of_text, same_text

NOT_RULES = ("facts.yaml", "profiles.yaml")
"""Files in rules/ that are no rule sets."""

_passed: set[str] = set()
"""Hashes of versions that this process has seen pass the trial."""
_cases_passed: set[tuple[str, str]] = set()
"""Hashes of versions, with the folder of the cases, that this process has seen pass their cases."""


class SameVersion(Conflict):
    """A version with exactly this text exists already."""

    message = _l("This text is stored already, as version %(number)s of “%(rule_set)s”.")


class NoDraft(Conflict):
    """What has left draft is never written again."""

    message = _l("Version %(number)s of “%(rule_set)s” is no draft any more: begin a new one from it.")


class NoRuleFile(Conflict):
    """The forms of the studio write rule files; a decision table is edited as a table."""

    message = _l("“%(rule_set)s” is a decision table: edit it as a table.")


class NoDecisionTable(Conflict):
    """The editor of tables writes decision tables; a rule file is written by the forms of the studio."""

    message = _l("“%(rule_set)s” is no decision table: edit its rules.")


class IsRules(Conflict):
    """A decision table bears the id of a rule set that is none."""

    message = _l("“%(rule_set)s” is a set of rules already: give the decision another id in its file.")


class OtherRuleSet(Conflict):
    """A draft stays a version of its rule set."""

    message = _l("The text is of rule set “%(found)s”, the draft of “%(rule_set)s”.")


@dataclass(frozen=True)
class Trial:
    """What a version is tried with; taken from the database so that the trial itself holds no transaction."""

    plan: Plan
    cases: list[Case]
    job: Job
    revision: int

    def run(self) -> None:
        """Run the cases here and the trial in a process of its own. Raises CaseFailed, TrialFailed."""
        refuse_failed(self.plan, results_of(self.plan, self.cases))
        if self.plan.rule_set.sha256 not in _passed:
            try_out(self.job)
        _passed.add(self.plan.rule_set.sha256)


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
        plan, _schema = compiled(text, path.name)
        rule_set = plan.rule_set
        if _with_hash(rule_set) is None:
            _run_cases_once(plan, folder)
            made.append(_store(actor, rule_set, text, schema, text_beside(rule_set.id, folder)))
    _try_all(made)
    for version in made:
        if session().get(RuleSetPointer, version.rule_set) is None:
            put_in_force(actor, version)
    return made


def _run_cases_once(plan: Plan, folder: Path) -> None:
    """The cases beside the rule set, unless this process has seen them pass. Raises CaseFailed."""
    seen = (plan.rule_set.sha256, str(folder))
    if seen not in _cases_passed:
        run_cases(plan, folder)
        _cases_passed.add(seen)


def submit(actor: Actor, text: str, file: str = "rules.yaml", *, cases: str | None = None) -> RuleSetVersion:
    """Store a text as a draft, with today's numbers of the profiles it names and its cases (else those of the version
    in force). Raises RuleFileInvalid, SameVersion, NoRuleFile, NoDecisionTable."""
    text = resolve(text, file)
    plan, schema = compiled(text, file)
    _refuse_other_shape(plan)
    refuse_unanswerable(plan, file)
    _refuse_same(plan.rule_set)
    _refuse_same_draft(plan.rule_set.id, text)
    return _store(actor, plan.rule_set, text, schema, _cases_for(plan.rule_set.id) if cases is None else cases)


def begin_draft(actor: Actor, based_on: RuleSetVersion) -> RuleSetVersion:
    """A draft with the text and cases of a version, brought to the fact schema and the profiles of today. Raises
    RuleFileInvalid."""
    text = resolve(based_on.body, f"{based_on.rule_set}.yaml")
    plan, schema = compiled(text)
    cases = based_on.cases or _cases_for(based_on.rule_set)
    made = _store(actor, plan.rule_set, text, schema, cases)
    made.based_on = based_on.number
    session().flush()
    return made


def save_draft(
    actor: Actor, version: RuleSetVersion, revision: int, *, text: str | None = None, cases: str | None = None
) -> RuleSetVersion:
    """Write a draft again; one that says the same stays as it is. Raises NoDraft, StaleVersion (somebody saved
    meanwhile), RuleFileInvalid, OtherRuleSet."""
    held = queries.lock_version(version.id)
    if not held.is_draft:
        raise NoDraft(number=held.number, rule_set=held.rule_set)
    if held.revision != revision:
        raise StaleVersion(seen=revision, current=held.revision)
    body = resolve(held.body if text is None else text, f"{held.rule_set}.yaml")
    plan, schema = compiled(body)
    if plan.rule_set.id != held.rule_set:
        raise OtherRuleSet(found=plan.rule_set.id, rule_set=held.rule_set)
    refuse_unanswerable(plan, f"{held.rule_set}.yaml")
    cases = held.cases if cases is None else cases
    read_cases(cases)
    if cases == held.cases and schema.sha256 == held.schema_sha256 and same_text(body, held.body):
        return held
    _keep_schema(schema)
    held.body, held.schema_sha256 = body, schema.sha256
    held.name = plan.rule_set.name
    held.cases = cases
    held.revision += 1
    held.changed_at, held.changed_by = clock.now(), actor.name
    if actor.id not in held.editors:
        held.editors = [*held.editors, actor.id]
    session().flush()
    audit.record(
        actor,
        "rule:edit",
        subject(held.rule_set),
        version=held.number,
        revision=held.revision,
        text=plan.rule_set.sha256,
    )
    return held


def compiled(text: str, file: str = "rules.yaml") -> tuple[Plan, FactSchema]:
    """A text as a plan, with the fact schema of today. Raises RuleFileInvalid."""
    schema = shipped_schema()
    return new_plan_of_text(text, schema.body, file), schema


def trial_of(version: RuleSetVersion) -> Trial:
    """What is needed to try a draft. Raises RuleFileInvalid."""
    plan = queries.plan_of(version)
    refuse_unanswerable(plan, f"{version.rule_set}.yaml")
    schema = session().get_one(FactSchemaText, version.schema_sha256)
    return Trial(
        plan, read_cases(version.cases), Job(schema.body, ((version.rule_set, version.body),)), version.revision
    )


def try_version(actor: Actor, version: RuleSetVersion) -> RuleSetVersion:
    """Run a draft on its cases, and try it in a process of its own; it has left draft then. Raises CaseFailed,
    TrialFailed; nothing of it touches this process."""
    trial = trial_of(version)
    trial.run()
    return passed(actor, version, trial)


def passed(actor: Actor, version: RuleSetVersion, trial: Trial) -> RuleSetVersion:
    """A draft has passed its trial: it is never written again. Raises NoDraft, StaleVersion, SameVersion."""
    held = queries.lock_version(version.id)
    if not held.is_draft:
        raise NoDraft(number=held.number, rule_set=held.rule_set)
    if held.revision != trial.revision:
        raise StaleVersion(seen=trial.revision, current=held.revision)
    _refuse_same(trial.plan.rule_set)
    _leave_draft(held)
    session().flush()
    audit.record(actor, "rule:try", subject(held.rule_set), version=held.number, sha256=held.sha256)
    tell_moved(actor, held)
    return held


def _refuse_other_shape(plan: Plan) -> None:
    """Rules stay rules, and a table a table: who asks for one could not do with the other."""
    mine = select(RuleSetVersion).where(RuleSetVersion.rule_set == plan.rule_set.id)
    last = mine.where(RuleSetVersion.status != "discarded")
    known = session().scalar(last.order_by(RuleSetVersion.number.desc()).limit(1))
    if known is None or is_table(known.body) == (plan.table is not None):
        return
    if plan.table is not None:
        raise IsRules(rule_set=plan.rule_set.id)
    raise NoRuleFile(rule_set=plan.rule_set.id)


def _refuse_same(rule_set: RuleSet) -> None:
    same = _with_hash(rule_set)
    if same is not None:
        raise SameVersion(number=same.number, rule_set=same.rule_set)


def _refuse_same_draft(rule_set: str, text: str) -> None:
    drafts = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set, RuleSetVersion.status == "draft")
    same = session().scalar(drafts.where(RuleSetVersion.body == text).limit(1))
    if same is not None:
        raise SameVersion(number=same.number, rule_set=rule_set)


def _with_hash(rule_set: RuleSet) -> RuleSetVersion | None:
    statement = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set.id)
    return session().scalar(statement.where(RuleSetVersion.sha256 == rule_set.sha256))


def _cases_for(rule_set: str) -> str:
    """The cases of the version in force, else those of the folder."""
    pointer = session().get(RuleSetPointer, rule_set)
    kept = queries.get_version(pointer.version_id).cases if pointer else ""
    return kept or text_beside(rule_set)


def _keep_schema(schema: FactSchema) -> None:
    if session().get(FactSchemaText, schema.sha256) is None:
        session().add(FactSchemaText(sha256=schema.sha256, body=schema.body, created_at=clock.now()))
        session().flush()


def _store(actor: Actor, rule_set: RuleSet, text: str, schema: FactSchema, cases: str) -> RuleSetVersion:
    _keep_schema(schema)
    last = select(func.coalesce(func.max(RuleSetVersion.number), 0)).where(RuleSetVersion.rule_set == rule_set.id)
    made_id = ids.new_id()
    made = RuleSetVersion(
        id=made_id,
        rule_set=rule_set.id,
        number=session().execute(last).scalar_one() + 1,
        sha256=f"draft-{made_id}",  # its text may still change: what identifies it comes when it leaves draft
        body=text,
        cases=cases,
        revision=1,
        editors=[actor.id],
        schema_sha256=schema.sha256,
        name=rule_set.name,
        status="draft",
        author_id=actor.id,
        author_name=actor.name,
        created_at=clock.now(),
    )
    session().add(made)
    session().flush()
    audit.record(actor, "rule:submit", subject(made.rule_set), version=made.number, sha256=rule_set.sha256)
    return made


def _try_all(versions: list[RuleSetVersion]) -> None:
    plans = {version.id: queries.plan_of(version) for version in versions}
    waiting = [version for version in versions if plans[version.id].rule_set.sha256 not in _passed]
    for schema in sorted({version.schema_sha256 for version in waiting}):
        files = tuple((one.rule_set, one.body) for one in waiting if one.schema_sha256 == schema)
        try_out(Job(session().get_one(FactSchemaText, schema).body, files))
    for version in versions:
        _passed.add(plans[version.id].rule_set.sha256)
        _leave_draft(version)
    session().flush()


def _leave_draft(version: RuleSetVersion) -> None:
    version.sha256 = queries.plan_of(version).rule_set.sha256
    version.tested_at, version.status = clock.now(), "tested"


def subject(rule_set: str) -> Subject:
    """A rule set, as the audit trail names it."""
    return Subject("rule_set", rule_set)
