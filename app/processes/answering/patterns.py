"""Regular expressions of forms, run by an engine whose time is linear in the text: none can be made to hang.

Written for JavaScript; `\\d` and `\\w` mean ASCII there. Look-around and back-references cannot be run so: refused.
"""

from __future__ import annotations

import polars as pl

_ASCII = {"d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]"}
LONGEST = 1000


def translated(pattern: str) -> str:
    """The pattern as the engine means it."""
    found, place = [], 0
    while place < len(pattern):
        one = pattern[place]
        if one == "\\" and place + 1 < len(pattern):
            following = pattern[place + 1]
            found.append("/" if following == "/" else _ASCII.get(following, one + following))
            place += 2
        else:
            found.append(one)
            place += 1
    return "".join(found)


def is_runnable(pattern: str) -> bool:
    """True when it can be run."""
    if len(pattern) > LONGEST:
        return False
    try:
        matches(pattern, "")
    except pl.exceptions.PolarsError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """True when the pattern is found in the text, as `RegExp.test` says. Raises PolarsError for one that cannot run."""
    return bool(pl.Series([text]).str.contains(translated(pattern), strict=True)[0])


def fits(pattern: str, text: str) -> bool:
    """As `matches`; what cannot be run (a form from before that was refused) is left to the browser."""
    try:
        return matches(pattern, text)
    except pl.exceptions.PolarsError:
        return True
