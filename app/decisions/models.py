"""Stored rule sets, their versions, and every decision with the facts it was made on."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, event, select
from sqlalchemy.orm import Mapped, Mapper, mapped_column
from sqlalchemy.orm.attributes import get_history

from app.core.append_only import append_only
from app.core.db import Base, Code, Id, Json, JsonDict, JsonList, Moment, Name, session
from app.decisions import runtime
from app.decisions.assemble import assemble
from app.decisions.compile import Plan
from app.decisions.dmn.table import INPUT
from app.decisions.facts import from_json
from app.decisions.language import version_hash
from app.decisions.outcome import Outcome, firings_of, is_worded, outcome_in_words


class VersionAltered(RuntimeError):
    """The stored text of a version does not match its hash: somebody changed it outside the program."""


class FactSchemaText(Base):
    """A text of rules/facts.yaml that some version was written for."""

    __tablename__ = "fact_schemas"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]


TOLD = "_told"
"""Under which a decision keeps its outcome, with what is stored of it."""
STATUSES = ("draft", "tested", "approved", "active", "retired", "discarded")
"""draft → tested → approved → active → retired; what never came into force can be discarded. A retired version can be
put back into force."""


class RuleSetVersion(Base):
    """One text of a rule set with its cases. A draft is written again and again; once it has left draft, what it says
    never changes."""

    __tablename__ = "rule_set_versions"
    __table_args__ = (UniqueConstraint("rule_set", "number"), UniqueConstraint("rule_set", "sha256"))

    id: Mapped[Id]
    rule_set: Mapped[Code]
    number: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    schema_sha256: Mapped[str] = mapped_column(String(64), ForeignKey("fact_schemas.sha256"))
    name: Mapped[JsonDict]
    status: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[Code]
    author_name: Mapped[Name]
    created_at: Mapped[Moment]
    tested_at: Mapped[Moment | None]
    activated_at: Mapped[Moment | None]
    activated_by: Mapped[Name | None]
    cases: Mapped[str] = mapped_column(Text, default="")
    """Its tests, in the notation of rules/tests/<set>.yaml; empty: it has none."""
    revision: Mapped[int] = mapped_column(Integer, default=1)
    """Counts the saves of a draft: who saves names the one they saw."""
    editors: Mapped[JsonList] = mapped_column(Json, default=list)
    """Ids of all who wrote it, the author too: none of them may approve it."""
    changed_at: Mapped[Moment | None]
    changed_by: Mapped[Name | None]
    based_on: Mapped[int | None] = mapped_column(Integer)
    """Number of the version that the draft was begun from."""
    approved_at: Mapped[Moment | None]
    approved_by: Mapped[Name | None]
    due_at: Mapped[Moment | None]
    """When an approved version comes into force by itself."""
    replaced: Mapped[int | None] = mapped_column(Integer)
    """Number of the version that was in force when this one first came into force: the way back."""

    @property
    def is_draft(self) -> bool:
        """It may still be written."""
        return self.status == "draft"

    def plan(self) -> Plan:
        """The version, read and checked. Raises VersionAltered when its text is not what was stored."""
        schema = session().get_one(FactSchemaText, self.schema_sha256).body
        if not self.is_draft and self.tested_at and version_hash(self.body, schema) != self.sha256:
            raise VersionAltered(f"{self.rule_set} version {self.number}")
        return runtime.plan_of(self.body, schema)


FIXED = ("id", "rule_set", "number", "author_id", "created_at")
"""What may never change after a version was stored."""
WRITTEN = ("sha256", "body", "schema_sha256", "name", "cases", "editors")
"""What only a draft may change."""


@event.listens_for(RuleSetVersion, "before_update")
def _refuse_change(_mapper: Mapper[Any], _connection: Any, version: RuleSetVersion) -> None:
    told = get_history(version, "status")
    was_draft = (told.deleted or told.unchanged or [version.status])[0] == "draft"
    changed = [name for name in (FIXED if was_draft else FIXED + WRITTEN) if get_history(version, name).has_changes()]
    if changed:
        raise RuntimeError(f"a rule set version is immutable: {', '.join(changed)}")


class RuleSetPointer(Base):
    """Which version of a rule set is in force."""

    __tablename__ = "rule_sets"

    rule_set: Mapped[str] = mapped_column(String(64), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(26), ForeignKey("rule_set_versions.id"))
    number: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))


@lru_cache(maxsize=64)
def _plan_of(rule_set: str, sha256: str) -> Plan:
    """By the hash of its text: once read, it stays what it is."""
    wanted = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set, RuleSetVersion.sha256 == sha256)
    return session().scalars(wanted).one().plan()


class Decision(Base):
    """One decision, as it was made: the version, the facts, the outcome, the engine. Append-only."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_subject", "subject_kind", "subject_id", "made_at"),
        Index("ix_decisions_rule_set", "rule_set", "id"),
    )

    id: Mapped[Id]
    rule_set: Mapped[Code]
    rule_set_version: Mapped[int] = mapped_column(Integer)
    version_hash: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    as_of: Mapped[Moment]
    facts: Mapped[JsonDict]
    facts_hash: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[JsonDict]
    engine: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[Moment]
    took_us: Mapped[int] = mapped_column(BigInteger)

    @property
    def of_table(self) -> bool:
        """Whether a decision table made it."""
        return INPUT in self.facts

    @property
    def result(self) -> Outcome:
        """The outcome. Its words are those of the version that decided, filled in from the facts it decided on;
        older decisions have them stored. Raises VersionAltered."""
        kept: tuple[object, Outcome] | None = self.__dict__.get(TOLD)
        if kept is None or kept[0] is not self.outcome:
            self.remember(self._read())
        found: Outcome = self.__dict__[TOLD][1]
        return found

    @property
    def words(self) -> dict[str, Any] | None:
        """The outcome as it is shown, where its words are not stored: signatures bind them too."""
        return None if is_worded(self.outcome) else self.result.to_json()

    def remember(self, outcome: Outcome) -> None:
        """The outcome that was just made, so that it need not be read."""
        self.__dict__[TOLD] = self.outcome, outcome

    def _read(self) -> Outcome:
        if is_worded(self.outcome):
            return outcome_in_words(self.outcome)
        plan = _plan_of(self.rule_set, self.version_hash)
        return assemble(plan, firings_of(self.outcome), from_json(self.facts, plan.rule_set.schema))


append_only(Decision.__table__)
append_only(FactSchemaText.__table__)
