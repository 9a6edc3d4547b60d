"""What the page of a task shows of a qualification, and what a signature on it binds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.kept import KeptContent
from app.core.subject import Subject
from app.identity.queries import names_of
from app.qualification.filing import File, file_of
from app.qualification.models import PaperScan, Qualification
from app.qualification.queries import get_qualification, label_of
from app.qualification.reading import NeedShown, needs_shown
from app.tasks.showing import Shown, shown_subject, signed_subject, still_stored


@dataclass(frozen=True)
class OnTask:
    """A qualification with what is on file, as its tasks show it."""

    case: Qualification
    file: File
    needs: list[NeedShown]
    names: dict[str, str]


def _file(case: Qualification) -> File:
    found = file_of(case.about)
    if found is None:
        raise NotFound(**{case.about_kind: case.about_id})
    return found


@shown_subject.register("qualification")
def qualification_shown(subject: Subject) -> Shown:
    """The qualification with its papers."""
    case = get_qualification(subject.id)
    found = _file(case)
    people = [case.started_by, *(user for paper in found.papers for one in paper.scans for user in _people(one))]
    return Shown(
        number=case.number,
        title=label_of(found),
        template="qualification/_task.html",
        endpoint="qualification.show_file",
        arguments={"about_kind": case.about_kind, "about_id": case.about_id},
        context=OnTask(case, found, needs_shown(found, clock.today()), names_of(people)),
    )


def _people(one: PaperScan) -> list[str]:
    return [one.filed_by, *([one.verified_by] if one.verified_by else [])]


@signed_subject.register("qualification")
def qualification_content(subject: Subject) -> dict[str, Any]:
    """The party or product with its version, and every paper with its scans by digest and who verified them."""
    case = get_qualification(subject.id)
    found = _file(case)
    return {
        "number": case.number,
        "about": list(case.about),
        "version": found.record.version,
        "papers": [
            {
                "kind": paper.kind,
                "number": paper.record.number,
                "version": paper.record.version,
                "valid_from": paper.record.valid_from.isoformat(),
                "valid_to": paper.record.valid_to.isoformat(),
                "scans": [
                    {"id": one.id, "content": one.content_id, "sha256": one.sha256, "verified_by": one.verified_by}
                    for one in sorted(paper.scans, key=lambda one: one.id)
                ],
            }
            for paper in sorted(found.papers, key=lambda one: (one.kind, one.record.id))
        ],
    }


@still_stored.register("qualification")
def scans_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether every scan that was signed is stored with its bytes. One statement; one scan at a time is in memory."""
    named = [
        {one["content"]: one["sha256"] for paper in content["papers"] for one in paper["scans"]} for content in contents
    ]
    wanted = sorted({one for names in named for one in names})
    sums: dict[str, str] = {}
    if wanted:
        rows = select(KeptContent.id, KeptContent.content).where(KeptContent.id.in_(wanted))
        for row in session().execute(rows, execution_options={"yield_per": 1}):
            sums[row.id] = hashlib.sha256(bytes(row.content)).hexdigest()
    return [all(sums.get(one) == digest for one, digest in names.items()) for names in named]
