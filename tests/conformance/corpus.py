"""Runs other engines' diagrams: `python -m tests.conformance.corpus FOLDER [--seeds 3] [--moves 40] [--only PART]`.

Each file is deployed in an empty database (with the files of the folder that it calls), started and walked at random;
see `walk` and `invariants`. Prints what came of each construct, why diagrams were refused, and everything wrong with
the file and the seed that show it. `--json FILE` keeps it all. The diagrams themselves are nobody's business here:
they stay where they are.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app import create_app
from app.core import db
from app.core.tables import load_all
from config import Settings
from tests.conformance.drawn import Drawn, draw
from tests.conformance.engine import Refused
from tests.conformance.walk import Walk, Walker
from tests.conformance.youxu import Youxu

ENDINGS = (".bpmn", ".bpmn20.xml", ".bpmn2")
PATIENCE = 30
"""Seconds for one file."""


@dataclass
class Outcome:
    """What came of one file. `verdict`: right, wrong, refused, crashed, hangs, nothing (no process in it)."""

    file: str
    verdict: str
    constructs: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    crash: str = ""
    walks: list[Walk] = field(default_factory=list)


class Hangs(BaseException):
    """The file took longer than PATIENCE."""


@contextmanager
def patience() -> Iterator[None]:
    def ring(_number: int, _frame: Any) -> None:
        raise Hangs

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction in which everything is done and which is undone after."""
    with db.engine().connect() as connection:
        outer = connection.begin()
        opened = db.UnitSession(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        token = db._current.set(db.unit_around(opened))
        try:
            yield
        finally:
            db._current.reset(token)
            opened.close()
            outer.rollback()


def try_file(path: Path, others: dict[str, Path], seeds: int, moves: int) -> Outcome:
    drawn = draw(path)
    if drawn is None:
        return Outcome(path.name, "nothing")
    outcome = Outcome(path.name, "right", constructs=sorted(drawn.constructs))
    try:
        with patience():
            for seed in range(seeds):
                with rolled_back():
                    outcome.walks.append(try_seed(drawn, others, seed, moves))
    except Refused as refusal:
        outcome.verdict, outcome.refused = "refused", refusal.elements
    except Hangs:
        outcome.verdict = "hangs"
    except Exception:
        outcome.verdict, outcome.crash = "crashed", traceback.format_exc()
    if any(walk.wrong for walk in outcome.walks):
        outcome.verdict = "wrong"
    return outcome


def try_seed(drawn: Drawn, others: dict[str, Path], seed: int, moves: int) -> Walk:
    engine = Youxu()
    engine.deploy(drawn.path.read_bytes())
    deploy_called(engine, drawn, others)
    return Walker(engine, drawn, seed, moves).go()


def deploy_called(engine: Youxu, drawn: Drawn, others: dict[str, Path]) -> None:
    """Deploy what is called, directly or not, where the folder has it and the engine takes it."""
    open_, seen = set(drawn.calls), set(drawn.keys)
    while open_:
        key = open_.pop()
        if key in seen or key not in others:
            continue
        seen.add(key)
        called = draw(others[key])
        try:
            engine.deploy(others[key].read_bytes())
        except Refused:
            continue
        open_ |= called.calls if called else set()


def files_in(folder: Path, only: str) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.name.endswith(ENDINGS) and only in str(path)]
    return sorted(path for path in found if not any(part.startswith("_") for part in path.relative_to(folder).parts))


def keys_in(files: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        drawn = draw(path)
        for key in drawn.keys if drawn else []:
            found.setdefault(key, path)
    return found


# --- telling ----------------------------------------------------------------------------------------------------------


def tell(outcomes: list[Outcome]) -> None:
    print(f"\n{len(outcomes)} files: {dict(Counter(outcome.verdict for outcome in outcomes))}")
    walks = [walk for outcome in outcomes for walk in outcome.walks]
    ended, stuck = sum(walk.ended for walk in walks), sum(bool(walk.incidents) for walk in walks)
    print(f"{len(walks)} walks, {ended} ended, {stuck} met an incident")
    tell_constructs(outcomes)
    tell_refusals(outcomes)
    for outcome in outcomes:
        for walk in outcome.walks:
            for wrong in walk.wrong:
                print(f"\nWRONG {outcome.file} seed {walk.seed}: {wrong}\n  after {' · '.join(walk.moves)}")
        if outcome.verdict in ("crashed", "hangs"):
            print(f"\n{outcome.verdict.upper()} {outcome.file}\n{outcome.crash[-1500:]}")


def tell_constructs(outcomes: list[Outcome]) -> None:
    verdicts = ["right", "wrong", "refused", "crashed", "hangs"]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        for construct in outcome.constructs:
            table[construct][outcome.verdict] += 1
    print(f"\n{'construct':44}" + "".join(f"{verdict:>9}" for verdict in verdicts))
    for construct, counts in sorted(table.items()):
        print(f"{construct:44}" + "".join(f"{counts[verdict] or '':>9}" for verdict in verdicts))


def tell_refusals(outcomes: list[Outcome]) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        for element, texts in outcome.refused.items():
            for text in texts:
                reasons[text].append(f"{outcome.file}#{element}")
    print("\nrefusals")
    for text, where in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"{len(where):5}  {text}\n         {', '.join(where[:4])}")


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("folder", type=Path)
    reading.add_argument("--seeds", type=int, default=3)
    reading.add_argument("--moves", type=int, default=40)
    reading.add_argument("--only", default="")
    reading.add_argument("--json", type=Path)
    given = reading.parse_args()
    files = files_in(given.folder, given.only)
    others = keys_in(files)
    with tempfile.TemporaryDirectory() as data:
        folder = Path(data)
        url = f"sqlite:///{folder / 'corpus.db'}"
        create_app(Settings(data=folder, database_url=url, embedded=True, secret_key="t" * 40, testing=True))
        load_all()
        db.Base.metadata.create_all(db.engine())
        outcomes = [try_file(path, others, given.seeds, given.moves) for path in files]
        db.engine().dispose()
    tell(outcomes)
    if given.json:
        given.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], default=str, indent=1))


if __name__ == "__main__":
    main()
