"""What `make test` runs again on PostgreSQL after SQLite. `make test-full` runs every test on both
but the pure ones.

Databases differ in services that read and write, queries (search, order, text), guards, races, what migrations make,
jobs, engine state: all of that is tested on both. They do not differ in what is made of rows that have been read:

* `PURE` never touches a database, or (hostile/test_schema) asks the same of the same program.
* `SHOWN` are modules of pages, files and answers, of input that is refused and of diagrams that are looked at. The services and queries behind each have modules of their
  own, which run on both; every address is also asked, with nonsense, on both (tests/hostile). In these modules only
  tests run again that count statements, commit (`live`), or are marked `each_database` since they search, filter or sort.
* Single tests elsewhere are marked `any_database`.
* Of `ALIKE`, whose cases differ only in what is drawn, every fourth runs again: each writes the same kinds of rows.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from zlib import crc32

import pytest

TESTS = Path(__file__).parent
PURE = {
    *("test_architecture.py", "test_translations.py", "test_docs.py", "core/test_expressions.py"),
    *("core/test_expression_templates.py", "core/test_scripts.py", "core/test_intervals.py", "core/test_sheets.py"),
    *("core/test_templates.py", "decisions/test_agreement.py", "decisions/test_cage.py", "decisions/test_language.py"),
    *(
        "decisions/test_opening.py",
        "decisions/test_rules.py",
        "decisions/test_analysis.py",
        "decisions/test_columns.py",
    ),
    *("decisions/test_fuzz.py", "decisions/test_sums.py", "decisions/dmn/test_dmn.py", "priority/test_proofs.py"),
    *("processes/test_engine.py", "processes/test_random_processes.py", "processes/test_states.py"),
    *("processes/test_width_and_length.py", "hostile/test_schema.py"),
}
SHOWN = (
    *(
        "*/test_*pages*.py",
        "processes/test_every_flow.py",
        "processes/test_lint.py",
        "core/test_web.py",
        "orders/test_checks.py",
    ),
    *("catalog/test_udi.py", "catalog/test_api.py", "shipping/test_api.py", "shipping/test_labels.py"),
    *("fulfilment/test_upload.py", "fulfilment/test_api_*.py", "identity/test_administration.py"),
    *("integration/test_edge.py", "integration/test_wire.py", "decisions/test_generated.py"),
    *("decisions/dmn/test_editor.py", "hostile/test_rights.py", "hostile/test_stored.py"),
)
ALIKE = "conformance/test_conformance.py"
COMPARED = {"statements", "live"}
"""Fixtures of tests whose outcome depends on the kind of database wherever they stand."""


def is_pure(path: Path) -> bool:
    """True for a module that need not even be read there, also by `make test-full`."""
    return path.is_relative_to(TESTS) and path.relative_to(TESTS).as_posix() in PURE


def runs_again(item: pytest.Item) -> bool:
    """Whether the test runs on PostgreSQL too."""
    if item.get_closest_marker("any_database"):
        return False
    path = item.path.relative_to(TESTS).as_posix()
    if path == ALIKE:
        return crc32(item.nodeid.encode()) % 4 == 0
    if not any(fnmatch(path, pattern) for pattern in SHOWN) or item.get_closest_marker("each_database"):
        return True
    return not COMPARED.isdisjoint(getattr(item, "fixturenames", ()))
