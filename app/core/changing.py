"""Which rows a statement changes that no object of the session stands for: said beside it, for who watches the table.

    session().execute(insert(_reservations), rows, execution_options=changing(rows))

Who reckons from a table sees what the session writes by itself (objects, before and after). Of a statement it sees only
that the table changes; without this option it must take every row for changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OPTION = "changing"


def changing(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The option that names the rows, by attribute; values that change, once as before and once as after."""
    return {OPTION: tuple(rows)}
