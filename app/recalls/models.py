"""Cases, their lots, the frozen scope, who is told, and what they answered."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, JsonDict, Moment, Ref, UtcDateTime
from app.core.subject import Subject

OPEN, CLOSED = "open", "closed"
STATUSES = (OPEN, CLOSED)
LEVELS = ("class_i", "class_ii", "class_iii")
JURISDICTIONS = ("cn", "eu", "us")
CHECK_LEVELS = ("A", "B", "C", "D", "E")
KINDS = ("stock", "reserved", "transit", "delivered", "consigned", "used", "kit")
COUNTS = ("on_hand", "used", "returned", "destroyed", "passed_on")


class RecallCase(Base):
    """One recall, or a drill of one (`mock`: nothing is blocked, nobody outside is told)."""

    __tablename__ = "recall_cases"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    mock: Mapped[bool]
    status: Mapped[str] = mapped_column(String(10), default=OPEN, index=True)
    jurisdiction: Mapped[str] = mapped_column(String(2))
    source: Mapped[str] = mapped_column(String(200), default="")
    """What it follows from: a notice of the registrant or the authority, a complaint."""
    hazard: Mapped[str] = mapped_column(String(2000))
    instructions: Mapped[str] = mapped_column(String(2000), default="")
    """What consignees are asked to do."""
    severity: Mapped[str | None] = mapped_column(String(10))
    probability: Mapped[str | None] = mapped_column(String(10))
    harm_occurred: Mapped[bool] = mapped_column(default=False)
    incident: Mapped[str | None] = mapped_column(String(10))
    """The gravest event behind it, for the clock of the report in the European Union."""
    level: Mapped[str | None] = mapped_column(String(10))
    hours: Mapped[int | None]
    """The time of its level to notify, from the decision on."""
    check_level: Mapped[str | None] = mapped_column(String(1))
    """How many consignees are checked: A all, D few, E none."""
    round: Mapped[int] = mapped_column(default=1)
    """Grows with every widening."""
    opened_at: Mapped[Moment]
    opened_by: Mapped[str] = mapped_column(String(26))
    scoped_at: Mapped[Moment]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(26))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    located_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When for the first time every consignee had said where its units are."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(26))
    reason: Mapped[str] = mapped_column(String(2000), default="")
    """Why it was closed."""
    no_capa: Mapped[str] = mapped_column(String(2000), default="")
    """Why it was closed without a CAPA; empty when one follows from it."""

    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint(f"jurisdiction IN {JURISDICTIONS}", name="jurisdiction"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint(f"check_level IN {CHECK_LEVELS}", name="check_level"),
    )

    @property
    def subject(self) -> Subject:
        """This case, as its process and tasks name it."""
        return Subject("recall", self.id)

    @property
    def is_open(self) -> bool:
        """True until it is closed."""
        return self.status == OPEN


class RecallLot(Base):
    """A lot that a case names; `status_before` is what it was when the case took it in."""

    __tablename__ = "recall_lots"

    id: Mapped[Id]
    case_id: Mapped[str] = mapped_column(ForeignKey("recall_cases.id"))
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    round: Mapped[int]
    status_before: Mapped[str] = mapped_column(String(16))

    __table_args__ = (UniqueConstraint("case_id", "lot_id"),)


class RecallScope(Base):
    """One line of the scope as it was frozen: so many base units of a lot at a place, with a consignee, for an order.

    The lines of a lot do not overlap. A consignee that has passed on everything stands there with nought.
    """

    __tablename__ = "recall_scopes"

    id: Mapped[Id]
    case_id: Mapped[str] = mapped_column(ForeignKey("recall_cases.id"))
    round: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"))
    place_code: Mapped[str] = mapped_column(String(64), default="")
    customer_id: Mapped[str | None] = mapped_column(String(64))
    """Whose place it is; empty for goods outside whose holder nobody named."""
    distance: Mapped[int] = mapped_column(default=0)
    """Of consignees: 1 had it from us, 2 from a distributor."""
    order_id: Mapped[str | None] = mapped_column(String(26))
    order_line_id: Mapped[str | None] = mapped_column(String(26))
    picked: Mapped[bool] = mapped_column(default=False)
    promised_on: Mapped[date | None]
    """When the order was to arrive before the recall."""
    kit_lot_id: Mapped[str | None] = mapped_column(String(26))
    quantity: Mapped[int]

    __table_args__ = (
        Index("ix_recall_scopes_case", "case_id", "id"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("quantity >= 0", name="quantity"),
    )


class RecallNotice(Base):
    """A consignee that is told, once in a case. Of the link by which it answers only the hash is kept."""

    __tablename__ = "recall_notices"

    id: Mapped[Id]
    case_id: Mapped[str] = mapped_column(ForeignKey("recall_cases.id"))
    customer_id: Mapped[str] = mapped_column(String(64), index=True)
    round: Mapped[int]
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(200), default="")
    """Where it was sent; empty: to be told by phone."""
    document_id: Mapped[str | None] = mapped_column(String(26))
    due_at: Mapped[Moment]
    made_at: Mapped[Moment]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was told, by e-mail or by phone."""
    told_by: Mapped[str] = mapped_column(String(8), default="")
    """`mail` or `phone`."""
    reminders: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it first answered."""
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_by: Mapped[str | None] = mapped_column(String(26))
    effective: Mapped[bool | None]
    """What the effectiveness check found."""

    __table_args__ = (UniqueConstraint("case_id", "customer_id"),)


class RecallReply(Base):
    """What a consignee said, never changed: who corrects it answers again. `counts`: {lot id: {on_hand, used, returned,
    destroyed, passed_on}}, base units; `hash` covers it and the answer before."""

    __tablename__ = "recall_replies"

    id: Mapped[Id]
    notice_id: Mapped[str] = mapped_column(ForeignKey("recall_notices.id"))
    number: Mapped[int]
    """1 for the first answer to a notice."""
    submission: Mapped[str] = mapped_column(String(64))
    """Of the form that was sent: the same form sent twice is one answer."""
    at: Mapped[Moment]
    person: Mapped[str] = mapped_column(String(100))
    recorded_by: Mapped[str | None] = mapped_column(String(26))
    """Who of us wrote down what was said on the phone; none for an answer by link."""
    counts: Mapped[JsonDict]
    note: Mapped[str] = mapped_column(String(1000), default="")
    prev_hash: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (UniqueConstraint("notice_id", "number"), UniqueConstraint("notice_id", "submission"))


append_only(RecallScope.__table__)
append_only(RecallReply.__table__)
