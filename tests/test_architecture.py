"""The rules of the house, checked: who imports whom, sizes, names, permissions on every route."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from app import SLICES
from app.core import permissions
from app.identity.roles import ROLES

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
MODULES = sorted(
    [*APP.glob("*.py"), *(path for part in APP.glob("*/") if part.name != "frontend" for path in part.rglob("*.py"))]
)
ORDER = ("core", *SLICES)
OFFERED = {"service", "queries", "models", "permissions"}
ALSO_OFFERED = {
    "audit": {"signatures", "bundles", "actions"},
    "documents": {"content", "files", "kinds", "paper", "retention"},
    "catalog": {"papers", "udi"},
    "decisions": {"asked", "facts", "bulk", "outcome", "populations", "profiles", "source", "uses"},
    "quality": {"characteristics", "demand", "nonconforming", "wording"},
    "processes": {"steps", "definitions", "external", "answering"},
    "tasks": {
        "adding",
        "drafts",
        "lists",
        "managing",
        "notices",
        "others",
        "records",
        "showing",
        "standing_in",
        "teamwork",
        "walking",
    },
    "identity": {"roles", "substitutes"},
    "priority": {"facts", "panels", "profile"},
    "inventory": {"fit", "naming", "places", "schemas"},
    "qualification": {"scanning", "watching"},
    "orders": {"amending"},
    "planning": {"supposing"},
    "shipping": {
        "checking",
        "covering",
        "dispatch",
        "parting",
        "handling",
        "labels",
        "reported",
        "scanning",
        "shipments",
        "temperature",
    },
    "notifying": {"sources"},
    "traceability": {"chain", "exporting"},
    "vigilance": {"capas", "naming", "schemas", "settings", "sources", "trends", "wording"},
    "recalls": {"replying"},
    "fulfilment": {"intake", "deciding", "steps", "documents", "versions", "entry_form", "pages", "api"},
}
EDGES = {"pages", "api", "cli", "panels", "engine_rest"}
FOREIGN = {
    "SpiffWorkflow": "app/processes/engine/",
    "durable_rules_engine": "app/decisions/engines/",
    "dbos": "app/core/jobs/",
}


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def slice_of(path: Path) -> str:
    parts = path.relative_to(APP).parts
    return parts[0] if len(parts) > 1 else "app"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def imports(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of everything a module imports."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def is_edge(path: Path) -> bool:
    parts = path.relative_to(APP).with_suffix("").parts
    return parts[0] in ("core", "operate") or any(part in EDGES for part in parts[1:])


def test_packages_import_only_earlier_ones_and_only_what_these_offer():
    wrong = []
    for path in MODULES:
        mine = slice_of(path)
        if mine in ("app", "operate"):
            continue
        for line, name in imports(path):
            parts = name.split(".")
            if parts[0] != "app" or len(parts) < 2 or parts[1] in (mine, "core") or parts[1] not in ORDER:
                continue
            other = parts[1]
            if mine == "core" or ORDER.index(other) > ORDER.index(mine):
                wrong.append(f"{where(path)}:{line} {mine} may not know {other}")
            elif len(parts) > 2 and parts[2] not in OFFERED | ALSO_OFFERED.get(other, set()):
                wrong.append(f"{where(path)}:{line} reaches into {name}")
    assert wrong == []


def test_flask_stays_at_the_edge():
    wrong = [
        f"{where(path)}:{line} imports {name}"
        for path in MODULES
        if slice_of(path) != "app" and not is_edge(path)
        for line, name in imports(path)
        if name.split(".")[0] in ("flask", "flask_smorest", "flask_wtf", "werkzeug")
    ]
    assert wrong == []


@pytest.mark.parametrize("library", FOREIGN)
def test_each_engine_has_one_home(library):
    wrong = [
        f"{where(path)}:{line}"
        for path in MODULES
        if not where(path).startswith(FOREIGN[library])
        for line, name in imports(path)
        if name.split(".")[0] == library
    ]
    assert wrong == []


@cache
def calls(path: Path) -> list[tuple[int, str]]:
    return [(node.lineno, ast.unparse(node.func)) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        (r"session\(\)\.(commit|rollback)$|\.commit$", ("app/core/db.py",)),
        (r"(datetime\.(now|utcnow|today)|date\.today|time\.time)$", ("app/core/clock.py", "app/processes/engine/")),
        (r"(uuid4|uuid1|uuid\.uuid\d)$", ("app/core/ids.py",)),
        (r"os\.(getenv|environ\.get)$", ("config.py",)),
        # one function per rule set (the oracle) or statement, its source built from numbers, `repr` and names of ours alone
        (r"^(eval|exec|compile)$", ("app/decisions/engines/generated.py", "app/core/prepared.py")),
        (r"^print$", ()),
    ],
)
def test_some_calls_have_one_home(pattern, homes):
    wrong = [
        f"{where(path)}:{line} {name}"
        for path in MODULES
        if not where(path).startswith(homes or ("-",))
        for line, name in calls(path)
        if re.search(pattern, name)
    ]
    assert wrong == []


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


def test_imports_stand_at_the_top():
    wrong = [
        f"{where(path)}:{inner.lineno}"
        for path in MODULES
        for function in functions(path)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_modules_and_functions_stay_small():
    wrong = [f"{where(path)} {lines} lines" for path in MODULES if (lines := len(path.read_text().splitlines())) > 400]
    for path in MODULES:
        for function in functions(path):
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > 50:
                wrong.append(f"{where(path)}:{function.lineno} {function.name} has {length} lines")
    assert wrong == []


def test_names_say_what_things_are():
    forbidden = re.compile(r"(Manager|Helper|Util|Utils|Processor|Handler)$|^Base[A-Z]")
    wrong = [
        f"{where(path)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and forbidden.search(node.name)
    ]
    wrong += [where(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "common", "misc")]
    assert wrong == []


def test_inheritance_is_flat():
    """Our classes inherit from a library's class or from the few bases of core; only errors form a tree.

    The engine's specs are exempt: they must fit into SpiffWorkflow's own tree of classes.
    """
    parents: dict[str, list[str]] = {}
    for path in MODULES:
        if where(path).startswith(FOREIGN["SpiffWorkflow"]):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
    bases = {"Base", "Schema", "App"}

    def is_error(name: str) -> bool:
        return name in ("DomainError", "Exception", "RuntimeError", "ValueError") or any(
            is_error(parent) for parent in parents.get(name, [])
        )

    def depth(name: str) -> int:
        known = [parent for parent in parents.get(name, []) if parent in parents and parent not in bases]
        return 0 if not known else 1 + max(depth(parent) for parent in known)

    wrong = [f"{name}({', '.join(up)})" for name, up in parents.items() if not is_error(name) and depth(name) > 1]
    assert wrong == []


def test_every_route_names_its_permission(app):
    bare = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        methods = getattr(view, "view_class", None)
        if rule.endpoint == "static":
            continue
        views = [getattr(methods, m.lower()) for m in rule.methods or () if hasattr(methods, m.lower())] or [view]
        bare += [f"{rule} {rule.endpoint}" for one in views if not hasattr(one, "permission")]
    assert bare == []


def test_permissions_are_given_to_roles_that_exist():
    known = set(ROLES) | {permissions.EVERYONE}
    wrong = [f"{right.name}: {sorted(right.roles - known)}" for right in permissions.declared() if right.roles - known]
    assert wrong == []
    assert all(re.fullmatch(r"[a-z_]+(:[a-z_-]+)+", right.name) for right in permissions.declared())


def test_nothing_is_left_half_done():
    words = re.compile(r"\b(TODO|FIXME|XXX|(?i:lorem ipsum|coming soon))\b")
    files = [*MODULES, *(APP / "templates").rglob("*.html"), *(APP / "frontend" / "islands").rglob("*.js")]
    wrong = [
        f"{where(path)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert wrong == []


def test_pages_have_no_inline_code():
    """The content security policy forbids it, so it would silently not run."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|\son[a-z]+=\"|javascript:", re.IGNORECASE
    )
    wrong = [
        f"{where(path)}:{number}"
        for path in (APP / "templates").rglob("*.html")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if inline.search(line)
    ]
    assert wrong == []
