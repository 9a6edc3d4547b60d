"""By which score an order is ranked: small changes do not move it, so that lists are calm to work by (hysteresis).

Pure: single assessments and re-ranks of many orders use the same functions.
"""

from __future__ import annotations

from typing import NamedTuple

from app.priority import profile

HIGHEST = 1000


class Mark(NamedTuple):
    """Where an order stands, by itself: `score` is the one it is ranked by, of a new mark the one just computed."""

    blocked: bool
    band: str
    score: int


def ranked_score(before: Mark | None, new: Mark, *, least: int | None = None) -> int:
    """The score to rank by: the new one if band or block changed or it differs by `least`, else the one until now.

    Applied again to its own result it changes nothing, and scores that stay within `least` of each other never move an
    order forth and back.
    """
    if before is None or (before.blocked, before.band) != (new.blocked, new.band):
        return new.score
    enough = profile.current().move_least if least is None else least
    return new.score if abs(new.score - before.score) >= enough else before.score


def with_override(plain: int, without: Mark, given: Mark) -> int:
    """The score to rank by under a manual override: what it would be without one, plus what the override gives.

    So an override moves the order at once, however few its points, and leaves no trace when it ends.
    """
    return max(0, min(HIGHEST, plain + given.score - without.score))
