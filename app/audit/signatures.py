"""Electronic signatures: made in the transaction of what they sign, and checked against what is stored ever after.

A signature binds a *manifest*: plain JSON that says, by value or by SHA-256, exactly what the signer was shown and what
they answered. Whoever knows the parts (`fulfilment`) makes it, and says later which of its parts are stored otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.audit.models import SIGNED, AuditEntry, AuditSeal, Signature, covered
from app.audit.service import exact, record
from app.core import clock, ids, jsontext
from app.core.db import session
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor
from app.core.registry import Registry
from app.core.subject import Subject

ACTION = "signature:sign"
MEANINGS: dict[str, LazyString] = {
    "approval": _l("Approval"),
    "review": _l("Review"),
    "release": _l("Release for distribution"),
    "verification": _l("Verification by a second person"),
    "responsibility": _l("Acceptance of responsibility"),
    "authorship": _l("Authorship"),
}
"""What a signature can mean (21 CFR 11.50(a)(3)); `youxu:signature` of a user task names one."""
METHODS: dict[str, LazyString] = {
    "login_password": _l("login and password"),
    "password": _l("password, within a continuous session"),
    "invented": _l("none: invented with the demo world"),
}
"""How the signer proved who they are at that moment (21 CFR 11.200(a)(1))."""

PARTS: dict[str, LazyString] = {
    "task": _l("the task"),
    "diagram": _l("the diagram"),
    "form": _l("the form"),
    "order": _l("the content of the order"),
    "subject": _l("the papers"),
    "priority": _l("the priority"),
    "rules": _l("the decisions of the rules"),
    "attachments": _l("the attachments"),
    "answers": _l("the answers"),
    "paper": _l("the order confirmation"),
    "document": _l("the paper"),
}
"""Parts of a manifest, as sentences name them."""
FAULTS: dict[str, LazyString] = {
    "altered": _l("The signature itself was altered: its content does not give its hash."),
    "unbound": _l("What was signed was altered: it does not give the hash that the signature binds."),
    "unrecorded": _l("The audit trail does not know this signature."),
    "removed": _l("The signature that the audit trail tells of was removed."),
}
BATCH = 200

stored_otherwise: Registry[Callable[[Sequence[Signature]], Mapping[str, Iterable[str]]]] = Registry(
    "check of what was signed"
)
"""`@stored_otherwise.register("order")`: signatures on subjects of the kind → for each signature's id the parts of its
manifest that are not stored any more as they were signed. A bounded number of statements, however many they are."""


@dataclass(frozen=True)
class Fault:
    """Why a signature is not valid; `part` names what changed under it."""

    kind: str
    part: str = ""

    def sentence(self) -> str:
        """The reason, in the reader's language."""
        if self.kind == "content":
            return _("Changed since it was signed: %(part)s.", part=PARTS.get(self.part, self.part))
        return str(FAULTS[self.kind])


def sign(
    actor: Actor,
    subject: Subject,
    manifest: Mapping[str, Any],
    *,
    task_id: str,
    meaning: str,
    method: str,
    on_behalf_of: tuple[str, str] | None = None,
) -> Signature:
    """Sign a manifest (plain JSON) in the actor's name; the caller has had them prove who they are. `on_behalf_of`: id
    and name. Three statements, in the running transaction."""
    bound = exact(jsontext.plain(manifest))
    other_id, other_name = on_behalf_of or (None, None)
    made = Signature(
        id=ids.new_id(),
        subject_kind=subject.kind,
        subject_id=subject.id,
        task_id=task_id,
        meaning=meaning,
        signer_id=actor.id,
        signer_login=actor.login,
        signer_name=exact(actor.name)[:200],
        on_behalf_of=other_id,
        on_behalf_of_name=other_name,
        at=clock.now(),
        method=method,
        manifest=bound,
        content_hash=jsontext.digest(bound),
    )
    made.hash = hash_of(made)
    told = {"on_behalf_of": other_id, "on_behalf_of_name": other_name} if other_id else {}
    made.entry_id = record(
        actor,
        ACTION,
        subject,
        task=task_id,
        signature=made.id,
        meaning=meaning,
        content=made.content_hash,
        sha256=made.hash,
        **told,
    )
    session().add(made)
    session().flush()
    return made


def hash_of(signature: Any) -> str:
    """SHA-256 of what the signature's own hash covers, from a model or a row."""
    return jsontext.digest({name: getattr(signature, name) for name in SIGNED})


def is_signed(task_id: str, by: str, meaning: str) -> bool:
    """True when this person has signed that task so. One statement."""
    wanted = select(Signature.id).where(
        Signature.task_id == task_id, Signature.signer_id == by, Signature.meaning == meaning
    )
    return session().scalar(wanted.limit(1)) is not None


def signatures_of(subject: Subject) -> list[Signature]:
    """The subject's signatures, oldest first. One statement."""
    wanted = select(Signature).where(Signature.subject_kind == subject.kind, Signature.subject_id == subject.id)
    return list(_fresh(wanted.order_by(Signature.at, Signature.id)))


def has_any(subject: Subject) -> bool:
    """True when something of the subject was signed. One statement."""
    wanted = select(Signature.id).where(Signature.subject_kind == subject.kind, Signature.subject_id == subject.id)
    return session().scalar(wanted.limit(1)) is not None


def signatures_of_task(task_id: str) -> list[Signature]:
    """The task's signatures, oldest first. One statement."""
    return list(_fresh(select(Signature).where(Signature.task_id == task_id).order_by(Signature.at, Signature.id)))


def _fresh(statement: Any) -> Any:
    return session().scalars(statement.execution_options(populate_existing=True))


def faults_of(signatures: Sequence[Signature]) -> dict[str, list[Fault]]:
    """For each signature's id what speaks against it; nothing for a valid one. A bounded number of statements."""
    found: dict[str, list[Fault]] = {one.id: [] for one in signatures}
    if not found:
        return found
    recorded = select(AuditEntry).where(AuditEntry.id.in_([one.entry_id for one in signatures]))
    entries = {one.id: one for one in _fresh(recorded)}
    by_kind: dict[str, list[Signature]] = defaultdict(list)
    for one in signatures:
        found[one.id] += _own_faults(one, entries.get(one.entry_id))
        by_kind[one.subject_kind].append(one)
    for kind, some in by_kind.items():
        if kind in stored_otherwise:
            for signature_id, parts in stored_otherwise.get(kind)(some).items():
                found[signature_id] += [Fault("content", part) for part in parts]
    return found


def _own_faults(signature: Signature, entry: AuditEntry | None) -> Iterator[Fault]:
    if jsontext.digest(signature.manifest) != signature.content_hash:
        yield Fault("unbound")
    if hash_of(signature) != signature.hash:
        yield Fault("altered")
    if (
        entry is None
        or entry.action != ACTION
        or (entry.subject_kind, entry.subject_id) != (signature.subject_kind, signature.subject_id)
        or (entry.details.get("signature"), entry.details.get("sha256")) != (signature.id, signature.hash)
        or jsontext.digest(covered(entry)) != entry.hash
    ):
        yield Fault("unrecorded")


def checked(since: datetime | None) -> Iterator[tuple[Signature, list[Fault]]]:
    """Every signature made since then (None: every one), with its faults. Some statements per two hundred."""
    last = ""
    while True:
        wanted = select(Signature).where(Signature.id > last).order_by(Signature.id).limit(BATCH)
        if since is not None:
            wanted = wanted.where(Signature.at >= since)
        some = list(_fresh(wanted))
        if not some:
            return
        faults = faults_of(some)
        for one in some:
            yield one, faults[one.id]
        last = some[-1].id


def missing(since: datetime | None) -> list[AuditEntry]:
    """Entries of the trail about a signature that is not there any more."""
    wanted = (
        select(AuditEntry)
        .outerjoin(Signature, Signature.entry_id == AuditEntry.id)
        .where(AuditEntry.action == ACTION, Signature.id.is_(None))
        .order_by(AuditEntry.id)
    )
    if since is not None:
        wanted = wanted.where(AuditEntry.at >= since)
    return list(session().scalars(wanted))


def since_of(seal: int) -> datetime | None:
    """When the work began that this seal covers: at the seal before; None: at the beginning."""
    return session().scalar(select(AuditSeal.at).where(AuditSeal.seq == seal - 1))
